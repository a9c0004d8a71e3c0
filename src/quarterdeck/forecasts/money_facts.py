"""Money of every trial in the currency of the portfolio: budgets, change orders and monthly fees, each amount at its budget rate.

Currency and rates are those of the measures (`measures.rates_of_exchange`). An amount without a rate is never left out of a sum: the
sum is then not given, and says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.measures.rates_of_exchange import BUDGET, RatesOfExchange, read_currency, read_rates

AMOUNTS = ("approved", "baseline", "actual", "accrual")
BUDGETS = """
SELECT study_id, coalesce(cost_category, 'other') AS cost_category, currency, period, max(vendor_id) AS vendor, sum(coalesce(budget_current, budget_baseline)) AS approved,
       sum(budget_baseline) AS baseline, sum(actual) AS actual, sum(accrual) AS accrual
FROM budget_line GROUP BY ALL ORDER BY study_id, cost_category, currency, period
"""
# What delay costs is in the months of the forecast already, so change orders for it are left out.
CHANGE_ORDERS = """
SELECT c.study_id, o.value, o.currency, coalesce(o.executed_dt, o.submitted_dt, o.requested_dt) AS day
FROM change_order o JOIN contract c USING (contract_id)
WHERE o.status = 'executed' AND o.value IS NOT NULL AND coalesce(o.reason_code, '') <> 'timeline' AND c.study_id IS NOT NULL
ORDER BY c.study_id, o.co_id
"""
# Months of site management are no monthly fee: they go with site-months.
FEES = """
SELECT d.study_id, d.currency, d.due_dt AS day, d.planned_units * d.unit_price AS value, d.unit_type = 'month' AS is_month,
       d.unit_type = 'milestone' OR (d.unit_type = 'month' AND NOT contains(lower(d.name), 'site')) AS is_fixed
FROM deliverable d JOIN vendor v ON v.vendor_id = (SELECT max(c.vendor_id) FROM contract c WHERE c.contract_id = d.contract_id)
WHERE v.vendor_type = 'cro' AND d.planned_units * d.unit_price IS NOT NULL ORDER BY d.study_id, d.deliverable_id
"""


@dataclass(frozen=True, slots=True)
class BudgetFacts:
    """Money of one trial in the currency of the portfolio.

    `baseline_share` is the part of the first approved budget that its phasing puts before the data cut; `monthly_fee_share` the part of
    the CRO's contract that is paid by the month, None where no contract lists its units.
    """

    currency: str
    approved: float
    baseline: float
    contingency: float
    spent: float
    accrued: float
    by_category: dict[str, tuple[float, float]]  # category -> (approved, spent incl. accrual)
    monthly: tuple[tuple[date, float, float], ...]  # period end, approved, spent
    foreign_share: float
    vendor: str
    baseline_share: float = 0.0
    monthly_fee_share: float | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """Amounts into one currency at the stated budget rates."""

    currency: str
    rates: RatesOfExchange

    def convert(self, amount: float, currency: str, day: date) -> float | None:
        """The amount at the budget rate of that day; None where its currency has no rate."""
        rate = self.rates.get_rate(currency, self.currency, day, BUDGET)
        return None if rate is None else amount * rate


@dataclass(frozen=True, slots=True)
class MoneyFacts:
    """All trials: their budgets, why some have none, and the values of their change orders (None: known, but without a rate)."""

    exchange: Exchange
    budgets: dict[str, BudgetFacts]
    unpriced: dict[str, str]
    change_orders: dict[str, tuple[float | None, ...]]


def read_money(snapshot: Snapshot) -> MoneyFacts:
    """The money of a snapshot."""
    rows = snapshot.query(BUDGETS).to_pylist()
    currency = read_currency(snapshot)
    exchange = Exchange(currency, read_rates(snapshot))
    lines: dict[str, list[dict[str, Any]]] = {}
    unpriced: dict[str, str] = {}
    for row in rows:
        amounts = {name: exchange.convert(float(row[name] or 0), row["currency"], row["period"]) for name in AMOUNTS}
        if None in amounts.values():
            unpriced.setdefault(row["study_id"], f"no budget rate from {row['currency']} to {currency}")
        lines.setdefault(row["study_id"], []).append(row | amounts)
    fees = _monthly_fees(snapshot, exchange)
    priced = {
        study: _budget(mine, exchange.currency, snapshot.data_cut, fees.get(study))
        for study, mine in lines.items()
        if study not in unpriced
    }
    return MoneyFacts(exchange, priced, unpriced, _change_orders(snapshot, exchange))


def _budget(lines: list[dict[str, Any]], base: str, today: date, monthly_fee_share: float | None) -> BudgetFacts:
    work = [line for line in lines if line["cost_category"] != "contingency"]
    categories = sorted({line["cost_category"] for line in work})
    spent = {c: sum(x["actual"] + x["accrual"] for x in work if x["cost_category"] == c) for c in categories}
    approved = {c: sum(x["approved"] for x in work if x["cost_category"] == c) for c in categories}
    whole = sum(approved.values())
    periods = sorted({line["period"] for line in work})
    monthly = tuple(
        (p, sum(x["approved"] for x in work if x["period"] == p), sum(x["actual"] + x["accrual"] for x in work if x["period"] == p))
        for p in periods
    )
    vendors = [line["vendor"] for line in work if line["cost_category"] == "cro_fees" and line["vendor"]]
    foreign = sum(line["approved"] for line in work if line["currency"] != base)
    return BudgetFacts(
        base,
        whole,
        sum(line["baseline"] for line in work),
        sum(line["approved"] for line in lines if line["cost_category"] == "contingency"),
        sum(line["actual"] for line in work),
        sum(line["accrual"] for line in work),
        {c: (approved[c], spent[c]) for c in categories},
        monthly,
        foreign / whole if whole else 0.0,
        max(set(vendors), key=lambda v: (vendors.count(v), v)) if vendors else "",
        _baseline_share(work, today),
        monthly_fee_share,
    )


def _baseline_share(work: list[dict[str, Any]], today: date) -> float:
    """By the first approval; where there was none, by the present one."""
    column = "baseline" if any(line["baseline"] for line in work) else "approved"
    whole = sum(line[column] for line in work)
    return sum(line[column] for line in work if line["period"] <= today) / whole if whole else 0.0


def _change_orders(snapshot: Snapshot, exchange: Exchange) -> dict[str, tuple[float | None, ...]]:
    found: dict[str, tuple[float | None, ...]] = {}
    for row in snapshot.query(CHANGE_ORDERS).to_pylist():
        value = exchange.convert(float(row["value"]), row["currency"], row["day"] or snapshot.data_cut)
        found[row["study_id"]] = (*found.get(row["study_id"], ()), value)
    return found


def _monthly_fees(snapshot: Snapshot, exchange: Exchange) -> dict[str, float]:
    """Part of each trial's CRO contracts that is paid by the month or at fixed milestones, from the units that they list.

    None where none of them is a month, or where a price has no rate.
    """
    units: dict[str, list[dict[str, Any]]] = {}
    for row in snapshot.query(FEES).to_pylist():
        value = exchange.convert(float(row["value"]), row["currency"], row["day"] or snapshot.data_cut)
        units.setdefault(row["study_id"], []).append(row | {"value": value})
    found = {}
    for study, mine in units.items():
        whole = sum(unit["value"] or 0.0 for unit in mine)
        if whole and any(unit["is_month"] for unit in mine) and all(unit["value"] is not None for unit in mine):
            found[study] = sum(unit["value"] for unit in mine if unit["is_fixed"]) / whole
    return found
