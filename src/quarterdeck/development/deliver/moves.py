"""What a turn does: regex labels such as open question, blame, commitment; and facts of its form such as dates and numbers."""

from __future__ import annotations

import re
from functools import cache

from quarterdeck.development.definitions import HERE, read_definitions
from quarterdeck.vocabulary.errors import BadInput

MOVES = HERE / "deliver" / "moves.yaml"
DATE = re.compile(
    r"\b(monday|tuesday|wednesday|thursday|friday|today|tomorrow|tonight|january|february|march|april|june|july|august|september|october|november|"
    r"december|next (week|month|monday|tuesday|wednesday|thursday|friday|time)|this (week|month|afternoon|evening)|end of (the )?(day|week|month|quarter)|"
    r"in (two|three|four|five|six|ten|\d+) (hours?|days?|weeks?|months?)|within (\w+|\d+) (hours?|days?|weeks?|months?)|\d{1,2}[:.]\d\d|\d{4}-\d\d-\d\d|by \d{1,2})\b",
    re.I,
)
OBSTACLE = re.compile(r"\b(if|when|should|in case)\b.*\b(then|i will|i'll|i would|we will|call|move|ask|block|delegate|go back)\b", re.I)
ABSOLUTE = re.compile(r"\b(always|never|every single|100 ?%|without exception|no one ever|all of them all)\b", re.I)


@cache
def load_moves() -> dict[str, tuple[re.Pattern[str], ...]]:
    """The labels and their patterns. Raises BadInput for a pattern that does not compile."""
    moves = {}
    for label, patterns in read_definitions(MOVES).items():
        try:
            moves[label] = tuple(re.compile(pattern, re.I) for pattern in patterns)
        except re.error as error:
            raise BadInput("A pattern does not compile", thing=f"{MOVES.name}, {label}: {error}") from error
    return moves


def classify_moves(text: str) -> frozenset[str]:
    """The moves in a turn.

    >>> sorted(classify_moves("I can see this has been hard. What happened?"))
    ['acknowledge', 'ask_open']
    """
    plain = text.replace("’", "'").strip()
    found = {label for label, patterns in load_moves().items() if any(pattern.search(plain) for pattern in patterns)}
    if "yes_but" in found:
        found.discard("acknowledge")
    return frozenset(found)


def has_date(text: str) -> bool:
    """Whether a day or a deadline is named."""
    return bool(DATE.search(text))


def count_options(text: str) -> int:
    """How many options a turn holds: numbered or bulleted lines, "or", semicolons."""
    lines = [line for line in re.split(r"\n|;", text) if len(line.split()) >= 2]
    numbered = len(re.findall(r"(?:^|\s)(?:\(?\d[.)]|first|second|third|fourth|option [a-d1-4])(?=[\s,:])", text, re.I))
    alternatives = len([p for p in re.split(r"\bor\b|,", text) if len(p.split()) >= 2])
    return max(len(lines), numbered, alternatives if re.search(r"\bor\b", text) else 1 if text.strip() else 0)
