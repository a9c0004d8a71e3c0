"""A sealed snapshot: every contract table, readable with SQL or Ibis, never changing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from quarterdeck.evidence.contracts import LINEAGE_TYPES, Contract, load_contracts
from quarterdeck.evidence.manifest import PartInfo, SnapshotInfo
from quarterdeck.evidence.quarantine import QUARANTINE_TYPES
from quarterdeck.evidence.seal import broken_seal, find_damage
from quarterdeck.vocabulary.choices import Choices
from quarterdeck.vocabulary.errors import BadInput

if TYPE_CHECKING:
    import duckdb
    import ibis.expr.types as ir
    import pyarrow as pa

T = TypeVar("T")


class Snapshot:
    """Reads one snapshot. Safe to share between threads. Content never changes, so whatever is computed from it may be kept for good."""

    def __init__(self, info: SnapshotInfo, parts_dir: Path, choices: Choices = Choices()) -> None:
        self.info = info
        self.choices = choices
        self._parts_dir = parts_dir
        self._lock = threading.RLock()
        self._kept: dict[Hashable, Any] = {}
        self._computing: dict[Hashable, threading.RLock] = {}
        self._connection: duckdb.DuckDBPyConnection | None = None

    def __repr__(self) -> str:
        return f"Snapshot({self.info.short_id}, {self.info.rows:,} rows, data cut {self.data_cut})"

    @property
    def id(self) -> str:
        """SHA-256 of the manifest."""
        return self.info.id

    @property
    def taken_at(self) -> datetime:
        """When it was sealed (UTC): what was known."""
        return self.info.taken_at

    @property
    def data_cut(self) -> date:
        """The "today" of the facts. Nothing that computes asks the clock."""
        return self.info.data_cut

    @property
    def tables(self) -> Mapping[str, PartInfo]:
        """The tables that hold rows."""
        return self.info.tables

    def query(self, sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> pa.Table:
        """The answer to a DuckDB query over the contract tables, `quarantine` and lineage columns.

        Raises BadInput where the query is wrong, IntegrityBroken where a part cannot be read because it is not as it was sealed.
        """
        import duckdb

        try:
            with self._lock:
                cursor = self._open().cursor()
            try:
                return cursor.sql(sql, params=params).to_arrow_table()
            finally:
                cursor.close()
        except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException) as error:
            raise BadInput("The query cannot be run", thing=str(error).strip()) from error
        except (duckdb.Error, OSError) as error:
            self._refuse_damage(error)
            raise

    def check_seal(self) -> None:
        """Compares every part with its name, once in a process. Raises IntegrityBroken where one is missing or was changed.

        A part that was changed with care can be read like any other: only this finds it.
        """
        self.cached("evidence.seal", self._refuse_damage)

    def execute(self, expression: ir.Expr) -> pa.Table:
        """The answer to an Ibis expression over `tables.table(...)`."""
        import ibis

        return self.query(str(ibis.to_sql(expression, dialect="duckdb")))

    def cached(self, key: Hashable, compute: Callable[[], T]) -> T:
        """The value kept under this key for this snapshot, computed at the first call. Who needs another key does not wait."""
        with self._lock:
            if key in self._kept:
                return cast(T, self._kept[key])
            mine = self._computing.setdefault(key, threading.RLock())
        with mine:
            if key not in self._kept:
                self._kept[key] = compute()
            return cast(T, self._kept[key])

    def part_path(self, part: PartInfo) -> Path:
        """Where a part lies."""
        return self._parts_dir / f"{part.sha256}.parquet"

    def rows_of(self, table: str) -> str:
        """SQL in brackets for the rows of one table in today's columns, for a query that reads several snapshots at once.

        Raises IntegrityBroken where this snapshot is not as it was sealed: the one that asks could not tell.
        """
        self.check_seal()
        contract = load_contracts()[table]
        types = {column.name: column.duckdb_type for column in contract.columns} | LINEAGE_TYPES
        if (part := self.tables.get(table)) is None:
            return f"(SELECT {', '.join(f'NULL::{kind} AS {quote(name)}' for name, kind in types.items())} WHERE false)"
        path = str(self.part_path(part)).replace("'", "''")
        return f"(SELECT {self._columns(types, self.part_path(part))} FROM read_parquet('{path}'))"

    def _refuse_damage(self, cause: Exception | None = None) -> None:
        named = {**self.info.tables, **({"quarantine": self.info.quarantine} if self.info.quarantine else {})}
        found = {name: find_damage(self._parts_dir, part) for name, part in sorted(named.items())}
        if problems := [f"snapshot {self.info.short_id}, {name}: {problem}" for name, problem in found.items() if problem]:
            raise broken_seal(problems) from cause

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            import duckdb

            connection = duckdb.connect(":memory:")
            statements = [self._view(contract) for contract in load_contracts().values()]
            quarantine = self.info.quarantine
            statements.append(self._statement("quarantine", QUARANTINE_TYPES, quarantine))
            connection.execute(";\n".join(statements))
            self._connection = connection
        return self._connection

    def _view(self, contract: Contract) -> str:
        types = {column.name: column.duckdb_type for column in contract.columns} | LINEAGE_TYPES
        return self._statement(contract.name, types, self.info.tables.get(contract.name))

    def _statement(self, name: str, types: Mapping[str, str], part: PartInfo | None) -> str:
        if part is None:
            return f'CREATE TABLE "{name}" ({", ".join(f"{quote(c)} {kind}" for c, kind in types.items())})'
        path = str(self.part_path(part)).replace("'", "''")
        return f"CREATE VIEW {quote(name)} AS SELECT {self._columns(types, self.part_path(part))} FROM read_parquet('{path}')"

    def _columns(self, types: Mapping[str, str], path: Path) -> str:
        """The columns in today's order: a part sealed under an older contract lacks the newer columns, and they read as missing."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            there = set(pq.read_schema(path).names)
        except (OSError, pa.ArrowException) as error:
            self._refuse_damage(error)
            raise
        return ", ".join(quote(c) if c in there else f"NULL::{kind} AS {quote(c)}" for c, kind in types.items())


def quote(name: str) -> str:
    """A name as SQL holds it, whatever its letters."""
    return '"' + name.replace('"', '""') + '"'
