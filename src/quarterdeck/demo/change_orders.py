"""Change orders of a trial of the demo: when they were asked for, signed, and what they cost. Drawn once, for the books and the budget."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quarterdeck.demo.course import Amounts, Course, Days
from quarterdeck.demo.known import NO_DAY, Array, Columns, Draft, is_set
from quarterdeck.demo.options import DemoOptions
from quarterdeck.demo.places import VENDOR

REASONS = ("scope_add", "protocol_amendment", "timeline", "country_site_mix", "vendor_error", "inflation_fx")


@dataclass(frozen=True, slots=True)
class ChangeOrders:
    """The orders of one CRO contract as parallel arrays; values in the contract's currency. Never executed: no date."""

    requested: Days
    submitted: Days
    executed: Days
    reason: Array
    preventable: Array
    value: Amounts
    days_impact: Array


def draw_change_orders(options: DemoOptions, course: Course, contract_value: float) -> ChangeOrders:
    """As many a year as the vendor is wont to file, each a few hundredths of the contract."""
    rng, vendor = options.stream("change orders", course.study.id), VENDOR[course.study.vendor_id]
    approved = np.datetime64(course.study.approved, "D")
    years = float((course.lock - approved).astype(int)) / 365.25
    n = int(rng.poisson(vendor.change_orders * years))
    requested = np.sort(approved + np.floor(rng.random(n) * years * 365).astype("timedelta64[D]"))
    submitted = requested + rng.integers(10, 40, n).astype("timedelta64[D]")
    executed = np.where(rng.random(n) < 0.12, NO_DAY, submitted + rng.integers(20, 90, n).astype("timedelta64[D]"))
    preventable = rng.random(n) < vendor.preventable
    reason = np.where(
        preventable, rng.choice(["vendor_error", "timeline"], n), rng.choice(REASONS, n, p=[0.3, 0.32, 0.14, 0.14, 0.02, 0.08])
    )
    value = np.round(contract_value * rng.lognormal(-3.7, 0.7, n), 2)
    impact = np.where(reason == "timeline", rng.integers(15, 90, n), rng.integers(0, 20, n))
    return ChangeOrders(requested, submitted, executed, reason, preventable, value, impact)


def draft_change_orders(orders: ChangeOrders, contract_id: str, currency: str) -> Draft:
    """The `change_order` table of one contract."""
    n = len(orders.value)

    def finish(seen: Columns, day: np.datetime64) -> Columns:
        done = is_set(seen["executed_dt"])
        stale = seen["requested_dt"] + np.timedelta64(200, "D") < day
        seen["status"] = np.select([done, stale, is_set(seen["submitted_dt"])], ["executed", "rejected", "negotiation"], "draft")
        return seen

    columns: Columns = {
        "co_id": np.array([f"{contract_id}-CO{index + 1:02d}" for index in range(n)]),
        "contract_id": np.full(n, contract_id),
        "reason_code": orders.reason,
        "requested_dt": orders.requested,
        "submitted_dt": orders.submitted,
        "executed_dt": orders.executed,
        "value": orders.value,
        "currency": np.full(n, currency),
        "days_impact": orders.days_impact,
        "preventable": np.where(orders.preventable, "Y", "N"),
    }
    return Draft("change_order", columns, orders.requested, ("submitted_dt", "executed_dt"), finish)
