"""Pages of the papers: the list, the editor with evidence beside each paragraph, check, compare, issue; the AI register."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import NotFound, QuarterdeckError
from quarterdeck.web.navigation import Entry, Hit
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.papers.desk import Desk
    from quarterdeck.record.permissions import Actor

router = APIRouter()
NAVIGATION = (
    Entry("Papers", "/papers", "Papers", "Which papers are there, and may they be issued?"),
    Entry("Write a paper", "/papers/new", "Papers", "What do I want to say, and what carries it?"),
    Entry("AI register", "/papers/systems", "Papers", "Which systems learn or generate, and who oversees them?"),
)
TYPES = {
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation", "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "html": "text/html; charset=utf-8",
}  # fmt: skip
MOVE_WORDS = {
    "submit": "Send to review",
    "return": "Send back to draft",
    "approve": "Approve by signature",
    "issue": "Issue and seal",
    "withdraw": "Withdraw",
}


@router.get("/papers")
def show_papers(view: View = permit("portfolio.read")) -> Response:
    """All papers, the newest first."""
    from quarterdeck.papers.listing import list_papers

    papers = list(reversed(list_papers(view.settings)))
    rows = [
        {
            "paper": Cell(p["title"], p["title"], href=f"/papers/{p['id']}", sub=p["about"]),
            "cut": date.fromisoformat(p["data_cut"]),
            "made": datetime.fromisoformat(p["made_at"]),
            "state": p["state"],
            "files": ", ".join(p["formats"]),
        }
        for p in papers
    ]
    waiting = sum(p["state"] in ("review", "approved") for p in papers)
    finding = (
        f"{wording.plural(waiting, 'paper')} {'waits' if waiting == 1 else 'wait'} for somebody"
        if waiting
        else "No paper waits for anybody"
    )
    columns = [
        Column("paper", "Paper"),
        Column("cut", "Data as of"),
        Column("made", "Made"),
        Column("state", "State"),
        Column("files", "Files"),
    ]
    table = Table("papers", "Papers, the newest first", columns, rows, empty="Write the first one.")
    return view.page("papers/index.html", finding=finding, needs_facts=False, tables=[table], cites=[waiting])


@router.get("/papers/systems")
def show_systems(view: View = permit("portfolio.read")) -> Response:
    """The AI register."""
    from quarterdeck.papers.ai_register import read_systems

    systems = read_systems(view.snapshot, view.settings, view.record)
    rows = [
        {
            "name": Cell(s.name, s.name, sub=s.purpose),
            "class": s.risk_class,
            "oversight": s.oversight,
            "validation": s.validation,
            "limits": s.limits or "not stated",
            "review": s.review_date or "not set",
            "origin": s.origin,
        }
        for s in systems
    ]
    checks = [{"system": s.name, "check": b.sentence, "groups": len(b.groups)} for s in systems for b in s.bias]
    columns = [
        Column("name", "System"),
        Column("class", "Risk class"),
        Column("oversight", "Human oversight"),
        Column("validation", "Validation"),
        Column("limits", "Known limits"),
        Column("review", "Next review"),
        Column("origin", "Origin"),
    ]
    tables = [
        Table("systems", "Systems in use", columns, rows),
        Table(
            "bias",
            "Do flags and errors fall evenly, and do rankings hold?",
            [Column("system", "System"), Column("check", "What was found"), Column("groups", "Groups", is_number=True)],
            checks,
            empty="No check could be made on these facts.",
        ),
    ]
    return view.page(
        "papers/systems.html",
        finding=f"{wording.plural(len(systems), 'system')} in use, each overseen by a person",
        tables=tables,
        cites=[len(systems)],
    )


@router.post("/papers/systems")
def enter(
    name: Annotated[str, Form()], purpose: Annotated[str, Form()], owner: Annotated[str, Form()], risk_class: Annotated[str, Form()], oversight: Annotated[str, Form()],
    data: Annotated[str, Form()] = "", validation: Annotated[str, Form()] = "", limits: Annotated[str, Form()] = "", version: Annotated[str, Form()] = "", view: View = permit("ai_system.enter"),
) -> Response:  # fmt: skip
    """Enter one of the organisation's own tools."""
    from quarterdeck.papers.ai_register import enter_system

    entry = {
        "name": name,
        "purpose": purpose,
        "owner": owner,
        "risk_class": risk_class,
        "oversight": oversight,
        "data": data,
        "validation": validation,
        "limits": limits,
        "version": version,
    }
    enter_system(view.record, view.actor, entry, view.now())
    return view.redirect("/papers/systems")


