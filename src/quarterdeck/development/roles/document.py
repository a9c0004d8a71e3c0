"""A job description as lines: headings with their depth, bullets, table rows and paragraphs, from text, Markdown, DOCX, PDF or HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from quarterdeck.vocabulary.errors import BadInput

FORMATS = (".txt", ".md", ".docx", ".pdf", ".html", ".htm")
HEADINGS = {f"h{n}": n for n in range(1, 7)}
BLOCKS = {"p", "li", "dd", "dt", "div", "section", "article", "blockquote", "caption", "br"}
BULLET = re.compile(r"^\s*(?:[•●▪◦‣·*\-–—o]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+")
_TEXT_HEADING = re.compile(r"^(?:#{1,6}\s+|\d{1,2}(?:\.\d{1,2})*[.)]?\s+)?(.{2,80})$")


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of the document. `kind` is heading, bullet, row or text; `depth` is that of a heading (1 outermost); `cells` of a row."""

    text: str
    kind: str
    number: int
    depth: int = 0
    cells: tuple[str, ...] = field(default=())


def read_document(path: Path) -> list[Line]:
    """The lines of a document. Raises BadInput for another format or an unreadable file."""
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise BadInput("This kind of file cannot be read", thing=str(path), allowed=FORMATS)
    if not path.is_file():
        raise BadInput("The file does not exist", thing=str(path))
    try:
        lines = {".docx": _read_docx, ".pdf": _read_pdf}.get(suffix, _read_html if suffix.startswith(".htm") else _read_text)(path)
    except BadInput:
        raise
    except Exception as error:  # the readers raise many kinds; a person needs one message
        raise BadInput("The document cannot be read", thing=f"{path}: {error}", next_step="Save it again, or as text.") from error
    if not lines:
        raise BadInput("The document holds no text", thing=str(path), next_step="A scanned document needs text recognition first.")
    return lines


def split_plain(text: str) -> list[Line]:
    """Lines of plain text or Markdown. Wrapped lines are joined; a short line without a full stop before others is a heading."""
    raw = text.replace("\r\n", "\n").replace("\xa0", " ").split("\n")
    lines: list[Line] = []
    for number, line in enumerate(raw, 1):
        stripped = line.strip()
        if not stripped or re.fullmatch(r"[=\-_*~ |:+]{3,}", stripped):
            if stripped and lines and lines[-1].kind == "text" and set(stripped) <= {"=", "-"} and len(lines[-1].text) < 80:
                lines[-1] = Line(lines[-1].text, "heading", lines[-1].number, 1 if "=" in stripped else 2)
            continue
        before_blank = number == 1 or not raw[number - 2].strip()
        lines.append(_plain_line(stripped, number, before_blank, line))
    return _join_wrapped(lines, raw)


def _plain_line(stripped: str, number: int, after_blank: bool, line: str) -> Line:
    if stripped.startswith("#"):
        return Line(_unmark(stripped.lstrip("# ")), "heading", number, len(stripped) - len(stripped.lstrip("#")))
    if stripped.startswith("|") or stripped.count(" | ") >= 1 or "\t" in line.strip():
        cells = tuple(_unmark(cell.strip()) for cell in re.split(r"\s*\|\s*|\t+", stripped.strip("|")) if cell.strip())
        return Line(" | ".join(cells), "row", number, cells=cells)
    if re.fullmatch(r"\*\*[^*]{2,80}\*\*:?", stripped):
        return Line(_unmark(stripped).rstrip(":"), "heading", number, 4)
    numbered = re.match(r"^(\d{1,2}(?:\.\d{1,2})*)[.)]?\s+(\S.*)$", stripped)
    if numbered and (after_blank or numbered[2].isupper()) and is_short_title(numbered[2]):
        return Line(_unmark(numbered[2]).rstrip(":"), "heading", number, 1 + numbered[1].count("."))
    if BULLET.match(stripped):
        return Line(_unmark(BULLET.sub("", stripped)), "bullet", number)
    if is_short_title(stripped) and (after_blank or stripped.isupper()):
        depth = 5 if stripped.endswith(":") else 2 if stripped.isupper() else 3  # a title with a colon stands below one without
        return Line(_unmark(stripped).rstrip(":"), "heading", number, depth)
    return Line(_unmark(stripped), "text", number)


def is_short_title(text: str) -> bool:
    """Whether a line may be a title: short, no full stop, not "label: text"."""
    return (
        len(text.split()) <= 9
        and not re.search(r"[.;,!?]$", text)
        and not re.search(r":\s+\S", text)
        and bool(re.match(r"[A-Z0-9*\"']", text))
    )


