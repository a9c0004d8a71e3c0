"""A table as CSV for people: safe to open in a spreadsheet, without special-category columns unless they were asked for."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from quarterdeck.evidence.contracts import get_contract
from quarterdeck.evidence.quarantine import as_cell, refuse_special
from quarterdeck.evidence.snapshot import Snapshot, quote


def export_table(
    snapshot: Snapshot, table: str, path: Path, columns: Sequence[str] = (), with_special: bool = False
) -> tuple[int, tuple[str, ...]]:
    """Writes the table in order of key. Returns the rows written and the columns left out.

    Raises NotPermitted where a special-category column was named without the permission to export it.
    """
    contract = get_contract(table)
    chosen = [contract.column(name) for name in columns] if columns else list(contract.columns)
    if columns and not with_special:
        refuse_special({table: list(columns)})
    left_out = tuple(column.name for column in chosen if column.privacy == "special" and not with_special)
    names = [column.name for column in chosen if column.name not in left_out]
    order = ", ".join(quote(name) for name in contract.key)
    rows = snapshot.query(f"SELECT {', '.join(map(quote, names))} FROM {quote(table)} ORDER BY {order}")
    with path.open("w", newline="", encoding="utf-8-sig") as handle:
        writer = csv.writer(handle)
        writer.writerow(names)
        for batch in rows.to_batches():
            for row in batch.to_pylist():
                writer.writerow([as_cell(";".join(v) if isinstance(v, list) else v) for v in row.values()])
    return rows.num_rows, left_out
