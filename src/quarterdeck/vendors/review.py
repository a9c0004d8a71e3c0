"""The business review: promises first, then adjusted figures, bottlenecks, service levels, money, and three levers with their value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from quarterdeck.vendors.analysis import NotCompared, Stage, Trend, compare_all, measure_stages, measure_trends
from quarterdeck.vendors.catalogue import get_metric
from quarterdeck.vendors.comparison import Comparison, VendorEffect
from quarterdeck.vendors.contracts import Contract, DelayIncentive, price_delay, read_contracts
from quarterdeck.vendors.negotiation import Lever, Outlook, prepare_position
from quarterdeck.vocabulary.errors import NotFound

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.record.models.vendors import VendorCommitment


@dataclass(frozen=True, slots=True)
class PromiseTally:
    """Last reviews' promises of one side."""

    kept: int
    broken: int
    overdue: int
    open: int


@dataclass(frozen=True, slots=True)
class Scorecard:
    """One metric of one vendor, raw beside adjusted, with the comparison it comes from."""

    metric: str
    title: str
    unit: str
    kind: str
    effect: VendorEffect
    reliability: float
    misuse: str


@dataclass(frozen=True, slots=True)
class BusinessReview:
    """Everything a review meeting opens with, for one vendor at one snapshot."""

    vendor_id: str
    name: str
    snapshot: str
    promises: dict[str, PromiseTally]
    scorecard: tuple[Scorecard, ...]
    not_compared: tuple[NotCompared, ...]
    stages: tuple[Stage, ...]
    trends: tuple[Trend, ...]
    incentives: tuple[tuple[Contract, DelayIncentive], ...]
    levers: tuple[Lever, ...]


def prepare_review(
    snapshot: Snapshot, vendor_id: str, promises: Sequence[VendorCommitment] = (), slip_months: Sequence[float] = ()
) -> BusinessReview:
    """The review of one vendor. `slip_months` are draws of slip from the forecasts; without them the slip of its own trials so far is used.

    Raises NotFound for an unknown vendor.
    """
    names = {str(row["vendor_id"]): str(row["name"]) for row in snapshot.query("SELECT vendor_id, name FROM vendor").to_pylist()}
    if vendor_id not in names:
        raise NotFound("There is no such vendor", thing=vendor_id, allowed=sorted(names))
    cards, missing = _scorecards(snapshot, vendor_id)
    contracts = [contract for contract in read_contracts(snapshot, vendor_id) if contract.units]
    running = [contract for contract in contracts if contract.end is None or contract.end >= snapshot.data_cut]
    incentives = sorted(((contract, price_delay(contract)) for contract in running), key=lambda pair: -float(pair[1].per_month.amount))
    levers: tuple[Lever, ...] = ()
    if incentives:
        slip = np.array(slip_months, dtype=float) if len(slip_months) else read_slips(snapshot, vendor_id)
        levers = prepare_position(incentives[0][0], Outlook(slip), snapshot.data_cut).levers[:3]
    return BusinessReview(
        vendor_id, names[vendor_id], snapshot.id, tally_promises(promises, snapshot.data_cut), cards, missing,
        tuple(measure_stages(snapshot, vendor_id)), tuple(measure_trends(snapshot, vendor_id)), tuple(incentives), levers,
    )  # fmt: skip


def _scorecards(snapshot: Snapshot, vendor_id: str) -> tuple[tuple[Scorecard, ...], tuple[NotCompared, ...]]:
    cards, missing = [], []
    for name, result in compare_all(snapshot).items():
        metric = get_metric(name)
        if isinstance(result, Comparison):
            mine = [effect for effect in result.vendors if effect.vendor == vendor_id]
            if mine:
                cards.append(Scorecard(name, metric.title, metric.unit, metric.kind, mine[0], result.reliability, metric.misuse))
        else:
            missing.append(result)
    return tuple(sorted(cards, key=lambda card: card.effect.p_better_than_average)), tuple(missing)


def tally_promises(promises: Sequence[VendorCommitment], today: date) -> dict[str, PromiseTally]:
    """Kept, broken, overdue and open, for each side."""
    tally = {}
    for side in ("vendor", "sponsor"):
        mine = [promise for promise in promises if promise.promised_by == side]
        open_ones = [promise for promise in mine if promise.state == "open"]
        late = sum(promise.due < today for promise in open_ones)
        kept, broken = (sum(promise.state == state for promise in mine) for state in ("kept", "broken"))
        tally[side] = PromiseTally(kept, broken, late, len(open_ones) - late)
    return tally


def read_slips(snapshot: Snapshot, vendor_id: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Months of slip of the vendor's trials as the facts show: last participant in, known or as the team forecasts it, against plan."""
    rows = snapshot.query(
        """SELECT date_diff('day', planned_finish, COALESCE(actual_finish, forecast_finish)) / 30.4375 AS slip FROM milestone
        WHERE milestone_type IN ('last_participant_in', 'database_lock') AND planned_finish IS NOT NULL
        AND COALESCE(actual_finish, forecast_finish) IS NOT NULL
        AND study_id IN (SELECT DISTINCT study_id FROM site WHERE vendor_id = $1) ORDER BY slip""",
        [vendor_id],
    ).to_pylist()
    slips = np.array([float(row["slip"]) for row in rows])
    return slips if len(slips) else np.array([0.0, 1.0, 2.0, 3.0, 6.0])
