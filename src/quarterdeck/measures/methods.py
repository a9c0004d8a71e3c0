"""The named methods a definition may choose: those that work on sums, and those that evaluate a measure of their own kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from quarterdeck.measures import estimate
from quarterdeck.measures.estimate import Estimator
from quarterdeck.measures.special import SPECIAL, SpecialEvaluator


@dataclass(frozen=True)
class MethodKind:
    """How a method works. `estimator` is for sums (`with_values`: for a histogram); `special` evaluates whole readings."""

    estimator: Estimator | None = None
    special: SpecialEvaluator | None = None
    with_values: bool = False
    options: tuple[str, ...] = ()


METHODS: Mapping[str, MethodKind] = {
    "share": MethodKind(estimate.estimate_shares),
    "rate": MethodKind(estimate.estimate_rates),
    "ratio": MethodKind(estimate.estimate_ratios),
    "median": MethodKind(estimate.estimate_medians, with_values=True),
    "survival_median": MethodKind(estimate.estimate_survival_medians, with_values=True),
    **{name: MethodKind(special=entry.evaluate, options=entry.options) for name, entry in SPECIAL.items()},
}
