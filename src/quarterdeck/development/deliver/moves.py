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
HELP = re.compile(
    r"^\W*((please|can i have|give me|i need|a|an|another|one more|some|me|hint|clue|help)\W+)*(hint|clue|help)(\W+(me|please))*\W*$|^\W*(i am|i'm) stuck\W*$",
    re.I,
)
PROMISE = re.compile(
    r"\b(?:i|we)(?:'ll| will| commit to| promise to| agree to| am going to| are going to)\s+(?:(?:also|then|now|personally|certainly|gladly|have to)\s+)*",
    re.I,
)
NOT_A_DEED = re.compile(
    r"(?:not|never|be|think|consider|reflect|ponder|see|try|hope|wait|sleep|know|remember|want|need|like|feel|understand|talk|discuss|look (?:at|into)|"
    r"(?:get|come) back|let \w+ know|keep (?:\w+ ){0,2}in mind|give (?:\w+ ){0,2}(?:some )?thought|do (?:my|our) best)\b",
    re.I,
)
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


def is_help_request(text: str) -> bool:
    """Whether the turn only asks the coach for help. "Help me understand" is a question to the other person."""
    return bool(HELP.search(text.replace("’", "'").strip()))


def has_own_deed(text: str) -> bool:
    """Whether somebody says what they will do. To think about it, to try or to talk is no deed.

    >>> has_own_deed("I will think about it by Friday"), has_own_deed("I will move both countries by Friday")
    (False, True)
    """
    plain = text.replace("’", "'")
    return any(
        re.match(r"\w", plain[promise.end() :]) and not NOT_A_DEED.match(plain, promise.end()) for promise in PROMISE.finditer(plain)
    ) or bool(re.search(r"\bi take (it|this|that) on\b", plain, re.I))


def has_date(text: str) -> bool:
    """Whether a day or a deadline is named."""
    return bool(DATE.search(text))


def count_options(text: str) -> int:
    """How many options a turn holds: numbered or bulleted lines, "or", semicolons."""
    lines = [line for line in re.split(r"\n|;", text) if len(line.split()) >= 2]
    numbered = len(re.findall(r"(?:^|\s)(?:\(?\d[.)]|first|second|third|fourth|option [a-d1-4])(?=[\s,:])", text, re.I))
    alternatives = len([p for p in re.split(r"\bor\b|,", text) if len(p.split()) >= 2])
    return max(len(lines), numbered, alternatives if re.search(r"\bor\b", text) else 1 if text.strip() else 0)
