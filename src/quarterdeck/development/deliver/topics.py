"""What sessions from the live portfolio ask about, and which words show that an answer is about that topic and not about another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from quarterdeck.development.definitions import HERE, check_keys, read_definitions

TOPICS = HERE / "deliver" / "topics.yaml"
UNTIL = "by|until|before|within|since|on|next|this|in|tomorrow|today"
DAY = (
    "#|monday|tuesday|wednesday|thursday|friday|week*|month*|quarter|end|day|days|january|february|march|april|may|june|july|august|"
    "september|october|november|december"
)
BECAUSE = "because|reason*|cause*|due_to|driven|owing"
RECORDS = "log|tracker|register|list*|report|record*|system|minutes|file|index|plan|dashboard|ctms|etmf"


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing to be asked about: its words, and model answers that hold them. `records` are the words that name its record."""

    id: str
    about: str
    words: tuple[str, ...]
    step: str
    cause: str = ""
    records: tuple[str, ...] = ()
    record: str = ""


@cache
def load_topics() -> dict[str, Topic]:
    """All topics by id."""
    topics = {}
    for key, entry in read_definitions(TOPICS).items():
        check_keys(entry, f"{TOPICS.name}, {key}", ("about", "words", "step"), ("cause", "records", "record"))
        topics[key] = Topic(**{**entry, "id": key, "words": tuple(entry["words"]), "records": tuple(entry.get("records", ()))})
    return topics


def expect_cause(topic: Topic) -> dict[str, Any]:
    """The cause of this topic, in its own words."""
    own = "|".join(topic.words)
    return {
        "what": f"the cause of {topic.about}, or when you will know it",
        "cues": [f"{BECAUSE} .. {own}", f"{own} .. {BECAUSE}", f"will know|tell|name|prove|report .. {own} .. {UNTIL}"],
        "hint": f"Why {topic.about}? Or: who finds out, until when?",
        "prompt": f"The cause of {topic.about} is …",
        "assert": topic.cause,
    }


def expect_step(topic: Topic, what: str = "what you do about") -> dict[str, Any]:
    """What is done about this topic, with a day."""
    own = "|".join(topic.words)
    return {
        "what": f"{what} {topic.about}, with a day",
        "cues": [f"{own} .. {UNTIL} .. {DAY}", f"{UNTIL} .. {DAY} .. {own}"],
        "hint": f"Who does what about {topic.about}, until when?",
        "prompt": "The … does … by …",
        "assert": topic.step,
    }


def expect_record(topic: Topic) -> dict[str, Any]:
    """The record that shows this topic."""
    own = "|".join(topic.records)
    return {
        "what": f"the document that shows {topic.about}",
        "cues": [f"{own} .. {RECORDS}", f"{RECORDS} .. {own}"],
        "hint": f"Name the record of {topic.about}.",
        "prompt": "The … shows it.",
        "assert": topic.record,
    }
