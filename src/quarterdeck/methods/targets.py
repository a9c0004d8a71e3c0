"""The chance that a target will be met: budget bands, findings per audit, attrition, and the smallest change one could notice."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from quarterdeck.methods.proportions import get_most_allowed


def get_portfolio_error(amounts: ArrayLike, error: ArrayLike, correlation: float) -> float:
    """Standard deviation of a sum of amounts, each with its relative `error`, all pairs equally correlated; unit of the amounts."""
    spread = np.abs(np.asarray(amounts, dtype=float)) * np.asarray(error, dtype=float)
    own, shared = float((spread**2).sum()), float(spread.sum() ** 2)
    return float(np.sqrt((1 - correlation) * own + correlation * shared))


def get_chance_within_band(centre: float, error: float, low: float, high: float) -> float:
    """P(low <= value <= high) for a normal value; an error of 0 gives 0 or 1."""
    if error <= 0:
        return float(low <= centre <= high)
    return float(stats.norm.cdf(high, centre, error) - stats.norm.cdf(low, centre, error))


def get_chance_portfolio_within(n_trials: int, error: float, correlation: float, band: float = 0.05) -> float:
    """P(a portfolio of equal trials ends within ±band of plan) when each trial's cost errs by `error` (relative).

    Errors are normal and equally correlated, so the sum errs by error·√((1+(n−1)·correlation)/n).

    >>> [round(get_chance_portfolio_within(20, 0.135, r), 2) for r in (0, 0.10, 0.20)]
    [0.9, 0.67, 0.55]
    """
    spread = get_portfolio_error(np.full(n_trials, 1 / n_trials), error, correlation)
    return get_chance_within_band(0.0, spread, -band, band)


def get_chance_of_clean_audit(majors_per_audit: float, criticals_per_audit: float, majors_allowed: int = 1) -> float:
    """P(at most `majors_allowed` majors and no critical) in one audit: two independent Poisson counts at known rates.

    >>> round(get_chance_of_clean_audit(2.43, 0.57), 2)
    0.17
    """
    return float(stats.poisson.cdf(majors_allowed, majors_per_audit) * np.exp(-criticals_per_audit))


def get_chance_target_missed(n_staff: int, true_rate: float, target: float) -> float:
    """P(the observed share of leavers is not below `target`) at a known true rate: luck alone, in one year (binomial).

    >>> round(get_chance_target_missed(60, 0.04, 0.05), 2)
    0.43
    """
    return float(stats.binom.sf(get_most_allowed(n_staff, target), n_staff, true_rate))


def get_smallest_detectable_ratio(log_error: float, power: float = 0.8, level: float = 0.9) -> float:
    """The largest ratio below 1 that a comparison with this standard error (log scale) would tell from 1 with `power`.

    Two-sided test at 1 − level. 0.78 reads "only a shortening by 22 % or more would be noticed".
    """
    return float(np.exp(-(stats.norm.ppf((1 + level) / 2) + stats.norm.ppf(power)) * log_error))


def shrink_variance(squares: float, n: float, prior_error: float, prior_weight: float) -> float:
    """A standard deviation from `n` squared errors and a prior worth `prior_weight` cases (scaled inverse chi-square mean)."""
    return float(np.sqrt((squares + prior_weight * prior_error**2) / (n + prior_weight)))


def estimate_correlation(errors: ArrayLike, group: ArrayLike, prior: float, prior_weight: float) -> float:
    """How much errors of the same group (a quarter) move together: the mean product of pairs over the mean square.

    Shrunk to `prior` with the weight of `prior_weight` pairs, and kept within 0 to 0.95.
    """
    e, where = np.asarray(errors, dtype=float), np.unique(np.asarray(group), return_inverse=True)[1]
    sums, squares, sizes = (np.bincount(where, w) for w in (e, e * e, np.ones_like(e)))
    pairs = float((sizes * (sizes - 1)).sum())
    mean_square = float((e * e).mean()) if e.size else 0.0
    if mean_square <= 0 or pairs <= 0:
        return prior
    found = float((sums**2 - squares).sum()) / pairs / mean_square
    # Pairs within a quarter are not independent evidence: a quarter is worth its number of trials, not of pairs.
    worth = float(sizes.sum())
    return float(np.clip((found * worth + prior * prior_weight) / (worth + prior_weight), 0.0, 0.95))
