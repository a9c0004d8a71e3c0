"""What a measure is: the frozen values that a definition file becomes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any

from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.verdict import NotAssessed

LEVELS = ("portfolio", "study", "country", "site", "investigator", "vendor", "person", "team")


class Direction(StrEnum):
    """Which way is better."""

    LOWER = "lower"
    HIGHER = "higher"
    MIDDLE = "middle"


class Comparison(StrEnum):
    """How a value is held against its target."""

    AT_MOST = "at most"
    BELOW = "below"
    AT_LEAST = "at least"
    WITHIN = "within"


@dataclass(frozen=True, slots=True)
class Target:
    """A number to reach, where it comes from, and what "will be met" means. `value` is in the measure's unit."""

    value: float
    comparison: Comparison
    source: str
    horizon: str

    def is_met_by(self, value: Any) -> Any:
        """Whether an observed value meets the target; for an array, each of its values."""
        if self.comparison is Comparison.AT_LEAST:
            return value >= self.value
        if self.comparison is Comparison.BELOW:
            return value < self.value
        return (abs(value) if self.comparison is Comparison.WITHIN else value) <= self.value

    def in_words(self, unit: str) -> str:
        """'at most 5.0%', 'within ±5.0%'."""
        return _say_target(self.value, self.comparison, unit)


@cache
def _say_target(value: float, comparison: Comparison, unit: str) -> str:
    # Kept, because thousands of readings of one measure repeat it.
    sign = "±" if comparison is Comparison.WITHIN else ""
    return f"{comparison.value} {sign}{wording.in_unit(value, unit)}"


@dataclass(frozen=True, slots=True)
class Method:
    """The named method and its numbers. `per` scales a rate (per 100 visits); `clusters` widens intervals for cases that come in groups."""

    name: str
    level: float = 0.9
    per: float = 1.0
    clusters: bool = True
    options: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example: small tables in, readings out. The test suite runs every one."""

    name: str
    data_cut: date
    level: str
    tables: Mapping[str, tuple[Mapping[str, Any], ...]]
    readings: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """One measure. `headline` marks the targets of the role. `hash` is of everything a result depends on and of its words, so a changed definition shows."""

    id: str
    name: str
    question: str
    why: str
    numerator: str
    denominator: str
    query: str
    method: Method
    unit: str
    direction: Direction
    levels: tuple[str, ...]
    minimum: float
    empty: NotAssessed
    history: str
    history_reason: str
    owner: str
    author: str
    checker: str
    reviewed: date
    review_due: date
    quantiles: str
    parameters: Mapping[str, float | str | tuple[str, ...]]
    benchmarks: tuple[str, ...]
    target: Target | None
    version: int
    limits: str
    headline: bool
    examples: tuple[Example, ...]
    hash: str

    @property
    def reference(self) -> str:
        """How a reading names the definition it was made with."""
        return f"{self.id}@{self.version}:{self.hash[:12]}"


def derive_hash(content: Mapping[str, Any]) -> str:
    """SHA-256 of a definition file's content without its examples, independent of key order and layout."""
    kept = {key: value for key, value in content.items() if key != "examples"}
    return hashlib.sha256(json.dumps(kept, sort_keys=True, default=str, ensure_ascii=False).encode()).hexdigest()
