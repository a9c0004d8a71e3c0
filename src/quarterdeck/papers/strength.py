"""The grammar of strength: which words about the future a probability allows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from quarterdeck.data_files import read_yaml
from quarterdeck.vocabulary.errors import BadInput


@dataclass(frozen=True, slots=True)
class Strength:
    """A phrase and the probabilities of the good outcome that allow it."""

    phrase: str
    at_least: float = 0.0
    at_most: float = 1.0

    def allows(self, probability: float) -> bool:
        """Whether the phrase may stand beside this probability."""
        return self.at_least <= probability <= self.at_most


@cache
def load_strengths() -> tuple[Strength, ...]:
    """All phrases, longest first, from strength.yaml. Unknown keys are refused by name."""
    path = Path(__file__).with_name("strength.yaml")
    strengths = []
    for phrase, bounds in read_yaml(path).items():
        if unknown := set(bounds) - {"at_least", "at_most"}:
            raise BadInput("Unknown key in strength.yaml", thing=f"{phrase}: {', '.join(sorted(unknown))}", allowed="at_least, at_most")
        strengths.append(Strength(str(phrase), **bounds))
    return tuple(sorted(strengths, key=lambda s: -len(s.phrase)))


def find_strengths(text: str) -> list[tuple[Strength, int, int]]:
    """Phrases of strength in a text with their place; a longer phrase hides a shorter one inside it; negations are not read as the phrase.

    >>> [s.phrase for s, _, _ in find_strengths("The trial is on track.")]
    ['on track']
    """
    found: list[tuple[Strength, int, int]] = []
    for strength in load_strengths():
        for match in re.finditer(rf"(?<![\w-])(?<!not )(?<!un){re.escape(strength.phrase)}(?![\w-])", text, re.IGNORECASE):
            if not any(start < match.end() and match.start() < end for _, start, end in found):
                found.append((strength, *match.span()))
    return sorted(found, key=lambda entry: entry[1])


def outlook(probability: float) -> str:
    """The word for a target's outlook that this probability allows: on track, more likely than not, at risk, off track.

    >>> outlook(0.17)
    'off track'
    """
    for bound, word in ((0.8, "on track"), (0.6, "more likely met than missed"), (0.4, "in the balance"), (0.2, "at risk")):
        if probability > bound or (probability == bound and word in ("on track",)):
            return word
    return "off track"
