"""Cells of a workbook that hold no value: formulas that were never calculated, and errors such as #REF!.

The reader of workbooks gives an empty cell for both, and an empty cell says "nothing was there". So both are looked up in the file itself.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path

CHUNK = 1 << 22
LONGEST = 1 << 16  # no cell of interest is longer
CELL = re.compile(rb'<c r="([A-Z]{1,3}[0-9]{1,7})"([^>]*)>\s*(?:<f[^>]*/>|<f[^>]*>([^<]*)</f>)?\s*(?:<v\s*/>|<v>([^<]*)</v>)?\s*</c>')


def read_broken_cells(path: Path) -> dict[str, dict[tuple[int, int], str]]:
    """By sheet: (row, column), both from 1, of each such cell, and what a person would see in it: `#REF!`, or the formula itself."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = _list_sheets(archive)
            return {name: found for name, part in parts.items() if (found := dict(_scan(archive, part)))}
    except (zipfile.BadZipFile, KeyError):
        return {}  # not the usual form of a workbook (a binary one, say); its reader will say what is wrong


def _list_sheets(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet names and where their cells lie. Read with patterns: a document type definition could otherwise grow without end."""
    relations = map(_attributes, re.findall(rb"<(?:\w+:)?Relationship\b([^>]*)>", archive.read("xl/_rels/workbook.xml.rels")))
    targets = {entry.get("Id", ""): entry.get("Target", "") for entry in relations}
    sheets = {}
    for sheet in map(_attributes, re.findall(rb"<(?:\w+:)?sheet\b([^>]*)>", archive.read("xl/workbook.xml"))):
        target = targets.get(sheet.get("r:id", ""), "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if part in archive.namelist():
            sheets[sheet.get("name", "")] = part
    return sheets


def _attributes(content: bytes) -> dict[str, str]:
    return {name.decode(): unescape(value.decode("utf-8", "replace")) for name, value in re.findall(rb'([\w:]+)="([^"]*)"', content)}


def _scan(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[tuple[int, int], str]]:
    rest = b""
    with archive.open(part) as handle:
        while chunk := handle.read(CHUNK):
            content = rest + chunk
            end = content.rfind(b"</c>") + 4 if b"</c>" in content else 0
            if b"<f" in content[:end] or b't="e"' in content[:end]:
                yield from _broken(content[:end])
            rest = content[end:][-LONGEST:]


def _broken(content: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    for reference, attributes, formula, value in CELL.findall(content):
        if b't="e"' in attributes:
            yield _place(reference.decode()), value.decode("utf-8", "replace") or "#ERROR!"
        elif formula and not value and b't="str"' not in attributes:  # a calculated text may well be empty
            yield _place(reference.decode()), "=" + formula.decode("utf-8", "replace")


def _place(reference: str) -> tuple[int, int]:
    letters = reference.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = 26 * column + ord(letter) - 64
    return int(reference[len(letters) :]), column
