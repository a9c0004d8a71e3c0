"""Workload, capacity, dependency on one person, and the risk of leaving."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from quarterdeck.measures.special.suppression import choose_suppressed
from quarterdeck.methods.rates import get_chance_at_most
from quarterdeck.people.model import Capacity, Dependency, TeamRisk, Workload
from quarterdeck.people.queries import Rows, read_allocation, read_staff, read_visits
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.period import Period
from quarterdeck.vocabulary.verdict import NotAssessed, Verdict

if TYPE_CHECKING:
    from datetime import date

    from quarterdeck.evidence.snapshot import Snapshot

MONITOR = "cra"
HEAVIER_BY = 1.25  # sites per full-time equivalent above the function's mean by a quarter is where visits begin to slip
OVERLOAD = 1.10
DEPENDENT_FROM = 0.75  # one person holds three quarters of a role in a trial
PRIOR_YEARS = 20.0  # a team's record is set against that of the function, worth so many years of one person


def get_month(rows: Rows, cut: date) -> date | None:
    """The last month of allocation that has started by the cut."""
    last = Period.month(cut.year, cut.month).last
    return max((row["month"] for row in rows if row["month"] <= last), default=None)


def derive_workloads(snapshot: Snapshot) -> list[Workload]:
    """Every monitor with an allocation in the last month known, heaviest first."""
    rows = [row for row in read_allocation(snapshot) if row["role"] == MONITOR]
    month = get_month(rows, snapshot.data_cut)
    by_person: dict[str, Rows] = defaultdict(list)
    for row in rows:
        if row["month"] == month:
            by_person[row["person_id"]].append(row)
    used, sites = (sum(row[name] for own in by_person.values() for row in own) for name in ("used", "sites"))
    mean = sites / used if used else 0.0
    visits = read_visits(snapshot)
    found = [_build_workload(person, own, mean, visits.get(person, {})) for person, own in by_person.items()]
    return sorted(found, key=lambda w: (-(w.sites_per_fte or 0), w.person))


def _build_workload(person: str, rows: Rows, mean: float, visits: dict[str, Any]) -> Workload:
    used, sites = sum(row["used"] for row in rows), sum(row["sites"] for row in rows)
    fte = rows[0]["fte"] or 1.0
    chance = 1 - float(get_chance_at_most(sites, used, HEAVIER_BY * mean)) if used and mean else None
    load = used / fte if fte else None
    is_heavy = (chance or 0) >= 0.8 or (load or 0) > OVERLOAD
    return Workload(
        person=person,
        month=rows[0]["month"],
        fte=fte,
        used=used,
        sites=sites,
        trials=len({row["study_id"] for row in rows}),
        visits_90_days=int(visits.get("visits", 0)),
        reports_overdue=int(visits.get("overdue", 0)),
        sites_per_fte=sites / used if used else None,
        load=load,
        chance_heavier=chance,
        verdict=Verdict.CONCERN if is_heavy else Verdict.ORDINARY,
    )


def derive_capacity(snapshot: Snapshot) -> list[Capacity]:
    """Each role and month of the allocation, oldest first. Leavers count as employed up to the day they leave."""
    sums: dict[tuple[date, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in read_allocation(snapshot):
        sums[row["month"], row["role"]][0] += row["planned"]
        sums[row["month"], row["role"]][1] += row["used"]
    staff = read_staff(snapshot)
    return [
        Capacity(role, month, planned, used, _count_employed(staff, role, month)) for (month, role), (planned, used) in sorted(sums.items())
    ]


def _count_employed(staff: Rows, role: str, day: date) -> float:
    here = (p for p in staff if p["role"] == role and (p["hire_dt"] is None or p["hire_dt"] <= day))
    return float(sum(p["fte"] for p in here if p["leave_dt"] is None or p["leave_dt"] > day))


def find_dependencies(snapshot: Snapshot) -> list[Dependency]:
    """Trials in which one person holds most of a role in the last month known, or has left and still holds it."""
    rows = read_allocation(snapshot)
    month = get_month(rows, snapshot.data_cut)
    groups: dict[tuple[str, str], Rows] = defaultdict(list)
    for row in rows:
        if row["month"] == month and row["used"] > 0:
            groups[row["study_id"], row["role"]].append(row)
    found = []
    for (study, role), own in groups.items():
        whole = sum(row["used"] for row in own)
        top = max(own, key=lambda row: (row["used"], row["person_id"]))
        has_left = top["leave_dt"] is not None and top["leave_dt"] <= snapshot.data_cut
        if top["used"] / whole >= DEPENDENT_FROM or has_left:
            sites = sum(row["sites"] for row in own)
            found.append(Dependency(study, role, top["person_id"], top["used"] / whole, len(own), sites, has_left))
    return sorted(found, key=lambda d: (not d.has_left, -d.share, -d.sites, d.study, d.role))


def derive_team_risks(snapshot: Snapshot, minimum: int = 5) -> list[TeamRisk]:
    """Each team's rate of regretted leaving over three years, shrunk to the function's, and the chance of losing someone in the next.

    Gamma-Poisson: prior mean the function's rate, worth PRIOR_YEARS person-years. Never of one person: a guess about who
    will leave is no business of a dashboard. Teams below `minimum` are hidden, and one more where subtraction would tell.
    """
    cut = snapshot.data_cut
    first = cut - timedelta(days=3 * 365)
    staff = [p for p in read_staff(snapshot) if p["hire_dt"] and p["employment"] in (None, "employee")]
    teams: dict[str, Rows] = defaultdict(list)
    for person in staff:
        if person["manager_id"]:
            teams[person["manager_id"]].append(person)
    here = {team: sum(_is_here(p, cut) for p in own) for team, own in teams.items()}
    hidden = choose_suppressed(here, minimum)
    whole = _count_losses(staff, first, cut)
    rate = (whole[0] + 0.5) / max(whole[1], 1.0)
    loads = {w.person: w.load or 0.0 for w in derive_workloads(snapshot)}
    return [
        TeamRisk(team, None, None, None, None, None, None, NotAssessed.SUPPRESSED)
        if team in hidden
        else _build_risk(team, own, rate, loads, first, cut)
        for team, own in sorted(teams.items())
        if here[team]
    ]


def _build_risk(team: str, own: Rows, rate: float, loads: dict[str, float], first: date, cut: date) -> TeamRisk:
    lost, years = _count_losses(own, first, cut)
    shape, scale = lost + rate * PRIOR_YEARS, years + PRIOR_YEARS
    low, high = (float(stats.gamma.ppf(tail, shape)) / scale for tail in (0.05, 0.95))
    now = [p for p in own if _is_here(p, cut)]
    head = float(len(now))
    measured = [loads[p["person_id"]] for p in now if p["person_id"] in loads]
    return TeamRisk(
        team=team,
        headcount=head,
        rate=shape / scale,
        interval=Interval(low, high, 0.9),
        chance_of_loss=float(1 - (scale / (scale + head)) ** shape),
        overloaded_share=float(np.mean([load > OVERLOAD for load in measured])) if measured else None,
        new_share=sum(p["hire_dt"] > cut - timedelta(days=365) for p in now) / head,
    )


def _is_here(person: dict[str, Any], day: date) -> bool:
    return bool(person["hire_dt"] <= day and (person["leave_dt"] is None or person["leave_dt"] > day))


def _count_losses(people: Rows, first: date, cut: date) -> tuple[int, float]:
    """Regretted leavers within the days, and person-years worked in them."""
    lost, days = 0, 0
    for person in people:
        end = min(person["leave_dt"] or cut, cut)
        days += max((end - max(person["hire_dt"], first)).days, 0)
        left = person["leave_dt"] is not None and first <= person["leave_dt"] <= cut
        lost += bool(left and person["leave_type"] == "voluntary" and person["regrettable"])
    return lost, days / 365.25
