"""Site quality: sites whose indicators differ beyond chance, under-reporting, and who is bad in several trials."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from quarterdeck.risks.cells import Q_LIMIT, Cell, state_coverage
from quarterdeck.risks.indicators import load_indicators
from quarterdeck.risks.kri import POOLED_LEVELS, Board, Pooled, as_reading, get_board, judge
from quarterdeck.risks.portfolio import read_daily_cost, read_exchange, read_leaders, read_running, read_trials
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.finding import Consequence, Finding
from quarterdeck.vocabulary.reading import Reading, Scope
from quarterdeck.vocabulary.verdict import Verdict

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

REPORTING = ("kri0001", "kri0001c", "kri0002")
STRONG_Q = 0.01  # headline findings ask for more than a signal ...
LESS_THAN_HALF = 0.5  # ... or, for harms unreported, for less than half of what was expected even at the top of the interval
POOLED_Q, POOLED_Z = 0.01, 3.5
POOLED_RATIO = 1.5
VISIT_COST = 4_000.0  # a for-cause visit with its follow-up, in units of the common currency: an assumption, stated in the docs
MOST_READINGS = 6  # that a finding of a site lists; its page has all of them
DAYS_IF_LOST = 30.0  # what re-monitoring a site whose data cannot be used adds to a lock


def detect(snapshot: Snapshot) -> list[Finding]:
    """Findings of all kinds about quality, and one line that says how much was looked at."""
    if not snapshot.tables.get("site"):
        return []
    board = get_board(snapshot)
    return [*_find_coverage(snapshot, board), *_find_sites(snapshot, board), *_find_repeaters(snapshot, board)]


def _find_coverage(snapshot: Snapshot, board: Board) -> list[Finding]:
    cells = board.cells["site"]
    if not cells:
        return []
    signals = sum(judge(cell) is Verdict.CONCERN for cell in cells)
    assessed = sum(cell.score is not None for cell in cells)
    facts: dict[str, float | str] = {
        "signals": signals,
        "assessed": assessed,
        "not assessed": len(cells) - assessed,
        "coverage": state_coverage(cells),
    }
    headline = f"{wording.plural(signals, 'signal')} among {wording.number(assessed)} site indicators assessed, {wording.number(len(cells) - assessed)} not assessed"
    return [
        Finding(
            "quality/portfolio/coverage",
            "risks",
            Scope(),
            headline,
            Verdict.ORDINARY,
            href="/risks/signals",
            facts=facts,
            snapshot=snapshot.id,
        )
    ]


def _find_sites(snapshot: Snapshot, board: Board) -> list[Finding]:
    running = read_running(snapshot)
    found = []
    for (study, site), cells in sorted(board.by_site.items()):
        strong = [c for c in cells if judge(c) is Verdict.CONCERN and c.q_value is not None and c.q_value <= Q_LIMIT]
        under = [c for c in strong if c.indicator in REPORTING and (c.flag or 0) < 0]
        over = [c for c in strong if c not in under]
        if any((c.q_value or 1) <= STRONG_Q or (c.ratio_high or 1) <= LESS_THAN_HALF for c in under):
            # A result that rests on unreported harms is a concern also after the lock, where the evidence is beyond doubt.
            is_open = study in running or any((c.q_value or 1) <= STRONG_Q and (c.ratio_high or 1) <= LESS_THAN_HALF for c in under)
            found.append(_describe_under_reporting(snapshot, study, site, under, is_open))
        if over and (min(c.q_value or 1 for c in over) <= STRONG_Q or len(over) > 1):
            found.append(_describe_site(snapshot, study, site, over, study in running))
    return found


def _describe_under_reporting(snapshot: Snapshot, study: str, site: str, cells: list[Cell], is_running: bool) -> Finding:
    cell = max(cells, key=lambda c: abs(c.score or 0))
    expected, seen = round(cell.expected or 0), round(cell.numerator or 0)
    return Finding(
        id=f"under_reporting/site/{study}/{site}", source="risks", scope=Scope("site", f"{study}/{site}"),
        headline=f"Site {site} of {study} reported {wording.plural(seen, 'adverse event')} where {wording.number(expected)} were to be expected",
        verdict=Verdict.CONCERN if is_running else Verdict.ORDINARY,
        cause="Harms may go unreported: participants' safety and the result rest on them",
        suggested_action="Compare source and database for all participants of the site at a visit for cause",
        owner=read_leaders(snapshot).get(study, ""), href=f"/risks/sites/{study}/{site}",
        consequence=_cost(snapshot, study, site, 0.8, reversible=False),
        facts={"trial": study, "site": site, "reported": seen, "expected": expected, "snapshots flagged": cell.snapshots_flagged},
        readings=tuple(as_reading(c, "site", snapshot.id) for c in cells), snapshot=snapshot.id,
    )  # fmt: skip


def _describe_site(snapshot: Snapshot, study: str, site: str, cells: list[Cell], is_running: bool) -> Finding:
    worst = sorted(cells, key=lambda c: -abs(c.score or 0))
    names = [load_indicators()[c.indicator].name.lower() for c in worst[:2]]
    count = len(worst)
    return Finding(
        id=f"site_quality/site/{study}/{site}", source="risks", scope=Scope("site", f"{study}/{site}"),
        headline=f"Site {site} of {study} differs beyond chance on {wording.plural(count, 'indicator')}: {wording.listing(names)}",
        verdict=Verdict.CONCERN if is_running else Verdict.ORDINARY,
        cause="The site works differently from the others of the trial; the indicators say where to look, not why",
        suggested_action="Triage the signal: look at the site's records before the next monitoring visit",
        owner=read_leaders(snapshot).get(study, ""), href=f"/risks/sites/{study}/{site}",
        consequence=_cost(snapshot, study, site, 0.5, reversible=True),
        facts={"trial": study, "site": site, "indicators": count, "named": wording.listing(names), "snapshots flagged": max(c.snapshots_flagged for c in worst)},
        readings=tuple(as_reading(c, "site", snapshot.id) for c in worst[:MOST_READINGS]), snapshot=snapshot.id,
    )  # fmt: skip


def _cost(snapshot: Snapshot, study: str, site: str, probability: float, reversible: bool) -> Consequence:
    people = _participants(snapshot).get((study, site), 0)
    total = max(int(read_trials(snapshot).get(study, {}).get("enrolled") or 0), 1)
    days = DAYS_IF_LOST * min(1.0, 5 * people / total)
    money = VISIT_COST + days * read_daily_cost(snapshot).get(study, 0.0)
    return Consequence(probability, round(days, 1), read_exchange(snapshot).money(money), float(people), reversible)


def _participants(snapshot: Snapshot) -> dict[tuple[str, str], int]:
    def compute() -> dict[tuple[str, str], int]:
        sql = "SELECT study_id, site_id, count(*) AS n FROM subject WHERE coalesce(enroll_dt, rand_dt) IS NOT NULL GROUP BY ALL"
        return {(row["study_id"], row["site_id"]): row["n"] for row in snapshot.query(sql).to_pylist()}

    return snapshot.cached("risks.participants", compute)


def _find_repeaters(snapshot: Snapshot, board: Board) -> list[Finding]:
    # Country and vendor pools mix whole regions: they are listed on the pages, but a headline names people and hospitals who repeat.
    indicators, running = load_indicators(), set(read_running(snapshot))
    groups: dict[tuple[str, str], list[Pooled]] = defaultdict(list)
    for pooled in board.pooled:
        side = 1 if pooled.z > 0 else -1
        is_large = pooled.ratio >= POOLED_RATIO or pooled.ratio <= 1 / POOLED_RATIO
        if (
            pooled.q <= POOLED_Q
            and abs(pooled.z) >= POOLED_Z
            and is_large
            and indicators[pooled.indicator].worries(side)
            and len(pooled.trials) >= 2
        ):
            groups[pooled.level, pooled.key].append(pooled)
    found = []
    for (level, key), several in sorted(groups.items()):
        if level == "organisation" and _is_one_investigator(board, key):
            continue
        if level not in ("investigator", "organisation", "monitor") or (len(several) < 2 and len(several[0].trials) < 3):
            continue
        found.append(_describe_repeater(snapshot, level, key, several, bool(running & set(several[0].trials))))
    return found


def _is_one_investigator(board: Board, organisation: str) -> bool:
    # A hospital with one investigator is the investigator's finding already.
    people = {site["investigator_id"] for site in board.sites.values() if site["organization_id"] == organisation}
    return len(people) <= 1


def _describe_repeater(snapshot: Snapshot, level: str, key: str, several: list[Pooled], is_running: bool) -> Finding:
    trials = sorted({trial for pooled in several for trial in pooled.trials})
    names = [load_indicators()[p.indicator].name.lower() for p in several[:2]]
    ratio = wording.number(several[0].ratio, 1)
    costs = [read_daily_cost(snapshot).get(trial, 0.0) for trial in trials]
    money = VISIT_COST * several[0].sites + DAYS_IF_LOST / 3 * sum(costs)
    scope_level = "person" if level == "monitor" else level
    return Finding(
        id=f"repeat_offender/{scope_level}/{key}", source="risks", scope=Scope(scope_level, key),
        headline=f"{level.capitalize()} {key} stands out in {wording.plural(len(trials), 'trial')}, first in {names[0]} ({ratio} times what is expected)",
        verdict=Verdict.CONCERN if is_running else Verdict.ORDINARY,
        cause=f"The same {level} differs in the same direction wherever it works: {wording.listing(names)}",
        suggested_action=f"Take up the {level}'s trials together, before it is chosen again",
        href=f"/risks/blast-radius?kind={scope_level}&key={key}",
        consequence=Consequence(0.7, DAYS_IF_LOST / 3, read_exchange(snapshot).money(money), None, True),
        facts={"trials": len(trials), "named": wording.listing(trials), "ratio": ratio, "indicators": len(several), "indicator names": wording.listing(names)},
        readings=_readings_of(snapshot, level, key, several), snapshot=snapshot.id,
    )  # fmt: skip


def _readings_of(snapshot: Snapshot, level: str, key: str, several: list[Pooled]) -> tuple[Reading, ...]:
    """The sites behind a pooled result: each indicator's own cells, the most surprising first."""
    board = get_board(snapshot)
    wanted, column = {pooled.indicator for pooled in several}, POOLED_LEVELS[level]
    cells = [
        c
        for c in board.cells["site"]
        if c.indicator in wanted and c.score is not None and board.sites.get((c.study, c.group), {}).get(column) == key
    ]
    worst = sorted(cells, key=lambda c: -abs(c.score or 0))[:MOST_READINGS]
    return tuple(as_reading(cell, "site", snapshot.id) for cell in worst)
