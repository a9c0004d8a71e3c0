"""Measures and their readings as facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from quarterdeck.papers.facts import Fact, Value
from quarterdeck.vocabulary.reading import Reading


class ReadingProvider:
    """Readings of every measure at every level, evaluated when first asked for."""

    prefix = "reading"

    def __init__(
        self,
        evaluate: Callable[[str, str], Sequence[Reading]],
        titles: Mapping[str, str],
        levels: Mapping[str, Sequence[str]] | None = None,
        directions: Mapping[str, str] | None = None,
    ) -> None:
        self.directions = dict(directions or {})
        self._evaluate, self._titles, self._levels = evaluate, dict(titles), dict(levels or {})
        self._kept: dict[tuple[str, str], tuple[Reading, ...]] = {}

    def of(self, measure: str, level: str = "portfolio") -> tuple[Reading, ...]:
        """Readings of one measure at one level; none where the measure does not know the level."""
        if measure not in self._titles or (self._levels and level not in self._levels.get(measure, ())):
            return ()
        if (measure, level) not in self._kept:
            self._kept[measure, level] = tuple(self._evaluate(measure, level))
        return self._kept[measure, level]

    def measures(self) -> tuple[str, ...]:
        """Identifiers of all measures."""
        return tuple(self._titles)

    def title(self, measure: str) -> str:
        """The measure's name in words."""
        return self._titles.get(measure, measure.replace("_", " "))

    def badness(self, reading: Reading) -> float:
        """How far a value lies on the wrong side: larger is worse."""
        value = reading.value or 0.0
        direction = self.directions.get(reading.measure, "lower")
        return -value if direction == "higher" else abs(value) if direction == "middle" else value

    def find(self, key: str) -> Fact | None:
        """The fact of `measure/level/scope key@period`."""
        measure, _, rest = key.partition("/")
        level = rest.partition("/")[0]
        reading = next((r for r in self.of(measure, level) if r.id == key), None)
        return reading_fact(reading, self.title(measure)) if reading else None

    def facts(self) -> Iterable[Fact]:
        """Portfolio, trial and vendor readings: those of single sites are found by id but not offered."""
        for measure in self._titles:
            for level in ("portfolio", "study", "vendor", "team"):
                yield from (reading_fact(reading, self.title(measure)) for reading in self.of(measure, level))


def reading_fact(reading: Reading, title: str) -> Fact:
    """A reading as a fact, its numerator, denominator, ends, target and drivers as parts. A reading without value has its reason as text."""
    parts: dict[str, tuple[Value, str]] = {}
    for name, value in (("numerator", reading.numerator), ("denominator", reading.denominator)):
        if value is not None:
            parts[name] = (value, "number")
    if reading.interval:
        parts |= {
            "low": (reading.interval.low, reading.unit),
            "high": (reading.interval.high, reading.unit),
            "level": (reading.interval.level, "share"),
        }
    if reading.p_target is not None:
        parts["p_target"] = (reading.p_target, "probability")
    if reading.period:
        parts["period"] = (reading.period, "date")
    if reading.as_of:
        parts["as_of"] = (reading.as_of, "date")
    for name, text in (
        ("target", reading.target),
        ("reason", reading.reason),
        ("verdict", reading.verdict.word if reading.verdict else ""),
    ):
        if text:
            parts[name] = (text, "text")
    for i, (what, amount) in enumerate(reading.drivers, 1):
        parts |= {f"driver_{i}": (what, "name"), f"driver_{i}_amount": (amount, reading.unit)}
    parts |= {
        f"detail_{key}": (value, "text" if isinstance(value, str) else "number")
        for key, value in reading.details.items()
        if value is not None
    }
    absent = reading.not_assessed.value if reading.not_assessed else "undefined"
    main: Value = absent if reading.value is None else reading.value
    unit = "text" if reading.value is None else reading.unit
    label = f"{title}, {reading.scope}"
    tables = ", ".join(reading.provenance.tables) if reading.provenance else ""
    rows = f", {reading.provenance.n_rows} rows" if reading.provenance else ""
    return Fact(
        f"reading:{reading.id}", label, main, unit, reading.interval, parts, reading.scope, reading.as_of, reading.snapshot, reading.definition,
        f"measure {title}{f' from {tables}{rows}' if tables else ''}",
    )  # fmt: skip


class MeasureProvider:
    """The names of measures, with the question each answers, as facts: a title may hold a number ("90 days")."""

    prefix = "measure"

    def __init__(self, entries: Mapping[str, tuple[str, str, str]]) -> None:
        self._entries = dict(entries)

    def find(self, key: str) -> Fact | None:
        """The measure's name; its question and owner are parts."""
        if key not in self._entries:
            return None
        name, question, owner = self._entries[key]
        parts: dict[str, tuple[Value, str]] = {part: (text, "text") for part, text in (("question", question), ("owner", owner)) if text}
        return Fact(f"measure:{key}", f"the measure {name}", name, "name", parts=parts, source=f"measures/definitions/{key}.yaml")

    def facts(self) -> Iterable[Fact]:
        """All of them."""
        return [fact for key in self._entries if (fact := self.find(key))]
