"""A page for text-to-speech: its words without pictures and tables, the links to follow, and the forms to act by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])
BREAKS = frozenset(
    ["p", "li", "tr", "h2", "h3", "h4", "figure", "figcaption", "caption", "section", "dt", "dd", "summary", "div", "ul", "ol", "table"]
)
HEADINGS = ("h1", "h2", "h3")
# What only a pointer or an eye can use; the heading of the page stands above the text already.
SILENT = frozenset(["script", "style", "form", "nav", "svg", "noscript", "button", "select", "h1"])
INLINE = frozenset(["span", "small", "a", "strong", "time"])
LEFT_OUT = frozenset(["form", "nav", "thead", "script", "style"])  # what links are not taken from


def to_text(html: str) -> str:
    """The main part of a page as plain text: headings on lines of their own, a table row as one sentence, a picture as what it shows."""
    reader = _TextReader()
    reader.feed(html)
    text = re.sub(r"([.!?])\.(?=\s)", r"\1", "".join(reader.parts))
    lines = (re.sub(r"[ \t\u00a0]+", " ", line).strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def find_links(html: str) -> list[tuple[str, str]]:
    """The links of the main part of a page in their order, each once: words and address. What only forms can do is not among them."""
    reader = _LinkReader()
    reader.feed(html)
    return list(dict.fromkeys((" ".join(text.split()), href) for text, href in reader.links if text.strip() and not href.startswith("#")))


@dataclass(frozen=True, slots=True)
class Form:
    """A form of a page: what it stands under (a heading, or the first cell of its row), and its HTML."""

    about: str
    html: str


def find_forms(html: str) -> list[Form]:
    """The forms of the main part of a page in their order, as they are."""
    reader = _FormReader(html)
    reader.feed(html)
    return reader.forms


@dataclass(slots=True)
class _Open:
    tag: str
    is_silent: bool
    classes: frozenset[str]


class _MainReader(HTMLParser):
    """Knows which elements of `main` are open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[_Open] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "main" or self.open:
            self.begin(tag, given)
            if tag not in VOID:
                is_silent = self.is_silent or self.silences(tag, given)
                self.open.append(_Open(tag, is_silent, frozenset(given.get("class", "").split())))

    def handle_endtag(self, tag: str) -> None:
        if any(element.tag == tag for element in self.open):
            while self.open.pop().tag != tag:
                pass
            self.end(tag)

    @property
    def is_silent(self) -> bool:
        return bool(self.open) and self.open[-1].is_silent

    def is_in(self, *tags: str) -> bool:
        return any(element.tag in tags for element in self.open)

    def silences(self, tag: str, given: dict[str, str]) -> bool:
        return False

    def begin(self, tag: str, given: dict[str, str]) -> None:
        """An element begins; those around it are open."""

    def end(self, tag: str) -> None:
        """An element has ended; those around it are open."""


