"""What a trial's units of work cost: the approved budget taken apart into months, site-months and participants, priced by the work done.

A trial that is late has done less work than its calendar says. Prices are therefore judged by spending against work done, never
against the calendar; the approved baseline says only how the plan phases its money. Design: earned value by units, rule-based.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from quarterdeck.forecasts.facts import MONTH_DAYS, StudyFacts
from quarterdeck.forecasts.learnt import Learnt, site_months
from quarterdeck.forecasts.money_facts import BudgetFacts
from quarterdeck.methods.portfolio import Money

CLOSING_SHARE = 0.5  # a site in follow-up costs half of one that recruits
LONGEST_CLOSING = 12.0  # months of follow-up that a site is paid for
OPEN_SHARE = 0.7  # of recruitment during which the average planned site is open
# Parts of each category that go with time and with participants; the rest goes with site-months. Where a contract lists its
# units, the CRO's part is read from them instead.
TIME_SHARE = {"cro_fees": 0.5, "pass_through": 0.3, "technology": 0.8, "internal_fte": 0.8, "other": 0.5}
PARTICIPANT_SHARE = {"site_grants": 0.85, "lab": 0.9, "imaging": 0.9, "drug_supply": 0.85, "cro_fees": 0.1, "pass_through": 0.4}
BELIEF = 0.5  # of the budget that is left: the weight of the belief that prices are as approved
PRICE_SPREAD = 0.06  # how far a budget's parts are known to go with time, sites and participants: a guess, said in the docs
PHASING = (0.75, 1.35)  # how far the plan's own phasing may differ from even work


@dataclass(frozen=True, slots=True)
class Work:
    """Work in units: months of running the trial, site-months (follow-up counted at its share), participants seen through."""

    months: float
    sites: float
    people: float


@dataclass(frozen=True, slots=True)
class Units:
    """Approved cost of one unit of each kind of work, in the base currency."""

    month: float
    site_month: float
    participant: float

    def value(self, work: Work) -> float:
        """What that work costs at approved prices."""
        return self.month * work.months + self.site_month * work.sites + self.participant * work.people


def prepare_money(study: StudyFacts, today: date, learnt: Learnt) -> Money:
    """Cost drivers of what is still to come, at approved prices corrected by what the work done so far has cost."""
    b = study.budget
    if b is None or b.approved <= 0:
        return Money()
    units, done, so_far = approved_units(study, b), work_done(study, today), planned_work(study, today)
    spent, share = b.spent + b.accrued, units.value(so_far) / max(units.value(planned_work(study, date.max)), 1e-9)
    early, late = _phasing(b.baseline_share, share)
    worked = early * units.value(done)
    belief = BELIEF * max(b.approved - worked, 0.1 * b.approved)
    price = (spent + belief) / (worked + belief) * late
    return Money(
        spent,
        b.approved,
        units.month * price,
        units.site_month * price,
        units.participant * price,
        0.0,
        0.0 if study.is_over else learnt.change_orders_per_month,
        learnt.change_order_size,
        0.8,
        b.foreign_share,
        inflation=0.0,  # an approved budget is in money of the day; only the surprise is added
        vendor=b.vendor,
        price_spread=PRICE_SPREAD,
        committed=units.participant * price * max(study.enrolled - done.people, 0.0),
    )


def approved_units(study: StudyFacts, b: BudgetFacts) -> Units:
    """The approved budget taken apart, so that the planned work, in the time that is granted by now, adds up to it."""
    plan = approved_work(study, b)
    time = dict(TIME_SHARE)
    people = dict(PARTICIPANT_SHARE)
    if b.monthly_fee_share is not None:
        time["cro_fees"] = b.monthly_fee_share
        people["cro_fees"] = min(people["cro_fees"], 1 - b.monthly_fee_share)
    by_time = sum(a * time.get(c, 0.0) for c, (a, _) in b.by_category.items())
    by_people = sum(a * people.get(c, 0.0) for c, (a, _) in b.by_category.items())
    by_sites = max(b.approved - by_time - by_people, 0.0)
    return Units(by_time / max(plan.months, 1.0), by_sites / max(plan.sites, 1.0), by_people / max(plan.people, 1.0))


def approved_work(study: StudyFacts, b: BudgetFacts) -> Work:
    """The plan's work, stretched to the months that the approved budget covers by now: more time was granted, not dearer units."""
    plan, start = planned_work(study, date.max), study.row["protocol_approved_dt"]
    covered = [period for period, approved, _ in b.monthly if approved > 0]
    if start is None or not covered:
        return plan
    stretch = max(_between(start, covered[-1]) / max(plan.months, 1.0), 1.0)
    # A month that has only just begun to be covered is no grant of time.
    return plan if stretch * plan.months < plan.months + 1.5 else Work(plan.months * stretch, plan.sites * stretch, plan.people)


