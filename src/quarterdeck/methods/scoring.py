"""Scores for forecasts that are distributions: coverage, PIT, CRPS, pinball, interval score, Brier, log score; censored outcomes too.

Gneiting and Raftery, JASA 2007. Lower is better for every score here; coverage should equal its level.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def coverage(low: Array, high: Array, actual: Array) -> float:
    """Share of outcomes within low..high, ends included."""
    return float(np.mean((low <= actual) & (actual <= high)))


def median_ratio(median: Array, actual: Array) -> float:
    """Median of forecast median over outcome (outcome at least 1)."""
    return float(np.median(median / np.maximum(actual, 1)))


def pinball_loss(quantile: ArrayLike, actual: ArrayLike, level: float) -> Array:
    """Loss of a quantile at `level`: max(p (y - q), (p - 1)(y - q))."""
    error = np.asarray(actual, dtype=float) - np.asarray(quantile, dtype=float)
    return np.asarray(np.maximum(level * error, (level - 1) * error))


def crps_sample(sample: Array, actual: float) -> float:
    """Continuous ranked probability score of a sample, in its fair form.

    E|X - y| - 1/2 E|X - X'| with the mean over distinct pairs. `sample` shape (m,), m >= 2.
    """
    x = np.sort(sample)
    m = len(x)
    gap = 2 * float((x * (2 * np.arange(1, m + 1) - m - 1)).sum()) / (m * (m - 1))
    return float(np.abs(x - actual).mean() - gap / 2)


def crps_quantiles(levels: Sequence[float], quantiles: ArrayLike, actual: float) -> float:
    """CRPS from a few quantiles: twice the pinball loss integrated over the levels (trapezoid, flat beyond the ends)."""
    p, q = np.asarray(levels, dtype=float), np.asarray(quantiles, dtype=float)
    loss = np.array([float(pinball_loss(value, actual, level)) for level, value in zip(p, q, strict=True)])
    inner = float(((loss[1:] + loss[:-1]) / 2 * np.diff(p)).sum())
    return float(2 * (inner + loss[0] * p[0] / 2 + loss[-1] * (1 - p[-1]) / 2))


def interval_score(low: ArrayLike, high: ArrayLike, actual: ArrayLike, level: float) -> Array:
    """(u - l) + (2/a) x the miss, a = 1 - level."""
    lo, hi, y = (np.asarray(value, dtype=float) for value in (low, high, actual))
    return np.asarray((hi - lo) + 2 / (1 - level) * (np.maximum(lo - y, 0) + np.maximum(y - hi, 0)))


def brier_score(probability: ArrayLike, happened: ArrayLike) -> float:
    """Mean squared distance between probability and outcome."""
    return float(np.mean((np.asarray(probability, dtype=float) - np.asarray(happened, dtype=float)) ** 2))


def log_score(probability: ArrayLike, happened: ArrayLike) -> float:
    """Mean of -ln of the probability given to what happened; probabilities are kept 1e-6 away from 0 and 1."""
    p = np.clip(np.asarray(probability, dtype=float), 1e-6, 1 - 1e-6)
    y = np.asarray(happened, dtype=float)
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))


def pit_from_quantiles(levels: Sequence[float], quantiles: ArrayLike, actual: float) -> float:
    """Where the outcome falls in the forecast, 0..1, straight between the given quantiles.

    >>> pit_from_quantiles((0.05, 0.5, 0.95), (10, 20, 40), 30)
    0.725
    """
    q, p = np.asarray(quantiles, dtype=float), np.asarray(levels, dtype=float)
    if actual <= q[0]:
        return float(p[0]) if actual == q[0] else float(p[0]) / 2
    if actual >= q[-1]:
        return float(p[-1]) if actual == q[-1] else float(1 + p[-1]) / 2
    return float(np.interp(actual, q, p))


def censored_coverage(low: Array, high: Array, known_until: Array, actual: Array) -> tuple[int, int, int]:
    """(inside, outside, undecided) where `actual` is NaN for what has not happened by `known_until`.

    Not yet happened is outside once `known_until` has passed the high end, otherwise undecided: slow trials are not lost.
    """
    happened = np.isfinite(actual)
    inside = happened & (low <= actual) & (actual <= high)
    outside = (happened & ~inside) | (~happened & (known_until > high))
    return int(inside.sum()), int(outside.sum()), int((~inside & ~outside).sum())


def censored_crps(levels: Sequence[float], quantiles: ArrayLike, known_until: float) -> float:
    """CRPS of an outcome known only to lie after `known_until`: the squared forecast probability up to there, integrated."""
    p, q = np.asarray(levels, dtype=float), np.asarray(quantiles, dtype=float)
    if known_until <= q[0]:
        return 0.0
    inside = q < known_until
    days = np.concatenate([q[inside], [known_until]])
    reached = np.concatenate([p[inside], [float(np.interp(known_until, q, p))]])
    return float(((reached[1:] ** 2 + reached[:-1] ** 2) / 2 * np.diff(days)).sum())


def skill(score: float, reference: float) -> float | None:
    """1 - score/reference: above 0 beats the reference; None where the reference is perfect."""
    return None if reference <= 0 else 1 - score / reference


def reliability(probability: Array, happened: Array, bins: int = 5) -> list[tuple[float, float, int]]:
    """(mean probability, share happened, n) per bin of equal width; empty bins are left out."""
    index = np.minimum((np.asarray(probability) * bins).astype(int), bins - 1)
    return [
        (float(probability[index == b].mean()), float(happened[index == b].mean()), int((index == b).sum()))
        for b in range(bins)
        if (index == b).any()
    ]
