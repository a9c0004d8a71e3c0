"""Reading the facts as JSON: snapshots, trials, sites, measures, readings and findings."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from quarterdeck.vocabulary.errors import NotFound
from quarterdeck.vocabulary.finding import Finding
from quarterdeck.vocabulary.reading import Reading
from quarterdeck.web.api.common import PROBLEMS
from quarterdeck.web.matters import gather_findings, readings_of
from quarterdeck.web.pages.number import check_readable
from quarterdeck.web.portfolio import SiteFacts, TrialFacts, get_trial, read_portfolio
from quarterdeck.web.view import View, permit

router = APIRouter(responses=PROBLEMS)
Name = Annotated[str, Path(min_length=1, max_length=120, pattern=r"^[^/\x00-\x1f]+$")]
AsOf = Annotated[
    str | None, Query(max_length=80, description="An earlier snapshot: its id, its first letters, or a date such as 2026-03-14.")
]
Limit = Annotated[int, Query(ge=1, le=5000)]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]


class SnapshotOut(BaseModel):
    """One sealed state of the facts."""

    id: str
    parent: str
    taken_at: datetime
    data_cut: date
    actor: str
    reason: str
    rows: int
    quarantined: int
    tables: dict[str, int]


class TrialOut(BaseModel):
    """One trial with its enrolment."""

    study_id: str
    name: str
    phase: str
    therapeutic_area: str
    programme: str
    status: str
    planned: int | None
    enrolled: int
    sites: int
    sites_active: int
    countries: list[str]
    vendors: list[str]


class SiteOut(BaseModel):
    """One site of a trial."""

    study_id: str
    site_id: str
    country: str | None
    status: str | None
    planned: int | None
    enrolled: int
    screened: int
    screen_failed: int
    active_since: date | None


class MeasureOut(BaseModel):
    """One definition."""

    id: str
    name: str
    question: str
    why: str
    numerator: str
    denominator: str
    unit: str
    direction: str
    levels: list[str]
    target: str | None
    version: int
    hash: str
    owner: str


class ReadingOut(BaseModel):
    """One measure for one thing. Either `value` is there, or `not_assessed` says why it is not."""

    id: str
    measure: str
    level: str
    key: str
    unit: str
    value: float | None
    low: float | None
    high: float | None
    interval_level: float | None
    numerator: float | None
    denominator: float | None
    verdict: str | None
    not_assessed: str | None
    reason: str
    probability_of_target: float | None
    snapshot: str
    definition: str


class FindingOut(BaseModel):
    """One thing that a detector found."""

    id: str
    source: str
    level: str
    key: str
    headline: str
    verdict: str
    cause: str
    suggested_action: str
    owner: str
    opportunity: bool
    readings: list[str]
    facts: dict[str, float | str]


class Page(BaseModel):
    """How much there is, and which part this is."""

    total: int
    offset: int


class Trials(Page):
    """Trials in order of number."""

    items: list[TrialOut]


class Sites(Page):
    """Sites in order of number."""

    items: list[SiteOut]


class Readings(Page):
    """Readings in order of key."""

    items: list[ReadingOut]


class Findings(Page):
    """Findings, gravest first."""

    items: list[FindingOut]


@router.get("/snapshots", summary="All snapshots, newest last", tags=["evidence"])
def list_snapshots(view: View = permit("portfolio.read")) -> list[SnapshotOut]:
    """What was known when."""
    return [_snapshot(info) for info in view.deck.store.snapshots()]


@router.get("/trials", summary="Trials", tags=["trials"])
def list_trials(as_of: AsOf = None, limit: Limit = 500, offset: Offset = 0, view: View = permit("page.read", any_scope=True)) -> Trials:
    """All trials that the reader may see."""
    trials = [trial for trial in read_portfolio(facts_of(view, as_of).snapshot).trials.values() if view.may_read_study(trial.id)]
    return Trials(total=len(trials), offset=offset, items=[_trial(trial) for trial in trials[offset : offset + limit]])


@router.get("/trials/{study_id}", summary="One trial", tags=["trials"])
def get_one_trial(study_id: Name, as_of: AsOf = None, view: View = permit("page.read")) -> TrialOut:
    """One trial."""
    return _trial(get_trial(facts_of(view, as_of).snapshot, study_id))


@router.get("/trials/{study_id}/sites", summary="The sites of a trial", tags=["trials"])
def list_sites(study_id: Name, as_of: AsOf = None, limit: Limit = 500, offset: Offset = 0, view: View = permit("page.read")) -> Sites:
    """Sites with enrolment and screening."""
    snapshot = facts_of(view, as_of).snapshot
    get_trial(snapshot, study_id)
    sites = read_portfolio(snapshot).by_study.get(study_id, [])
    return Sites(total=len(sites), offset=offset, items=[_site(site) for site in sites[offset : offset + limit]])


@router.get("/measures", summary="All measure definitions", tags=["measures"])
def list_measures(view: View = permit("page.read", any_scope=True)) -> list[MeasureOut]:
    """What is measured, and how."""
    from quarterdeck.measures.catalogue import load_definitions

    return [_measure(definition) for definition in load_definitions().values()]


@router.get("/measures/{measure_id}/readings", summary="Readings of one measure", tags=["measures"])
def list_readings(
    measure_id: Name,
    level: Annotated[str, Query(pattern="^(portfolio|study|country|site|investigator|vendor|person|team)$")] = "portfolio",
    as_of: AsOf = None,
    limit: Limit = 1000,
    offset: Offset = 0,
    view: View = permit("page.read", any_scope=True),
) -> Readings:
    """One reading per thing at the level. A level that the measure does not have gives none."""
    from quarterdeck.measures.catalogue import get_definition

    get_definition(measure_id)
    found = [reading for reading in readings_of(facts_of(view, as_of).snapshot, measure_id, level).values() if is_readable(view, reading)]
    return Readings(total=len(found), offset=offset, items=[_reading(reading) for reading in found[offset : offset + limit]])


@router.get("/findings", summary="Findings of all rooms, gravest first", tags=["findings"])
def list_findings(as_of: AsOf = None, limit: Limit = 500, offset: Offset = 0, view: View = permit("page.read", any_scope=True)) -> Findings:
    """What needs attention."""
    found = gather_findings(facts_of(view, as_of))
    return Findings(total=len(found), offset=offset, items=[_finding(finding) for finding in found[offset : offset + limit]])


def facts_of(view: View, as_of: str | None) -> View:
    # The cookie of the pages does not steer the API: a script says itself which facts it wants.
    view.as_of = as_of or None
    if not view.has_facts:
        raise NotFound("There are no facts yet", next_step="Load extracts first.")
    return view


def is_readable(view: View, reading: Reading) -> bool:
    from quarterdeck.vocabulary.errors import NotPermitted

    try:
        check_readable(view, reading)
    except NotPermitted:
        return False
    return True


def _snapshot(info: Any) -> SnapshotOut:
    return SnapshotOut(
        id=info.id, parent=info.parent, taken_at=info.taken_at, data_cut=info.data_cut, actor=info.actor, reason=info.reason, rows=info.rows,
        quarantined=info.quarantine.rows if info.quarantine else 0, tables={name: part.rows for name, part in info.tables.items()},
    )  # fmt: skip


def _trial(trial: TrialFacts) -> TrialOut:
    return TrialOut(
        study_id=trial.id, name=trial.name, phase=trial.phase, therapeutic_area=trial.area, programme=trial.programme, status=trial.status, planned=trial.planned, enrolled=trial.enrolled,
        sites=trial.sites, sites_active=trial.sites_active, countries=list(trial.countries), vendors=[name for _, name in trial.vendors],
    )  # fmt: skip


def _site(site: SiteFacts) -> SiteOut:
    return SiteOut(
        study_id=site.study_id, site_id=site.site_id, country=site.row["country"], status=site.row["site_status"], planned=site.row["num_plan_subj"], enrolled=site.enrolled,
        screened=site.screened, screen_failed=site.failed, active_since=site.row["site_active_dt"],
    )  # fmt: skip


def _measure(definition: Any) -> MeasureOut:
    return MeasureOut(
        id=definition.id, name=definition.name, question=definition.question, why=definition.why, numerator=definition.numerator, denominator=definition.denominator, unit=definition.unit,
        direction=definition.direction.value, levels=list(definition.levels), target=definition.target.in_words(definition.unit) if definition.target else None, version=definition.version,
        hash=definition.hash, owner=definition.owner,
    )  # fmt: skip


def _reading(reading: Reading) -> ReadingOut:
    interval = reading.interval
    return ReadingOut(
        id=reading.id, measure=reading.measure, level=reading.scope.level, key=reading.scope.key, unit=reading.unit, value=reading.value, low=interval.low if interval else None,
        high=interval.high if interval else None, interval_level=interval.level if interval else None, numerator=reading.numerator, denominator=reading.denominator,
        verdict=reading.verdict.value if reading.verdict else None, not_assessed=reading.not_assessed.value if reading.not_assessed else None, reason=reading.reason,
        probability_of_target=reading.p_target, snapshot=reading.snapshot, definition=reading.definition,
    )  # fmt: skip


def _finding(finding: Finding) -> FindingOut:
    return FindingOut(
        id=finding.id, source=finding.source, level=finding.scope.level, key=finding.scope.key, headline=finding.headline, verdict=finding.verdict.value, cause=finding.cause,
        suggested_action=finding.suggested_action, owner=finding.owner, opportunity=finding.opportunity, readings=[reading.id for reading in finding.readings], facts=dict(finding.facts),
    )  # fmt: skip
