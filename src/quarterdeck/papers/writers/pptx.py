"""PPTX: one finding a slide, native charts with error bars, tables, and notes with the sources and what the slide leaves out."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from math import ceil, floor, log10
from pathlib import Path
from textwrap import wrap
from typing import Any

from lxml import etree  # type: ignore[import-untyped]
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_AXIS_CROSSES, XL_CHART_TYPE, XL_LABEL_POSITION
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Cm, Pt

from quarterdeck.papers.claims import Line
from quarterdeck.papers.model import Figure, Native, Paper, Paragraph, Section, Signature, Table
from quarterdeck.papers.writers.look import colours, fit_columns, picture_of
from quarterdeck.papers.writers.pptx_template import FINDING, LEFT, OPENING, RIGHT, WIDTH, make_template
from quarterdeck.vocabulary.errors import BadInput

ROWS_A_SLIDE = 9
LINES_A_SLIDE = 3
LETTERS_A_SLIDE = 330
LETTERS_A_ROW = 108
_BOTTOM = Cm(17.6)
_FULL = int(Cm(17.6)) - int(Cm(3.7))  # what is left for a table that has its slide alone
_CAPTION = int(Cm(0.85))
_ABOVE, _SIDE = Cm(0.09), Cm(0.15)  # margins of a cell
_LETTER = 0.53  # mean width of a letter in Arial as a share of its size, with a little to spare
_FORMATS = {"share": "0.0%", "probability": '[<0.01]"under 1%";[>0.99]"over 99%";0%', "number": "#,##0", "days": "#,##0", "ratio": "0.00"}


@dataclass(frozen=True, slots=True)
class _Plan:
    """What goes on one slide: a title, lines of text, one visual, and notes."""

    title: Line
    lines: tuple[Paragraph, ...]
    visual: Figure | Table | None
    notes: tuple[Line, ...]


def write_pptx(paper: Paper, made_at: datetime, template: Path | None = None) -> bytes:
    """The paper as a deck. `template` is a corporate PPTX with layouts named Opening and Finding."""
    deck = Presentation(str(template) if template else BytesIO(make_template(paper.variant)))
    layouts = {layout.name: layout for layout in deck.slide_layouts}
    if missing := {OPENING, FINDING} - set(layouts):
        raise BadInput(
            "The template lacks a layout",
            thing=f"{template}: {', '.join(sorted(missing))}",
            allowed=sorted(layouts),
            next_step="Name two layouts Opening and Finding.",
        )
    _set_properties(deck, paper, made_at)
    _add_opening(deck, layouts[OPENING], paper)
    for section in paper.sections:
        if not section.is_annex:
            for plan in plan_slides(section):
                _add_slide(deck, layouts[FINDING], plan, paper)
    stream = BytesIO()
    deck.save(stream)
    return stream.getvalue()


def plan_slides(section: Section) -> list[_Plan]:
    """One finding a slide: a section's first lines beside its chart, the rest in the notes. Text or rows that fill more go on.

    A table that stands behind a chart stays in the paper; a deck shows the chart, and a table that comes before it.
    """
    paragraphs = [block for block in section.blocks if isinstance(block, Paragraph) and block.line.text]
    paragraphs += [Paragraph(line) for block in section.blocks if isinstance(block, Signature) for line in block.lines]
    figures = [block for block in section.blocks if isinstance(block, Figure)]
    tables = [block for block in section.blocks if isinstance(block, Table) and block.rows]
    is_table_first = bool(tables) and (not figures or section.blocks.index(tables[0]) < section.blocks.index(figures[0]))
    if not figures and not tables:
        return [_Plan(section.heading, chunk, None, section.notes) for chunk in _chunks(paragraphs, 7, 2.4 * LETTERS_A_SLIDE)] or [
            _Plan(section.heading, (), None, section.notes)
        ]
    shown = next(iter(_chunks([p for p in paragraphs if p.style != "small"], 2, LETTERS_A_SLIDE)), ())
    room = int(_BOTTOM) - (int(Cm(3.5)) + _lines_height(shown) if shown else int(Cm(3.7)))
    chosen = (tables[:1] if figures else tables) if is_table_first else []
    leading = [piece for i, table in enumerate(chosen) for piece in _pieces(table, room if i == 0 else _FULL)]
    pieces: list[Figure | Table] = [*leading, *figures]
    told = tuple(p.line for p in paragraphs if p not in shown)
    return [
        _Plan(section.heading, shown, pieces[0], (*told, *section.notes)),
        *(_continue(section, piece) for piece in pieces[1:]),
    ]


def _continue(section: Section, piece: Figure | Table) -> _Plan:
    """A further slide: a chart of another matter than the heading's stands under its own caption."""
    return _Plan(piece.caption if isinstance(piece, Figure) else section.heading, (), piece, section.notes)


