"""Takes in what sources gave: payloads, documents with their versions and dates, and the health of each source, with audit events."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from quarterdeck.methods.text_matching import fold_text, simhash
from quarterdeck.record.audit import Act, append_act, write
from quarterdeck.record.database import Record
from quarterdeck.record.models.regulation import (
    DocumentVersion,
    RegulatoryDocument,
    Retrieval,
    SourceHealth,
    StatedDate,
)
from quarterdeck.record.permissions import Actor
from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers.common import Parsed, Payload
from quarterdeck.regulation.relevance import RelevanceModel, get_model, judge
from quarterdeck.regulation.sources import Source, guess_source, load_sources
from quarterdeck.vocabulary.errors import NotFound


@dataclass
class Taken:
    """What one intake did."""

    payloads: int = 0
    documents: int = 0
    new: int = 0
    changed: int = 0
    problems: list[str] = field(default_factory=list)
    by_source: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Received:
    """A payload with where it came from."""

    payload: Payload
    parser: str
    parsed: Parsed
    address: str
    source: str = ""
    status: int = 0
    etag: str = ""
    last_modified: str = ""


def take_in(
    record: Record, home: Path, actor: Actor, received: Iterable[Received], now: datetime, progress: Callable[[str], None] | None = None
) -> Taken:
    """Stores payloads, documents, versions, dates and the health of their sources. Taking in the same payload twice changes nothing."""
    taken = Taken()
    with write(record, actor, Act("regulation.import", "regulation", "documents"), now) as session:
        known: dict[str, RegulatoryDocument] = {}
        model = get_model(home)
        for item in received:
            source = item.source or guess_source(item.parser, item.parsed.documents)
            _take_payload(session, home, item, source, now, taken, known, model)
            if progress:
                progress(item.payload.name)
        counts = {
            "payloads": taken.payloads,
            "documents": taken.documents,
            "new": taken.new,
            "changed": taken.changed,
            "problems": len(taken.problems),
        }
        append_act(session, actor, Act("regulation.import", "regulation", "result", detail=counts), now)
    return taken


def _take_payload(
    session: Session,
    home: Path,
    item: Received,
    source: str,
    now: datetime,
    taken: Taken,
    known: dict[str, RegulatoryDocument],
    model: RelevanceModel,
) -> None:
    digest = hashlib.sha256(item.payload.content).hexdigest()
    problems = [f"{p.field}: {p.record}: {p.what}" for p in item.parsed.problems]
    taken.payloads += 1
    taken.problems += [f"{item.payload.name}: {problem}" for problem in problems]
    seen = session.scalars(select(Retrieval).where(Retrieval.sha256 == digest, Retrieval.address == item.address).limit(1)).first()
    if seen is None:
        keep_raw(home, digest, item.payload.content)
        seen = Retrieval(
            source=source,
            address=item.address,
            retrieved_at=now,
            status=item.status,
            etag=item.etag,
            last_modified=item.last_modified,
            sha256=digest,
            size=len(item.payload.content),
            parser=item.parser,
            documents=len(item.parsed.documents),
            problems=problems[:50],
        )
        session.add(seen)
        session.flush()
    for document in item.parsed.documents:
        _take_document(session, document, source, seen.id, now, taken, known, model)
    taken.by_source[source] = taken.by_source.get(source, 0) + len(item.parsed.documents)
    record_health(session, source, item.parsed, now, succeeded=bool(item.parsed.documents))


def keep_raw(home: Path, digest: str, content: bytes) -> Path:
    """The raw payload under its hash, compressed; written once."""
    path = home / "regulation" / "raw" / digest[:2] / f"{digest}.gz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content, compresslevel=5, mtime=0))
    return path


def _take_document(
    session: Session,
    document: Document,
    source: str,
    retrieval: int,
    now: datetime,
    taken: Taken,
    known: dict[str, RegulatoryDocument],
    model: RelevanceModel,
) -> None:
    taken.documents += 1
    identifier = document.id[:200]
    row = known.get(identifier) or session.get(RegulatoryDocument, identifier)
    if row is None:
        row = _new_document(document, source, now, model)
        session.add(row)
        taken.new += 1
    else:
        _merge(row, document, source)
    known[identifier] = row
    text = document.text or document.abstract
    text_hash, folded = _hash(text), _hash(fold_text(text))
    versions = session.scalars(select(DocumentVersion).where(DocumentVersion.document_id == identifier).order_by(DocumentVersion.id)).all()
    is_known = any(v.folded_hash == folded or v.text_hash == text_hash for v in versions)
    # A shorter text of another channel (an abstract beside the full text) is no new version.
    if text and not is_known and (not versions or len(text) >= 0.8 * len(versions[-1].text)):
        session.add(
            DocumentVersion(
                document_id=identifier, retrieved_at=now, text_hash=text_hash, folded_hash=folded, text=text, retrieval_id=retrieval
            )
        )
        taken.changed += bool(versions)
    if document.dates:
        _replace_dates(session, identifier, document)


def _new_document(document: Document, source: str, now: datetime, model: RelevanceModel) -> RegulatoryDocument:
    found = judge(document.title, document.abstract or document.text, model)
    return RegulatoryDocument(
        id=document.id[:200],
        source=source,
        authority=document.authority,
        jurisdictions=list(document.jurisdictions),
        kind=document.kind,
        title=document.title or document.id,
        abstract=document.abstract,
        published=document.published,
        updated=document.updated,
        url=document.url,
        native_id=document.native_id,
        docket=list(document.docket),
        rin=document.rin[:20],
        celex=document.celex[:40],
        cfr_parts=list(document.cfr_parts),
        status=document.status,
        is_withdrawn=document.withdrawn,
        corrects=document.corrects,
        notes=list(document.notes),
        details=dict(document.extra),
        channels=[source],
        score=found.score,
        grade=found.grade,
        band=found.band,
        topics=list(found.topics),
        model=found.model,
        first_seen=now,
        fingerprint=f"{simhash(f'{document.title} {document.published} {document.authority}'):016x}",
    )


def _merge(row: RegulatoryDocument, document: Document, source: str) -> None:
    """A second channel fills what the first left out; it never empties a field. A trial record that changed keeps the change as a signal."""
    if row.kind == "trial_record":
        row.notes = [*row.notes, *_signals(row, document)]
        row.status, row.details = document.status or row.status, {**row.details, **document.extra}
    for name in ("authority", "abstract", "url", "rin", "celex", "corrects"):
        if not getattr(row, name) and getattr(document, name):
            setattr(row, name, getattr(document, name))
    row.published = row.published or document.published
    row.updated = max((day for day in (row.updated, document.updated) if day), default=None)
    row.is_withdrawn = row.is_withdrawn or document.withdrawn
    row.docket = sorted({*row.docket, *document.docket})
    row.notes = list(dict.fromkeys([*row.notes, *document.notes]))
    row.channels = list(dict.fromkeys([*row.channels, source]))
    if row.kind == "notice" and document.kind != "notice":
        row.kind = document.kind


def _signals(row: RegulatoryDocument, document: Document) -> list[str]:
    """What a newer record of a trial says differently: a signal about a competitor."""
    before, after = {**row.details, "status": row.status}, {**document.extra, "status": document.status}
    when = document.updated.isoformat() if document.updated else "undated"
    return [
        f"{when}: {name.replace('_', ' ')} from {before[name]} to {after[name]}"
        for name in sorted(after)
        if before.get(name) and after[name] and before[name] != after[name]
    ]


def _replace_dates(session: Session, identifier: str, document: Document) -> None:
    session.flush()
    existing = session.scalars(select(StatedDate).where(StatedDate.document_id == identifier)).all()
    if {(d.kind, d.day, d.basis) for d in existing} == {(f.kind, f.date, f.basis) for f in document.dates}:
        return
    kept = {(f.kind, f.date) for f in document.dates}
    # Another channel's structured field stays unless this payload states the same day: both are shown if they differ.
    session.execute(delete(StatedDate).where(StatedDate.document_id == identifier, StatedDate.basis != "field"))
    fields = {(d.kind, d.day) for d in existing if d.basis == "field"}
    for fact in document.dates:
        if (fact.kind, fact.date) in fields and (fact.kind, fact.date) in kept:
            continue
        session.add(
            StatedDate(
                document_id=identifier,
                kind=fact.kind,
                day=fact.date,
                until=fact.until,
                phrase=fact.phrase,
                start=fact.span.start,
                stop=fact.span.end,
                certainty=fact.certainty,
                basis=fact.basis,
                expression=fact.expression,
                computed=fact.computed,
                formula=fact.formula,
            )
        )


def record_health(session: Session, source: str, parsed: Parsed, now: datetime, succeeded: bool, note: str = "") -> None:
    """The health row of a source after one attempt: well, drifted (fields missing or unknown), silent (nothing came) or failed."""
    row = session.get(SourceHealth, source)
    if row is None:
        row = SourceHealth(source=source, documents=0, problems=[], state="never", note="")
        session.add(row)
    row.last_attempt = now
    problems = [f"{p.field}: {p.record}: {p.what}" for p in parsed.problems]
    if succeeded:
        row.last_success = now
        row.documents = (row.documents or 0) + len(parsed.documents)
        newest = max((day for d in parsed.documents if (day := d.updated or d.published)), default=None)
        row.newest = max((day for day in (row.newest, newest) if day), default=None)
        row.state = "drifted" if len(problems) > 0.05 * max(1, len(parsed.documents)) else "well"
    else:
        row.state = "failed" if problems else "silent"
    row.problems = problems[:20]
    row.note = note or (problems[0] if problems else "")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def mark_lag(record: Record, now: datetime) -> list[tuple[str, str]]:
    """Sources that have been silent longer than their cadence allows: (source, words). Their health rows are set to silent."""
    late = []
    with record.transaction() as session:
        for row in session.scalars(select(SourceHealth)).all():
            source = load_sources().get(row.source)
            if source is None or row.last_success is None:
                continue
            limit = timedelta(days=source.alarm_days)
            if now - row.last_success > limit and row.state in ("well", "drifted"):
                row.state, row.note = (
                    "silent",
                    f"no success for {(now - row.last_success.astimezone(UTC)).days} days; {source.alarm_days} are allowed",
                )
                late.append((row.source, row.note))
    return late


def get_source(name: str) -> Source:
    """A source by its id. Raises NotFound."""
    sources = load_sources()
    if name not in sources:
        raise NotFound("There is no such source", thing=name, allowed=sorted(sources))
    return sources[name]
