"""From the chance of a target to a verdict: the one rule, so that every page and paper judges alike."""

from __future__ import annotations

from math import isfinite

from quarterdeck.measures.model import Comparison, Target
from quarterdeck.vocabulary.verdict import Verdict

# Concern is called where meeting the target is unlikely (the ladder of words: below 20 %), better where it is very likely.
CONCERN_BELOW = 0.20
BETTER_FROM = 0.80


def derive_chance(target: Target | None, chance_at_most: float) -> float | None:
    """P(target met) from P(true value <= target); None where there is no target or no chance to give."""
    if target is None or not isfinite(chance_at_most):
        return None
    return 1 - chance_at_most if target.comparison is Comparison.AT_LEAST else chance_at_most


def derive_verdict(target: Target | None, value: float, chance: float | None) -> Verdict | None:
    """The verdict on a value against its target; None without a target.

    A value on the wrong side of its target is never called better, one on the right side never a concern.
    """
    if target is None:
        return None
    is_met = target.is_met_by(value)
    if chance is None:
        return Verdict.ORDINARY if is_met else Verdict.CONCERN
    if not is_met and chance < CONCERN_BELOW:
        return Verdict.CONCERN
    return Verdict.BETTER if is_met and chance >= BETTER_FROM else Verdict.ORDINARY


def derive_outlook(chance: float | None) -> Verdict | None:
    """The verdict on a target that lies ahead, from the chance to meet it: concern where a miss is the likelier end."""
    if chance is None:
        return None
    return Verdict.CONCERN if chance < 0.5 else Verdict.BETTER if chance >= BETTER_FROM else Verdict.ORDINARY
