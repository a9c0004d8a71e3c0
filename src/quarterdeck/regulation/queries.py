"""Reads of this room from the record: documents, versions, health, the inbox, assessments, answers, and the search index over all of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import func, select

from quarterdeck.record.database import Record
from quarterdeck.record.models.regulation import (
    AcceptedAction,
    Assessment,
    DocumentVersion,
    RegulatoryDocument,
    Retrieval,
    SourceHealth,
    StatedDate,
    TriageLabel,
    TrialAnswer,
)
from quarterdeck.regulation.implications import Impact, Proposal
from quarterdeck.regulation.knowledge import load_actions, load_changes
from quarterdeck.regulation.model import DateFact, Document, Span
from quarterdeck.regulation.search import Entry, Index
from quarterdeck.regulation.sources import Source, load_sources
from quarterdeck.vocabulary.errors import NotFound
from quarterdeck.vocabulary.settings import Settings


@dataclass(frozen=True, slots=True)
class HealthRow:
    """A source with its health as a page shows it."""

    source: Source
    state: str
    last_success: datetime | None
    newest: date | None
    documents: int
    problems: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A document that waits for triage."""

    id: str
    title: str
    authority: str
    published: date | None
    band: str
    grade: int
    score: float
    topics: tuple[str, ...]
    change: str
    closes: date | None


def list_health(record: Record) -> list[HealthRow]:
    """Every source with its health, those with trouble first."""
    with record.session() as session:
        rows = {row.source: row for row in session.scalars(select(SourceHealth)).all()}
    order = {"failed": 0, "silent": 1, "drifted": 2, "well": 3, "never": 4}
    found = []
    for name, source in load_sources().items():
        row = rows.get(name)
        found.append(
            HealthRow(source, row.state, row.last_success, row.newest, row.documents, tuple(row.problems), row.note)
            if row
            else HealthRow(source, "never", None, None, 0, (), "fed by hand" if not source.address else "not asked yet")
        )
    return sorted(found, key=lambda h: (order[h.state], h.source.id))


def list_documents(record: Record, bands: Iterable[str] = ("in", "review", "out"), limit: int = 500) -> list[Document]:
    """Stored documents without their texts, newest first."""
    with record.session() as session:
        statement = (
            select(RegulatoryDocument)
            .where(RegulatoryDocument.band.in_(list(bands)))
            .order_by(RegulatoryDocument.published.desc().nulls_last(), RegulatoryDocument.id)
            .limit(limit)
        )
        return [_to_document(row) for row in session.scalars(statement).all()]


def count_documents(record: Record) -> dict[str, int]:
    """How many documents stand in each band."""
    with record.session() as session:
        return dict(session.execute(select(RegulatoryDocument.band, func.count()).group_by(RegulatoryDocument.band)).all())


def get_document(record: Record, document_id: str) -> Document:
    """One document with its newest text and dates. Raises NotFound."""
    with record.session() as session:
        row = session.get(RegulatoryDocument, document_id)
        if row is None:
            raise NotFound("There is no such document", thing=document_id, next_step="Search for it: quarterdeck regulation search WORDS.")
        text = session.scalars(
            select(DocumentVersion.text).where(DocumentVersion.document_id == document_id).order_by(DocumentVersion.id.desc()).limit(1)
        ).first()
        dates = session.scalars(select(StatedDate).where(StatedDate.document_id == document_id).order_by(StatedDate.start)).all()
        facts = tuple(
            DateFact(d.kind, d.day, d.phrase, Span(d.start, d.stop), d.certainty, d.basis, d.until, d.expression, d.computed, d.formula)
            for d in dates
        )
        return _to_document(row, text or "", facts)


def get_grade(record: Record, document_id: str) -> tuple[int, str, float, tuple[str, ...]]:
    """Grade, band, score and topics of a stored document. Raises NotFound."""
    with record.session() as session:
        row = session.get(RegulatoryDocument, document_id)
        if row is None:
            raise NotFound("There is no such document", thing=document_id)
        return row.grade, row.band, row.score, tuple(row.topics)


def list_versions(record: Record, document_id: str) -> list[tuple[int, datetime, str]]:
    """(id, instant, text) of each version, oldest first."""
    with record.session() as session:
        rows = session.scalars(select(DocumentVersion).where(DocumentVersion.document_id == document_id).order_by(DocumentVersion.id)).all()
        return [(row.id, row.retrieved_at, row.text) for row in rows]


def list_inbox(record: Record, today: date, limit: int = 60) -> list[InboxRow]:
    """What waits for triage: relevant or doubtful documents that nobody has graded; open consultations and doubtful ones first."""
    by_number = {number: change.id for change in load_changes().values() for number in change.documents}
    with record.session() as session:
        labelled = select(TriageLabel.document_id)
        rows = session.scalars(
            select(RegulatoryDocument)
            .where(
                RegulatoryDocument.band.in_(("in", "review")),
                RegulatoryDocument.id.not_in(labelled),
                RegulatoryDocument.kind.not_in(("trial_record", "inspection")),
            )
            .order_by(RegulatoryDocument.published.desc().nulls_last(), RegulatoryDocument.id)
        ).all()
        closing = dict(
            session.execute(
                select(StatedDate.document_id, func.max(StatedDate.day))
                .where(StatedDate.kind == "comment_close")
                .group_by(StatedDate.document_id)
            ).all()
        )
    inbox = [
        InboxRow(
            r.id,
            r.title,
            r.authority,
            r.published,
            r.band,
            r.grade,
            r.score,
            tuple(r.topics),
            by_number.get(r.native_id, ""),
            day if (day := closing.get(r.id)) and day >= today else None,
        )
        for r in rows
    ]
    inbox.sort(key=lambda row: (row.closes is None, row.closes or date.max, -row.grade, row.band != "review"))
    return inbox[:limit]


