"""Reads HTML, XLSX and plain text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from io import BytesIO

from quarterdeck.papers.readers.pieces import Piece, ReadDocument, open_archive, read_identifier, read_manifest_part
from quarterdeck.papers.writers.html import MANIFEST_ID

_BLOCKS = frozenset(
    [
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "li",
        "td",
        "th",
        "caption",
        "figcaption",
        "blockquote",
        "title",
        "dt",
        "dd",
        "pre",
        "div",
        "section",
        "footer",
        "header",
        "main",
        "article",
    ]
)


def read_html(content: bytes, name: str) -> ReadDocument:
    """Text of each block element, alternative texts, and the manifest in its data block."""
    reader = _Reader()
    reader.feed(content.decode("utf-8", errors="replace"))
    reader.flush()
    return ReadDocument("html", tuple(reader.pieces), reader.manifest.replace("<\\/", "</"), reader.identifier)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[Piece] = []
        self.manifest = self.identifier = ""
        self._text, self._skip, self._in_manifest = "", 0, False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in _BLOCKS:
            self.flush()
        if tag in ("script", "style"):
            self._skip += 1
            self._in_manifest = values.get("id") == MANIFEST_ID
        if tag == "meta" and values.get("name") == "identifier":
            self.identifier = values.get("content") or ""
        if values.get("alt"):
            self.pieces.append(Piece("picture, alternative text", str(values["alt"])))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._skip, self._in_manifest = max(0, self._skip - 1), False
        if tag in _BLOCKS:
            self.flush()

    def handle_data(self, data: str) -> None:
        if self._in_manifest:
            self.manifest += data
        elif not self._skip:
            self._text += data

    def flush(self) -> None:
        if text := re.sub(r"\s+", " ", self._text).strip():
            self.pieces.append(Piece(f"block {len(self.pieces) + 1}", text))
        self._text = ""


def read_xlsx(content: bytes, name: str) -> ReadDocument:
    """Every cell, by sheet and address."""
    from openpyxl import load_workbook

    archive = open_archive(content, name)
    book = load_workbook(BytesIO(content), read_only=True, data_only=True)
    pieces = []
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None:
                    text = repr(cell.value) if isinstance(cell.value, float) else str(cell.value)
                    pieces.append(Piece(f"sheet {sheet.title}, cell {cell.coordinate}", text))
    book.close()
    return ReadDocument("xlsx", tuple(pieces), read_manifest_part(archive), read_identifier(archive))


def read_text(content: bytes, name: str) -> ReadDocument:
    """Plain or pasted text, one piece a line."""
    text = content.decode("utf-8-sig", errors="replace")
    return ReadDocument("text", tuple(Piece(f"line {i}", line.strip()) for i, line in enumerate(text.splitlines(), 1) if line.strip()))
