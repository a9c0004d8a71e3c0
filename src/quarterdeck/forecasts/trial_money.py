"""The money of one trial: cost at lock by probability, its phasing, the bridge from the approved budget, earned value beside it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from quarterdeck.forecasts.facts import MONTH_DAYS, BudgetFacts, PortfolioFacts, StudyFacts
from quarterdeck.forecasts.inputs import PreparedTrial
from quarterdeck.forecasts.model import LEVELS, MoneyForecast
from quarterdeck.methods.earned_value import get_earned_value
from quarterdeck.methods.monte_carlo import share_of
from quarterdeck.methods.portfolio import HORIZON, TrialFuture


def day_after(today: date, months: float) -> date | None:
    """The calendar day so many months after the data cut; None beyond ten years."""
    return today + timedelta(days=round(months * MONTH_DAYS)) if np.isfinite(months) and months <= HORIZON + 60 else None


def forecast_money(study: StudyFacts, facts: PortfolioFacts, prepared: PreparedTrial, future: TrialFuture) -> MoneyForecast | None:
    """What the trial will have cost at its lock; None without an approved budget."""
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
        _earned(study, b),
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
    """Approved budget to mean forecast, step by step; the last step takes what no driver explains, so that the steps add up."""
    b, m, r = study.budget, prepared.trial.money, study.row
    assert b is not None
    left = max((r["est_db_lock_dt"] - facts.today).days / MONTH_DAYS, 0.0) if r["est_db_lock_dt"] else 0.0
    planned_ahead = max(b.approved - b.approved_to_date, 0.0)
    lock = float(np.minimum(future.lock, HORIZON).clip(0).mean())
    late = (lock - left) * m.fixed_month
    orders = future.share_of_cost.get("change orders", 0.0)
    to_date = b.spent + b.accrued - b.approved_to_date
    ahead = mean - b.spent - b.accrued - planned_ahead
    sites = future.share_of_cost.get("sites", 0.0)
    planned_sites = planned_ahead * sites / max(sum(future.share_of_cost.values()) - orders - late, 1e-9)
    steps = [
        ("Spent against plan so far", to_date),
        ("Longer or shorter duration", late),
        ("Site-months", sites - planned_sites),
        ("Change orders expected", orders),
    ]
    rest = ahead - late - (sites - planned_sites) - orders
    return (*steps, ("Volume and prices", rest))


def _earned(study: StudyFacts, b: BudgetFacts) -> dict[str, float | None]:
    """Earned value from work done: participants and time weighed as the budget weighs them."""
    done = min(1.0, study.enrolled / study.target) if study.target else 0.0
    earned = b.approved * done if study.recruitment_ended is None else b.approved * min(1.0, max(done, b.approved_to_date / b.approved))
    amounts = (b.approved, b.approved_to_date, earned, b.spent + b.accrued)
    named: dict[str, float | None] = dict(zip(("BAC", "PV", "EV", "AC"), amounts, strict=True))
    return named | get_earned_value(*amounts)
