"""Pages of evidence: what is proposed, what is kept, corrected or withdrawn, and the portfolio as one zip."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from quarterdeck.development import actions
from quarterdeck.development.deliver.engine import Session
from quarterdeck.development.demonstrate import debriefs, keeping
from quarterdeck.development.demonstrate.evidence import KINDS, PERFORMANCE, Item
from quarterdeck.development.demonstrate.export import export, gather
from quarterdeck.development.demonstrate.readiness import Progression, Unit, describe_parts, describe_score, sentence_of
from quarterdeck.development.learner import get_profile, read_items, read_role, read_session
from quarterdeck.record.accounts import has_accounts
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.web.pages.development import support
from quarterdeck.web.pages.development_team import matrix_table
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
LONGEST = {"title": 200, "own_action": 4000, "result": 2000}


@router.get("/development/portfolio")
def show_portfolio(view: View = permit("page.read", any_scope=True)) -> Response:
    """Matrix, proposed evidence, readiness, progression with its parts, and the download: the same values that the zip holds."""
    now = view.now()
    found = gather(view.record, view.actor, view.settings, now, _facts(view))
    score, proposals = found.progression, _proposals(view)
    shown = [r for r in found.matrix if r.status in ("evidenced", "assessed")]
    return view.page(
        "development/portfolio.html", finding=f"{wording.of(len(shown), len(found.matrix))} competencies are evidenced or assessed", needs_facts=False,
        tables=[matrix_table(list(found.matrix)), _item_table(found.items), _withdrawn_table(found.withdrawn), _unit_table(found.units), _part_table(score)],
        score=describe_score(score), sentence=sentence_of(found.units), proposals=proposals[:20], more=len(proposals[20:]), withdrawn=found.withdrawn,
        kinds=[(k, k.replace("_", " ")) for k in KINDS if k != "practice"], competencies=[(c.id, c.name) for c in found.role.competencies], today=now.date(),
        asks_owner=view.has_facts and not has_accounts(view.record) and not get_profile(view.record, view.actor.id).owner_id,
        cites=[len(shown), len(found.matrix), describe_score(score), sentence_of(found.units), 3, len(proposals), *(p.title for p in proposals), *(wording.day(p.happened_on) for p in proposals)], **support(view),
    )  # fmt: skip


@router.post("/development/evidence")
async def add_evidence(view: View = permit("development.evidence", any_scope=True)) -> Response:
    """An item that the learner enters: redacted, and authentic only once a witness confirms it."""
    form = await view.request.form()
    item = Item(
        id="", kind=str(form.get("kind", "")), title=str(form.get("title", ""))[: LONGEST["title"]], happened_on=_day(str(form.get("happened_on", ""))),
        competencies=tuple(str(v) for v in form.getlist("competency")), criteria=tuple(str(form.get("criteria", "")).split(",")),
        own_action=str(form.get("own_action", ""))[: LONGEST["own_action"]], result=str(form.get("result", ""))[: LONGEST["result"]],
        is_confirmed=True, written_by_model=bool(form.get("by_model")), artefact=_artefact(str(form.get("artefact", ""))),
    )  # fmt: skip
    if not item.title.strip() or not item.competencies:
        raise BadInput("Evidence needs a title and at least one competency", thing=item.title or "no title")
    if item.kind in PERFORMANCE and not item.own_action.strip():
        raise BadInput("Work needs your own action", thing=item.title, next_step="Say what you did yourself.")
    if item.kind == "discussion" and not item.artefact:
        raise BadInput("A discussion is about a piece of work", thing=item.title, next_step="Say where the work lies.")
    actions.add_evidence(view.record, view.actor, item, view.now())
    return view.redirect("/development/portfolio")


@router.get("/development/evidence/{evidence_id}")
def show_item(evidence_id: str, view: View = permit("page.read", any_scope=True)) -> Response:
    """One item, with the forms to correct or withdraw it."""
    item = next((i for i in read_items(view.record, view.actor.id, with_withdrawn=True) if i.id == evidence_id), None)
    if item is None:
        raise NotFound("Unknown evidence", thing=evidence_id)
    role = read_role(view.record, view.actor.id)
    names = [c.name for c in role.competencies if c.id in item.competencies]
    return view.page(
        "development/evidence.html", finding=item.title, needs_facts=False, item=item, names=names, may_correct=keeping.may_correct(item),
        is_from_record=bool(item.authentic_by), competencies=[(c.id, c.name) for c in role.competencies], weight=wording.number(item.weight, 1),
        cites=[item.title, item.own_action, item.result, item.lesson, item.authentic_by, item.artefact, item.withdrawn_because, *item.criteria, *names, wording.day(item.happened_on), wording.number(item.weight, 1)], **support(view, has_form=True),
    )  # fmt: skip


@router.post("/development/evidence/{evidence_id}/correct")
async def correct(evidence_id: str, view: View = permit("development.evidence", any_scope=True)) -> Response:
    """The item as it should have been; the old one stays in the log."""
    form = await view.request.form()
    changes: dict[str, Any] = {name: str(form[name])[:most] for name, most in LONGEST.items() if name in form}
    if "criteria" in form:
        changes["criteria"] = tuple(str(form["criteria"]).split(","))
    if "happened_on" in form:
        changes["happened_on"] = _day(str(form["happened_on"]))
    if form.getlist("competency"):
        changes["competencies"] = tuple(str(v) for v in form.getlist("competency"))
    keeping.correct_evidence(view.record, view.actor, evidence_id, changes, str(form.get("reason", ""))[:2000], view.now())
    return view.redirect("/development/portfolio")


@router.post("/development/evidence/{evidence_id}/withdraw")
def withdraw(
    evidence_id: str, reason: Annotated[str, Form()] = "", view: View = permit("development.evidence", any_scope=True)
) -> Response:
    """Withdraw an item: it counts no longer, and the log says so."""
    keeping.withdraw_evidence(view.record, view.actor, evidence_id, reason[:2000], view.now())
    return view.redirect("/development/portfolio")


@router.post("/development/standard")
def add_unit(
    framework: Annotated[str, Form()], code: Annotated[str, Form()], title: Annotated[str, Form()], criteria: Annotated[str, Form()] = "",
    view: View = permit("development.profile", any_scope=True),
) -> Response:  # fmt: skip
    """A unit of a standard of the user's own, whose criteria evidence may name from now on."""
    keeping.keep_units(
        view.record, view.actor, [keeping.make_unit(framework[:80], code[:40], title[:200], criteria[:2000].split(","))], view.now()
    )
    return view.redirect("/development/portfolio")


