"""Templates: one environment, the wording filters, and addresses of static files that change with their content."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.reading import Reading
from quarterdeck.web import tables

HERE = Path(__file__).parent
STATIC = HERE / "static"


@cache
def environment() -> Environment:
    """The one environment: everything escaped, an unknown name is an error."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=False,
        lstrip_blocks=True,
        auto_reload=False,
    )
    for name in (
        "number",
        "share",
        "chance",
        "likelihood",
        "money",
        "day",
        "moment",
        "month",
        "period",
        "plural",
        "of",
        "duration",
        "late",
        "in_unit",
        "interval",
        "listing",
    ):
        env.filters[name] = getattr(wording, name)
    env.filters["words"] = tables.words
    env.filters["reading"] = reading_in_words
    env.filters["capital"] = lambda text: str(text)[:1].upper() + str(text)[1:]
    env.filters["sentence_chunks"] = sentence_chunks
    env.globals["static"] = static_address
    env.globals["anchor"] = anchor
    return env


def render(template: str, context: Mapping[str, Any]) -> str:
    """The finished page."""
    return environment().get_template(template).render(context)


def reading_in_words(reading: Reading) -> str:
    """A reading's value, or the reason why there is none."""
    return tables.words(reading)


def sentence_chunks(text: str, sentences: int) -> list[str]:
    """Prose in pieces of so many sentences, for readers who chose short chunks."""
    parts = re.split(r"(?<=[.!?])\s+(?=[A-Z0-9£€“'])", text.strip())
    return [" ".join(parts[i : i + sentences]) for i in range(0, len(parts), sentences)]


def anchor(text: str) -> str:
    """A heading as a fragment of an address."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "part"


@cache
def static_address(path: str) -> str:
    """Where a static file is served; the digest lets browsers keep it for good."""
    digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


LEFT_OUT = ("form", "nav", "thead", "script", "style")


def to_text(html: str) -> str:
    """The main part of a page as plain text for text-to-speech: headings on lines of their own, a table row as one sentence."""
    reader = _TextReader()
    reader.feed(html)
    lines = (re.sub(r"[ \t\u00a0]+", " ", line).strip() for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def find_links(html: str) -> list[tuple[str, str]]:
    """The links of the main part of a page in their order, each once: words and address. What only forms can do is not among them."""
    reader = _LinkReader()
    reader.feed(html)
    return list(dict.fromkeys((" ".join(text.split()), href) for text, href in reader.links if text.strip() and not href.startswith("#")))


class _LinkReader(HTMLParser):
    """Collects the links of `main`, without the trail above the heading and the controls of tables and pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self._in_main, self._silent = False, 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "main":
            self._in_main = True
        if tag in LEFT_OUT:
            self._silent += 1
        if tag == "a" and self._in_main and not self._silent:
            address = given.get("href") or "#"
            self.links.append(("", "#" if "table=" in address or "chart=" in address or "sort" in address else address))

    def handle_endtag(self, tag: str) -> None:
        if tag == "main":
            self._in_main = False
        if tag in LEFT_OUT:
            self._silent -= 1
        if tag == "a" and self.links:
            self.links.append(("", "#"))

    def handle_data(self, data: str) -> None:
        if self._in_main and not self._silent and self.links and self.links[-1][1] != "#":
            text, href = self.links[-1]
            self.links[-1] = (text + data, href)


class _TextReader(HTMLParser):
    """Collects the text of `main`. Pictures speak through their names; controls and scripts are left out."""

    BREAKS = ("p", "li", "tr", "h1", "h2", "h3", "figure", "figcaption", "caption", "section", "dt", "dd", "summary", "div", "ul", "table")
    SILENT = ("script", "style", "form", "nav", "svg", "noscript", "button", "select")

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._in_main = False
        self._silent = 0
        self._headings: list[str] = []
        self._cell = -1
        self._in_head = False
        self._heading_text: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "main":
            self._in_main = True
        if tag in self.SILENT or "data-silent" in given:
            if tag == "svg" and self._in_main and not self._silent and given.get("aria-label"):
                self.parts.append(f"\nPicture: {given['aria-label']}\n")
            if tag not in ("br", "img", "input"):
                self._silent += 1
        elif self._silent and tag not in ("br", "img", "input", "hr", "meta", "link", "path", "line", "circle", "rect", "polyline"):
            self._silent += 1
        if not self._in_main or self._silent:
            return
        if tag == "table":
            self._headings = []
        elif tag == "thead":
            self._in_head = True
        elif tag == "tr":
            self._cell = -1
        elif tag in ("td", "th"):
            self._cell += 1
            if self._in_head:
                self._heading_text = []
            elif self._cell < len(self._headings):
                self.parts.append(f"{self._headings[self._cell]}: ")
        if tag in self.BREAKS and not self._in_head:
            self.parts.append("\n\n" if tag in ("h1", "h2", "h3", "section", "table") else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "main":
            self._in_main = False
        if self._silent:
            if tag not in ("br", "img", "input", "hr", "meta", "link", "path", "line", "circle", "rect", "polyline"):
                self._silent -= 1
            return
        if tag == "thead":
            self._in_head = False
        if tag in ("td", "th") and self._in_main:
            if self._heading_text is not None:
                self._headings.append(" ".join("".join(self._heading_text).split()))
                self._heading_text = None
            elif not self._in_head:
                self.parts.append(". ")
        if tag in ("h1", "h2", "h3") and self._in_main:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._in_main or self._silent:
            return
        if self._heading_text is not None:
            self._heading_text.append(data)
        elif not self._in_head:
            self.parts.append(data.replace("\n", " "))


def prose(text: str) -> Markup:
    """Text as paragraphs: an empty line begins a new one."""
    return Markup("").join(Markup("<p>{}</p>").format(escape(part)) for part in re.split(r"\n\s*\n", text.strip()) if part)
