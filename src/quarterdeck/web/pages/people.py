"""People: who carries how much, where a role is short, which trials rest on one person, and how likely a team is to lose someone."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.responses import Response

from quarterdeck.charts.base import Chart
from quarterdeck.charts.dots import Dot, Dots
from quarterdeck.charts.heat_map import HeatCell, HeatMap
from quarterdeck.people import findings as room
from quarterdeck.people.analysis import OVERLOAD, derive_capacity, derive_team_risks, derive_workloads, find_dependencies
from quarterdeck.people.model import Capacity, Dependency, TeamRisk, Workload, role_name
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.finding import Finding
from quarterdeck.vocabulary.verdict import NotAssessed, Verdict
from quarterdeck.web import trial_charts
from quarterdeck.web.matters import concerns, gather_findings
from quarterdeck.web.navigation import Entry
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
NAVIGATION = (Entry("People", "/people", "Trials", "Who carries how much, and where are we short?"),)
SHOWN, DRAWN = 5, 14
AHEAD, BEHIND = 6, 5  # months drawn, from that of the facts
SOURCES = ("people.", "workload/", "leavers/")


@router.get("/people")
def show_people(view: View = permit("portfolio.read")) -> Response:
    """The load and the risks of the people who run the trials. Groups that are too small to show are hidden, here as elsewhere."""
    snapshot, minimum = view.snapshot, view.settings.minimum_cell
    loads, capacity, rests, teams = snapshot.cached(
        ("web.people", minimum),
        lambda: (derive_workloads(snapshot), _near(derive_capacity(snapshot), snapshot.data_cut), find_dependencies(snapshot), derive_team_risks(snapshot, minimum)),
    )  # fmt: skip
    found = [finding for finding in gather_findings(view) if finding.id.startswith(SOURCES)]
    urgent = concerns(found)
    charts = {
        name: chart
        for name, chart in (("capacity", _draw_capacity(capacity)), ("loads", _draw_loads(loads)), ("teams", _draw_teams(teams)))
        if chart
    }
    sentences = {
        "capacity": _say_capacity(capacity),
        "loads": _say_loads(loads),
        "rests": _say_rests(rests),
        "teams": _say_teams(teams, minimum),
    }
    texts = [text for finding in found for text in (finding.headline, finding.cause, finding.suggested_action)]
    return view.page(
        "people/index.html", finding=_title(urgent, loads), urgent=urgent[:SHOWN], n_urgent=len(urgent), sentences=sentences, charts=charts, findings=found,
        tables=[_capacity_table(capacity), _load_table(loads), _rests_table(view, rests), _team_table(teams)], cites=[len(urgent), len(loads), *sentences.values(), *texts],
    )  # fmt: skip


def paths(snapshot: Snapshot) -> list[str]:
    """Pages to prepare, walk and measure."""
    return ["/people"]


def _title(urgent: list[Finding], loads: list[Workload]) -> str:
    if urgent:
        return f"{wording.plural(len(urgent), 'matter')} about people {'asks' if len(urgent) == 1 else 'ask'} for attention"
    return "Nobody carries more than usual" if loads else "No allocation of people is loaded yet"


def _near(capacity: list[Capacity], day: date) -> list[Capacity]:
    """The months around that of the facts."""
    place = 12 * day.year + day.month
    return [c for c in capacity if place - BEHIND <= 12 * c.month.year + c.month.month <= place + AHEAD]


def _worst(capacity: list[Capacity]) -> dict[str, Capacity]:
    """Each role's month with least to spare."""
    return {
        role: min((c for c in capacity if c.role == role), key=lambda c: (c.gap, c.month)) for role in sorted({c.role for c in capacity})
    }


def _say_capacity(capacity: list[Capacity]) -> str:
    short = [c for c in _worst(capacity).values() if c.gap < -room.SHORTAGE]
    if not capacity:
        return "Capacity is not known: no allocation is loaded"
    if not short:
        return "No role is short of hands in the months around"
    worst = min(short, key=lambda c: c.gap)
    return f"{role_name(worst.role)} is {wording.number(-worst.gap, 1)} full-time equivalents short in {wording.month(worst.month)}"


