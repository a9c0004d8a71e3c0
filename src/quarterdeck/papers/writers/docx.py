"""DOCX: true headings, captions, alternative texts, repeated table heads, review comments, and the manifest as a custom XML part."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Any

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Emu, Pt, RGBColor

from quarterdeck.papers.model import Block, Figure, Paper, Paragraph, Signature, Table
from quarterdeck.papers.writers.look import OFFICE_FONT, SPACED_FONT, colours, fit_columns, picture_of

_STYLES = {"body": "Normal", "lead": "Lead", "bullet": "List Bullet", "small": "Small", "quote": "Quoted", "letter": "Letter"}


def write_docx(paper: Paper, made_at: datetime) -> bytes:
    """The paper as a Word document."""
    document = Document()
    _set_page(document, paper)
    _set_styles(document, paper.variant)
    _set_properties(document, paper, made_at)
    document.add_paragraph(paper.title.text, style="Title")
    if paper.subtitle.text:
        document.add_paragraph(paper.subtitle.text, style="Subtitle")
    for line in paper.answer:
        document.add_paragraph(line.text, style="Lead")
    for section in paper.sections:
        document.add_heading(section.heading.text, level=1)
        for block in section.blocks:
            _add(document, block, paper.variant)
        for note in section.notes:
            document.add_paragraph(note.text, style="Small")
    _set_footer(document, paper)
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


def _add(document: Any, block: Block, variant: str) -> None:
    if isinstance(block, Paragraph):
        _add_paragraph(document, block)
    elif isinstance(block, Table):
        _add_table(document, block, variant)
    elif isinstance(block, Figure):
        _add_figure(document, block, variant)
    elif isinstance(block, Signature):
        for line in block.lines:
            document.add_paragraph(line.text, style="Signature")


def _add_paragraph(document: Any, block: Paragraph) -> None:
    if not block.line.text:
        return
    paragraph = document.add_paragraph(block.line.text, style=_STYLES[block.style])
    if block.comment:
        document.add_comment(paragraph.runs, text=block.comment, author="Reviewer", initials="R")
    if block.line.author == "machine":
        document.add_comment(paragraph.runs, text="Written by a language model and not accepted yet.", author="Quarterdeck", initials="Q")


def _add_figure(document: Any, figure: Figure, variant: str) -> None:
    picture = picture_of(figure, variant)
    if picture is not None:
        paragraph = document.add_paragraph(style="Figure")
        shape = paragraph.add_run().add_picture(BytesIO(picture), width=Cm(16))
        properties = shape._inline.docPr
        properties.set("descr", figure.alternative.text)
        properties.set("title", "Chart")
    document.add_paragraph(figure.caption.text, style="Caption")
    _add_table(document, figure.table, variant)


def _add_table(document: Any, table: Table, variant: str) -> None:
    if table.caption.text:
        document.add_paragraph(table.caption.text, style="Caption").paragraph_format.keep_with_next = True
    if not table.rows:
        return
    colour = colours(variant)
    grid = document.add_table(rows=1, cols=len(table.headers))
    grid.autofit = False
    widths = [int(Cm(16) * share) for share in fit_columns(table, 62 if variant == "spaced" else 84)]
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = Emu(width)  # LibreOffice reads widths from the grid, Word from the cells
    _describe(grid, table)
    _fill_row(grid.rows[0], table.headers, widths, table, bold=True)
    _repeat_as_header(grid.rows[0])
    for row in table.rows:
        _fill_row(grid.add_row(), [line.text for line in row], widths, table, bold=False)
    _rule(grid, colour)
    document.add_paragraph(style="Gap")


def _fill_row(row: Any, texts: Any, widths: list[int], table: Table, bold: bool) -> None:
    properties = row._tr.get_or_add_trPr()
    properties.append(OxmlElement("w:cantSplit"))
    for i, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
        cell.width = Emu(widths[i])
        paragraph = cell.paragraphs[0]
        paragraph.style = "Table Head" if bold else "Table Text"
        paragraph.add_run(text)
        if i in table.numeric:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _describe(grid: Any, table: Table) -> None:
    properties = grid._tbl.tblPr
    for tag, text in (
        ("w:tblCaption", table.caption.text or table.headers[0]),
        ("w:tblDescription", f"Columns: {', '.join(table.headers)}"),
    ):
        element = OxmlElement(tag)
        element.set(qn("w:val"), text)
        properties.append(element)


def _repeat_as_header(row: Any) -> None:
    element = OxmlElement("w:tblHeader")
    element.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(element)


def _rule(grid: Any, colour: dict[str, str]) -> None:
    borders = OxmlElement("w:tblBorders")
    for edge, size in (("top", 8), ("bottom", 8), ("insideH", 4)):
        element = OxmlElement(f"w:{edge}")
        for key, value in (("val", "single"), ("sz", str(size)), ("space", "0"), ("color", colour["rule"])):
            element.set(qn(f"w:{key}"), value)
        borders.append(element)
    grid._tbl.tblPr.append(borders)


def _set_page(document: Any, paper: Paper) -> None:
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2.5)
    page.top_margin, page.bottom_margin = Cm(2.2), Cm(2.2)


def _set_properties(document: Any, paper: Paper, made_at: datetime) -> None:
    properties = document.core_properties
    properties.title, properties.subject, properties.author = paper.title.text, paper.question, "Quarterdeck"
    properties.identifier, properties.language, properties.comments = paper.id, "en-GB", ""
    properties.created = properties.modified = made_at.replace(tzinfo=None)
    properties.last_modified_by, properties.revision = "Quarterdeck", 1


def _set_styles(document: Any, variant: str) -> None:
    spaced = variant == "spaced"
    colour = colours(variant)
    font, size, leading = (SPACED_FONT, 13, 1.7) if spaced else (OFFICE_FONT, 10.5, 1.25)
    normal = document.styles["Normal"]
    _font(normal, font, size, colour["ink"])
    normal.paragraph_format.line_spacing, normal.paragraph_format.space_after = leading, Pt(7)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "en-GB")
    normal.element.get_or_add_rPr().append(language)
    if spaced:  # letters +0.03 em, in twentieths of a point
        spacing = OxmlElement("w:spacing")
        spacing.set(qn("w:val"), str(round(20 * 0.03 * size + 2)))
        normal.element.get_or_add_rPr().append(spacing)
    for name, points, key, bold, before, after in (
        ("Title", 24, "ink", True, 0, 4), ("Subtitle", 11, "ink_2", False, 0, 14), ("Heading 1", 15, "ink", True, 18, 6), ("Heading 2", 12.5, "ink", True, 12, 4),
        ("Lead", 12, "ink", False, 0, 8), ("Caption", 9.5, "ink_2", True, 8, 4), ("Small", 8.5, "ink_2", False, 0, 3), ("List Bullet", size, "ink", False, 0, 4),
        ("Quoted", size, "ink_2", False, 0, 6), ("Letter", size, "ink", False, 0, 9), ("Signature", size, "ink", False, 10, 4), ("Table Head", 9, "ink_2", True, 2, 2),
        ("Table Text", 9, "ink", False, 2, 2), ("Figure", size, "ink", False, 4, 2), ("Gap", 4, "ink", False, 0, 4),
    ):  # fmt: skip
        style = (
            document.styles[name] if name in [s.name for s in document.styles] else document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        )
        _font(style, font, max(points, size - 1) if spaced and name != "Gap" else points, colour[key])
        style.font.bold, style.font.italic = bold, False
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
        if name.startswith("Table") or name in ("Small", "Gap"):
            style.paragraph_format.line_spacing = leading if spaced and name != "Gap" else 1.1
    for name in ("Title", "Subtitle"):
        for border in document.styles[name].element.findall(f".//{qn('w:pBdr')}"):
            border.getparent().remove(border)
    document.styles["Figure"].paragraph_format.keep_with_next = True
    document.styles["Heading 1"].paragraph_format.keep_with_next = True


def _font(style: Any, font: str, size: float, colour: str) -> None:
    style.font.name, style.font.size, style.font.color.rgb = font, Pt(size), RGBColor.from_string(colour)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for key in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{key}"), None)
    fonts.set(qn("w:ascii"), font)
    fonts.set(qn("w:hAnsi"), font)


def _set_footer(document: Any, paper: Paper) -> None:
    footer = document.sections[0].footer.paragraphs[0]
    footer.style = "Small"
    footer.add_run(f"{paper.footer.text}   ")
    for kind, text in (("begin", ""), ("instr", "PAGE"), ("end", "")):
        run = footer.add_run()
        element = OxmlElement("w:instrText" if kind == "instr" else "w:fldChar")
        if kind == "instr":
            element.text = text
        else:
            element.set(qn("w:fldCharType"), kind)
        run._r.append(element)
