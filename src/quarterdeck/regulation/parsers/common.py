"""What parsers share: the payload and what was read from it, text out of HTML, days out of many forms, XML without traps."""

from __future__ import annotations

import gzip
import html
import io
import json
import re
import zlib
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from html.parser import HTMLParser
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from quarterdeck.regulation.model import DateFact, Document, Span

SIZE_LIMIT = 80_000_000  # bytes; the largest real payload (EMA documents) is 37 MB
TEXT_LIMIT = 400_000  # characters kept of one document
YEARS = range(1900, 2101)  # a date outside is a placeholder, such as GOV.UK's closing date in 2216


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read: which field of which record, and what about it."""

    field: str
    record: str
    what: str


@dataclass(slots=True)
class Parsed:
    """Documents read, problems met, and the number of records the payload itself states (None: it states none)."""

    documents: list[Document] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    stated: int | None = None

    def problem(self, name: str, record: str, what: str) -> None:
        """Notes a problem; the first hundred are kept, the rest would only repeat them."""
        if len(self.problems) < 100:
            self.problems.append(Problem(name, str(record)[:120], what))


@dataclass
class Payload:
    """Bytes as they came, with a file name or address. Compressed files are opened; text and JSON are read once."""

    name: str
    content: bytes
    media_type: str = ""

    def __post_init__(self) -> None:
        if self.content[:2] == b"\x1f\x8b":
            self.content = _decompress(self.content)
            self.name = self.name.removesuffix(".gz")

    @cached_property
    def text(self) -> str:
        """The content as text: UTF-8, else Windows-1252, never failing."""
        head = self.content[:SIZE_LIMIT]
        try:
            return head.decode("utf-8-sig")
        except UnicodeDecodeError:
            return head.decode("cp1252", errors="replace")

    @cached_property
    def data(self) -> Any:
        """The content as JSON, or None where it is not JSON."""
        if self.text.lstrip()[:1] not in ("{", "["):
            return None
        try:
            return json.loads(self.text)
        except (json.JSONDecodeError, RecursionError):
            return None

    @property
    def head(self) -> str:
        """The first 4,000 characters, for recognition."""
        return self.text[:4000]

    def is_named(self, *endings: str) -> bool:
        """Whether the name ends like that."""
        return self.name.lower().endswith(endings)


def _decompress(content: bytes) -> bytes:
    """What a compressed file holds, up to the cap; a broken archive gives what could be read of it."""
    pieces, size = [], 0
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
        try:
            while size < SIZE_LIMIT and (piece := stream.read(1_000_000)):  # a small file may unfold without end
                pieces.append(piece)
                size += len(piece)
        except (EOFError, OSError, zlib.error):
            pass
    return b"".join(pieces)


class _Text(HTMLParser):
    _BLOCKS = frozenset(
        [
            "p",
            "div",
            "li",
            "ul",
            "ol",
            "table",
            "tr",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "br",
            "section",
            "article",
            "header",
            "footer",
            "dd",
            "dt",
            "blockquote",
            "pre",
        ]
    )
    _SILENT = frozenset(["script", "style", "noscript", "template", "svg", "nav"])

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.title = ""
        self._silent = 0
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._SILENT:
            self._silent += 1
        elif tag in self._BLOCKS:
            self.parts.append("\n")
        self._in_title = tag == "title"

    def handle_endtag(self, tag: str) -> None:
        if tag in self._SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in self._BLOCKS:
            self.parts.append("\n")
        if tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        elif not self._silent:
            self.parts.append(data)


def strip_html(markup: str) -> str:
    """The text of a piece of HTML, blocks on lines of their own; scripts and styles are left out. Plain text passes unchanged but for entities."""
    if "<" not in markup:
        return html.unescape(markup)
    return read_html(markup)[1]


def read_html(markup: str) -> tuple[str, str]:
    """Title and text of an HTML page."""
    reader = _Text()
    reader.feed(markup[: 2 * TEXT_LIMIT])
    reader.close()
    lines = [re.sub(r"[ \t\r\f\v\xa0]+", " ", line).strip() for line in "".join(reader.parts).split("\n")]
    return re.sub(r"\s+", " ", reader.title).strip(), re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()[:TEXT_LIMIT]


def clean(value: object) -> str:
    """A field as one line of text: HTML and entities gone, spaces single. None is empty."""
    if value is None:
        return ""
    text = str(value)
    if "&" in text:
        text = html.unescape(html.unescape(text))  # some sources escape their escapes
    if "<" in text:
        text = strip_html(text)
    return " ".join(text.split())[:4000]


def read_day(value: object) -> date | None:
    """A day from ISO dates and instants, 17/09/2024, 09/17/2024 (only where unambiguous), '2018-03' (its first day), 'September 9, 2025'.

    None for nothing, placeholders and what cannot be read.
    """
    text = str(value or "").strip()
    if not text or text in ("N/A", "null", "None", "-"):
        return None
    for pattern, order in (
        (r"(\d{4})-(\d\d)-(\d\d)", "ymd"),
        (r"(\d{4})-(\d\d)$", "ym"),
        (r"(\d{1,2})/(\d{1,2})/(\d{4})", "dmy"),
        (r"(\d{1,2})/(\d{1,2})/(\d\d)$", "mdy2"),
    ):
        if match := re.match(pattern, text):
            return _build_day([int(group) for group in match.groups()], order)
    for form in ("%d %B %Y", "%B %d, %Y", "%d %b %Y", "%a, %d %b %Y", "%a, %d %b %y"):
        try:
            return datetime.strptime(text[:17].strip() if form.startswith("%a") else text, form).date()  # noqa: DTZ007  a day, no instant
        except ValueError:
            continue
    return None


def read_american_day(value: object) -> date | None:
    """A day written month first: 12/31/2024."""
    match = re.match(r"\s*(\d{1,2})/(\d{1,2})/(\d{4})", str(value or ""))
    return _build_day([int(match[2]), int(match[1]), int(match[3])], "dmy") if match else read_day(value)


def _build_day(numbers: list[int], order: str) -> date | None:
    year, month, day = 0, 0, 1
    if order == "ymd":
        year, month, day = numbers
    elif order == "ym":
        year, month = numbers
    elif order == "dmy":
        day, month, year = numbers
        if month > 12 >= day:
            day, month = month, day
    else:
        month, day, year = numbers[0], numbers[1], numbers[2] + (1900 if numbers[2] > 50 else 2000)
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if found.year in YEARS else None


def read_xml(text: str | bytes) -> Element:
    """An XML tree; entity bombs and external entities are refused by defusedxml."""
    root: Element = fromstring(text)
    return root


def local(tag: object) -> str:
    """A tag without its namespace."""
    return str(tag).rpartition("}")[2]


def all_text(element: Element | None) -> str:
    """All text under an element as one line."""
    return "" if element is None else re.sub(r"\s+", " ", "".join(element.itertext())).strip()


def find_local(element: Element, name: str) -> Element | None:
    """The first descendant with this name, whatever its namespace."""
    return next((child for child in element.iter() if local(child.tag) == name), None)


def field_date(kind: str, day: date | None, name: str, shown: object = "") -> tuple[DateFact, ...]:
    """A date from a structured field of the source, which needs no reading of prose."""
    return (DateFact(kind, day, f"{name}: {shown or day}", Span(0, 0), basis="field"),) if day else ()


def slug(text: str, length: int = 80) -> str:
    """A stable short name from a title or address."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:length].strip("-")
