"""The page of one document: summary, dates with their words, obligations, what differs from the version before, its story."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from quarterdeck.assistant.model import is_configured
from quarterdeck.regulation.comparison import compare_paragraphs, compare_texts
from quarterdeck.regulation.model import CERTAINTIES
from quarterdeck.regulation.obligations import find_obligations
from quarterdeck.regulation.provisions import split_provisions
from quarterdeck.regulation.queries import get_document, list_documents, list_versions
from quarterdeck.regulation.sources import load_sources
from quarterdeck.regulation.stories import build_stories
from quarterdeck.regulation.summaries import summarise
from quarterdeck.vocabulary import wording
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.papers.short_summary import ShortSummary
    from quarterdeck.regulation.model import Document

router = APIRouter()
READ_CHARACTERS = 150_000  # of a long document, as many are searched for obligations


@router.get("/regulation/document")
def show_document(id: str, view: View = permit("portfolio.read")) -> Response:
    """One document: summary with its basis, dates with phrases, obligations, and what differs from the version before."""
    return _document_page(view, id)


@router.post("/regulation/document")
def shorten_document(id: Annotated[str, Form()], view: View = permit("model.call")) -> Response:
    """The same page with the extract in fewer words, where a language model is set and its words stand the check."""
    from quarterdeck.papers.short_summary import shorten_summary

    return _document_page(view, id, shorten_summary(get_document(view.record, id), view.settings, view.record, view.actor, view.now()))


def _document_page(view: View, id: str, short: ShortSummary | None = None) -> Response:
    document = get_document(view.record, id)
    versions = list_versions(view.record, id)
    summary = summarise(document)
    tables = [
        _dates_table(document),
        _obligations_table(document),
        _differences_table(versions),
        _story_table(view, id),
    ]
    source = next((s for s in load_sources().values() if s.authority and s.authority in document.authority), None)
    return view.page(
        "regulation/document.html",
        finding=document.title,
        tables=tables,
        cites=[
            document.title,
            summary.text,
            *((short.note, *(quoted.text for quoted in short.sentences)) if short else ()),
            document.authority,
            document.id,
            document.url,
            *document.notes,
            len(versions),
            document.published,
            source.attribution if source else "",
        ],
        document=document,
        summary=summary,
        short=short,
        may_shorten=is_configured(view.settings) and view.may("model.call"),
        versions=len(versions),
        attribution=source.attribution if source else "Name the source where this is shown.",
    )


def _dates_table(document: Document) -> Table:
    rows = [
        {
            "kind": f.kind.replace("_", " "),
            "day": f.date or f.computed or "not a day",
            "words": f.expression or f.phrase,
            "basis": f"{f.basis}{'; ' + f.formula if f.formula else ''}",
            "certainty": CERTAINTIES[f.certainty],
        }
        for f in document.dates
    ]
    columns = [
        Column("kind", "Kind"),
        Column("day", "Day"),
        Column("words", "Words"),
        Column("basis", "Basis"),
        Column("certainty", "Certainty"),
    ]
    return Table("dates", "Dates it states", columns, rows, empty="It states no date of a kind that is tracked.")


def _obligations_table(document: Document) -> Table:
    rows = [
        {
            "provision": duty.provision,
            "actor": duty.actor,
            "modality": duty.modality.replace("_", " "),
            "action": duty.action,
            "limit": duty.time_limit or "not stated",
        }
        for provision in split_provisions(document.text[:READ_CHARACTERS])
        for duty in find_obligations(provision.text, provision.path)
    ]
    columns = [
        Column("provision", "Where"),
        Column("actor", "Who"),
        Column("modality", "Force"),
        Column("action", "What"),
        Column("limit", "Within"),
    ]
    return Table("obligations", "Who must do what", columns, rows, empty="No obligation was found in its text.", size=25)


def _differences_table(versions: Sequence[tuple[int, object, str]]) -> Table:
    rows: list[dict[str, object]] = []
    note = ""
    if len(versions) > 1:
        before, after = versions[-2][2], versions[-1][2]
        result = compare_texts(before, after) if len(before) > 4000 else compare_paragraphs(before.split("\n\n"), after.split("\n\n"))
        rows = [
            {
                "path": d.path,
                "kind": d.kind,
                "before": d.before.text[:400] if d.before else "not there",
                "after": d.after.text[:400] if d.after else "not there",
            }
            for d in result.substantive
        ]
        quiet = result.counts["editorial"] + result.counts["punctuation"]
        note = f"{wording.plural(quiet, 'editorial difference')} not shown."
    columns = [Column("path", "Where"), Column("kind", "Kind"), Column("before", "Before"), Column("after", "After")]
    empty = "Nothing of substance differs from the version before." if len(versions) > 1 else "There is one version only."
    return Table("differences", "What changed since the version before", columns, rows, empty=empty, note=note, size=30)


def _story_table(view: View, document_id: str) -> Table:
    stories = build_stories(list_documents(view.record, ("in", "review"), 3000))
    story = next((s for s in stories if any(d.id == document_id for d in s.documents)), None)
    how = {r.document: r.kind.replace("_", " ") for r in story.relations} if story else {}
    rows = [
        {
            "title": Cell(d.title, href=f"/regulation/document?id={d.id}"),
            "published": d.published or "not stated",
            "how": how.get(d.id, "begins it"),
        }
        for d in (story.documents if story else ())
    ]
    columns = [Column("title", "Document"), Column("published", "Published"), Column("how", "In relation to the one before")]
    return Table("story", "The story it belongs to", columns, rows, empty="It stands alone among the documents taken in.")
