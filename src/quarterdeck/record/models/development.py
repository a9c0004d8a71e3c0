"""Tables of development: role models, answers, plans, conversations, evidence. Content belongs to the learner and may be deleted; the audit chain holds hashes."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, Date, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from quarterdeck.record.models.base import Base


class RoleModelRow(Base):
    """A role model imported from a document, confirmed by a named person."""

    __tablename__ = "development_role"

    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    role: Mapped[str]
    content: Mapped[dict] = mapped_column(JSON)  # type: ignore[type-arg]
    confirmed_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    confirmed_at: Mapped[datetime]


class LearnerProfile(Base):
    """What one person chose: role, free hours, accommodations, sharing. Never shown to a manager unless the person shares it."""

    __tablename__ = "development_profile"

    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    role_id: Mapped[str] = mapped_column(String(60))
    content: Mapped[dict] = mapped_column(JSON)  # type: ignore[type-arg]
    changed_at: Mapped[datetime]


class AssessmentAnswer(Base):
    """One answer of an assessment, or a contest of a cell."""

    __tablename__ = "development_answer"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    item_id: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(20))  # self | check | interview | evidence | contest
    competency: Mapped[str] = mapped_column(String(40))
    content: Mapped[dict] = mapped_column(JSON)  # type: ignore[type-arg]
    answered_at: Mapped[datetime]


class PlanRow(Base):
    """A development plan; `sequence` rises with each re-plan."""

    __tablename__ = "development_plan"

    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    sequence: Mapped[int]
    content: Mapped[dict] = mapped_column(JSON)  # type: ignore[type-arg]
    made_at: Mapped[datetime]


class ReviewCard(Base):
    """An element to be met again, scheduled by spaced repetition."""

    __tablename__ = "development_card"

    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    content: Mapped[dict] = mapped_column(JSON)  # type: ignore[type-arg]
    due_at: Mapped[datetime]


class ConversationRow(Base):
    """A practice conversation: its state, so that it resumes exactly, and its log."""

    __tablename__ = "development_conversation"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    scenario_id: Mapped[str] = mapped_column(String(80))
    scenario: Mapped[dict] = mapped_column(JSON)  # type: ignore[type-arg]
    state: Mapped[dict] = mapped_column(JSON)  # type: ignore[type-arg]
    status: Mapped[str] = mapped_column(String(12))  # running | paused | ended | left
    started_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class EvidenceItem(Base):
    """A piece of evidence with what it shows; `authentic_by` names the audit event or witness that makes it authentic."""

    __tablename__ = "development_evidence"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    title: Mapped[str]
    happened_on: Mapped[date] = mapped_column(Date)
    content: Mapped[dict] = mapped_column(JSON)  # type: ignore[type-arg]
    sha256: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[datetime]


class SignOff(Base):
    """A named witness confirms an item, or a named assessor decides on a competency. Append-only in use; deleted only with the learner's store."""

    __tablename__ = "development_sign_off"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))  # witness | assessor
    subject: Mapped[str] = mapped_column(String(80), index=True)  # an evidence id, or a competency
    signed_by: Mapped[str]
    decision: Mapped[str] = mapped_column(String(20))  # confirmed | declined | competent | not_yet
    remark: Mapped[str] = mapped_column(default="")
    signed_on: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[datetime]
