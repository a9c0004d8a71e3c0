"""A dozen spoilt rows in the newest extract, of the kinds that real extracts hold; each is written to the truth file."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

SPOIL_FROM = 40  # rows a chunk must have before one of its rows is spoilt


@dataclass(frozen=True, slots=True)
class DirtyRow:
    """Where a row was spoilt and what a reader should be told."""

    table: str
    file: str
    line: int
    column: str
    value: str
    problem: str


@dataclass(frozen=True, slots=True)
class Spoil:
    """How to spoil one row of a table: replace a cell, or repeat the row with another value."""

    column: str
    value: str
    problem: str
    repeats: bool = False


SPOILS = {
    "protocol_deviation": (Spoil("detected_dt", "31-Feb-2026", "no such day"), Spoil("deemedimportant", "perhaps", "unknown code")),
    "adverse_event": (Spoil("subject_id", "9999-0001", "no such participant"), Spoil("aest_dt", "2026-13-05", "no such day")),
    "visit": (Spoil("visit_num", "three", "not a number"), Spoil("visit_status", "DONE?", "unknown code")),
    "query": (Spoil("opened_ts", "2031-01-01T09:00:00", "opened after it was answered"),),
    "invoice": (
        Spoil("currency", "POUNDS", "unknown currency"),
        Spoil("amount", "12.345,67 approx.", "not an amount"),
        Spoil("amount", "999999,00", "two rows with one key and different amounts", repeats=True),
    ),
    "data_page": (Spoil("data_entry_lag", "2 weeks", "text in a number"),),
    "subject": (Spoil("sex", "unknown?", "unknown code"),),
}


def soil(table: str, file: str, cells: dict[str, pa.Array], first_line: int) -> tuple[dict[str, pa.Array], list[DirtyRow]]:
    """Spoil rows of a chunk that is long enough. Returns the cells and what was done; `first_line` is the line of the first row."""
    rows = len(next(iter(cells.values())))
    if table not in SPOILS or rows < SPOIL_FROM:
        return cells, []
    lists = {name: values.to_pylist() for name, values in cells.items()}
    done = []
    for order, spoil in enumerate(SPOILS[table]):
        position = rows - 3 - 5 * order
        if spoil.repeats:
            for values in lists.values():
                values.append(values[position])
            position = len(lists[spoil.column]) - 1
        lists[spoil.column][position] = spoil.value
        done.append(DirtyRow(table, file, first_line + position, spoil.column, spoil.value, spoil.problem))
    return {name: pa.array(values, pa.string()) for name, values in lists.items()}, done
