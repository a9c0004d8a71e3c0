"""What the rooms detected as facts, and how many findings or readings are of a kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

from quarterdeck.matters import by_gravity
from quarterdeck.papers.facts import Fact, Value
from quarterdeck.papers.providers.readings import ReadingProvider
from quarterdeck.risks.needs_me import MOST, Matter, rank
from quarterdeck.vocabulary.finding import Finding
from quarterdeck.vocabulary.reading import Reading


class FindingProvider:
    """What the rooms detected, gravest first."""

    prefix = "finding"

    def __init__(
        self, findings: Callable[[], Sequence[Finding]], settled: Callable[[], Mapping[str, Any]] = dict, today: date | None = None
    ) -> None:
        self._read, self._settled, self._today = findings, settled, today

    @cached_property
    def _all(self) -> tuple[Finding, ...]:
        return tuple(sorted(self._read(), key=by_gravity))

    def all(self) -> tuple[Finding, ...]:
        """Findings, concerns first, then by what doing nothing costs."""
        return self._all

    def matters(self, most: int = MOST) -> list[Matter]:
        """What needs somebody, ranked as the page of that name ranks it; what was accepted, delegated or snoozed is left out."""
        return rank(self._all, self._settled(), self._today, most)

    def find(self, key: str) -> Fact | None:
        """The headline of one finding, with its other words and values as parts."""
        finding = next((f for f in self._all if f.id == key), None)
        return finding_fact(finding) if finding else None

    def facts(self) -> Iterable[Fact]:
        """All headlines."""
        return [finding_fact(finding) for finding in self._all]


def finding_fact(finding: Finding) -> Fact:
    """A finding as a fact: its headline is the value."""
    c = finding.consequence
    parts: dict[str, tuple[Value, str]] = {
        name: (text, "text")
        for name, text in (
            ("cause", finding.cause),
            ("action", finding.suggested_action),
            ("owner", finding.owner),
            ("verdict", finding.verdict.word),
        )
        if text
    }
    if c.probability is not None:
        parts["probability"] = (c.probability, "probability")
    if c.days is not None:
        parts["days"] = (c.days, "days")
    if c.money is not None:
        parts["money"] = (float(c.money.amount), c.money.currency)
    if c.participants is not None:
        parts["participants"] = (c.participants, "participants")
    for key, value in finding.facts.items():
        parts[f"fact_{key}"] = (value, "text" if isinstance(value, str) else "number")
    return Fact(
        f"finding:{finding.id}",
        finding.headline,
        finding.headline,
        "text",
        None,
        parts,
        finding.scope,
        snapshot=finding.snapshot,
        source=f"finding of {finding.source}",
    )


class TallyProvider:
    """How many findings or readings are of a kind: `tally:findings?verdict=concern&source=risks`, `tally:readings/MEASURE/LEVEL?assessed=no`."""

    prefix = "tally"

    def __init__(self, findings: FindingProvider, readings: ReadingProvider) -> None:
        self._findings, self._readings = findings, readings

    def find(self, key: str) -> Fact | None:
        """The count. An unknown condition counts nothing and gives None."""
        what, _, conditions = key.partition("?")
        where = dict(pair.split("=", 1) for pair in conditions.split("&") if "=" in pair)
        if what == "findings":
            count = self._count_findings(where)
        elif what.startswith("readings/"):
            _, measure, level = what.split("/", 2)
            count = sum(_reading_fits(reading, where) for reading in self._readings.of(measure, level))
        else:
            return None
        return Fact(f"tally:{key}", f"number of {what.split('/')[0]}", float(count), "number", source=f"counted over {what}")

    def facts(self) -> Iterable[Fact]:
        """Concerns and opportunities, all rooms together."""
        return [fact for key in ("findings?verdict=concern", "findings?opportunity=yes", "findings") if (fact := self.find(key))]

    def _count_findings(self, where: Mapping[str, str]) -> int:
        return sum(finding_fits(finding, where) for finding in self._findings.all())


def finding_fits(finding: Finding, where: Mapping[str, str]) -> bool:
    """Whether a finding is of this kind: verdict, source and detector (several with |; a detector is how an id begins), level, key (of its scope or above), opportunity."""
    tests: dict[str, Callable[[str], bool]] = {
        "verdict": lambda wanted: finding.verdict.value == wanted,
        "source": lambda wanted: finding.source.split("/")[0].split(".")[0] in wanted.split("|"),
        "detector": lambda wanted: any(finding.id == name or finding.id.startswith(f"{name}/") for name in wanted.split("|")),
        "level": lambda wanted: finding.scope.level in wanted.split("|"),
        "key": lambda wanted: finding.scope.key == wanted or finding.scope.key.startswith(f"{wanted}/"),
        "opportunity": lambda wanted: finding.opportunity == (wanted == "yes"),
    }
    return all(name in tests and tests[name](wanted) for name, wanted in where.items())


def _reading_fits(reading: Reading, where: Mapping[str, str]) -> bool:
    tests: dict[str, Callable[[str], bool]] = {
        "verdict": lambda wanted: reading.verdict is not None and reading.verdict.value == wanted,
        "assessed": lambda wanted: reading.is_assessed == (wanted == "yes"),
    }
    return all(name in tests and tests[name](wanted) for name, wanted in where.items())
