"""Lets a language model shorten the extract of an authority's text, and nothing else: each sentence cites the one it shortens, and is held to it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel

from quarterdeck.assistant.contract import Question, Shortened
from quarterdeck.assistant.model import ask
from quarterdeck.papers.extraction import extract_tokens
from quarterdeck.papers.phrasing import find_negations, find_new_words
from quarterdeck.record.database import Record
from quarterdeck.record.permissions import Actor
from quarterdeck.regulation.model import Document
from quarterdeck.regulation.summaries import Quoted, Summary, check_written_summary, summarise
from quarterdeck.vocabulary.settings import Settings

CANDIDATES = 16  # sentences of the extract that the model may choose from
_DUTIES = re.compile(r"\b(?:must|shall|should|may|required|recommend\w*)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ShortSummary:
    """Shorter sentences with where each stands in the text; none where the extract has to serve, and the note says why."""

    sentences: tuple[Quoted, ...]
    note: str


def shorten_summary(document: Document, settings: Settings, record: Record, actor: Actor, now: datetime) -> ShortSummary:
    """The extract in fewer words. Without a model, or where its answer does not stand the check, nothing, with the reason."""
    extract = summarise(document, CANDIDATES)
    given = _sentences(extract)
    if not given:
        return ShortSummary((), "No text was taken in, so there is nothing to shorten.")
    material = "\n".join(f"{key}: {quoted.text}" for key, quoted in given.items())

    def judge(value: BaseModel) -> list[str]:
        assert isinstance(value, Shortened)
        return judge_summary(value, given, document.text)

    answer = ask(settings, record, actor, Question("summary", material), Shortened, judge, now)
    if answer.value is None:
        return ShortSummary((), f"The extract stands: {answer.reason or answer.outcome}.")
    sentences = tuple(Quoted(s.text, given[s.id].span) for s in answer.value.sentences)
    return ShortSummary(
        sentences, f"Shortened by {answer.model}, prompt {answer.prompt_version}; each sentence was held to the one it cites."
    )


def judge_summary(value: Shortened, given: dict[str, Quoted], source: str) -> list[str]:
    """What is wrong with an answer, in words; empty where it may be shown."""
    if not value.sentences:
        return ["leaves out every sentence"]
    if unknown := [s.id for s in value.sentences if s.id not in given]:
        return [f"cites nothing: {unknown[0]}"]
    faults = check_written_summary([(s.text, given[s.id].span) for s in value.sentences], source)
    for sentence in value.sentences:
        faults += judge_short(given[sentence.id].text, sentence.text)
    return faults


def judge_short(original: str, short: str) -> list[str]:
    """What a shorter sentence says beyond the one it cites, or turns round."""
    faults = []
    if stated := [t.text for t in extract_tokens(short) if t.text not in original]:
        faults.append(f"states {stated[0]!r}, which the cited words do not")
    if Counter(find_negations(original)) != Counter(find_negations(short)):
        faults.append("changes a negation")
    if {w.lower() for w in _DUTIES.findall(original)} != {w.lower() for w in _DUTIES.findall(short)}:
        faults.append("changes a duty")
    if new := find_new_words(original, short):
        faults.append(f"states something of its own: {', '.join(sorted(new)[:3])}")
    if len(short) > len(original):
        faults.append("states more than it shortens")
    return faults


def _sentences(extract: Summary) -> dict[str, Quoted]:
    """Sentences to choose from. An official abstract is cut into its sentences, so that each can be cited."""
    if extract.basis != "abstract" or not extract.sentences:
        return {f"s{i}": quoted for i, quoted in enumerate(extract.sentences)}
    whole = extract.sentences[0]
    parts = re.finditer(r"[^.!?]+[.!?]?", whole.text)
    start = whole.span.start
    found = [Quoted(m[0].strip(), type(whole.span)(start + m.start(), start + m.end())) for m in parts if len(m[0].split()) > 3]
    return {f"s{i}": quoted for i, quoted in enumerate(found[:CANDIDATES])}
