"""What a reader gives: pieces of text with their places, and what else the file carries."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from quarterdeck.vocabulary.errors import BadInput

MANIFEST_NAMESPACE = "urn:quarterdeck:manifest:1"
LARGEST = 400 * 1024 * 1024  # unpacked; a paper is a hundredth of it, a bomb is more


@dataclass(frozen=True, slots=True)
class Piece:
    """A paragraph, cell, chart value, note or alternative text, and where a reader finds it."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A finished file as read back. `manifest` is the text it carries, if any; `pictures` are content hashes in order of name."""

    format: str
    pieces: tuple[Piece, ...]
    manifest: str = ""
    identifier: str = ""
    pictures: tuple[str, ...] = ()
    pages: int = 0

    @property
    def text(self) -> str:
        """All pieces, one a line."""
        return "\n".join(piece.text for piece in self.pieces)

    @property
    def words(self) -> int:
        """Words of prose: chart data and alternative texts are not counted."""
        return sum(
            len(piece.text.split())
            for piece in self.pieces
            if not any(mark in piece.place for mark in ("chart", "alternative text", "properties", "notes", "sheet"))
        )


def open_archive(content: bytes, name: str) -> zipfile.ZipFile:
    """An Office file as an archive. Raises BadInput for what is not one, or unpacks to more than any paper does."""
    try:
        archive = zipfile.ZipFile(BytesIO(content))
        size = sum(info.file_size for info in archive.infolist())
    except zipfile.BadZipFile as error:
        raise BadInput(
            "The file is not a readable Office document", thing=name, next_step="Save it again from the program that made it."
        ) from error
    if size > LARGEST:
        raise BadInput("The file unpacks to more than a paper can hold", thing=f"{name}: {size:,} bytes", allowed=f"at most {LARGEST:,}")
    return archive


def read_manifest_part(archive: zipfile.ZipFile) -> str:
    """The manifest among the custom XML parts, or an empty text."""
    for name in sorted(archive.namelist()):
        if name.startswith("customXml/") and name.endswith(".xml"):
            content = archive.read(name)
            if MANIFEST_NAMESPACE.encode() in content and (root := parse(content, name)).tag == f"{{{MANIFEST_NAMESPACE}}}manifest":
                return root.text or ""
    return ""


def read_pictures(archive: zipfile.ZipFile) -> tuple[str, ...]:
    """Hashes of the pictures, in order of content so that a program may rename them."""
    names = [name for name in archive.namelist() if "/media/" in name]
    return tuple(sorted(hashlib.sha256(archive.read(name)).hexdigest() for name in names))


def read_identifier(archive: zipfile.ZipFile) -> str:
    """The identifier among the core properties: the paper's own id."""
    return next((e.text or "" for e in _core(archive) if e.tag.endswith("}identifier")), "")


def read_properties(archive: zipfile.ZipFile) -> list[Piece]:
    """Title and subject, which a reader sees in the window and a search engine in its list."""
    return [
        Piece(f"document properties, {tag}", e.text)
        for e in _core(archive)
        for tag in ("title", "subject")
        if e.tag.endswith(f"}}{tag}") and e.text
    ]


def parse(content: bytes, name: str) -> Element:
    """XML of one part; entities and document types are refused."""
    try:
        root: Element = fromstring(content, forbid_dtd=True)
        return root
    except Exception as error:
        raise BadInput(
            "A part of the file is not readable", thing=f"{name}: {error}", next_step="Save it again from the program that made it."
        ) from error


def _core(archive: zipfile.ZipFile) -> list[Any]:
    if "docProps/core.xml" not in archive.namelist():
        return []
    return list(parse(archive.read("docProps/core.xml"), "docProps/core.xml").iter())
