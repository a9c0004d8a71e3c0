"""Opening the record: SQLite by default, PostgreSQL by address; migrations run to the newest revision on opening."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from quarterdeck.record import models as _all_models  # noqa: F401  registers every table
from quarterdeck.vocabulary.errors import Unavailable
from quarterdeck.vocabulary.settings import Settings

MIGRATIONS = Path(__file__).parent / "migrations"


class Record:
    """An open record: an engine and sessions on it. Reading needs `session()`; writing goes through `audit.write`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._sessions = sessionmaker(engine, expire_on_commit=False)
        self._watching: Connection | None = None
        self._commits: int | None = None
        self._changes: tuple[tuple[str, int], ...] = ()
        self._lock = threading.Lock()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session for reading. Nothing is committed; what was read stays usable after it ends."""
        with self._sessions() as session:
            yield session

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end. Only `audit.write` and migrations of state that is nobody's act use it."""
        with self._sessions.begin() as session:
            yield session

    def version(self, leaving_out: frozenset[str] = frozenset()) -> str:
        """A word that changes with every commit to a counted table, by this process or another, but for the tables left out."""
        return ",".join(f"{name}:{changes}" for name, changes in self._count_changes() if name not in leaving_out)

    def _count_changes(self) -> tuple[tuple[str, int], ...]:
        """How often each table changed.

        SQLite tells whether anyone else committed (this connection never writes), so that the counts are read only where it says so.
        """
        with self._lock:
            if self._watching is None:
                self._watching = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            is_sqlite = self.engine.dialect.name == "sqlite"
            commits = self._watching.exec_driver_sql("PRAGMA data_version").scalar() if is_sqlite else None
            if commits is None or commits != self._commits:
                rows = self._watching.exec_driver_sql("SELECT name, changes FROM table_change ORDER BY name")
                self._changes, self._commits = tuple((str(name), int(changes)) for name, changes in rows), commits
            return self._changes

    def close(self) -> None:
        """Give the connections back."""
        with self._lock:
            if self._watching is not None:
                self._watching.close()
                self._watching = None
        self.engine.dispose()


def open_record(settings: Settings) -> Record:
    """The record of this installation, made or migrated if need be. Raises Unavailable where the database cannot be reached."""
    settings.home.mkdir(parents=True, exist_ok=True)
    return open_record_at(settings.record_url)


def open_record_at(url: str) -> Record:
    """The record at an SQLAlchemy address."""
    engine = create_engine(url, **_engine_options(url))
    try:
        migrate(engine)
    except OperationalError as error:
        raise Unavailable(
            "The record cannot be opened",
            thing=engine.url.render_as_string(hide_password=True),
            next_step=f"The database said: {error.orig}",
        ) from error
    return Record(engine)


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to `revision`. Does nothing, and costs one query, where it is there already."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    script = ScriptDirectory.from_config(config)
    with engine.connect() as connection:
        here = MigrationContext.configure(connection).get_current_revision()
    if revision == "head" and here == script.get_current_head():
        return
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _engine_options(url: str) -> dict[str, Any]:
    return {"connect_args": {"timeout": 30}} if url.startswith("sqlite") else {"pool_pre_ping": True}


@event.listens_for(Engine, "connect")
def _use_write_ahead_log(connection: Any, _record: Any) -> None:
    # Readers must not wait for a writer, and a foreign key must mean something, in SQLite too.
    if connection.__class__.__module__.startswith("sqlite3"):
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
