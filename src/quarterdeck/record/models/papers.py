"""Papers and their states, reviews and signatures; the calls of language models; the register of systems that learn or generate."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from quarterdeck.record.models.base import Base


class PaperRecord(Base):
    """One paper and where it stands. Its text lies in the store of papers; `content_hash` is what a signature covers."""

    __tablename__ = "paper"
    __table_args__ = (CheckConstraint("(issued_at IS NULL) = (issued_by IS NULL)", name="issued_by_someone"),)

    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    template: Mapped[str] = mapped_column(String(60), index=True)
    about: Mapped[str] = mapped_column(String(200), default="portfolio")
    title: Mapped[str]
    snapshot: Mapped[str] = mapped_column(String(64), index=True)
    data_cut: Mapped[date]
    state: Mapped[str] = mapped_column(String(20), index=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    made_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]
    points: Mapped[list] = mapped_column(JSON)  # type: ignore[type-arg]
    issued_by: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    issued_at: Mapped[datetime | None]


class PaperReview(Base):
    """A remark on a paragraph, or what was decided about it. Never edited: a later one follows."""

    __tablename__ = "paper_review"

    id: Mapped[int] = mapped_column(primary_key=True)
    paper_id: Mapped[str] = mapped_column(ForeignKey("paper.id"), index=True)
    paragraph: Mapped[str] = mapped_column(String(160))  # section and position, as the editor shows it
    verdict: Mapped[str] = mapped_column(String(12))  # comment | accept | edit | reject
    text: Mapped[str] = mapped_column(default="")
    remark: Mapped[str] = mapped_column(default="")
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    reviewed_at: Mapped[datetime]


class PaperSignature(Base):
    """An electronic signature: printed name, time, meaning, and the hash of what was signed."""

    __tablename__ = "paper_signature"

    id: Mapped[int] = mapped_column(primary_key=True)
    paper_id: Mapped[str] = mapped_column(ForeignKey("paper.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    printed_name: Mapped[str]
    meaning: Mapped[str]
    content_hash: Mapped[str] = mapped_column(String(64))
    signed_at: Mapped[datetime]


class ModelCall(Base):
    """One call of a language model: what for, with which prompt and model, at what cost, and what came of it."""

    __tablename__ = "model_call"

    id: Mapped[int] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(String(60), index=True)
    prompt_version: Mapped[str] = mapped_column(String(80))
    model: Mapped[str] = mapped_column(String(120))
    outcome: Mapped[str] = mapped_column(String(20))  # used | refused | blocked | failed | over_budget
    reason: Mapped[str] = mapped_column(default="")
    redactions: Mapped[int] = mapped_column(default=0)
    tokens_in: Mapped[int] = mapped_column(default=0)
    tokens_out: Mapped[int] = mapped_column(default=0)
    cost: Mapped[float] = mapped_column(default=0.0)  # US dollars
    request_hash: Mapped[str] = mapped_column(String(64), default="")
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    called_at: Mapped[datetime]


class AiSystem(Base):
    """A system that learns or generates, as entered by hand. Never edited: a later entry of the same name supersedes it."""

    __tablename__ = "ai_system"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), index=True)
    purpose: Mapped[str]
    owner: Mapped[str]
    version: Mapped[str] = mapped_column(String(60), default="")
    data: Mapped[str] = mapped_column(default="")
    validation: Mapped[str] = mapped_column(default="")
    limits: Mapped[str] = mapped_column(default="")
    risk_class: Mapped[str] = mapped_column(String(20))
    oversight: Mapped[str]
    bias_checks: Mapped[str] = mapped_column(default="")
    review_date: Mapped[date | None]
    entered_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    entered_at: Mapped[datetime]
