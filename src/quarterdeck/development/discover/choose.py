"""The next question: the largest expected gain per second, in three parts of under seven minutes that each close with a story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from quarterdeck.development.discover.assess import Answer, Assessment, priority_weights
from quarterdeck.development.discover.items import INTERVIEW, Item, get_items, get_sheet
from quarterdeck.methods.assessment import expected_reductions

STORIES = 3
ANCHORS, ANCHOR_EVERY = 6, 5  # early ratings tell the personal bias from the level: checks carry half of it only
MIN_GAIN_PER_MINUTE = 0.02  # weighted variance per minute, below which a further question is not worth the person's time
MIN_GAP = 0.2
ROUND_WEEKS = 12  # a cycle of the plan: after it a question may be asked again, and what was answered before counts with less weight


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an assessment may ask of a person: seconds of each part, which closes with a story, and questions in all."""

    part_s: float
    questions: int

    @property
    def seconds(self) -> float:
        """All parts."""
        return STORIES * self.part_s

    @property
    def short_per_part_s(self) -> float:
        """What is left for short questions before each story."""
        return self.part_s - INTERVIEW[1]


# "Under twenty minutes" is what a person is told. What each minute brings: docs/evaluation/development.md.
ALLOWANCE = Allowance(part_s=396, questions=70)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the assessment of this cycle is. `part` is the present one of `parts`; a role without stories has none."""

    questions: int
    most: int
    seconds: float
    seconds_left: float
    part: int
    parts: int
    has_closed_a_part: bool


def next_item(assessment: Assessment, allowance: Allowance = ALLOWANCE) -> Item | None:
    """The question with the largest expected gain per second, or None when it is time to stop: time, little gain, or enough questions."""
    items = get_items(assessment.role)
    asked = _asked(assessment)
    if len(asked) >= allowance.questions:
        return None
    # "Not my job" is no answer about the level, and an answer about the questions: the other ones of this competency are not asked either.
    declined = {a.competency for a in _answers(assessment) if a.outcome is None}
    short, stories = _open_items({i: item for i, item in items.items() if item.competency not in declined}, asked, allowance)
    if not short and not stories:
        return None
    gains = dict(zip(items, expected_gains(assessment), strict=True))
    best = max(short, key=lambda i: gains[i.id], default=None)
    if best is not None and gains[best.id] > MIN_GAIN_PER_MINUTE / 60:
        return best
    # The three stories are always asked: they carry no personal bias, whatever the model thinks it knows by then.
    return max(stories, key=lambda i: gains[i.id], default=None)


def expected_gains(assessment: Assessment) -> np.ndarray:
    """Expected fall of the weighted variance per second for each item of the role, in their order; stories also by the gap they may show."""
    weights = priority_weights(assessment.role)
    gains = np.zeros(len(get_items(assessment.role)))
    for style, belief, share in zip(assessment.styles, assessment.mixture.beliefs, assessment.mixture.weights(), strict=True):
        sheet = get_sheet(assessment.role, style)
        gains += share * expected_reductions(belief, sheet, weights) / sheet.seconds
    gaps = np.array([c.target for c in assessment.role.competencies]) - assessment.belief.mean[:-1]
    of_item = [gaps[item.question.ability] if item.kind == "interview" else 1.0 for item in get_items(assessment.role).values()]
    return np.asarray(gains * np.maximum(of_item, MIN_GAP))


def progress(assessment: Assessment) -> Progress:
    """How far the assessment of this cycle is: questions, seconds by the stated times, and parts."""
    asked = _asked(assessment)
    spent = sum(item.question.seconds for item in asked)
    told = len({item.rubric for item in asked if item.rubric})
    parts = STORIES if any(item.rubric for item in get_items(assessment.role).values()) else 0
    return Progress(
        len(asked), ALLOWANCE.questions, spent, max(0.0, ALLOWANCE.seconds - spent), min(told + 1, parts), parts,
        bool(asked and asked[-1].rubric) and told < parts,
    )  # fmt: skip


def weeks_to_next_round(assessment: Assessment) -> float:
    """Weeks until every question may be asked again."""
    return max((ROUND_WEEKS - a.weeks_ago for a in _answers(assessment)), default=0.0)


def _answers(assessment: Assessment) -> list[Answer]:
    # Answers of this cycle, oldest first; marks and evidence are no answers.
    return [a for a in assessment.answers if a.value is None and a.weeks_ago < ROUND_WEEKS]


def _asked(assessment: Assessment) -> list[Item]:
    items = get_items(assessment.role)
    return [items[a.item_id] for a in _answers(assessment) if a.item_id in items]


def _open_items(items: Mapping[str, Item], asked: Sequence[Item], allowance: Allowance) -> tuple[list[Item], list[Item]]:
    # Short questions that still fit before the next story, and the stories that may come next.
    used, told = {i.id for i in asked}, {i.rubric for i in asked if i.rubric}
    stories = [i for i in items.values() if i.rubric and i.rubric not in told] if len(told) < STORIES else []
    to_come = min(STORIES - len(told), len({i.rubric for i in stories}))
    left = allowance.seconds - sum(i.question.seconds for i in asked) - to_come * INTERVIEW[1]
    if stories:
        left = min(left, allowance.short_per_part_s * (len(told) + 1) - sum(i.question.seconds for i in asked if not i.rubric))
    short = [i for i in items.values() if not i.rubric and i.id not in used and i.question.seconds <= left]
    anchors, checks = (sum(i.kind == kind for i in asked) for kind in ("self", "check"))
    if anchors < ANCHORS and (anchors + 1) * ANCHOR_EVERY <= checks + 1:
        short = [i for i in short if i.kind == "self"] or short
    return short, stories
