"""The running trials' CRO work as packages: what each vendor would be expected to cost, and who should do it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from quarterdeck.vendors.allocation import Allocation, Offer, WorkPackage, allocate
from quarterdeck.vendors.analysis import compare_metric
from quarterdeck.vendors.catalogue import get_metric
from quarterdeck.vendors.comparison import Comparison
from quarterdeck.vendors.contracts import Contract, price_delay, read_budget_rates, read_contracts, split_value
from quarterdeck.vendors.review import read_slips
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.money import Money

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

SWITCHING_SHARE = 0.12  # of a package's remaining value: handover, retraining, contract work (assumption, shown)
HEADROOM = 1.3  # a vendor can take 30 % more than it does now (assumption, shown)


@dataclass(frozen=True, slots=True)
class Plan:
    """A proposal with its saving against leaving everything as it is, in the base currency."""

    packages: tuple[WorkPackage, ...]
    allocation: Allocation
    saving: Money
    shares_now: dict[str, float]
    assumptions: tuple[str, ...]


def propose_allocation(snapshot: Snapshot, base: str, largest_share: float) -> Plan:
    """Give out the remaining CRO work of running trials. Expected cost = remaining value x (1 + the vendor's expected slip paid by the month).

    Raises BadInput where fewer than two CROs or no running contract are known.
    """
    rates = read_budget_rates(snapshot, base) | {base: Decimal(1)}
    kinds = {
        str(row["vendor_id"]): str(row["vendor_type"]) for row in snapshot.query("SELECT vendor_id, vendor_type FROM vendor").to_pylist()
    }
    cros = sorted(vendor for vendor, kind in kinds.items() if kind in ("cro", "fsp"))
    running = [
        c
        for c in read_contracts(snapshot)
        if c.vendor_id in cros and c.units and c.currency in rates and (c.end is None or c.end > snapshot.data_cut)
    ]
    if len(cros) < 2 or not running:
        raise BadInput(
            "There is nothing to allocate",
            thing=f"{len(cros)} CROs, {len(running)} running contracts",
            next_step="Load `vendor`, `contract` and `deliverable`.",
        )
    packages = [WorkPackage(c.study_id or c.id, _remaining(c) * float(rates[c.currency]) / 1e6, c.vendor_id) for c in running]
    factor = {vendor: _cost_factor(snapshot, vendor, running) for vendor in cros}
    cost = np.array([[package.size * factor[vendor] for vendor in cros] for package in packages])
    now = {vendor: sum(p.size for p in packages if p.incumbent == vendor) for vendor in cros}
    total = sum(now.values())
    offers = [
        Offer(vendor, max(now[vendor] * HEADROOM, total * 0.25), switching_cost=SWITCHING_SHARE * total / len(packages)) for vendor in cros
    ]
    # Whoever has more than the limit today may keep it: the limit binds new work, not contracts that run.
    limit = max(largest_share, max(now.values()) / total)
    allocation = allocate(packages, offers, cost, np.ones(cost.shape, dtype=bool), limit)
    as_is = sum(float(cost[i, cros.index(package.incumbent)]) for i, package in enumerate(packages))
    saving = Money(Decimal(str(round((as_is - allocation.cost) * 1e6, 0))), base)
    return Plan(
        tuple(packages),
        allocation,
        saving,
        {vendor: amount / total for vendor, amount in now.items()},
        (
            f"Taking over a trial costs {SWITCHING_SHARE:.0%} of an average package.",
            f"A vendor can take up to {HEADROOM - 1:.0%} more than it does now, or a quarter of all work.",
            "A vendor's expected slip is that of its own trials, drawn towards the average by its adjusted start-up figure.",
        ),
    )


def _remaining(contract: Contract) -> float:
    left = sum((max(Decimal(0), unit.planned - unit.actual) * unit.price for unit in contract.units), Decimal(0))
    return max(float(left), 1.0)


def _cost_factor(snapshot: Snapshot, vendor: str, running: list[Contract]) -> float:
    """1 plus the share of value that expected slip adds under the vendor's own way of being paid."""
    own = [contract for contract in running if contract.vendor_id == vendor]
    per_month = float(np.mean([price_delay(contract).share_of_value for contract in own])) if own else 0.02
    time_share = float(np.mean([split_value(contract).time for contract in own])) if own else 0.55
    slips = np.concatenate([read_slips(snapshot, vendor), [2.0, 3.0]])  # two pseudo-trials of ordinary slip: few trials say little
    result = compare_metric(snapshot, get_metric("selection_to_activation_days"))
    ratio = next((e.ratio for e in result.vendors if e.vendor == vendor), 1.0) if isinstance(result, Comparison) else 1.0
    return 1 + max(0.0, float(np.mean(np.clip(slips, 0, 24)))) * per_month * ratio * (0.5 + time_share / 2)
