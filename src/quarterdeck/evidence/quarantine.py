"""Rows that break a contract: kept whole, with file, sheet, line, column, value and reason, until they are corrected."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quarterdeck.evidence.contracts import get_contract
from quarterdeck.vocabulary.errors import NotPermitted

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

# `row_json` is the row by our column names, typed where it could be; `kind` is one of KINDS; `n_problems` counts all of the row's problems.
QUARANTINE_TYPES = {
    "table_name": "VARCHAR",
    "_source": "VARCHAR",
    "_file": "VARCHAR",
    "_sheet": "VARCHAR",
    "_line": "BIGINT",
    "kind": "VARCHAR",
    "column_name": "VARCHAR",
    "value": "VARCHAR",
    "reason": "VARCHAR",
    "n_problems": "BIGINT",
    "row_json": "VARCHAR",
}
KINDS = {
    "structure": "too many or too few fields",
    "type": "a value that cannot be read",
    "code": "not one of the allowed codes",
    "range": "outside what is possible",
    "missing_key": "the key has no value",
    "missing_currency": "an amount without a currency",
    "date_order": "dates that run backwards",
    "part_of": "a part larger than its whole",
    "repeat": "the same row again",
    "duplicate": "one key, different rows",
    "orphan": "refers to a row that is not there",
}
PROBLEM_COLUMNS = ("_source", "_file", "_sheet", "_line", "_problem_column", "_problem_value", "_problem")
FORMULA = re.compile(r"^[=+@\t\r-]")
NUMBER = re.compile(r"^[+-]?[0-9]+(\.[0-9]+)?$")


def read_quarantine(snapshot: Snapshot, table: str = "", kind: str = "", file: str = "", limit: int | None = None) -> list[dict[str, Any]]:
    """Entries of the quarantine, by table, file and line; `row` is the row as a dictionary, empty where the line could not be divided."""
    chosen = {"table_name": table, "kind": kind, "_file": file}
    where = " AND ".join(f"{column} = ?" for column, value in chosen.items() if value) or "true"
    sql = f"SELECT * FROM quarantine WHERE {where} ORDER BY table_name, _source, _file, _sheet, _line, kind"
    rows = snapshot.query(sql + (f" LIMIT {int(limit)}" if limit is not None else ""), [value for value in chosen.values() if value])
    return [{**row, "row": json.loads(row["row_json"] or "{}")} for row in rows.to_pylist()]


def count_quarantine(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Entries by table, kind and column, most frequent first, with an example."""
    counts: list[dict[str, Any]] = snapshot.query(
        "SELECT table_name, kind, column_name, count(*) AS rows, any_value(reason ORDER BY _file, _line) AS reason, "
        "any_value(value ORDER BY _file, _line) AS example FROM quarantine GROUP BY ALL ORDER BY rows DESC, table_name, kind, column_name"
    ).to_pylist()
    return counts


def export_quarantine(snapshot: Snapshot, folder: Path, table: str = "", with_special: bool = False) -> list[Path]:
    """One CSV per table: our columns, then where the row stood and what is wrong. Correct the cells and load the file: only those rows reload.

    A cell that a spreadsheet would run as a formula gets an apostrophe before it; loading takes it off again.
    Raises NotPermitted where rows hold special-category data (health, ethnicity) and they were not asked for.
    """
    entries = [entry for entry in read_quarantine(snapshot, table) if entry["kind"] != "repeat"]  # nothing is to be corrected there
    tables = sorted({entry["table_name"] for entry in entries})
    if not with_special:
        refuse_special(
            {name: sorted({c for e in entries if e["table_name"] == name for c, v in e["row"].items() if v is not None}) for name in tables}
        )
    folder.mkdir(parents=True, exist_ok=True)
    return [_write_table(folder / f"{name}.csv", name, [entry for entry in entries if entry["table_name"] == name]) for name in tables]


def refuse_special(columns: dict[str, list[str]]) -> None:
    """Raises NotPermitted where any of these columns (by table) is of the special category."""
    special = [
        f"{table}.{column.name}"
        for table, names in columns.items()
        for column in get_contract(table).columns
        if column.name in names and column.privacy == "special"
    ]
    if special:
        raise NotPermitted(
            "An export would hold special-category data",
            thing=", ".join(special),
            next_step="Ask for it with --with-special-category, where you have grounds to.",
        )


def as_cell(value: Any) -> str:
    """A value as a spreadsheet may safely open it.

    >>> as_cell("=HYPERLINK(1)"), as_cell("-5")
    ("'=HYPERLINK(1)", '-5')
    """
    if value is None:
        return ""
    text = str(value)
    return f"'{text}" if FORMULA.match(text) and not NUMBER.match(text) else text


def _write_table(path: Path, table: str, entries: Sequence[dict[str, Any]]) -> Path:
    columns = get_contract(table).column_names
    with path.open("w", newline="", encoding="utf-8-sig") as handle:
        writer = csv.writer(handle)
        writer.writerow([*columns, *PROBLEM_COLUMNS])
        for entry in entries:
            where = [entry[name] for name in ("_source", "_file", "_sheet", "_line", "column_name", "value", "reason")]
            writer.writerow([as_cell(entry["row"].get(name)) for name in columns] + [as_cell(value) for value in where])
    return path
