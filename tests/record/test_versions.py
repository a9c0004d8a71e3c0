"""The word that kept pages live by: it changes with every table that a page may show, and with nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from quarterdeck.record import audit
from quarterdeck.record.database import Record, open_record_at
from quarterdeck.record.jobs import add_job, claim_job, run_job
from quarterdeck.record.models.accounts import SavedView, Visit
from quarterdeck.record.models.base import UNCOUNTED, Base
from quarterdeck.record.permissions import SINGLE_USER

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgres"])
def record(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Record]:
    url = f"sqlite:///{tmp_path}/record.sqlite" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    if request.param == "postgres":
        from sqlalchemy import create_engine

        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        engine.dispose()
    opened = open_record_at(url)
    yield opened
    opened.close()


def test_every_table_is_counted_at_every_kind_of_change_or_named_as_one_that_no_kept_page_shows(record: Record) -> None:
    """Who adds a table meets this test: count it in its migration (`count_changes`), or name it in UNCOUNTED and keep no page that shows it."""
    with record.session() as session:
        if record.engine.dialect.name == "sqlite":
            found = session.execute(
                text("SELECT tbl_name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%\\_counted\\_%' ESCAPE '\\'")
            )
            triggers = {
                (table, verb) for table, sql in found for verb in ("INSERT", "UPDATE", "DELETE") if f"AFTER {verb} ON {table} " in sql
            }
        else:
            query = "SELECT event_object_table, event_manipulation FROM information_schema.triggers WHERE trigger_name LIKE '%\\_counted'"
            triggers = {(table, verb) for table, verb in session.execute(text(query))}
        rows = set(session.scalars(text("SELECT name FROM table_change")))
    counted = set(Base.metadata.tables) - UNCOUNTED
    assert rows == counted
    assert triggers == {(table, verb) for table in counted for verb in ("INSERT", "UPDATE", "DELETE")}


def test_inserting_changing_and_deleting_rows_each_give_another_word(record: Record) -> None:
    words = [record.version()]
    for change in (
        SavedView(id=1, person_id="ada", page="/trials", name="late", query=""), SavedView(id=1, person_id="ada", page="/trials", name="later", query=""),
    ):  # fmt: skip
        with record.transaction() as session:
            session.merge(change)
        words.append(record.version())
    with record.transaction() as session:
        session.execute(text("DELETE FROM saved_view"))
    words.append(record.version())
    assert len(set(words)) == 4


def test_another_connection_to_the_same_record_sees_the_same_words(record: Record) -> None:
    other = open_record_at(record.engine.url.render_as_string(hide_password=False))
    before = other.version()
    with record.transaction() as session:
        session.add(SavedView(person_id="ada", page="/trials", name="late", query=""))
    assert other.version() == record.version() != before
    other.close()


def test_jobs_do_not_change_the_word(record: Record) -> None:
    before = record.version()
    add_job(record, "count", {}, "ada", NOW)
    job = claim_job(record, "a", ("count",), NOW)
    assert job
    run_job(record, job, "a", lambda arguments, progress: progress.report(1, 1) or {})
    assert record.version() == before


def test_what_was_undone_does_not_change_the_word(record: Record) -> None:
    before = record.version()

    def visit_and_fail() -> None:
        with record.transaction() as session:
            session.add(Visit(person_id="ada", visited_on="2026-11-20", snapshot="s"))
            session.flush()
            raise InterruptedError

    with pytest.raises(InterruptedError):
        visit_and_fail()
    assert record.version() == before


def test_a_table_may_be_left_out_of_the_word(record: Record) -> None:
    trail = frozenset({"audit_event"})
    with audit.write(record, SINGLE_USER, audit.Act("evidence.load", "snapshot", "first"), NOW):
        pass  # the first act makes its person known, which is a change of its own
    before, without = record.version(), record.version(trail)
    with audit.write(record, SINGLE_USER, audit.Act("evidence.load", "snapshot", "second"), NOW):
        pass
    assert record.version() != before
    assert record.version(trail) == without
