"""Accounts, sessions, preferences, saved views, visits and jobs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from quarterdeck.record.models.base import Base


class Account(Base):
    """How a person signs in: an argon2 hash, or a subject of the organisation's single sign-on. Never both empty."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint("password_hash <> '' OR sso_subject IS NOT NULL", name="has_a_way_in"),)

    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    password_hash: Mapped[str] = mapped_column(default="")
    sso_subject: Mapped[str | None] = mapped_column(String(255), unique=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class WebSession(Base):
    """One signed-in browser. Only the hash of its token is kept, so the table alone lets nobody in; deleting the row ends it at once."""

    __tablename__ = "web_session"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class LoginAttempt(Base):
    """A failed sign-in, kept for as long as the limit looks back."""

    __tablename__ = "login_attempt"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), index=True)
    address: Mapped[str] = mapped_column(String(60), index=True)
    attempted_at: Mapped[datetime]


class Preference(Base):
    """How one person likes to read. Private: it is in no export, no audit event and on no other person's page."""

    __tablename__ = "preference"

    person_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(String(40))


class SavedView(Base):
    """A page with its filters under a name, for one person."""

    __tablename__ = "saved_view"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(String(120), index=True)
    page: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(120))
    query: Mapped[str]


class Visit(Base):
    """The snapshot a person looked at, by day of visit: what "since your last visit" means."""

    __tablename__ = "visit"

    person_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    visited_on: Mapped[str] = mapped_column(String(10), primary_key=True)
    snapshot: Mapped[str] = mapped_column(String(64))


class Job(Base):
    """Long work as a row: what to do, how far it is, and a lease. A worker that dies loses its lease and another resumes."""

    __tablename__ = "job"
    __table_args__ = (CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name="state"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    arguments: Mapped[dict] = mapped_column(JSON)  # type: ignore[type-arg]
    person_id: Mapped[str] = mapped_column(String(120), index=True)
    state: Mapped[str] = mapped_column(String(12), default="waiting", index=True)
    done: Mapped[float] = mapped_column(default=0.0)
    total: Mapped[float] = mapped_column(default=0.0)
    note: Mapped[str] = mapped_column(default="")
    is_cancel_wanted: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str] = mapped_column(String(64), default="")
    lease_until: Mapped[datetime | None]
    result: Mapped[dict] = mapped_column(JSON)  # type: ignore[type-arg]
    error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class WebSecret(Base):
    """The key that signs form tokens. One row."""

    __tablename__ = "web_secret"

    id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary(32))
