"""The indicators: definitions as data, read by one loader that refuses what it does not know."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from quarterdeck.data_files import read_yaml
from quarterdeck.risks.cells import Rule
from quarterdeck.risks.queries import SOURCES
from quarterdeck.vocabulary.errors import BadInput, NotFound

KINDS = ("binary", "rate", "identity", "cumulative")
LEVELS = ("site", "country", "study", "investigator", "organisation", "vendor", "monitor")
CONCERNS = ("high", "low", "both")
CATEGORIES = (
    "enrolment", "quality_compliance", "safety", "data", "timeline", "budget", "vendor", "supply", "people", "regulatory", "technology",
    "market",
)  # fmt: skip
CUMULATIVE_EVENTS = "cumulative_events"
ALLOWED: dict[str, tuple[str, ...]] = {
    "kind": KINDS,
    "concern": CONCERNS,
    "category": CATEGORIES,
    "query": tuple(SOURCES),
    "accrual_on": ("none", "numerator", "denominator", "difference"),
}
NEEDED = ("abbreviation", "name", "question", "query", "numerator", "denominator", "kind", "concern", "category", "levels")
OPTIONAL = ("version", "cuts", "flags", "accrual", "accrual_on", "weights")


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator. `weights` go with `flags`, for the reference's site score; empty where it has none.

    `numerator` and `denominator` say in words what is counted; `hash` is of the whole definition, so that a changed one shows.
    """

    id: str
    abbreviation: str
    name: str
    question: str
    query: str
    numerator: str
    denominator: str
    kind: str
    concern: str
    category: str
    levels: tuple[str, ...]
    rule: Rule = Rule()
    weights: tuple[float, ...] = ()
    version: int = 1
    hash: str = ""

    @property
    def stamp(self) -> str:
        """Identifier, version and the first letters of the hash, as a reading cites its definition."""
        return f"{self.id}@{self.version}:{self.hash[:12]}"

    def weight_of(self, flag: int) -> float | None:
        """Weight of a flag in the site score, None where the indicator has no part in it."""
        return dict(zip(self.rule.flags, self.weights, strict=True)).get(flag) if self.weights else None

    def worries(self, flag: int) -> bool:
        """Whether a flag on this side is a concern (the other side may be an opportunity, or nothing)."""
        return (flag > 0 and self.concern in ("high", "both")) or (flag < 0 and self.concern in ("low", "both"))


@cache
def load_indicators() -> dict[str, Indicator]:
    """All indicators by id. Raises BadInput that names file, indicator, key and allowed values."""
    found: dict[str, Indicator] = {}
    for path in sorted(files(__package__).iterdir(), key=lambda p: p.name):
        if path.name.endswith(".yaml"):
            for key, entry in read_yaml(path).items():
                if key in found:
                    raise BadInput("An indicator is defined twice", thing=f"{path.name}, {key}")
                found[key] = read_indicator(path.name, key, entry)
    return found


def get_indicator(identifier: str) -> Indicator:
    """One indicator. Raises NotFound."""
    if identifier not in load_indicators():
        raise NotFound("There is no such indicator", thing=identifier, allowed=load_indicators())
    return load_indicators()[identifier]


def read_indicator(file: str, key: str, entry: dict[str, Any]) -> Indicator:
    """One definition, checked. Raises BadInput."""
    if unknown := set(entry) - set(NEEDED) - set(OPTIONAL):
        raise BadInput("Unknown key in an indicator", thing=f"{file}, {key}: {', '.join(sorted(unknown))}", allowed=(*NEEDED, *OPTIONAL))
    if missing := [name for name in NEEDED if name not in entry]:
        raise BadInput("An indicator lacks keys", thing=f"{file}, {key}: {', '.join(missing)}")
    for name, allowed in ALLOWED.items():
        if name in entry and entry[name] not in allowed:
            raise BadInput("Unknown value in an indicator", thing=f"{file}, {key}, {name}: {entry[name]}", allowed=allowed)
    if wrong := set(entry["levels"]) - set(LEVELS):
        raise BadInput("Unknown level in an indicator", thing=f"{file}, {key}: {', '.join(sorted(wrong))}", allowed=LEVELS)
    rule = Rule(
        tuple(map(float, entry.get("cuts", Rule().cuts))),
        tuple(entry.get("flags", Rule().flags)),
        float(entry.get("accrual", 0)),
        entry.get("accrual_on", "none"),
    )
    weights = tuple(map(float, entry.get("weights", ())))
    if weights and len(weights) != len(rule.flags):
        raise BadInput("An indicator needs one weight a flag", thing=f"{file}, {key}: {len(weights)} for {len(rule.flags)} flags")
    return Indicator(
        key, **{name: entry[name] for name in NEEDED if name != "levels"}, levels=tuple(entry["levels"]), rule=rule, weights=weights,
        version=int(entry.get("version", 1)), hash=_hash(entry),
    )  # fmt: skip


def _hash(entry: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(entry, sort_keys=True, default=str).encode()).hexdigest()