def list_answers(record: Record) -> dict[tuple[str, str], str]:
    """The newest answer to each question about each trial ("*" for all)."""
    with record.session() as session:
        rows = session.scalars(select(TrialAnswer).order_by(TrialAnswer.id)).all()
        return {(row.trial, row.attribute): row.value for row in rows}


def list_assessments(record: Record, change_id: str = "") -> list[Assessment]:
    """Assessments, of one change or all, oldest first."""
    with record.session() as session:
        statement = select(Assessment).order_by(Assessment.opened_at, Assessment.id)
        return list(session.scalars(statement.where(Assessment.change_id == change_id) if change_id else statement).all())


def list_actions(record: Record, change_id: str = "") -> list[AcceptedAction]:
    """Actions that were accepted, rejected or done."""
    with record.session() as session:
        statement = select(AcceptedAction).order_by(AcceptedAction.id)
        return list(session.scalars(statement.where(AcceptedAction.change_id == change_id) if change_id else statement).all())


def list_proposals(record: Record, impact: Impact) -> tuple[Proposal, ...]:
    """What a change asks for now, and what was accepted when it still asked for more: an accepted action stays until it is done or rejected."""
    known, library = {(p.template.id, p.trial) for p in impact.proposals}, load_actions()
    kept = [
        Proposal(library[row.template], row.trial, row.due or row.changed_at.date(), ())
        for row in list_actions(record, impact.change.id)
        if row.state == "accepted" and row.template in library and (row.template, row.trial) not in known
    ]
    return (*impact.proposals, *kept)


def list_labels(record: Record) -> list[tuple[str, int]]:
    """(document, grade) as people triaged them: what the next training learns from. Native numbers, no text."""
    with record.session() as session:
        rows = session.execute(
            select(RegulatoryDocument.native_id, TriageLabel.grade)
            .join(RegulatoryDocument, RegulatoryDocument.id == TriageLabel.document_id)
            .order_by(TriageLabel.id)
        ).all()
        return [(number, grade) for number, grade in rows if number]


def list_signals(record: Record, limit: int = 30) -> list[tuple[str, str, str, str]]:
    """Changes in the records of other sponsors' trials: (document, title, sponsor, what changed), newest first."""
    with record.session() as session:
        rows = session.scalars(select(RegulatoryDocument).where(RegulatoryDocument.kind == "trial_record")).all()
        found = [(row.id, row.title, str(row.details.get("sponsor", "")) or "not stated", note) for row in rows for note in row.notes]
    return sorted(found, key=lambda signal: (signal[3], signal[0]), reverse=True)[:limit]


def open_index(record: Record, settings: Settings) -> Index:
    """The search index over all stored documents and the changes, rebuilt where the record has moved on."""
    with record.session() as session:
        mark = session.execute(
            select(func.count(DocumentVersion.id), func.max(DocumentVersion.id), func.count(func.distinct(DocumentVersion.document_id)))
        ).one()
        documents = session.scalar(select(func.count(RegulatoryDocument.id))) or 0
    name = f"{mark[0]}-{mark[1] or 0}-{documents}-{len(load_changes())}"
    folder = settings.home / "regulation" / "index"
    path = folder / f"{name}.sqlite"
    if path.exists():
        return Index(path)
    folder.mkdir(parents=True, exist_ok=True)
    working = folder / f"{name}.building"
    working.unlink(missing_ok=True)
    index = Index(working)
    index.add(_entries(record))
    index.close()
    working.replace(path)
    for old in folder.glob("*.sqlite"):
        if old != path:
            old.unlink(missing_ok=True)
    return Index(Path(path))


def _entries(record: Record) -> Iterable[Entry]:
    for change in load_changes().values():
        yield Entry(f"change:{change.id}", change.title, f"{change.summary} {' '.join(change.implications)}")
    with record.session() as session:
        newest = select(func.max(DocumentVersion.id)).group_by(DocumentVersion.document_id)
        texts = dict(session.execute(select(DocumentVersion.document_id, DocumentVersion.text).where(DocumentVersion.id.in_(newest))).all())
        for row in session.scalars(select(RegulatoryDocument)).all():
            text = texts.get(row.id, "")
            yield Entry(row.id, row.title, (text if row.abstract in text else f"{row.abstract} {text}")[:200_000], str(row.published or ""))


def list_retrievals(record: Record, source: str, limit: int = 20) -> list[Retrieval]:
    """The newest payloads of a source."""
    with record.session() as session:
        return list(session.scalars(select(Retrieval).where(Retrieval.source == source).order_by(Retrieval.id.desc()).limit(limit)).all())


def _to_document(row: RegulatoryDocument, text: str = "", dates: tuple[DateFact, ...] = ()) -> Document:
    return Document(
        id=row.id,
        title=row.title,
        text=text,
        authority=row.authority,
        jurisdictions=tuple(row.jurisdictions),
        kind=row.kind,
        published=row.published,
        url=row.url,
        native_id=row.native_id,
        docket=tuple(row.docket),
        rin=row.rin,
        celex=row.celex,
        cfr_parts=tuple(row.cfr_parts),
        status=row.status,
        abstract=row.abstract,
        updated=row.updated,
        dates=dates,
        withdrawn=row.is_withdrawn,
        corrects=row.corrects,
        notes=tuple(row.notes),
        extra=dict(row.details),
    )
