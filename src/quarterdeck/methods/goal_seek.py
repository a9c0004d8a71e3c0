"""P(last participant in by a month) without simulation, and the least change that makes it likely enough: milliseconds.

Given the common drift, a trial's count is a sum of two negative binomials (open and planned sites), so the saddlepoint law
applies; drift and the planned sites' delay are integrated over a few points.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from quarterdeck.methods.enrolment_backtest import FIRST_SHOCK, MONTHLY_SHOCK, SLOPE_ENDS
from quarterdeck.methods.negative_binomial import probability_at_least, saddlepoint_at_least
from quarterdeck.methods.portfolio import EDGES, WIDTHS, Array, Recruitment, expected_profiles

DRIFT_POINTS, DRIFT_WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
DRIFT_WEIGHTS = DRIFT_WEIGHTS / DRIFT_WEIGHTS.sum()
SADDLEPOINT_FROM = 20


def probability_by_month(r: Recruitment, month: float) -> float:
    """P(the target is met within so many months)."""
    if r.needed <= 0:
        return 1.0
    if month <= 0:
        return 0.0
    opened, new = expected_profiles(r)
    open_mean = _cumulated_at(opened, month)
    new_means = np.array([_cumulated_at(level, month) for level in new])
    factors = np.exp(_spread(month) * DRIFT_POINTS)
    shapes = np.array([_open_shape(r), _new_shape(r)])
    means = np.stack(np.broadcast_arrays(open_mean, new_means[:, None] * np.ones_like(factors)[None, :]), axis=-1) * factors[None, :, None]
    ratios = np.where(shapes > 0, means / np.maximum(shapes, 1e-9), 0.0)
    weights = np.broadcast_to(DRIFT_WEIGHTS / len(new), means.shape[:2])
    if r.needed >= SADDLEPOINT_FROM:
        values = saddlepoint_at_least(r.needed, np.broadcast_to(np.maximum(shapes, 1e-9), ratios.shape), ratios)
    else:
        flat = [probability_at_least(r.needed, shapes, row) for row in ratios.reshape(-1, 2)]
        values = np.array(flat).reshape(means.shape[:2])
    return float(np.clip((weights * values).sum(), 0.0, 1.0))


def least_count(probability: Callable[[int], float], wanted: float, largest: int) -> int | None:
    """The smallest count (0..largest) whose probability reaches `wanted`, by bisection; None where even the largest does not.

    `probability` must not fall with the count.
    """
    if probability(0) >= wanted:
        return 0
    if probability(largest) < wanted:
        return None
    low, high = 0, largest
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if probability(middle) >= wanted else (middle, high)
    return high


def _cumulated_at(profile: Array, month: float) -> float:
    reached = np.concatenate([[0.0], np.cumsum(profile * WIDTHS)])
    return float(np.interp(month, EDGES, reached))


def _spread(month: float) -> float:
    """Standard deviation of the log of the drift averaged over the months: first shock plus a third of the walk."""
    return float(np.sqrt(FIRST_SHOCK**2 + MONTHLY_SHOCK**2 * min(month, SLOPE_ENDS) / 3))


def _open_shape(r: Recruitment) -> float:
    if not len(r.open_shape):
        return 0.0
    means, variances = r.open_shape / r.open_rate, r.open_shape / r.open_rate**2
    return float(means.sum() ** 2 / variances.sum())


def _new_shape(r: Recruitment) -> float:
    if not len(r.planned_opening):
        return 0.0
    spread = float((r.planned_chance * (1 + r.alpha * (1 - r.planned_chance))).sum())
    return max(float(r.planned_chance.sum()) ** 2 / max(spread, 1e-9) * r.alpha, 1e-3)
