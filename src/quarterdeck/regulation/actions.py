"""The only writes of this room: taking in documents, triage, answers, assessments, actions and signatures, each with its audit event."""

from __future__ import annotations

import gzip
import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from quarterdeck.methods.text_matching import fold_text, simhash
from quarterdeck.record.audit import Act, append_act, write
from quarterdeck.record.database import Record
from quarterdeck.record.models.base import Decision
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
from quarterdeck.record.permissions import Actor
from quarterdeck.regulation.applicability import load_attributes
from quarterdeck.regulation.implications import Proposal
from quarterdeck.regulation.knowledge import get_change, load_actions
from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers.common import Parsed, Payload
from quarterdeck.regulation.relevance import RelevanceModel, get_model, judge, learn_from, load_model, write_model
from quarterdeck.regulation.sources import Source, guess_source, load_sources
from quarterdeck.regulation.states import get_step
from quarterdeck.regulation.trials import read_value
from quarterdeck.vocabulary.errors import BadInput, NotFound, NotPermitted


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


def label_document(record: Record, actor: Actor, document_id: str, grade: int, reason: str, now: datetime, change_id: str = "") -> None:
    """A person's grade of a document; it outranks the model from now on. Raises NotFound, BadInput."""
    if grade not in (0, 1, 2):
        raise BadInput("A grade is 0, 1 or 2", thing=str(grade), allowed="0 not about trials, 1 some trials, 2 the whole portfolio")
    if change_id:
        get_change(change_id)
    act = Act("regulation.triage", "document", document_id, reason, detail={"grade": grade, "change": change_id})
    with write(record, actor, act, now) as session:
        row = session.get(RegulatoryDocument, document_id)
        if row is None:
            raise NotFound("There is no such document", thing=document_id, next_step="Import it first: quarterdeck regulation import PATH.")
        row.grade, row.band = grade, "in" if grade else "out"
        session.add(
            TriageLabel(document_id=document_id, grade=grade, change_id=change_id, reason=reason, person_id=actor.id, labelled_at=now)
        )


def learn(record: Record, home: Path, actor: Actor, now: datetime) -> tuple[int, int]:
    """Learns from every grade that people gave, and judges again what nobody has graded. Returns (labels, documents whose band moved)."""
    with write(record, actor, Act("regulation.import", "regulation", "relevance model"), now) as session:
        newest = {label.document_id: label.grade for label in session.scalars(select(TriageLabel).order_by(TriageLabel.id)).all()}
        rows = {row.id: row for row in session.scalars(select(RegulatoryDocument)).all()}
        texts = _texts(session)
        labelled = [(rows[name].title, rows[name].abstract or texts.get(name, ""), grade) for name, grade in newest.items() if name in rows]
        model = learn_from(load_model(), labelled)
        write_model(model, home)
        moved = 0
        for name, row in rows.items():
            if name not in newest:
                found = judge(row.title, row.abstract or texts.get(name, ""), model)
                moved += found.band != row.band
                row.score, row.grade, row.band, row.model = found.score, found.grade, found.band, found.model
        append_act(
            session, actor, Act("regulation.import", "regulation", "relevance model", detail={"labels": len(labelled), "moved": moved}), now
        )
    return len(labelled), moved


def _texts(session: Session) -> dict[str, str]:
    versions = session.execute(select(DocumentVersion.document_id, DocumentVersion.text).order_by(DocumentVersion.id)).all()
    return {name: text[:8000] for name, text in versions}


def answer_question(record: Record, actor: Actor, trial: str, attribute: str, value: str, now: datetime) -> None:
    """An answer about a trial, or about all ("*"). Raises NotFound for an unknown attribute, BadInput for a value that cannot be read."""
    attributes = load_attributes()
    if attribute not in attributes:
        raise NotFound("There is no such question", thing=attribute, allowed=sorted(attributes))
    read_value(attributes[attribute], value, f"{trial}, {attribute}")
    with write(record, actor, Act("regulation.answer", "trial", trial, detail={"attribute": attribute, "value": value}), now) as session:
        session.add(TrialAnswer(trial=trial, attribute=attribute, value=value, person_id=actor.id, answered_at=now))


def open_assessment(
    record: Record,
    actor: Actor,
    change_id: str,
    trial: str,
    verdict: str,
    rule: str,
    facts: Sequence[str],
    snapshot: str,
    owner: str,
    due: date | None,
    now: datetime,
) -> str:
    """A new assessment in triage, or the one that is there. Returns its id."""
    get_change(change_id)
    with write(
        record, actor, Act("regulation.assess", "assessment", f"{change_id}/{trial}", detail={"owner": owner, "due": due}), now
    ) as session:
        row = _find_assessment(session, change_id, trial)
        if row is None:
            row = Assessment(
                id=secrets.token_hex(8),
                change_id=change_id,
                trial=trial,
                state="triage",
                opened_at=now,
                changed_at=now,
                facts=list(facts),
                verdict=verdict,
                rule=rule,
                snapshot=snapshot,
            )
            session.add(row)
        row.owner, row.due, row.changed_at = owner or row.owner or actor.name, due or row.due or now.date() + timedelta(days=30), now
        return row.id


