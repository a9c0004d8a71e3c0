"""From a row back to the line of the file it was read from, and to the bytes of that file as they were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quarterdeck.evidence.contracts import get_contract
from quarterdeck.evidence.manifest import FileLoaded, SnapshotInfo
from quarterdeck.evidence.snapshot import Snapshot, quote
from quarterdeck.evidence.store import Store
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.provenance import SourceRow


@dataclass(frozen=True, slots=True)
class Lineage:
    """One row, where it stood, and in which load (snapshot, time, person) that file came in with which SHA-256."""

    table: str
    key: tuple[str, ...]
    source: str
    row: SourceRow
    values: dict[str, Any]
    snapshot: str
    loaded_at: datetime | None
    actor: str
    sha256: str
    location: str


def read_lineage(store: Store, snapshot: Snapshot, table: str, key: tuple[str, ...]) -> list[Lineage]:
    """The rows of a table with this key, or with these first parts of it.

    Raises NotFound where there is none, BadInput where the key has more parts than the table's.
    """
    contract = get_contract(table)
    if not key or len(key) > len(contract.key):
        raise BadInput("The key does not fit the table", thing=f"{table} {' '.join(key)}", allowed=" ".join(contract.key))
    where = " AND ".join(f"{quote(name)}::VARCHAR = ?" for name in contract.key[: len(key)])
    order = ", ".join(quote(name) for name in contract.key)
    rows = snapshot.query(f"SELECT * FROM {quote(table)} WHERE {where} ORDER BY {order} LIMIT 100", list(key)).to_pylist()
    if not rows:
        raise NotFound(
            "There is no such row", thing=f"{table} {' '.join(key)}", next_step="Is it in quarantine? See `quarterdeck quarantine`."
        )
    loads = [info for info in store.snapshots() if info.taken_at <= snapshot.taken_at][::-1]
    return [_trace(table, contract.key, row, loads) for row in rows]


def _trace(table: str, key: tuple[str, ...], row: dict[str, Any], loads: list[SnapshotInfo]) -> Lineage:
    info, file = _find_load(loads, row["_file"], row["_sheet"], table)
    return Lineage(
        table=table,
        key=tuple(str(row[name]) for name in key),
        source=row["_source"],
        row=SourceRow(row["_file"], row["_line"], row["_sheet"] or ""),
        values={name: value for name, value in row.items() if not name.startswith("_")},
        snapshot=info.id if info else "",
        loaded_at=info.taken_at if info else None,
        actor=info.actor if info else "",
        sha256=file.sha256 if file else "",
        location=file.location if file else "",
    )


def _find_load(loads: list[SnapshotInfo], name: str, sheet: str, table: str) -> tuple[SnapshotInfo | None, FileLoaded | None]:
    """The latest load at or before this snapshot that read the file into the table."""
    for info in loads:
        for file in info.files:
            if file.name == name and file.sheet == (sheet or "") and table in file.tables:
                return info, file
    return None, None