def _say_loads(loads: list[Workload]) -> str:
    heavy = sum(load.verdict is Verdict.CONCERN for load in loads)
    if not loads:
        return "Who monitors what is not known: no allocation is loaded"
    return (
        f"{wording.of(heavy, len(loads))} monitors {'carries' if heavy == 1 else 'carry'} too much"
        if heavy
        else "No monitor carries too much"
    )


def _say_rests(rests: list[Dependency]) -> str:
    trials = len({rest.study for rest in rests})
    return (
        f"{wording.plural(trials, 'trial')} {'rests' if trials == 1 else 'rest'} on one person in some role"
        if trials
        else "No trial rests on one person"
    )


def _say_teams(teams: list[TeamRisk], minimum: int) -> str:
    known = [team.chance_of_loss for team in teams if team.chance_of_loss is not None]
    if not known:
        return f"No team is large enough to be shown; {minimum} is the least"
    return f"The chance to lose someone we would have kept within a year lies between {wording.chance(min(known))} and {wording.chance(max(known))} by team"


def _draw_capacity(capacity: list[Capacity]) -> Chart | None:
    if not capacity:
        return None
    cells = tuple(
        HeatCell(role_name(c.role), f"{c.month:%b %Y}", round(max(0.0, -c.gap), 1))
        for c in sorted(capacity, key=lambda c: (c.role, c.month))
    )
    return HeatMap(
        title="Shortage by role and month", sentence=f"{_say_capacity(capacity)}.", source=trial_charts.SOURCE, unit="number", cells=cells,
        ends=(0.0, max(1.0, *(c.value or 0.0 for c in cells))), row_label="Role", column_label="Month",
        method="Full-time equivalents that trials plan for the month, less those employed in that role; 0 where there are enough.",
    )  # fmt: skip


def _draw_loads(loads: list[Workload]) -> Chart | None:
    known = sorted((load for load in loads if load.load is not None), key=lambda w: (-(w.load or 0), w.person))
    if not known:
        return None
    dots = tuple(Dot(load.person, load.load or 0.0, verdict=load.verdict) for load in known[:DRAWN])
    return Dots(
        title="Load by monitor", sentence=f"{_say_loads(loads)}. {'The heaviest are drawn.' if len(known) > DRAWN else ''}".strip(), source=trial_charts.SOURCE, unit="share", dots=dots,
        reference=OVERLOAD, reference_label="Too much", value_label="Part of capacity used", row_label="Monitor",
        method=f"Full-time equivalents used in the last month known, over those the person has. A concern is more than {wording.share(OVERLOAD, 0)}, or sites per full-time equivalent surely a quarter above the mean.",
    )  # fmt: skip


def _draw_teams(teams: list[TeamRisk]) -> Chart | None:
    known = [team for team in teams if team.rate is not None]
    if not known:
        return None
    dots = tuple(Dot(f"Team of {team.team}", team.rate or 0.0, *_ends(team)) for team in known)
    return Dots(
        title="Regretted leaving by team", sentence="Regretted leavers per person and year, shrunk to the whole function.", source=trial_charts.SOURCE, unit="share", dots=dots,
        value_label="Regretted leavers per person and year", row_label="Team",
        method="Leavers of three years that were regretted, over years worked, drawn to the function's own rate as its record is short (gamma-Poisson). Never of one person.",
    )  # fmt: skip


def _ends(team: TeamRisk) -> tuple[float, float] | tuple[None, None]:
    return (team.interval.low, team.interval.high) if team.interval else (None, None)


