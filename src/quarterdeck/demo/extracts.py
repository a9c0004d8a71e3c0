"""Writing the extracts: each system's files, in its own format, dates, headers and words, trial by trial."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from quarterdeck.demo.dirt import DirtyRow, soil
from quarterdeck.demo.known import Array, Columns
from quarterdeck.demo.systems import System, SystemTable, find_system
from quarterdeck.evidence.contracts import get_contract

ISO_DAY = "%Y-%m-%d"
FIXED_MOMENT = datetime(2026, 1, 1)  # noqa: DTZ001  a workbook holds no zone


@dataclass
class Extract:
    """The files of one day, open for writing. Use as a context; `dirty` lists the rows that were spoilt on purpose."""

    folder: Path
    is_soiled: bool = False
    dirty: list[DirtyRow] = field(default_factory=list)
    _files: dict[str, IO[str]] = field(default_factory=dict)
    _books: dict[Path, dict[str, list[list[Any]]]] = field(default_factory=dict)
    _lines: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Extract:
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._files.values():
            handle.close()
        for path, sheets in self._books.items():
            _write_workbook(path, sheets)

    def write(self, table: str, seen: Columns) -> None:
        """Append these rows of a table, as its system writes them."""
        system = find_system(table)
        spec = system.tables[table]
        if system.format == "xlsx":
            self._write_cells(system, spec, seen)
        else:
            self._write_text(system, spec, seen)

    def _write_text(self, system: System, spec: SystemTable, seen: Columns) -> None:
        cells = {name: _to_text(system, spec, name, values) for name, values in seen.items()}
        rows = len(next(iter(cells.values())))
        first = self._lines.get(spec.table, 2)
        if self.is_soiled and spec.table not in {row.table for row in self.dirty}:
            cells, spoilt = soil(spec.table, f"{system.name}/{spec.file}", cells, first)
            self.dirty += spoilt
            rows = len(next(iter(cells.values())))
        handle = self._open(system, spec, list(cells))
        out = io.BytesIO()
        options = pacsv.WriteOptions(include_header=False, delimiter=system.delimiter)
        pacsv.write_csv(pa.table({name: values.fill_null("") for name, values in cells.items()}), out, options)
        handle.write(out.getvalue().decode())
        self._lines[spec.table] = first + rows

    def _open(self, system: System, spec: SystemTable, names: list[str]) -> IO[str]:
        if spec.table not in self._files:
            path = self.folder / system.name / spec.file
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = path.open("w", encoding=system.encoding, newline="")
            handle.write(system.delimiter.join(f'"{spec.headers.get(name, name)}"' for name in names) + "\n")
            self._files[spec.table] = handle
        return self._files[spec.table]

    def _write_cells(self, system: System, spec: SystemTable, seen: Columns) -> None:
        sheets = self._books.setdefault(self.folder / system.name / spec.file, {})
        rows = sheets.setdefault(spec.sheet, [[spec.headers.get(name, name) for name in seen]])
        columns = [_to_cells(spec, name, values) for name, values in seen.items()]
        rows += [list(row) for row in zip(*columns, strict=True)]


def _to_text(system: System, spec: SystemTable, name: str, values: Array) -> pa.Array:
    """One column as text; a missing value is null."""
    kind = get_contract(spec.table).column(name).type
    if np.issubdtype(values.dtype, np.datetime64):
        if kind == "timestamp":
            return pa.array(values.astype("datetime64[s]")).cast(pa.string())
        day = pa.array(values.astype("datetime64[D]"))
        return day.cast(pa.string()) if system.dates == ISO_DAY else pc.strftime(day.cast(pa.timestamp("s")), system.dates)
    if np.issubdtype(values.dtype, np.floating):
        return _floats(values, kind, system.decimal)
    if np.issubdtype(values.dtype, np.number):
        return pa.array(values).cast(pa.string())
    text = pa.array(values.astype(str) if values.dtype.kind != "O" else [str(value) for value in values], pa.string())
    words = spec.codes.get(name)
    return text if words is None else pa.array([words.get(value, value) for value in text.to_pylist()], pa.string())


def _floats(values: Array, kind: str, decimal: str) -> pa.Array:
    if kind == "integer":
        return pa.array(values, mask=np.isnan(values)).cast(pa.int64()).cast(pa.string())
    text = pa.array(values, mask=np.isnan(values)).cast(pa.string())
    return text if decimal == "." else pc.replace_substring(text, ".", decimal)


def _to_cells(spec: SystemTable, name: str, values: Array) -> list[Any]:
    kind = get_contract(spec.table).column(name).type
    if np.issubdtype(values.dtype, np.datetime64):
        unit = "datetime64[s]" if kind == "timestamp" else "datetime64[D]"
        return list(values.astype(unit).tolist())
    if np.issubdtype(values.dtype, np.floating):
        return [None if value != value else value for value in values.tolist()]
    return [None if value == "" else value for value in values.tolist()]


def _write_workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> None:
    import xlsxwriter

    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd", "strings_to_formulas": False}) as book:
        book.set_properties({"created": FIXED_MOMENT})  # the same seed gives the same bytes
        for title, rows in sheets.items():
            sheet = book.add_worksheet(title)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)


def cuts_of(today: date, snapshots: int) -> list[date]:
    """The days of the extracts: month ends before today, then today."""
    cuts = [today]
    first = today.replace(day=1)
    while len(cuts) < snapshots:
        end = date.fromordinal(first.toordinal() - 1)
        cuts.append(end)
        first = end.replace(day=1)
    return cuts[::-1]