def _pieces(table: Table, room: int) -> list[Table]:
    """The table in pieces that each fit a slide: `room` is the height left on the first, further ones have their slide alone."""
    pieces: list[Table] = []
    for row in table.rows:
        longer = replace(table, rows=(*pieces[-1].rows, row)) if pieces else None
        if longer and len(longer.rows) <= ROWS_A_SLIDE and _table_height(longer) <= (room if len(pieces) == 1 else _FULL):
            pieces[-1] = longer
        else:
            pieces.append(replace(table, rows=(row,)))
    return pieces


def _table_height(table: Table) -> int:
    """With its caption, in the type and the columns it will have."""
    size, shares = _type_size(table), fit_columns(table, LETTERS_A_ROW)
    rows = [table.headers, *([line.text for line in row] for row in table.rows)]
    return (_CAPTION if table.caption.text else 0) + sum(_row_height(texts, shares, size) for texts in rows)


def _type_size(table: Table) -> float:
    is_long = any(len(line.text) > 90 for row in table.rows for line in row)
    return 12 if is_long or len(table.rows) > 7 else 14


def _row_height(texts: Sequence[str], shares: Sequence[float], size: float) -> int:
    """How high a row becomes: that of its cell with most lines, as an office programme breaks them."""
    letter = size * _LETTER * 12700
    lines = [
        sum(_count_lines(part, (WIDTH - LEFT - RIGHT) * share - 2 * int(_SIDE), letter) for part in text.split("\n"))
        for text, share in zip(texts, shares, strict=True)
    ]
    return max(lines) * int(Pt(size * 1.2)) + 2 * int(_ABOVE)


def _count_lines(text: str, width: float, letter: float) -> int:
    most = max(int(width / letter), 1)
    return max(1, len(wrap(text, most, break_on_hyphens=False)))


def _chunks(paragraphs: Sequence[Paragraph], most: int, letters: float) -> Iterable[tuple[Paragraph, ...]]:
    chunk: list[Paragraph] = []
    for paragraph in paragraphs:
        if chunk and (len(chunk) >= most or sum(len(p.line.text) for p in chunk) + len(paragraph.line.text) > letters):
            yield tuple(chunk)
            chunk = []
        chunk.append(paragraph)
    if chunk:
        yield tuple(chunk)


def _add_opening(deck: Any, layout: Any, paper: Paper) -> None:
    slide = deck.slides.add_slide(layout)
    slide.shapes.title.text = paper.title.text
    body = slide.placeholders[1].text_frame
    body.text = paper.subtitle.text
    for line in paper.answer:
        body.add_paragraph().text = line.text
    large = 18 if sum(len(line.text) for line in paper.answer) <= LETTERS_A_SLIDE else 15  # a long answer ran off the opening slide
    for paragraph, size in zip(body.paragraphs, [14] + [large] * 9, strict=False):
        paragraph.font.size = Pt(size)
        paragraph.alignment = PP_ALIGN.LEFT
        paragraph.font.color.rgb = _rgb(colours(paper.variant)["ink_2" if size == 14 else "ink"])
        paragraph.space_after = Pt(10)
    body.vertical_anchor = MSO_ANCHOR.TOP
    slide.notes_slide.notes_text_frame.text = f"The question: {paper.question}"
    _bar(slide, paper)


def _bar(slide: Any, paper: Paper) -> None:
    shape = slide.shapes.add_shape(1, LEFT, Cm(4.4), Cm(3.2), Cm(0.14))
    shape.fill.solid()
    shape.fill.fore_color.rgb = _rgb(colours(paper.variant)["series_1"])
    shape.line.fill.background()
    shape.shadow.inherit = False
    _decorative(shape)


def _add_slide(deck: Any, layout: Any, plan: _Plan, paper: Paper) -> None:
    slide = deck.slides.add_slide(layout)
    slide.shapes.title.text = plan.title.text
    letters = len(plan.title.text)
    if letters > 95:
        slide.shapes.title.text_frame.paragraphs[0].font.size = Pt(22 if letters < 150 else 18)
    top = _add_lines(slide, plan)
    if isinstance(plan.visual, Figure):
        _add_figure(slide, plan.visual, top, paper)
    elif plan.visual is not None:
        _add_table(slide, plan.visual, top, paper)
    _add_furniture(slide, layout, paper)
    notes = [*(note.text for note in plan.notes)]
    slide.notes_slide.notes_text_frame.text = "\n".join(notes)


