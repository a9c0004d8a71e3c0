"""Builders: small snapshots for tests, made through the same door as a user's files."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from quarterdeck.connectors.load import load_paths
from quarterdeck.evidence.contracts import get_contract
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.evidence.store import Store

Rows = Iterable[Mapping[str, Any]]


def build_snapshot(
    tmp_path: Path,
    tables: Mapping[str, Rows],
    data_cut: date = date(2026, 6, 30),
    taken_at: datetime | None = None,
    allow_quarantine: bool = False,
) -> Snapshot:
    """A sealed snapshot of these rows under tmp_path/home/evidence (so that `--home tmp_path/home` reads it).

    A later call with the same tmp_path adds its rows to the snapshot before. Fails where a row breaks its contract, unless that is wanted.
    """
    store = Store(tmp_path / "home" / "evidence")
    folder = tmp_path / "extracts" / f"{len(list((tmp_path / 'extracts').glob('*'))) + 1}"
    folder.mkdir(parents=True)
    for name, rows in tables.items():
        write_rows(folder / f"{name}.csv", name, list(rows))
    result = load_paths(store, [folder], now=taken_at or datetime.combine(data_cut, time(12), UTC), cut=data_cut, actor="tests")
    if not allow_quarantine and result.quarantined:
        raise AssertionError(f"{result.quarantined} rows break their contract, first: {result.rejects[0]}")
    return store.open()


def write_rows(path: Path, table: str, rows: list[Mapping[str, Any]]) -> None:
    """A CSV file as a source system would give it: the columns that any row names, in contract order."""
    contract = get_contract(table)
    named = {column for row in rows for column in row}
    unknown = named - set(contract.column_names)
    assert not unknown, f"{table} has no column {sorted(unknown)}"
    columns = [column for column in contract.column_names if column in named]
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([[as_cell(row.get(column)) for column in columns] for row in rows])


def as_cell(value: Any) -> str:
    """A value as a CSV file holds it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime | date):
        return value.isoformat()
    return ";".join(value) if isinstance(value, list | tuple) else str(value)
