"""The example portfolio: a handful of invented rows in memory, for rehearsals where no facts are loaded."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quarterdeck.development.definitions import HERE, check_keys, check_known, read_definitions
from quarterdeck.evidence.contracts import load_contracts
from quarterdeck.evidence.manifest import SnapshotInfo
from quarterdeck.evidence.snapshot import Snapshot, quote

if TYPE_CHECKING:
    import duckdb

FILE = HERE / "deliver" / "example_portfolio.yaml"
EXAMPLE_ID = "example"


class ExamplePortfolio(Snapshot):
    """A snapshot whose tables hold the example's rows; it has no files."""

    def __init__(self, cut: date, tables: dict[str, list[dict[str, Any]]]) -> None:
        reason = "an invented example"
        super().__init__(SnapshotInfo(EXAMPLE_ID, "", datetime.combine(cut, time(12), UTC), cut, "quarterdeck", reason, {}), Path())
        self._rows = tables

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            connection = super()._open()
            for table, rows in self._rows.items():
                for row in rows:
                    names = ", ".join(quote(name) for name in row)
                    connection.execute(f"INSERT INTO {quote(table)} ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
        return super()._open()


@cache
def open_example() -> Snapshot:
    """The example, opened once. Raises BadInput where the file names a table or column that there is not."""
    content = read_definitions(FILE)
    check_keys(content, FILE.name, ("data_cut", "tables"))
    contracts = load_contracts()
    check_known(content["tables"], contracts, FILE.name)
    for table, rows in content["tables"].items():
        check_known({name for row in rows for name in row}, {c.name: c for c in contracts[table].columns}, f"{FILE.name}, {table}")
    return ExamplePortfolio(content["data_cut"], content["tables"])
