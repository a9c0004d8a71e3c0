"""The budget of a trial of the demo: approved against spent, month by month, by category. Time, sites and participants cost, each its own."""

from __future__ import annotations

import numpy as np

from quarterdeck.demo.change_orders import ChangeOrders
from quarterdeck.demo.course import Amounts, Course, Days, work_to_go
from quarterdeck.demo.known import Columns, Draft
from quarterdeck.demo.options import DemoOptions
from quarterdeck.demo.places import BUDGET_RATE, COUNTRY, VENDOR
from quarterdeck.demo.studies import Study

# Share of a trial's cost, and who is paid. Site grants go out in the currency of most sites, CRO fees in the contract's.
CATEGORIES = {
    "cro_fees": 0.42,
    "site_grants": 0.25,
    "pass_through": 0.08,
    "lab": 0.07,
    "imaging": 0.03,
    "drug_supply": 0.05,
    "internal_fte": 0.07,
    "technology": 0.03,
}
SUPPLIER = {"lab": "V06", "imaging": "V07", "technology": "V08", "pass_through": "V09"}
# Parts of a category that go with time, site-months and participants.
DRIVERS = {
    "site_grants": (0.0, 0.15, 0.85),
    "pass_through": (0.3, 0.3, 0.4),
    "lab": (0.0, 0.1, 0.9),
    "imaging": (0.0, 0.1, 0.9),
    "drug_supply": (0.0, 0.15, 0.85),
    "internal_fte": (0.8, 0.2, 0.0),
    "technology": (0.8, 0.2, 0.0),
}
FIRST_APPROVAL = 0.94  # of what is approved now: what the trial was first said to cost
BOOKS_CLOSE_DAYS = 25  # after the end of a month
ORDER_MONTHS = 6  # over which an executed change order is worked off


def get_drivers(study: Study, category: str) -> tuple[float, float, float]:
    """How a category's cost is driven. The CRO's follows its contract: months of management, units, milestones."""
    if category != "cro_fees":
        return DRIVERS[category]
    by_month = VENDOR[study.vendor_id].monthly_share
    units = 0.90 - by_month
    return 0.65 * by_month + 0.10, 0.35 * by_month + 0.75 * units, 0.25 * units


def draft_budget(options: DemoOptions, course: Course, orders: ChangeOrders) -> Draft:
    """The `budget_line` table. Amounts in the line's currency.

    What is approved follows the work: past months at approved prices, coming months as far as time has been granted. Actual and accrual
    follow the work at the trial's true prices; the forecast of the books lies between the two.
    """
    rng = options.stream("budget", course.study.id)
    study, months = course.study, course.months
    n, names = len(months), [*CATEGORIES, "contingency"]
    whole = {name: study.budget * CATEGORIES[name] / BUDGET_RATE[_currency(study, name)] for name in CATEGORIES}
    drivers = {name: get_drivers(study, name) for name in CATEGORIES}
    worked = {name: whole[name] * course.work.value(drivers[name]) for name in CATEGORIES}
    noise = {name: study.cost_factor * rng.lognormal(0, 0.05) * rng.lognormal(0, 0.06, n) for name in CATEGORIES}

    def finish(seen: Columns, day: np.datetime64) -> Columns:
        past, extra = months <= day, spread_orders(orders, months, day)
        to_go = work_to_go(course, day)
        approved = {
            name: np.where(past, worked[name], whole[name] * to_go.value(drivers[name])) + (extra if name == "cro_fees" else 0.0)
            for name in CATEGORIES
        }
        spent = {name: amounts * noise[name] for name, amounts in approved.items()}
        approved["contingency"] = 0.05 * study.budget * course.plan.value((0.5, 0.3, 0.2))
        spent["contingency"] = np.zeros(n)
        current, true = np.concatenate([approved[name] for name in names]), np.concatenate([spent[name] for name in names])
        closed = seen["period"] + np.timedelta64(BOOKS_CLOSE_DAYS, "D") <= day
        pending = ~closed & (seen["period"] <= day)  # the month is over, its invoices are not all in: accrued
        seen["budget_current"] = np.round(current, 2)
        seen["actual"] = np.round(np.where(closed, true, 0.0), 2)
        seen["accrual"] = np.round(np.where(pending, true * 0.97, 0.0), 2)
        seen["forecast"] = np.round(np.where(closed | pending, 0.0, (true + current) / 2 * (seen["cost_category"] != "contingency")), 2)
        seen["committed"] = np.where(seen["cost_category"] == "cro_fees", seen["budget_current"], 0.0)
        used = (seen["budget_baseline"] != 0) | (seen["budget_current"] != 0) | (seen["actual"] != 0) | (seen["accrual"] != 0)
        return {name: values[used] for name, values in seen.items()}

    baseline = [FIRST_APPROVAL * whole[name] * course.plan.value(drivers[name]) for name in CATEGORIES]
    columns: Columns = {
        "study_id": np.full(n * len(names), study.id),
        "wbs": np.repeat([f"{study.number:03d}.{index + 1:02d}" for index in range(len(names))], n),
        "period": np.tile(months, len(names)),
        "vendor_id": np.repeat([_supplier(study, name) for name in names], n),
        "cost_category": np.repeat(names, n),
        "currency": np.repeat([_currency(study, name) for name in names], n),
        "budget_baseline": np.round(np.concatenate([*baseline, 0.05 * study.budget * course.plan.value((0.5, 0.3, 0.2))]), 2),
    }
    return Draft("budget_line", columns, np.full(n * len(names), np.datetime64(study.approved, "D")), (), finish)


def spread_orders(orders: ChangeOrders, months: Days, day: np.datetime64) -> Amounts:
    """Executed change orders by month, worked off over half a year. Those for time add nothing: the longer time is approved already."""
    total = np.zeros(len(months))
    for executed, value, reason in zip(orders.executed, orders.value, orders.reason, strict=True):
        if not np.isnat(executed) and executed <= day and reason != "timeline":
            following = np.flatnonzero(months >= executed)[:ORDER_MONTHS]
            total[following] += value / max(len(following), 1)
    return total


def _supplier(study: Study, category: str) -> str:
    return study.vendor_id if category == "cro_fees" else SUPPLIER.get(category, "")


def _currency(study: Study, category: str) -> str:
    supplier = _supplier(study, category)
    if category == "site_grants":
        currencies = [COUNTRY[code].currency for code in study.countries]
        return max(sorted(set(currencies)), key=currencies.count)
    return VENDOR[supplier].currency if supplier else "GBP"