@router.post("/development/conversations/{conversation_id}/evidence")
async def map_evidence(conversation_id: str, view: View = permit("development.evidence", any_scope=True)) -> Response:
    """Turn a finished debrief about a real artefact into a work product, for the competencies that the learner chose."""
    form = await view.request.form()
    session = read_session(view.record, view.actor.id, conversation_id)
    if session.scenario.type != "debrief" or not session.state.get("artefact"):
        raise BadInput(
            "Only a debrief about a finished piece of work becomes evidence",
            thing=session.scenario.title,
            next_step="Begin from “Proposed from your work”.",
        )
    proposal = find_proposal(view, session.state["artefact"])
    chosen, own = [str(v) for v in form.getlist("competency")], str(form.get("own_action", ""))[: LONGEST["own_action"]]
    keeping.keep_debrief(view.record, view.actor, debriefs.to_item(proposal, session.state, chosen, conversation_id, own), view.now())
    return view.redirect("/development/portfolio")


@router.get("/development/portfolio.zip")
def download_portfolio(view: View = permit("development.export", any_scope=True)) -> Response:
    """The portfolio as one zip, to be checked with `quarterdeck development verify`."""
    with tempfile.TemporaryDirectory() as folder:
        path = export(view.record, view.actor, view.settings, Path(folder) / "portfolio.zip", view.now(), _facts(view))
        content = path.read_bytes()
    return Response(content, media_type="application/zip", headers={"content-disposition": 'attachment; filename="portfolio.zip"'})


