"""Scoring of a short free-text answer against the elements a good one holds: it steers a conversation and certifies nothing.

Source of the method: a lexical rubric with weighted coverage, STAR + learning, specificity, and caps for lists, hearsay and unmeasured results.
Length is never a feature, spelling is never scored, and text alone never reaches the top level of a scale.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import exp

from quarterdeck.methods.free_text_words import (
    AMERICAN,
    FUNCTION_WORDS,
    GENERAL,
    HEDGES,
    IRREGULAR_PAST,
    LEARNING,
    NAME,
    NEGATION,
    NOT_A_DEED,
    NUMBER_WORDS,
    TASK,
    TIME_WORDS,
    TOKEN,
    YEAR,
)

BANDS = (0.05, 0.25, 0.50, 0.90)
CAP_LISTING, CAP_NO_ACTION, CAP_OFF_TOPIC, CAP_NO_RESULT, CAP_THIN, CAP_NO_LEARNING = 0.18, 0.30, 0.45, 0.50, 0.50, 0.89
THIN_COVERAGE = 0.35  # fewer elements than this and the answer may belong to another question: it cannot pass the middle
CLAIMED = 0.7
GAP = 7
NOTES_WORDS, NOTES_NUMBERS = 60, 3

Part = tuple[tuple[tuple[str, ...], ...], ...]


@dataclass(frozen=True, slots=True)
class Element:
    """One thing a good answer holds. `cues` are patterns (see `Cue`); an outcome that `needs_number` counts half without one."""

    id: str
    what: str
    cues: tuple[Cue, ...]
    weight: float = 1.0
    needs_number: bool = False


@dataclass(frozen=True, slots=True)
class Cue:
    """A pattern of words: `stem*` any ending, `a|b` either, `a_b` two words as one alternative, `#` any number, `a .. b` b within seven after a.

    `parts` are the pieces between gaps; a piece is a row of places, a place its alternatives, an alternative its words.
    """

    source: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Sentence:
    """A sentence of the answer, its words, and whether it is a mere list or general talk."""

    text: str
    words: tuple[str, ...]

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """Numbers that measure something: years and the numbers of rules do not."""
        return tuple(word for word in self.words if is_number(word) and not YEAR.match(word) and word not in ("483", "21", "100%"))

    @cached_property
    def is_listing(self) -> bool:
        """Five or more short fragments in a row, few of them with a figure: a list of terms, not an account."""
        fragments = [f for f in re.split(r"[,;•|\n/]| - | and | & ", self.text) if f.strip()]
        small = sum(w in FUNCTION_WORDS for w in self.words) / max(1, len(self.words))
        bare = (
            small < 0.1 and len(self.numbers) < 2 if len(self.words) < 18 else small < 0.25 and len(self.numbers) < 0.12 * len(self.words)
        )
        if len(self.words) >= 10 and bare:
            return True  # terms in a row without the small words that make a sentence
        if len(fragments) < 5:
            return False
        short = [f for f in fragments if len(split_words(f)) <= 4]
        figures = sum(any(is_number(word) for word in split_words(f)) for f in fragments)
        return len(short) >= 0.7 * len(fragments) and figures < 0.3 * len(fragments) and not (self.has_own_action and len(fragments) < 7)

    @cached_property
    def has_own_action(self) -> bool:
        """Whether somebody says "I" and, within three words, what was done."""
        for at, word in enumerate(self.words):
            if word == "i" and any(_is_deed(w) for w in self._until_next_subject(at)):
                return True
            if (
                word == "my"
                and self.words[at + 1 : at + 2]
                and self.words[at + 1] in ("decision", "call", "move", "choice", "action", "proposal")
            ):
                return True
        return False

    def _until_next_subject(self, at: int) -> tuple[str, ...]:
        following = self.words[at + 1 : at + 4]
        if following[:2] in (("have", "met"), ("have", "seen"), ("was", "not"), ("did", "not")) or following[:1] == ("am",):
            return ()
        return following

    @cached_property
    def is_general(self) -> bool:
        """Talk about how one is or what one always does, with nothing that happened."""
        happened = any(_is_deed(word) or word in ("was", "were", "had") for word in self.words)
        return not happened and bool(GENERAL.search(" ".join(self.words)))


@dataclass(frozen=True, slots=True)
class Found:
    """An element and the sentence that shows it; quality 1, or .5 where its number is missing, or the credit of a claim."""

    element: str
    sentence: str
    quality: float
    is_claimed: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """What was found in one answer. `x` runs from 0 to 1; `band` from 0 to 4, and 4 means "4 or more"."""

    found: tuple[Found, ...]
    missing: tuple[str, ...]
    coverage: float
    star: float
    specificity: float
    x: float
    band: int
    caps: tuple[str, ...] = ()
    partial: tuple[Found, ...] = field(default=())

    @property
    def elements(self) -> tuple[str, ...]:
        """Ids of the elements that are there in full."""
        return tuple(found.element for found in self.found)


def split_words(text: str) -> tuple[str, ...]:
    """Words in lower case, hyphens opened, American -ize brought to -ise.

    >>> split_words("Re-organized 3 teams (38%)")
    ('re', 'organised', '3', 'teams', '38%')
    """
    plain = text.lower().replace("’", "'").replace("‑", "-").replace("–", " ")
    return tuple(AMERICAN.sub(r"is\1", word) for word in TOKEN.findall(plain))


def split_sentences(text: str) -> tuple[Sentence, ...]:
    """Sentences at full stops, question marks, semicolons and line ends."""
    pieces = [piece.strip() for piece in re.split(r"(?<=[.!?;])\s+|\n+", text) if piece.strip()]
    return tuple(Sentence(piece, split_words(piece)) for piece in _join_crumbs(pieces))


def _join_crumbs(pieces: Sequence[str]) -> list[str]:
    # "Root cause. CAPA. Governance." is a list with full stops for commas: runs of three or more crumbs become one sentence.
    joined: list[str] = []
    run: list[str] = []
    for piece in [*pieces, ""]:
        words = split_words(piece)
        if piece and len(words) <= 3 and not any(is_number(w) for w in words):
            run.append(piece.rstrip(".;!"))
            continue
        joined += [", ".join(run) + "."] if len(run) >= 3 else [f"{crumb}." for crumb in run]
        run = []
        if piece:
            joined.append(piece)
    return joined


def is_number(word: str) -> bool:
    """Whether the word is a figure or a number word."""
    return word[0].isdigit() or word[0] in "£€$" or word in NUMBER_WORDS


def compile_cue(source: str) -> Cue:
    """A cue from its written form. Raises ValueError for an empty pattern.

    >>> compile_cue("fell|went_down .. #").parts
    (((('fell',), ('went', 'down')),), ((('#',),),))
    """
    parts = tuple(tuple(_alternatives(word) for word in part.split()) for part in source.lower().split(" .. "))
    if not all(parts) or not all(word for part in parts for place in part for alternative in place for word in alternative):
        raise ValueError(f"an empty pattern in the cue {source!r}")
    return Cue(source, parts)


def matches(cue: Cue, words: Sequence[str], known: Collection[str] = frozenset()) -> bool:
    """Whether the words hold the cue, and not behind a negation. `known` words are spelt as meant and match only exactly."""
    for start in range(len(words)):
        end = _match_part(cue.parts[0], words, start, known)
        if end is not None and _rest_follows(cue.parts[1:], words, end, known) and not _is_negated(words, start, cue):
            return True
    return False


def score_answer(
    elements: Sequence[Element],
    text: str,
    claims: Mapping[str, str] | None = None,
    known: Collection[str] = frozenset(),
    topic: Sequence[Cue] = (),
) -> Score:
    """The score of one answer.

    `topic` are words that an answer to this question uses (once in notes, twice in longer text); without them x stays below the third band.
    `claims` maps a missing element to the learner's own sentence ("it is here"): worth .7 where the sentence holds an own past action
    (an outcome also needs a number; in notes a number will do).
    """
    sentences = split_sentences(text)
    is_notes = _is_notes(sentences)
    everything = [find_element(element, sentences, known) for element in elements]
    whole = {f.element: f for f in everything if f is not None and f.quality == 1}
    partial = {f.element: f for f in everything if f is not None and f.quality < 1}
    for element in elements:
        if claims and element.id in claims and element.id not in whole and is_claim_accepted(element, claims[element.id], text, is_notes):
            whole[element.id] = Found(element.id, claims[element.id].strip(), CLAIMED, True)
    coverage = _coverage(elements, whole, partial)
    has_result = any(element.needs_number and element.id in whole for element in elements)
    has_action = is_notes or any(s.has_own_action for s in sentences if not s.is_listing)
    star = _star(sentences, has_action, has_result)
    specificity = _specificity(sentences)
    raw = 0.55 * coverage + 0.25 * star + 0.20 * specificity - 0.06 * min(2.0, _hedges_per_sentence(text, sentences))
    caps = _caps(sentences, has_action, has_result, coverage)
    if topic and not is_on_topic(topic, sentences, known):
        caps.append(("another question's subject", CAP_OFF_TOPIC))
    x = max(0.0, min(raw, *(limit for _, limit in caps))) if caps else max(0.0, raw)
    return Score(
        found=tuple(whole[e.id] for e in elements if e.id in whole),
        missing=tuple(e.id for e in elements if e.id not in whole),
        coverage=coverage,
        star=star,
        specificity=specificity,
        x=round(x, 4),
        band=to_band(x),
        caps=tuple(name for name, limit in caps if raw > limit),
        partial=tuple(partial[e.id] for e in elements if e.id in partial and e.id not in whole),
    )


def find_element(element: Element, sentences: Sequence[Sentence], known: Collection[str] = frozenset()) -> Found | None:
    """The best sentence for an element, or None. A mere list and general talk show nothing."""
    best: Found | None = None
    for sentence in sentences:
        if sentence.is_listing or sentence.is_general:
            continue
        if any(matches(cue, sentence.words, known) for cue in element.cues):
            quality = 0.5 if element.needs_number and not sentence.numbers else 1.0
            if best is None or quality > best.quality:
                best = Found(element.id, sentence.text, quality)
    return best


def is_on_topic(topic: Sequence[Cue], sentences: Sequence[Sentence], known: Collection[str] = frozenset()) -> bool:
    """Whether the answer speaks of the subject: one mention in a short text, two in a longer one."""
    needed = 1 if sum(len(s.words) for s in sentences) < NOTES_WORDS else 2
    return sum(matches(cue, s.words, known) for s in sentences for cue in topic) >= needed


def is_claim_accepted(element: Element, sentence: str, text: str, is_notes: bool = False) -> bool:
    """Whether the learner's sentence may stand for the element: it is in the answer and says what the learner did."""
    claimed = split_sentences(sentence)
    if not claimed or sentence.strip() not in text or any(s.is_listing or s.is_general for s in claimed):
        return False
    has_number = any(s.numbers for s in claimed)
    has_action = any(s.has_own_action for s in claimed) or (is_notes and has_number)
    return has_action and (has_number or not element.needs_number)


