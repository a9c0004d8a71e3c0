"""The adaptive assessment: the next question, the belief after all answers, and why each cell stands where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from quarterdeck.development.discover.items import UNSURE, Item, get_items
from quarterdeck.development.roles.model import RoleModel
from quarterdeck.methods.assessment import BIAS_SD, CAUTIOUS_BIAS_SD, Belief, Question, drift, expected_reduction, observe, prior, update
from quarterdeck.vocabulary.errors import BadInput

TIME_LIMIT_S, MAX_ITEMS, MAX_INTERVIEWS = 18 * 60, 60, 3
MAX_CHECKS, MAX_SELF = 45, 8  # with three stories 17.6 of the 18 minutes
MIN_GAIN_PER_MINUTE = 0.02  # weighted variance per minute, below which a further question is not worth the person's time
EVIDENCE_SIGMA, ASSESSOR_SIGMA = 1.0, 0.7
MIN_GAP = 0.2
REPEAT_DISCOUNT = 0.5  # a second answer of the same kind on the same competency is not independent of the first


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
    """The belief after the answers, and the trace of what moved each competency."""

    role: RoleModel
    belief: Belief
    answers: tuple[Answer, ...]
    steps: tuple[Step, ...]

    def place(self, competency: str) -> int:
        """Position of a competency in the belief."""
        return [c.id for c in self.role.competencies].index(competency)


def assess(role: RoleModel, answers: Iterable[Answer], sigma: str = "cautious") -> Assessment:
    """The assessment of a person from all answers so far, oldest first. Raises BadInput for an outcome the item does not have."""
    items = get_items(role, sigma)
    places = {c.id: n for n, c in enumerate(role.competencies)}
    belief = prior([c.group for c in role.competencies], CAUTIOUS_BIAS_SD if sigma == "cautious" else BIAS_SD)
    steps: list[Step] = []
    kept = tuple(sorted(answers, key=lambda a: -a.weeks_ago))
    seen: dict[tuple[str, str], int] = {}
    age = kept[0].weeks_ago if kept else 0.0
    for answer in kept:
        if answer.weeks_ago < age:
            belief, age = drift(belief, age - answer.weeks_ago), answer.weeks_ago
        if answer.competency not in places:
            continue
        before = float(belief.mean[places[answer.competency]])
        key = (answer.competency, answer.kind)
        belief = take(belief, items, answer, places, REPEAT_DISCOUNT if seen.get(key) and answer.kind != "check" else 1.0)
        seen[key] = seen.get(key, 0) + 1
        steps.append(Step(answer, before, float(belief.mean[places[answer.competency]])))
    return Assessment(role, drift(belief, age), kept, tuple(steps))


def take(belief: Belief, items: dict[str, Item], answer: Answer, places: dict[str, int], discount: float = 1.0) -> Belief:
    """The belief after one answer. "Not my job" changes nothing."""
    if answer.value is not None:
        sigma = ASSESSOR_SIGMA if answer.kind == "assessor" else EVIDENCE_SIGMA
        return observe(belief, places[answer.competency], answer.value, sigma)
    if answer.outcome is None:
        return belief
    if answer.item_id not in items:
        return belief
    question = items[answer.item_id].question
    outcome = max(0, answer.outcome - 1) if answer.kind == "interview" else answer.outcome
    outcome = min(outcome, question.outcomes - 1) if answer.kind == "interview" else outcome
    if not 0 <= outcome < question.outcomes:
        raise BadInput("There is no such answer", thing=f"{answer.item_id}: {answer.outcome}", allowed=f"0 to {question.outcomes - 1}")
    return update(belief, question if answer.is_sure else _unsure(question), outcome, discount)


def next_item(assessment: Assessment, sigma: str = "cautious") -> Item | None:
    """The question with the largest expected gain per second, or None when it is time to stop: time, little gain, or 60 questions."""
    answers = [a for a in assessment.answers if a.value is None]
    items = get_items(assessment.role, sigma)
    spent = sum(items[a.item_id].question.seconds for a in answers if a.item_id in items)
    if len(answers) >= MAX_ITEMS or spent >= TIME_LIMIT_S:
        return None
    candidates = _candidates(items, answers, spent)
    weights = priority_weights(assessment.role)
    # The three stories are always asked: they carry no personal bias, whatever the model thinks it knows by then.
    best, best_gain = None, 0.0 if candidates and all(i.kind == "interview" for i in candidates) else MIN_GAIN_PER_MINUTE / 60
    for item in candidates:
        gain = expected_reduction(assessment.belief, item.question, weights) / item.question.seconds
        if item.kind == "interview":
            target = assessment.role.get(item.competency).target
            gain *= max(target - float(assessment.belief.mean[item.question.ability]), MIN_GAP)
        if gain > best_gain:
            best, best_gain = item, gain
    return best


def priority_weights(role: RoleModel) -> np.ndarray:
    """1 for foundation and functional competencies, .6 for the others."""
    return np.array([1.0 if role.group_of(c.id).kind in ("foundation", "functional") else 0.6 for c in role.competencies])


def progress(assessment: Assessment) -> dict[str, float | int]:
    """How far the assessment is: questions, seconds spent and left."""
    items = get_items(assessment.role)
    asked = [a for a in assessment.answers if a.item_id in items]
    spent = sum(items[a.item_id].question.seconds for a in asked)
    return {"questions": len(asked), "seconds": spent, "seconds_left": max(0.0, TIME_LIMIT_S - spent), "most": MAX_ITEMS}


def _candidates(items: dict[str, Item], answers: Sequence[Answer], spent: float) -> list[Item]:
    # Checks and anchors come first, the three interview answers last, where gap and uncertainty are largest by then.
    used = {a.item_id for a in answers}
    rubrics = {items[i].rubric for i in used if i in items and items[i].rubric}
    counts = {kind: sum(items[i].kind == kind for i in used if i in items) for kind in ("self", "check", "interview")}
    short_done = counts["check"] >= MAX_CHECKS - 5 and counts["self"] >= MAX_SELF - 2
    allowed = {
        "check": counts["check"] < MAX_CHECKS,
        "self": counts["self"] < MAX_SELF,
        "interview": counts["interview"] < MAX_INTERVIEWS and short_done,
    }
    open_items = [i for i in items.values() if i.id not in used and allowed[i.kind] and spent + i.question.seconds <= TIME_LIMIT_S + 30]
    fresh = [i for i in open_items if i.rubric not in rubrics or not i.rubric]
    if short_done and counts["interview"] < MAX_INTERVIEWS and any(i.kind == "interview" for i in fresh):
        return [i for i in fresh if i.kind == "interview"]
    if not short_done and counts["self"] < MAX_SELF - 2 and (counts["self"] + 1) * 5 <= counts["check"]:
        return [i for i in fresh if i.kind == "self"]  # one anchor after every five checks, so that the bias is learnt
    return fresh


def _unsure(question: Question) -> Question:
    return Question(question.ability, question.load, question.sigma * UNSURE, question.seconds, question.cuts, question.level)
