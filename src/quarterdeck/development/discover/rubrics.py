"""Interview questions with their elements, and the scoring of an answer to one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from quarterdeck.development.definitions import HERE, check_keys, read_definitions
from quarterdeck.methods.free_text import Cue, Element, Score, compile_cue, score_answer
from quarterdeck.vocabulary.errors import BadInput, NotFound

RUBRICS = HERE / "discover" / "rubrics.yaml"
KNOWN_WORDS = HERE / "discover" / "known_words.txt"
ELEMENT_KEYS = (("id", "what", "cues"), ("weight", "needs_number"))


@dataclass(frozen=True, slots=True)
class Rubric:
    """A question about something the person has done, its seven elements, and the competencies it speaks to."""

    id: str
    prompt: str
    probe: str
    competencies: tuple[str, ...]
    elements: tuple[Element, ...]
    topic: tuple[Cue, ...] = ()

    def get(self, element: str) -> Element:
        """The element of that id. Raises NotFound."""
        for candidate in self.elements:
            if candidate.id == element:
                return candidate
        raise NotFound("Unknown element", thing=f"{element} of {self.id}", allowed=[e.id for e in self.elements])


@cache
def load_rubrics(path: Path = RUBRICS) -> dict[str, Rubric]:
    """All rubrics by id. Raises BadInput naming the file and the key."""
    rubrics: dict[str, Rubric] = {}
    for entry in read_definitions(path):
        where = f"{path.name}, {entry.get('id', '?')}"
        check_keys(entry, where, ("id", "prompt", "probe", "competencies", "elements"), ("topic",))
        elements = tuple(load_element(element, where) for element in entry["elements"])
        if len({e.id for e in elements}) != len(elements) or entry["id"] in rubrics:
            raise BadInput("An id occurs twice", thing=where)
        rubrics[entry["id"]] = Rubric(
            entry["id"], entry["prompt"], entry["probe"], tuple(entry["competencies"]), elements, load_cues(entry.get("topic", ()), where)
        )
    return rubrics


def load_element(entry: Mapping[str, Any], where: str) -> Element:
    """One element with its cues compiled."""
    check_keys(entry, f"{where}, {entry.get('id', '?')}", *ELEMENT_KEYS)
    cues = load_cues(entry["cues"], f"{where}, {entry['id']}")
    return Element(entry["id"], entry["what"], cues, float(entry.get("weight", 1)), bool(entry.get("needs_number", False)))


def load_cues(sources: Sequence[str], where: str) -> tuple[Cue, ...]:
    """Cues compiled. Raises BadInput that names the place."""
    try:
        return tuple(compile_cue(str(cue)) for cue in sources)
    except ValueError as error:
        raise BadInput("A cue cannot be read", thing=f"{where}: {error}") from error


def get_rubric(question: str) -> Rubric:
    """The rubric of a question. Raises NotFound with the questions there are."""
    rubrics = load_rubrics()
    if question not in rubrics:
        raise NotFound("Unknown question", thing=question, allowed=sorted(rubrics))
    return rubrics[question]


@cache
def known_words() -> frozenset[str]:
    """Words that are spelt as meant, so that typo tolerance does not read "trade" as "trace"."""
    return frozenset(KNOWN_WORDS.read_text(encoding="utf-8").split()) if KNOWN_WORDS.exists() else frozenset()


def score_interview(question: str, text: str, claims: Mapping[str, str] | None = None) -> Score:
    """The score of an answer to one of the interview questions."""
    rubric = get_rubric(question)
    return score_answer(rubric.elements, text, claims, known_words(), rubric.topic)
