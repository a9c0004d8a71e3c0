"""Shares of a whole: exact and shrunken intervals, the chance that the true share meets a target, and clusters."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from quarterdeck.vocabulary.errors import BadInput

Floats = NDArray[np.float64]


def get_exact_interval(count: ArrayLike, total: ArrayLike, level: float = 0.9) -> tuple[Floats, Floats]:
    """Clopper-Pearson ends of a share; arrays of equal shape, possibly fractional (an effective size).

    Holds its level at any size, and is wide for it. A total of 0 gives (0, 1).
    Source: Clopper and Pearson, Biometrika 26 (1934) 404.

    >>> [round(float(end), 4) for end in get_exact_interval(3, 60, 0.95)]
    [0.0104, 0.1392]
    """
    k, n = _counts(count, total)
    tail = (1 - level) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        low = np.where(k <= 0, 0.0, stats.beta.ppf(tail, np.maximum(k, 1e-12), n - k + 1))
        high = np.where(k >= n, 1.0, stats.beta.ppf(1 - tail, k + 1, np.maximum(n - k, 1e-12)))
    return low, high


def get_wilson_interval(count: ArrayLike, total: ArrayLike, level: float = 0.9) -> tuple[Floats, Floats]:
    """Wilson score ends of a share: near its level on average, narrower than the exact one. A total of 0 gives (0, 1)."""
    k, n = _counts(count, total)
    z = float(stats.norm.ppf((1 + level) / 2))
    safe = np.maximum(n, 1e-12)
    p = k / safe
    centre = (p + z * z / (2 * safe)) / (1 + z * z / safe)
    half = z / (1 + z * z / safe) * np.sqrt(p * (1 - p) / safe + z * z / (4 * safe * safe))
    empty = n <= 0
    return np.where(empty, 0.0, np.clip(centre - half, 0, 1)), np.where(empty, 1.0, np.clip(centre + half, 0, 1))


def get_chance_at_most(count: ArrayLike, total: ArrayLike, target: float) -> Floats:
    """P(true share <= target) after Jeffreys' prior, Beta(1/2, 1/2)."""
    k, n = _counts(count, total)
    return np.asarray(stats.beta.cdf(target, k + 0.5, n - k + 0.5), dtype=float)


def get_predictive_chance_below(count: float, total: float, future_total: int, target: float, is_strict: bool = True) -> float:
    """P(next period's observed share is below `target`) when the true share is only known from `count` of `total`.

    Beta-binomial with Jeffreys' prior: it carries both what we do not know about the rate and the luck of next year.
    """
    limit = get_most_allowed(future_total, target, is_strict)
    return float(stats.betabinom.cdf(limit, future_total, count + 0.5, total - count + 0.5)) if limit >= 0 else 0.0


def get_most_allowed(total: int, target: float, is_strict: bool = True) -> int:
    """The largest whole count whose share of `total` is below (or, not strict, at most) `target`; -1 where none is.

    >>> get_most_allowed(60, 0.05), get_most_allowed(60, 0.05, is_strict=False)
    (2, 3)
    """
    edge = round(total * target, 9)
    return int(np.ceil(edge)) - 1 if is_strict else int(np.floor(edge))


def get_effective_sizes(count: ArrayLike, total: ArrayLike, group: ArrayLike, n_groups: int) -> Floats:
    """How many independent cases each group is worth, when its cases come in clusters (participants within sites).

    `count`, `total`, `group` have one entry per cluster; the answer one per group. The variance is that of a ratio
    estimator over clusters; a group of fewer than two clusters keeps its plain size, and no group gains from clustering.
    Source: Korn and Graubard, Survey Methodology 24 (1998) 193.
    """
    k, n = _counts(count, total)
    where = np.asarray(group, dtype=np.intp)
    totals, counts = np.bincount(where, n, n_groups), np.bincount(where, k, n_groups)
    clusters = np.bincount(where, n > 0, n_groups)
    p = np.divide(counts, totals, out=np.zeros(n_groups), where=totals > 0)
    squares = np.bincount(where, (k - p[where] * n) ** 2, n_groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = squares * clusters / (clusters - 1) / totals**2
        size = p * (1 - p) / variance
    usable = (clusters >= 2) & (p > 0) & (p < 1) & (variance > 0)
    return np.where(usable, np.minimum(np.nan_to_num(size), totals), totals)


def _counts(count: ArrayLike, total: ArrayLike) -> tuple[Floats, Floats]:
    k, n = np.broadcast_arrays(np.asarray(count, dtype=float), np.asarray(total, dtype=float))
    if np.any(k < -1e-9) or np.any(k > n + 1e-9):
        raise BadInput("A share needs 0 <= count <= total", thing=f"count {k.tolist()}, total {n.tolist()}"[:200])
    return np.asarray(np.clip(k, 0, n), dtype=float), np.asarray(n, dtype=float)