def planned_work(study: StudyFacts, day: date) -> Work:
    """The work that the plan wants done by a day: sites open evenly over the first 60 % of recruitment, participants come evenly."""
    r, b = study.row, study.budget
    first, last, lock, approved = r["est_fpfv"], r["est_lpfv"], r["est_db_lock_dt"], r["protocol_approved_dt"]
    sites = max(int(r["num_plan_site"] or len(study.sites) or 1), 1)
    if not (first and last and last > first):
        months = float(len(b.monthly)) if b else 1.0
        share = 1.0 if day == date.max or b is None else b.baseline_share
        return Work(months * share, sites * OPEN_SHARE * months * share, study.target * share)
    start, end = approved or first, lock or last
    follow_up = follow_up_months(study)
    recruiting = (last - first).days / MONTH_DAYS
    passed = recruiting + follow_up if day == date.max else float(np.clip((day - first).days / MONTH_DAYS, 0.0, recruiting + follow_up))
    months = _between(start, min(day, end))
    opening, during = (1 - OPEN_SHARE) * 2 * recruiting, min(passed, recruiting)
    rising = min(during, opening)
    open_months = rising**2 / (2 * opening) + max(during - opening, 0.0)
    closing = CLOSING_SHARE * float(np.clip(passed - recruiting, 0.0, min(follow_up, LONGEST_CLOSING)))
    return Work(months, sites * (open_months + closing), study.target * _seen_through(passed, recruiting, follow_up))


def work_done(study: StudyFacts, today: date) -> Work:
    """The work really done by the data cut."""
    start = study.row["protocol_approved_dt"] or study.row["act_fpfv"]
    ended, follow_up = study.recruitment_ended, follow_up_months(study)
    closing = 0.0
    if ended is not None and ended <= today:
        still = sum(1 for s in study.sites if s.activated and s.activated <= ended and not (s.closed and s.closed <= ended))
        closing = CLOSING_SHARE * still * min(_between(ended, today), LONGEST_CLOSING)
    ages = np.arange(_windows(study))[::-1] + 0.5  # months since the middle of each window
    seen = sum((site.months @ np.minimum(ages / follow_up, 1.0) for site in study.sites if len(site.months) == len(ages)), 0.0)
    return Work(_between(start, today) if start else 0.0, site_months(study, today) + closing, float(seen))


def follow_up_months(study: StudyFacts) -> float:
    """Months from the last participant in to its last visit, by plan; half a year where the plan does not say."""
    r = study.row
    planned = (r["est_lplv"] - r["est_lpfv"]).days / MONTH_DAYS if r["est_lplv"] and r["est_lpfv"] else 6.0
    return max(planned, 0.5)


def _phasing(money_share: float, work_share: float) -> tuple[float, float]:
    """How much more of its money than of its work the plan spends before the data cut, and after it; 1 and 1 where it is too early or over."""
    if not 0.05 < work_share < 0.95 or not 0.0 < money_share < 1.0:
        return 1.0, 1.0
    low, high = PHASING
    return float(np.clip(money_share / work_share, low, high)), float(np.clip((1 - money_share) / (1 - work_share), low, high))


def _seen_through(passed: float, recruiting: float, follow_up: float) -> float:
    """Share of the participants' visits done when they come evenly over `recruiting` months and stay `follow_up` each."""
    entry = (np.arange(60) + 0.5) / 60 * recruiting
    return float(np.clip((passed - entry) / follow_up, 0.0, 1.0).mean())


def _between(start: date, end: date) -> float:
    return max((end - start).days / MONTH_DAYS, 0.0)


def _windows(study: StudyFacts) -> int:
    return max((len(site.months) for site in study.sites), default=1)
