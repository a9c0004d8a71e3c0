"""From sums per group to values, intervals and chances: the named methods that need nothing but counts or a histogram."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from quarterdeck.measures.model import Method
from quarterdeck.methods import proportions, quantiles, rates
from quarterdeck.methods.survival import fit_kaplan_meier

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
    """The median of whole durations, with order-statistic ends."""
    return _estimate_by_group(cells, n, lambda value, weight, _: _get_median(value, weight, method.level, target))


def estimate_survival_medians(cells: Cells, n: int, method: Method, target: float) -> Estimates:
    """The Kaplan-Meier median, the unfinished counted as such; NaN where it is not reached, an open end is NaN."""

    def fit(value: Floats, weight: Floats, observed: Floats) -> tuple[float, float, float, float]:
        curve = fit_kaplan_meier(value, observed, weight)
        middle = curve.get_quantile()
        low, high = curve.get_quantile_interval(level=method.level)
        ends = [np.nan if end is None else end for end in (middle, low, high)]
        return ends[0], ends[1], ends[2], _get_chance_reached(curve.times, curve.surviving, curve.greenwood, target)

    return _estimate_by_group(cells, n, fit)


def _get_chance_reached(times: Floats, surviving: Floats, greenwood: Floats, target: float) -> float:
    """P(the median is at most `target`) = P(at least half are done by then), on the log-log scale of the curve."""
    index = np.searchsorted(times, target, side="right") - 1
    if not np.isfinite(target) or not times.size or index < 0:
        return 0.0 if np.isfinite(target) and times.size else np.nan
    s, spread = surviving[index], greenwood[index]
    if s <= 0 or spread <= 0:
        return float(s <= 0.5)
    error = np.sqrt(spread) / abs(np.log(s))
    return float(stats.norm.cdf((np.log(-np.log(s)) - np.log(-np.log(0.5))) / error))


def _get_median(value: Floats, weight: Floats, level: float, target: float) -> tuple[float, float, float, float]:
    ends = quantiles.get_quantile_interval(value, weight, level) or (np.nan, np.nan)
    chance = quantiles.get_chance_median_at_most(value, weight, target) if np.isfinite(target) else np.nan
    return quantiles.get_quantile(value, weight), *ends, chance


def _estimate_by_group(cells: Cells, n: int, fit: Callable[[Floats, Floats, Floats], tuple[float, float, float, float]]) -> Estimates:
    assert cells.value is not None
    assert cells.observed is not None
    _, total = _sum(cells, n)
    count = np.asarray(np.bincount(cells.group, cells.denominator * cells.observed, n), dtype=float)
    used = np.flatnonzero((cells.denominator > 0) & np.isfinite(cells.value))
    used = used[np.argsort(cells.group[used], kind="stable")]
    out = np.full((n, 4), np.nan)
    starts = np.searchsorted(cells.group[used], np.arange(n + 1))
    for group in range(n):
        rows = used[starts[group] : starts[group + 1]]
        if rows.size:
            out[group] = fit(cells.value[rows], cells.denominator[rows], cells.observed[rows])
    return Estimates(out[:, 0], out[:, 1], out[:, 2], out[:, 3], count, total)


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
