"""Risks as JSON: indicators and their readings, what needs the reader, signals, the register, tolerance limits, what hangs on what."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from quarterdeck.record.models.risks import RegisterItem, Signal
from quarterdeck.risks import loop, register
from quarterdeck.risks.blast_radius import KINDS, find_blast_radius
from quarterdeck.risks.detectors.limits import LimitStatus, read_limits
from quarterdeck.risks.indicators import Indicator, get_indicator, load_indicators
from quarterdeck.risks.kri import read_readings
from quarterdeck.risks.needs_me import Matter
from quarterdeck.risks.states import REGISTER_STATES, SIGNAL_STATES
from quarterdeck.vocabulary.reading import Reading
from quarterdeck.web.api.common import PROBLEMS
from quarterdeck.web.api.facts import AsOf, Limit, Name, Offset, Page, facts_of, is_readable
from quarterdeck.web.matters import gather_matters
from quarterdeck.web.view import View, permit

router = APIRouter(responses=PROBLEMS, tags=["risks"])
Identifier = Annotated[str, Path(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9._-]+$")]


class IndicatorOut(BaseModel):
    """One indicator's definition."""

    id: str
    name: str
    question: str
    numerator: str
    denominator: str
    kind: str
    concern: str
    category: str
    levels: list[str]
    version: int
    hash: str


class IndicatorReadingOut(BaseModel):
    """One indicator of one thing. Either `score` is there, or `not_assessed` says why it is not."""

    id: str
    level: str
    key: str
    numerator: float | None
    denominator: float | None
    value: float | None
    unit: str
    expected: float | None
    low: float | None
    high: float | None
    score: float | None
    q: float | None
    flag: int | None
    snapshots_flagged: int
    verdict: str | None
    not_assessed: str | None
    snapshot: str
    definition: str


class IndicatorReadings(Page):
    """Readings in order of key."""

    items: list[IndicatorReadingOut]


class MatterOut(BaseModel):
    """What needs the reader: the finding, and what doing nothing is expected to cost."""

    finding: str
    headline: str
    cause: str
    suggested_action: str
    owner: str
    why: str
    came_back: bool
    also: list[str]


class SignalOut(BaseModel):
    """A signal and where it stands."""

    id: str
    study_id: str
    group_id: str
    indicator: str
    headline: str
    state: str
    effect: str
    opened_at: datetime
    opened_cut: date
    baseline_score: float | None
    closing_score: float | None
    root_cause: str


class RegisterItemOut(BaseModel):
    """One item of the register."""

    id: str
    kind: str
    status: str
    title: str
    cause: str
    event: str
    effect: str
    category: str
    owner: str
    p_annual: float | None
    cost_p05: float | None
    cost_p95: float | None
    currency: str
    days_p05: float | None
    days_p95: float | None
    next_review: date | None


class LimitOut(BaseModel):
    """One tolerance limit. `rate` is null where nothing was counted, and `reason` says why."""

    id: str
    study_id: str
    parameter: str
    expected: float | None
    limit: float | None
    participants: int
    events: int
    rate: float | None
    projected: float | None
    is_breached: bool
    reason: str


class RadiusOut(BaseModel):
    """What hangs on a thing."""

    kind: str
    key: str
    name: str
    trials: list[str]
    running: list[str]
    sites: int
    participants: int
    money: float
    currency: str


@router.get("/indicators", summary="All risk indicators")
def list_indicators(view: View = permit("page.read", any_scope=True)) -> list[IndicatorOut]:
    """What is counted against what, and on which side it worries."""
    return [_indicator(indicator) for indicator in load_indicators().values()]


@router.get("/indicators/{indicator_id}/readings", summary="Readings of one indicator")
def list_indicator_readings(
    indicator_id: Name,
    level: Annotated[str, Query(pattern="^(site|country|study|vendor|monitor)$")] = "site",
    as_of: AsOf = None,
    limit: Limit = 1000,
    offset: Offset = 0,
    view: View = permit("page.read", any_scope=True),
) -> IndicatorReadings:
    """One reading a thing at the level; a level that the indicator does not have gives none."""
    get_indicator(indicator_id)
    readings = read_readings(facts_of(view, as_of).snapshot, indicator_id, level)
    found = [readings[key] for key in sorted(readings) if is_readable(view, readings[key])]
    return IndicatorReadings(total=len(found), offset=offset, items=[_reading(reading) for reading in found[offset : offset + limit]])


@router.get("/matters", summary="What needs the reader, the costliest first")
def list_matters(as_of: AsOf = None, view: View = permit("portfolio.read")) -> list[MatterOut]:
    """Three to seven matters, as on the page."""
    facts = facts_of(view, as_of)
    return [_matter(matter) for matter in gather_matters(facts)]


