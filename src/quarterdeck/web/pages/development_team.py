"""Pages of the team: who could step in, and what each person chose to share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from quarterdeck.development import actions
from quarterdeck.development.demonstrate.team import find_cover, read_team
from quarterdeck.development.discover.heat_map import Cell as MapCell
from quarterdeck.development.discover.heat_map import build_cells
from quarterdeck.development.learner import get_profile, read_assessment, read_contests, read_items, read_matrix
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import NotPermitted
from quarterdeck.web.pages.development import by_group, cites_of, say_gaps, support
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()


@router.get("/development/team")
def show_team(view: View = permit("page.read", any_scope=True)) -> Response:
    """Succession cover and readiness, only as far as each person shares it; people are listed by name, never ranked."""
    members = read_team(view.record, view.now())
    roles = sorted({role for m in members for role in m.successor_for})
    cover = find_cover(members, roles)
    open_roles = [c.role for c in cover if not c.ready]
    finding = (
        "Nobody shares anything yet"
        if not members
        else f"{wording.of(len(roles) - len(open_roles), len(roles))} critical roles have someone who is ready"
        if roles
        else f"{wording.plural(len(members), 'person shares', 'people share')} how they develop"
    )
    people = Table(
        "people", "What each person shares", [Column("name", "Name"), Column("statuses", "Competencies by status"), Column("sessions", "Sessions"), Column("map", "Map"), Column("readiness", "From evidence")],
        [{"name": Cell(m.person, m.name, href=f"/development/people/{m.person}" if m.statuses is not None or m.shares_map else ""), "statuses": ", ".join(f"{n} {s}" for s, n in m.statuses.items()) if m.statuses else "not shared",
          "sessions": wording.of(m.sessions_done or 0, m.sessions_planned or 0) if m.sessions_planned is not None else "not shared",
          "map": Cell("map", "See the map", href=f"/development/people/{m.person}#map") if m.shares_map else "not shared", "readiness": m.readiness} for m in members],
        empty="Nobody shares anything yet. Each person decides under Support.",
    )  # fmt: skip
    covers = Table("cover", "Who could step into a critical role", [Column("role", "Role"), Column("ready", "Ready now"), Column("developing", "In development")], [{"role": c.role, "ready": ", ".join(c.ready) or "nobody", "developing": ", ".join(c.developing) or "nobody"} for c in cover], empty="No critical role was named yet. People name the roles they could step into under Support.")  # fmt: skip
    return view.page(
        "development/team.html",
        finding=finding,
        needs_facts=False,
        tables=[covers, people],
        cites=[len(roles), len(open_roles), len(roles) - len(open_roles), len(members)],
        **support(view),
    )


@router.get("/development/people/{person}")
def show_person(person: str, view: View = permit("page.read", any_scope=True)) -> Response:
    """What a person shares, each part for itself; a witness confirms items here, an assessor decides."""
    sharing = get_profile(view.record, person).sharing
    if not set(sharing) & {"status", "heat_map"}:
        raise NotPermitted("This person shares nothing", thing=person, next_step="Ask them. Each person decides under Support.")
    now = view.now()
    matrix = read_matrix(view.record, person, now) if "status" in sharing else []
    items = read_items(view.record, person) if "status" in sharing else []
    groups, cells = _shared_map(view, person) if "heat_map" in sharing else ([], [])
    shown = [r for r in matrix if r.status in ("evidenced", "assessed")]
    found = f"{wording.of(len(shown), len(matrix))} competencies are evidenced or assessed" if matrix else say_gaps(cells)
    return view.page(
        "development/person.html", finding=found, needs_facts=False, tables=[matrix_table(matrix, with_levels="heat_map" in sharing)] if matrix else [], groups=groups, person=person,
        items=[i for i in items if i.kind not in ("practice", "discussion")], ready=[r for r in matrix if r.status == "evidenced"], is_self=person == view.actor.id, sharing=sharing,
        cites=[len(shown), len(matrix), say_gaps(cells), *cites_of(cells), *(i.title for i in items), *(wording.day(i.happened_on) for i in items)], **support(view),
    )  # fmt: skip


def _shared_map(view: View, person: str) -> tuple[list[tuple[str, list[MapCell]]], list[MapCell]]:
    assessment = read_assessment(view.record, person, view.now())
    cells = build_cells(assessment, read_contests(view.record, person))
    return by_group(cells, {g.id: g.name for g in assessment.role.groups}), cells


@router.post("/development/people/{person}/witness")
def sign_as_witness(
    person: str,
    evidence: Annotated[str, Form()],
    decision: Annotated[str, Form()],
    remark: Annotated[str, Form()] = "",
    view: View = permit("development.witness", any_scope=True),
) -> Response:
    """A named witness confirms or declines an item."""
    if "status" not in get_profile(view.record, person).sharing:
        raise NotPermitted("This person shares nothing", thing=person)
    now = view.now()
    actions.witness(view.record, view.actor, person, evidence, decision, remark[:2000], now.date(), now)
    return view.redirect(f"/development/people/{person}")


@router.post("/development/people/{person}/assess")
def sign_as_assessor(
    person: str,
    competency: Annotated[str, Form()],
    decision: Annotated[str, Form()],
    remark: Annotated[str, Form()] = "",
    view: View = permit("development.assess", any_scope=True),
) -> Response:
    """A named assessor decides on an evidenced competency."""
    if "status" not in get_profile(view.record, person).sharing:
        raise NotPermitted("This person shares nothing", thing=person)
    now = view.now()
    actions.assess_competency(view.record, view.actor, person, competency, decision, remark[:2000], now.date(), now)
    return view.redirect(f"/development/people/{person}")


def matrix_table(matrix: list[Any], with_levels: bool = True) -> Table:
    """The competency matrix; a manager sees levels and practice only where the person shares the map."""
    columns = [
        Column("competency", "Competency"), Column("target", "Target", is_number=True),
        *((Column("level", "Level"), Column("practice", "Best practice, unaided")) if with_levels else ()),
        Column("items", "Items", is_number=True), Column("questions", "Valid, authentic, current, sufficient, reliable"), Column("status", "Status"),
    ]  # fmt: skip
    rows = [
        {"competency": Cell(r.competency, r.name, href=f"/development/map/{r.competency}"), "target": r.target, "level": f"{r.level:.1f} ({r.interval[0]:.1f} to {r.interval[1]:.1f})",
         "practice": wording.share(r.best_practice, 0) if r.best_practice is not None else "none yet", "items": sum(r.counts.values()),
         "questions": ", ".join(name for name, held in r.vacsr.items() if held) or "none yet", "status": Cell(r.status, r.status, sub=f"by {r.assessed_by}" if r.assessed_by else "; ".join(r.missing[:1]))}
        for r in matrix
    ]  # fmt: skip
    return Table("matrix", "Competency matrix", columns, rows, size=50)


def paths(snapshot: Snapshot) -> list[str]:
    """Pages to prepare, walk and measure."""
    return ["/development/team"]
