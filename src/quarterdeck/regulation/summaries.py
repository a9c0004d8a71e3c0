"""Summaries without a model: the official abstract, else an extract of cited sentences; and the check of a summary that a model wrote."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from math import log, sqrt

from quarterdeck.methods.linear_text import tokenise
from quarterdeck.regulation.model import Document, Span
from quarterdeck.regulation.placing import find_words
from quarterdeck.vocabulary.errors import BadInput

SENTENCES = 7
_SENTENCE = re.compile(r"[A-Z“\"(][^.!?\n]{30,500}?[.!?](?=\s|$)")
_DUTY = re.compile(r"\b(?:must|shall|should|required|recommend\w*|may not|not later than|within \d+)\b", re.IGNORECASE)
_ACTOR = re.compile(r"\b(?:sponsors?|investigators?|IRBs?|ethics committees?|applicants?|participants?|FDA|MHRA|EMA)\b")
_VALUE = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Quoted:
    """A sentence with where it stands."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Summary:
    """What a document says in short: `basis` is abstract or extract."""

    basis: str
    sentences: tuple[Quoted, ...]

    @property
    def text(self) -> str:
        """The sentences as one paragraph."""
        return " ".join(quoted.text for quoted in self.sentences)


def summarise(document: Document, count: int = SENTENCES) -> Summary:
    """The official abstract where there is one, else the sentences nearest to the document's centre, duties and actors preferred, without repeats.

    Centroid of TF-IDF with maximal marginal relevance (Carbonell and Goldstein 1998). Every sentence is verbatim, with its span.
    """
    if document.abstract:
        # An abstract that does not stand in the text is a field of its own: it cites itself, with an empty span.
        return Summary("abstract", (Quoted(document.abstract, find_words(document.abstract, document.text)),))
    found = [Quoted(re.sub(r"\s+", " ", m[0]).strip(), Span(m.start(), m.end())) for m in _SENTENCE.finditer(document.text[:120_000])]
    found = [
        q
        for q in found
        if not re.search(
            r"\.{3,}|Contains Nonbinding|_{3,}|current thinking|alternative approach|title page|See the guidance for industry|does not (?:create|establish) ",
            q.text,
        )
    ][:600]
    if not found:
        return Summary("extract", ())
    vectors = _vectors([q.text for q in found])
    centre: Counter[str] = Counter()
    for vector in vectors:
        centre.update(vector)
    merit = [
        _cosine(v, centre) * (1.35 if _DUTY.search(q.text) else 1.0) * (1.15 if _ACTOR.search(q.text) else 1.0)
        for v, q in zip(vectors, found, strict=True)
    ]
    chosen: list[int] = []
    while len(chosen) < min(count, len(found)):
        best = max(
            (i for i in range(len(found)) if i not in chosen),
            key=lambda i: 0.7 * merit[i] - 0.3 * max((_cosine(vectors[i], vectors[j]) for j in chosen), default=0.0),
        )
        chosen.append(best)
    return Summary("extract", tuple(found[i] for i in sorted(chosen)))


def check_written_summary(sentences: list[tuple[str, Span]], source: str) -> list[str]:
    """Faults of a summary that a model wrote: each sentence must cite a span of the source and may hold only numbers that stand there.

    Empty means that it may be shown. Raises BadInput where no sentence was given.
    """
    if not sentences:
        raise BadInput("A written summary has no sentences", next_step="Use the extract instead.")
    faults = []
    for text, span in sentences:
        cited = span.of(source)
        if not cited.strip():
            faults.append(f"cites nothing: {text[:80]}")
            continue
        unknown = set(_VALUE.findall(text)) - set(_VALUE.findall(cited))
        if unknown:
            faults.append(f"holds {', '.join(sorted(unknown))}, which the cited words do not: {text[:80]}")
        months = {
            m.lower()
            for m in re.findall(r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b", text)
        }
        if lacking := {m for m in months if m not in cited.lower()}:
            faults.append(f"names {', '.join(sorted(lacking))}, which the cited words do not: {text[:80]}")
    return faults


def _vectors(texts: list[str]) -> list[Counter[str]]:
    counted = [Counter(tokenise(text)) for text in texts]
    frequency: Counter[str] = Counter(word for counts in counted for word in counts)
    weighted = []
    for counts in counted:
        weighted.append(Counter({word: (1 + log(n)) * log(1 + len(texts) / frequency[word]) for word, n in counts.items()}))
    return weighted


def _cosine(first: Counter[str], second: Counter[str]) -> float:
    if len(first) > len(second):
        first, second = second, first
    dot = sum(value * second[word] for word, value in first.items() if word in second)
    length = sqrt(sum(v * v for v in first.values())) * sqrt(sum(v * v for v in second.values()))
    return dot / length if length else 0.0