def find_proposal(view: View, artefact: str) -> debriefs.Proposal:
    """The piece of the reader's own work that is proposed under this name. Raises NotFound."""
    proposal = next((p for p in _proposals(view) if p.artefact == artefact), None)
    if proposal is None:
        raise NotFound(
            "This work is not proposed to you",
            thing=artefact[:80],
            next_step="It may be kept already. See “What is kept” in your portfolio.",
        )
    return proposal


def describe_work(view: View, session: Session) -> tuple[str, list[tuple[str, str]]]:
    """What a debrief is about, and the competencies it may show, by id and name; nothing where it is practice or was kept."""
    artefact = session.state.get("artefact", "")
    proposal = next((p for p in _proposals(view) if p.artefact == artefact), None) if artefact else None
    if proposal is None:
        return "", []
    role = read_role(view.record, view.actor.id)
    return proposal.title, [(c, role.get(c).name) for c in proposal.competencies]


def _proposals(view: View) -> list[debriefs.Proposal]:
    role, profile = read_role(view.record, view.actor.id), get_profile(view.record, view.actor.id)
    return debriefs.propose_debriefs(
        view.record, view.actor.id, role, read_items(view.record, view.actor.id), _facts(view), profile.owner_id
    )


def _facts(view: View) -> Snapshot | None:
    return view.snapshot if view.has_facts else None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput("The day cannot be read", thing=text[:40], allowed="a date such as 2026-05-01") from error


def _artefact(text: str) -> str:
    # What the record names is kept through its debrief only: "audit:12" typed by hand would hide that proposal.
    if text.strip().startswith(("audit:", "capa:")):
        raise BadInput("Work in the record is kept through its debrief", thing=text[:80], next_step="Begin from “Proposed from your work”.")
    return text.strip()[:200]


def _item_table(items: Any) -> Table:
    columns = [
        Column("when", "Day"),
        Column("title", "What"),
        Column("kind", "Kind"),
        Column("weight", "Weight", is_number=True),
        Column("for", "For"),
    ]
    rows = [
        {
            "when": i.happened_on,
            "title": Cell(
                i.id,
                i.title,
                href=f"/development/evidence/{i.id}",
                sub="text drafted by a model, does not count" if i.written_by_model else "",
            ),
            "kind": i.kind.replace("_", " "),
            "weight": i.weight,
            "for": ", ".join(i.competencies),
        }
        for i in items
    ]
    return Table(
        "items",
        "Evidence and practice",
        columns,
        rows,
        empty="Nothing yet. Practise a conversation, or add a finished piece of work.",
        note="Practice shows learning. It answers none of the five questions and moves no readiness.",
    )


def _withdrawn_table(items: Any) -> Table:
    columns = [Column("when", "Withdrawn"), Column("title", "What"), Column("reason", "Why")]
    rows = [
        {
            "when": date.fromisoformat(i.withdrawn_on),
            "title": Cell(i.id, i.title, href=f"/development/evidence/{i.id}"),
            "reason": i.withdrawn_because,
        }
        for i in items
    ]
    return Table("withdrawn", "Withdrawn or corrected", columns, rows, empty="Nothing was withdrawn.")


def _unit_table(units: Any) -> Table:
    columns = [
        Column("code", "Unit"),
        Column("title", "Title"),
        Column("verified", "Code confirmed"),
        Column("readiness", "Readiness", "share", is_number=True),
    ]
    rows: list[dict[str, Any]] = [_unit_row(u) for u in units]
    return Table("units", "Units of occupational standards", columns, rows, size=50)


def _unit_row(unit: Unit) -> dict[str, Any]:
    return {"code": unit.code, "title": unit.title, "verified": unit.verified, "readiness": unit.readiness}


def _part_table(score: Progression) -> Table:
    rows = [{"part": name, "value": value} for name, value in describe_parts(score)]
    return Table("parts", "Parts of the career progression score", [Column("part", "Part"), Column("value", "Value")], rows)


def paths(snapshot: Snapshot) -> list[str]:
    """Pages to prepare, walk and measure."""
    return ["/development/portfolio"]
