"""What the vendor figures say that a director should hear: worse than peers, paid by delay, disputable change, and who deserves more work."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from quarterdeck.vendors.analysis import compare_all
from quarterdeck.vendors.catalogue import get_metric
from quarterdeck.vendors.comparison import Comparison, VendorEffect
from quarterdeck.vendors.contracts import measure_concentration, price_delay, read_budget_rates, read_contracts, split_value
from quarterdeck.vendors.queries import read_vendor_names
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.finding import Consequence, Finding
from quarterdeck.vocabulary.money import Money
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.verdict import Verdict

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

LEAST_METRICS = 3  # a vendor is spoken of when at least so many metrics point the same way
LARGE_SHARE = 0.40
LEAST_AVOIDABLE, AVOIDABLE_SHARE = 2, Decimal("0.25")
HIGH_TIME_SHARE = 0.65
USUAL_TIME_SHARE = 0.60  # of direct cost, as one vendor of contract software reports for its clients


def findings(snapshot: Snapshot, base_currency: str = "") -> list[Finding]:
    """All vendor findings of a snapshot, kept for it; amounts in the installation's currency where no other is named."""
    base = base_currency or snapshot.choices.currency
    return snapshot.cached(
        ("vendor findings", base),
        lambda: [
            *_differences(snapshot),
            *_delay(snapshot, base),
            *_change_orders(snapshot, base),
            *_concentration(snapshot, base),
        ],
    )


def _differences(snapshot: Snapshot) -> list[Finding]:
    names = read_vendor_names(snapshot)
    worse: dict[str, list[tuple[str, VendorEffect]]] = {}
    better: dict[str, list[tuple[str, VendorEffect]]] = {}
    compared = 0
    for metric, result in compare_all(snapshot).items():
        if not isinstance(result, Comparison):
            continue
        compared += 1
        for effect in result.vendors:
            if effect.verdict in ("worse than average", "worst of all"):
                worse.setdefault(effect.vendor, []).append((metric, effect))
            elif effect.verdict == "better than average":
                better.setdefault(effect.vendor, []).append((metric, effect))
    found = []
    for vendor, hits in worse.items():
        if len(hits) >= LEAST_METRICS and len(hits) > len(better.get(vendor, [])):
            found.append(_difference(snapshot, vendor, names.get(vendor, vendor), hits, compared, is_worse=True))
    for vendor, hits in better.items():
        if len(hits) >= LEAST_METRICS and not worse.get(vendor):
            found.append(_difference(snapshot, vendor, names.get(vendor, vendor), hits, compared, is_worse=False))
    return found


def _difference(snapshot: Snapshot, vendor: str, name: str, hits: list[tuple[str, VendorEffect]], compared: int, is_worse: bool) -> Finding:
    worst = sorted(hits, key=lambda hit: abs(hit[1].p_better_than_average - 0.5), reverse=True)[:3]
    titles = wording.listing([get_metric(metric).title.lower() for metric, _ in worst])
    facts: dict[str, float | str] = {"metrics": float(len(hits)), "compared": float(compared)}
    facts |= {metric: effect.adjusted for metric, effect in worst}
    word = "worse" if is_worse else "better"
    return Finding(
        id=f"vendors/{word}/{vendor}",
        source="vendors",
        scope=Scope("vendor", vendor),
        headline=f"{name} is {word} than its peers on {wording.of(len(hits), compared)} adjusted metrics",
        verdict=Verdict.CONCERN if is_worse else Verdict.BETTER,
        cause=f"Adjusted for case mix, the clearest are {titles}.",
        suggested_action="Hold a business review; price the levers of its contract" if is_worse else "Ask for an offer on the next trial",
        href=f"/vendors/{vendor}",
        consequence=Consequence(probability=min(1 - effect.p_better_than_average for _, effect in worst) if is_worse else None),
        facts=facts,
        opportunity=not is_worse,
        snapshot=snapshot.id,
    )


