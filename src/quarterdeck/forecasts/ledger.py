"""The ledger: forecasts sealed when made, of trials as they run and of scenarios that became the plan, with human overrides."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from quarterdeck import __version__
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.facts import MONTH_DAYS, PortfolioFacts, StudyFacts, read_facts
from quarterdeck.forecasts.model import LEVELS, MILESTONE_WORDS, TrialForecast
from quarterdeck.forecasts.trial import forecast_trial
from quarterdeck.record.audit import Act, write
from quarterdeck.record.database import Record
from quarterdeck.record.models.forecasts import ForecastOverride, PlanForecast, SealedForecast
from quarterdeck.record.permissions import Actor
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.reading import Scope

COUNT_HORIZONS = (1, 3, 6, 12)  # months after the data cut for which the number enrolled is sealed


@dataclass(frozen=True, slots=True)
class Entry:
    """A forecast as the ledger holds it. Dates are days after `data_cut`; `overrides` are human figures, newest last."""

    study_id: str
    what: str
    unit: str
    data_cut: date
    snapshot: str
    seed: int
    quantiles: dict[float, float | None]
    due_by: date | None = None
    p_by_plan: float | None = None
    plan: float | None = None
    straight_line: float | None = None
    vendor: float | None = None
    id: str = ""
    overrides: tuple[float, ...] = ()
    scenario: str = ""  # id of the scenario that became the plan with this forecast; empty: the trial as it runs


def build_entries(snapshot: Snapshot, forecast: TrialForecast) -> list[Entry]:
    """What of a forecast goes into the ledger: open milestones, numbers enrolled at fixed horizons, cost at lock."""
    if forecast.reason:
        return []
    facts = read_facts(snapshot)
    study, vendor = facts.study(forecast.study_id), _vendor_dates(snapshot, forecast.study_id)
    base = Entry(forecast.study_id, "", "date", forecast.today, forecast.snapshot, forecast.seed, {})
    entries = []
    for m in forecast.milestones:
        if m.actual is None and m.quantiles:
            days = {p: None if d is None else float((d - forecast.today).days) for p, d in m.quantiles.items()}
            entries.append(
                replace(
                    base,
                    what=m.milestone,
                    quantiles=days,
                    p_by_plan=m.p_by_plan,
                    plan=_days(m.planned, forecast.today),
                    straight_line=straight_line_days(study, facts) if m.milestone == "last_participant_in" else None,
                    vendor=_days(vendor.get(m.milestone), forecast.today),
                )
            )
    entries += _count_entries(forecast, base, study, facts)
    if forecast.money:
        entries.append(
            replace(
                base,
                what="cost_at_lock",
                unit=forecast.money.currency,
                quantiles=dict(forecast.money.quantiles),
                plan=forecast.money.approved,
            )
        )
    return [replace(entry, id=_identify(entry)) for entry in entries]


def seal_forecasts(record: Record, actor: Actor, snapshot: Snapshot, seed: int, now: datetime, studies: Sequence[str] = ()) -> int:
    """Forecast and seal (all trials, or those named); the number of new entries. Sealing the same twice adds nothing."""
    wanted = list(studies) or [s.study_id for s in read_facts(snapshot).studies]
    entries = [entry for study in wanted for entry in build_entries(snapshot, forecast_trial(snapshot, study, seed))]
    act = Act("forecast.seal", "snapshot", snapshot.id, "", Scope(), {"entries": len(entries), "seed": seed})
    with write(record, actor, act, now) as session:
        return add_entries(session, entries, actor, now)


def build_plan_entries(snapshot: Snapshot, forecast: TrialForecast, scenario_id: str) -> list[Entry]:
    """What of a promoted scenario's forecast goes into the ledger, under its own seals."""
    named = [replace(entry, scenario=scenario_id) for entry in build_entries(snapshot, forecast)]
    return [replace(entry, id=_identify(entry)) for entry in named]


def add_entries(session: Session, entries: Sequence[Entry], actor: Actor, now: datetime) -> int:
    """Seal within a transaction that `write` opened; how many are new."""
    known = set(session.scalars(select(SealedForecast.id).where(SealedForecast.id.in_([entry.id for entry in entries]))))
    new = [entry for entry in entries if entry.id not in known]
    session.add_all(_row(entry, actor, now) for entry in new)
    session.flush()
    session.add_all(PlanForecast(forecast_id=entry.id, scenario_id=entry.scenario) for entry in new if entry.scenario)
    return len(new)


def record_override(record: Record, actor: Actor, forecast_id: str, value: float, reason: str, now: datetime) -> None:
    """A person's own figure (days after the data cut, or an amount). Needs a reason; scored like the forecast."""
    if not reason.strip():
        raise BadInput("An override needs a reason", thing=forecast_id[:12])
    if not np.isfinite(value):
        raise BadInput("An override needs a finite figure", thing=str(value))
    act = Act("forecast.override", "sealed_forecast", forecast_id, reason, Scope(), {"value": value})
    with write(record, actor, act, now) as session:
        if session.get(SealedForecast, forecast_id) is None:
            raise NotFound("No such sealed forecast", thing=forecast_id)
        session.add(ForecastOverride(forecast_id=forecast_id, value=value, reason=reason, made_by=actor.id, made_at=now))


