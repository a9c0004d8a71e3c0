"""Renders a paper to files: writes each format, reads it back, binds every piece, seals the manifest inside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from quarterdeck import __version__
from quarterdeck.papers.facts import FactBase
from quarterdeck.papers.manifest import base_manifest, bind_pieces, embed, lines_not_found, seal
from quarterdeck.papers.model import Paper
from quarterdeck.papers.readers.read import read_bytes
from quarterdeck.papers.template import FORMATS, get_template
from quarterdeck.papers.writers.docx import write_docx
from quarterdeck.papers.writers.html import write_html
from quarterdeck.papers.writers.pdf import write_pdf
from quarterdeck.papers.writers.pptx import write_pptx
from quarterdeck.papers.writers.xlsx import write_xlsx
from quarterdeck.vocabulary.errors import IntegrityBroken


@dataclass(frozen=True, slots=True)
class Rendered:
    """Files and manifests by format, the base manifest they share, and the hash a signature covers."""

    paper: Paper
    base: Mapping[str, Any]
    files: Mapping[str, bytes]
    manifests: Mapping[str, bytes]

    @property
    def content_hash(self) -> str:
        """SHA-256 over the claims and lines: the same in every format."""
        return str(self.base["content_hash"])


def hash_content(paper: Paper) -> str:
    """What a signature covers: every line of the paper in order."""
    return hashlib.sha256("\n".join(f"{section}\t{line.text}" for section, line in paper.lines()).encode()).hexdigest()


def render_paper(
    paper: Paper,
    facts: FactBase,
    made_at: datetime,
    formats: Iterable[str] = FORMATS,
    pptx_template: Path | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Rendered:
    """The paper in each format, sealed. Raises IntegrityBroken where a finished file does not show a line of the paper."""
    names = [name for name in facts.names() if len(name) > 2 and not name.isdigit()]
    template = get_template(paper.template)
    base = base_manifest(
        paper,
        facts,
        made_at,
        __version__,
        {"template_hash": template.hash, "currency": facts.state.base_currency, **(settings or {})},
        names,
    )
    base["variant"] = paper.variant
    base["content_hash"] = hash_content(paper)
    files: dict[str, bytes] = {}
    manifests: dict[str, bytes] = {}
    for file_format in formats:
        files[file_format], manifests[file_format] = _render(paper, base, made_at, file_format, pptx_template)
    return Rendered(paper, base, files, manifests)


def _render(paper: Paper, base: dict[str, Any], made_at: datetime, file_format: str, pptx_template: Path | None) -> tuple[bytes, bytes]:
    content = _write(paper, base, made_at, file_format, pptx_template)
    document = read_bytes(content, f"paper.{file_format}")
    if missing := lines_not_found(document, paper):
        raise IntegrityBroken(
            "A finished file does not show what the paper says", thing=f"{file_format}: {missing[0]!r} and {len(missing) - 1} more"
        )
    pieces = bind_pieces(document, paper, base["names"])
    manifest = seal(base, file_format, pieces, document.pictures)
    if file_format == "pdf":
        return write_pdf(paper, made_at, manifest), manifest
    if file_format == "html":
        return write_html(paper, manifest), manifest
    return embed(content, file_format, manifest), manifest


def _write(paper: Paper, base: Mapping[str, Any], made_at: datetime, file_format: str, pptx_template: Path | None) -> bytes:
    if file_format == "pptx":
        return write_pptx(paper, made_at, pptx_template)
    if file_format == "docx":
        return write_docx(paper, made_at)
    if file_format == "pdf":
        return write_pdf(paper, made_at)
    if file_format == "html":
        return write_html(paper)
    return write_xlsx(paper, made_at, base["facts"])
