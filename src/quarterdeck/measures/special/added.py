"""What one source row adds to the numerator and the denominator of a reading with an evaluation of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Added:
    """A row of facts (with its `key_` columns and lineage) of a table, and its two amounts. Over a reading they sum to the reading's own."""

    table: str
    row: Mapping[str, Any]
    numerator: float
    denominator: float


def choose_rows(rows: Iterable[dict[str, Any]], level: str, key: str, column: str) -> list[dict[str, Any]]:
    """The rows of the portfolio, or those whose `column` names the thing that a reading is of."""
    return [row for row in rows if level == "portfolio" or row[column] == key]
