"""Robust indicator scores: each group is judged by what the other groups predict, with the spread between groups taken into account.

Binary counts get a beta-binomial, rates a gamma-Poisson prediction; the score is the normal quantile of the mid-p, so +2 and -2 mean
the same on both sides. The steps follow Spiegelhalter (2005, 2012) and improve on them where figures showed a fault:
the spread is estimated by a winsorised moment that is corrected for the winsorising (uncorrected it is a third too small, which is
where 8 % false positives came from), small counts are transformed as Anscombe advised, the uncertainty of the spread itself widens
the prediction (a t in place of a normal), and with few groups the judged one is left out of the spread too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from quarterdeck.methods.saddlepoint import mid_z_beta_binomial, mid_z_gamma_poisson

Floats = NDArray[np.float64]

CLIP = 1.2815515655446004  # winsorising at 10 % in each tail of a normal
CLIPPED_MOMENT = 0.6786648  # E[min(z^2, CLIP^2)] for a standard normal
FEW_GROUPS = 30  # up to here the judged group is left out of the spread
VERY_FEW_GROUPS = 5  # with fewer others than this their spread is capped
BORROW_BELOW = 10  # with fewer others than this a floor under the spread is borrowed from experience, the less the more others there are
BELIEVABLE_SPREAD = 0.04  # variance on the root scale: with a share of .5, two thirds of groups between .31 and .69
BORROWED_SPREAD = 0.01
BORROWED_FREEDOM = 6.0
EFFICIENCY = 0.6  # degrees of freedom that one group brings to the winsorised spread
LARGEST_SAMPLE = 600  # the spread of thousands of groups is found from this many, taken evenly over the sizes
Z90 = 1.6448536269514722


@dataclass(frozen=True, slots=True)
class RobustScores:
    """Arrays by group. `z` is NaN where a group cannot be judged. `ratio` is observed over expected, with its 90 % interval."""

    expected: Floats
    ratio: Floats
    ratio_low: Floats
    ratio_high: Floats
    z: Floats
    p: Floats
    tau2: Floats
    factor: float


def score_binary(x: Floats, n: Floats) -> RobustScores:
    """Scores of x of n (0 <= x <= n, n > 0; two groups or more, else NaN) against the share of the other groups.

    >>> score_binary(np.array([1.0, 1.0, 900.0]), np.array([1000.0, 1000.0, 1000.0])).z.round(0).tolist()[2] > 5
    True
    """
    total_x, total_n = float(x.sum()), float(n.sum())
    rest = total_n - n
    with np.errstate(all="ignore"):
        share = (total_x - x + 0.5) / (rest + 1)
        if len(x) > FEW_GROUPS:
            spread = _estimate_spread(_gap_binary(x, n, (total_x + 0.5) / (total_n + 1)), 1 / (4 * n + 2))
        else:
            xo, no = _others(x), _others(n)
            spread = _estimate_spread_without_each(_gap_binary(xo, no, share[:, None]), 1 / (4 * no + 2))
        factor = np.minimum(spread.factor, np.maximum(n, 1))
        correlation = np.minimum(4 * spread.tau2 + 1 / np.maximum(rest, 1), 0.999)
        z = mid_z_beta_binomial(x / factor, n / factor, share, correlation)
        z = _widen(z, 4 * spread.tau2 * n / spread.factor, spread.freedom)
    low, high = _wilson(x, n)
    return _finish(x, n * share, low * n, high * n, z, spread, rest > 0)


def score_rate(x: Floats, n: Floats) -> RobustScores:
    """Scores of counts x over exposures n (x >= 0, n > 0, any unit of time; two groups or more, else NaN)."""
    total_x, total_n = float(x.sum()), float(n.sum())
    rest = total_n - n
    with np.errstate(all="ignore"):
        others = total_x - x + 0.5
        mean = n * others / rest
        if len(x) > FEW_GROUPS:
            even = n * (total_x + 0.5) / total_n
            spread = _estimate_spread(_gap_rate(x, even), 1 / (4 * even))
        else:
            xo, even = _others(x), _others(n) * (others / rest)[:, None]
            spread = _estimate_spread_without_each(_gap_rate(xo, even), 1 / (4 * even))
        z = mid_z_gamma_poisson(x / spread.factor, mean / spread.factor, 4 * spread.tau2 + 1 / others)
        z = _widen(z, 4 * spread.tau2 * mean / spread.factor, spread.freedom)
    low, high = _byar(x)
    return _finish(x, mean, low, high, z, spread, rest > 0)


def _gap_binary(x: Floats, n: Floats, share: Floats | float) -> Floats:
    return np.asarray(np.arcsin(np.sqrt((x + 0.375) / (n + 0.75))) - np.arcsin(np.sqrt((n * share + 0.125) / (n + 0.25))))


def _gap_rate(x: Floats, even: Floats) -> Floats:
    return np.asarray((np.sqrt(x + 0.375) - np.sqrt(even + 0.125)) / np.sqrt(even))


def _finish(x: Floats, expected: Floats, low: Floats, high: Floats, z: Floats, spread: Spread, has_rest: NDArray[np.bool_]) -> RobustScores:
    z = z * np.ones_like(x)
    z = np.where(has_rest, z, np.nan)
    expected = np.where(has_rest, expected, np.nan)
    with np.errstate(all="ignore"):
        return RobustScores(
            expected,
            x / expected,
            low / expected,
            high / expected,
            z,
            2 * ndtr(-np.abs(z)),
            np.broadcast_to(spread.tau2, x.shape),
            spread.factor,
        )


@dataclass(frozen=True, slots=True)
class Spread:
    """Variance of a group on the root scale: factor * its own sampling variance + tau2, and the degrees of freedom behind tau2."""

    tau2: Floats
    factor: float
    freedom: float


def _estimate_spread(gap: Floats, own: Floats) -> Spread:
    """The spread of many groups: tau2 (sites differ) and factor (participants within a site differ, so counts clump).

    Both are found so that the winsorised z have the moment of a normal, in the smaller and the larger groups alike.
    """
    pick = _take_evenly(gap, own)
    gap, own = gap[pick], own[pick]
    is_small = own > np.median(own)
    tolerance = 0.63 * 2 / np.sqrt(len(gap))
    low, high = 1.0, 40.0
    if _imbalance(gap, own, is_small, low) > tolerance:
        for _ in range(9):
            middle = np.sqrt(low * high)
            low, high = (middle, high) if _imbalance(gap, own, is_small, middle) > tolerance else (low, middle)
    tau2 = _solve_spread(gap[None, :], low * own[None, :])
    return Spread(tau2, float(low), EFFICIENCY * (len(gap) - 1))


def _imbalance(gap: Floats, own: Floats, is_small: NDArray[np.bool_], factor: float) -> float:
    tau2 = _solve_spread(gap[None, :], factor * own[None, :])[0]
    clipped = np.minimum(gap**2 / (factor * own + tau2), CLIP**2)
    if is_small.all() or not is_small.any() or (tau2 == 0 and clipped.mean() < CLIPPED_MOMENT):
        return -1.0  # one size only, or more than enough already
    return float(clipped[is_small].mean() - clipped[~is_small].mean())


def _take_evenly(gap: Floats, own: Floats) -> NDArray[np.int64]:
    if len(gap) <= LARGEST_SAMPLE:
        return np.arange(len(gap))
    order = np.argsort(own * (1 + 1e-9 * gap))  # by size, equal sizes by value: the order of rows must not matter
    return np.asarray(order[np.linspace(0, len(gap) - 1, LARGEST_SAMPLE).round().astype(int)])


def _estimate_spread_without_each(gap: Floats, own: Floats) -> Spread:
    """The spread of few groups; row i of `gap` and `own` holds the other groups against their own centre (m x m - 1)."""
    others = gap.shape[1]
    if others < 2:
        return Spread(np.full(len(gap), BORROWED_SPREAD), 1.0, BORROWED_FREEDOM)
    tau2 = np.maximum(_solve_spread(gap, own), BORROWED_SPREAD * max(0.0, 1 - others / BORROW_BELOW))
    if others < VERY_FEW_GROUPS:
        return Spread(np.minimum(tau2, BELIEVABLE_SPREAD), 1.0, max(BORROWED_FREEDOM, EFFICIENCY * (others - 1)))
    return Spread(tau2, 1.0, max(2.0, EFFICIENCY * (others - 1)))


def _others(values: Floats) -> Floats:
    m = len(values)
    return np.broadcast_to(values, (m, m))[~np.eye(m, dtype=bool)].reshape(m, m - 1)


def _solve_spread(gap: Floats, own: Floats) -> Floats:
    # row by row: mean(min(gap^2 / (own + tau2), clip^2)) falls with tau2; find where it is a normal's value, or 0
    squares, target = gap**2, CLIPPED_MOMENT * (gap.shape[1] - 1) / gap.shape[1]
    low, high = np.zeros(len(gap)), squares.max(axis=1) / target + 1e-12
    clip = CLIP**2

    def moment(tau2: Floats) -> Floats:
        return np.asarray(np.minimum(squares / (own + tau2[:, None]), clip).mean(axis=1))

    is_spread = moment(low) > target
    if not is_spread.any():
        return low
    for _ in range(22):
        middle = (low + high) / 2
        above = moment(middle) > target
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(is_spread, (low + high) / 2, 0.0)


def _widen(z: Floats, inflation: Floats, freedom: float) -> Floats:
    # The part of the variance that rests on an estimate has its own uncertainty (Satterthwaite); t to normal by Wallace.
    share = inflation / (1 + inflation)
    df = np.maximum(freedom / np.maximum(share, 1e-6) ** 2, 1.0)
    size = np.sqrt(df * np.log1p(z**2 / df)) * (8 * df + 1) / (8 * df + 3)
    return np.asarray(np.sign(z) * size)


def _wilson(x: Floats, n: Floats) -> tuple[Floats, Floats]:
    centre = (x + Z90**2 / 2) / (n + Z90**2)
    half = Z90 * np.sqrt(np.maximum(x * (n - x) / n, 0) + Z90**2 / 4) / (n + Z90**2)
    return np.maximum(centre - half, 0), np.minimum(centre + half, 1)


def _byar(x: Floats) -> tuple[Floats, Floats]:
    safe = np.maximum(x, 1)
    low = np.where(x > 0, safe * np.maximum(1 - 1 / (9 * safe) - Z90 / (3 * np.sqrt(safe)), 0) ** 3, 0.0)
    above = x + 1
    return low, above * (1 - 1 / (9 * above) + Z90 / (3 * np.sqrt(above))) ** 3
