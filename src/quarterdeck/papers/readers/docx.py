"""Reads DOCX: body, tables, text boxes, headers, footers, notes, comments and alternative texts. Deleted text is not read, inserted text is."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from quarterdeck.papers.readers.pieces import (
    Piece,
    ReadDocument,
    open_archive,
    parse,
    read_identifier,
    read_manifest_part,
    read_pictures,
    read_properties,
)
from quarterdeck.vocabulary.errors import BadInput

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_PARTS = (("header", "header"), ("footer", "footer"), ("footnotes", "footnote"), ("endnotes", "endnote"), ("comments", "comment"))


def read_docx(content: bytes, name: str) -> ReadDocument:
    """All text of a Word document with places such as "paragraph 4" and "table 2, row 3, column 1"."""
    archive = open_archive(content, name)
    if "word/document.xml" not in archive.namelist():
        raise BadInput("The file is not a Word document", thing=name)
    body = parse(archive.read("word/document.xml"), "word/document.xml").find(f"{W}body")
    pieces = list(_read_body(body)) if body is not None else []
    for part in sorted(archive.namelist()):
        for start, word in _PARTS:
            if (
                part.startswith(f"word/{start}")
                and part.endswith(".xml")
                and "Extended" not in part
                and "Ids" not in part
                and "Extensible" not in part
            ):
                root = parse(archive.read(part), part)
                pieces += [Piece(word, text) for p in root.iter(f"{W}p") if (text := _text(p)).strip()]
    pieces += read_properties(archive)
    return ReadDocument("docx", tuple(pieces), read_manifest_part(archive), read_identifier(archive), read_pictures(archive))


def _read_body(body: Element) -> Iterator[Piece]:
    paragraphs = tables = pictures = 0
    for child in body:
        if child.tag == f"{W}tbl":
            tables += 1
            yield from _read_table(child, tables)
            continue
        for paragraph in _paragraphs(child):
            if (text := _text(paragraph)).strip():
                paragraphs += 1
                yield Piece(f"paragraph {paragraphs}", text)
        for element in child.iter():
            if element.tag.endswith("}docPr") and element.get("descr"):
                pictures += 1
                yield Piece(f"picture {pictures}, alternative text", str(element.get("descr")))


def _read_table(table: Element, number: int) -> Iterator[Piece]:
    for r, row in enumerate(table.iter(f"{W}tr"), 1):
        for c, cell in enumerate(row.findall(f"{W}tc"), 1):
            text = "\n".join(_text(paragraph) for paragraph in cell.iter(f"{W}p"))
            yield Piece(f"table {number}, row {r}, column {c}", text)
    for element in table.iter():
        if element.tag in (f"{W}tblCaption", f"{W}tblDescription") and element.get(f"{W}val"):
            yield Piece(f"table {number}, alternative text", str(element.get(f"{W}val")))


def _paragraphs(element: Element) -> Iterator[Element]:
    if element.tag == f"{W}p":
        yield element
    for child in element:
        if child.tag != FALLBACK:
            yield from _paragraphs(child)


def _text(paragraph: Element) -> str:
    """Text of a paragraph without its text boxes, and without the page numbers that a program fills in."""
    parts: list[str] = []
    field = {"depth": 0, "is_page": False}

    def visit(element: Element) -> None:
        for child in element:
            if child.tag in (f"{W}p", FALLBACK, f"{W}del", f"{W}moveFrom"):
                continue
            if child.tag == f"{W}fldChar":
                kind = child.get(f"{W}fldCharType")
                field["depth"] += {"begin": 1, "end": -1}.get(str(kind), 0)
                field["is_page"] = field["is_page"] and field["depth"] > 0
            elif child.tag == f"{W}instrText":
                field["is_page"] = field["is_page"] or any(word in (child.text or "") for word in ("PAGE", "NUMPAGES", "SECTIONPAGES"))
            elif child.tag == f"{W}t" and not (field["depth"] > 0 and field["is_page"]):
                parts.append(child.text or "")
            elif child.tag in (f"{W}tab", f"{W}br", f"{W}cr"):
                parts.append(" ")
            elif child.tag == f"{W}noBreakHyphen":
                parts.append("-")
            elif child.tag == f"{W}fldSimple" and "PAGE" in str(child.get(f"{W}instr")):
                continue
            else:
                visit(child)

    visit(paragraph)
    return "".join(parts)
