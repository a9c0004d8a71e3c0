"""From sums per group to values, intervals and chances: the named methods that need nothing but counts or a histogram."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from quarterdeck.measures.model import Method
from quarterdeck.methods import proportions, rates

# A share of exactly one half must count as reached, whatever the last digit of a running sum.
SLACK = 1e-9
# Whole durations are put in order by counting while there are at most so many slots for each cell.
DENSE = 8
Floats = NDArray[np.float64]
Whole = NDArray[np.intp]


@dataclass(frozen=True)
class Cells:
    """Sums of the finest kind, one entry each: its group and cluster by number, what it adds, and for a histogram its value."""

    group: Whole
    cluster: Whole
    numerator: Floats
    denominator: Floats
    value: Floats | None = None
    observed: Floats | None = None


@dataclass(frozen=True)
class Estimates:
    """One entry per group; NaN where there is none. `chance` is P(true value <= target)."""

    value: Floats
    low: Floats
    high: Floats
    chance: Floats
    count: Floats
    total: Floats


Estimator = Callable[[Cells, int, Method, float], Estimates]


def estimate_shares(cells: Cells, n: int, method: Method, target: float) -> Estimates:
    """Counted of due. Exact interval on the effective size of clustered cases."""
    count, total = _sum(cells, n)
    size = total
    if method.clusters:
        group, k, t = _sum_clusters(cells)
        size = proportions.get_effective_sizes(k, t, group, n)
    share = _divide(count, total)
    worth = np.nan_to_num(share) * size
    low, high = proportions.get_exact_interval(worth, size, method.level)
    chance = proportions.get_chance_at_most(worth, size, min(target, 1.0)) if np.isfinite(target) else np.full(n, np.nan)
    return Estimates(share, low, high, chance, count, total)


def estimate_rates(cells: Cells, n: int, method: Method, target: float) -> Estimates:
    """Counts per exposure times `per`. Exact interval, widened where clusters vary more than chance."""
    count, total = _sum(cells, n)
    worth = np.ones(n)
    if method.clusters:
        group, k, t = _sum_clusters(cells)
        worth = rates.get_dispersion(k, t, group, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = rates.get_exact_interval(count, total, method.level, worth)
        chance = rates.get_chance_at_most(count, total, target / method.per, worth)
    return Estimates(method.per * _divide(count, total), method.per * low, method.per * high, chance, count, total)


def estimate_ratios(cells: Cells, n: int, method: Method, target: float) -> Estimates:
    """A sum over a sum of anything; interval from the spread between the cells of a group (ratio estimator), NaN for one cell."""
    count, total = _sum(cells, n)
    ratio = _divide(count, total)
    used = cells.denominator > 0
    squares = np.bincount(cells.group, used * (cells.numerator - np.nan_to_num(ratio)[cells.group] * cells.denominator) ** 2, n)
    size = np.bincount(cells.group, used, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(size > 1, np.sqrt(squares * size / (size - 1)) / total, np.nan)
        reach = stats.t.ppf((1 + method.level) / 2, np.maximum(size - 1, 1)) * error
        chance = np.where(error > 0, stats.t.cdf((target - ratio) / error, np.maximum(size - 1, 1)), np.nan)
    return Estimates(ratio, ratio - reach, ratio + reach, np.asarray(chance, dtype=float), count, total)


def estimate_medians(cells: Cells, n: int, method: Method, target: float) -> Estimates:
    """The median of whole durations, with order-statistic ends (as `methods.quantiles`, for all groups at once)."""
    count, total = _sum_observed(cells, n)
    ranked = _rank(cells, n)
    if not ranked.value.size:
        return _get_none(n, count, total)
    size = ranked.total
    middle = [ranked.get(step(0.5 * (size - 1))) for step in (np.floor, np.ceil)]
    tail = (1 - method.level) / 2
    low, high = _get_ranks(size, tail)
    is_closed = (low >= 1) & (high <= size)
    ends = [np.where(is_closed, ranked.get(rank - 1), np.nan) for rank in (low, high)]
    within = np.bincount(ranked.group, ranked.weight * (ranked.value <= target), n)
    # As much as what Beta(within, beyond) has above one half, and found eight times as fast.
    chance = stats.beta.cdf(0.5, size - within + 0.5, within + 0.5) if np.isfinite(target) else np.full(n, np.nan)
    return Estimates((middle[0] + middle[1]) / 2, ends[0], ends[1], np.asarray(chance, dtype=float), count, total)


def _get_ranks(size: Floats, tail: float) -> tuple[Floats, Floats]:
    """The ranks (from 1) between which the median lies, but for `tail` on either side. They depend on nothing but the size."""
    sizes, place = np.unique(np.maximum(size, 1), return_inverse=True)
    low = np.asarray(stats.binom.ppf(tail, sizes, 0.5), dtype=float)
    low = low - (np.asarray(stats.binom.cdf(low - 1, sizes, 0.5)) > tail)
    high = np.asarray(stats.binom.ppf(1 - tail, sizes, 0.5), dtype=float) + 1
    return low[place], high[place]


def estimate_survival_medians(cells: Cells, n: int, method: Method, target: float) -> Estimates:
    """The Kaplan-Meier median, the unfinished counted as such (as `methods.survival`, for all groups at once).

    NaN where it is not reached; an open end is NaN.
    """
    count, total = _sum_observed(cells, n)
    ranked = _rank(cells, n)
    if not ranked.value.size:
        return _get_none(n, count, total)
    curve = _fit_curves(ranked)
    z = float(stats.norm.ppf((1 + method.level) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = z * np.sqrt(curve.greenwood) / np.abs(np.log(curve.surviving))
        bands = [np.where(curve.surviving > 0, curve.surviving ** np.exp(side * spread), 0.0) for side in (1, -1)]
    value, low, high = (_find_first(curve, band <= 0.5 + SLACK, n) for band in (curve.surviving, *bands))
    return Estimates(value, low, high, _get_chances_reached(curve, n, target), count, total)


@dataclass(frozen=True)
class _Ranked:
    """Cells in order of group and value. `start` is the weight of all groups before, `total` a group's own."""

    group: Whole
    value: Floats
    weight: Floats
    event: Floats
    cumulated: Floats
    start: Floats
    total: Floats

    def get(self, rank: Floats) -> Floats:
        """The value at a rank (from 0) within each group; NaN for an empty group."""
        where = np.searchsorted(self.cumulated, self.start + np.clip(rank, 0, None), side="right")
        found = self.value[np.minimum(where, self.value.size - 1)]
        return np.where(self.total > 0, found, np.nan)


