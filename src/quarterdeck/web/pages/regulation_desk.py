"""The desk for rules: the inbox for triage, questions about trials, sources and their health, and the forms of an assessment."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import Response

from quarterdeck.record import jobs
from quarterdeck.record.permissions import MACHINE
from quarterdeck.regulation import actions
from quarterdeck.regulation.applicability import load_attributes
from quarterdeck.regulation.findings import derive_impacts
from quarterdeck.regulation.intake import import_paths, import_text, watch_job
from quarterdeck.regulation.knowledge import get_change, load_changes
from quarterdeck.regulation.model import Outcome
from quarterdeck.regulation.queries import (
    InboxRow,
    count_documents,
    list_answers,
    list_health,
    list_inbox,
    list_proposals,
    list_signals,
    open_index,
)
from quarterdeck.regulation.search import Hit
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.web.navigation import Entry
from quarterdeck.web.pages.regulation import impacts_of
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
NAVIGATION = (
    Entry("Inbox", "/regulation/inbox", "Regulation", "Which new documents concern our trials?"),
    Entry("Questions", "/regulation/questions", "Regulation", "What must we know before every rule can be judged?"),
    Entry("Sources", "/regulation/sources", "Regulation", "Is every source heard, and what does it say?"),
)
SHOWN = 40  # documents on one page of the inbox: about ten minutes' reading
GRADES = [("2", "The whole portfolio"), ("1", "Some trials"), ("0", "Not about trials")]
UPLOAD_LIMIT = 40_000_000
JOBS = {"regulation.watch": lambda deck: watch_job(deck.settings, deck.record, MACHINE, deck.now)}


@router.get("/regulation/inbox")
def show_inbox(view: View = permit("portfolio.read"), words: str = "") -> Response:
    """What waits for triage, open consultations first; and search over everything that was taken in."""
    rows = list_inbox(view.record, view.today, SHOWN)
    counts = count_documents(view.record)
    hits = _search(view, words)
    tables = [_inbox_table(rows), _signal_table(view), *([_found_table(hits)] if words.strip() else [])]
    title = f"{wording.plural(len(rows), 'document waits', 'documents wait')} for triage"
    return view.page(
        "regulation/inbox.html",
        finding=title,
        tables=tables,
        cites=[title, *counts.values(), *(str(f"{r.title} {r.id}") for r in rows), words, len(hits)],
        needs_facts=True,
        rows=rows,
        counts=counts,
        grades=GRADES,
        words=words,
        searched=bool(words.strip()),
        changes=[("", "No known change"), *((c.id, c.title) for c in load_changes().values())],
    )


@router.post("/regulation/triage")
def triage(
    document: Annotated[str, Form()],
    grade: Annotated[str, Form()],
    reason: Annotated[str, Form()] = "",
    change: Annotated[str, Form()] = "",
    view: View = permit("regulation.triage"),
) -> Response:
    """A person's grade of a document."""
    if grade not in ("0", "1", "2"):
        raise BadInput("A grade is 0, 1 or 2", thing=grade)
    actions.label_document(view.record, view.actor, document, int(grade), reason[:2000], view.now(), change)
    return view.redirect("/regulation/inbox")