def _capacity_table(capacity: list[Capacity]) -> Table:
    columns = [
        Column("role", "Role"), Column("month", "Tightest month"), Column("planned", "Planned", is_number=True), Column("employed", "Employed", is_number=True),
        Column("gap", "To spare", is_number=True), Column("verdict", "Verdict"),
    ]  # fmt: skip
    rows = [
        {
            "role": role_name(role), "month": Cell(c.month, wording.month(c.month)), "planned": _fte(c.planned), "employed": _fte(c.employed), "gap": _fte(c.gap),
            "verdict": Verdict.CONCERN if c.gap < -room.SHORTAGE else Verdict.ORDINARY,
        }
        for role, c in _worst(capacity).items()
    ]  # fmt: skip
    return Table(
        "capacity",
        "Full-time equivalents by role, in the month with least to spare",
        columns,
        rows,
        empty="Load an allocation of people to trials to see who is short.",
    )


def _load_table(loads: list[Workload]) -> Table:
    columns = [
        Column("person", "Monitor"), Column("sites", "Sites", is_number=True), Column("trials", "Trials", is_number=True), Column("per", "Sites per full-time equivalent", is_number=True),
        Column("load", "Of capacity used", "share", is_number=True), Column("visits", "Visits in 90 days", is_number=True), Column("overdue", "Reports overdue", is_number=True), Column("verdict", "Verdict"),
    ]  # fmt: skip
    rows = [
        {
            "person": w.person, "sites": w.sites, "trials": w.trials, "per": "not known" if w.sites_per_fte is None else Cell(w.sites_per_fte, wording.number(w.sites_per_fte, 1)),
            "load": "not known" if w.load is None else Cell(w.load, wording.share(w.load, 0)), "visits": w.visits_90_days, "overdue": w.reports_overdue, "verdict": w.verdict,
        }
        for w in sorted(loads, key=lambda w: (w.verdict is not Verdict.CONCERN, -(w.load or 0), w.person))
    ]  # fmt: skip
    return Table(
        "loads",
        "Monitors in the last month known, concerns first",
        columns,
        rows,
        empty="Load an allocation of people to trials to see who carries what.",
    )


def _rests_table(view: View, rests: list[Dependency]) -> Table:
    columns = [
        Column("trial", "Trial"), Column("role", "Role"), Column("person", "Person"), Column("share", "Part of the role", is_number=True), Column("people", "People in it", is_number=True),
        Column("sites", "Sites", is_number=True), Column("state", "State"),
    ]  # fmt: skip
    rows = [
        {
            "trial": Cell(d.study, href=f"/trials/{d.study}"), "role": role_name(d.role), "person": d.person, "share": Cell(d.share, wording.share(d.share, 0)), "people": d.people,
            "sites": d.sites, "state": Cell("has left", "has left", verdict=Verdict.CONCERN) if d.has_left else "still here",
        }
        for d in rests
    ]  # fmt: skip
    return Table(
        "rests", "Trials that rest on one person, those whose person has left first", columns, rows, empty="No trial rests on one person."
    )


def _team_table(teams: list[TeamRisk]) -> Table:
    columns = [
        Column("team", "Team of"), Column("headcount", "People", is_number=True), Column("rate", "Regretted leavers a year", is_number=True), Column("chance", "Chance to lose someone", is_number=True),
        Column("overloaded", "Carry too much", is_number=True), Column("new", "Joined within a year", is_number=True),
    ]  # fmt: skip
    return Table(
        "teams", "Teams by manager", columns, [_team_row(team) for team in teams], empty="Load staff with their managers to see teams."
    )


def _team_row(team: TeamRisk) -> dict[str, Any]:
    hidden = str(team.not_assessed or NotAssessed.NOT_COLLECTED)

    def part(value: float | None, words: str) -> object:
        return hidden if value is None else Cell(value, words)

    return {
        "team": team.team, "headcount": part(team.headcount, wording.number(team.headcount or 0)), "rate": part(team.rate, wording.share(team.rate or 0)),
        "chance": part(team.chance_of_loss, wording.chance(team.chance_of_loss or 0)), "overloaded": part(team.overloaded_share, wording.share(team.overloaded_share or 0, 0)),
        "new": part(team.new_share, wording.share(team.new_share or 0, 0)),
    }  # fmt: skip


def _fte(value: float) -> Cell:
    return Cell(value, wording.number(value, 1))
