"""The ledger scored: what was sealed against what happened, beside plan, straight line, vendor and human override."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.facts import MONTH_DAYS, PortfolioFacts, StudyFacts, read_facts
from quarterdeck.forecasts.ledger import Entry
from quarterdeck.forecasts.trial import actual_date
from quarterdeck.measures.rates_of_exchange import RatesOfExchange, read_rates
from quarterdeck.methods.scoring import (
    censored_crps,
    crps_quantiles,
    pinball_loss,
    pit_from_quantiles,
    reliability,
    skill,
)
from quarterdeck.vocabulary import wording

NEVER_DAYS = 3652.0  # a quantile beyond ten years is scored as ten years
# Measured on public data with the same method (docs/evaluation/forecasts.md); said where an organisation has no record yet.
PUBLIC_RECORD = (
    "On a public multi-country trial, 90% intervals of this method covered 91%, 92% and 93% of outcomes 3, 6 and 12 months ahead."
)


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


def score_entries(entries: Sequence[Entry], snapshot: Snapshot) -> list[Score]:
    """Scores by what this snapshot knows. Entries made on it or later are left out; what has not happened is scored as censored."""
    facts, rates = read_facts(snapshot), read_rates(snapshot)
    by_id = {study.study_id: study for study in facts.studies}
    scored = []
    for entry in entries:
        study = by_id.get(entry.study_id)
        if study is None or entry.data_cut >= facts.today:
            continue
        outcome = _outcome(entry, study, facts, rates)
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


def _outcome(entry: Entry, study: StudyFacts, facts: PortfolioFacts, rates: RatesOfExchange) -> tuple[float | None, float] | None:
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
        # It may have been sealed in another currency, before more of them were loaded or another one was chosen.
        rate = rates.get_rate(study.budget.currency, entry.unit, facts.today)
        return None if rate is None else ((study.budget.spent + study.budget.accrued) * rate, known_until)
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
