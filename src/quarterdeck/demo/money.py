"""Contracts, deliverables, orders, invoices and exchange rates of the demo."""

from __future__ import annotations

from datetime import date

import numpy as np

from quarterdeck.demo.budget import CATEGORIES, draft_budget, get_drivers
from quarterdeck.demo.change_orders import draft_change_orders, draw_change_orders
from quarterdeck.demo.course import Course, month_ends
from quarterdeck.demo.known import NO_DAY, Array, Columns, Draft, is_set
from quarterdeck.demo.options import DemoOptions
from quarterdeck.demo.places import BUDGET_RATE, VENDOR
from quarterdeck.demo.truths import WRONG_RATE_QUARTER

# Contract units: (name, paid by, share of that part). Monthly units are what makes delay pay.
UNITS = (
    ("Project management month", "month", 0.45),
    ("Site management month", "month", 0.35),
    ("Data management month", "month", 0.20),
    ("Site initiation visit", "unit", 0.20),
    ("Monitoring visit", "unit", 0.55),
    ("Data page reviewed", "unit", 0.25),
    ("Protocol and plans approved", "milestone", 0.40),
    ("Database lock", "milestone", 0.60),
)


def draft_money(options: DemoOptions, course: Course) -> list[Draft]:
    """Budget, contract, change orders, deliverables, orders and invoices of one trial."""
    rng = options.stream("contracts", course.study.id)
    study, approved = course.study, np.datetime64(course.study.approved, "D")
    vendors = [("cro_fees", study.vendor_id), ("lab", "V06"), ("imaging", "V07"), ("technology", "V08")]
    ids = [f"C-{study.number:03d}-{vendor}" for _, vendor in vendors]
    values = np.array([study.budget * CATEGORIES[c] / BUDGET_RATE[VENDOR[v].currency] for c, v in vendors]).round(2)
    n = len(ids)

    def finish(seen: Columns, day: np.datetime64) -> Columns:
        seen["status"] = np.where(seen["_lock"] <= day, "closed", "active")
        del seen["_lock"]
        return seen

    contract: Columns = {
        "contract_id": np.array(ids),
        "vendor_id": np.array([vendor for _, vendor in vendors]),
        "study_id": np.full(n, study.id),
        "contract_type": np.array(["unit_based", "unit_based", "fixed", "work_order"]),
        "start_dt": np.full(n, approved - np.timedelta64(20, "D")),
        "end_dt": np.full(n, np.datetime64(study.lock, "D") + np.timedelta64(60, "D")),
        "value": values,
        "currency": np.array([VENDOR[vendor].currency for _, vendor in vendors]),
        "payment_terms": np.full(n, 45),
        "termination_notice": np.array([90, 60, 60, 90]),
        "inflation_clause": np.array(["CPI, capped at 4% a year", "none", "none", "CPI, capped at 3% a year"]),
        "_lock": np.full(n, course.lock),
    }
    cro = float(values[0])
    orders = draw_change_orders(options, course, cro)
    return [
        draft_budget(options, course, orders),
        Draft("contract", contract, np.full(n, approved), (), finish),
        draft_change_orders(orders, ids[0], VENDOR[study.vendor_id].currency),
        _draft_deliverables(rng, course, ids[0], cro),
        *_draft_invoices(rng, course, ids, values, vendors),
    ]


def _draft_deliverables(rng: np.random.Generator, course: Course, contract_id: str, value: float) -> Draft:
    """Units of the CRO contract: what was planned, what has been done, at which price."""
    study, vendor = course.study, VENDOR[course.study.vendor_id]
    approved, n = np.datetime64(study.approved, "D"), len(UNITS)
    months = (study.lock - study.approved).days / 30.44
    part = {"month": vendor.monthly_share, "milestone": 0.10, "unit": 0.90 - vendor.monthly_share}
    planned = np.array(
        [
            months,
            study.n_sites * (study.recruitment_days + study.treatment_days) / 30.44 * 0.7,
            months,
            study.n_sites,
            study.n_sites * (study.recruitment_days + study.treatment_days) / 49 * 0.7,
            study.n_participants * study.n_visits * 3,
            1,
            1,
        ]
    ).round()
    price = np.array([value * part[paid] * share for _, paid, share in UNITS]) / planned
    due = np.full(n, np.datetime64(study.lock, "D"))
    due[6] = approved + np.timedelta64(45, "D")
    delivered = np.full(n, NO_DAY)
    delivered[6] = due[6] + np.timedelta64(int(rng.integers(-5, 15) + vendor.startup_days / 3), "D")
    delivered[7] = course.lock

    def finish(seen: Columns, day: np.datetime64) -> Columns:
        time, by_site, people = course.work.until(int((course.months <= day).sum()))
        initiated = float((course.activations <= day).sum()) / study.n_sites
        progress = np.array([time, by_site, time, initiated, by_site, people, np.nan, np.nan])  # of UNITS, in their order
        delivered = np.where(is_set(seen["delivered_dt"]), 1.0, 0.0)
        seen["actual_units"] = np.where(np.isnan(progress), delivered, np.round(seen["planned_units"] * np.nan_to_num(progress)))
        seen["quality_score"] = np.where(is_set(seen["accepted_dt"]), seen["quality_score"], np.nan)
        return seen

    columns: Columns = {
        "deliverable_id": np.array([f"{contract_id}-U{index + 1:02d}" for index in range(n)]),
        "contract_id": np.full(n, contract_id),
        "study_id": np.full(n, study.id),
        "name": np.array([name for name, _, _ in UNITS]),
        "unit_type": np.array([paid for _, paid, _ in UNITS]),
        "planned_units": planned,
        "unit_price": np.round(price, 2),
        "currency": np.full(n, vendor.currency),
        "due_dt": due,
        "delivered_dt": delivered,
        "accepted_dt": delivered + np.timedelta64(10, "D"),
        "quality_score": np.round(np.clip(rng.normal(4.1 - vendor.startup_days / 60, 0.4, n), 1, 5), 1),
    }
    return Draft("deliverable", columns, np.full(n, approved), ("delivered_dt", "accepted_dt"), finish)


