"""The money of one trial: cost at lock by probability, its phasing, the bridge from the approved budget, earned value beside it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from quarterdeck.forecasts.costing import approved_units, approved_work, work_done
from quarterdeck.forecasts.facts import MONTH_DAYS, PortfolioFacts, StudyFacts
from quarterdeck.forecasts.inputs import PreparedTrial
from quarterdeck.forecasts.model import LEVELS, MoneyForecast
from quarterdeck.forecasts.money_facts import BudgetFacts
from quarterdeck.methods.earned_value import get_earned_value
from quarterdeck.methods.monte_carlo import share_of
from quarterdeck.methods.portfolio import HORIZON, TrialFuture


def day_after(today: date, months: float) -> date | None:
    """The calendar day so many months after the data cut; None beyond ten years."""
    return today + timedelta(days=round(months * MONTH_DAYS)) if np.isfinite(months) and months <= HORIZON + 60 else None


def why_no_money(study: StudyFacts) -> str:
    """Why the cost of a trial cannot be forecast, in words; empty where it can."""
    if study.budget is None:
        return study.unpriced or "no budget line was loaded"
    return "" if study.budget.approved > 0 else "no budget is approved"


def forecast_money(study: StudyFacts, facts: PortfolioFacts, prepared: PreparedTrial, future: TrialFuture) -> MoneyForecast | None:
    """What the trial will have cost at its lock; None where `why_no_money` says why."""
    b = study.budget
    if b is None or b.approved <= 0:
        return None
    ratio = future.cost / b.approved
    mean = float(future.cost.mean())
    return MoneyForecast(
        b.currency,
        b.approved,
        b.contingency,
        b.spent,
        b.accrued,
        {p: float(np.quantile(future.cost, p)) for p in LEVELS},
        mean,
        share_of(np.abs(ratio - 1) <= 0.05),
        share_of(ratio > 1),
        max(0.0, float(np.quantile(future.cost, 0.8)) - b.approved),
        cost_phasing(b, facts.today, future),
        _bridge(study, facts, prepared, future, mean),
        _earned(study, facts, b),
    )


def cost_phasing(b: BudgetFacts, today: date, future: TrialFuture) -> tuple[tuple[date, float, float, float], ...]:
    """Cumulative cost by month: what was spent, then each replicate's remaining cost spread over its own time to lock."""
    spent = b.spent + b.accrued
    lock = np.clip(future.lock, 0.5, HORIZON)
    last = int(np.ceil(np.quantile(lock, 0.9)))
    rest = future.cost - spent
    found = []
    for month in range(0, last + 1, max(1, last // 24)):
        quantiles = np.quantile(spent + rest * np.minimum(month / lock, 1.0), (0.1, 0.5, 0.9))
        day = day_after(today, float(month))
        assert day is not None
        found.append((day, float(quantiles[0]), float(quantiles[1]), float(quantiles[2])))
    return tuple(found)


def _bridge(
    study: StudyFacts, facts: PortfolioFacts, prepared: PreparedTrial, future: TrialFuture, mean: float
) -> tuple[tuple[str, float], ...]:
    """Approved budget to mean forecast, step by step; the last step takes what no driver explains, so that the steps add up.

    Time and site-months beyond what is approved are counted at approved prices.
    """
    b, m = study.budget, prepared.trial.money
    assert b is not None
    units, plan, done = approved_units(study, b), approved_work(study, b), work_done(study, facts.today)
    to_lock = float(np.minimum(future.lock, HORIZON).clip(0).mean())
    late = units.month * (done.months + to_lock - plan.months)
    ahead = future.share_of_cost.get("sites", 0.0) / m.site_month if m.site_month else 0.0
    sites = units.site_month * (done.sites + ahead - plan.sites)
    orders = future.share_of_cost.get("change orders", 0.0)
    steps = [("Longer or shorter duration", late), ("Site-months", sites), ("Change orders expected", orders)]
    return (*steps, ("Prices, and work so far", mean - b.approved - late - sites - orders))


def _earned(study: StudyFacts, facts: PortfolioFacts, b: BudgetFacts) -> dict[str, float | None]:
    """Earned value from the work done, at approved prices, against the first phasing of what is approved now.

    A budget that is phased anew each quarter follows the work, and by it nothing is ever late.
    """
    earned = min(b.approved, approved_units(study, b).value(work_done(study, facts.today)))
    amounts = (b.approved, b.approved * b.baseline_share, earned, b.spent + b.accrued)
    named: dict[str, float | None] = dict(zip(("BAC", "PV", "EV", "AC"), amounts, strict=True))
    return named | get_earned_value(*amounts)
