"""What changed between two snapshots: rows added, removed and changed, column by column, per table."""

from __future__ import annotations

from dataclasses import dataclass

from quarterdeck.evidence.contracts import get_contract
from quarterdeck.evidence.snapshot import Snapshot, quote
from quarterdeck.evidence.values import text


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row that differs. `kind` is added, removed or changed; `columns` gives (column, before, after) of a changed one."""

    table: str
    key: tuple[str, ...]
    kind: str
    columns: tuple[tuple[str, str | None, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class TableChange:
    """How many rows of one table differ, and the first of them."""

    table: str
    added: int
    removed: int
    changed: int
    examples: tuple[RowChange, ...]


def compare_snapshots(before: Snapshot, after: Snapshot, examples: int = 20) -> list[TableChange]:
    """Tables that differ in content, by name. Where a row came from (file, line) is not content."""
    changes = []
    for name in sorted({*before.tables, *after.tables}):
        if before.tables.get(name) != after.tables.get(name):
            change = _compare_table(name, before, after, examples)
            if change.added or change.removed or change.changed:
                changes.append(change)
    return changes


def _compare_table(name: str, before: Snapshot, after: Snapshot, examples: int) -> TableChange:
    contract = get_contract(name)
    values = [column for column in contract.column_names if column not in contract.key]
    differs = " OR ".join(f"b.{quote(c)} IS DISTINCT FROM a.{quote(c)}" for c in values) or "false"
    same = " AND ".join(f"b.{quote(k)} = a.{quote(k)}" for k in contract.key)
    old, new = before.rows_of(name), after.rows_of(name)
    first = quote(contract.key[0])
    kind = f"CASE WHEN b.{first} IS NULL THEN 'added' WHEN a.{first} IS NULL THEN 'removed' ELSE 'changed' END"
    joined = f"FROM {old} b FULL JOIN {new} a ON {same} WHERE b.{first} IS NULL OR a.{first} IS NULL OR {differs}"
    counts = {row["kind"]: row["n"] for row in after.query(f"SELECT {kind} AS kind, count(*) AS n {joined} GROUP BY 1").to_pylist()}
    keys = ", ".join(f"COALESCE(b.{quote(k)}, a.{quote(k)})::VARCHAR" for k in contract.key)
    cells = ", ".join(f"{{'c': {text(c)}, 'b': b.{quote(c)}::VARCHAR, 'a': a.{quote(c)}::VARCHAR}}" for c in values)
    sql = f"SELECT {kind} AS kind, [{keys}] AS key, [{cells}] AS cells {joined} ORDER BY key LIMIT {examples}"
    rows = tuple(_change(name, row) for row in after.query(sql).to_pylist()) if values else ()
    return TableChange(name, counts.get("added", 0), counts.get("removed", 0), counts.get("changed", 0), rows)


def _change(table: str, row: dict[str, object]) -> RowChange:
    cells = row["cells"]
    assert isinstance(cells, list)
    changed = tuple((cell["c"], cell["b"], cell["a"]) for cell in cells if cell["b"] != cell["a"]) if row["kind"] == "changed" else ()
    key = row["key"]
    assert isinstance(key, list)
    return RowChange(table, tuple(key), str(row["kind"]), changed)
