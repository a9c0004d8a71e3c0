"""Blast radius: what hangs on a vendor, site, country, person or system, so that one knows before it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from quarterdeck.risks.portfolio import read_daily_cost, read_exchange, read_running
from quarterdeck.risks.queries import read_rows
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.money import Money

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

KINDS = ("vendor", "site", "country", "person", "system", "investigator", "organisation")
HORIZON_DAYS = 180
SERIOUS_CLOCK_DAYS, FATAL_CLOCK_DAYS = 15, 7  # expedited reports to authorities (ICH E2A)
# The sites that hang on a thing of each kind; `$key` is the thing.
SITES = {
    "vendor": "SELECT DISTINCT s.study_id, s.site_id FROM site s WHERE s.vendor_id = $key",
    "site": "SELECT study_id, site_id FROM site WHERE study_id || '/' || site_id = $key",
    "country": "SELECT study_id, site_id FROM site WHERE country = $key",
    "person": "SELECT DISTINCT study_id, site_id FROM monitoring_visit WHERE cra_id = $key AND start_dt > $cut - 400 AND site_id IS NOT NULL",
    "investigator": "SELECT study_id, site_id FROM site WHERE investigator_id = $key",
    "organisation": "SELECT study_id, site_id FROM site WHERE organization_id = $key",
    "system": "SELECT study_id, site_id FROM site WHERE _source = $key",
}
# Trials that hang on it without a site of theirs doing so.
TRIALS = {
    "vendor": "SELECT DISTINCT study_id FROM contract WHERE vendor_id = $key AND study_id IS NOT NULL AND coalesce(end_dt, $cut) >= $cut",
    "person": "SELECT DISTINCT study_id FROM allocation WHERE person_id = $key AND period > $cut - 62 UNION SELECT DISTINCT study_id FROM milestone WHERE owner_id = $key AND actual_finish IS NULL",
    "country": "SELECT DISTINCT study_id FROM study_country WHERE country = $key",
}
MONEY = {
    "vendor": "SELECT currency, sum(value) AS amount FROM contract WHERE vendor_id = $key AND coalesce(end_dt, $cut) >= $cut GROUP BY ALL",
    "country": "SELECT 'none' AS currency, 0 AS amount WHERE $key = ''",
}
MILESTONES = """
SELECT study_id, milestone_type, country, coalesce(forecast_finish, planned_finish, baseline_finish) AS due FROM milestone
WHERE actual_finish IS NULL AND coalesce(forecast_finish, planned_finish, baseline_finish) BETWEEN $cut - 90 AND $cut + 180 ORDER BY due, study_id, milestone_type
"""
CLOCKS = """
SELECT a.study_id, s.site_id, a.ae_id, a.site_aware_ts::DATE AS aware, coalesce(a.aetoxgr, 0) >= 5 AS is_fatal FROM adverse_event a JOIN subject s USING (study_id, subject_id)
WHERE a.aeser AND a.site_aware_ts::DATE BETWEEN $cut - 15 AND $cut AND a.sponsor_reported_ts IS NULL ORDER BY ALL
"""
PEOPLE = """
SELECT study_id, site_id, count(*) AS n FROM subject WHERE coalesce(enroll_dt, rand_dt) <= $cut
  AND coalesce(study_disc_dt > $cut, true) AND NOT coalesce(completed_yn, false) GROUP BY ALL
"""
KNOWN = {
    "vendor": "SELECT vendor_id AS key, coalesce(name, vendor_id) AS name FROM vendor WHERE vendor_id = $key",
    "person": "SELECT person_id AS key, role AS name FROM staff WHERE person_id = $key",
}
FEEDS = "SELECT DISTINCT _source AS source FROM {}"


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """What hangs on a thing. `money` is what is under contract, or what the trials' sites cost for the next half year."""

    kind: str
    key: str
    name: str
    trials: tuple[str, ...]
    running: tuple[str, ...]
    sites: int
    participants: int
    money: Money
    daily_cost: Money
    milestones: tuple[tuple[str, str, date], ...]
    clocks: tuple[tuple[str, str, date], ...]
    tables: tuple[str, ...] = ()