def read_entries(record: Record, study_id: str | None = None) -> list[Entry]:
    """All sealed forecasts, oldest first, with their overrides."""
    with record.session() as session:
        chosen = select(SealedForecast).order_by(SealedForecast.data_cut, SealedForecast.study_id, SealedForecast.what)
        rows = session.scalars(chosen if study_id is None else chosen.where(SealedForecast.study_id == study_id)).all()
        overrides: dict[str, tuple[float, ...]] = {}
        for o in session.scalars(select(ForecastOverride).order_by(ForecastOverride.id)):
            overrides[o.forecast_id] = (*overrides.get(o.forecast_id, ()), o.value)
        plans = {p.forecast_id: p.scenario_id for p in session.scalars(select(PlanForecast))}
    return [_entry(row, overrides.get(row.id, ()), plans.get(row.id, "")) for row in rows]


def straight_line_days(study: StudyFacts, facts: PortfolioFacts) -> float | None:
    """Days until the target at the trial's average pace so far."""
    first = study.row["act_fpfv"]
    if not study.enrolled or first is None or first >= facts.today:
        return None
    return float((study.target - study.enrolled) / (study.enrolled / (facts.today - first).days))


def what_words(what: str) -> str:
    """A kind of forecast in words."""
    if what.startswith("enrolled_") and what.endswith("_months"):
        return f"Participants enrolled {wording.plural(int(what.split('_')[1]), 'month')} ahead"
    return {"cost_at_lock": "Cost at database lock", "": "All forecasts"}.get(what) or MILESTONE_WORDS.get(what, what.replace("_", " "))


def _count_entries(forecast: TrialForecast, base: Entry, study: StudyFacts, facts: PortfolioFacts) -> list[Entry]:
    if len(forecast.fan) < 2:
        return []
    days = np.array([(day - forecast.today).days for day, _ in forecast.fan], dtype=float)
    quantiles = np.array([values for _, values in forecast.fan])
    first = study.row["act_fpfv"]
    pace = study.enrolled / max((facts.today - first).days, 1) if first and study.enrolled else None
    found = []
    for months in COUNT_HORIZONS:
        due = forecast.today + timedelta(days=round(months * MONTH_DAYS))
        ahead = months * MONTH_DAYS
        values: dict[float, float | None] = {p: float(np.interp(ahead, days, quantiles[:, i])) for i, p in enumerate(LEVELS)}
        line = None if pace is None else min(float(study.target), study.enrolled + pace * ahead)
        found.append(
            replace(
                base,
                what=f"enrolled_{months}_months",
                unit="participants",
                quantiles=values,
                due_by=due,
                straight_line=line,
                plan=planned_count(study, due),
            )
        )
    return found


def planned_count(study: StudyFacts, day: date) -> float | None:
    """Participants the plan wants by that day: straight between the planned first and last, slow in the first third."""
    first, last = study.row["est_fpfv"], study.row["est_lpfv"]
    if not (first and last) or last <= first:
        return None
    x = float(np.clip((day - first).days / (last - first).days, 0.0, 1.0))
    return study.target * (1.5 * x**2 if x < 1 / 3 else 1.5 / 9 + (x - 1 / 3) * (1 - 1.5 / 9) / (2 / 3))


def _vendor_dates(snapshot: Snapshot, study_id: str) -> dict[str, date | None]:
    rows = snapshot.query(
        "SELECT milestone_type, forecast_finish FROM milestone WHERE study_id = ? AND site_id IS NULL AND country IS NULL", [study_id]
    ).to_pylist()
    return {row["milestone_type"]: row["forecast_finish"] for row in rows}


def _days(day: date | None, today: date) -> float | None:
    return None if day is None else float((day - today).days)


def _identify(entry: Entry) -> str:
    content = [
        entry.study_id,
        entry.what,
        entry.unit,
        str(entry.data_cut),
        entry.snapshot,
        entry.seed,
        __version__,
        sorted(entry.quantiles.items()),
        *([entry.scenario] if entry.scenario else []),
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _row(entry: Entry, actor: Actor, now: datetime) -> SealedForecast:
    return SealedForecast(
        id=entry.id,
        study_id=entry.study_id,
        what=entry.what,
        unit=entry.unit,
        data_cut=entry.data_cut,
        due_by=entry.due_by,
        snapshot=entry.snapshot,
        code_version=__version__,
        seed=entry.seed,
        quantiles={f"{p:g}": value for p, value in entry.quantiles.items()},
        probability_by_plan=entry.p_by_plan,
        plan_value=entry.plan,
        straight_line=entry.straight_line,
        vendor_value=entry.vendor,
        sealed_at=now,
        sealed_by=actor.id,
    )


def _entry(row: SealedForecast, overrides: tuple[float, ...], scenario: str) -> Entry:
    quantiles = {float(p): value for p, value in row.quantiles.items()}
    return Entry(
        row.study_id,
        row.what,
        row.unit,
        row.data_cut,
        row.snapshot,
        row.seed,
        quantiles,
        row.due_by,
        row.probability_by_plan,
        row.plan_value,
        row.straight_line,
        row.vendor_value,
        row.id,
        overrides,
        scenario,
    )
