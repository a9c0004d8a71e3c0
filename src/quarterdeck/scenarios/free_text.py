"""Free text to levers: the grammar first; where it cannot read, a language model may restate the text in the grammar's own forms.

The model chooses among existing levers and nothing else: the grammar reads its answer, every number, country and month in it must stand in the text,
and a person confirms what is shown back. Without a model, or when its answer is refused, the grammar's message stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from quarterdeck.assistant.contract import Judge, Question
from quarterdeck.assistant.model import ask, is_configured
from quarterdeck.record.database import Record
from quarterdeck.record.permissions import Actor
from quarterdeck.scenarios.grammar import FORMS, MONTH_NAMES, NUMBERS, parse_scenario, split_clauses
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.settings import Settings

PURPOSE = "scenario"
MOST_LETTERS = 2000
# Countries and months of the examples are the writer's to name; the other words of the forms are the grammar's.
EXAMPLE_WORDS = {"spain", "germany", *MONTH_NAMES}
MORE_WORDS = ("open", "more", "new", "extra", "sites", "site", "visits", "visit", "increase", "reduce", "widen", "tighten", "speed", "up", "down",
    "telemedicine", "video", "direct", "supply", "electronic", "consent", "local", "laboratories", "days", "day", "weeks", "week", "months", "month",
    "participants", "participant", "percent", "by", "in", "at", "of", "the", "and")  # fmt: skip
GRAMMAR_WORDS = (set(re.findall(r"[a-z]+", " ".join(FORMS).lower())) | set(MORE_WORDS)) - EXAMPLE_WORDS


class Restated(BaseModel):
    """The text in the grammar's forms, and what fits none."""

    model_config = ConfigDict(extra="forbid")
    clauses: list[str] = Field(max_length=8)
    unread: list[str] = Field(default_factory=list, max_length=8)


@dataclass(frozen=True, slots=True)
class Restatement:
    """A sentence that the grammar reads. `author` is "grammar" or the model; `unread` is what was left out and has to be said."""

    sentence: str
    author: str
    unread: tuple[str, ...] = ()


def restate(
    text: str, today: date, settings: Settings, record: Record, actor: Actor, now: datetime, names: Sequence[str] = ()
) -> Restatement:
    """The text as a sentence of the grammar. Raises BadInput with the grammar's own message where neither it nor the model can read it."""
    plain = " ".join(text.split())
    if len(plain) > MOST_LETTERS:
        raise BadInput("The text is too long to read as one scenario", thing=f"{len(plain)} letters", allowed=f"up to {MOST_LETTERS}")
    try:
        parse_scenario(plain, today)
    except BadInput:
        if not is_configured(settings):
            raise
        material = json.dumps({"text": plain, "forms": FORMS}, ensure_ascii=False)
        answer = ask(settings, record, actor, Question(PURPOSE, material, names), Restated, _judge(plain, today), now)
        if answer.value is None or not answer.value.clauses:
            raise
        return Restatement(" and ".join(answer.value.clauses), answer.model, tuple(answer.value.unread))
    return Restatement(plain, "grammar")


def _judge(text: str, today: date) -> Judge:
    def judge(value: BaseModel) -> list[str]:
        assert isinstance(value, Restated)
        return [problem for clause in value.clauses for problem in find_problems(clause, text, today)]

    return judge


def find_problems(clause: str, text: str, today: date) -> list[str]:
    """What is wrong with a clause: the grammar cannot read it, it is more than one, or it holds a number or word that is not the writer's."""
    if len(split_clauses(clause)) != 1:
        return ["not one clause"]
    try:
        parse_scenario(clause, today)
    except (BadInput, NotFound) as error:
        return [f"not one of the forms: {error.message}"]
    said = _numbers(text)
    problems = [f"states {number:g}" for number in sorted(_numbers(clause) - said)]
    known = GRAMMAR_WORDS | set(NUMBERS) | _words(text)
    return problems + [f"states {word}" for word in sorted(_words(clause) - known)]


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]+", text.lower()))


def _numbers(text: str) -> set[float]:
    """Numbers in digits or words. An article is no number here: "a pandemic" counts nothing."""
    digits = {float(n.replace(",", "")) for n in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text)}
    return digits | {float(NUMBERS[word]) for word in _words(text) if word in NUMBERS and word not in ("a", "an", "no")}
