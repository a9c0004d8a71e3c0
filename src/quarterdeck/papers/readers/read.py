"""Chooses the reader of a file by its name, or by its first bytes where the name says nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from quarterdeck.papers.readers.docx import read_docx
from quarterdeck.papers.readers.other import read_html, read_text, read_xlsx
from quarterdeck.papers.readers.pdf import read_pdf
from quarterdeck.papers.readers.pieces import ReadDocument
from quarterdeck.papers.readers.pptx import read_pptx
from quarterdeck.vocabulary.errors import BadInput, NotFound

Reader = Callable[[bytes, str], ReadDocument]
READERS: dict[str, Reader] = {
    ".docx": read_docx, ".pptx": read_pptx, ".pdf": read_pdf, ".html": read_html, ".htm": read_html, ".xlsx": read_xlsx, ".txt": read_text, ".md": read_text, ".eml": read_text,
}  # fmt: skip


def read_document(path: Path) -> ReadDocument:
    """A finished file as pieces. Raises NotFound, or BadInput for a format that is not read."""
    if not path.is_file():
        raise NotFound("No such file", thing=str(path))
    return read_bytes(path.read_bytes(), path.name)


def read_bytes(content: bytes, name: str) -> ReadDocument:
    """The same for bytes in hand."""
    suffix = Path(name).suffix.lower()
    if suffix not in READERS:
        if content.startswith(b"%PDF"):
            suffix = ".pdf"
        elif not suffix:
            suffix = ".txt"
        else:
            raise BadInput(
                "This kind of file is not read",
                thing=name,
                allowed=sorted(READERS),
                next_step="Save it in one of these, or paste its text.",
            )
    return READERS[suffix](content, name)
