"""Applies what reviewers decided, paragraph by paragraph: edited words with their numbers bound anew, rejected paragraphs left out, remarks as comments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from quarterdeck.papers.claims import Bound, Line
from quarterdeck.papers.extraction import extract_tokens
from quarterdeck.papers.facts import FactBase
from quarterdeck.papers.model import Block, Paper, Paragraph, Section
from quarterdeck.papers.resolve import Resolver, names_in


class Review(Protocol):
    """What a review row offers."""

    paragraph: str
    verdict: str
    text: str
    remark: str


@dataclass(frozen=True, slots=True)
class EditorParagraph:
    """One paragraph as the editor shows it: `id` is "section/position", `facts` are (id, shown) in order."""

    id: str
    section: str
    heading: str
    text: str
    author: str
    facts: tuple[tuple[str, str], ...]


def list_paragraphs(paper: Paper) -> list[EditorParagraph]:
    """Every paragraph that can be reviewed, in reading order."""
    return [
        EditorParagraph(
            f"{section.id}/{position}",
            section.id,
            section.heading.text,
            block.line.text,
            block.line.author,
            tuple((b.fact, block.line.text[b.start : b.end]) for b in block.line.bounds),
        )
        for section in paper.sections
        for position, block in enumerate(section.blocks)
        if isinstance(block, Paragraph) and block.line.text
    ]


def apply_reviews(paper: Paper, reviews: Sequence[Review], facts: FactBase) -> Paper:
    """The paper after the reviews, the last verdict on a paragraph counting. Tables and charts are not edited: they are the evidence."""
    last: dict[str, Review] = {}
    remarks: dict[str, str] = {}
    for review in reviews:
        if review.verdict == "comment":
            remarks[review.paragraph] = review.remark
        else:
            last[review.paragraph] = review
    if not last and not remarks:
        return paper
    resolver = Resolver(facts.facts()) if any(review.verdict == "edit" for review in last.values()) else None
    return replace(paper, sections=tuple(_apply(section, last, remarks, resolver) for section in paper.sections))


def _apply(section: Section, last: Mapping[str, Review], remarks: Mapping[str, str], resolver: Resolver | None) -> Section:
    blocks: list[Block] = []
    for position, block in enumerate(section.blocks):
        key = f"{section.id}/{position}"
        review = last.get(key)
        if not isinstance(block, Paragraph) or (review is None and key not in remarks):
            blocks.append(block)
            continue
        if review is not None and review.verdict == "reject":
            # An empty paragraph keeps the positions of the others; no writer shows it.
            blocks.append(Paragraph(Line(""), block.style))
            continue
        line = block.line if review is None or review.verdict == "accept" else bind_words(review.text, block.line, resolver)
        line = replace(line, author="person") if review is not None else line
        blocks.append(Paragraph(line, block.style, remarks.get(key, "")))
    return replace(section, blocks=tuple(blocks))


def bind_words(text: str, original: Line, resolver: Resolver | None) -> Line:
    """Edited words with their statements bound: first as the original bound them, then by looking them up. The check names the rest."""
    before = {original.text[b.start : b.end]: b for b in original.bounds}
    bounds: list[Bound] = []
    taken = bytearray(len(text))
    for words, bound in sorted(before.items(), key=lambda entry: -len(entry[0])):
        start = text.find(words)
        if start >= 0 and not any(taken[start : start + len(words)]):
            taken[start : start + len(words)] = b"\x01" * len(words)
            bounds.append(replace(bound, start=start, end=start + len(words)))
    for token in extract_tokens(text, names_in(resolver.names) if resolver else ()):
        if resolver is None or any(taken[token.start : token.end]):
            continue
        resolution = resolver.resolve(token, text)
        if resolution.verdict == "resolved":
            bounds.append(Bound(token.start, token.end, resolution.fact, "text", "", token.kind))
    return Line(text, tuple(sorted(bounds, key=lambda b: b.start)), original.claim, "person")


def as_json(paper: Paper) -> list[dict[str, Any]]:
    """Paragraphs as the store keeps them."""
    return [
        {"id": p.id, "section": p.section, "heading": p.heading, "text": p.text, "author": p.author, "facts": [list(f) for f in p.facts]}
        for p in list_paragraphs(paper)
    ]
