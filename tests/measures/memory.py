"""A snapshot in memory, for tests that need hundreds of them: rows go straight into typed tables, past the door and its checks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import duckdb
import ibis

from quarterdeck.evidence.contracts import LINEAGE_TYPES, load_contracts
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.vocabulary.choices import Choices

TYPES = {c.name: {col.name: col.duckdb_type for col in c.columns} | LINEAGE_TYPES for c in load_contracts().values()}
COLUMNS = {name: ", ".join(f'"{column}" {kind}' for column, kind in types.items()) for name, types in TYPES.items()}
CREATE = ";".join(f'CREATE TABLE "{name}" ({columns})' for name, columns in COLUMNS.items())


class MemorySnapshot:
    """As much of a snapshot as measures read."""

    def __init__(self, tables: Mapping[str, Iterable[Mapping[str, Any]]], data_cut: date) -> None:
        self.id, self.data_cut, self.choices = "memory", data_cut, Choices()
        self._connection = duckdb.connect()
        self._connection.execute(CREATE)
        self.tables = {name: SimpleNamespace(rows=self._fill(name, list(rows))) for name, rows in tables.items()}
        self._kept: dict[Hashable, Any] = {}

    def _fill(self, name: str, rows: list[Mapping[str, Any]]) -> int:
        for line, row in enumerate(rows, start=2):
            values = {**row, "_source": "test", "_file": f"{name}.csv", "_sheet": "", "_line": line}
            names, marks = ", ".join(f'"{column}"' for column in values), ", ".join("?" for _ in values)
            self._connection.execute(f'INSERT INTO "{name}" ({names}) VALUES ({marks})', list(values.values()))
        return len(rows)

    def query(self, sql: str, params: Any = None) -> Any:
        return self._connection.cursor().sql(sql, params=params).to_arrow_table()

    def execute(self, expression: Any) -> Any:
        return self.query(str(ibis.to_sql(expression, dialect="duckdb")))

    def cached(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        if key not in self._kept:
            self._kept[key] = compute()
        return self._kept[key]


def build_memory_snapshot(tables: Mapping[str, Iterable[Mapping[str, Any]]], data_cut: date = date(2026, 6, 30)) -> Snapshot:
    """A snapshot of these rows."""
    return cast(Snapshot, MemorySnapshot(tables, data_cut))
