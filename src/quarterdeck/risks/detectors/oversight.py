"""Oversight: vendors, the trial master file and readiness for inspection, people, and feeds that stopped."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING, Any

from quarterdeck.risks.indicators import load_indicators
from quarterdeck.risks.kri import as_reading, get_board
from quarterdeck.risks.portfolio import read_daily_cost, read_exchange, read_running
from quarterdeck.risks.queries import read_rows
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.finding import Consequence, Finding
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.verdict import Verdict

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.risks.cells import Cell

VENDOR_INDICATORS = ("op01d", "op02", "op14", "op17", "op17d")
VENDOR_Z = 2.33  # one side, 1 %
LEAST_INDICATORS = 3
READY = 0.9  # share of a zone's due documents that are there, in time and without issue
GRACE = 14  # days a feed may be late beyond its rhythm
OVERLOADED = 1.4  # times the median number of sites of a monitor
# The newest happening that each table of a source ought to show soon after it happened.
LIVE_DATES = (
    ("tmf_document", "received_dt"), ("tmf_document", "finalized_dt"), ("data_page", "first_entered_ts::DATE"), ("visit", "visit_dt"),
    ("monitoring_visit", "report_submitted_dt"), ("protocol_deviation", "reported_dt"), ("invoice", "received_dt"), ("vendor_kpi", "period_end"),
    ("allocation", "period"), ("audit", "start_dt"), ("query", "opened_ts::DATE"), ("adverse_event", "mincreated_dts::DATE"),
)  # fmt: skip
ZONES = {
    1: "Trial management", 2: "Central trial documents", 3: "Regulatory", 4: "Ethics", 5: "Site management", 6: "Investigational product",
    7: "Safety reporting", 8: "Central laboratory", 9: "Third parties", 10: "Data management", 11: "Statistics",
}  # fmt: skip
READINESS = """
SELECT study_id, tmf_zone AS zone, count(*) AS due,
  count(*) FILTER (coalesce(received_dt, finalized_dt) IS NOT NULL AND NOT coalesce(quality_issue, false)) AS ready
FROM tmf_document WHERE expected_dt + 30 <= $cut AND status IS DISTINCT FROM 'not_applicable' AND tmf_zone IS NOT NULL AND study_id IS NOT NULL
GROUP BY ALL ORDER BY ALL
"""
LOAD = """
SELECT person_id, sum(sites_assigned) AS sites, list(DISTINCT study_id) AS studies FROM allocation
WHERE role = 'cra' AND period = (SELECT max(period) FROM allocation WHERE period <= $cut) AND sites_assigned IS NOT NULL GROUP BY ALL ORDER BY ALL
"""
LEFT = """
SELECT s.person_id, list(DISTINCT m.study_id) AS studies, count(DISTINCT m.study_id || '/' || m.site_id) AS sites FROM staff s
JOIN monitoring_visit m ON m.cra_id = s.person_id AND m.start_dt > $cut - 120
WHERE s.leave_dt BETWEEN $cut - 90 AND $cut GROUP BY ALL ORDER BY ALL
"""


def detect(snapshot: Snapshot) -> list[Finding]:
    """Findings of all these kinds."""
    return [*_find_vendors(snapshot), *_find_unready(snapshot), *_find_people(snapshot), *_find_late_feeds(snapshot)]


def _find_vendors(snapshot: Snapshot) -> list[Finding]:
    groups: dict[str, list[Cell]] = defaultdict(list)
    for cell in get_board(snapshot).cells["vendor"]:
        if cell.indicator in VENDOR_INDICATORS and cell.score is not None:
            groups[cell.group].append(cell)
    found = []
    for vendor, cells in sorted(groups.items()):
        z = sum(cell.score or 0 for cell in cells) / sqrt(len(cells))
        if len(cells) >= LEAST_INDICATORS and abs(z) >= VENDOR_Z:
            found.append(_describe_vendor(snapshot, vendor, cells, z))
    return found


def _describe_vendor(snapshot: Snapshot, vendor: str, cells: list[Cell], z: float) -> Finding:
    row = next(
        iter(read_rows(snapshot, "SELECT coalesce(name, vendor_id) AS name FROM vendor WHERE vendor_id = $vendor", vendor=vendor)),
        {"name": vendor},
    )
    trials = sorted(
        {study for (study, _), site in get_board(snapshot).sites.items() if site["vendor_id"] == vendor} & set(read_running(snapshot))
    )
    worst = sorted(cells, key=lambda c: -(c.score or 0) if z > 0 else (c.score or 0))
    names = [load_indicators()[c.indicator].name.lower() for c in worst[:3]]
    is_bad = z > 0
    cost = 0.05 * 180 * sum(read_daily_cost(snapshot).get(trial, 0.0) for trial in trials)
    verb = "falls short of the other vendors" if is_bad else "does better than the other vendors"
    return Finding(
        id=f"{'vendor' if is_bad else 'vendor_ahead'}/vendor/{vendor}", source="risks", scope=Scope("vendor", vendor),
        headline=f"{row['name']} {verb}, over {wording.plural(len(cells), 'indicator')} taken together; most in {names[0]}",
        verdict=Verdict.CONCERN if is_bad else Verdict.BETTER, cause=wording.listing(names),
        suggested_action="Escalate under the governance plan with these figures" if is_bad else "Consider this vendor for more work",
        href=f"/vendors/{vendor}", opportunity=not is_bad,
        consequence=Consequence(0.8, 20.0 if is_bad else None, read_exchange(snapshot).money(cost), None, True),
        facts={"vendor": str(row["name"]), "indicators": len(cells), "trials": len(trials), "named": wording.listing(names)}, snapshot=snapshot.id,
        readings=tuple(as_reading(cell, "vendor", snapshot.id) for cell in worst[:6]),
    )  # fmt: skip


def read_readiness(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Readiness by trial and zone of the master file: due (with 30 days of grace) and there without issue."""
    return snapshot.cached("risks.readiness", lambda: read_rows(snapshot, READINESS))


