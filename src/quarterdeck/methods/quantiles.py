"""Quantiles of weighted values (a histogram of whole days is exact and adds up), their exact intervals, and the chance of a target."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]


def get_quantile(values: ArrayLike, weights: ArrayLike, share: float = 0.5) -> float:
    """The linearly interpolated quantile (type 7, as SQL's PERCENTILE_CONT) of values that occur `weights` times each.

    Raises ValueError where there is nothing to rank.

    >>> get_quantile([1, 2, 10], [1, 2, 1])
    2.0
    """
    ranked, ends = _rank(values, weights)
    position = share * (ends[-1] - 1)
    lower = ranked[np.searchsorted(ends, np.floor(position), side="right")]
    upper = ranked[np.searchsorted(ends, np.ceil(position), side="right")]
    return float(lower + (upper - lower) * (position - np.floor(position)))


def get_quantile_interval(values: ArrayLike, weights: ArrayLike, level: float = 0.9, share: float = 0.5) -> tuple[float, float] | None:
    """Order-statistic ends that hold the true quantile with at least `level`, whatever the shape; None where too few.

    Source: Conover, Practical Nonparametric Statistics (1999), section 3.2.
    """
    ranked, ends = _rank(values, weights)
    n = int(ends[-1])
    tail = (1 - level) / 2
    low = int(stats.binom.ppf(tail, n, share))
    low -= int(stats.binom.cdf(low - 1, n, share) > tail)
    high = int(stats.binom.ppf(1 - tail, n, share)) + 1
    if low < 1 or high > n:
        return None
    return float(ranked[np.searchsorted(ends, low - 1, side="right")]), float(ranked[np.searchsorted(ends, high - 1, side="right")])


def get_chance_median_at_most(values: ArrayLike, weights: ArrayLike, target: float) -> float:
    """P(true median <= target): the median meets it exactly when at least half of all cases do, so a Beta posterior answers."""
    x, w = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    within, total = float(w[x <= target].sum()), float(w.sum())
    return float(stats.beta.sf(0.5, within + 0.5, total - within + 0.5))


def _rank(values: ArrayLike, weights: ArrayLike) -> tuple[Floats, Floats]:
    x, w = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    if not w.sum() > 0:
        raise ValueError("no values to rank")
    order = np.argsort(x, kind="stable")
    order = order[w[order] > 0]
    return x[order], np.cumsum(w[order])
