"""The declarative base, shared column types, and the tables every room uses: people, the audit chain, decisions."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import JSON, DateTime, ForeignKey, MetaData, String, Text, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Instant(TypeDecorator[datetime]):
    """A UTC instant. Stored without zone so that SQLite and PostgreSQL hold the same; always read back as UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone; use datetime.now(UTC)")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Base of all models."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: Instant, dict: JSON, list: JSON, str: Text}


class Person(Base):
    """Someone who acts: a named person, or a machine that may never accept or sign anything."""

    __tablename__ = "person"

    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(String(10), default="person")  # person | machine
    created_at: Mapped[datetime]


class Grant(Base):
    """A role given to a person, for the whole portfolio or for one programme or trial."""

    __tablename__ = "role_grant"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    scope_level: Mapped[str] = mapped_column(String(20), default="portfolio")  # portfolio | programme | study
    scope_key: Mapped[str] = mapped_column(String(120), default="")


class AuditEvent(Base):
    """One link of the chain. Triggers refuse UPDATE and DELETE; `hash` covers the row and `previous`."""

    __tablename__ = "audit_event"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    happened_at: Mapped[datetime]
    actor_id: Mapped[str] = mapped_column(String(120))
    action: Mapped[str] = mapped_column(String(120), index=True)
    subject_type: Mapped[str] = mapped_column(String(60), index=True)
    subject_id: Mapped[str] = mapped_column(String(200), index=True)
    reason: Mapped[str] = mapped_column(default="")
    detail: Mapped[dict] = mapped_column(JSON)  # type: ignore[type-arg]
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class Decision(Base):
    """What was decided, on which facts, and why. Never edited: a later decision supersedes it."""

    __tablename__ = "decision"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject_type: Mapped[str] = mapped_column(String(60), index=True)
    subject_id: Mapped[str] = mapped_column(String(200), index=True)
    question: Mapped[str]
    outcome: Mapped[str]
    reason: Mapped[str]
    snapshot: Mapped[str] = mapped_column(String(64), default="")
    evidence: Mapped[list] = mapped_column(JSON)  # type: ignore[type-arg]
    decided_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime]
    supersedes: Mapped[str | None] = mapped_column(ForeignKey("decision.id"))


class Acknowledgement(Base):
    """That a person has seen a thing (a finding, a paper, a change), on which snapshot, with what remark."""

    __tablename__ = "acknowledgement"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    subject_type: Mapped[str] = mapped_column(String(60))
    subject_id: Mapped[str] = mapped_column(String(200), index=True)
    remark: Mapped[str] = mapped_column(default="")
    snapshot: Mapped[str] = mapped_column(String(64), default="")
    acknowledged_at: Mapped[datetime]


class TableChange(Base):
    """How often the rows of a table changed. Triggers count, so that no writer can forget to."""

    __tablename__ = "table_change"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    changes: Mapped[int] = mapped_column(default=0)


# Rows that say how work or a session goes. No kept page shows them (those that do are never kept), so their changes are not counted.
UNCOUNTED = frozenset({"job", "web_session", "login_attempt", "web_secret", "table_change"})
