"""Where a value comes from: the snapshot, the table, and the file and line of each row behind it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class SourceRow:
    """One row of a source file. `line` counts from 1 as a person sees it; `sheet` is empty but for workbooks."""

    file: str
    line: int
    sheet: str = ""

    def __str__(self) -> str:
        return f"{self.file}{f', sheet {self.sheet}' if self.sheet else ''}, line {self.line}"


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a value was computed from. `keys` are the primary keys of the rows, as text, in contract order.

    `n_rows` counts all rows behind the value, also where `keys` holds only the first of them.
    """

    snapshot: str
    tables: tuple[str, ...] = ()
    n_rows: int = 0
    keys: tuple[tuple[str, ...], ...] = ()
    sources: tuple[SourceRow, ...] = ()
