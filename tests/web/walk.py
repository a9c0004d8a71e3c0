"""Reads finished pages as a reader would: prose, numbers, headings, links."""

from __future__ import annotations

import re
from html.parser import HTMLParser

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
VOID = ("br", "img", "input", "hr", "meta", "link", "path", "line", "circle", "rect", "polyline", "source", "wbr")
# Not prose: tables and pictures have their own values; forms and navigation state no facts; code and names are quoted.
APART = ("table", "svg", "form", "nav", "script", "style", "noscript", "code", "pre", "kbd", "button", "select")


class Page(HTMLParser):
    """What a test asks of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.prose: list[str] = []
        self.headings: list[int] = []
        self.links: list[str] = []
        self.sources: list[str] = []
        self.ids: list[str] = []
        self.inline: list[str] = []
        self._stack: list[tuple[str, bool]] = []
        self._in_main = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "style" in given or any(name.startswith("on") for name in given) or (tag in ("script", "style") and "src" not in given):
            self.inline.append(f"{tag} {given}")
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        self.sources += [given[name] for name in ("src", "href", "action", "hx-get") if name in given and tag != "a"]
        if "id" in given:
            self.ids.append(given["id"])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "main":
            self._in_main = True
        if tag not in VOID:
            is_apart = tag in APART or "mono" in given.get("class", "").split() or "data-silent" in given
            self._stack.append((tag, is_apart))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if tag == "main":
            self._in_main = False
        while self._stack:
            if self._stack.pop()[0] == tag:
                break
        if tag in ("p", "li", "h1", "h2", "h3", "dd", "dt", "summary", "figcaption"):
            self.prose.append("\n")

    def handle_data(self, data: str) -> None:
        if self._in_main and not any(is_apart for _, is_apart in self._stack):
            self.prose.append(data)


def numbers(text: str) -> set[str]:
    """The numbers in a text, without thousands commas."""
    return {found.replace(",", "").rstrip(".") for found in NUMBER.findall(text)}


def uncited(html: str, values: list[str]) -> set[str]:
    """Numbers in the prose of a page that occur in none of the values it cites."""
    known: set[str] = set()
    for value in values:
        known |= numbers(str(value))
    return {
        number for number in numbers("".join(Page(html).prose)) if number not in known and float(number) not in {float(k) for k in known}
    }