def _find_unready(snapshot: Snapshot) -> list[Finding]:
    totals: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for row in read_readiness(snapshot):
        if row["study_id"] in read_running(snapshot):
            totals[row["study_id"]].append((int(row["zone"]), int(row["due"]), int(row["ready"])))
    shares = {study: sum(r for _, _, r in zones) / sum(d for _, d, _ in zones) for study, zones in totals.items()}
    found = []
    for study, share in sorted(shares.items()):
        due = sum(d for _, d, _ in totals[study])
        if share >= READY - 0.2 or due < 20:
            continue
        zone = min(totals[study], key=lambda z: (z[2] - z[1], z[0]))
        name = ZONES.get(zone[0], f"zone {zone[0]}")
        missing = zone[1] - zone[2]
        found.append(Finding(
            id=f"readiness/study/{study}", source="risks", scope=Scope("study", study),
            headline=f"{wording.share(share, 0)} of the {wording.number(due)} documents due in the master file of {study} are ready for an inspection",
            verdict=Verdict.CONCERN, cause=f"Most is missing or faulty in {name}: {wording.plural(missing, 'document')}",
            suggested_action="Ask the file's owner for a plan by zone", href=f"/risks/inspection?study={study}",
            consequence=Consequence(0.3, 10.0, read_exchange(snapshot).money(10 * read_daily_cost(snapshot).get(study, 0.0)), None, True),
            facts={"trial": study, "ready": wording.share(share, 0), "due": due, "zone": name, "missing in zone": missing}, snapshot=snapshot.id,
        ))  # fmt: skip
    return found


def _find_people(snapshot: Snapshot) -> list[Finding]:
    rows = read_rows(snapshot, LOAD)
    found = []
    if len(rows) >= 5:
        usual = sorted(float(row["sites"]) for row in rows)[len(rows) // 2]
        heavy = [row for row in rows if usual and float(row["sites"]) > max(OVERLOADED * usual, usual + 4)]
        if heavy:
            count, most = len(heavy), max(float(row["sites"]) for row in heavy)
            found.append(Finding(
                "workload/team/cra", "risks", Scope("team", "cra"),
                f"{wording.plural(count, 'monitor')} of {wording.number(len(rows))} look after far more sites than usual, up to {wording.number(most)} against {wording.number(usual)}",
                Verdict.CONCERN if count > 0.15 * len(rows) else Verdict.ORDINARY, "Visits and reports will slip first", "Share out the sites before the next round of visits", href="/people",
                consequence=Consequence(0.4, 5.0), facts={"monitors": count, "of": len(rows), "most": most, "usual": usual}, snapshot=snapshot.id,
            ))  # fmt: skip
    gone = read_rows(snapshot, LEFT)
    if gone:
        sites, people = sum(row["sites"] for row in gone), len(gone)
        found.append(Finding(
            "leavers/team/cra", "risks", Scope("team", "cra"),
            f"{wording.plural(people, 'monitor')} left in the last 90 days and had visited {wording.plural(sites, 'site')} shortly before",
            Verdict.ORDINARY, "Sites lose what their monitor knew", "Confirm a successor for each of the sites", href="/people",
            consequence=Consequence(0.3, 5.0), facts={"monitors": people, "sites": sites}, snapshot=snapshot.id,
        ))  # fmt: skip
    return found


def _find_late_feeds(snapshot: Snapshot) -> list[Finding]:
    found = []
    for source, days in sorted(_read_days(snapshot).items()):
        rhythm = float(snapshot.info.sources.get(source, {}).get("rhythm_days") or 31)
        age = (snapshot.data_cut - days[-1]).days
        # A source of rare happenings (audits) is late only when it is silent for longer than it ever was.
        longest = max(((after - before).days for before, after in pairwise(days)), default=0)
        if age > rhythm + GRACE and age > longest:
            found.append(_describe_feed(snapshot, source, days[-1], age, rhythm))
    return found


def _read_days(snapshot: Snapshot) -> dict[str, list[date]]:
    """By source, the days of the last two years on which something happened that it ought to show, in order."""
    days: dict[str, set[date]] = defaultdict(set)
    for table, column in LIVE_DATES:
        if table in snapshot.tables:
            sql = f'SELECT DISTINCT _source AS source, {column} AS day FROM "{table}" WHERE {column} BETWEEN $cut - 730 AND $cut'
            for row in read_rows(snapshot, sql):
                days[row["source"]].add(row["day"])
    return {source: sorted(found) for source, found in days.items()}


def _describe_feed(snapshot: Snapshot, source: str, day: Any, age: int, rhythm: float) -> Finding:
    return Finding(
        id=f"feed/source/{source}", source="risks", scope=Scope("portfolio", ""),
        headline=f"The newest fact from {source} is {wording.number(age)} days old, though it should come every {wording.plural(rhythm, 'day')}",
        verdict=Verdict.CONCERN, cause=f"Nothing after {wording.day(day)} has arrived; everything shown from {source} is of that day",
        suggested_action="Ask the owner of the system for a current extract", href="/evidence", consequence=Consequence(0.9, None, None, None, True),
        facts={"source": source, "age in days": age, "rhythm in days": rhythm, "newest": wording.day(day)}, snapshot=snapshot.id,
    )  # fmt: skip
