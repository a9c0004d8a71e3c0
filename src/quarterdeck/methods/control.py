"""Control charts: the band of ordinary variation around a series, and which points or runs lie outside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
RUN_LENGTH = 8  # points on one side of the centre; Nelson (1984) uses 9, Western Electric 8: one false alarm in some 150 points


@dataclass(frozen=True, slots=True)
class ControlChart:
    """Centre and limits per point; `signals` holds (index, "outside the limits" | "run on one side")."""

    values: Floats
    centre: float
    low: Floats
    high: Floats
    signals: tuple[tuple[int, str], ...]


def fit_individuals(values: ArrayLike) -> ControlChart:
    """XmR chart: limits at 2.66 mean moving ranges. Needs two points or more. Source: Shewhart; Wheeler (1993).

    >>> fit_individuals([5, 6, 5, 6, 5, 20]).signals
    ((5, 'outside the limits'),)
    """
    x = np.asarray(values, dtype=float)
    # The median moving range resists the very jump one looks for (Wheeler): 3.145 is its factor where 2.66 is the mean's.
    half = 3.145 * float(np.median(np.abs(np.diff(x)))) if x.size > 1 else 0.0
    centre = float(np.median(x)) if half else float(x.mean())
    if half == 0 and x.size > 1:
        half = 2.66 * float(np.abs(np.diff(x)).mean())
    return _chart(x, centre, np.full(x.size, half))


def fit_shares(count: ArrayLike, total: ArrayLike) -> ControlChart:
    """p′ chart: limits from the binomial, widened by the variation between periods. Source: Laney, Quality Engineering 14 (2002) 531."""
    k, n = np.asarray(count, dtype=float), np.maximum(np.asarray(total, dtype=float), 1e-12)
    centre = float(k.sum() / n.sum())
    chart = _chart(k / n, centre, _widen(k / n, centre, np.sqrt(centre * (1 - centre) / n)))
    return ControlChart(chart.values, centre, np.clip(chart.low, 0, 1), np.clip(chart.high, 0, 1), chart.signals)


def fit_rates(count: ArrayLike, exposure: ArrayLike) -> ControlChart:
    """u′ chart: as `fit_shares`, for counts per exposure."""
    k, t = np.asarray(count, dtype=float), np.maximum(np.asarray(exposure, dtype=float), 1e-12)
    centre = float(k.sum() / t.sum())
    chart = _chart(k / t, centre, _widen(k / t, centre, np.sqrt(centre / t)))
    return ControlChart(chart.values, centre, np.maximum(chart.low, 0), chart.high, chart.signals)


def _widen(values: Floats, centre: float, error: Floats) -> Floats:
    if not np.any(error > 0):
        return 3 * error
    z = (values - centre) / np.where(error > 0, error, np.inf)
    between = float(np.median(np.abs(np.diff(z)))) / 0.954 if z.size > 1 else 1.0
    return 3 * error * max(between, 1.0)


def _chart(x: Floats, centre: float, half: Floats) -> ControlChart:
    low, high = centre - half, centre + half
    outside = [(int(i), "outside the limits") for i in np.flatnonzero((x < low - 1e-12) | (x > high + 1e-12))]
    return ControlChart(x, centre, low, high, tuple(outside + _find_runs(x, centre)))


def _find_runs(x: Floats, centre: float) -> list[tuple[int, str]]:
    """The last point of each run of RUN_LENGTH or more on one side of the centre."""
    found: list[tuple[int, str]] = []
    side = np.sign(x - centre)
    start = 0
    for i in range(1, len(x) + 1):
        if i == len(x) or side[i] != side[start]:
            if side[start] != 0 and i - start >= RUN_LENGTH:
                found.append((i - 1, "run on one side"))
            start = i
    return found
