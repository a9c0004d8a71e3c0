"""Robust indicator scores: each group is judged by what the other groups predict, with the spread between groups taken into account.

Binary counts get a beta-binomial, rates a gamma-Poisson prediction; the score is the normal quantile of the mid-p, so +2 and -2 mean
the same on both sides. The steps follow Spiegelhalter (2005, 2012) and improve on them where figures showed a fault:
the spread is estimated by a winsorised moment that is corrected for the winsorising (uncorrected it is a third too small, which is
where 8 % false positives came from), small counts are transformed as Anscombe advised, the uncertainty of the spread itself widens
the prediction (a t in place of a normal), and with few groups the judged one is left out of the spread too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from quarterdeck.methods.saddlepoint import mid_z_beta_binomial, mid_z_gamma_poisson

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

CLIP = 1.2815515655446004  # winsorising at 10 % in each tail of a normal
CLIPPED_MOMENT = 0.6786648  # E[min(z^2, CLIP^2)] for a standard normal
FEW_GROUPS = 30  # up to here the judged group is left out of the spread
VERY_FEW_GROUPS = 5  # with fewer others than this their spread is capped: of two or three, one may be absurd
CAUTION = 0.35  # with few groups the spread is taken this much (over the root of their number) above its best guess, which is too often 0
BORROW_BELOW = 10  # with fewer others than this a floor under the spread is borrowed from experience, the less the more others there are
BELIEVABLE_SPREAD = 0.0625  # variance on the root scale: with a share of .5, two thirds of groups between .27 and .73
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
    factor: Floats


def score_binary(x: Floats, n: Floats, family: Whole | None = None) -> RobustScores:
    """Scores of x of n (0 <= x <= n, n > 0) against the share of the other groups of the same family (two groups or more, else NaN).

    `family` numbers families from 0; without it all groups are one family. Many families at once cost little more than one.

    >>> score_binary(np.array([1.0, 1.0, 900.0]), np.array([1000.0, 1000.0, 1000.0])).z.round(0).tolist()[2] > 5
    True
    """
    families = _Families.of(x, family)
    total_x, total_n = families.total(x), families.total(n)
    rest = total_n - n
    with np.errstate(all="ignore"):
        share = (total_x - x + 0.5) / (rest + 1)
        even = (total_x + 0.5) / (total_n + 1)
        spread = families.estimate_spread(
            lambda many: (_gap_binary(x[many], n[many], even[many]), 1 / (4 * n[many] + 2)),
            lambda each, other: (_gap_binary(x[other], n[other], share[each]), 1 / (4 * n[other] + 2)),
        )
        factor = np.minimum(spread.factor, np.maximum(n, 1))
        correlation = np.minimum(4 * spread.tau2 + 1 / np.maximum(rest, 1), 0.999)
        z = mid_z_beta_binomial(x / factor, n / factor, share, correlation)
        z = _widen(z, 4 * spread.tau2 * n / spread.factor, spread.freedom)
    low, high = _wilson(x, n)
    return _finish(x, n * share, low * n, high * n, z, spread, rest > 0)


def score_rate(x: Floats, n: Floats, family: Whole | None = None) -> RobustScores:
    """Scores of counts x over exposures n (x >= 0, n > 0, any unit of time), family by family as in `score_binary`."""
    families = _Families.of(x, family)
    total_x, total_n = families.total(x), families.total(n)
    rest = total_n - n
    with np.errstate(all="ignore"):
        others = total_x - x + 0.5
        mean = n * others / rest
        even, rate = n * (total_x + 0.5) / total_n, others / rest
        spread = families.estimate_spread(
            lambda many: (_gap_rate(x[many], even[many]), 1 / (4 * even[many])),
            lambda each, other: (_gap_rate(x[other], n[other] * rate[each]), 1 / (4 * (n[other] * rate[each]))),
        )
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
            spread.tau2,
            spread.factor,
        )


@dataclass(frozen=True, slots=True)
class Spread:
    """Variance of a group on the root scale: factor * its own sampling variance + tau2, and the degrees of freedom behind tau2."""

    tau2: Floats
    factor: Floats
    freedom: Floats


Gap = tuple[Floats, Floats]  # how far groups lie from the centre on the root scale, and their own sampling variances


@dataclass(frozen=True, slots=True)
class _Families:
    """Groups by family: `order` lists the groups family by family, family f from `starts[f]` over `sizes[f]`."""

    number: Whole
    order: Whole
    starts: Whole
    sizes: Whole

    @classmethod
    def of(cls, x: Floats, family: Whole | None) -> _Families:
        number = np.zeros(len(x), dtype=np.int64) if family is None else family
        sizes = np.bincount(number)
        return cls(number, np.argsort(number, kind="stable"), np.cumsum(sizes) - sizes, sizes)

    def total(self, values: Floats) -> Floats:
        """By group, the sum over its family."""
        return np.asarray(np.bincount(self.number, values)[self.number])

    def estimate_spread(self, gap_of_many: Callable[[Whole], Gap], gap_to_others: Callable[[Whole, Whole], Gap]) -> Spread:
        """Spreads by group. Families of one size are done at once; in large ones the judged group is not left out."""
        count = len(self.number)
        spread = Spread(np.zeros(count), np.ones(count), np.ones(count))
        for size in np.unique(self.sizes[(self.sizes > 1) & (self.sizes <= FEW_GROUPS)]):
            rows = self.order[self.starts[self.sizes == size][:, None] + np.arange(size)]
            each = rows.reshape(-1, 1)
            found = _estimate_spread_without_each(*gap_to_others(each, _others(rows)))
            for mine, theirs in zip((spread.tau2, spread.factor, spread.freedom), (found.tau2, found.factor, found.freedom), strict=True):
                mine[each[:, 0]] = theirs
        large = np.flatnonzero(self.sizes > FEW_GROUPS)
        if len(large):
            members = [self.order[self.starts[f] : self.starts[f] + self.sizes[f]] for f in large]
            tau2, factor, freedom = _estimate_spreads([gap_of_many(rows) for rows in members])
            for i, rows in enumerate(members):
                spread.tau2[rows], spread.factor[rows], spread.freedom[rows] = tau2[i], factor[i], freedom[i]
        return spread


def _estimate_spreads(families: list[Gap]) -> tuple[Floats, Floats, Floats]:
    """tau2 (sites differ), factor (participants within a site differ, so counts clump) and degrees of freedom of each family of many groups.

    tau2 and factor are found so that the winsorised z have the moment of a normal, in the smaller and the larger groups alike.
    """
    chosen = [(gap[pick], own[pick]) for gap, own in families for pick in [_take_evenly(gap, own)]]
    sizes = np.array([len(gap) for gap, _ in chosen])
    # Padded with groups of no weight: their own variance is infinite.
    gap, own = np.zeros((len(chosen), sizes.max())), np.full((len(chosen), sizes.max()), np.inf)
    is_small = np.zeros(gap.shape, dtype=bool)
    for i, (one, variance) in enumerate(chosen):
        gap[i, : sizes[i]], own[i, : sizes[i]], is_small[i, : sizes[i]] = one, variance, variance > np.median(variance)
    table = _Padded(gap, own, is_small, sizes)
    tolerance = 0.63 * 2 / np.sqrt(sizes)
    low, high = np.ones(len(sizes)), np.full(len(sizes), 40.0)
    clumped = np.flatnonzero(table.imbalance(low) > tolerance)
    if len(clumped):
        some = table.take(clumped)
        for _ in range(9):
            middle = np.sqrt(low[clumped] * high[clumped])
            above = some.imbalance(middle) > tolerance[clumped]
            low[clumped], high[clumped] = np.where(above, middle, low[clumped]), np.where(above, high[clumped], middle)
    return table.solve(low), low, EFFICIENCY * (sizes - 1)


@dataclass(frozen=True, slots=True)
class _Padded:
    """Families as rows of one length; `sizes` says how many columns are meant."""

    gap: Floats
    own: Floats
    is_small: NDArray[np.bool_]
    sizes: Whole

    def take(self, rows: Whole) -> _Padded:
        return _Padded(self.gap[rows], self.own[rows], self.is_small[rows], self.sizes[rows])

    def solve(self, factor: Floats) -> Floats:
        return _solve_spread(self.gap, factor[:, None] * self.own, self.sizes)

    def imbalance(self, factor: Floats) -> Floats:
        """How much more the smaller groups vary than the larger: -1 where there is one size only, or more than enough already."""
        tau2 = self.solve(factor)
        clipped = np.minimum(self.gap**2 / (factor[:, None] * self.own + tau2[:, None]), CLIP**2)
        small = self.is_small.sum(axis=1)
        inside = np.where(self.is_small, clipped, 0.0).sum(axis=1)
        whole = clipped.sum(axis=1)
        found = inside / np.maximum(small, 1) - (whole - inside) / np.maximum(self.sizes - small, 1)
        nothing = (small == 0) | (small == self.sizes) | ((tau2 == 0) & (whole / self.sizes < CLIPPED_MOMENT))
        return np.asarray(np.where(nothing, -1.0, found))


def _take_evenly(gap: Floats, own: Floats) -> Whole:
    if len(gap) <= LARGEST_SAMPLE:
        return np.arange(len(gap))
    order = np.argsort(own * (1 + 1e-9 * gap))  # by size, equal sizes by value: the order of rows must not matter
    return np.asarray(order[np.linspace(0, len(gap) - 1, LARGEST_SAMPLE).round().astype(int)])


def _estimate_spread_without_each(gap: Floats, own: Floats) -> Spread:
    """The spread of few groups; a row of `gap` and `own` holds the other groups of one group against their own centre."""
    judged, others = gap.shape
    if others < 2:
        return Spread(np.full(judged, BORROWED_SPREAD), np.ones(judged), np.full(judged, BORROWED_FREEDOM))
    tau2 = _solve_spread(gap, own, np.full(judged, others), CAUTION)
    tau2 = np.maximum(tau2, BORROWED_SPREAD * max(0.0, 1 - others / BORROW_BELOW))
    freedom = EFFICIENCY * (others - 1)
    if others < VERY_FEW_GROUPS:
        return Spread(np.minimum(tau2, BELIEVABLE_SPREAD), np.ones(judged), np.full(judged, max(BORROWED_FREEDOM, freedom)))
    return Spread(tau2, np.ones(judged), np.full(judged, max(2.0, freedom)))


def _others(rows: Whole) -> Whole:
    """Families by row and member -> by judged member, the other members: (f, m) -> (f m, m - 1)."""
    m = rows.shape[1]
    apart = np.broadcast_to(rows[:, None, :], (len(rows), m, m))[:, ~np.eye(m, dtype=bool)]
    return np.asarray(apart.reshape(-1, m - 1))


def _solve_spread(gap: Floats, own: Floats, sizes: Whole, caution: float = 0.0) -> Floats:
    # row by row: mean(min(gap^2 / (own + tau2), clip^2)) falls with tau2; find where it is a normal's value, or 0
    result = np.zeros(len(gap))
    squares, target = gap**2, CLIPPED_MOMENT * (sizes - 1) / sizes * (1 - caution / np.sqrt(sizes))
    clip = CLIP**2
    rows = np.flatnonzero(np.minimum(squares / own, clip).sum(axis=1) / sizes > target)
    if len(rows) == 0:
        return result
    squares, own, sizes, target = squares[rows], own[rows], sizes[rows], target[rows]
    low, high = np.zeros(len(rows)), squares.max(axis=1) / target + 1e-12
    ratio = np.empty_like(squares)
    for _ in range(22):
        middle = (low + high) / 2
        np.add(own, middle[:, None], out=ratio)
        np.divide(squares, ratio, out=ratio)
        np.minimum(ratio, clip, out=ratio)
        above = ratio.sum(axis=1) / sizes > target
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    result[rows] = (low + high) / 2
    return result


def _widen(z: Floats, inflation: Floats, freedom: Floats) -> Floats:
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