def _delay(snapshot: Snapshot, base: str) -> list[Finding]:
    """Vendors whose running contracts earn most from delay, in one currency at the stated budget rates."""
    rates = read_budget_rates(snapshot, base) | {base: Decimal(1)}
    names = read_vendor_names(snapshot)
    per_month: dict[str, Decimal] = {}
    shares: dict[str, list[float]] = {}
    for contract in read_contracts(snapshot):
        if contract.currency in rates and contract.units and (contract.end is None or contract.end >= snapshot.data_cut):
            amount = price_delay(contract).per_month.amount * rates[contract.currency]
            per_month[contract.vendor_id] = per_month.get(contract.vendor_id, Decimal(0)) + amount
            shares.setdefault(contract.vendor_id, []).append(split_value(contract).time)
    found = []
    for vendor, amount in per_month.items():
        share = sum(shares[vendor]) / len(shares[vendor])
        if share < HIGH_TIME_SHARE:
            continue
        money = Money(amount.quantize(Decimal(1)), base)
        found.append(
            Finding(
                id=f"vendors/delay/{vendor}",
                source="vendors",
                scope=Scope("vendor", vendor),
                headline=f"{names.get(vendor, vendor)} earns {wording.money(money)} for each month that its trials slip",
                verdict=Verdict.CONCERN,
                cause=f"{wording.share(share, 0)} of its contracts' value is paid by the month.",
                suggested_action="Cap monthly units after the planned end, or move a share to milestones",
                href=f"/vendors/{vendor}",
                consequence=Consequence(probability=None, days=30.4375, money=money),
                facts={"per_month": float(amount), "time_share": share, "contracts": float(len(shares[vendor]))},
                snapshot=snapshot.id,
            )
        )
    return found


def _change_orders(snapshot: Snapshot, base: str) -> list[Finding]:
    """Vendors whose change orders of the last year are avoidable for a notable part, by our own judgement on record."""
    rates = read_budget_rates(snapshot, base) | {base: Decimal(1)}
    names = read_vendor_names(snapshot)
    rows = snapshot.query(
        """SELECT c.vendor_id, o.currency, count(*) AS n, count(*) FILTER (o.preventable) AS avoidable,
          sum(o.value) AS value, sum(o.value) FILTER (o.preventable) AS avoidable_value
        FROM change_order o JOIN contract c USING (contract_id)
        WHERE o.requested_dt > $1 - 365 AND o.status <> 'rejected' AND o.preventable IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2""",
        [snapshot.data_cut],
    ).to_pylist()
    totals: dict[str, list[Decimal]] = {}
    for row in rows:
        if row["currency"] in rates:
            rate = rates[row["currency"]]
            kept = totals.setdefault(row["vendor_id"], [Decimal(0)] * 4)
            for i, value in enumerate((row["n"], row["avoidable"], (row["value"] or 0) * rate, (row["avoidable_value"] or 0) * rate)):
                kept[i] += Decimal(value)
    return [
        Finding(
            id=f"vendors/change-orders/{vendor}",
            source="vendors",
            scope=Scope("vendor", vendor),
            headline=f"{wording.of(int(avoidable), int(n))} change orders of {names.get(vendor, vendor)} in twelve months were avoidable, "
            f"{wording.money(Money(money.quantize(Decimal(1)), base))} of {wording.money(Money(total.quantize(Decimal(1)), base))}",
            verdict=Verdict.CONCERN,
            cause="Our own judgement of each change order, as it stands on record.",
            suggested_action="Match the open change orders to the contract line by line before you sign",
            href="/vendors/change-orders",
            consequence=Consequence(money=Money(money.quantize(Decimal(1)), base)),
            facts={"change_orders": float(n), "avoidable": float(avoidable), "value": float(total), "avoidable_value": float(money)},
            snapshot=snapshot.id,
        )
        for vendor, (n, avoidable, total, money) in totals.items()
        if avoidable >= LEAST_AVOIDABLE and avoidable / n >= AVOIDABLE_SHARE
    ]


def _concentration(snapshot: Snapshot, base: str) -> list[Finding]:
    shares, index = measure_concentration(read_contracts(snapshot), read_budget_rates(snapshot, base), base, snapshot.data_cut)
    names = read_vendor_names(snapshot)
    return [
        Finding(
            id=f"vendors/concentration/{entry.vendor_id}",
            source="vendors",
            scope=Scope("vendor", entry.vendor_id),
            headline=f"{wording.share(entry.share, 0)} of open contract value lies with {names.get(entry.vendor_id, entry.vendor_id)}",
            verdict=Verdict.CONCERN,
            cause=f"{wording.money(entry.value)} in {wording.plural(entry.trials, 'trial')}.",
            suggested_action="Qualify a second vendor for part of the work",
            href=f"/vendors/{entry.vendor_id}",
            facts={"share": entry.share, "value": float(entry.value.amount), "trials": float(entry.trials), "concentration_index": index},
            snapshot=snapshot.id,
        )
        for entry in shares
        if entry.share >= LARGE_SHARE
    ]
