"""The assessment: the belief after all answers, and what each answer moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from quarterdeck.development.discover.items import STYLES, UNSURE, Item, Style, get_items
from quarterdeck.development.roles.model import RoleModel
from quarterdeck.methods.assessment import Belief, Mixture, Question, drift, observe, prior, weigh
from quarterdeck.vocabulary.errors import BadInput

EVIDENCE_SIGMA, ASSESSOR_SIGMA = 1.0, 0.7
REPEAT_DISCOUNT = 0.5  # a second answer of the same kind on the same competency is not independent of the first

Sheets = Sequence[Mapping[str, Item]]  # the items as each answering style would answer them


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: an item and its outcome (0 is the lowest choice), or `value` for job evidence and assessors' marks. None: "not my job"."""

    item_id: str
    kind: str
    competency: str
    outcome: int | None = None
    value: float | None = None
    is_sure: bool = True
    weeks_ago: float = 0.0
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What one answer changed: for the "why" of a cell."""

    answer: Answer
    before: float
    after: float


@dataclass(frozen=True)
class Assessment:
    """The beliefs after the answers (one per answering style), and the trace of what moved each competency."""

    role: RoleModel
    mixture: Mixture
    answers: tuple[Answer, ...]
    steps: tuple[Step, ...]
    styles: tuple[Style, ...] = STYLES

    @cached_property
    def belief(self) -> Belief:
        """The belief over all answering styles."""
        return self.mixture.merge()

    def place(self, competency: str) -> int:
        """Position of a competency in the belief."""
        return [c.id for c in self.role.competencies].index(competency)


def assess(role: RoleModel, answers: Iterable[Answer], styles: tuple[Style, ...] = STYLES) -> Assessment:
    """The assessment of a person from all answers so far, oldest first. Raises BadInput for an outcome the item does not have."""
    sheets = [get_items(role, style) for style in styles]
    places = {c.id: n for n, c in enumerate(role.competencies)}
    mixture = begin(role, styles)
    steps: list[Step] = []
    kept = tuple(sorted(answers, key=lambda a: -a.weeks_ago))
    seen: dict[tuple[str, str], int] = {}
    age = kept[0].weeks_ago if kept else 0.0
    level = mixture.merge().mean
    for answer in kept:
        if answer.weeks_ago < age:
            mixture, age = _drift(mixture, age - answer.weeks_ago), answer.weeks_ago
        if answer.competency not in places:
            continue
        # Checks of other levels are other questions; the same check a cycle later is not.
        key = (answer.competency, answer.item_id if answer.kind == "check" else answer.kind)
        mixture = take(mixture, sheets, answer, places, REPEAT_DISCOUNT if seen.get(key) else 1.0)
        seen[key] = seen.get(key, 0) + 1
        before, level = level, mixture.merge().mean
        steps.append(Step(answer, float(before[places[answer.competency]]), float(level[places[answer.competency]])))
    return Assessment(role, _drift(mixture, age), kept, tuple(steps), styles)


def begin(role: RoleModel, styles: tuple[Style, ...] = STYLES) -> Mixture:
    """The beliefs before any answer."""
    groups = [c.group for c in role.competencies]
    return Mixture(tuple(prior(groups, style.bias_sd) for style in styles), (0.0,) * len(styles))


def take(mixture: Mixture, sheets: Sheets, answer: Answer, places: Mapping[str, int], discount: float = 1.0) -> Mixture:
    """The beliefs after one answer. "Not my job" changes nothing."""
    if answer.value is not None:
        sigma = ASSESSOR_SIGMA if answer.kind == "assessor" else EVIDENCE_SIGMA
        return mixture.after([observe(b, places[answer.competency], answer.value, sigma) for b in mixture.beliefs])
    if answer.outcome is None or answer.item_id not in sheets[0]:
        return mixture
    questions = [_as_asked(sheet[answer.item_id].question, answer) for sheet in sheets]
    outcome = _outcome(answer, questions[0].outcomes)
    return mixture.after([weigh(b, q, outcome, discount) for b, q in zip(mixture.beliefs, questions, strict=True)])


def priority_weights(role: RoleModel) -> np.ndarray:
    """1 for foundation and functional competencies, .6 for the others."""
    return np.array([1.0 if role.group_of(c.id).kind in ("foundation", "functional") else 0.6 for c in role.competencies])


def _outcome(answer: Answer, outcomes: int) -> int:
    # Text bands run from 0 to 4; the lowest two are one outcome, and nothing lies above "4 or more".
    assert answer.outcome is not None
    outcome = min(max(0, answer.outcome - 1), outcomes - 1) if answer.kind == "interview" else answer.outcome
    if not 0 <= outcome < outcomes:
        raise BadInput("There is no such answer", thing=f"{answer.item_id}: {answer.outcome}", allowed=f"0 to {outcomes - 1}")
    return outcome


def _as_asked(question: Question, answer: Answer) -> Question:
    return question if answer.is_sure else replace(question, sigma=question.sigma * UNSURE)


def _drift(mixture: Mixture, weeks: float) -> Mixture:
    return replace(mixture, beliefs=tuple(drift(b, weeks) for b in mixture.beliefs)) if weeks else mixture
