"""Plain facts about trials, sites and countries as pages show them: read in a few queries once a snapshot, then only looked up."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from quarterdeck.vocabulary.errors import NotFound

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.vocabulary.reading import Reading

Points = tuple[tuple[date, float], ...]
MONTHS_IN_SPARKLINE = 12
# Of the numbers enrolled and randomised a trial's first is used, as the measure of enrolment against plan does.
COUNTS = """
WITH named AS (
  SELECT *, min(metric) FILTER (actual IS NOT NULL AND period_end <= $cut) OVER (PARTITION BY study_id) AS reported,
    min(metric) OVER (PARTITION BY study_id) AS first
  FROM enrollment_metric WHERE metric IN ('total_enrolled', 'total_randomized')
), counts AS (SELECT * FROM named WHERE metric = coalesce(reported, first))
"""
STATUS_WORDS = {
    "planned": "planned", "start_up": "starting up", "enrolling": "enrolling", "enrolment_closed": "enrolment closed", "follow_up": "in follow-up",
    "close_out": "closing out", "locked": "database locked", "reported": "reported", "terminated": "terminated",
}  # fmt: skip
PHASE_WORDS = {
    "P1": "Phase 1",
    "P1/P2": "Phase 1/2",
    "P2": "Phase 2",
    "P2/P3": "Phase 2/3",
    "P3": "Phase 3",
    "P4": "Phase 4",
    "other": "Other phase",
}


@dataclass(frozen=True, slots=True)
class TrialFacts:
    """One trial as lists show it. `enrolled` and `planned` are participants; `points` the cumulative enrolment by month end.

    `counted_on` is the day of its last counts against a plan by month; None where it reports none.
    """

    id: str
    row: dict[str, Any]
    enrolled: int = 0
    points: Points = ()
    plan: Points = ()
    sites: int = 0
    sites_active: int = 0
    countries: tuple[str, ...] = ()
    vendors: tuple[tuple[str, str], ...] = ()
    counted_on: date | None = None

    @property
    def name(self) -> str:
        """Its nickname, or its number."""
        return self.row["nickname"] or self.id

    @property
    def planned(self) -> int | None:
        """Participants planned."""
        planned = self.row["num_plan_subj"]
        return None if planned is None else int(planned)

    @property
    def phase(self) -> str:
        """The phase in words."""
        return PHASE_WORDS.get(self.row["phase"] or "", "phase not stated")

    @property
    def area(self) -> str:
        """Therapeutic area."""
        return self.row["therapeutic_area"] or "area not stated"

    @property
    def programme(self) -> str:
        """The programme: the product that the trial is for."""
        return self.row["product"] or "no programme"

    @property
    def status(self) -> str:
        """The status in words."""
        return STATUS_WORDS.get(self.row["status"] or "", "status not stated")


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """One site of a trial."""

    study_id: str
    site_id: str
    row: dict[str, Any]
    enrolled: int = 0
    screened: int = 0
    failed: int = 0
    points: Points = ()

    @property
    def key(self) -> str:
        """Trial and site, as readings name it."""
        return f"{self.study_id}/{self.site_id}"


@dataclass(frozen=True)
class Portfolio:
    """All trials and sites of a snapshot by key."""

    trials: dict[str, TrialFacts]
    sites: dict[str, SiteFacts]
    by_country: dict[str, list[SiteFacts]] = field(default_factory=dict)
    by_study: dict[str, list[SiteFacts]] = field(default_factory=dict)


def read_portfolio(snapshot: Snapshot) -> Portfolio:
    """The portfolio of these facts, kept with them."""
    return snapshot.cached("web.portfolio", lambda: _read(snapshot))


def get_trial(snapshot: Snapshot, study_id: str) -> TrialFacts:
    """One trial. Raises NotFound."""
    trials = read_portfolio(snapshot).trials
    if study_id not in trials:
        raise NotFound("There is no such trial in these facts", thing=study_id, next_step="Use the list of trials or the search.")
    return trials[study_id]


def read_plan_by_now(snapshot: Snapshot, study_id: str) -> Reading | None:
    """Participants enrolled (numerator) of those planned by then (denominator), as the measure counts them; None where it has no value."""
    from quarterdeck.web.matters import reading_of

    reading = reading_of(snapshot, "enrolment_against_plan", "study", study_id)
    return reading if reading is not None and reading.is_assessed else None


def get_site(snapshot: Snapshot, study_id: str, site_id: str) -> SiteFacts:
    """One site. Raises NotFound."""
    site = read_portfolio(snapshot).sites.get(f"{study_id}/{site_id}")
    if site is None:
        raise NotFound(
            "There is no such site in these facts", thing=f"{study_id}/{site_id}", next_step="Use the list of sites of the trial."
        )
    return site


def _read(snapshot: Snapshot) -> Portfolio:
    monthly = _monthly(snapshot)
    sites = _sites(snapshot, monthly)
    by_study: dict[str, list[SiteFacts]] = defaultdict(list)
    by_country: dict[str, list[SiteFacts]] = defaultdict(list)
    for site in sites.values():
        by_study[site.study_id].append(site)
        by_country[site.row["country"] or "not stated"].append(site)
    trials = _trials(snapshot, monthly, by_study)
    return Portfolio(trials, sites, dict(by_country), dict(by_study))


def _monthly(snapshot: Snapshot) -> dict[tuple[str, str], list[tuple[date, int]]]:
    """New participants by trial, site and month: from participants where they are loaded, else from enrolment counts of sites."""
    sql = (
        "SELECT study_id, coalesce(site_id, '') AS site_id, last_day(coalesce(enroll_dt, rand_dt)) AS month, count(*) AS n "
        "FROM subject WHERE coalesce(enroll_dt, rand_dt) IS NOT NULL GROUP BY ALL ORDER BY ALL"
    )
    found: dict[tuple[str, str], list[tuple[date, int]]] = defaultdict(list)
    for row in snapshot.query(sql).to_pylist():
        found[row["study_id"], row["site_id"]].append((row["month"], row["n"]))
    return found


def _sites(snapshot: Snapshot, monthly: dict[tuple[str, str], list[tuple[date, int]]]) -> dict[str, SiteFacts]:
    screened = {
        (row["study_id"], row["site_id"]): (row["screened"], row["failed"])
        for row in snapshot.query(
            "SELECT study_id, site_id, count(*) FILTER (coalesce(screen_dt, consent_dt) IS NOT NULL) AS screened, count(screen_fail_dt) AS failed FROM subject GROUP BY ALL"
        ).to_pylist()
    }
    sites = {}
    for row in snapshot.query("SELECT * FROM site ORDER BY study_id, site_id").to_pylist():
        key = row["study_id"], row["site_id"]
        counts = monthly.get(key, [])
        n_screened, n_failed = screened.get(key, (0, 0))
        sites["/".join(key)] = SiteFacts(*key, row, sum(n for _, n in counts), n_screened, n_failed, _accumulate(counts))
    return sites


def _trials(
    snapshot: Snapshot, monthly: dict[tuple[str, str], list[tuple[date, int]]], by_study: dict[str, list[SiteFacts]]
) -> dict[str, TrialFacts]:
    whole: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for (study_id, _), counts in monthly.items():
        for month, n in counts:
            whole[study_id][month] += n
    counted, plans, days = _by_month(snapshot, "actual"), _by_month(snapshot, "planned"), _counted_on(snapshot)
    vendors = _vendors(snapshot)
    trials = {}
    for row in snapshot.query("SELECT * FROM study ORDER BY study_id").to_pylist():
        study_id, sites = row["study_id"], by_study.get(row["study_id"], [])
        points = _accumulate(sorted(whole[study_id].items())) or counted.get(study_id, ())
        trials[study_id] = TrialFacts(
            study_id,
            row,
            enrolled=int(points[-1][1]) if points else 0,
            points=points,
            plan=plans.get(study_id) or _straight_plan(row),
            counted_on=days.get(study_id),
            sites=len(sites),
            sites_active=sum(site.row["site_active_dt"] is not None and site.row["closed_dt"] is None for site in sites),
            countries=tuple(sorted({site.row["country"] for site in sites if site.row["country"]})),
            vendors=vendors.get(study_id, ()),
        )
    return trials


def _by_month(snapshot: Snapshot, column: str) -> dict[str, Points]:
    """Cumulative numbers by month as the trials themselves report them: `actual` counts, or those `planned`."""
    sql = f"{COUNTS} SELECT study_id, period_end, {column} FROM counts WHERE country = '' AND site_id = '' AND {column} IS NOT NULL ORDER BY ALL"
    found: dict[str, list[tuple[date, float]]] = defaultdict(list)
    for row in snapshot.query(sql, {"cut": snapshot.data_cut}).to_pylist():
        found[row["study_id"]].append((row["period_end"], float(row[column])))
    return {key: tuple(points) for key, points in found.items()}


def _counted_on(snapshot: Snapshot) -> dict[str, date]:
    """The day of each trial's last counts."""
    sql = f"{COUNTS} SELECT study_id, max(period_end) AS day FROM counts WHERE actual IS NOT NULL AND period_end <= $cut GROUP BY study_id"
    return {row["study_id"]: row["day"] for row in snapshot.query(sql, {"cut": snapshot.data_cut}).to_pylist()}


def _straight_plan(row: dict[str, Any]) -> Points:
    """Where no plan by month was loaded: a straight line from first to last planned enrolment."""
    start, end, number = row["est_fpfv"], row["est_lpfv"], row["num_plan_subj"]
    return ((start, 0.0), (end, float(number))) if start and end and number and start < end else ()


def _vendors(snapshot: Snapshot) -> dict[str, tuple[tuple[str, str], ...]]:
    sql = (
        "SELECT DISTINCT c.study_id, v.vendor_id, coalesce(v.name, v.vendor_id) AS name FROM contract c JOIN vendor v USING (vendor_id) WHERE c.study_id IS NOT NULL "
        "UNION SELECT DISTINCT s.study_id, v.vendor_id, coalesce(v.name, v.vendor_id) FROM site s JOIN vendor v USING (vendor_id) ORDER BY ALL"
    )
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in snapshot.query(sql).to_pylist():
        found[row["study_id"]].append((row["vendor_id"], row["name"]))
    return {key: tuple(vendors) for key, vendors in found.items()}


def _accumulate(counts: list[tuple[date, int]]) -> Points:
    total, points = 0, []
    for month, n in counts:
        total += n
        points.append((month, float(total)))
    return tuple(points)
