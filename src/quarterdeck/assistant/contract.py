"""The typed contract with a language model: what it may be asked, what it may answer, and how an answer is judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from quarterdeck.vocabulary.errors import NotFound

PROMPTS = Path(__file__).with_name("prompts")
T = TypeVar("T")
OUTCOMES = ("used", "refused", "blocked", "failed", "over_budget")


class PhrasedSentence(BaseModel):
    """One sentence in other words. `id` is that of the given sentence."""

    model_config = ConfigDict(extra="forbid")
    id: str = Field(max_length=160)
    text: str = Field(max_length=2000)


class Phrased(BaseModel):
    """The answer to "phrase": the same sentences, in the same order."""

    model_config = ConfigDict(extra="forbid")
    sentences: list[PhrasedSentence] = Field(max_length=60)


class Shortened(BaseModel):
    """The answer to "summary": shorter sentences, each with the id of the one it shortens."""

    model_config = ConfigDict(extra="forbid")
    sentences: list[PhrasedSentence] = Field(max_length=7)


class Chosen(BaseModel):
    """The answer to "choose": one of the given options, by its id."""

    model_config = ConfigDict(extra="forbid")
    option: str = Field(max_length=300)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt from a file: its version is its name and the hash of its words."""

    purpose: str
    text: str
    version: str


@dataclass(frozen=True, slots=True)
class Question:
    """What goes out: the prompt and the material, which is data and never an instruction."""

    purpose: str
    material: str
    names: Sequence[str] = ()  # proper names that must not leave


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What came back. `value` is None where the deterministic path has to serve; `outcome` and `reason` say why."""

    value: T | None
    outcome: str
    reason: str = ""
    model: str = ""
    prompt_version: str = ""
    redactions: int = 0
    details: dict[str, str] = field(default_factory=dict)


Judge = Callable[[BaseModel], Sequence[str]]


@cache
def load_prompt(purpose: str) -> Prompt:
    """The prompt for a purpose. Raises NotFound that lists the known ones."""
    path = PROMPTS / f"{purpose}.md"
    if not path.is_file():
        raise NotFound("No such prompt", thing=purpose, allowed=sorted(p.stem for p in PROMPTS.glob("*.md")))
    text = path.read_text(encoding="utf-8")
    return Prompt(purpose, text, f"{purpose}@{sha256(text.encode()).hexdigest()[:12]}")
