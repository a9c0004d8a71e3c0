"""Conformal intervals: widths taken from past errors, so that the promised share of outcomes falls inside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def conformal_offsets(errors: Array, level: float, weights: Array | None = None) -> tuple[float, float]:
    """(low, high) offsets from the point forecast; `errors` = actual - forecast of cases the model did not see.

    The finite-sample rank (n + 1) is used, so coverage is at least `level` for exchangeable cases.
    """
    order = np.argsort(errors)
    e = errors[order]
    w = np.ones(len(e)) if weights is None else weights[order]
    reach = np.cumsum(w) / (w.sum() + w.mean())
    tail = (1 - level) / 2
    low = e[max(int(np.searchsorted(reach, tail)) - 1, 0)]
    high = e[min(int(np.searchsorted(reach, 1 - tail)), len(e) - 1)]
    return float(low), float(high)


def width_factor(scores: Array, level: float = 0.9, weight: float = 20.0) -> float:
    """Factor on the spread of forecasts from their past scores |z| (error over forecast spread), shrunk to 1 while few are known."""
    if not len(scores):
        return 1.0
    from scipy.special import ndtri

    nominal = float(ndtri(0.5 + level / 2))
    seen = float(np.quantile(np.abs(scores), level)) / nominal
    return float(np.exp(len(scores) / (len(scores) + weight) * np.log(max(seen, 0.2))))


def kaplan_meier_weights(durations: Array, happened: NDArray[np.bool_]) -> Array:
    """Inverse-probability-of-censoring weights: 0 for censored cases, larger for late events, summing to about the number of cases."""
    order = np.lexsort((~happened, durations))
    size = len(durations)
    at_risk = size - np.arange(size)
    censored = ~happened[order]
    # G(t-) : chance of not yet being censored just before t.
    survive = np.cumprod(np.where(censored, 1 - 1 / at_risk, 1.0))
    before = np.concatenate([[1.0], survive[:-1]])
    weights = np.zeros(size)
    weights[order] = np.where(censored, 0.0, 1 / np.maximum(before, 0.05))
    return weights
