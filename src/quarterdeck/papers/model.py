"""A paper as values: sections of lines, tables and figures. Every writer renders the same model, so every format says the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from quarterdeck.papers.claims import Line
from quarterdeck.vocabulary.reading import Scope

if TYPE_CHECKING:
    from quarterdeck.charts.base import Chart

ParagraphStyle = Literal["body", "lead", "bullet", "small", "quote", "letter"]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph. `comment` is a reviewer's remark, shown as a comment in DOCX."""

    line: Line
    style: ParagraphStyle = "body"
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its caption. The first column names the row; `numeric` columns are aligned right."""

    caption: Line
    headers: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]
    numeric: frozenset[int] = frozenset()
    weights: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a native chart: the numbers as drawn, each bound to a fact."""

    name: str
    values: tuple[float | None, ...]
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Native:
    """An editable chart: horizontal bars or a line. `low` and `high` become error bars."""

    kind: Literal["bar", "line"]
    categories: tuple[Line, ...]
    series: tuple[Series, ...]
    unit: str
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with caption, alternative text and data table. `chart` draws the picture; `native` is the editable form in PPTX."""

    caption: Line
    alternative: Line
    table: Table
    chart: Chart | None = None
    native: Native | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """Places for printed name, time and meaning; filled once the paper is approved."""

    lines: tuple[Line, ...]


Block = Paragraph | Table | Figure | Signature


@dataclass(frozen=True, slots=True)
class Section:
    """A heading that is a finding, its evidence, and the sources as notes. `id` is stable over issues of the paper."""

    id: str
    heading: Line
    blocks: tuple[Block, ...]
    notes: tuple[Line, ...] = ()
    is_annex: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """What a section would have shown, and why it does not."""

    section: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A whole paper. `answer` is the sentence that answers `question`; it comes first in every format."""

    id: str
    template: str
    title: Line
    subtitle: Line
    question: str
    audience: str
    answer: tuple[Line, ...]
    sections: tuple[Section, ...]
    missing: tuple[Missing, ...] = ()
    snapshot: str = ""
    variant: str = "standard"  # or "spaced": the dyslexia-friendly form
    footer: Line = field(default_factory=lambda: Line(""))
    about: Scope = Scope()
    basis: str = ""  # the fact of the record that the paper rests on, such as one reviewed change order

    def lines(self) -> Iterator[tuple[str, Line]]:
        """Every line with the id of its section, in reading order."""
        for line in (self.title, self.subtitle, *self.answer):
            yield "front", line
        for section in self.sections:
            yield section.id, section.heading
            for block in section.blocks:
                yield from ((section.id, line) for line in block_lines(block))
            yield from ((section.id, line) for line in section.notes)
        yield "front", self.footer

    @property
    def figures(self) -> list[Figure]:
        """All figures, in order."""
        return [block for section in self.sections for block in section.blocks if isinstance(block, Figure)]


def block_lines(block: Block) -> Iterator[Line]:
    """The lines of one block, in reading order."""
    if isinstance(block, Paragraph):
        yield block.line
    elif isinstance(block, Table):
        yield block.caption
        for row in block.rows:
            yield from row
    elif isinstance(block, Figure):
        yield block.caption
        yield block.alternative
        yield from block_lines(block.table)
        if block.native:
            yield from block.native.categories
    else:
        yield from block.lines
