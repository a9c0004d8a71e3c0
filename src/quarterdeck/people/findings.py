"""What about people needs someone: too heavy a load, a role short of hands, a trial that rests on one person, a team likely to lose someone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.people.analysis import DEPENDENT_FROM, derive_capacity, derive_team_risks, derive_workloads, find_dependencies
from quarterdeck.people.model import Capacity, Dependency, TeamRisk, Workload, role_name
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.finding import Consequence, Finding
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.verdict import Verdict

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

SHORTAGE = 0.5  # full-time equivalents; less is noise of planning
LIKELY_LOSS = 0.5


def findings(snapshot: Snapshot, minimum: int = 5) -> list[Finding]:
    """All findings about people of a snapshot, kept with it."""
    return list(snapshot.cached(("people", "findings", minimum), lambda: tuple(_find(snapshot, minimum))))


def _find(snapshot: Snapshot, minimum: int) -> list[Finding]:
    found = [_tell_workload(w, snapshot) for w in derive_workloads(snapshot) if w.verdict is Verdict.CONCERN]
    found += [_tell_shortage(c, snapshot) for c in _find_shortages(snapshot)]
    found += [_tell_dependency(d, snapshot) for d in find_dependencies(snapshot) if d.has_left or (d.sites and d.people == 1)]
    risks = (risk for risk in derive_team_risks(snapshot, minimum) if (risk.chance_of_loss or 0) >= LIKELY_LOSS)
    return found + [_tell_risk(risk, snapshot) for risk in risks]


def _find_shortages(snapshot: Snapshot) -> list[Capacity]:
    """The worst month from the cut's on, of each role that is short."""
    ahead = [c for c in derive_capacity(snapshot) if c.month >= snapshot.data_cut and c.gap < -SHORTAGE]
    worst: dict[str, Capacity] = {}
    for entry in ahead:
        if entry.role not in worst or entry.gap < worst[entry.role].gap:
            worst[entry.role] = entry
    return [worst[role] for role in sorted(worst)]


def _tell_workload(w: Workload, snapshot: Snapshot) -> Finding:
    facts: dict[str, float | str] = {"sites": w.sites, "trials": w.trials, "load": w.load or 0.0, "reports_overdue": w.reports_overdue}
    load = wording.share(w.load or 0.0, 0)
    return Finding(
        id=f"people.workload/person/{w.person}",
        source="people",
        scope=Scope("person", w.person),
        headline=f"Monitor {w.person} looks after {wording.plural(w.sites, 'site')} in {wording.plural(w.trials, 'trial')} at {load} of capacity",
        verdict=Verdict.CONCERN,
        cause="More sites per full-time equivalent than the function's mean by over a quarter, or more time used than the person has",
        suggested_action="Move sites to monitors with room, or agree which visits may wait.",
        consequence=Consequence(probability=w.chance_heavier),
        facts=facts | {"load_percent": load},
        href="/people",
        snapshot=snapshot.id,
    )


def _tell_shortage(c: Capacity, snapshot: Snapshot) -> Finding:
    short, planned, employed = (wording.number(x, 1) for x in (-c.gap, c.planned, c.employed))
    return Finding(
        id=f"people.capacity/team/{c.role}",
        source="people",
        scope=Scope("team", c.role),
        headline=f"The role {_lower(c.role)} is {short} full-time equivalents short in {wording.month(c.month)}: {planned} planned, {employed} employed",
        verdict=Verdict.CONCERN,
        cause="Trials plan more work than the people employed can do",
        suggested_action="Hire, borrow, or move work before that month.",
        facts={"short": -c.gap, "planned": c.planned, "employed": c.employed, "month": wording.month(c.month)},
        href="/people",
        snapshot=snapshot.id,
    )


def _tell_dependency(d: Dependency, snapshot: Snapshot) -> Finding:
    share = wording.share(d.share, 0)
    left = " and has left" if d.has_left else ""
    return Finding(
        id=f"people.dependency/study/{d.study}/{d.role}",
        source="people",
        scope=Scope("study", d.study),
        headline=f"{d.study} rests on one person: {d.person} holds {share} of the role {_lower(d.role)}{left}",
        verdict=Verdict.CONCERN if d.has_left or d.sites else Verdict.ORDINARY,
        cause=f"One person holds {wording.share(DEPENDENT_FROM, 0)} or more of a role in the trial",
        suggested_action="Name and introduce a second person; write the handover before it is needed.",
        facts={"share": d.share, "people": d.people, "sites": d.sites},
        href="/people",
        snapshot=snapshot.id,
    )


def _tell_risk(risk: TeamRisk, snapshot: Snapshot) -> Finding:
    chance, rate = wording.chance(risk.chance_of_loss or 0.0), wording.share(risk.rate or 0.0)
    return Finding(
        id=f"people.attrition/team/{risk.team}",
        source="people",
        scope=Scope("team", risk.team),
        headline=f"The team of {risk.team} will lose someone it would have kept within a year, with a chance of {chance}",
        verdict=Verdict.CONCERN,
        cause=f"Regretted leavers of three years, shrunk to the whole function: {rate} a year",
        suggested_action="Talk with the team about load and next steps; ask what would make people stay.",
        consequence=Consequence(probability=risk.chance_of_loss),
        facts={"chance": risk.chance_of_loss or 0.0, "rate": risk.rate or 0.0, "headcount": risk.headcount or 0.0},
        href="/people",
        snapshot=snapshot.id,
    )


def _lower(role: str) -> str:
    name = role_name(role)
    return name[0].lower() + name[1:]
