"""Reads PPTX: slide text, tables, native chart data and the workbook behind it, notes and alternative texts."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from pptx import Presentation
from pptx.oxml.ns import qn

from quarterdeck.papers.readers.pieces import (
    Piece,
    ReadDocument,
    open_archive,
    read_identifier,
    read_manifest_part,
    read_pictures,
    read_properties,
)
from quarterdeck.vocabulary.errors import BadInput


def read_pptx(content: bytes, name: str) -> ReadDocument:
    """All text and chart data with places such as "slide 3, title" and "slide 3, chart, Budget, row 2"."""
    archive = open_archive(content, name)
    try:
        deck = Presentation(BytesIO(content))
        slides = list(deck.slides)
    except Exception as error:
        raise BadInput("The file is not a readable presentation", thing=f"{name}: {error}") from error
    pieces: list[Piece] = []
    for number, slide in enumerate(slides, 1):
        pieces += _read_slide(slide, f"slide {number}")
    pieces += read_properties(archive)
    return ReadDocument("pptx", tuple(pieces), read_manifest_part(archive), read_identifier(archive), read_pictures(archive), len(slides))


def _read_slide(slide: Any, place: str) -> Iterator[Piece]:
    for shape in _shapes(slide.shapes):
        yield from _read_shape(shape, place)
    if slide.has_notes_slide:
        frame = slide.notes_slide.notes_text_frame
        for i, paragraph in enumerate(frame.paragraphs if frame is not None else (), 1):
            if (text := _text(paragraph._p)).strip():
                yield Piece(f"{place}, notes, paragraph {i}", text)


def _shapes(shapes: Any) -> Iterator[Any]:
    for shape in shapes:
        if shape.shape_type is not None and "GROUP" in str(shape.shape_type):
            yield from _shapes(shape.shapes)
        else:
            yield shape


def _read_shape(shape: Any, place: str) -> Iterator[Piece]:
    what = f"{place}, {'title' if shape.is_placeholder and shape.placeholder_format.idx == 0 else 'text'}"
    if shape.has_text_frame:
        for i, paragraph in enumerate(shape.text_frame.paragraphs, 1):
            if (text := _text(paragraph._p)).strip():
                yield Piece(what if what.endswith("title") else f"{what}, paragraph {i}", text)
    if getattr(shape, "has_table", False) and shape.has_table:
        for r, row in enumerate(shape.table.rows, 1):
            for c, cell in enumerate(row.cells, 1):
                yield Piece(f"{place}, table, row {r}, column {c}", "\n".join(_text(p._p) for p in cell.text_frame.paragraphs))
    if getattr(shape, "has_chart", False) and shape.has_chart:
        yield from _read_chart(shape.chart, place)
    for element in shape._element.iter(qn("p:cNvPr")):
        if element.get("descr"):
            yield Piece(f"{place}, alternative text", element.get("descr"))


def _read_chart(chart: Any, place: str) -> Iterator[Piece]:
    for element in chart._chartSpace.iter(qn("a:t")):
        if element.text:
            yield Piece(f"{place}, chart text", element.text)
    for s, series in enumerate(chart._chartSpace.iter(qn("c:ser")), 1):
        for tag, what in (("c:tx", "name"), ("c:cat", "category"), ("c:val", "value"), ("c:errBars", "error bar")):
            holder = series.find(qn(tag))
            for i, value in enumerate(holder.iter(qn("c:v")) if holder is not None else (), 1):
                yield Piece(f"{place}, chart, series {s}, {what} {i}", value.text or "")
    try:
        workbook = chart.part.chart_workbook.xlsx_part
    except (AttributeError, KeyError):
        workbook = None
    if workbook is not None:
        yield from _read_workbook(workbook.blob, place)


def _read_workbook(blob: bytes, place: str) -> Iterator[Piece]:
    from openpyxl import load_workbook

    book = load_workbook(BytesIO(blob), read_only=True, data_only=True)
    for sheet in book.worksheets:
        for r, row in enumerate(sheet.iter_rows(values_only=True), 1):
            for c, value in enumerate(row, 1):
                if value is not None:
                    yield Piece(f"{place}, chart data sheet, row {r}, column {c}", repr(value) if isinstance(value, float) else str(value))
    book.close()


def _text(paragraph: Any) -> str:
    parts = []
    for child in paragraph:
        if child.tag == qn("a:r") or (child.tag == qn("a:fld") and child.get("type") != "slidenum"):
            parts.append("".join(t.text or "" for t in child.findall(qn("a:t"))))
        elif child.tag == qn("a:br"):
            parts.append(" ")
    return "".join(parts)
