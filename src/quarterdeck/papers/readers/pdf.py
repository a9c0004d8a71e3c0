"""Reads PDF: the text of each page without running feet, alternative texts of the structure tree, and the attached manifest."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

from quarterdeck.papers.readers.pieces import Piece, ReadDocument
from quarterdeck.papers.writers.pdf import ATTACHMENT
from quarterdeck.vocabulary.errors import BadInput

_ARTIFACT = re.compile(rb"/Artifact\s*(?:<<.*?>>\s*)?B[MD]C\b.*?\bEMC\b", re.DOTALL)


def read_pdf(content: bytes, name: str) -> ReadDocument:
    """One piece a page, its lines joined by spaces; then title and alternative texts."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(BytesIO(content))
        pieces = [Piece(f"page {i}", _page_text(page, reader)) for i, page in enumerate(reader.pages, 1)]
    except (PyPdfError, ValueError, KeyError, TypeError) as error:
        raise BadInput("The file is not a readable PDF", thing=f"{name}: {error}") from error
    metadata = reader.metadata
    if metadata is not None and metadata.title:
        pieces.append(Piece("document properties, title", str(metadata.title)))
    pieces += [Piece(f"picture {i}, alternative text", text) for i, text in enumerate(_alternatives(reader), 1)]
    attached = reader.attachments.get(ATTACHMENT, []) if ATTACHMENT in reader.attachments else []
    return ReadDocument("pdf", tuple(pieces), attached[0].decode("utf-8") if attached else "", "", (), len(reader.pages))


def _page_text(page: Any, reader: Any) -> str:
    from pypdf.generic import DecodedStreamObject, NameObject

    contents = page.get_contents()
    if contents is None:
        return ""
    stream = DecodedStreamObject()
    # Running feet and rules are marked as artifacts in a tagged PDF; page numbers are no statement of the paper.
    stream.set_data(_ARTIFACT.sub(b"", contents.get_data()))
    page[NameObject("/Contents")] = stream
    text = page.extract_text()
    return re.sub(r"\s+", " ", text.replace("\u00ad", "")).strip()


def _alternatives(reader: Any) -> list[str]:
    root = reader.trailer["/Root"].get("/StructTreeRoot")
    found: list[str] = []
    stack, seen = [root], set()
    while stack:
        node = stack.pop()
        node = node.get_object() if hasattr(node, "get_object") else node
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, list):
            stack += reversed(node)
        elif isinstance(node, dict):
            if "/Alt" in node:
                found.append(str(node["/Alt"]))
            if "/K" in node:
                stack.append(node["/K"])
    return found