def _add_lines(slide: Any, plan: _Plan) -> int:
    body = slide.placeholders[1]
    if not plan.lines:
        body._element.getparent().remove(body._element)
        return int(Cm(3.7))
    frame = body.text_frame
    for i, line in enumerate(plan.lines):
        paragraph = frame.paragraphs[0] if i == 0 else frame.add_paragraph()
        paragraph.text = line.line.text
        paragraph.level = 1 if line.style == "bullet" else 0
        paragraph.space_after = Pt(6)
        if line.style in ("small", "quote"):
            paragraph.font.size = Pt(12)
    height = _lines_height(plan.lines) if plan.visual else int(_BOTTOM - Cm(3.5))
    body.left, body.top, body.width, body.height = LEFT, Cm(3.5), WIDTH - LEFT - RIGHT, height
    return int(Cm(3.5)) + height


def _lines_height(lines: Sequence[Paragraph]) -> int:
    letters_a_line = 118
    rows = sum(1 + len(line.line.text) // letters_a_line for line in lines)
    return int(Cm(0.35)) + rows * int(Cm(0.78)) + len(lines) * int(Cm(0.22))


def _add_figure(slide: Any, figure: Figure, top: int, paper: Paper) -> None:
    height = int(_BOTTOM) - top - int(Cm(0.9))
    if figure.native is not None:
        frame = _add_chart(slide, figure.native, top, height, paper)
    else:
        picture = picture_of(figure, paper.variant, 900)
        frame = slide.shapes.add_picture(BytesIO(picture or b""), LEFT, top, height=height)
        if frame.width > WIDTH - LEFT - RIGHT:
            ratio = (WIDTH - LEFT - RIGHT) / frame.width
            frame.width, frame.height = int(frame.width * ratio), int(frame.height * ratio)
    frame._element.xpath(".//p:cNvPr")[0].set("descr", figure.alternative.text)
    if figure.caption.text != slide.shapes.title.text:
        _caption(slide, figure.caption, int(frame.top + frame.height), paper)


def _caption(slide: Any, line: Line, top: int, paper: Paper) -> None:
    if not line.text:
        return
    box = slide.shapes.add_textbox(LEFT, top, WIDTH - LEFT - RIGHT, Cm(0.8))
    box.text_frame.margin_left = 0
    box.text_frame.word_wrap = True
    box.text_frame.text = line.text
    font = box.text_frame.paragraphs[0].font
    font.size, font.color.rgb = Pt(11), _rgb(colours(paper.variant)["ink_2"])


def _add_chart(slide: Any, native: Native, top: int, height: int, paper: Paper) -> Any:
    colour = colours(paper.variant)
    data: Any = CategoryChartData(number_format="General")  # type: ignore[no-untyped-call]
    data.categories = [line.text for line in native.categories]
    for series in native.series:
        data.add_series(series.name, series.values)
    kind = XL_CHART_TYPE.BAR_CLUSTERED if native.kind == "bar" else XL_CHART_TYPE.LINE_MARKERS
    wanted = int(Cm(1.6)) + len(native.categories) * int(Cm(1.35))
    frame = slide.shapes.add_chart(
        kind, LEFT, top, WIDTH - LEFT - RIGHT, min(height, max(wanted, int(Cm(6)))) if native.kind == "bar" else height, data
    )
    chart = frame.chart
    chart.has_legend, chart.has_title = len(native.series) > 1, False
    if chart.has_legend:
        chart.legend.include_in_layout = False
        chart.legend.font.size = Pt(12)
    chart.font.size, chart.font.color.rgb = Pt(12), _rgb(colour["ink"])
    _style_axes(chart, native, colour)
    for i, plot_series in enumerate(chart.plots[0].series):
        _style_series(plot_series, i, native, colour)
    if native.kind == "bar":
        chart.plots[0].gap_width = 60
        chart.category_axis.reverse_order = True
        chart.category_axis.crosses = XL_AXIS_CROSSES.MAXIMUM  # keeps the scale below the bars
        if native.low and len(native.series) == 1:
            _add_error_bars(chart, native, colour)
    return frame


def _style_axes(chart: Any, native: Native, colour: dict[str, str]) -> None:
    axis = chart.value_axis
    axis.has_major_gridlines = True
    axis.major_gridlines.format.line.color.rgb = _rgb(colour["rule"])
    axis.format.line.fill.background()
    axis.tick_labels.font.size = Pt(11)
    axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = _axis_format(native), False
    values = [v for series in native.series for v in (*series.values, *native.low) if v is not None]
    if native.kind == "bar" and values and min(values) >= 0:
        axis.minimum_scale = 0
    axis.tick_labels.font.color.rgb = _rgb(colour["ink_2"])
    if native.unit == "probability":
        axis.minimum_scale, axis.maximum_scale = 0, 1
    elif ends := [end for end in native.high if end is not None]:  # else the axis follows the bars and cuts the intervals off
        axis.maximum_scale = _rounded_up(max(0.0, *ends, *(v for v in values if v is not None)))
        if min(values) < 0:
            axis.minimum_scale = -_rounded_up(-min(values))
    chart.category_axis.format.line.color.rgb = _rgb(colour["control_edge"])
    chart.category_axis.tick_labels.font.size = Pt(12)
    chart.category_axis.has_major_gridlines = False
    # Labels of a bar that falls below zero must not lie over it.
    position = chart.category_axis._element.find(qn("c:tickLblPos"))
    if position is not None:
        position.set("val", "low")


def _rounded_up(value: float) -> float:
    """The next round number: half the leading power of ten at a time.

    >>> _rounded_up(0.93), _rounded_up(112.0)
    (0.95, 150.0)
    """
    if value <= 0:
        return 0.0
    step = 10 ** floor(log10(value)) / 2
    return float(round(ceil(value / step - 1e-9) * step, 12))


def _style_series(series: Any, i: int, native: Native, colour: dict[str, str]) -> None:
    tone = _rgb(colour[("series_1", "series_2", "series_3", "series_4")[i % 4]])
    if native.kind == "bar":
        series.invert_if_negative = False
        series.format.fill.solid()
        # Error bars and labels must be read over the bar, so that it is a tint where it carries them.
        series.format.fill.fore_color.rgb = _rgb(_tint(colour["series_1"])) if native.low else tone
        labels = series.data_labels
        labels.show_value, labels.number_format_is_linked = not native.low, False
        labels.number_format = _label_format(native)
        labels.position = XL_LABEL_POSITION.OUTSIDE_END
        labels.font.size = Pt(12)
        labels.font.bold = True
        labels.font.color.rgb = _rgb(colour["ink"])
    else:
        series.format.line.color.rgb = tone
        series.format.line.width = Pt(2.5)
        series.smooth = False
        series.marker.size = 6
        series.marker.format.fill.solid()
        series.marker.format.fill.fore_color.rgb = tone


def _label_format(native: Native) -> str:
    largest = max((abs(v) for series in native.series for v in series.values if v is not None), default=0.0)
    return _FORMATS.get(native.unit) or ("#,##0" if largest >= 100 else "0.0" if largest >= 10 else "0.00")


def _axis_format(native: Native) -> str:
    return {"share": "0%", "probability": "0%"}.get(
        native.unit, "General" if native.unit in ("", "number", "ratio", "per audit", "score") else "#,##0"
    )


def _tint(colour: str) -> str:
    parts = [int(colour[i : i + 2], 16) for i in (0, 2, 4)]
    return "".join(f"{round(255 - (255 - part) * 0.45):02X}" for part in parts)


def _add_error_bars(chart: Any, native: Native, colour: dict[str, str]) -> None:
    values = native.series[0].values
    plus = [max(0.0, (h if h is not None else v or 0) - (v or 0)) for v, h in zip(values, native.high, strict=True)]
    minus = [max(0.0, (v or 0) - (low if low is not None else v or 0)) for v, low in zip(values, native.low, strict=True)]
    space = "http://schemas.openxmlformats.org/drawingml/2006/chart"
    draw = "http://schemas.openxmlformats.org/drawingml/2006/main"
    numbers = "".join(
        f'<c:{tag}><c:numLit><c:formatCode>General</c:formatCode><c:ptCount val="{len(amounts)}"/>'
        + "".join(f'<c:pt idx="{i}"><c:v>{amount!r}</c:v></c:pt>' for i, amount in enumerate(amounts))
        + f"</c:numLit></c:{tag}>"
        for tag, amounts in (("plus", plus), ("minus", minus))
    )
    xml = (
        f'<c:errBars xmlns:c="{space}" xmlns:a="{draw}"><c:errBarType val="both"/><c:errValType val="cust"/><c:noEndCap val="0"/>{numbers}'
        f'<c:spPr><a:ln w="19050"><a:solidFill><a:srgbClr val="{colour["ink"]}"/></a:solidFill></a:ln></c:spPr></c:errBars>'
    )
    series = chart.plots[0].series[0]._element
    series.insert(list(series).index(series.find(qn("c:cat"))), etree.fromstring(xml))


def _add_table(slide: Any, table: Table, top: int, paper: Paper) -> None:
    colour = colours(paper.variant)
    if table.caption.text:
        _caption(slide, table.caption, top, paper)
        top += _CAPTION
    inner = WIDTH - LEFT - RIGHT
    frame = slide.shapes.add_table(len(table.rows) + 1, len(table.headers), LEFT, top, inner, int(Cm(0.9)) * (len(table.rows) + 1))
    frame._element.xpath(".//p:cNvPr")[0].set("descr", table.caption.text or f"Columns: {', '.join(table.headers)}")
    grid = frame.table
    grid.horz_banding = False
    for column, share in zip(grid.columns, fit_columns(table, LETTERS_A_ROW), strict=True):
        column.width = int(inner * share)
    _plain_style(grid)
    size = _type_size(table)
    for r, texts in enumerate([table.headers, *[[line.text for line in row] for row in table.rows]]):
        for c, text in enumerate(texts):
            _fill_cell(grid.cell(r, c), text, r == 0, c in table.numeric, size, colour)


def _fill_cell(cell: Any, text: str, head: bool, numeric: bool, size: float, colour: dict[str, str]) -> None:
    cell.text = text
    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    cell.margin_top = cell.margin_bottom = _ABOVE
    cell.margin_left, cell.margin_right = _SIDE, _SIDE
    cell.fill.solid()
    cell.fill.fore_color.rgb = _rgb(colour["panel"] if head else colour["paper"])
    for paragraph in cell.text_frame.paragraphs:
        paragraph.alignment = PP_ALIGN.RIGHT if numeric else PP_ALIGN.LEFT
        paragraph.font.size, paragraph.font.bold = Pt(size), head
        paragraph.font.color.rgb = _rgb(colour["ink_2" if head else "ink"])
    properties = cell._tc.get_or_add_tcPr()
    xml = f'<a:lnB xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" w="9525"><a:solidFill><a:srgbClr val="{colour["rule"]}"/></a:solidFill></a:lnB>'
    properties.insert(0, etree.fromstring(xml))


def _plain_style(grid: Any) -> None:
    style = grid._tbl.tblPr.find(qn("a:tableStyleId"))
    if style is not None:
        style.text = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"  # PowerPoint's "No Style, No Grid"


def _add_furniture(slide: Any, layout: Any, paper: Paper) -> None:
    for shape in layout.placeholders:
        kind = str(shape.placeholder_format.type)
        if "FOOTER" in kind or "SLIDE_NUMBER" in kind:
            element = copy.deepcopy(shape._element)
            slide.shapes._spTree.append(element)
            if "FOOTER" in kind:
                _set_text(element, paper.footer.text)


def _set_text(element: Any, text: str) -> None:
    paragraphs = element.findall(f".//{qn('a:p')}")
    for extra in paragraphs[1:]:
        extra.getparent().remove(extra)
    paragraph = paragraphs[0]
    for child in list(paragraph):
        if not child.tag.endswith("pPr"):
            paragraph.remove(child)
    run = etree.SubElement(paragraph, qn("a:r"))
    etree.SubElement(run, qn("a:rPr"), lang="en-GB", sz="900")
    properties = paragraph.find(qn("a:pPr"))
    if properties is None:
        properties = etree.Element(qn("a:pPr"))
        paragraph.insert(0, properties)
    properties.set("algn", "l")
    etree.SubElement(run, qn("a:t")).text = text


def _rgb(colour: str) -> Any:
    return RGBColor.from_string(colour)  # type: ignore[no-untyped-call]


def _decorative(shape: Any) -> None:
    xml = (
        '<a:extLst xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:ext uri="{C183D7F6-B498-43B3-948B-1728B52AA6E4}">'
        '<adec:decorative xmlns:adec="http://schemas.microsoft.com/office/drawing/2017/decorative" val="1"/></a:ext></a:extLst>'
    )
    shape._element.xpath(".//p:cNvPr")[0].append(etree.fromstring(xml))


def _set_properties(deck: Any, paper: Paper, made_at: datetime) -> None:
    properties = deck.core_properties
    properties.title, properties.subject, properties.author = paper.title.text, paper.question, "Quarterdeck"
    properties.identifier, properties.language = paper.id, "en-GB"
    properties.created = properties.modified = made_at.replace(tzinfo=None)
    properties.last_modified_by, properties.revision = "Quarterdeck", 1
