"""Tables as values: sorted, paged, shown and exported from one object, so that the page and the file cannot disagree."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.reading import Reading
from quarterdeck.vocabulary.verdict import Verdict

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key in the rows, its heading, and the unit its numbers are worded in ("" for text)."""

    key: str
    label: str
    unit: str = ""
    is_number: bool = False
    is_sortable: bool = True


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that is more than its value: other words, a link, a second line, a picture, a verdict, or the reading behind it."""

    value: object
    text: str = ""
    href: str = ""
    sub: str = ""
    svg: str = ""
    verdict: Verdict | None = None
    reading: Reading | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a caption. `name` is unique on its page; `empty` says why there are no rows and what to do next.

    A row is a mapping from column key to a value or a Cell; a missing value must already be a word.
    """

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    empty: str = "There is nothing to show."
    note: str = ""
    sorted_by: str = ""  # "enrolled" or "-enrolled"; empty: as given
    first: int = 0
    size: int = 0  # rows a page; 0: all
    total: int | None = None  # where `rows` is already one page of a longer table
    has_row_heading: bool = True

    @property
    def count(self) -> int:
        """All rows, on this page or not."""
        return len(self.rows) if self.total is None else self.total

    @property
    def shown(self) -> Sequence[Mapping[str, Any]]:
        """The rows of this page of the table."""
        if not self.size or self.total is not None:
            return self.rows
        return self.rows[self.first : self.first + self.size]

    @property
    def pages(self) -> int:
        """How many pages."""
        return max(1, -(-self.count // self.size)) if self.size else 1

    @property
    def page(self) -> int:
        """The present page, from 1."""
        return self.first // self.size + 1 if self.size else 1


def sort_table(table: Table, by: str) -> Table:
    """The table sorted by a column key, descending with a leading minus. Missing values (words among numbers) come last either way."""
    key, falling = by.removeprefix("-"), by.startswith("-")
    if key not in {column.key for column in table.columns if column.is_sortable}:
        raise BadInput(
            "The table cannot be sorted by this", thing=by, allowed=[column.key for column in table.columns if column.is_sortable]
        )
    numbers = [row for row in table.rows if _is_number(plain(row.get(key)))]
    words = [row for row in table.rows if not _is_number(plain(row.get(key)))]
    numbers.sort(key=lambda row: _sort_value(plain(row.get(key))), reverse=falling)
    words.sort(key=lambda row: str(plain(row.get(key))).casefold(), reverse=falling)
    return replace(table, rows=[*numbers, *words], sorted_by=by)


def page_table(table: Table, page: int, size: int) -> Table:
    """One page of the table."""
    last = max(1, -(-table.count // size))
    return replace(table, first=(min(max(page, 1), last) - 1) * size, size=size)


def plain(value: object) -> object:
    """The value behind a cell or reading, as an export writes it."""
    if isinstance(value, Cell):
        return plain(value.value)
    if isinstance(value, Reading):
        return value.value if value.value is not None else str(value.not_assessed)
    if isinstance(value, Verdict):
        return value.word
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list | tuple):
        return ", ".join(str(entry) for entry in value)
    return "not collected" if value is None else value


def words(value: object, unit: str = "") -> str:
    """How a cell reads on a page."""
    if isinstance(value, Cell):
        return value.text or words(value.value if value.reading is None else value.reading, unit)
    if isinstance(value, Reading):
        return str(value.not_assessed) if value.value is None else wording.in_unit(value.value, value.unit)
    if isinstance(value, Verdict):
        return value.word
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        return wording.in_unit(float(value), unit) if unit else wording.number(value)
    if isinstance(value, datetime):
        return wording.moment(value)
    if isinstance(value, date):
        return wording.day(value)
    if isinstance(value, list | tuple):
        return ", ".join(str(entry) for entry in value)
    return "not collected" if value is None or value == "" else str(value)


def write_csv(table: Table) -> bytes:
    """The whole table as CSV (UTF-8 with mark, so that spreadsheets read it). Text that a spreadsheet would run as a formula is disarmed."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([_disarm(column.label) for column in table.columns])
    for row in table.rows:
        writer.writerow([_disarm(_exported(row.get(column.key))) for column in table.columns])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def write_xlsx(table: Table, notes: Iterable[str] = ()) -> bytes:
    """The whole table as a workbook; every text is stored as text, never as a formula. A second sheet holds the notes (facts, source)."""
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Table"
    for column_number, column in enumerate(table.columns, start=1):
        _put(sheet.cell(1, column_number), column.label)
        sheet.cell(1, column_number).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(column_number)].width = max(12, min(50, len(column.label) + 4))
    for row_number, row in enumerate(table.rows, start=2):
        for column_number, column in enumerate(table.columns, start=1):
            _put(sheet.cell(row_number, column_number), _exported(row.get(column.key)))
    sheet.freeze_panes = "A2"
    about = book.create_sheet("About")
    for line, note in enumerate([table.caption, *notes], start=1):
        _put(about.cell(line, 1), note)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def table_of_chart(name: str, title: str, rows: Sequence[Mapping[str, object]]) -> Table:
    """A chart's data table."""
    headings = list(rows[0]) if rows else []
    columns = [Column(key, key, is_number=any(_is_number(row[key]) and not isinstance(row[key], date) for row in rows)) for key in headings]
    return Table(name, title, columns, rows)


def _put(cell: Any, value: object) -> None:
    if isinstance(value, str):
        # A control character makes the file unreadable; a formula must stay text.
        cell.value = "".join(c for c in value if c >= " " or c in "\t\n")[:32_000]
        cell.data_type = "s"
    elif isinstance(value, datetime):
        cell.value = value.replace(tzinfo=None)
    else:
        cell.value = value


def _exported(value: object) -> object:
    value = plain(value)
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return "undefined"
    return value if isinstance(value, str | int | float | date) else str(value)


def _disarm(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA_STARTS):
        return "'" + value
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | date) and not isinstance(value, bool)


def _sort_value(value: object) -> tuple[int, float]:
    if isinstance(value, datetime):
        return (1, value.timestamp())
    if isinstance(value, date):
        return (1, float(value.toordinal()))
    assert isinstance(value, int | float)
    return (0, float(value))
