"""The sealed manifest of a finished file: its facts, its claims, and every piece of text with what each stretch is bound to."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from io import BytesIO
from typing import Any

from quarterdeck.papers.claims import Bound, Line
from quarterdeck.papers.extraction import extract_tokens, squeeze
from quarterdeck.papers.facts import Fact, FactBase, Value
from quarterdeck.papers.guidance import guidance_ids, load_guidance
from quarterdeck.papers.model import Paper
from quarterdeck.papers.readers.pieces import MANIFEST_NAMESPACE, Piece, ReadDocument
from quarterdeck.papers.strength import find_strengths
from quarterdeck.vocabulary.interval import DateInterval
from quarterdeck.vocabulary.period import Period

FORMAT = "quarterdeck-paper/1"
_PART = "customXml/item7301.xml"
_RELATIONS = {"docx": "word/_rels/document.xml.rels", "pptx": "ppt/_rels/presentation.xml.rels", "xlsx": "xl/_rels/workbook.xml.rels"}
_STILL = (1980, 1, 1, 0, 0, 0)  # archives of equal content are equal bytes

Span = tuple[int, int, str, str]  # start, end, kind, fact id


@dataclass(frozen=True, slots=True)
class SealedPiece:
    """A piece of the finished file and what its stretches are bound to."""

    place: str
    text: str
    spans: tuple[Span, ...]


def base_manifest(
    paper: Paper, facts: FactBase, made_at: datetime, code_version: str, settings: Mapping[str, Any], names: Iterable[str] = ()
) -> dict[str, Any]:
    """What all files of one paper share: identity, snapshot, facts by id with their values, claims."""
    text = "\n".join(line.text for _, line in paper.lines())
    return {
        "format": FORMAT,
        "paper": paper.id,
        "template": paper.template,
        "title": paper.title.text,
        "question": paper.question,
        "snapshot": facts.state.id,
        "data_cut": facts.state.data_cut.isoformat(),
        "made_at": made_at.isoformat(),
        "code_version": code_version,
        "settings": dict(settings),
        "facts": facts_of(paper, facts),
        "names": sorted(name for name in names if name and name in text),
        "claims": [claim_as_json(section, line) for section, line in paper.lines() if line.bounds],
        "missing": [{"section": m.section, "what": m.what, "why": m.why} for m in paper.missing],
    }


def facts_of(paper: Paper, facts: FactBase) -> dict[str, dict[str, Any]]:
    """The facts that the paper's lines and charts state, by id."""
    used = {bound.fact for _, line in paper.lines() for bound in line.bounds}
    used |= {fact for figure in paper.figures if figure.native for series in figure.native.series for fact in series.facts}
    return {fact_id: fact_as_json(facts.fact(fact_id)) for fact_id in sorted(used)}


def fact_as_json(fact: Fact) -> dict[str, Any]:
    """A fact as the manifest keeps it."""
    interval = fact.interval
    ends = (
        None
        if interval is None
        else [plain_value(interval.low), plain_value(interval.high) if interval.high is not None else None, interval.level]
    )
    return {
        "label": fact.label, "value": plain_value(fact.value), "unit": fact.unit, "interval": ends, "source": fact.source, "definition": fact.definition,
        "as_of": fact.as_of.isoformat() if fact.as_of else None, "status": fact.status, "dates": isinstance(interval, DateInterval),
    }  # fmt: skip


def claim_as_json(section: str, line: Line) -> dict[str, Any]:
    """A claim: its name, its sentence, and its bindings in order."""
    return {
        "claim": line.claim,
        "section": section,
        "text": line.text,
        "author": line.author,
        "facts": [[b.fact, b.form, b.noun, line.text[b.start : b.end]] for b in line.bounds],
    }