@router.get("/signals", summary="Signals, newest first")
def list_signals(
    state: Annotated[str | None, Query(pattern=f"^({'|'.join(SIGNAL_STATES)})$")] = None, view: View = permit("portfolio.read")
) -> list[SignalOut]:
    """All signals, or those in one state."""
    return [_signal(signal) for signal in loop.read_signals(view.record, state or "")]


@router.get("/signals/{signal_id}", summary="One signal")
def get_signal(signal_id: Identifier, view: View = permit("portfolio.read")) -> SignalOut:
    """One signal."""
    return _signal(loop.read_signal(view.record, signal_id)[0])


@router.get("/register", summary="Items of the register")
def list_items(
    status: Annotated[str | None, Query(pattern=f"^({'|'.join(REGISTER_STATES)})$")] = None, view: View = permit("portfolio.read")
) -> list[RegisterItemOut]:
    """All items, or those in one state."""
    return [_item(item) for item in register.read_items(view.record) if not status or item.status == status]


@router.get("/limits", summary="Tolerance limits")
def list_limits(as_of: AsOf = None, view: View = permit("portfolio.read")) -> list[LimitOut]:
    """Every limit with a test that holds however often one looks."""
    return [_limit(status) for status in read_limits(facts_of(view, as_of).snapshot)]


@router.get("/blast-radius", summary="What hangs on a thing")
def get_blast_radius(
    kind: Annotated[str, Query(pattern=f"^({'|'.join(KINDS)})$")],
    key: Annotated[str, Query(min_length=1, max_length=120)],
    as_of: AsOf = None,
    view: View = permit("portfolio.read"),
) -> RadiusOut:
    """Trials, sites, participants and money that depend on a vendor, site, country, person or system."""
    r = find_blast_radius(facts_of(view, as_of).snapshot, kind, key)
    return RadiusOut(
        kind=kind, key=key, name=r.name, trials=list(r.trials), running=list(r.running), sites=r.sites, participants=r.participants, money=float(r.money.amount), currency=r.money.currency
    )  # fmt: skip


def _indicator(i: Indicator) -> IndicatorOut:
    return IndicatorOut(
        id=i.id, name=i.name, question=i.question, numerator=i.numerator, denominator=i.denominator, kind=i.kind, concern=i.concern, category=i.category, levels=list(i.levels),
        version=i.version, hash=i.hash,
    )  # fmt: skip


def _reading(r: Reading) -> IndicatorReadingOut:
    def detail(name: str) -> float | None:
        value = r.details.get(name)
        return value if isinstance(value, (int, float)) else None

    flag = detail("flag")
    return IndicatorReadingOut(
        id=r.id, level=r.scope.level, key=r.scope.key, numerator=r.numerator, denominator=r.denominator, value=r.value, unit=r.unit, expected=detail("expected"),
        low=r.interval.low if r.interval else None, high=r.interval.high if r.interval else None, score=detail("score"), q=detail("q"), flag=None if flag is None else int(flag),
        snapshots_flagged=int(detail("snapshots flagged") or 0), verdict=r.verdict.value if r.verdict else None, not_assessed=r.reason or None if r.not_assessed else None,
        snapshot=r.snapshot, definition=r.definition,
    )  # fmt: skip


def _matter(m: Matter) -> MatterOut:
    f = m.finding
    return MatterOut(
        finding=f.id, headline=f.headline, cause=f.cause, suggested_action=f.suggested_action, owner=f.owner, why=m.why, came_back=m.came_back, also=[other.id for other in m.also]
    )  # fmt: skip


def _signal(s: Signal) -> SignalOut:
    return SignalOut(
        id=s.id, study_id=s.study_id, group_id=s.group_id, indicator=s.indicator, headline=s.headline, state=s.state, effect=s.effect or "", opened_at=s.opened_at, opened_cut=s.opened_cut,
        baseline_score=s.baseline_score, closing_score=s.closing_score, root_cause=s.root_cause or "",
    )  # fmt: skip


def _item(i: RegisterItem) -> RegisterItemOut:
    return RegisterItemOut(
        id=i.id, kind=i.kind, status=i.status, title=i.title, cause=i.cause, event=i.event, effect=i.effect, category=i.category, owner=i.owner or "", p_annual=i.p_annual, cost_p05=i.cost_p05,
        cost_p95=i.cost_p95, currency=i.currency, days_p05=i.days_p05, days_p95=i.days_p95, next_review=i.next_review,
    )  # fmt: skip


def _limit(s: LimitStatus) -> LimitOut:
    d = s.definition
    return LimitOut(
        id=str(d["qtl_id"]), study_id=str(d["study_id"]), parameter=str(d["parameter"]), expected=d["expected_rate"], limit=d["limit"], participants=s.participants, events=s.events, rate=s.rate,
        projected=s.projected[0] if s.projected else None, is_breached=s.is_breached, reason=s.reason,
    )  # fmt: skip
