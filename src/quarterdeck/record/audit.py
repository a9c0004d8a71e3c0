"""No write without audit: permission, transaction and a link of the chain in one place.

The chain: each event's hash covers its own content and the hash before it, so `verify_chain` names the first broken link.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from quarterdeck.record.database import Record
from quarterdeck.record.models.base import AuditEvent, Person
from quarterdeck.record.permissions import Actor, check_permission
from quarterdeck.vocabulary.errors import IntegrityBroken
from quarterdeck.vocabulary.reading import Scope

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Act:
    """What is being done: the action (as permissions name it), to which thing, why, and the values that changed."""

    action: str
    subject_type: str
    subject_id: str
    reason: str = ""
    scope: Scope = Scope()
    detail: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def write(record: Record, actor: Actor, act: Act, now: datetime | None = None) -> Iterator[Session]:
    """A transaction that may write, once permission is given, and that leaves one audit event or nothing at all.

    Raises NotPermitted before anything is written.
    """
    check_permission(actor, act.action, act.scope)
    with record.transaction() as session:
        _lock_chain(session)
        _ensure_person(session, actor, now or datetime.now(UTC))
        yield session
        session.flush()
        _append(session, actor, act, now or datetime.now(UTC))


def append_act(session: Session, actor: Actor, act: Act, now: datetime | None = None) -> None:
    """A further event in a transaction that `write` opened, for one deed that touches several things. Permission is checked again."""
    check_permission(actor, act.action, act.scope)
    _append(session, actor, act, now or datetime.now(UTC))


def verify_chain(record: Record) -> int:
    """The number of events, all of which hold. Raises IntegrityBroken that names the first broken link."""
    previous, count = GENESIS, 0
    with record.session() as session:
        for event in session.scalars(select(AuditEvent).order_by(AuditEvent.seq)):
            count += 1
            if event.seq != count:
                raise IntegrityBroken("A link of the audit chain is missing", thing=f"event {count}")
            if event.previous != previous or event.hash != _hash(event):
                raise IntegrityBroken("The audit chain is broken", thing=f"event {event.seq}: {event.action} {event.subject_id}")
            previous = event.hash
    return count


def _append(session: Session, actor: Actor, act: Act, now: datetime) -> None:
    last = session.scalars(select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(1)).first()
    event = AuditEvent(
        seq=last.seq + 1 if last else 1,
        happened_at=now,
        actor_id=actor.id,
        action=act.action,
        subject_type=act.subject_type,
        subject_id=act.subject_id,
        reason=act.reason,
        detail=json.loads(json.dumps(dict(act.detail), default=str)),
        previous=last.hash if last else GENESIS,
        hash="",
    )
    event.hash = _hash(event)
    session.add(event)
    session.flush()


def _hash(event: AuditEvent) -> str:
    content = [
        event.seq,
        event.happened_at.astimezone(UTC).isoformat(),
        event.actor_id,
        event.action,
        event.subject_type,
        event.subject_id,
        event.reason,
        event.detail,
        event.previous,
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _lock_chain(session: Session) -> None:
    # Two writers must not both follow the same link. SQLite takes the write lock now; PostgreSQL takes one advisory lock.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(74011)"))
    else:
        session.connection().exec_driver_sql("BEGIN IMMEDIATE")


def _ensure_person(session: Session, actor: Actor, now: datetime) -> None:
    if session.get(Person, actor.id) is None:
        session.add(Person(id=actor.id, name=actor.name, kind="machine" if actor.is_machine else "person", created_at=now))
        session.flush()
