"""Lets a language model say a paper's sentences in plainer words, and nothing else: values travel as marks, and the words are held to the original's.

A sentence is replaced only where the model's words keep every mark in order, add no statement, no outlook, no negation and no new content word
to the stretch between two marks. Everything else falls back to the template's sentence, and the paper says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

from pydantic import BaseModel

from quarterdeck.assistant.contract import Phrased, Question
from quarterdeck.assistant.model import ask
from quarterdeck.data_files import read_yaml
from quarterdeck.papers.claims import Bound, Line
from quarterdeck.papers.extraction import extract_tokens
from quarterdeck.papers.model import Paper, Paragraph, Section
from quarterdeck.papers.strength import find_strengths
from quarterdeck.record.database import Record
from quarterdeck.record.permissions import MACHINE, Actor
from quarterdeck.vocabulary.settings import Settings

_MARK = re.compile(r"⟦(\d+)⟧")
_NEGATIONS = (
    "not",
    "no",
    "never",
    "none",
    "without",
    "cannot",
    "nor",
    "neither",
    "hardly",
    "barely",
    "n't",
    "unless",
    "except",
    "fail",
    "fails",
    "failed",
)


@dataclass(frozen=True, slots=True)
class Phrasing:
    """The paper in other words, how many sentences were taken, and why others were not."""

    paper: Paper
    used: int
    offered: int
    note: str


def phrase_paper(
    paper: Paper, settings: Settings, record: Record, now: datetime, actor: Actor = MACHINE, names: Sequence[str] = ()
) -> Phrasing:
    """The paper with its prose phrased by the model where it stands the judgement; without a model, the paper as it is."""
    lines = {
        f"s{s}b{b}": block.line
        for s, section in enumerate(paper.sections)
        for b, block in enumerate(section.blocks)
        if isinstance(block, Paragraph) and _may_be_phrased(block.line)
    }
    if not lines:
        return Phrasing(paper, 0, 0, "no sentence to phrase")
    marked = {key: mark_line(line) for key, line in lines.items()}
    material = "\n".join(f"{key}: {text}" for key, text in marked.items())

    def judge(value: BaseModel) -> list[str]:
        assert isinstance(value, Phrased)
        known = [s for s in value.sentences if s.id in marked]
        if not known:
            return ["leaves out every sentence"]
        good = [s for s in known if not judge_sentence(marked[s.id], s.text)]
        return [] if good else judge_sentence(marked[known[0].id], known[0].text)

    answer = ask(settings, record, actor, Question("phrase", material, names), Phrased, judge, now)
    if answer.value is None:
        return Phrasing(paper, 0, len(lines), f"The template's own words stand: {answer.reason or answer.outcome}.")
    taken = {
        s.id: s.text
        for s in answer.value.sentences
        if s.id in marked and not judge_sentence(marked[s.id], s.text) and s.text != marked[s.id]
    }
    return Phrasing(
        _with(paper, {key: unmark_line(text, lines[key]) for key, text in taken.items()}),
        len(taken),
        len(lines),
        f"Phrased by {answer.model}, prompt {answer.prompt_version}.",
    )


def mark_line(line: Line) -> str:
    """The sentence with a mark in place of each bound stretch: no value leaves the house.

    >>> mark_line(Line("It was 6.2%.", (Bound(7, 11, "f", "value"),)))
    'It was ⟦1⟧.'
    """
    text, last = "", 0
    for i, bound in enumerate(sorted(line.bounds, key=lambda b: b.start), 1):
        text += line.text[last : bound.start] + f"⟦{i}⟧"
        last = bound.end
    return text + line.text[last:]


def unmark_line(text: str, original: Line) -> Line:
    """The phrased sentence with its values back in place, each bound as before, and marked as written by a machine."""
    bounds = sorted(original.bounds, key=lambda b: b.start)
    result, last, placed = "", 0, []
    for match in _MARK.finditer(text):
        bound = bounds[int(match.group(1)) - 1]
        result += text[last : match.start()]
        words = original.text[bound.start : bound.end]
        placed.append(replace(bound, start=len(result), end=len(result) + len(words)))
        result += words
        last = match.end()
    return Line(result + text[last:], tuple(placed), original.claim, "machine")


def judge_sentence(original: str, phrased: str) -> list[str]:
    """What is wrong with a phrased sentence, in words; empty where it may stand."""
    problems = []
    if _MARK.findall(original) != _MARK.findall(phrased):
        problems.append("changes, drops or reorders a value")
    if stated := [t.text for t in extract_tokens(_MARK.sub(" ", phrased)) if t.text not in original]:
        problems.append(f"states {stated[0]!r}, which no fact carries")
    if Counter(s.phrase for s, _, _ in find_strengths(original)) != Counter(s.phrase for s, _, _ in find_strengths(phrased)):
        problems.append("changes a word of strength")
    if Counter(find_negations(original)) != Counter(find_negations(phrased)):
        problems.append("changes a negation")
    if new := find_new_words(original, phrased):
        problems.append(f"states something of its own: {', '.join(sorted(new)[:3])}")
    if lost := _lost_words(original, phrased):
        problems.append(f"leaves out: {', '.join(sorted(lost)[:3])}")
    if re.search(r"[<>{}\[\]|`]|https?:|⟪", phrased) or len(phrased) > 1.6 * len(original) + 40:
        problems.append("changes the form of a sentence")
    return problems


def find_new_words(original: str, phrased: str) -> set[str]:
    """Content words of each stretch between two marks that the same stretch of the original lacks."""
    before, after = _MARK.split(original)[::2], _MARK.split(phrased)[::2]
    if len(before) != len(after):
        return {"a mark"}
    found: set[str] = set()
    for old, new in zip(before, after, strict=True):
        allowed = {s for word in _stems(old) for s in _synonyms().get(word, {word})} | _stems(old)
        found |= _stems(new) - allowed
    return found


def _lost_words(original: str, phrased: str) -> set[str]:
    before, after = _MARK.split(original)[::2], _MARK.split(phrased)[::2]
    if len(before) != len(after):
        return set()
    lost: set[str] = set()
    for old, new in zip(before, after, strict=True):
        kept = {s for word in _stems(new) for s in _synonyms().get(word, {word})} | _stems(new)
        lost |= _stems(old) - kept
    return lost


@cache
def _lexicon() -> Mapping[str, object]:
    content: Mapping[str, object] = read_yaml(Path(__file__).with_name("phrasing.yaml"))
    return content


@cache
def _synonyms() -> dict[str, frozenset[str]]:
    groups = _lexicon()["synonyms"]
    assert isinstance(groups, list)
    found: dict[str, frozenset[str]] = {}
    for group in groups:
        stems = frozenset(_stem(word) for word in group)
        for stem in stems:
            found[stem] = found.get(stem, frozenset()) | stems
    return found


@cache
def _function_words() -> frozenset[str]:
    words = _lexicon()["function_words"]
    assert isinstance(words, str)
    return frozenset(words.split())


def _stems(text: str) -> set[str]:
    words = re.findall(r"[a-z]+", text.lower().replace("’", "'").replace("n't", " not"))
    return {_stem(word) for word in words if word not in _function_words() and word not in _NEGATIONS and len(word) > 1}


def _stem(word: str) -> str:
    return re.sub(r"(?:ies|es|s|ing|ed)$", "", word.lower()) if len(word) > 4 else word.lower()


def find_negations(text: str) -> list[str]:
    """Words that turn a sentence round, in order."""
    words = re.findall(r"[a-z]+", text.lower().replace("n’t", " not").replace("n't", " not"))
    return ["not" if word in ("not", "no", "never", "none", "cannot", "nor", "neither") else word for word in words if word in _NEGATIONS]


def _may_be_phrased(line: Line) -> bool:
    # Stored words (a finding's headline) are quoted, not phrased.
    return bool(line.bounds) and line.author == "template" and not any(b.kind == "text" and b.end - b.start > 40 for b in line.bounds)


def _with(paper: Paper, lines: Mapping[str, Line]) -> Paper:
    sections = []
    for s, section in enumerate(paper.sections):
        blocks = tuple(
            replace(block, line=lines[f"s{s}b{b}"]) if isinstance(block, Paragraph) and f"s{s}b{b}" in lines else block
            for b, block in enumerate(section.blocks)
        )
        sections.append(Section(section.id, section.heading, blocks, section.notes, section.is_annex))
    return replace(paper, sections=tuple(sections))


__all__ = ["Bound", "Phrasing", "judge_sentence", "mark_line", "phrase_paper", "unmark_line"]
