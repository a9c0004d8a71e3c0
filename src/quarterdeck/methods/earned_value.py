"""Earned value: is the money spent in step with the work done? Where a denominator is 0 the index is undefined (None), never 0 or infinity."""

from __future__ import annotations


def get_earned_value(budget: float, planned: float, earned: float, actual: float) -> dict[str, float | None]:
    """The indices of one trial or portfolio, all arguments in one currency (BAC, PV, EV, AC).

    Source: PMI, Practice Standard for Earned Value Management (2011).

    >>> get_earned_value(8e6, 3.2e6, 2.8e6, 3.15e6)["SPI"]
    0.875
    """
    cpi, spi = _divide(earned, actual), _divide(earned, planned)
    at_cost = _divide(budget, cpi)
    both = None if cpi is None or spi is None else _divide(budget - earned, cpi * spi)
    is_finished = earned >= budget
    return {
        "CV": earned - actual,
        "SV": earned - planned,
        "CPI": cpi,
        "SPI": spi,
        "EAC_cpi": at_cost,
        "EAC_plan": actual + budget - earned,
        "EAC_cpi_spi": None if both is None else actual + both,
        "TCPI_BAC": None if is_finished else _divide(budget - earned, budget - actual),
        "VAC_cpi": None if at_cost is None else budget - at_cost,
        "ETC_cpi": None if at_cost is None else at_cost - actual,
    }


def _divide(part: float, whole: float | None) -> float | None:
    return part / whole if whole else None
