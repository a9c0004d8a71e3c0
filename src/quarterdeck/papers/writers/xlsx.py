"""XLSX annex: a sheet for each table and figure, and one that lists what every number is bound to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from quarterdeck.papers.model import Figure, Paper, Table
from quarterdeck.papers.writers.look import LIGHT, OFFICE_FONT

_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")


def write_xlsx(paper: Paper, made_at: datetime, sources: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The annex. `sources` are the manifest's facts by id."""
    book = Workbook()
    first: Any = book.active
    first.title = "About"
    for row in ([paper.title.text], [paper.subtitle.text], *([line.text] for line in paper.answer), [paper.footer.text]):
        first.append([_safe(cell) for cell in row])
    first["A1"].font = Font(name=OFFICE_FONT, bold=True, size=14)
    first.column_dimensions["A"].width = 110
    used = {"About", "Sources"}
    for section in paper.sections:
        for block in section.blocks:
            if isinstance(block, Figure | Table):
                _add_sheet(book, block, section.id, used)
    _add_sources(book, sources)
    book.properties.title, book.properties.creator, book.properties.identifier = paper.title.text, "Quarterdeck", paper.id
    book.properties.created = book.properties.modified = made_at.replace(tzinfo=None)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def _add_sheet(book: Any, block: Figure | Table, section: str, used: set[str]) -> None:
    table = block.table if isinstance(block, Figure) else block
    if not table.rows:
        return
    sheet = book.create_sheet(_name(section, used))
    sheet.append([_safe((block.caption.text or table.caption.text) if isinstance(block, Figure) else table.caption.text)])
    sheet["A1"].font = Font(name=OFFICE_FONT, bold=True, size=12)
    native = block.native if isinstance(block, Figure) else None
    extra = [f"{series.name} (unrounded)" for series in native.series] if native else []
    sheet.append([*table.headers, *extra])
    for cell in sheet[2]:
        cell.font, cell.fill = Font(name=OFFICE_FONT, bold=True, color=LIGHT["ink_2"]), PatternFill("solid", fgColor=LIGHT["panel"])
    by_category = (
        dict(zip((line.text for line in native.categories), zip(*(s.values for s in native.series), strict=True), strict=True))
        if native
        else {}
    )
    for row in table.rows:
        sheet.append([*(_safe(line.text) for line in row), *by_category.get(row[0].text, ())])
    sheet.freeze_panes = "B3"
    for i in range(len(table.headers) + len(extra)):
        sheet.column_dimensions[get_column_letter(i + 1)].width = 34 if i == 0 else 22
    for cells in sheet.iter_rows(min_row=3):
        for cell in cells:
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def _add_sources(book: Any, sources: Mapping[str, Mapping[str, Any]]) -> None:
    sheet = book.create_sheet("Sources")
    sheet.append(["Fact", "What it is", "Value", "Unit", "Source"])
    for cell in sheet[1]:
        cell.font = Font(name=OFFICE_FONT, bold=True)
    for fact_id, fact in sorted(sources.items()):
        sheet.append([_safe(str(value)) for value in (fact_id, fact["label"], fact["value"], fact["unit"], fact["source"])])
    for letter, width in zip("ABCDE", (60, 50, 40, 14, 60), strict=True):
        sheet.column_dimensions[letter].width = width


def _name(section: str, used: set[str]) -> str:
    base = _FORBIDDEN.sub(" ", section.replace("_", " ")).strip().capitalize()[:26] or "Table"
    name, i = base, 2
    while name in used:
        name, i = f"{base} {i}", i + 1
    used.add(name)
    return name


def _safe(text: str) -> str:
    # A cell that starts like a formula would be run by the spreadsheet that opens it.
    return f"'{text}" if text[:1] in "=+@" or (text[:1] == "-" and not text[1:2].isdigit()) else text
