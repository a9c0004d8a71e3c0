"""Sources and their health, retrievals, documents with versions and dates, triage, assessments, actions and answers about trials."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from quarterdeck.record.models.base import Base


class SourceHealth(Base):
    """How a source stands: last success, what it gave, how far behind it is, and what drifted."""

    __tablename__ = "regulation_source_health"

    source: Mapped[str] = mapped_column(String(80), primary_key=True)
    last_attempt: Mapped[datetime | None]
    last_success: Mapped[datetime | None]
    newest: Mapped[date | None] = mapped_column(Date)
    documents: Mapped[int] = mapped_column(default=0)
    problems: Mapped[list] = mapped_column(JSON)  # type: ignore[type-arg]
    state: Mapped[str] = mapped_column(String(20), default="never")  # never, well, drifted, silent, failed
    note: Mapped[str] = mapped_column(default="")


class Retrieval(Base):
    """One payload as it came; the bytes lie in the folder of raw payloads under their hash."""

    __tablename__ = "regulation_retrieval"

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(80), index=True)
    address: Mapped[str]
    retrieved_at: Mapped[datetime]
    status: Mapped[int] = mapped_column(default=0)
    etag: Mapped[str] = mapped_column(default="")
    last_modified: Mapped[str] = mapped_column(default="")
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(default=0)
    parser: Mapped[str] = mapped_column(String(40), default="")
    documents: Mapped[int] = mapped_column(default=0)
    problems: Mapped[list] = mapped_column(JSON)  # type: ignore[type-arg]


class RegulatoryDocument(Base):
    """One publication, whatever channels brought it, with how far it concerns trials."""

    __tablename__ = "regulation_document"

    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    source: Mapped[str] = mapped_column(String(80), index=True)
    authority: Mapped[str] = mapped_column(default="")
    jurisdictions: Mapped[list] = mapped_column(JSON)  # type: ignore[type-arg]
    kind: Mapped[str] = mapped_column(String(20), index=True)
    title: Mapped[str]
    abstract: Mapped[str] = mapped_column(default="")
    published: Mapped[date | None] = mapped_column(Date, index=True)
    updated: Mapped[date | None] = mapped_column(Date)
    url: Mapped[str] = mapped_column(default="")
    native_id: Mapped[str] = mapped_column(default="")
    docket: Mapped[list] = mapped_column(JSON)  # type: ignore[type-arg]
    rin: Mapped[str] = mapped_column(String(20), default="", index=True)
    celex: Mapped[str] = mapped_column(String(40), default="")
    cfr_parts: Mapped[list] = mapped_column(JSON)  # type: ignore[type-arg]
    status: Mapped[str] = mapped_column(default="")
    is_withdrawn: Mapped[bool] = mapped_column(default=False)
    corrects: Mapped[str] = mapped_column(default="")
    notes: Mapped[list] = mapped_column(JSON)  # type: ignore[type-arg]
    details: Mapped[dict] = mapped_column(JSON)  # type: ignore[type-arg]
    channels: Mapped[list] = mapped_column(JSON)  # type: ignore[type-arg]
    score: Mapped[float] = mapped_column(default=0.0)
    grade: Mapped[int] = mapped_column(default=0, index=True)
    band: Mapped[str] = mapped_column(String(10), default="out", index=True)
    topics: Mapped[list] = mapped_column(JSON)  # type: ignore[type-arg]
    model: Mapped[str] = mapped_column(default="")
    first_seen: Mapped[datetime]
    fingerprint: Mapped[str] = mapped_column(String(16), default="")


class DocumentVersion(Base):
    """A text of a document. A new one is kept only where the folded text differs."""

    __tablename__ = "regulation_version"
    __table_args__ = (UniqueConstraint("document_id", "text_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("regulation_document.id"), index=True)
    retrieved_at: Mapped[datetime]
    text_hash: Mapped[str] = mapped_column(String(64))
    folded_hash: Mapped[str] = mapped_column(String(64), index=True)
    text: Mapped[str]
    retrieval_id: Mapped[int | None] = mapped_column(ForeignKey("regulation_retrieval.id"))


class StatedDate(Base):
    """A typed date with phrase and place, as a version states it."""

    __tablename__ = "regulation_date"

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("regulation_document.id"), index=True)
    kind: Mapped[str] = mapped_column(String(30), index=True)
    day: Mapped[date | None] = mapped_column(Date, index=True)
    until: Mapped[date | None] = mapped_column(Date)
    phrase: Mapped[str]
    start: Mapped[int]
    stop: Mapped[int]
    certainty: Mapped[str] = mapped_column(String(1))
    basis: Mapped[str] = mapped_column(String(12))
    expression: Mapped[str] = mapped_column(default="")
    computed: Mapped[date | None] = mapped_column(Date)
    formula: Mapped[str] = mapped_column(default="")


class TriageLabel(Base):
    """What a person said of a document in the inbox; it outranks the model and teaches the next one."""

    __tablename__ = "regulation_triage"

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("regulation_document.id"), index=True)
    grade: Mapped[int]
    change_id: Mapped[str] = mapped_column(String(80), default="")
    reason: Mapped[str] = mapped_column(default="")
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    labelled_at: Mapped[datetime]


class Assessment(Base):
    """The assessment of a change for one trial, or (with an empty trial) for the organisation."""

    __tablename__ = "regulation_assessment"
    __table_args__ = (
        UniqueConstraint("change_id", "trial"),
        CheckConstraint("(signed_by IS NULL) = (signed_at IS NULL)", name="signature"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    change_id: Mapped[str] = mapped_column(String(80), index=True)
    trial: Mapped[str] = mapped_column(String(120), default="")
    state: Mapped[str] = mapped_column(String(20), default="triage")
    verdict: Mapped[str] = mapped_column(String(20), default="")
    rule: Mapped[str] = mapped_column(String(100), default="")
    facts: Mapped[list] = mapped_column(JSON)  # type: ignore[type-arg]
    snapshot: Mapped[str] = mapped_column(String(64), default="")
    owner: Mapped[str] = mapped_column(String(120), default="")
    due: Mapped[date | None] = mapped_column(Date)
    decision: Mapped[str] = mapped_column(default="")
    decision_id: Mapped[str | None] = mapped_column(ForeignKey("decision.id"))
    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    signed_by: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    signed_at: Mapped[datetime | None]


class AcceptedAction(Base):
    """An action of the library, accepted or rejected for an assessment, with owner and day."""

    __tablename__ = "regulation_action"
    __table_args__ = (UniqueConstraint("change_id", "template", "trial"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    change_id: Mapped[str] = mapped_column(String(80), index=True)
    template: Mapped[str] = mapped_column(String(80))
    trial: Mapped[str] = mapped_column(String(120), default="")
    state: Mapped[str] = mapped_column(String(12))  # accepted, rejected, done
    owner: Mapped[str] = mapped_column(String(120), default="")
    due: Mapped[date | None] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(default="")
    decision_id: Mapped[str | None] = mapped_column(ForeignKey("decision.id"))
    changed_at: Mapped[datetime]


class TrialAnswer(Base):
    """An answer to a question that a rule asked about a trial ("*": all trials). The newest counts."""

    __tablename__ = "regulation_trial_answer"

    id: Mapped[int] = mapped_column(primary_key=True)
    trial: Mapped[str] = mapped_column(String(120), index=True)
    attribute: Mapped[str] = mapped_column(String(60))
    value: Mapped[str]
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    answered_at: Mapped[datetime]
