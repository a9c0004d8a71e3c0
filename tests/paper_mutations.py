"""Random damage to finished papers: one digit, date, unit, name, citation or quoted word changed in a DOCX, PPTX or PDF. Returns what was changed."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from quarterdeck.papers.extraction import squeeze
from quarterdeck.papers.model import Paper
from quarterdeck.papers.readers.read import read_bytes

KINDS = ("digit", "date", "unit", "name", "citation", "quotation")
_UNITS = (
    ("%", " days"),
    ("days", "weeks"),
    ("months", "weeks"),
    ("weeks", "months"),
    ("years", "months"),
    ("£", "€"),
    ("€", "£"),
    ("million", "billion"),
    ("participants", "sites"),
    ("per audit", "per site"),
)
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")


@dataclass(frozen=True)
class Damage:
    """What was changed where."""

    kind: str
    place: str
    before: str
    after: str
    content: bytes


def damage_file(content: bytes, file_format: str, kind: str, rng: random.Random, paper: Paper | None = None) -> Damage | None:
    """One random change of this kind; None where the file holds nothing of the kind. A PDF needs the paper it was written from."""
    document = read_bytes(content, f"x.{file_format}")
    manifest = json.loads(document.manifest)
    candidates = [
        (place, text, damaged)
        for place, text, spans in manifest["file"]["pieces"]
        if "Sources" not in place
        for damaged in [_damage(text, spans, kind, rng, manifest["names"])]
        if damaged and damaged != text
    ]
    rng.shuffle(candidates)
    for place, text, damaged in candidates[:40]:
        if "properties" in place or (file_format == "pdf" and not place.startswith("page")):
            continue
        changed = _write(content, file_format, place, text, damaged, paper, document.manifest)
        if changed is not None and _shows(changed, file_format, text, damaged):
            return Damage(kind, place, text, damaged, changed)
    return None


def _shows(changed: bytes, file_format: str, before: str, after: str) -> bool:
    """Whether the damaged words can be read where they were meant: a change of layout, or of another place, is not this damage."""
    at = next(i for i, (a, b) in enumerate(zip(f"{before}\0", f"{after}\0", strict=False)) if a != b)
    return squeeze(after[max(0, at - 12) : at + 18]) in _words(changed, file_format)


def _words(content: bytes, file_format: str) -> str:
    return squeeze(read_bytes(content, f"x.{file_format}").text)


def _damage(text: str, spans: list[list[Any]], kind: str, rng: random.Random, names: list[str]) -> str | None:
    chosen = list(spans)
    rng.shuffle(chosen)
    for start, end, span_kind, fact in chosen:
        old = text[start:end]
        new = _damage_words(old, kind, span_kind, fact, rng, names)
        if new and new != old:
            return text[:start] + new + text[end:]
    return None


def _damage_words(old: str, kind: str, span_kind: str, fact: str, rng: random.Random, names: list[str]) -> str | None:
    if kind == "digit" and re.search(r"\d", old) and span_kind not in ("name",):
        places = [m.start() for m in re.finditer(r"\d", old)]
        at = rng.choice(places)
        return old[:at] + rng.choice([d for d in "0123456789" if d != old[at]]) + old[at + 1 :]
    if kind == "date" and (match := re.search("|".join(_MONTHS), old)):
        return old.replace(match.group(), rng.choice([m for m in _MONTHS if m != match.group()]), 1)
    if kind == "unit":
        for before, after in rng.sample(_UNITS, len(_UNITS)):
            if before in old and span_kind not in ("text", "name"):
                return old.replace(before, after, 1)
    if kind == "name" and span_kind == "name" and len(old) > 3:
        at = rng.randrange(len(old) - 1)
        return old[:at] + rng.choice([c for c in "abcdefghkmnpqrstuvwxyzABCDEFGH0123456789" if c != old[at]]) + old[at + 1 :]
    if kind == "quotation" and span_kind == "text" and (words := re.findall(r"[a-z]{5,}", old)):
        return old.replace(rng.choice(words), rng.choice(["never", "hardly", "gladly", "elsewhere"]), 1)
    if kind == "citation" and (span_kind in ("guidance", "citation") or "publisher" in fact or "snapshot" in fact) and len(old) > 2:
        at = rng.choice([i for i, c in enumerate(old) if c.isalnum()])
        return old[:at] + rng.choice([c for c in "ABCDEFGHKMNPRS2345789" if c != old[at]]) + old[at + 1 :]
    return None


def _write(content: bytes, file_format: str, place: str, old: str, new: str, paper: Paper | None, manifest: str) -> bytes | None:
    if file_format == "docx":
        return _write_docx(content, old, new)
    if file_format == "pptx":
        return _write_pptx(content, place, old, new)
    assert paper is not None
    return _write_pdf(paper, old, new, manifest)


def _write_docx(content: bytes, old: str, new: str) -> bytes | None:
    from docx import Document

    document = Document(BytesIO(content))
    paragraphs = [
        *document.paragraphs,
        *(p for table in document.tables for row in table.rows for cell in row.cells for p in cell.paragraphs),
        *document.sections[0].footer.paragraphs,
    ]
    for paragraph in paragraphs:
        if paragraph.text == old or (paragraph.runs and paragraph.runs[0].text.strip() == old.strip()):
            paragraph.runs[0].text = new
            stream = BytesIO()
            document.save(stream)
            return stream.getvalue()
    return None


def _write_pptx(content: bytes, place: str, old: str, new: str) -> bytes | None:
    from pptx import Presentation
    from pptx.oxml.ns import qn

    deck = Presentation(BytesIO(content))
    number = int(re.search(r"slide (\d+)", place).group(1))  # type: ignore[union-attr]
    slide = deck.slides[number - 1]
    roots = [slide._element, *(s.chart._chartSpace for s in slide.shapes if getattr(s, "has_chart", False) and s.has_chart)]
    if slide.has_notes_slide:
        roots.append(slide.notes_slide._element)
    for root in roots:
        for element in root.iter(qn("a:t"), qn("c:v")):
            if element.text == old:
                element.text = new
                stream = BytesIO()
                deck.save(stream)
                return stream.getvalue()
    return None


def _write_pdf(paper: Paper, old: str, new: str, manifest: str) -> bytes | None:
    """PDF text cannot be replaced in place (fonts are subsets), so the page is set again with the damage and the old manifest."""
    import typst

    from quarterdeck.papers.writers import pdf
    from quarterdeck.papers.writers.look import FONT_FOLDER

    at = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), None)
    if at is None:
        return None
    with TemporaryDirectory() as folder:
        where = Path(folder)
        source = pdf._source(paper, where)
        # The page's text runs on; the literal that holds the damaged place is found by its surroundings.
        for width in (60, 40, 25, 14, 8):
            before, after = old[max(0, at - width) : at + width], new[max(0, at - width) : at + width + len(new) - len(old)]
            for trim in range(width):
                a, b = before[trim : len(before) - trim], after[trim : len(after) - trim]
                if a != b and len(a) > 3 and source.count(a) >= 1 and f'"{a}' not in ("",):
                    head = source.index("#block(below: 1em, text(size: 22pt")
                    if a not in source[head:]:
                        continue
                    source = source[:head] + source[head:].replace(a, b, 1)
                    (where / pdf.ATTACHMENT).write_text(manifest, encoding="utf-8")
                    (where / "paper.typ").write_text(
                        f'#pdf.attach("{pdf.ATTACHMENT}", mime-type: "application/json", relationship: "data", description: "x")\n{source}',
                        encoding="utf-8",
                    )
                    return bytes(
                        typst.compile(
                            str(where / "paper.typ"),
                            root=str(where),
                            font_paths=[str(FONT_FOLDER)],
                            ignore_system_fonts=True,
                            format="pdf",
                            pdf_standards="ua-1",
                            timestamp=0,
                        )
                    )
    return None