@router.get("/papers/{paper_id}")
def show_paper(paper_id: str, view: View = permit("portfolio.read")) -> Response:
    """The editor: each paragraph with its evidence, what reviewers said, what may happen next."""
    from quarterdeck.papers import actions
    from quarterdeck.papers.store import PaperStore
    from quarterdeck.papers.workflow import moves_from

    base = PaperStore(view.settings).base(paper_id)
    known = actions.read_paper(view.record, paper_id)
    state = known.state if known else "draft"
    reviews = actions.read_reviews(view.record, paper_id)
    paragraphs = [_paragraph(entry, base, [r for r in reviews if r.paragraph == entry["id"]]) for entry in base.get("paragraphs", [])]
    formats = next(p.formats for p in PaperStore(view.settings).papers() if p.id == paper_id)
    evidence = [
        {
            "fact": f["label"],
            "value": f["value"] if not isinstance(f["value"], float) else wording.in_unit(f["value"], f["unit"]),
            "source": f["source"] or "not stated",
            "id": key,
        }
        for key, f in base["facts"].items()
    ]
    columns = [Column("fact", "What it is"), Column("value", "Value"), Column("source", "Source"), Column("id", "Fact")]
    return view.page(
        "papers/paper.html", finding=base["title"], needs_facts=False, paper_id=paper_id, base=base, state=state, paragraphs=paragraphs, formats=formats,
        moves=[(m.name, MOVE_WORDS[m.name], "signature" in m.needs, "reason" in m.needs) for m in moves_from(state) if view.may(m.permission)],
        signatures=actions.read_signatures(view.record, paper_id), missing=base["missing"],
        tables=[Table("evidence", "Everything this paper rests on", columns, evidence, size=25)],
        cites=[base, state, *(p["text"] for p in paragraphs), *(e for p in paragraphs for e in p["evidence"]), *(r.text + r.remark for r in reviews)],
    )  # fmt: skip


def _paragraph(entry: Mapping[str, Any], base: Mapping[str, Any], reviews: list[Any]) -> dict[str, Any]:
    facts = list(
        dict.fromkeys(
            (shown, base["facts"].get(fact, {}).get("label", fact), base["facts"].get(fact, {}).get("source", ""))
            for fact, shown in entry["facts"]
        )
    )
    return {
        **entry,
        "evidence": [f"{shown}: {label}{f' ({source})' if source else ''}" for shown, label, source in facts],
        "reviews": reviews,
    }


@router.get("/papers/{paper_id}/files/{name}")
def download(paper_id: str, name: str, view: View = permit("portfolio.read")) -> Response:
    """One file of a paper, by its format."""
    from quarterdeck.papers.store import PaperStore

    if name not in TYPES:
        raise NotFound("The paper has no such file", thing=name[:20], allowed=list(TYPES))
    content = PaperStore(view.settings).file(paper_id, name).read_bytes()
    return Response(
        content,
        media_type=TYPES[name],
        headers={"content-disposition": f'attachment; filename="{paper_id}.{name}"', "content-security-policy": "sandbox"},
    )


@router.get("/papers/{paper_id}/check")
def show_check(paper_id: str, view: View = permit("portfolio.read")) -> Response:
    """The check of every file of the paper, read back now."""
    from quarterdeck.papers.actions import check_files

    results = check_files(_desk(view, paper_id), paper_id)
    rows = [
        {"file": r.file, "place": f.place, "kind": f.kind, "found": f.found, "expected": f.expected or "unknown", "why": f.message}
        for r in results
        for f in r.findings
    ]
    errors = sum(len(r.errors) for r in results)
    read = sum(sum(r.checked.values()) for r in results)
    columns = [
        Column("file", "File"),
        Column("place", "Where"),
        Column("kind", "What"),
        Column("found", "Reads"),
        Column("expected", "Should read"),
        Column("why", "Why"),
    ]
    finding = (
        f"{wording.plural(errors, 'thing')} to correct before this paper can be issued"
        if errors
        else f"All {wording.number(read)} statements in its files hold"
    )
    return view.page(
        "papers/check.html",
        finding=finding,
        needs_facts=False,
        paper_id=paper_id,
        read=read,
        tables=[Table("findings", "What the check found", columns, rows, empty="Nothing.")],
        cites=[errors, read],
    )