def find_blast_radius(snapshot: Snapshot, kind: str, key: str) -> BlastRadius:
    """What would be touched if it failed today. Raises BadInput for an unknown kind, NotFound for an unknown thing."""
    if kind not in KINDS:
        raise BadInput("Unknown kind of thing", thing=kind, allowed=KINDS)
    tables = _tables_of(snapshot, key) if kind == "system" else ()
    sites = {(row["study_id"], row["site_id"]) for row in read_rows(snapshot, SITES[kind], key=key)}
    if kind == "system" and not sites and tables:
        sites = {(row["study_id"], row["site_id"]) for row in read_rows(snapshot, "SELECT study_id, site_id FROM site")}
    trials = (
        {study for study, _ in sites} | {row["study_id"] for row in read_rows(snapshot, TRIALS[kind], key=key)}
        if kind in TRIALS
        else {s for s, _ in sites}
    )
    known = read_rows(snapshot, KNOWN[kind], key=key) if kind in KNOWN else []
    if not sites and not trials and not known and not tables:
        raise NotFound(f"Nothing hangs on this {kind}, or it does not exist", thing=key)
    running = {study for study in trials if study in read_running(snapshot)}
    return _measure(snapshot, kind, key, str(known[0]["name"]) if known else key, sites, trials, running, tables)


def list_things(snapshot: Snapshot) -> dict[str, list[tuple[str, str]]]:
    """What one may ask about: (key, words) by kind, sites left out for their number."""
    ask: Callable[[str], list[tuple[str, str]]] = lambda sql: [(str(r["key"]), str(r["name"])) for r in read_rows(snapshot, sql)]  # noqa: E731
    return {
        "vendor": ask("SELECT vendor_id AS key, coalesce(name, vendor_id) AS name FROM vendor ORDER BY ALL"),
        "country": ask("SELECT DISTINCT country AS key, country AS name FROM site WHERE country IS NOT NULL ORDER BY ALL"),
        "person": ask(
            "SELECT person_id AS key, person_id || ', ' || coalesce(role, '') AS name FROM staff WHERE leave_dt IS NULL OR leave_dt > $cut ORDER BY ALL"
        ),
        "system": sorted((source, source) for source in snapshot.info.sources),
    }


def _measure(
    snapshot: Snapshot,
    kind: str,
    key: str,
    name: str,
    sites: set[tuple[str, str]],
    trials: set[str],
    running: set[str],
    tables: tuple[str, ...],
) -> BlastRadius:
    exchange, daily = read_exchange(snapshot), read_daily_cost(snapshot)
    people = _people(snapshot)
    everyone: dict[str, int] = {}
    for (study, _), n in people.items():
        everyone[study] = everyone.get(study, 0) + n
    participants = sum(n for place, n in people.items() if place in sites)
    per_day = sum(daily.get(study, 0.0) * _share(people, everyone, sites, study) for study in running)
    money = per_day * HORIZON_DAYS
    if kind in MONEY and (rows := read_rows(snapshot, MONEY[kind], key=key)):
        money = sum(exchange.convert(row["amount"] or 0, row["currency"]) or 0.0 for row in rows)
    milestones = tuple(
        (r["study_id"], str(r["milestone_type"]), r["due"]) for r in _cached(snapshot, MILESTONES) if r["study_id"] in running
    )
    clocks = tuple(
        (r["study_id"], r["ae_id"], date.fromordinal(r["aware"].toordinal() + (FATAL_CLOCK_DAYS if r["is_fatal"] else SERIOUS_CLOCK_DAYS)))
        for r in _cached(snapshot, CLOCKS)
        if (r["study_id"], r["site_id"]) in sites
    )
    return BlastRadius(
        kind, key, name, tuple(sorted(trials)), tuple(sorted(running)), len(sites), participants, exchange.money(money), exchange.money(per_day),
        milestones, clocks, tables,
    )  # fmt: skip


def _share(people: dict[tuple[str, str], int], everyone: dict[str, int], sites: set[tuple[str, str]], study: str) -> float:
    # the part of a trial's running cost that hangs on these sites, by participants; by sites where nobody is enrolled yet
    if everyone.get(study):
        return sum(n for place, n in people.items() if place[0] == study and place in sites) / everyone[study]
    return 1.0 if any(s == study for s, _ in sites) else 0.0


def _people(snapshot: Snapshot) -> dict[tuple[str, str], int]:
    return snapshot.cached("risks.people", lambda: {(r["study_id"], r["site_id"]): r["n"] for r in read_rows(snapshot, PEOPLE)})


def _cached(snapshot: Snapshot, sql: str) -> list[dict[str, Any]]:
    return snapshot.cached(("risks.blast", sql), lambda: read_rows(snapshot, sql))


def _tables_of(snapshot: Snapshot, source: str) -> tuple[str, ...]:
    def compute() -> dict[str, set[str]]:
        return {name: {row["source"] for row in read_rows(snapshot, FEEDS.format(f'"{name}"'))} for name in sorted(snapshot.tables)}

    return tuple(name for name, sources in snapshot.cached("risks.sources", compute).items() if source in sources)
