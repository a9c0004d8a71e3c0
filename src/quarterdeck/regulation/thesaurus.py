"""Turns a question in a person's words into the words regulators print: concepts, acronyms, and the two spellings of English."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from math import log

from quarterdeck.methods.linear_text import STOP_WORDS
from quarterdeck.regulation.lexicon import compile_phrases
from quarterdeck.regulation.loading import HERE, check_keys, read_yaml

THESAURUS = HERE / "definitions" / "thesaurus.yaml"
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9]*(?:\([A-Za-z]\d\))?")
# Words of a question that every document about trials holds, or that only carry the question.
EMPTY_WORDS = frozenset(
    [
        "study",
        "studies",
        "trial",
        "trials",
        "research",
        "clinical",
        "patient",
        "patients",
        "drug",
        "drugs",
        "medicine",
        "medicines",
        "product",
        "products",
        "use",
        "used",
        "using",
        "new",
        "need",
        "needs",
        "want",
        "must",
        "rule",
        "rules",
        "guidance",
        "guideline",
        "guidelines",
        "requirement",
        "requirements",
        "sponsor",
        "sponsors",
        "get",
        "make",
        "way",
        "allow",
        "allowed",
        "expect",
        "expected",
        "fda",
        "agency",
        "regulator",
        "authority",
        "issue",
        "issues",
        "say",
        "says",
        "know",
        "find",
        "tell",
        "show",
        "give",
        "given",
        "run",
        "running",
        "people",
        "person",
        "thing",
        "things",
        "versus",
        "vs",
    ]
)


HINT_FROM, HINT_WEIGHT = 4.2, 0.7  # a shared word that at most three concepts hold; and the most a hint may weigh
LOOSE_WEIGHT = 0.6  # a concept whose words stand in the question, but not side by side
_WEAK = frozenset(("study", "stud", "trial", "drug", "patient", "clinical", "medicin", "research", "product"))


@dataclass(frozen=True, slots=True)
class Concept:
    """One matter: how people put it, and what to look for."""

    id: str
    say: re.Pattern[str]
    find: tuple[str, ...]
    loose: tuple[frozenset[str], ...]
    stems: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of a question: alternatives of which the best counts, with the weight of the part."""

    label: str
    alternatives: tuple[tuple[str, float], ...]
    weight: float


@cache
def load_thesaurus() -> tuple[tuple[Concept, ...], dict[str, str]]:
    """All concepts, and the table of spellings (British to American)."""
    content = check_keys(read_yaml(THESAURUS), THESAURUS.name, ("concepts", "spelling"))
    concepts = []
    for name, entry in content["concepts"].items():
        entry = check_keys(entry, f"{THESAURUS.name}, {name}", ("say", "find"))
        phrases = [str(p) for p in (*entry["say"], *entry["find"])]
        concepts.append(
            Concept(
                name,
                compile_phrases({*phrases, *(to_american(p) for p in phrases)}),
                tuple(map(str, entry["find"])),
                _loose(phrases),
                _stems(phrases),
            )
        )
    return tuple(concepts), dict(content["spelling"])


def _loose(phrases: list[str]) -> tuple[frozenset[str], ...]:
    """The stems of each phrase of several words, so that "checking fewer records of the source" still finds "source records checked"."""
    groups = []
    for phrase in phrases:
        stems = frozenset(_stem(word) for word in re.findall(r"\w+", to_american(phrase.lower())) if word not in STOP_WORDS)
        if len(stems - _WEAK) >= 2:
            groups.append(stems)
    return tuple(groups)


def _stems(phrases: list[str]) -> frozenset[str]:
    return (
        frozenset(
            _stem(word) for phrase in phrases for word in re.findall(r"[a-z]{3,}", to_american(phrase.lower())) if word not in STOP_WORDS
        )
        - _WEAK
    )


