"""The negotiation position: levers priced by simulation on the contract itself, what each side gives and gets, and where to walk away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from quarterdeck.vendors.contracts import Contract, DelayIncentive, price_delay, price_exit
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.money import Money

if TYPE_CHECKING:
    from datetime import date

Floats = npt.NDArray[np.float64]
DRAWS = 4000


@dataclass(frozen=True, slots=True)
class Outlook:
    """What may happen to a contract: months of slip (draws, from the forecasts), inflation, staff turnover of the named team a year."""

    slip_months: Floats
    inflation_mean: float = 0.03
    inflation_sd: float = 0.012
    turnover_mean: float = 0.22
    turnover_sd: float = 0.07
    handover_cost_share: float = 0.004  # of the contract's value, for each person of the named team who leaves (assumption, shown)
    team_size: int = 8


@dataclass(frozen=True, slots=True)
class Lever:
    """One thing to ask for. `value` is what it saves us (median), `interval` 80 %; `give` is what may be offered for it."""

    name: str
    ask: str
    value: Money
    interval: Interval
    p_worth_it: float
    give: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Position:
    """The whole position on one contract. `walk_away` is what leaving costs: no concession to us is worth refusing below that."""

    contract_id: str
    vendor_id: str
    incentive: DelayIncentive
    levers: tuple[Lever, ...]
    walk_away: Money
    expected_slip: float
    assumptions: tuple[str, ...]


def prepare_position(
    contract: Contract, outlook: Outlook, today: date, cap_share: float = 0.5, milestone_share: float = 0.3, seed: int = 1
) -> Position:
    """Price six levers on one contract under the same futures.

    `cap_share`: share of the monthly fee paid after the planned end if units are capped. `milestone_share`: share of monthly units moved to
    milestones. Values are savings to us in the contract's currency; the levers overlap, so they do not add up.
    """
    rng = np.random.Generator(np.random.Philox(seed))
    incentive = price_delay(contract)
    monthly, value = float(incentive.per_month.amount), float(sum((unit.planned_value for unit in contract.units), Decimal(0)))
    slip = np.maximum(outlook.slip_months[rng.integers(len(outlook.slip_months), size=DRAWS)], 0)
    late = np.maximum(slip, 0)
    years = float(contract.planned_months) / 12
    inflation = np.maximum(rng.normal(outlook.inflation_mean, outlook.inflation_sd, DRAWS), 0)
    leavers = rng.poisson(
        np.maximum(rng.normal(outlook.turnover_mean, outlook.turnover_sd, DRAWS), 0) * outlook.team_size * max(years, 0.1)
    )
    unit_value = float(sum((unit.planned_value for unit in contract.units if unit.paid_by == "unit"), Decimal(0)))
    fee = f"{incentive.share_of_value:.1%} of the contract's value for each month of slip"
    levers = [
        _lever(contract, "unit cap", f"After the planned end, pay {cap_share:.0%} of monthly units", monthly * late * (1 - cap_share),
               "Earlier notice of a change in the plan", f"Monthly units pay {fee}"),
        _lever(contract, "milestone share", f"Move {milestone_share:.0%} of monthly units to milestones", monthly * late * milestone_share,
               "Pay milestones within 30 days", f"Monthly units pay {fee}"),
        _lever(contract, "bonus and malus", "1% of the monthly fee back for each week late, the same paid for each week early",
               monthly * np.clip(outlook.slip_months[rng.integers(len(outlook.slip_months), size=DRAWS)], -3, 12) * (30.4375 / 7) * 0.01 * 6,
               "A bonus for finishing early, at the same rate", "The forecast of the trial's end, with its interval"),
        _lever(contract, "staff continuity", "The vendor bears the handover when a named person leaves", leavers * outlook.handover_cost_share * value,
               "A longer planning horizon for the named team", "Turnover of monitors outside the sponsor's control"),
        _lever(contract, "inflation cap", "Cap indexation at 2% a year", value * ((1 + inflation) ** (years / 2) - (1 + np.minimum(inflation, 0.02)) ** (years / 2)),
               "Index on a fixed date each year", contract.inflation_clause or "The contract has no clause on inflation"),
        _lever(contract, "volume discount", "3% on unit prices above this year's volume", np.full(DRAWS, unit_value * 0.03),
               "Name the vendor as preferred for the next trial", "Unit prices of this contract"),
    ]  # fmt: skip
    return Position(
        contract.id,
        contract.vendor_id,
        incentive,
        tuple(sorted(levers, key=lambda lever: -lever.value.amount)),
        price_exit(contract, today),
        float(np.median(slip)),
        (
            "Levers overlap: their values do not add up.",
            f"Named team of {outlook.team_size}; a handover costs {outlook.handover_cost_share:.1%} of the contract's value (assumption).",
            f"Turnover of {outlook.turnover_mean:.0%} a year and inflation of {outlook.inflation_mean:.0%} a year (assumptions).",
        ),
    )


def _lever(contract: Contract, name: str, ask: str, saved: npt.NDArray[np.floating[Any]], give: str, evidence: str) -> Lever:
    low, middle, high = (float(q) for q in np.quantile(saved, [0.1, 0.5, 0.9]))
    return Lever(
        name, ask, contract.money(Decimal(str(round(middle, 2)))), Interval(low, high, 0.8), float((saved > 0).mean()), give, evidence
    )


@dataclass(frozen=True, slots=True)
class Package:
    """A set of asks and gives on the table, with what it is worth to us against walking away."""

    asks: tuple[str, ...]
    value: Money
    is_above_walk_away: bool


def value_package(position: Position, asks: Sequence[str]) -> Package:
    """What a package of asks is worth, counting the overlapping delay levers once (the largest of them)."""
    chosen = [lever for lever in position.levers if lever.name in asks]
    delay = [lever for lever in chosen if lever.name in ("unit cap", "milestone share", "bonus and malus")]
    rest = [lever for lever in chosen if lever not in delay]
    amount = max((lever.value.amount for lever in delay), default=Decimal(0)) + sum((lever.value.amount for lever in rest), Decimal(0))
    return Package(tuple(asks), Money(amount, position.incentive.per_month.currency), amount > -position.walk_away.amount)
