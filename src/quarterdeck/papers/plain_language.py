"""How easy a text is to read: Flesch reading ease over its prose, words a sentence, and the longest sentences by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck.papers.model import Paper, Paragraph

LONG_SENTENCE = 30


@dataclass(frozen=True, slots=True)
class PlainLanguage:
    """`score` is Flesch reading ease held to 0..100 (60 and above reads easily); `long_sentences` are those over 30 words."""

    score: int
    words: int
    words_a_sentence: float
    long_sentences: tuple[str, ...]


def score_text(sentences: Sequence[str]) -> PlainLanguage:
    """The score of a list of sentences or paragraphs.

    Method: Flesch (1948), A new readability yardstick: 206.835 - 1.015 words/sentence - 84.6 syllables/word. Numbers count as one syllable.
    """
    parts = [part.strip() for text in sentences for part in re.split(r"(?<=[.!?;:])\s+(?=[A-Z“\"(])", text) if part.strip()]
    words = [word for part in parts for word in re.findall(r"[A-Za-z’'-]+|\d[\d.,]*", part)]
    if not words:
        return PlainLanguage(100, 0, 0.0, ())
    syllables = sum(count_syllables(word) for word in words)
    ease = 206.835 - 1.015 * len(words) / len(parts) - 84.6 * syllables / len(words)
    long = tuple(part for part in parts if len(part.split()) > LONG_SENTENCE)
    return PlainLanguage(round(min(100.0, max(0.0, ease))), len(words), round(len(words) / len(parts), 1), long)


def score_paper(paper: Paper) -> PlainLanguage:
    """The score of a paper's prose: tables, captions and notes are left out."""
    prose = [line.text for line in paper.answer]
    prose += [section.heading.text + "." for section in paper.sections]
    prose += [block.line.text for section in paper.sections for block in section.blocks if isinstance(block, Paragraph)]
    return score_text(prose)


def count_syllables(word: str) -> int:
    """Vowel groups, less a silent final e; at least one.

    >>> [count_syllables(w) for w in ("trial", "enrolment", "made")]
    [1, 3, 1]
    """
    plain = re.sub(r"[^a-z]", "", word.lower())
    groups = len(re.findall(r"[aeiouy]+", plain))
    return max(1, groups - (1 if plain.endswith("e") and not plain.endswith(("le", "ee")) and groups > 1 else 0))
