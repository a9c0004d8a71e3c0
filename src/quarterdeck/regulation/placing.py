"""Puts citations where they stand: words that were read from a paragraph kept apart get their span in the document's own text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from quarterdeck.regulation.model import DateFact, Span

NOWHERE = Span(0, 0)


def find_words(words: str, text: str) -> Span:
    """Where words stand in a text, however it is spaced; an empty span where they do not.

    >>> find_words("is  effective", "The rule is effective today.").of("The rule is effective today.")
    'is effective'
    """
    if not words.strip():
        return NOWHERE
    start = text.find(words)
    if start >= 0:
        return Span(start, start + len(words))
    found = re.search(r"\s+".join(re.escape(part) for part in words.split()), text)
    return Span(found.start(), found.end()) if found else NOWHERE


def place_dates(facts: Iterable[DateFact], read: str, text: str) -> tuple[DateFact, ...]:
    """Dates read from `read` with spans that count in `text`: the same words, within the same phrase.

    A date whose words do not stand in the text becomes a citation of the field it came from, its phrase kept and its span empty.
    """
    return tuple(_place(fact, read, text) for fact in facts)


def _place(fact: DateFact, read: str, text: str) -> DateFact:
    if fact.basis == "field":
        return fact
    words = fact.span.of(read)
    phrase = find_words(fact.phrase, text)
    inside = find_words(words, phrase.of(text))
    if phrase.end and inside.end:
        return replace(fact, span=Span(phrase.start + inside.start, phrase.start + inside.end))
    alone = find_words(words, text)
    return replace(fact, span=alone) if alone.end else replace(fact, span=NOWHERE, basis="field")