def plain_value(value: Value) -> str | float:
    """A value as JSON holds it."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Period):
        return f"{value.first}..{value.last}"
    return value


def bind_pieces(document: ReadDocument, paper: Paper, names: Iterable[str]) -> list[SealedPiece]:
    """Every piece of the finished file with its bound stretches: by the line it renders, else token by token."""
    lines = {line.text: line for _, line in paper.lines() if line.text}
    tokens = _known_tokens(paper, names)
    values = _chart_values(paper)
    names = tuple(names)
    placed = _PlacedLines(paper) if document.format == "pdf" else None
    return [_bind(piece, lines, tokens, values, names, placed.spans(piece.text) if placed else ()) for piece in document.pieces]


class _PlacedLines:
    """Finds the lines of a paper in the running text of a page, where lines break anywhere, also inside a name."""

    def __init__(self, paper: Paper) -> None:
        known = {line.text: line for _, line in paper.lines() if line.bounds and len(line.text) > 4}
        self._lines = sorted(known.values(), key=lambda line: -len(line.text))

    def spans(self, text: str) -> list[Span]:
        """Bound stretches of all lines that stand on the page whole, longer lines first."""
        page, where = _closed_up(text)
        taken = bytearray(len(page))
        found: list[Span] = []
        for line in self._lines:
            words, places = _closed_up(line.text)
            start = page.find(words) if words else -1
            while start >= 0:
                if not any(taken[start : start + len(words)]):
                    taken[start : start + len(words)] = b"\x01" * len(words)
                    found += [span for bound in line.bounds if (span := _placed(bound, places, where, start)) is not None]
                start = page.find(words, start + 1)
        return found


def _closed_up(text: str) -> tuple[str, list[int]]:
    """The text without spaces, and for each letter left its place in the text."""
    kept = [(c, i) for i, c in enumerate(text) if not c.isspace() and c != "\u00ad"]
    return "".join(c for c, _ in kept), [i for _, i in kept]


def _placed(bound: Bound, places: list[int], where: list[int], start: int) -> Span | None:
    inside = [n for n, place in enumerate(places) if bound.start <= place < bound.end]
    if not inside:
        return None
    return where[start + inside[0]], where[start + inside[-1]] + 1, bound.kind, bound.fact


def _bind(
    piece: Piece,
    lines: Mapping[str, Line],
    tokens: Mapping[str, str],
    values: Mapping[str, str],
    names: tuple[str, ...],
    placed: Iterable[Span],
) -> SealedPiece:
    spans: list[Span] = list(placed)
    if ("chart" in piece.place or piece.place.startswith("sheet")) and (fact := values.get(_float_key(piece.text))):
        return SealedPiece(piece.place, piece.text, ((0, len(piece.text), "number", fact),))
    if "error bar" in piece.place:
        return SealedPiece(piece.place, piece.text, ((0, len(piece.text), "number", "interval"),))
    line = lines.get(piece.text)
    if line is not None:
        spans = [(b.start, b.end, b.kind, b.fact) for b in line.bounds]
    for token in extract_tokens(piece.text, names):
        overlapping = [s for s in spans if s[0] < token.end and token.start < s[1]]
        if overlapping:  # "68 sites": the unit belongs to the number that is bound
            first = overlapping[0]
            widest = (min(first[0], token.start), max(first[1], token.end), first[2], first[3])
            spans = [widest if s == first else s for s in spans]
            continue
        fact = tokens.get(squeeze(token.text), "")
        if not fact and token.kind == "guidance" and token.value in guidance_ids():
            fact = f"guidance:{load_guidance()[str(token.value)].designation}"
        if not fact and (token.kind == "name" or piece.place.startswith("sheet Sources")):
            fact = f"name:{token.text}"
        spans.append((token.start, token.end, token.kind, fact))
    spans += [
        (start, end, "strength", "strength")
        for _, start, end in find_strengths(piece.text)
        if not any(s[0] < end and start < s[1] for s in spans)
    ]
    return SealedPiece(piece.place, piece.text, tuple(sorted(spans)))


def _known_tokens(paper: Paper, names: Iterable[str]) -> dict[str, str]:
    known: dict[str, str] = {}
    names = tuple(names)
    for _, line in paper.lines():
        for token in extract_tokens(line.text, names):
            for bound in line.bounds:
                if bound.start < token.end and token.start < bound.end:
                    known.setdefault(squeeze(token.text), bound.fact)
        for bound in line.bounds:
            known.setdefault(squeeze(line.text[bound.start : bound.end]), bound.fact)
    return known


def _chart_values(paper: Paper) -> dict[str, str]:
    return {
        _float_key(value): fact
        for figure in paper.figures
        if figure.native
        for series in figure.native.series
        for value, fact in zip(series.values, series.facts, strict=True)
        if value is not None
    }


def _float_key(text: object) -> str:
    try:
        return f"{float(str(text)):.12g}"
    except ValueError:
        return "not a number"


def lines_not_found(document: ReadDocument, paper: Paper) -> list[str]:
    """Lines of the paper that the finished file does not show. A deck leaves out annexes; a PDF breaks lines, so spaces are ignored."""
    shown = squeeze(document.text)
    left_out = {section.id for section in paper.sections if section.is_annex} if document.format == "pptx" else set()
    prose_only = document.format in ("pptx", "xlsx")
    counted: defaultdict[str, int] = defaultdict(int)
    for section, line in paper.lines():
        if line.text and section not in left_out:
            counted[line.text] += 1
    missing = [text for text in counted if squeeze(text) not in shown]
    if not prose_only:
        return [text for text in missing if text != paper.footer.text]
    wanted = {figure.caption.text for figure in paper.figures} | {paper.title.text}
    return [text for text in missing if text in wanted and document.format == "pptx"]


def seal(base: Mapping[str, Any], file_format: str, pieces: Iterable[SealedPiece], pictures: Iterable[str]) -> bytes:
    """The manifest of one file as canonical JSON, sealed by a hash over everything else in it."""
    content = {
        **base,
        "file": {
            "format": file_format,
            "pieces": [[p.place, p.text, [list(s) for s in p.spans]] for p in pieces],
            "pictures": list(pictures),
        },
    }
    content["seal"] = seal_of(content)
    return json.dumps(content, ensure_ascii=False, sort_keys=True).encode()


def seal_of(manifest: Mapping[str, Any]) -> str:
    """The hash that a manifest must carry."""
    rest = {key: value for key, value in manifest.items() if key != "seal"}
    return hashlib.sha256(json.dumps(rest, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def sealed_pieces(manifest: Mapping[str, Any]) -> list[SealedPiece]:
    """The pieces as they were sealed."""
    return [SealedPiece(place, text, tuple((s[0], s[1], s[2], s[3]) for s in spans)) for place, text, spans in manifest["file"]["pieces"]]


def embed(content: bytes, file_format: str, manifest: bytes) -> bytes:
    """An Office file with the manifest as a custom XML part, related to its main part so that programs keep it."""
    xml = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<manifest xmlns="{MANIFEST_NAMESPACE}">{escape(manifest.decode(), quote=False)}</manifest>'
    relation = '<Relationship Id="rIdQuarterdeck" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/customXml" Target="../customXml/item7301.xml"/></Relationships>'
    stream = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as source, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == _RELATIONS[file_format]:
                data = data.replace(b"</Relationships>", relation.encode())
            target.writestr(_entry(name), data)
        target.writestr(_entry(_PART), xml.encode())
    return stream.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _STILL)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info
