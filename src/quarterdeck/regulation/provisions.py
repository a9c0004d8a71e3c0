"""Cuts a text into provisions with addresses: CFR paragraphs, articles, numbered sections, or plain paragraphs."""

from __future__ import annotations

import re

from quarterdeck.regulation.model import Provision, Span

_SECTION = re.compile(
    r"^#{0,6}\s*(?:§+\s*(?P<cfr>\d+\.\d+[a-z]?)|(?P<art>Article|Art\.|ANNEX|Annex|Schedule|SCHEDULE|Part|PART|Subpart)\s+(?P<number>[0-9]+[a-z]?|[IVXLC]+|[A-Z])\b)\s*[—–.:\-]?\s*(?P<rest>.*)$"
)
_REGULATION = re.compile(r"^#{1,6}\s*reg(?:ulation)?\.?\s+(?P<number>\d+[A-Z]?(?:\(\d+\))?)\s*(?P<rest>.*)$", re.IGNORECASE)
_HEADING = re.compile(r"^(?P<number>(?:\d+\.)+\d*|[IVX]+\.|[A-Z]\.)\s+(?P<rest>[A-Z][^.;]{2,120})$")
_LABEL = re.compile(r"^[-–•*]?\s*(?P<labels>(?:\((?:[a-z]{1,4}|\d{1,2}|[A-Z])\)\s*)+|\d{1,2}\.\s(?=[A-Z(])|\[[\w.]+\]\s*)")
_LEVELS = (re.compile(r"[a-z]$"), re.compile(r"\d+$"), re.compile(r"[ivxl]+$"), re.compile(r"[A-Z]$"))
_BLOCK = re.compile(r"[^\n]+(?:\n(?!\s*\n)[^\n]+)*")


def split_provisions(text: str) -> list[Provision]:
    """Provisions of a text in order, each with its address, words and span. Empty text gives none.

    >>> [p.path for p in split_provisions("§ 312.32 Reports.\\n\\n(c) Duty.\\n\\n(1) The sponsor must report.")]
    ['312.32', '312.32(c)', '312.32(c)(1)']
    """
    provisions: list[Provision] = []
    where, heading, stack = "", "", []  # type: str, str, list[str]
    seen: dict[str, int] = {}
    for block in _blocks(text):
        piece = block[2]
        section = _SECTION.match(piece) or _REGULATION.match(piece) or _HEADING.match(piece)
        if section and len(piece) < 300:
            where, stack = _address(section), []
            heading = section["rest"].strip()
            provisions.append(Provision(_unique(where, seen), piece, Span(block[0], block[1]), heading))
            continue
        label = _LABEL.match(piece)
        if label:
            stack = _stack(stack, re.findall(r"[\w.]+", label["labels"]))
        path = where + "".join(f"({entry.rstrip('.')})" for entry in stack) if label or not where else where
        provisions.append(Provision(_unique(path or "paragraph", seen), piece, Span(block[0], block[1]), heading))
    return provisions


def _blocks(text: str) -> list[tuple[int, int, str]]:
    blocks = []
    for match in _BLOCK.finditer(text):
        start, end = match.start(), match.end()
        # Lines that begin with a label of their own are provisions of their own.
        cut = start
        for inner in re.finditer(r"\n(?=\s*(?:\((?:[a-z]{1,3}|\d{1,2})\)\s|[-•*]\s|#{1,6}\s|§))", match[0]):
            blocks.append((cut, start + inner.start()))
            cut = start + inner.end()
        blocks.append((cut, end))
    found = []
    for start, end in blocks:
        piece = re.sub(r"\s+", " ", text[start:end]).strip()
        if piece:
            found.append((start, end, piece))
    return found


def _address(match: re.Match[str]) -> str:
    groups = match.groupdict()
    if groups.get("cfr"):
        return str(groups["cfr"])
    if groups.get("art"):
        word = str(groups["art"]).lower().rstrip(".")
        return f"{ {'article': 'art', 'art': 'art'}.get(word, word) } {groups['number']}"
    if match.re is _REGULATION:
        return f"reg {groups['number']}"
    return str(groups["number"]).rstrip(".")


def _stack(stack: list[str], labels: list[str]) -> list[str]:
    for label in labels:
        if "." in label.strip("."):
            return [label]
        label = label.rstrip(".")
        level = _level(label, stack)
        stack = [*stack[:level], label]
    return stack


def _level(label: str, stack: list[str]) -> int:
    """The depth of a label: (i) continues roman numerals where they are open or follow a number, and is a letter otherwise."""
    options = [depth for depth, pattern in enumerate(_LEVELS) if pattern.fullmatch(label)]
    if 0 in options and 2 in options:  # i, v, x, l, c...
        if len(stack) >= 3 and _LEVELS[2].fullmatch(stack[2]):
            return 2
        if stack and not (len(stack) >= 1 and stack[0] and label == chr(ord(stack[0][0]) + 1)):
            return min(2, len(stack))
        return 0
    if not options:
        return min(len(stack), 2)
    return min(options[0], len(stack))


def _unique(path: str, seen: dict[str, int]) -> str:
    seen[path] = seen.get(path, 0) + 1
    return path if seen[path] == 1 else f"{path} ¶{seen[path]}"