@dataclass(frozen=True)
class _Curves:
    """Kaplan-Meier curves end to end: one entry per group and value with an event."""

    group: Whole
    time: Floats
    surviving: Floats
    greenwood: Floats


def _rank(cells: Cells, n: int) -> _Ranked:
    assert cells.value is not None
    assert cells.observed is not None
    group, value, weight, event = cells.group, cells.value, cells.denominator, cells.denominator * cells.observed
    used = (weight > 0) & np.isfinite(value)
    if not used.all():
        group, value, weight, event = group[used], value[used], weight[used], event[used]
    least = np.min(value, initial=np.inf)
    away = value - least
    width = np.max(away, initial=0.0) + 1
    if n * width <= DENSE * value.size and np.array_equal(away, np.floor(away)):
        group, value, weight, event = _count_by_slot(group * int(width) + away.astype(np.intp), weight, event, n, int(width))
        value = value + least
    else:
        # Group and value in one number: to sort by one key takes a third of the time of two.
        order = np.argsort(group * width + away)
        group, value, weight, event = group[order], value[order], weight[order], event[order]
    cumulated = np.cumsum(weight)
    total = np.bincount(group, weight, n).astype(float)
    start = np.concatenate([[0.0], np.cumsum(total)[:-1]])
    return _Ranked(group, value, weight, event, cumulated, start, total)


def _count_by_slot(slot: Whole, weight: Floats, event: Floats, n: int, width: int) -> tuple[Whole, Floats, Floats, Floats]:
    """Whole values in order without sorting: a slot for each value from 0 to `width` of each group, and what falls into it."""
    weights, events = (np.bincount(slot, amounts, n * width).astype(float) for amounts in (weight, event))
    filled = np.flatnonzero(weights)
    group = np.repeat(np.arange(n), np.count_nonzero(weights.reshape(n, width), axis=1))
    return group, (filled - group * width).astype(float), weights[filled], events[filled]