class _LinkReader(_MainReader):
    """Collects links, without the trail above the heading and the controls of tables and pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []

    def silences(self, tag: str, given: dict[str, str]) -> bool:
        return tag in LEFT_OUT

    def begin(self, tag: str, given: dict[str, str]) -> None:
        if tag == "a" and not self.is_silent:
            address = given.get("href") or "#"
            self.links.append(("", "#" if "table=" in address or "chart=" in address or "sort" in address else address))

    def handle_data(self, data: str) -> None:
        if self.is_in("a") and not self.is_silent:
            text, href = self.links[-1]
            self.links[-1] = (text + data, href)


class _TextReader(_MainReader):
    """Collects the text. A picture speaks once, through its name; controls, marks, and the method and data folded away under a picture are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._headings: list[str] = []
        self._cell = -1
        self._heading: list[str] | None = None
        self._has_edge = False
        self._picture = ""
        self._caption_from = 0

    def silences(self, tag: str, given: dict[str, str]) -> bool:
        classes = given.get("class", "").split()
        if tag in SILENT or "data-silent" in given or given.get("aria-hidden") == "true" or "narrow" in classes:
            return True
        if tag == "details":
            return self.is_in("figure") and "open" not in given
        return "vh" in classes and self.is_in("a", "summary")

    def begin(self, tag: str, given: dict[str, str]) -> None:
        self._has_edge |= tag in INLINE
        is_picture = (tag == "svg" and not self.is_silent) or (tag == "img" and self.is_in("noscript") and not self._is_beside_one())
        if label := is_picture and (given.get("aria-label") or given.get("alt")):
            self._say_picture(label)
        if self.is_silent or self.silences(tag, given):
            return
        if tag == "table":
            self._headings = []
        elif tag == "tr":
            self._cell = -1
        elif tag in ("td", "th"):
            self._begin_cell()
        if tag in BREAKS and not self.is_in("thead"):
            self.parts.append("\n\n" if tag in ("h2", "h3", "section", "table") else "\n")
        if tag == "figcaption":
            self._caption_from = len(self.parts)

    def end(self, tag: str) -> None:
        self._has_edge |= tag in INLINE
        if self.is_silent:
            return
        if tag in ("td", "th"):
            if self._heading is not None:
                self._headings.append(" ".join("".join(self._heading).split()))
                self._heading = None
            elif not self.is_in("thead"):
                self.parts.append(". ")
        elif tag == "figcaption":
            self._end_caption()
        elif tag in ("h2", "h3"):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.open or self.is_silent:
            return
        if self._heading is not None:
            self._heading.append(data)
        elif not self.is_in("thead"):
            self.parts.append(self._between(data) + data.replace("\n", " "))

    def _between(self, data: str) -> str:
        """What keeps apart two pieces that only their looks keep apart on the page: a value and the line under it."""
        before, has_edge = self.parts[-1][-1:] if self.parts else "", self._has_edge
        self._has_edge = False
        if not has_edge or not re.match(r"[\w−£€$±+(“]", data) or not re.match(r"[\w.%)”]", before):
            return ""
        return " " if before == "." or data[0] == "(" else ", "

    def _begin_cell(self) -> None:
        self._cell += 1
        self._has_edge = False
        if self.is_in("thead"):
            self._heading = []
        elif self._cell < len(self._headings):
            self.parts.append(f"{self._headings[self._cell]}: ")

    def _is_beside_one(self) -> bool:
        return any(element.is_silent and element.tag != "noscript" for element in self.open)

    def _say_picture(self, label: str) -> None:
        self._picture = label
        self.parts.append(f"{label.rstrip('.')} " if self.is_in("td", "th") else f"\nPicture: {label}\n")

    def _end_caption(self) -> None:
        """A caption that begins with what the picture was said to show goes on from there."""
        caption = " ".join("".join(self.parts[self._caption_from :]).split())
        if self._picture and caption.startswith(self._picture):
            self.parts[self._caption_from :] = [caption.removeprefix(self._picture)]


class _FormReader(_MainReader):
    """Collects forms, and what each of them is about."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._html = html
        self._lines = [0]
        for found in re.finditer("\n", html):
            self._lines.append(found.end())
        self._heading, self._row, self._from = "", "", 0
        self._cells = 0

    def silences(self, tag: str, given: dict[str, str]) -> bool:
        return given.get("aria-hidden") == "true"

    def begin(self, tag: str, given: dict[str, str]) -> None:
        if tag == "form":
            self._from = self._place()
        elif tag in HEADINGS:
            self._heading, self._row = "", ""
        elif tag == "tr":
            self._row, self._cells = "", 0
        elif tag in ("td", "th"):
            self._cells += 1

    def end(self, tag: str) -> None:
        if tag == "form" and not self.is_in("nav"):
            about = self._row if self._row and self.is_in("tr") else self._heading
            self.forms.append(Form(" ".join(about.split()), self._html[self._from : self._place()] + "</form>"))

    def handle_data(self, data: str) -> None:
        if self.is_silent or self.is_in("form") or any("vh" in element.classes for element in self.open if element.tag not in HEADINGS):
            return
        if self.is_in(*HEADINGS):
            self._heading += data
        elif self.is_in("tr") and self._cells == 1 and not self.is_in("thead"):
            self._row += f" {data}"

    def _place(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column
