"""Builders: small snapshots for tests, made through the same door as a user's files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import duckdb

from quarterdeck.evidence.contracts import LINEAGE_TYPES, get_contract
from quarterdeck.evidence.manifest import SnapshotInfo
from quarterdeck.evidence.snapshot import Snapshot, quote
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
    taken_at = taken_at or datetime.combine(data_cut, time(12), UTC)
    with store.writing(), store.staging() as folder:
        connection = duckdb.connect()
        parent = store.latest()
        parts = dict(parent.tables) if parent else {}
        for name, rows in tables.items():
            contract = get_contract(name)
            types = {c.name: c.duckdb_type for c in contract.columns} | LINEAGE_TYPES
            connection.execute(f"CREATE TABLE {quote(name)} ({', '.join(f'{quote(c)} {t}' for c, t in types.items())})")
            for line, row in enumerate(rows, start=2):
                unknown = set(row) - set(contract.column_names)
                assert not unknown, f"{name} has no column {unknown}"
                values = {**row, "_source": "folder", "_file": f"{name}.csv", "_sheet": "", "_line": line}
                columns = ", ".join(quote(c) for c in values)
                marks = ", ".join("?" for _ in values)
                connection.execute(f"INSERT INTO {quote(name)} ({columns}) VALUES ({marks})", list(values.values()))
            if name in parts:
                path = store.parts_dir / f"{parts[name].sha256}.parquet"
                keys = ", ".join(quote(c) for c in contract.key)
                connection.execute(
                    f"INSERT INTO {quote(name)} BY NAME SELECT * FROM read_parquet('{path}') o WHERE ({keys}) NOT IN (SELECT ({keys}) FROM {quote(name)})"
                )
            target = folder / f"{name}.parquet"
            order = ", ".join(quote(c) for c in contract.key)
            connection.execute(f"COPY (SELECT * FROM {quote(name)} ORDER BY {order}) TO '{target}' (FORMAT parquet)")
            count = connection.execute(f"SELECT count(*) FROM {quote(name)}").fetchone()
            assert count
            parts[name] = store.add_part(target, count[0])
        store.publish(SnapshotInfo("", "", taken_at, data_cut, "tests", "built for a test", parts))
    return store.open()