def _draft_invoices(
    rng: np.random.Generator, course: Course, contracts: list[str], values: Array, paid: list[tuple[str, str]]
) -> list[Draft]:
    study, approved, n = course.study, np.datetime64(course.study.approved, "D"), len(contracts)
    vendors, worked = [vendor for _, vendor in paid], np.array([course.work.value(get_drivers(study, part)) for part, _ in paid])
    orders: Columns = {
        "po_number": np.array([f"PO{study.number:03d}{index + 1:02d}" for index in range(n)]),
        "contract_id": np.array(contracts),
        "study_id": np.full(n, study.id),
        "issued_dt": np.full(n, approved),
        "value": values,
        "currency": np.array([VENDOR[vendor].currency for vendor in vendors]),
    }

    def open_value(seen: Columns, day: np.datetime64) -> Columns:
        used = worked[:, course.months <= day].sum(axis=1)
        seen["open_value"] = np.round(np.maximum(seen["value"] * (1 - used), 0), 2)
        seen["status"] = np.where(seen["open_value"] > 0, "open", "closed")
        return seen

    m = len(course.months)
    dated = np.tile(course.months, n) + np.timedelta64(5, "D")
    received = dated + rng.integers(1, 9, n * m).astype("timedelta64[D]")
    amount = np.repeat(values, m) * worked.ravel() * study.cost_factor * rng.lognormal(0, 0.05, n * m)
    approved_on = received + np.ceil(rng.lognormal(2.6, 0.5, n * m)).astype("timedelta64[D]")
    paid = dated + np.round(45 + rng.normal(4, 11, n * m)).astype("timedelta64[D]")
    disputed = rng.random(n * m) < 0.02

    def finish(seen: Columns, day: np.datetime64) -> Columns:
        paid_now = is_set(seen["paid_dt"])
        worth = seen["amount"] > 0  # a month without work is not billed
        seen["status"] = np.select(
            [paid_now, seen.pop("_disputed"), is_set(seen["approved_dt"])], ["paid", "disputed", "approved"], "received"
        )
        return {name: values[worth] for name, values in seen.items()}

    invoices: Columns = {
        "invoice_id": np.array([f"INV{study.number:03d}{index + 1:05d}" for index in range(n * m)]),
        "po_number": np.repeat(orders["po_number"], m),
        "vendor_id": np.repeat(vendors, m),
        "study_id": np.full(n * m, study.id),
        "invoice_dt": dated,
        "received_dt": received,
        "due_dt": dated + np.timedelta64(45, "D"),
        "approved_dt": np.where(disputed, NO_DAY, approved_on),
        "paid_dt": np.where(disputed, NO_DAY, np.maximum(paid, approved_on)),
        "amount": np.round(amount, 2),
        "tax": np.round(amount * 0.0, 2),
        "currency": np.repeat(orders["currency"], m),
        "service_period": np.tile(course.months.astype("datetime64[M]").astype(str), n),
        "_disputed": disputed,
    }
    return [
        Draft("purchase_order", orders, np.full(n, approved), (), open_value),
        Draft("invoice", invoices, received, ("approved_dt", "paid_dt"), finish),
    ]


def draft_exchange_rates(options: DemoOptions, first: date) -> Draft:
    """The `fx_rate` table: one budget rate a year, month-end rates as a random walk; one planted quarter is inverted."""
    rng = options.stream("exchange rates")
    ends = month_ends(np.datetime64(first, "D"), np.datetime64(options.today, "D"))
    years = sorted({int(str(day)[:4]) for day in ends} | {options.today.year + 1})
    rows: list[tuple[np.datetime64, str, float, str]] = []
    for currency, budget in BUDGET_RATE.items():
        if currency == "GBP":
            continue
        rows += [(np.datetime64(f"{year}-01-01"), currency, budget, "budget") for year in years]
        walk = budget * np.exp(np.cumsum(rng.normal(0, 0.009, len(ends))) * 0.8)
        for day, rate in zip(ends, walk, strict=True):
            wrong = currency == "USD" and str(day) in WRONG_RATE_QUARTER
            rows.append((day, currency, 1 / rate if wrong else rate, "month_end"))
    columns: Columns = {
        "rate_dt": np.array([row[0] for row in rows]),
        "from_currency": np.array([row[1] for row in rows]),
        "to_currency": np.full(len(rows), "GBP"),
        "rate": np.array([round(row[2], 6) for row in rows]),
        "rate_type": np.array([row[3] for row in rows]),
    }
    born = np.where(columns["rate_type"] == "budget", columns["rate_dt"] - np.timedelta64(40, "D"), columns["rate_dt"])
    return Draft("fx_rate", columns, born)
