"""Forecasts as JSON: one trial or all of them, with dates by probability and cost at lock."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from quarterdeck.forecasts.facts import read_facts
from quarterdeck.forecasts.model import TrialForecast
from quarterdeck.forecasts.trial import forecast_trial
from quarterdeck.web.api.common import PROBLEMS
from quarterdeck.web.view import View, permit

router = APIRouter(responses=PROBLEMS)
Name = Annotated[str, Path(min_length=1, max_length=120, pattern=r"^[^/\x00-\x1f]+$")]


class MilestoneOut(BaseModel):
    """One milestone. `low` and `high` are the ends of the 90 % interval; null where not reached within ten years."""

    milestone: str
    planned: date | None
    actual: date | None
    likely: date | None
    low: date | None
    high: date | None
    chance_by_plan: float | None


class CostOut(BaseModel):
    """Cost at database lock."""

    currency: str
    approved: float
    median: float
    low: float
    high: float
    chance_within_5_percent: float
    chance_above: float
    contingency_needed: float


class TrialForecastOut(BaseModel):
    """One trial, or the reason why there is no forecast; `no_cost` is the reason why a running trial has no cost."""

    study_id: str
    snapshot: str
    data_cut: date
    enrolled: int
    target: int
    reason: str
    evidence: str
    milestones: list[MilestoneOut]
    cost: CostOut | None
    no_cost: str
    drivers: dict[str, float]
    seed: int


@router.get("/forecasts")
def list_forecasts(view: View = permit("portfolio.read")) -> list[TrialForecastOut]:
    """Every trial of the snapshot."""
    return [_out(forecast_trial(view.snapshot, s.study_id, view.settings.random_seed)) for s in read_facts(view.snapshot).studies]


@router.get("/forecasts/{study_id}")
def get_forecast(study_id: Name, view: View = permit("page.read")) -> TrialForecastOut:
    """One trial."""
    return _out(forecast_trial(view.snapshot, study_id, view.settings.random_seed))


def _out(t: TrialForecast) -> TrialForecastOut:
    milestones = [
        MilestoneOut(
            milestone=m.milestone,
            planned=m.planned,
            actual=m.actual,
            likely=m.actual or m.median,
            low=m.quantiles.get(0.05),
            high=m.quantiles.get(0.95),
            chance_by_plan=m.p_by_plan,
        )
        for m in t.milestones
    ]
    return TrialForecastOut(
        study_id=t.study_id,
        snapshot=t.snapshot,
        data_cut=t.today,
        enrolled=t.enrolled,
        target=t.target,
        reason=t.reason,
        evidence=t.evidence,
        milestones=milestones,
        cost=_cost(t),
        no_cost=t.no_money,
        drivers=dict(t.drivers),
        seed=t.seed,
    )


def _cost(t: TrialForecast) -> CostOut | None:
    if t.money is None:
        return None
    m = t.money
    return CostOut(
        currency=m.currency,
        approved=m.approved,
        median=m.quantiles[0.5],
        low=m.quantiles[0.05],
        high=m.quantiles[0.95],
        chance_within_5_percent=m.p_within,
        chance_above=m.p_over,
        contingency_needed=m.contingency_needed,
    )