def to_band(x: float) -> int:
    """0 to 4, by the four cut points.

    >>> [to_band(x) for x in (0.0, 0.05, 0.3, 0.5, 0.95)]
    [0, 1, 2, 3, 4]
    """
    return sum(x >= cut for cut in BANDS)


@lru_cache(maxsize=200_000)
def is_spelling_of(word: str, pattern: str) -> bool:
    """Whether the word may be a misspelling of the pattern (a word, or a stem ending in `*`).

    The same first letter; one edit (a swap is one) from five letters in stems and six in words, two from eight; numbers and abbreviations exactly.
    """
    is_stem = pattern.endswith("*")
    target = pattern.rstrip("*")
    if word == target or (is_stem and word.startswith(target)):
        return True
    if word[0] != target[0] or not word.isalpha() or len(target) < (5 if is_stem else 6):
        return False
    allowed = 2 if len(target) >= 8 else 1
    if not is_stem:
        return abs(len(word) - len(target)) <= allowed and edit_distance(word, target) <= allowed
    heads = {word[:size] for size in range(len(target) - allowed, len(target) + allowed + 1) if size <= len(word)}
    return any(edit_distance(head, target) <= allowed for head in heads)


def edit_distance(a: str, b: str) -> int:
    """Edits (insert, delete, replace, swap of neighbours) between two words.

    >>> edit_distance("recieve", "receive")
    1
    """
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        here = [i]
        for j, y in enumerate(b, 1):
            cost = min(row[j] + 1, here[j - 1] + 1, row[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            here.append(cost)
        before, row = row, here
    return row[-1]


def _alternatives(word: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(_pattern(piece) for piece in alternative.split("_")) for alternative in word.split("|"))


def _pattern(word: str) -> str:
    if word == "#":
        return word
    plain = split_words(word.rstrip("*"))
    return (plain[0] if plain else "") + ("*" if plain and word.endswith("*") else "")


def _match_part(part: Part, words: Sequence[str], start: int, known: Collection[str]) -> int | None:
    if not part:
        return start
    for alternative in part[0]:
        end = start + len(alternative)
        if end <= len(words) and all(_is_word(word, pattern, known) for pattern, word in zip(alternative, words[start:end], strict=True)):
            after = _match_part(part[1:], words, end, known)
            if after is not None:
                return after
    return None


def _is_word(word: str, pattern: str, known: Collection[str]) -> bool:
    if pattern == "#":
        return is_number(word)
    if word in known:
        return word == pattern or (pattern.endswith("*") and word.startswith(pattern[:-1]))
    return is_spelling_of(word, pattern)


def _rest_follows(parts: tuple[Part, ...], words: Sequence[str], end: int, known: Collection[str]) -> bool:
    if not parts:
        return True
    for start in range(end, min(end + GAP, len(words))):
        after = _match_part(parts[0], words, start, known)
        if after is not None and _rest_follows(parts[1:], words, after, known):
            return True
    return False


def _is_negated(words: Sequence[str], start: int, cue: Cue) -> bool:
    if any(w in NEGATION for part in cue.parts for place in part for alternative in place for w in alternative):
        return False  # the cue itself speaks of "no critical finding"
    before = words[max(0, start - 2) : start]
    return any(w in NEGATION for w in before) and "only" not in before


def _is_deed(word: str) -> bool:
    return (len(word) > 4 and word.endswith("ed") and word not in NOT_A_DEED) or word in IRREGULAR_PAST


def _is_notes(sentences: Sequence[Sentence]) -> bool:
    words = sum(len(s.words) for s in sentences)
    numbers = sum(len(s.numbers) for s in sentences if not s.is_listing)
    says_we = any("we" in s.words for s in sentences)  # notes leave the person out; "we did" says that it was not one
    return words < NOTES_WORDS and numbers >= NOTES_NUMBERS and not says_we


def _coverage(elements: Sequence[Element], whole: Mapping[str, Found], partial: Mapping[str, Found]) -> float:
    total = sum(e.weight for e in elements)
    got = sum(e.weight * (whole[e.id].quality if e.id in whole else partial[e.id].quality if e.id in partial else 0.0) for e in elements)
    return got / total if total else 0.0


def _star(sentences: Sequence[Sentence], has_action: bool, has_result: bool) -> float:
    told = [s for s in sentences if not s.is_listing and not s.is_general]
    words = " ".join(" ".join(s.words) for s in told)
    context = 1.0 * any(_names_time(s) for s in told) + 0.5 * bool(TASK.search(words))
    points = context if has_action or has_result else 0.0  # a time and a place without a deed tell nothing about the person
    return (points + 1.5 * has_action + 1.5 * has_result + 0.5 * bool(LEARNING.search(words))) / 5


def _names_time(sentence: Sentence) -> bool:
    words = sentence.words
    if any(YEAR.match(w) or w in TIME_WORDS or w == "ago" for w in words):
        return True
    text = " ".join(words)
    return bool(
        re.search(
            r"\b(last|past|previous|that|next) (year|month|quarter|week|summer|spring|autumn|winter)\b|\bwhen i (joined|took|started)\b",
            text,
        )
    ) or (any(is_number(w) for w in words) and bool(re.search(r"\b(days?|weeks?|months?|years?|quarters?)\b", text)))


def _specificity(sentences: Sequence[Sentence]) -> float:
    numbers = sum(len(s.numbers) + sum(bool(YEAR.match(w)) for w in s.words) for s in sentences)
    names = {name for s in sentences for name in NAME.findall(s.text) if name.lower() not in ("i", *TIME_WORDS)}
    return 1 - exp(-(numbers + 0.5 * len(names)) / 6)


def _hedges_per_sentence(text: str, sentences: Sequence[Sentence]) -> float:
    return len(HEDGES.findall(" ".join(split_words(text)))) / max(1, len(sentences))


def _caps(sentences: Sequence[Sentence], has_action: bool, has_result: bool, coverage: float) -> list[tuple[str, float]]:
    words = sum(len(s.words) for s in sentences) or 1
    listed = sum(len(s.words) for s in sentences if s.is_listing)
    caps = [
        (listed > words / 2, "a list of terms", CAP_LISTING),
        (not has_action, "no past action of your own", CAP_NO_ACTION),
        (not has_result, "no measured result", CAP_NO_RESULT),
        (coverage < THIN_COVERAGE, "few of the elements asked for", CAP_THIN),
        (not any(LEARNING.search(" ".join(s.words)) for s in sentences), "nothing learnt from it", CAP_NO_LEARNING),
    ]
    return [(name, limit) for holds, name, limit in caps if holds]
