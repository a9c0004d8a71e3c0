"""From the chance of a target to a verdict: the one rule, so that every page and paper judges alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quarterdeck.measures.model import Comparison, Target
from quarterdeck.vocabulary.verdict import Verdict

# Concern is called where meeting the target is unlikely (the ladder of words: below 20 %), better where it is very likely.
CONCERN_BELOW = 0.20
BETTER_FROM = 0.80

Floats = NDArray[np.float64]
VERDICTS = np.array([Verdict.ORDINARY, Verdict.CONCERN, Verdict.BETTER], dtype=object)


def derive_chances(target: Target | None, chance_at_most: Floats) -> Floats:
    """P(target met) from P(true value <= target); NaN where there is no target or no chance to give."""
    if target is None:
        return np.full(len(chance_at_most), np.nan)
    found = 1 - chance_at_most if target.comparison is Comparison.AT_LEAST else chance_at_most
    return np.where(np.isfinite(chance_at_most), found, np.nan)


def derive_verdicts(target: Target | None, value: Floats, chance: Floats) -> list[Verdict | None]:
    """The verdict on each value against its target; None without a target. Without a chance (NaN), the value alone decides.

    A value on the wrong side of its target is never called better, one on the right side never a concern.
    """
    if target is None:
        return [None] * len(value)
    is_met, is_open = target.is_met_by(value), np.isnan(chance)
    is_concern = ~is_met & (is_open | (chance < CONCERN_BELOW))
    is_better = is_met & (chance >= BETTER_FROM)
    return list(VERDICTS[np.where(is_concern, 1, np.where(is_better, 2, 0))])


def derive_verdict(target: Target | None, value: float, chance: float | None) -> Verdict | None:
    """The verdict on one value, as `derive_verdicts`."""
    return derive_verdicts(target, np.array([value]), np.array([np.nan if chance is None else chance]))[0]


def derive_outlook(chance: float | None) -> Verdict | None:
    """The verdict on a target that lies ahead, from the chance to meet it: concern where a miss is the likelier end.

    Here the chance decides alone: a value inside its band today is a concern where it is likely to leave it, so pages print both.
    """
    if chance is None:
        return None
    return Verdict.CONCERN if chance < 0.5 else Verdict.BETTER if chance >= BETTER_FROM else Verdict.ORDINARY
