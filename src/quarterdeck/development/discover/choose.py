"""The next question: the largest expected gain per second, in three parts of six minutes that each close with a story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from quarterdeck.development.discover.assess import Answer, Assessment, priority_weights
from quarterdeck.development.discover.items import INTERVIEW, Item, get_items, get_sheet
from quarterdeck.methods.assessment import expected_reductions

TIME_LIMIT_S, MAX_ITEMS, STORIES = 18 * 60, 60, 3
SHORT_PER_PART_S = TIME_LIMIT_S / STORIES - INTERVIEW[1]  # short questions before each story
ANCHORS, ANCHOR_EVERY = 6, 5  # early ratings tell the personal bias from the level: checks carry half of it only
MIN_GAIN_PER_MINUTE = 0.02  # weighted variance per minute, below which a further question is not worth the person's time
MIN_GAP = 0.2


def next_item(assessment: Assessment) -> Item | None:
    """The question with the largest expected gain per second, or None when it is time to stop: time, little gain, or 60 questions."""
    answers = [a for a in assessment.answers if a.value is None]
    items = get_items(assessment.role)
    if len(answers) >= MAX_ITEMS:
        return None
    short, stories = _open_items(items, answers)
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


def progress(assessment: Assessment) -> dict[str, float | int]:
    """How far the assessment is: questions, seconds spent and left."""
    items = get_items(assessment.role)
    asked = [a for a in assessment.answers if a.item_id in items]
    spent = sum(items[a.item_id].question.seconds for a in asked)
    return {"questions": len(asked), "seconds": spent, "seconds_left": max(0.0, TIME_LIMIT_S - spent), "most": MAX_ITEMS}


def _open_items(items: Mapping[str, Item], answers: Sequence[Answer]) -> tuple[list[Item], list[Item]]:
    # Short questions that still fit before the next story, and the stories that may come next.
    asked = [items[a.item_id] for a in answers if a.item_id in items]
    used, told = {i.id for i in asked}, {i.rubric for i in asked if i.rubric}
    stories = [i for i in items.values() if i.rubric and i.rubric not in told] if len(told) < STORIES else []
    to_come = min(STORIES - len(told), len({i.rubric for i in stories}))
    left = TIME_LIMIT_S - sum(i.question.seconds for i in asked) - to_come * INTERVIEW[1]
    if stories:
        left = min(left, SHORT_PER_PART_S * (len(told) + 1) - sum(i.question.seconds for i in asked if not i.rubric))
    short = [i for i in items.values() if not i.rubric and i.id not in used and i.question.seconds <= left]
    anchors, checks = (sum(i.kind == kind for i in asked) for kind in ("self", "check"))
    if anchors < ANCHORS and (anchors + 1) * ANCHOR_EVERY <= checks + 1:
        short = [i for i in short if i.kind == "self"] or short
    return short, stories