def _fit_curves(ranked: _Ranked) -> _Curves:
    is_new = np.ones(ranked.value.size, dtype=bool)
    is_new[1:] = (np.diff(ranked.group) != 0) | (np.diff(ranked.value) != 0)
    first = np.flatnonzero(is_new)
    events = np.add.reduceat(ranked.event, first)
    group = ranked.group[first]
    at_risk = ranked.start[group] + ranked.total[group] - (ranked.cumulated[first] - ranked.weight[first])
    keep = events > 0
    group, time, events, at_risk = group[keep], ranked.value[first][keep], events[keep], at_risk[keep]
    left = np.maximum(at_risk - events, 0.0)
    # Where nobody is left the curve ends at 0; that step stays out of the running sum, which must not lose its digits.
    is_end = left <= 1e-9
    log_s = _cumulate(np.log(np.where(is_end, 1.0, left / at_risk)), group)
    terms = np.where(is_end, 0.0, events / (at_risk * np.where(is_end, 1.0, left)))
    surviving = np.where(is_end, 0.0, np.exp(log_s))
    return _Curves(group, time, surviving, _cumulate(terms, group))


def _cumulate(amounts: Floats, group: Whole) -> Floats:
    """Running sums that start anew with each group (groups in order)."""
    if not amounts.size:
        return amounts
    running = np.cumsum(amounts)
    first = np.flatnonzero(np.concatenate([[True], np.diff(group) != 0]))
    before = np.concatenate([[0.0], running[first[1:] - 1]])
    return np.asarray(running - np.repeat(before, np.diff(np.append(first, amounts.size))), dtype=float)


def _find_first(curve: _Curves, reached: NDArray[np.bool_], n: int) -> Floats:
    """The first time in each group that is marked; NaN where none is."""
    out = np.full(n, np.nan)
    marked = np.flatnonzero(reached)[::-1]  # backwards, so that the first of a group is written last
    out[curve.group[marked]] = curve.time[marked]
    return out


def _get_chances_reached(curve: _Curves, n: int, target: float) -> Floats:
    """P(the median is at most `target`) = P(at least half are done by then), on the log-log scale of each curve."""
    if not np.isfinite(target):
        return np.full(n, np.nan)
    out = np.full(n, np.nan)
    out[curve.group] = 0.0  # nobody done by the target
    until = np.flatnonzero(curve.time <= target)
    last = np.full(n, -1)
    last[curve.group[until]] = until
    groups = np.flatnonzero(last >= 0)
    s, spread = curve.surviving[last[groups]], curve.greenwood[last[groups]]
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(spread) / np.abs(np.log(s))
        chance = stats.norm.cdf((np.log(-np.log(s)) - np.log(-np.log(0.5))) / error)
    out[groups] = np.where((s > 0) & (spread > 0), chance, s <= 0.5)
    return out


def _get_none(n: int, count: Floats, total: Floats) -> Estimates:
    nothing = np.full(n, np.nan)
    return Estimates(nothing, nothing, nothing, nothing, count, total)


def _sum_observed(cells: Cells, n: int) -> tuple[Floats, Floats]:
    """How many have ended, and how many there are."""
    assert cells.observed is not None
    sums = [np.bincount(cells.group, amounts, n).astype(float) for amounts in (cells.denominator * cells.observed, cells.denominator)]
    return sums[0], sums[1]


def _sum(cells: Cells, n: int) -> tuple[Floats, Floats]:
    sums = [np.bincount(cells.group, amounts, n).astype(float) for amounts in (cells.numerator, cells.denominator)]
    return sums[0], sums[1]


def _sum_clusters(cells: Cells) -> tuple[Whole, Floats, Floats]:
    """Cells of the same group and cluster added up: (group, count, total) per cluster."""
    if not cells.group.size:
        return cells.group, cells.numerator, cells.denominator
    width = int(cells.cluster.max()) + 1
    pairs, slot = np.unique(cells.group * width + cells.cluster, return_inverse=True)
    count, total = (np.bincount(slot, amounts).astype(float) for amounts in (cells.numerator, cells.denominator))
    return (pairs // width).astype(np.intp), count, total


def _divide(count: Floats, total: Floats) -> Floats:
    return np.asarray(np.divide(count, total, out=np.full(len(count), np.nan), where=total > 0), dtype=float)
