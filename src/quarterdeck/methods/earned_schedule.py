"""Earned schedule: how far along the plan the work done lies, in periods. The schedule index in money ends at 1 whatever the delay; this does not."""

from __future__ import annotations

from collections.abc import Sequence

EARLY = 0.20  # share complete under which a cost index is not to be trusted


def earned_schedule(planned_by_period: Sequence[float], earned: float) -> float | None:
    """Periods by which the plan had earned what is earned now; None before anything was planned.

    >>> earned_schedule([0, 10, 20, 40], 30)
    2.5
    """
    values = list(planned_by_period)
    if not values or values[-1] <= 0:
        return None
    if earned >= values[-1]:
        return float(next(i for i, v in enumerate(values) if v >= values[-1]))
    after = next(i for i, v in enumerate(values) if v > earned)
    if after == 0:
        return 0.0
    before = values[after - 1]
    return after - 1 + (earned - before) / (values[after] - before)


def is_early(budget: float, earned: float) -> bool:
    """Too little is done for the cost index to be trusted."""
    return budget <= 0 or earned / budget < EARLY