def _join_wrapped(lines: list[Line], raw: list[str]) -> list[Line]:
    joined: list[Line] = []
    for line in lines:
        last = joined[-1] if joined else None
        follows = last is not None and line.kind == "text" and last.kind in ("text", "bullet") and raw[line.number - 2].strip()
        starts_new = re.match(r"^[A-Z][^.:]{1,60}:(\s|$)", line.text) or (
            last and last.kind == "bullet" and not re.match(r"\s|[a-z(]", raw[line.number - 1])
        )
        if follows and last is not None and not starts_new and not re.search(r"[.!?:]$", last.text):
            joined[-1] = Line(f"{last.text} {line.text}", last.kind, last.number, last.depth)
        else:
            joined.append(line)
    return joined


def _unmark(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"\*\*|__|`", "", text)).strip()


def _read_text(path: Path) -> list[Line]:
    try:
        return split_plain(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        return split_plain(path.read_text(encoding="cp1252"))


def _read_pdf(path: Path) -> list[Line]:
    from pypdf import PdfReader

    pages = [page.extract_text() or "" for page in PdfReader(path).pages]
    lines = "\n".join(pages).split("\n")
    # A PDF gives no blank lines: a title is told by its shape, so a blank line is put before each line that may be one.
    spaced: list[str] = []
    for at, line in enumerate(lines):
        previous = lines[at - 1].strip() if at else ""
        ended = not previous or bool(re.search(r"[.!?:;]$", previous)) or is_short_title(previous)
        numbered = re.match(r"^\s*\d{1,2}(?:\.\d{1,2})*[.)]?\s+(\S.*)$", line)
        shape = numbered[1].strip() if numbered else line.strip()
        is_title = is_short_title(shape) and (not BULLET.match(line) or (numbered is not None and (shape.isupper() or shape.istitle())))
        if is_title and (ended or shape.isupper()):
            spaced.append("")
        spaced.append(line)
    return split_plain("\n".join(spaced))


def _read_docx(path: Path) -> list[Line]:
    import docx
    from docx.table import Table
    from docx.text.paragraph import Paragraph

    lines: list[Line] = []
    for number, block in enumerate(docx.Document(str(path)).iter_inner_content(), 1):
        if isinstance(block, Table):
            for row in block.rows:
                cells = tuple(_unmark(cell.text) for cell in row.cells)
                lines.append(Line(" | ".join(c for c in cells if c), "row", number, cells=cells))
        elif isinstance(block, Paragraph) and block.text.strip():
            lines.append(_docx_paragraph(block, number))
    return lines


def _docx_paragraph(paragraph: Any, number: int) -> Line:
    style = (paragraph.style.name or "") if paragraph.style is not None else ""
    text = _unmark(paragraph.text)
    if style.startswith(("Heading", "Title")):
        return Line(text, "heading", number, int(style[-1]) if style[-1].isdigit() else 1)
    if paragraph.runs and all(run.bold for run in paragraph.runs if run.text.strip()) and is_short_title(text):
        return Line(text.rstrip(":"), "heading", number, 4)
    if style.startswith("List") or BULLET.match(text) or (paragraph._p.pPr is not None and paragraph._p.pPr.numPr is not None):
        return Line(BULLET.sub("", text), "bullet", number)
    return Line(text, "text", number)


class _HtmlLines(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[Line] = []
        self._buffer: list[str] = []
        self._kind, self._depth, self._skip = "text", 0, 0
        self._cells: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "head", "nav"):
            self._skip += 1
        elif tag in HEADINGS:
            self.flush()
            self._kind, self._depth = "heading", HEADINGS[tag]
        elif tag == "tr":
            self.flush()
            self._cells = []
        elif tag in ("td", "th"):
            self._buffer = []
        elif tag in BLOCKS and self._cells is None:
            self.flush()
            self._kind = "bullet" if tag == "li" else self._kind if tag in ("p", "div", "br") and self._kind == "bullet" else "text"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "head", "nav"):
            self._skip = max(0, self._skip - 1)
        elif tag in ("td", "th") and self._cells is not None:
            self._cells.append(_unmark(" ".join(self._buffer)))
            self._buffer = []
        elif tag == "tr" and self._cells is not None:
            cells, self._cells = tuple(self._cells), None
            if any(cells):
                self.lines.append(Line(" | ".join(c for c in cells if c), "row", self.getpos()[0], cells=cells))
        elif (tag in BLOCKS or tag in HEADINGS) and self._cells is None:
            self.flush()

    def handle_data(self, data: str) -> None:
        if not self._skip:
            self._buffer.append(data)

    def flush(self) -> None:
        """Close the current piece."""
        if (text := _unmark("".join(self._buffer))) and self._cells is None:
            self.lines.append(Line(text, self._kind, self.getpos()[0], self._depth if self._kind == "heading" else 0))
        self._buffer, self._kind, self._depth = [], "text", 0


def _read_html(path: Path) -> list[Line]:
    parser = _HtmlLines()
    parser.feed(path.read_text(encoding="utf-8", errors="replace"))
    parser.flush()
    return parser.lines


def sentences_of(text: str) -> Iterator[str]:
    """The sentences of a paragraph."""
    for piece in re.split(r"(?<=[.!?])\s+(?=[A-Z])", text):
        if piece.strip():
            yield piece.strip()