@cache
def _rarity() -> dict[str, float]:
    """How much a word's stem says about its concept: log of concepts over concepts that hold it."""
    concepts, _ = load_thesaurus()
    counts: dict[str, int] = {}
    for concept in concepts:
        for stem in concept.stems:
            counts[stem] = counts.get(stem, 0) + 1
    return {stem: log(len(concepts) / count) for stem, count in counts.items()}


def _hints(stems: set[str], found: set[str]) -> list[Unit]:
    """Concepts that no phrase names, but that share telling words with the question: the best three, at a low weight."""
    concepts, _ = load_thesaurus()
    rarity = _rarity()
    scored = []
    for concept in concepts:
        if concept.id not in found:
            score = sum(rarity[stem] for stem in concept.stems & stems)
            if score >= HINT_FROM:
                scored.append((score, concept))
    scored.sort(key=lambda pair: (-pair[0], pair[1].id))
    return [
        Unit(concept.id, tuple((phrase, 1.0) for phrase in concept.find), min(HINT_WEIGHT, HINT_WEIGHT * score / 9))
        for score, concept in scored[:3]
    ]


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "er", "es", "ed", "s", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


@cache
def _spelling() -> dict[str, str]:
    return dict(read_yaml(THESAURUS)["spelling"])


def to_american(text: str) -> str:
    """The text in American spelling, which most of the stored documents have; other words stay as they are.

    >>> to_american("randomised programme for paediatric tumours")
    'randomized program for pediatric tumors'
    """
    return re.sub(r"[A-Za-z]+", lambda match: _american_word(match[0]), text)


def _american_word(word: str) -> str:
    lower, table = word.lower(), _spelling()
    if lower in table:
        return table[lower]
    if lower.endswith("s") and lower[:-1] in table:
        return table[lower[:-1]] + "s"
    for ending, american in (("isation", "ization"), ("isations", "izations"), ("ised", "ized"), ("ising", "izing"), ("ise", "ize")):
        # "exercise", "comprise" and "revised" keep their s: the stem before -ise must end like that of a verb in -ize.
        if (
            lower.endswith(ending)
            and len(lower) > len(ending) + 4
            and re.search(r"(?:al|an|er|ol|im|on|or|yth|in|on|om|tr|it|ic|at|et|od|il)$", lower[: -len(ending)])
        ):
            return lower[: -len(ending)] + american
    return word


def expand(query: str) -> list[Unit]:
    """The parts of a question, heaviest meaning first: each concept it names, then the words that no concept covers."""
    concepts, _ = load_thesaurus()
    text = query.lower().replace("’", "'")
    american = to_american(text)
    stems = {_stem(word) for word in re.findall(r"\w+", american) if word not in STOP_WORDS}
    units: list[Unit] = []
    covered: set[str] = set()
    for concept in concepts:
        hits = [match[0] for candidate in {text, american} for match in concept.say.finditer(candidate)]
        if not hits:
            if any(group <= stems for group in concept.loose):
                units.append(Unit(concept.id, tuple((phrase, 1.0) for phrase in concept.find), LOOSE_WEIGHT))
            continue
        words = {word for hit in hits for word in re.findall(r"\w+", hit)}
        covered |= {word for word in words if word not in STOP_WORDS}
        longest = max(hits, key=len)
        alternatives = tuple((phrase, 1.0) for phrase in concept.find)
        strength = 1.0 + 0.25 * min(2, longest.count(" "))
        units.append(Unit(concept.id, alternatives, strength))
    units += _hints(stems, {unit.label for unit in units})
    for match in _WORD.finditer(query):
        word = match[0].lower()
        if word in STOP_WORDS or len(word) < 2:
            continue
        variants = tuple(dict.fromkeys((word, to_american(word))))
        weight = 0.12 if word in EMPTY_WORDS else 0.35 if word in covered or to_american(word) in covered else 0.8
        units.append(Unit(word, tuple((variant, 1.0) for variant in variants), weight))
    return units
