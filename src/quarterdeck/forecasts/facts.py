"""Facts of every trial that a forecast rests on, read from one snapshot in one pass."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.event_facts import EventFacts, read_arms, read_events
from quarterdeck.forecasts.money_facts import BudgetFacts, read_money
from quarterdeck.vocabulary.errors import NotFound

PENDING = ("identified", "selected", "qualified", "initiated")
OVER = ("locked", "reported", "terminated")
MONTH_DAYS = 30.4375


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """One site. Dates as recorded; `months` are participants by month window, oldest first."""

    site_id: str
    country: str
    status: str
    selected: date | None
    contract: date | None
    activated: date | None
    closed: date | None
    enrolled: int
    months: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CountryFacts:
    """Approval dates of one country of a trial."""

    country: str
    submitted: date | None
    approved: date | None
    ethics_submitted: date | None
    ethics_approved: date | None


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """One trial as known in the snapshot."""

    study_id: str
    row: dict[str, Any]
    sites: tuple[SiteFacts, ...]
    countries: dict[str, CountryFacts]
    milestones: dict[str, tuple[date | None, date | None, date | None]]  # type -> (baseline, planned, actual)
    screened: int
    screen_failed: int
    budget: BudgetFacts | None
    change_orders: tuple[float | None, ...]  # None: known, but without a rate of exchange
    events: EventFacts | None = None
    arms: tuple[tuple[int, int], ...] = ()  # cap and enrolled by arm, where arms are capped
    unpriced: str = ""  # why it has no budget although lines of it were loaded

    @property
    def target(self) -> int:
        """Participants wanted."""
        return int(self.row["num_plan_subj"] or 0)

    @property
    def enrolled(self) -> int:
        """Participants enrolled by the data cut."""
        return sum(site.enrolled for site in self.sites)

    @property
    def is_over(self) -> bool:
        """Locked, reported or stopped: nothing to forecast."""
        return self.row["status"] in OVER or self.row["db_lock_dt"] is not None

    @property
    def recruitment_ended(self) -> date | None:
        """When recruitment ended, if it has."""
        last: date | None = self.row["act_lpfv"]
        return last


@dataclass(frozen=True, slots=True)
class PortfolioFacts:
    """All trials, the day the facts end, and the currency of their money."""

    today: date
    snapshot: str
    currency: str
    first_day: date
    studies: tuple[StudyFacts, ...]

    def study(self, study_id: str) -> StudyFacts:
        """The trial of this id. Raises NotFound with those there are."""
        for study in self.studies:
            if study.study_id == study_id:
                return study
        raise NotFound("No such trial in this snapshot", thing=study_id, allowed=[s.study_id for s in self.studies])

    def month_of(self, day: date) -> int:
        """Index of the month window that holds a day; windows end with the data cut."""
        return self.n_months - 1 - int((self.today - day).days // MONTH_DAYS)

    @property
    def n_months(self) -> int:
        """Month windows from the first activation to the data cut."""
        return int((self.today - self.first_day).days // MONTH_DAYS) + 1


def read_facts(snapshot: Snapshot) -> PortfolioFacts:
    """The facts, kept with the snapshot."""
    return snapshot.cached("forecasts.facts", lambda: _read(snapshot))


def _read(snapshot: Snapshot) -> PortfolioFacts:
    studies = snapshot.query("SELECT * EXCLUDE (_source, _file, _sheet, _line) FROM study ORDER BY study_id").to_pylist()
    sites = snapshot.query("SELECT * FROM site ORDER BY study_id, site_id").to_pylist()
    first = min((s["site_active_dt"] for s in sites if s["site_active_dt"]), default=snapshot.data_cut)
    money = read_money(snapshot)
    frame = PortfolioFacts(snapshot.data_cut, snapshot.id, money.exchange.currency, first, ())
    counts = _counts(snapshot, frame)
    tables = _Tables(snapshot)
    events, arms = read_events(snapshot, studies), read_arms(snapshot, studies)
    found = []
    for row in studies:
        study_id = row["study_id"]
        mine = tuple(_site(s, counts.get((study_id, s["site_id"]))) for s in sites if s["study_id"] == study_id)
        screened, failed = tables.screening.get(study_id, (0, 0))
        found.append(
            StudyFacts(
                study_id,
                row,
                mine,
                tables.countries.get(study_id, {}),
                tables.milestones.get(study_id, {}),
                screened,
                failed,
                money.budgets.get(study_id),
                money.change_orders.get(study_id, ()),
                events.get(study_id),
                arms.get(study_id, ()),
                money.unpriced.get(study_id, ""),
            )
        )
    return replace(frame, studies=tuple(found))


def _site(row: dict[str, Any], months: NDArray[np.float64] | None) -> SiteFacts:
    counts = np.zeros(1) if months is None else months
    return SiteFacts(
        row["site_id"],
        row["country"] or "",
        row["site_status"] or "",
        row["selected_dt"],
        row["contract_executed_dt"],
        row["site_active_dt"],
        row["closed_dt"],
        int(counts.sum()),
        counts,
    )


def _counts(snapshot: Snapshot, frame: PortfolioFacts) -> dict[tuple[str, str], NDArray[np.float64]]:
    """Participants by site and month window: randomised where dates of it are given, else enrolled."""
    rows = snapshot.query(
        """SELECT study_id, site_id, coalesce(rand_dt, enroll_dt) AS day, count(*) AS n FROM subject
           WHERE coalesce(rand_dt, enroll_dt) <= ? AND site_id IS NOT NULL GROUP BY 1, 2, 3""",
        [frame.today],
    ).to_pylist()
    found: dict[tuple[str, str], NDArray[np.float64]] = {}
    for row in rows:
        months = found.setdefault((row["study_id"], row["site_id"]), np.zeros(frame.n_months))
        months[max(0, frame.month_of(row["day"]))] += row["n"]
    return found


class _Tables:
    """Small tables, by study."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.countries: dict[str, dict[str, CountryFacts]] = {}
        for r in snapshot.query("SELECT * FROM study_country ORDER BY study_id, country").to_pylist():
            facts = CountryFacts(
                r["country"], r["reg_submission_dt"], r["reg_approval_dt"], r["ethics_submission_dt"], r["ethics_approval_dt"]
            )
            self.countries.setdefault(r["study_id"], {})[r["country"]] = facts
        self.milestones: dict[str, dict[str, tuple[date | None, date | None, date | None]]] = {}
        for r in snapshot.query("SELECT * FROM milestone WHERE site_id IS NULL AND country IS NULL ORDER BY milestone_id").to_pylist():
            self.milestones.setdefault(r["study_id"], {})[r["milestone_type"]] = (
                r["baseline_finish"],
                r["planned_finish"],
                r["actual_finish"],
            )
        self.screening = {
            r["study_id"]: (r["screened"], r["failed"])
            for r in snapshot.query(
                "SELECT study_id, count(*) FILTER (WHERE screen_fail_dt IS NOT NULL OR coalesce(rand_dt, enroll_dt) IS NOT NULL) AS screened,"
                " count(screen_fail_dt) AS failed FROM subject GROUP BY 1"
            ).to_pylist()
        }
