"""Counts per exposure: exact intervals, the chance that the true rate meets a target, prediction, and overdispersion."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]


def get_exact_interval(count: ArrayLike, exposure: ArrayLike, level: float = 0.9, dispersion: ArrayLike = 1.0) -> tuple[Floats, Floats]:
    """Garwood ends of a rate; with `dispersion` above 1 the count is worth that many times fewer events.

    Exposure must be positive. Source: Garwood, Biometrika 28 (1936) 437.

    >>> [round(float(end) / 7, 2) for end in get_exact_interval(17, 1, 0.95)]
    [1.41, 3.89]
    """
    worth = np.maximum(np.asarray(dispersion, dtype=float), 1.0)
    k, t = np.asarray(count, dtype=float) / worth, np.asarray(exposure, dtype=float) / worth
    tail = (1 - level) / 2
    low = np.where(k <= 0, 0.0, stats.gamma.ppf(tail, np.maximum(k, 1e-12))) / t
    return np.asarray(low, dtype=float), np.asarray(stats.gamma.ppf(1 - tail, k + 1) / t, dtype=float)


def get_chance_at_most(count: ArrayLike, exposure: ArrayLike, target: float, dispersion: ArrayLike = 1.0) -> Floats:
    """P(true rate <= target) after Jeffreys' prior, Gamma(1/2, 0)."""
    worth = np.maximum(np.asarray(dispersion, dtype=float), 1.0)
    k, t = np.asarray(count, dtype=float) / worth, np.asarray(exposure, dtype=float) / worth
    return np.asarray(stats.gamma.cdf(target * t, k + 0.5), dtype=float)


def get_predictive_chance_at_most(most: int, count: float, exposure: float, future_exposure: float = 1.0) -> float:
    """P(at most `most` events in `future_exposure`), the rate known only from `count` in `exposure`.

    Gamma-Poisson (negative binomial) with Jeffreys' prior.
    """
    if most < 0:
        return 0.0
    return float(stats.nbinom.cdf(most, count + 0.5, exposure / (exposure + future_exposure)))


def get_dispersion(count: ArrayLike, exposure: ArrayLike, group: ArrayLike, n_groups: int) -> Floats:
    """Pearson's dispersion of each group over its clusters (1 = as regular as chance), never below 1.

    `count`, `exposure`, `group` have one entry per cluster. Fewer than two clusters with exposure give 1.
    Source: McCullagh and Nelder, Generalized Linear Models (1989), section 4.5.
    """
    k, t, where = np.asarray(count, dtype=float), np.asarray(exposure, dtype=float), np.asarray(group, dtype=np.intp)
    totals, counts = np.bincount(where, t, n_groups), np.bincount(where, k, n_groups)
    rate = np.divide(counts, totals, out=np.zeros(n_groups), where=totals > 0)
    expected = rate[where] * t
    parts = np.divide((k - expected) ** 2, expected, out=np.zeros(len(k)), where=expected > 0)
    freedom = np.bincount(where, expected > 0, n_groups) - 1
    chi = np.bincount(where, parts, n_groups)
    return np.maximum(np.divide(chi, freedom, out=np.ones(n_groups), where=freedom > 0), 1.0)
