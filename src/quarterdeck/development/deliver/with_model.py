"""What a language model may do here: word a given line, and point to a sentence by verbatim quote. It never sets a level, status, payoff or date.

Whatever fails, the rules speak; the log says who spoke.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from quarterdeck.assistant.contract import Question
from quarterdeck.assistant.model import ask, is_configured
from quarterdeck.development.deliver.engine import Line, Session
from quarterdeck.development.deliver.moves import has_date
from quarterdeck.development.deliver.scenario import sentences_in
from quarterdeck.methods.free_text import is_number, split_words
from quarterdeck.record.database import Record
from quarterdeck.record.permissions import Actor
from quarterdeck.vocabulary.settings import Settings

WORDED_TYPES = ("roleplay", "negotiation")
MOST_WORDS = 60
CONFIDENT = 0.5


class Worded(BaseModel):
    """One line in other words."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(max_length=600)


class Quote(BaseModel):
    """A sentence of the answer that may show an element."""

    model_config = ConfigDict(extra="forbid")
    element: str = Field(max_length=60)
    quote: str = Field(max_length=600)
    confidence: float = Field(ge=0, le=1)


class Quotes(BaseModel):
    """All quotes for one answer."""

    model_config = ConfigDict(extra="forbid")
    quotes: list[Quote] = Field(max_length=30)


def word_line(settings: Settings, record: Record, actor: Actor, session: Session, line: Line, now: datetime) -> tuple[str, str]:
    """The line in the counterpart's own words, and who worded it. The given line and "rules" wherever the model may not or cannot."""
    if not is_configured(settings) or session.scenario.type not in WORDED_TYPES or line.kind not in ("say", "fact"):
        return line.text, "rules"
    mood = {name: round(value, 1) for name, value in session.state["variables"].items()}
    material = json.dumps({"line": line.text, "who": session.scenario.title, "mood": mood}, ensure_ascii=False)
    answer = ask(settings, record, actor, Question("development-line", material), Worded, lambda value: judge_line(line.text, value), now)
    return (answer.value.text, answer.model or "a model") if answer.value is not None else (line.text, "rules")


def judge_line(given: str, value: BaseModel) -> list[str]:
    """What is wrong with a worded line: a number, day or name that the given line lacks, or too many words."""
    assert isinstance(value, Worded)
    words, known = split_words(value.text), set(split_words(given))
    problems = [f"states {word}" for word in words if is_number(word) and word not in known]
    if has_date(value.text) and not has_date(given):
        problems.append("states a day")
    names = set(re.findall(r"(?<![.!?“]\s)(?<!^)\b[A-Z][a-z]{2,}\b", value.text)) - set(re.findall(r"\b[A-Z][a-z]{2,}\b", given))
    problems += [f"states {name}" for name in sorted(names)]
    if sentences_in(value.text) > 3 or len(words) > MOST_WORDS or not words:
        problems.append("changes the length of a line")
    return problems


def suggest_quotes(
    settings: Settings, record: Record, actor: Actor, text: str, missing: Mapping[str, str], now: datetime
) -> dict[str, str]:
    """For elements that the rules did not find, a sentence of the answer to be offered in "is it here?". The learner decides."""
    if not is_configured(settings) or not missing or not text.strip():
        return {}
    material = json.dumps({"answer": text, "elements": dict(missing)}, ensure_ascii=False)
    answer = ask(settings, record, actor, Question("development-evidence", material), Quotes, lambda value: [], now)
    return keep_verbatim(answer.value.quotes if answer.value is not None else (), text, missing)


def keep_verbatim(quotes: Sequence[Quote], text: str, missing: Mapping[str, str]) -> dict[str, str]:
    """The quotes that stand in the text letter by letter and name an element that is missing."""
    kept: dict[str, str] = {}
    for quote in sorted(quotes, key=lambda q: -q.confidence):
        if quote.element in missing and quote.quote.strip() and quote.quote in text and quote.confidence >= CONFIDENT:
            kept.setdefault(quote.element, quote.quote)
    return kept
