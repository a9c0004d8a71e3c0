"""A table as it was known on a day: rows born later are absent, dates that lay ahead are empty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]  # a column: text, numbers, days or instants
Columns = dict[str, Array]
NO_DAY = np.datetime64("NaT", "D")


def days(values: object) -> npt.NDArray[np.datetime64]:
    """Anything date-like as an array of days."""
    return np.asarray(values, dtype="datetime64[D]")


@dataclass(frozen=True, slots=True)
class Draft:
    """The whole truth of one canonical table.

    `born` is the day on which each row becomes known; `actual` names columns that stay empty until their own day has come;
    `finish` derives what depends on the day (a status, an age) from the blanked columns.
    """

    table: str
    columns: Columns
    born: Array | None = None
    actual: tuple[str, ...] = ()
    finish: Callable[[Columns, np.datetime64], Columns] | None = None

    def known(self, cut: date) -> Columns:
        """The rows and values known at the end of this day."""
        day = np.datetime64(cut, "D")
        keep = slice(None) if self.born is None else self.born <= day
        seen: Columns = {name: values[keep] for name, values in self.columns.items()}
        for name in self.actual:
            values = seen[name].copy()
            values[values.astype("datetime64[D]") > day] = np.datetime64("NaT")
            seen[name] = values
        return self.finish(seen, day) if self.finish else seen


def is_set(values: Array) -> npt.NDArray[np.bool_]:
    """Where a date is known."""
    return ~np.isnat(values)
