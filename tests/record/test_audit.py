"""The record: nothing is written without permission and a link of the chain, on SQLite and on PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import DBAPIError

from quarterdeck.record.audit import Act, verify_chain, write
from quarterdeck.record.database import Record, migrate, open_record_at
from quarterdeck.record.models.base import AuditEvent, Base, Decision
from quarterdeck.record.permissions import MACHINE, SINGLE_USER, Actor, GrantedRole, is_permitted, load_permissions
from quarterdeck.vocabulary.errors import IntegrityBroken, NotPermitted
from quarterdeck.vocabulary.reading import Scope

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgres"])
def record(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Record]:
    url = f"sqlite:///{tmp_path}/record.sqlite" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    if request.param == "postgres":
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        engine.dispose()
    opened = open_record_at(url)
    yield opened
    opened.close()


def decide(record: Record, name: str, actor: Actor = SINGLE_USER) -> None:
    with write(record, actor, Act("decision.record", "finding", name, reason="it is late", detail={"days": 3}), NOW) as session:
        session.add(
            Decision(
                id=name, subject_type="finding", subject_id=name, question="Rescue?", outcome="yes", reason="it is late",
                evidence=[], decided_by=actor.id, decided_at=NOW,
            )
        )  # fmt: skip


def test_every_write_leaves_one_link_and_the_chain_holds(record: Record) -> None:
    for name in ("a", "b", "c"):
        decide(record, name)
    assert verify_chain(record) == 3


def test_the_version_changes_with_every_commit_and_not_with_reading(record: Record) -> None:
    before = record.version()
    with record.session() as session:
        session.scalars(select(Decision)).all()
    assert record.version() == before
    decide(record, "a")
    after = record.version()
    assert after != before
    assert record.version() == after


def test_a_failed_write_leaves_neither_row_nor_link(record: Record) -> None:
    def fail_halfway() -> None:
        with write(record, SINGLE_USER, Act("decision.record", "finding", "x"), NOW) as session:
            session.execute(text("SELECT 1"))
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail_halfway()
    assert verify_chain(record) == 0


@pytest.mark.parametrize("statement", ["UPDATE audit_event SET reason = 'other'", "DELETE FROM audit_event", "DELETE FROM decision"])
def test_the_database_itself_refuses_to_change_history(record: Record, statement: str) -> None:
    decide(record, "a")
    with pytest.raises(DBAPIError, match="append-only"), record.transaction() as session:
        session.execute(text(statement))


def test_a_machine_never_decides_even_with_a_role_that_may(record: Record) -> None:
    machine = Actor("robot", "Robot", (GrantedRole("director"),), is_machine=True)
    with pytest.raises(NotPermitted):
        decide(record, "a", machine)


def test_concurrent_writers_never_follow_the_same_link(record: Record) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: decide(record, f"d{i}"), range(20)))
    assert verify_chain(record) == 20


def test_a_changed_event_is_named_as_the_first_broken_link(tmp_path: Path) -> None:
    record = open_record_at(f"sqlite:///{tmp_path}/record.sqlite")
    for name in ("a", "b", "c"):
        decide(record, name)
    with record.engine.begin() as connection:  # someone with the file in hand drops the trigger first
        connection.execute(text("DROP TRIGGER audit_event_no_update"))
        connection.execute(text("UPDATE audit_event SET reason = 'it was early' WHERE seq = 2"))
    with pytest.raises(IntegrityBroken, match="event 2"):
        verify_chain(record)
    record.close()


def test_a_removed_event_is_named(tmp_path: Path) -> None:
    record = open_record_at(f"sqlite:///{tmp_path}/record.sqlite")
    for name in ("a", "b", "c"):
        decide(record, name)
    with record.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_event_no_delete"))
        connection.execute(text("DELETE FROM audit_event WHERE seq = 2"))
    with pytest.raises(IntegrityBroken, match="event 2"):
        verify_chain(record)
    record.close()


def test_migrations_make_exactly_the_tables_of_the_models(record: Record) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with record.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        differences = compare_metadata(context, Base.metadata)
    assert differences == []


def test_opening_twice_changes_nothing(record: Record) -> None:
    decide(record, "a")
    migrate(record.engine)
    assert verify_chain(record) == 1


def test_an_event_says_who_when_what_and_why(record: Record) -> None:
    decide(record, "a")
    with record.session() as session:
        event = session.scalars(select(AuditEvent)).one()
    assert (event.actor_id, event.happened_at, event.subject_id, event.reason, event.detail) == (
        "local",
        NOW,
        "a",
        "it is late",
        {"days": 3},
    )


def test_a_grant_for_a_trial_covers_its_sites_and_nothing_else() -> None:
    actor = Actor("d", "D", (GrantedRole("director", Scope("study", "QD-007")),))
    assert is_permitted(actor, "decision.record", Scope("site", "QD-007/0012"))
    assert not is_permitted(actor, "decision.record", Scope("study", "QD-008"))
    assert not is_permitted(actor, "decision.record")


def test_every_permission_reads_as_a_sentence() -> None:
    for permission in load_permissions().values():
        assert permission.sentence.endswith("."), permission.action
        assert permission.roles, permission.action


def test_no_permission_lets_the_machine_accept_or_decide() -> None:
    for permission in load_permissions().values():
        if {"approve", "sign", "accept", "decide", "decision", "close"} & set(re.split(r"[._]", permission.action)):
            assert permission.human_only, permission.action
    assert not is_permitted(MACHINE, "decision.record")