@router.get("/regulation/questions")
def show_questions(view: View = permit("portfolio.read")) -> Response:
    """Questions that rules ask and the evidence does not answer."""
    answers = list_answers(view.record)
    asked: dict[str, set[str]] = {}
    changes: dict[str, set[str]] = {}
    for impact in derive_impacts(view.snapshot, answers):
        for judgement in impact.judgements:
            if judgement.verdict is Outcome.NEEDS_REVIEW:
                for name in judgement.missing_facts:
                    asked.setdefault(name, set()).add(judgement.trial)
                    changes.setdefault(name, set()).add(impact.change.title)
    attributes = load_attributes()
    rows = [
        {"question": attributes[name].question, "name": name, "trials": len(trials), "changes": ", ".join(sorted(changes[name]))}
        for name, trials in sorted(asked.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    ]
    given = [
        {"trial": "all trials" if trial == "*" else trial, "name": name, "value": value} for (trial, name), value in sorted(answers.items())
    ]
    tables = [
        Table(
            "questions",
            "Questions, those about most trials first",
            [
                Column("question", "Question"),
                Column("name", "Attribute"),
                Column("trials", "Trials", is_number=True),
                Column("changes", "Asked by"),
            ],
            rows,
            empty="Every rule can be judged.",
        ),
        Table(
            "answers",
            "Answers on record",
            [Column("trial", "Trial"), Column("name", "Attribute"), Column("value", "Answer")],
            given,
            empty="Nobody has answered yet.",
        ),
    ]
    title = (
        f"{wording.plural(len(rows), 'question')} must be answered before every rule can be judged"
        if rows
        else "Every rule can be judged for every trial"
    )
    trials = sorted({j.trial for i in derive_impacts(view.snapshot, answers) for j in i.judgements})
    options = [(name, attributes[name].question) for name in asked] or [(name, a.question) for name, a in attributes.items()]
    return view.page(
        "regulation/questions.html", finding=title, tables=tables, cites=[title, *(a.question for a in attributes.values())],
        options=options, trials=[("*", "All trials"), *((t, t) for t in trials)],
    )  # fmt: skip


@router.post("/regulation/answer")
def answer(
    attribute: Annotated[str, Form()],
    value: Annotated[str, Form()],
    trial: Annotated[str, Form()] = "*",
    view: View = permit("regulation.answer"),
) -> Response:
    """An answer about a trial, or all."""
    actions.answer_question(view.record, view.actor, trial[:120], attribute, value[:500], view.now())
    return view.redirect("/regulation/questions")


@router.get("/regulation/sources")
def show_sources(view: View = permit("portfolio.read")) -> Response:
    """Every source with its health; the watch; taking in a file or a text."""
    health = list_health(view.record)
    words = {"well": "well", "drifted": "fields drifted", "silent": "silent", "failed": "failed", "never": "not asked yet"}
    rows = [
        {
            "title": Cell(h.source.title, sub=h.source.attribution),
            "state": words[h.state],
            "last": h.last_success.date() if h.last_success else "never",
            "newest": h.newest or "not known",
            "documents": h.documents,
            "note": h.note or ("fed by hand" if not h.source.address else "nothing to say"),
        }
        for h in health
    ]
    trouble = sum(h.state in ("failed", "silent", "drifted") for h in health)
    columns = [
        Column("title", "Source"),
        Column("state", "State"),
        Column("last", "Last success"),
        Column("newest", "Newest document"),
        Column("documents", "Documents read", is_number=True),
        Column("note", "Note"),
    ]
    title = f"{wording.of(trouble, len(health))} sources need a look" if trouble else f"None of {len(health)} sources needs a look"
    notes = [*(h.note for h in health), *(h.source.attribution for h in health), *(h.source.title for h in health)]
    return view.page(
        "regulation/sources.html", finding=title, tables=[Table("sources", "Sources, those in trouble first", columns, rows)],
        cites=[title, *notes], needs_facts=False, offline=view.settings.offline,
    )  # fmt: skip


@router.post("/regulation/watch")
def start_watch(view: View = permit("regulation.import")) -> Response:
    """The watch as a job."""
    if view.settings.offline:
        raise BadInput("This installation is offline", next_step="Set offline = false in quarterdeck.toml, or take files in below.")
    job = jobs.add_job(view.record, "regulation.watch", {}, view.actor.id, view.now())
    if view.deck.worker is not None:
        view.deck.worker.wake()
    return view.redirect(f"/jobs/{job}")


@router.post("/regulation/import")
def take_file(file: Annotated[UploadFile, File()], view: View = permit("regulation.import")) -> Response:
    """A recorded payload, a PDF, a page."""
    content = file.file.read(UPLOAD_LIMIT + 1)
    if len(content) > UPLOAD_LIMIT:
        raise BadInput("The file is too large", thing=file.filename, allowed=f"up to {UPLOAD_LIMIT:,} bytes")
    if not content:
        raise BadInput("The file is empty", thing=file.filename or "no file chosen")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (Path(file.filename or "upload").name or "upload")
        path.write_bytes(content)
        import_paths(view.record, view.settings, view.actor, [path], view.now())
    return view.redirect("/regulation/inbox")


@router.post("/regulation/paste")
def take_text(title: Annotated[str, Form()], text: Annotated[str, Form()], view: View = permit("regulation.import")) -> Response:
    """A pasted text under a title."""
    if not title.strip() or not text.strip():
        raise BadInput("A pasted text needs a title and words")
    import_text(view.record, view.settings, view.actor, title.strip()[:200], text[:400_000], view.now())
    return view.redirect("/regulation/inbox")


@router.post("/regulation/changes/{change_id}/action")
def decide_action(
    change_id: str,
    action: Annotated[str, Form()],
    state: Annotated[str, Form()],
    reason: Annotated[str, Form()] = "",
    owner: Annotated[str, Form()] = "",
    view: View = permit("regulation.decide"),
) -> Response:
    """Accepts, rejects or completes a proposed action."""
    get_change(change_id)
    impact = next(i for i in impacts_of(view) if i.change.id == change_id)
    proposals = list_proposals(view.record, impact)
    proposal = next((p for p in proposals if p.key == action), None)
    if proposal is None:
        raise NotFound("There is no such proposal", thing=action, allowed=[p.key for p in proposals])
    actions.decide_action(view.record, view.actor, proposal, change_id, state, reason[:2000], view.snapshot.id, view.now(), owner[:120])
    return view.redirect(f"/regulation/changes/{change_id}")


@router.post("/regulation/changes/{change_id}/assess")
def open_assessment(
    change_id: str, trial: Annotated[str, Form()] = "", owner: Annotated[str, Form()] = "", view: View = permit("regulation.assess")
) -> Response:
    """Opens the assessment of a change for a trial, or for the organisation."""
    impact = next((i for i in impacts_of(view) if i.change.id == change_id), None)
    if impact is None:
        raise NotFound("There is no such change", thing=change_id)
    judged = impact.judgement(trial)
    if trial and judged is None:
        raise NotFound("There is no such trial", thing=trial)
    verdict, facts = (judged.verdict.value, judged.matched_facts) if judged else ("", ())
    actions.open_assessment(
        view.record,
        view.actor,
        change_id,
        trial,
        verdict,
        impact.change.rule.id,
        facts,
        view.snapshot.id,
        owner[:120],
        None,
        view.now(),
    )
    return view.redirect(f"/regulation/changes/{change_id}")


@router.post("/regulation/changes/{change_id}/step")
def move_assessment(
    change_id: str,
    assessment: Annotated[str, Form()],
    step: Annotated[str, Form()],
    reason: Annotated[str, Form()] = "",
    view: View = permit("regulation.assess"),
) -> Response:
    """Moves an assessment on; steps that decide are signed by the reader."""
    impact = next((i for i in impacts_of(view) if i.change.id == change_id), None)
    if impact is None:
        raise NotFound("There is no such change", thing=change_id)
    proposals = list_proposals(view.record, impact)
    actions.move_assessment(view.record, view.actor, assessment, step, reason[:2000], view.now(), proposals)
    return view.redirect(f"/regulation/changes/{change_id}")


def paths(snapshot: Snapshot) -> list[str]:
    """The desk's pages."""
    return ["/regulation/inbox", "/regulation/questions", "/regulation/sources"]


def _inbox_table(rows: Sequence[InboxRow]) -> Table:
    columns = [
        Column("title", "Document"),
        Column("why", "Why it is here"),
        Column("published", "Published"),
        Column("closes", "Comments close"),
        Column("change", "Belongs to"),
    ]
    shown = [
        {
            "title": Cell(r.title, href=f"/regulation/document?id={r.id}", sub=r.authority),
            "why": f"{'relevant' if r.band == 'in' else 'doubtful'}, grade {r.grade}; {', '.join(r.topics) or 'no topic'}",
            "published": r.published or "not stated",
            "closes": r.closes or "no open consultation",
            "change": Cell(r.change, load_changes()[r.change].title, href=f"/regulation/changes/{r.change}")
            if r.change
            else "no known change",
        }
        for r in rows
    ]
    empty = "Nothing waits. Import documents, or let the watch ask the sources."
    return Table("inbox", "Documents that wait, open consultations first", columns, shown, empty=empty, size=SHOWN)


def _signal_table(view: View) -> Table:
    columns = [Column("title", "Trial"), Column("sponsor", "Sponsor"), Column("what", "What changed")]
    rows = [
        {"title": Cell(title, href=f"/regulation/document?id={name}"), "sponsor": sponsor, "what": what}
        for name, title, sponsor, what in list_signals(view.record)
    ]
    empty = "No record of another trial has changed since it was first taken in."
    return Table("signals", "Changes in the records of other trials", columns, rows, empty=empty)


def _search(view: View, words: str) -> list[Hit]:
    if not words.strip():
        return []
    index = open_index(view.record, view.settings)
    try:
        return index.search(words, 20)
    finally:
        index.close()


def _found_table(hits: Sequence[Hit]) -> Table:
    columns = [Column("title", "Document"), Column("published", "Published"), Column("snippet", "Words")]
    rows = [{"title": Cell(h.title, href=_href(h.id)), "published": h.published or "not stated", "snippet": h.snippet} for h in hits]
    return Table("found", "Found", columns, rows, empty="Nothing was found. Try other words.")


def _href(identifier: str) -> str:
    return (
        f"/regulation/changes/{identifier.removeprefix('change:')}"
        if identifier.startswith("change:")
        else f"/regulation/document?id={identifier}"
    )
