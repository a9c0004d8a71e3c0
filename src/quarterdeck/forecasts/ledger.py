"""The ledger: forecasts sealed when made and scored when the outcome is known, beside plan, straight line, vendor and human override."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import select

from quarterdeck import __version__
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.facts import MONTH_DAYS, PortfolioFacts, StudyFacts, read_facts
from quarterdeck.forecasts.model import LEVELS, MILESTONE_WORDS, TrialForecast
from quarterdeck.forecasts.trial import actual_date, forecast_trial
from quarterdeck.methods.scoring import (
    censored_crps,
    crps_quantiles,
    pinball_loss,
    pit_from_quantiles,
    reliability,
    skill,
)
from quarterdeck.record.audit import Act, write
from quarterdeck.record.database import Record
from quarterdeck.record.models.forecasts import ForecastOverride, SealedForecast
from quarterdeck.record.permissions import Actor
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.reading import Scope

COUNT_HORIZONS = (1, 3, 6, 12)  # months after the data cut for which the number enrolled is sealed
NEVER_DAYS = 3652.0  # a quantile beyond ten years is scored as ten years
# Measured on public data with the same method (docs/evaluation/forecasts.md); said where an organisation has no record yet.
PUBLIC_RECORD = (
    "On a public multi-country trial, 90% intervals of this method covered 91%, 92% and 93% of outcomes 3, 6 and 12 months ahead."
)


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


@dataclass(frozen=True, slots=True)
class Score:
    """One entry against its outcome. `actual` None: not yet, known only to be later than `known_until` (days)."""

    entry: Entry
    actual: float | None
    known_until: float
    crps: float
    pinball: float | None
    pit: float | None
    covered: dict[float, bool | None]
    brier: float | None
    errors: dict[str, float]  # absolute error of plan, straight line, vendor, override, and of the median


@dataclass(frozen=True, slots=True)
class LedgerSummary:
    """The record of one kind of forecast (all kinds: what = "")."""

    what: str
    scored: int
    pending: int
    coverage: dict[float, tuple[int, int]]  # level -> (inside, decided)
    crps: float | None
    pinball: float | None
    brier: float | None
    mean_error: dict[str, float]
    skill: dict[str, float | None]  # against plan, straight line, vendor, override
    pit: tuple[float, ...]
    reliability: tuple[tuple[float, float, int], ...]


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
        known = set(session.scalars(select(SealedForecast.id).where(SealedForecast.snapshot == snapshot.id)))
        new = [entry for entry in entries if entry.id not in known]
        session.add_all(_row(entry, actor, now) for entry in new)
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
    return [_entry(row, overrides.get(row.id, ())) for row in rows]


def score_entries(entries: Sequence[Entry], snapshot: Snapshot) -> list[Score]:
    """Scores by what this snapshot knows. Entries made on it or later are left out; what has not happened is scored as censored."""
    facts = read_facts(snapshot)
    by_id = {study.study_id: study for study in facts.studies}
    scored = []
    for entry in entries:
        study = by_id.get(entry.study_id)
        if study is None or entry.data_cut >= facts.today:
            continue
        outcome = _outcome(entry, study, facts)
        if outcome is not None:
            scored.append(_score(entry, *outcome))
    return scored


def summarise(scores: Sequence[Score], what: str = "") -> LedgerSummary:
    """The record of one kind of forecast."""
    mine = [s for s in scores if not what or s.entry.what == what]
    known = [s for s in mine if s.actual is not None]
    coverage = {}
    for level in (0.5, 0.8, 0.9):
        decided = [s.covered[level] for s in mine if s.covered[level] is not None]
        coverage[level] = (sum(bool(c) for c in decided), len(decided))
    errors = {
        name: _mean([s.errors[name] for s in known if name in s.errors])
        for name in ("median", "plan", "straight line", "vendor", "override")
    }
    skills = {}
    for name in ("plan", "straight line", "vendor", "override"):
        pairs = [(s.crps, s.errors[name]) for s in known if name in s.errors]
        skills[name] = skill(float(np.mean([a for a, _ in pairs])), float(np.mean([b for _, b in pairs]))) if pairs else None
    by_plan = [(s.entry.p_by_plan, s.brier) for s in mine if s.brier is not None and s.entry.p_by_plan is not None]
    p = np.array([a for a, _ in by_plan])
    happened = np.array(
        [bool(abs(1 - a) ** 2 <= abs(a) ** 2) if b is None else abs((1 - a) ** 2 - b) < 1e-9 for a, b in by_plan], dtype=bool
    )
    return LedgerSummary(
        what,
        len(known),
        len(mine) - len(known),
        coverage,
        _mean([s.crps for s in known]),
        _mean([s.pinball for s in known if s.pinball is not None]),
        _mean([b for _, b in by_plan]),
        {name: value for name, value in errors.items() if value is not None},
        skills,
        tuple(s.pit for s in known if s.pit is not None),
        tuple(reliability(p, happened)) if len(p) else (),
    )


def describe_trust(scores: Sequence[Score], what: str) -> str:
    """How much to trust this kind of forecast, in words, from the record; the public back-test where there is none yet."""
    summary = summarise(scores, what)
    inside, decided = summary.coverage[0.9]
    if decided < 5:
        has = (
            f"{wording.plural(decided, 'forecast')} of this kind has come due here"
            if decided == 1
            else f"{wording.plural(decided, 'forecast')} of this kind have come due here"
        )
        return f"Only {has}. {PUBLIC_RECORD}" if decided else f"No forecast of this kind has come due here yet. {PUBLIC_RECORD}"
    return (
        f"Of {wording.plural(decided, 'forecast')} of this kind that came due here, {wording.number(inside)} lay within their 90% interval "
        f"({wording.share(inside / decided, 0)})."
    )


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


def _entry(row: SealedForecast, overrides: tuple[float, ...]) -> Entry:
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
    )


def _outcome(entry: Entry, study: StudyFacts, facts: PortfolioFacts) -> tuple[float | None, float] | None:
    """(actual or None, known until) in the entry's unit; None where nothing can be said yet."""
    known_until = float((facts.today - entry.data_cut).days)
    if entry.unit == "participants":
        assert entry.due_by is not None
        if entry.due_by > facts.today:
            return None
        return float(_enrolled_by(study, facts, entry.due_by)), known_until
    if entry.what == "cost_at_lock":
        if study.row["db_lock_dt"] is None or study.budget is None:
            return None
        return study.budget.spent + study.budget.accrued, known_until
    actual = actual_date(study, entry.what, facts.today)
    if actual is None and entry.what.startswith("enrolled_"):
        actual = None
    return (None if actual is None else float((actual - entry.data_cut).days)), known_until


