"""The ledger of sealed forecasts, human overrides, scenarios that were kept, and plans they became. All append-only."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, Date, Float, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from quarterdeck.record.models.base import Base


class SealedForecast(Base):
    """One forecast as it was made: what of, on which facts, by which code, and its quantiles. Never edited; scored later."""

    __tablename__ = "sealed_forecast"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256 of its content
    study_id: Mapped[str] = mapped_column(String(120), index=True)  # empty: portfolio
    what: Mapped[str] = mapped_column(String(60), index=True)  # a milestone, cost_at_lock, enrolled_3_months, ...
    unit: Mapped[str] = mapped_column(String(12))  # date, participants or a currency
    data_cut: Mapped[date] = mapped_column(Date)
    due_by: Mapped[date | None] = mapped_column(Date)  # when a count is due; empty for what happens when it happens
    snapshot: Mapped[str] = mapped_column(String(64))
    code_version: Mapped[str] = mapped_column(String(40))
    seed: Mapped[int] = mapped_column(Integer)
    quantiles: Mapped[dict] = mapped_column(JSON)  # type: ignore[type-arg]  # level -> days after the data cut, or an amount; null = never
    probability_by_plan: Mapped[float | None] = mapped_column(Float)
    plan_value: Mapped[float | None] = mapped_column(Float)
    straight_line: Mapped[float | None] = mapped_column(Float)
    vendor_value: Mapped[float | None] = mapped_column(Float)
    sealed_at: Mapped[datetime]
    sealed_by: Mapped[str] = mapped_column(ForeignKey("person.id"))


class ForecastOverride(Base):
    """A person's own figure against a sealed forecast, with the reason; scored beside it."""

    __tablename__ = "forecast_override"

    id: Mapped[int] = mapped_column(primary_key=True)
    forecast_id: Mapped[str] = mapped_column(ForeignKey("sealed_forecast.id"), index=True)
    value: Mapped[float] = mapped_column(Float)
    reason: Mapped[str]
    made_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]


class PlanForecast(Base):
    """Which sealed forecasts are those of a scenario that became the plan, rather than of the trial as it ran."""

    __tablename__ = "plan_forecast"

    forecast_id: Mapped[str] = mapped_column(ForeignKey("sealed_forecast.id"), primary_key=True)
    scenario_id: Mapped[str] = mapped_column(ForeignKey("kept_scenario.id"), index=True)


class KeptScenario(Base):
    """A scenario that was kept: its levers as data, the facts it was run on, and what came out."""

    __tablename__ = "kept_scenario"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str]
    study_id: Mapped[str] = mapped_column(String(120), index=True)
    levers: Mapped[list] = mapped_column(JSON)  # type: ignore[type-arg]
    result: Mapped[dict] = mapped_column(JSON)  # type: ignore[type-arg]
    snapshot: Mapped[str] = mapped_column(String(64))
    seed: Mapped[int] = mapped_column(Integer)
    kept_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    kept_at: Mapped[datetime]


class PromotedPlan(Base):
    """A scenario that became the plan, and the decision that made it so."""

    __tablename__ = "promoted_plan"

    id: Mapped[int] = mapped_column(primary_key=True)
    scenario_id: Mapped[str] = mapped_column(ForeignKey("kept_scenario.id"), index=True)
    study_id: Mapped[str] = mapped_column(String(120), index=True)
    decision_id: Mapped[str] = mapped_column(ForeignKey("decision.id"))
    promoted_at: Mapped[datetime]