@router.get("/papers/{paper_id}/compare")
def show_compare(paper_id: str, view: View = permit("portfolio.read")) -> Response:
    """What changed since the last issue of this kind of paper."""
    from quarterdeck.papers.listing import compare_with_last

    changes = compare_with_last(view.settings, paper_id)
    rows = [
        {"kind": c["kind"], "before": c["before"] or "not said", "now": c["now"] or "no longer said", "reason": c["reason"]}
        for c in changes
    ]
    moved = sum(c["kind"] in ("moved", "contradicted") for c in changes)
    columns = [Column("kind", "What happened"), Column("before", "Then"), Column("now", "Now"), Column("reason", "Why")]
    table = Table(
        "changes", "Contradicted and moved first", columns, rows, empty="This is the first issue of its kind, or nothing has changed."
    )
    finding = (
        f"{wording.plural(moved, 'claim')} {'has' if moved == 1 else 'have'} moved since the last issue"
        if changes
        else "Nothing to compare with yet"
    )
    return view.page("papers/compare.html", finding=finding, needs_facts=False, paper_id=paper_id, tables=[table], cites=[moved])


@router.get("/papers/{paper_id}/questions")
def show_questions(paper_id: str, view: View = permit("portfolio.read")) -> Response:
    """The ten hard questions, with answers from the evidence."""
    from quarterdeck.papers.web import rehearse_paper

    asked = rehearse_paper(_desk(view, paper_id), paper_id)
    rows = [{"question": q.question.text, "answer": q.answer.text, "kind": q.kind} for q in asked]
    columns = [Column("question", "They may ask"), Column("answer", "You can say"), Column("kind", "Why it is weak ground")]
    return view.page(
        "papers/compare.html",
        finding=f"{wording.plural(len(asked), 'hard question')} to be ready for",
        needs_facts=False,
        paper_id=paper_id,
        tables=[Table("changes", "The weakest ground first", columns, rows)],
        cites=[len(asked)],
    )


@router.post("/papers/{paper_id}/review")
def review(
    paper_id: str,
    paragraph: Annotated[str, Form()],
    verdict: Annotated[str, Form()],
    text: Annotated[str, Form()] = "",
    remark: Annotated[str, Form()] = "",
    view: View = permit("paper.review"),
) -> Response:
    """A remark on a paragraph, or its acceptance, edit or rejection; the files are written again with it."""
    from quarterdeck.papers import actions
    from quarterdeck.papers.web import rewrite

    actions.review_paragraph(view.record, view.actor, paper_id, paragraph, verdict, view.now(), text, remark)
    rewrite(_desk(view, paper_id), paper_id, view.actor)
    return view.redirect(f"/papers/{paper_id}")


@router.post("/papers/{paper_id}/move")
def move(
    paper_id: str,
    name: Annotated[str, Form()],
    reason: Annotated[str, Form()] = "",
    meaning: Annotated[str, Form()] = "",
    secret: Annotated[str, Form()] = "",
    view: View = permit("paper.review"),
) -> Response:
    """One step in the paper's life; the table of moves says when, the permissions say who."""
    from quarterdeck.papers import actions

    if name not in MOVE_WORDS:
        raise NotFound("There is no such step", thing=name[:40], allowed=list(MOVE_WORDS))
    signing = actions.Signing(meaning, secret) if meaning or secret else None

    def reauthenticate(actor: Actor, given: str) -> bool:
        return _is_really(view, actor, given)

    actions.move_paper(view.record, view.actor, paper_id, name, _desk(view, paper_id), reason, signing, reauthenticate)
    return view.redirect(f"/papers/{paper_id}")


def _is_really(view: View, actor: Actor, secret: str) -> bool:
    """Who signs gives the password again; in an installation without accounts, the printed name."""
    from quarterdeck.record import accounts

    if not accounts.has_accounts(view.record):
        return secret.strip() == actor.name
    address = view.request.client.host if view.request.client else ""
    try:
        token = accounts.sign_in(view.record, actor.id, secret, address, view.now())
    except QuarterdeckError:
        return False
    accounts.end_session(view.record, token)
    return True


def _desk(view: View, paper_id: str) -> Desk:
    """The desk on the snapshot that the paper was made from."""
    from quarterdeck.papers.desk import open_desk
    from quarterdeck.papers.store import PaperStore

    snapshot = str(PaperStore(view.settings).base(paper_id)["snapshot"])
    return open_desk(view.settings, snapshot, view.record, view.now())


def paths(snapshot: Snapshot) -> list[str]:
    """Pages to walk."""
    return ["/papers", "/papers/systems"]


def search(view: View, words: str) -> list[Hit]:
    """Papers by title."""
    from quarterdeck.papers.listing import list_papers

    return [
        Hit(p["title"], f"/papers/{p['id']}", "Paper", p["data_cut"]) for p in list_papers(view.settings) if words in p["title"].lower()
    ]