def _enrolled_by(study: StudyFacts, facts: PortfolioFacts, day: date) -> float:
    """Enrolled by a day, straight within the month window that holds it."""
    total = sum((site.months for site in study.sites if len(site.months) == facts.n_months), np.zeros(facts.n_months))
    after = (facts.today - day).days / MONTH_DAYS
    whole = int(after)
    later = total[len(total) - whole :].sum() if whole else 0.0
    part = total[len(total) - whole - 1] * (after - whole) if whole < len(total) else 0.0
    return float(total.sum() - later - part)


def _score(entry: Entry, actual: float | None, known_until: float) -> Score:
    levels = sorted(entry.quantiles)
    values = np.array([NEVER_DAYS if entry.quantiles[p] is None else entry.quantiles[p] for p in levels], dtype=float)
    bands = {0.5: (0.25, 0.75), 0.8: (0.10, 0.90), 0.9: (0.05, 0.95)}
    at = dict(zip(levels, values, strict=True))
    covered: dict[float, bool | None] = {}
    for level, (low, high) in bands.items():
        if actual is not None:
            covered[level] = bool(at[low] <= actual <= at[high])
        else:  # not yet happened: outside once the interval has passed, else undecided
            covered[level] = False if known_until > at[high] else None
    if actual is None:
        return Score(
            entry, None, known_until, censored_crps(levels, values, known_until), None, None, covered, _brier(entry, None, known_until), {}
        )
    errors = {"median": abs(at[0.5] - actual)}
    named = {
        "plan": entry.plan,
        "straight line": entry.straight_line,
        "vendor": entry.vendor,
        "override": entry.overrides[-1] if entry.overrides else None,
    }
    errors |= {name: abs(value - actual) for name, value in named.items() if value is not None}
    pinball = float(np.mean([float(pinball_loss(at[p], actual, p)) for p in levels]))
    pit = pit_from_quantiles(levels, values, actual)
    return Score(
        entry,
        actual,
        known_until,
        crps_quantiles(levels, values, actual),
        pinball,
        pit,
        covered,
        _brier(entry, actual, known_until),
        errors,
    )


def _brier(entry: Entry, actual: float | None, known_until: float) -> float | None:
    """(P - happened)^2 for "by the plan"; None while it is undecided."""
    if entry.p_by_plan is None or entry.plan is None or entry.plan < 0:
        return None
    if actual is None and known_until < entry.plan:
        return None
    return float((entry.p_by_plan - (1.0 if actual is not None and actual <= entry.plan else 0.0)) ** 2)


def _mean(values: Sequence[Any]) -> float | None:
    return float(np.mean(values)) if len(values) else None