def move_assessment(record: Record, actor: Actor, assessment_id: str, step_name: str, reason: str, now: datetime) -> str:
    """The next state. Steps that decide are signed: the actor's name and the instant are kept and a decision is recorded.

    Raises NotFound, NotPermitted (the step is not open, or actions are), BadInput (a decision without a reason).
    """
    with record.session() as session:
        row = session.get(Assessment, assessment_id)
        if row is None:
            raise NotFound("There is no such assessment", thing=assessment_id)
        step, change_id, trial = get_step(row.state, step_name), row.change_id, row.trial
    if step.is_signed and not reason.strip():
        raise BadInput("A decision needs its reason", thing=step.words, next_step="Say in one sentence why.")
    with write(
        record, actor, Act(step.permission, "assessment", f"{change_id}/{trial}", reason, detail={"step": step.name, "to": step.after}), now
    ) as session:
        row = session.get(Assessment, assessment_id)
        assert row is not None
        step = get_step(row.state, step_name)  # another person may have moved it since
        if step.name == "close" and (still_open := _open_actions(session, change_id, trial)):
            raise NotPermitted(
                "Actions are still open", thing=", ".join(still_open), next_step="Mark them done, or reject them with a reason."
            )
        row.state, row.changed_at = step.after, now
        if step.is_signed:
            row.decision, row.signed_by, row.signed_at = f"{step.words}: {reason}", actor.id, now
            row.decision_id = _decide(
                session,
                actor,
                "assessment",
                f"{change_id}/{trial}",
                f"What follows from {get_change(change_id).title}{f' for {trial}' if trial else ''}?",
                step.words,
                reason,
                row.snapshot,
                now,
            )
        return row.state


def decide_action(
    record: Record, actor: Actor, proposal: Proposal, change_id: str, state: str, reason: str, snapshot: str, now: datetime, owner: str = ""
) -> None:
    """Accepts, rejects or completes an action. Accepting and rejecting are decisions on record; the same decision twice is one.

    Raises BadInput (an unknown state; a rejection without a reason).
    """
    if state not in ("accepted", "rejected", "done"):
        raise BadInput("An action is accepted, rejected or done", thing=state)
    if state == "rejected" and not reason.strip():
        raise BadInput("A rejection needs its reason", thing=proposal.template.title)
    change = get_change(change_id)
    subject = f"{change_id}/{proposal.key}"
    with write(
        record, actor, Act("regulation.decide", "regulation_action", subject, reason, detail={"state": state, "due": proposal.due}), now
    ) as session:
        row = session.scalars(
            select(AcceptedAction).where(
                AcceptedAction.change_id == change_id,
                AcceptedAction.template == proposal.template.id,
                AcceptedAction.trial == proposal.trial,
            )
        ).first()
        if row is None:
            row = AcceptedAction(change_id=change_id, template=proposal.template.id, trial=proposal.trial, state="", changed_at=now)
            session.add(row)
        if row.state == state:
            return
        row.state, row.reason, row.changed_at = state, reason, now
        row.owner, row.due = owner or row.owner or proposal.template.owner_role, row.due or proposal.due
        question = f"{proposal.template.title}{f' for {proposal.trial}' if proposal.trial else ''}, because of {change.title}?"
        if state != "done":
            row.decision_id = _decide(
                session, actor, "regulation_action", subject, question, state, reason or change.implications[0], snapshot, now
            )
        append_act(session, actor, Act("decision.record", "decision", subject, reason), now)


def _decide(
    session: Session, actor: Actor, kind: str, subject: str, question: str, outcome: str, reason: str, snapshot: str, now: datetime
) -> str:
    before = session.scalars(
        select(Decision).where(Decision.subject_type == kind, Decision.subject_id == subject).order_by(Decision.decided_at.desc()).limit(1)
    ).first()
    decision = Decision(
        id=secrets.token_hex(8),
        subject_type=kind,
        subject_id=subject,
        question=question,
        outcome=outcome,
        reason=reason,
        snapshot=snapshot,
        evidence=[],
        decided_by=actor.id,
        decided_at=now,
        supersedes=before.id if before else None,
    )
    session.add(decision)
    session.flush()
    return decision.id


def _find_assessment(session: Session, change_id: str, trial: str) -> Assessment | None:
    return session.scalars(select(Assessment).where(Assessment.change_id == change_id, Assessment.trial == trial)).first()


def _open_actions(session: Session, change_id: str, trial: str) -> list[str]:
    rows = session.scalars(
        select(AcceptedAction).where(
            AcceptedAction.change_id == change_id, AcceptedAction.trial == trial, AcceptedAction.state == "accepted"
        )
    ).all()
    return [load_actions()[row.template].title for row in rows if row.template in load_actions()]


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
