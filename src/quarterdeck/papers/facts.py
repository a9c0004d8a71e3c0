"""The fact base: everything a paper may say about one snapshot, each thing with a stable id, a typed value and its source.

A fact's id is `prefix:key`, or `prefix:key#part` for a part of it (the numerator of a reading, an end of its interval).
Rooms plug in through the table of providers in `providers.py`; a room that is not there is named in `FactBase.missing`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.finding import Finding
from quarterdeck.vocabulary.interval import DateInterval, Interval
from quarterdeck.vocabulary.money import Money
from quarterdeck.vocabulary.period import Period
from quarterdeck.vocabulary.reading import Reading, Scope

if TYPE_CHECKING:
    from quarterdeck.risks.needs_me import Matter

Value = float | int | str | date | datetime | Period

FORMS = (
    "value", "number", "count", "share", "chance", "likelihood", "money", "signed", "day", "month", "period", "moment", "duration", "late", "interval", "range", "text", "name",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    """One stored value that a sentence may show.

    `unit` is as in `Reading.unit`; dates have unit "date", proper names "name", other text "text".
    `status` other than "current" (superseded, old, contested, stale) limits what a paper may do with it.
    """

    id: str
    label: str
    value: Value
    unit: str = ""
    interval: Interval | DateInterval | None = None
    parts: Mapping[str, tuple[Value, str]] = field(default_factory=dict)
    scope: Scope = Scope()
    as_of: date | None = None
    snapshot: str = ""
    definition: str = ""
    source: str = ""
    status: str = "current"

    def part(self, name: str) -> Fact:
        """A part as a fact of its own. Raises NotFound that names the parts there are."""
        if name not in self.parts:
            raise NotFound("A fact has no such part", thing=f"{self.id}#{name}", allowed=sorted(self.parts))
        value, unit = self.parts[name]
        return replace(
            self, id=f"{self.id}#{name}", value=value, unit=unit, interval=None, parts={}, label=f"{self.label}: {name.replace('_', ' ')}"
        )

    def shown(self, form: str = "value", noun: str = "") -> str:
        """The value in words, in one of FORMS. Raises BadInput where the form does not fit the value."""
        try:
            return _SHOW[form](self, noun)
        except (KeyError, TypeError, ValueError, AttributeError, AssertionError) as error:
            raise BadInput(
                "A fact cannot be shown in this form", thing=f"{self.id} = {self.value!r} {self.unit} as {form}", allowed=FORMS
            ) from error


def _as_float(fact: Fact) -> float:
    return float(fact.value)  # type: ignore[arg-type]


def _show_value(fact: Fact, noun: str) -> str:
    value = fact.value
    if isinstance(value, Period):
        return wording.period(value)
    if isinstance(value, datetime):
        return wording.moment(value)
    if isinstance(value, date):
        return wording.day(value)
    return value if isinstance(value, str) else wording.in_unit(float(value), fact.unit)


def _show_interval(fact: Fact, noun: str) -> str:
    if fact.interval is None:
        raise ValueError("no interval")
    return wording.interval(fact.interval, "" if isinstance(fact.interval, DateInterval) else fact.unit)


def _show_range(fact: Fact, noun: str) -> str:
    if isinstance(fact.interval, DateInterval):
        return f"{wording.day(fact.interval.low)} to {wording.day(fact.interval.high) if fact.interval.high else 'not reached'}"
    if fact.interval is None:
        raise ValueError("no interval")
    return f"{wording.in_unit(fact.interval.low, fact.unit)} to {wording.in_unit(fact.interval.high, fact.unit)}"


_SHOW: dict[str, Callable[[Fact, str], str]] = {
    "value": _show_value,
    "number": lambda f, n: wording.number(_as_float(f)),
    "count": lambda f, n: wording.plural(_as_float(f), *n.split("|")),
    "share": lambda f, n: wording.share(_as_float(f)),
    "chance": lambda f, n: wording.chance(_as_float(f)),
    "likelihood": lambda f, n: wording.likelihood(_as_float(f)),
    "money": lambda f, n: wording.money(_as_float(f), f.unit),
    "signed": lambda f, n: wording.in_unit(_as_float(f), f.unit, signed=True),
    "day": lambda f, n: wording.day(f.value),  # type: ignore[arg-type]
    "month": lambda f, n: wording.month(f.value),  # type: ignore[arg-type]
    "period": lambda f, n: wording.period(f.value),  # type: ignore[arg-type]
    "moment": lambda f, n: wording.moment(f.value),  # type: ignore[arg-type]
    "duration": lambda f, n: wording.duration(_as_float(f)),
    "late": lambda f, n: wording.late(_as_float(f)),
    "interval": _show_interval,
    "range": _show_range,
    "text": lambda f, n: _text(f),
    "name": lambda f, n: _text(f),
}


def _text(fact: Fact) -> str:
    if not isinstance(fact.value, str):
        raise TypeError("not text")
    return fact.value


class Provider(Protocol):
    """One kind of fact. `find` gets the key after the prefix, without a part."""

    prefix: str

    def find(self, key: str) -> Fact | None:
        """The fact of this key, or None."""

    def facts(self) -> Iterable[Fact]:
        """All facts that are worth offering to a writer or to the check of a foreign text."""


@dataclass(frozen=True, slots=True)
class EvidenceState:
    """Which snapshot a fact base speaks of. `is_latest` is false where a newer one has been taken since."""

    id: str
    data_cut: date
    taken_at: datetime
    is_latest: bool = True
    organisation: str = "Our organisation"
    base_currency: str = "GBP"


class FactBase:
    """Facts by id. Immutable from outside; what it computes it keeps."""

    def __init__(self, state: EvidenceState, providers: Sequence[Provider]) -> None:
        self.state = state
        self.providers = {provider.prefix: provider for provider in providers}
        self._known: dict[str, Fact | None] = {}

    def fact(self, fact_id: str) -> Fact:
        """The fact of this id. Raises NotFound."""
        found = self.find(fact_id)
        if found is None:
            raise NotFound(
                "No such fact in this snapshot",
                thing=f"{fact_id} in {self.state.id[:12]}",
                next_step="Load the evidence it needs, or leave the sentence out.",
            )
        return found

    def find(self, fact_id: str) -> Fact | None:
        """The fact of this id, or None."""
        if fact_id not in self._known:
            self._known[fact_id] = self._find(fact_id)
        return self._known[fact_id]

    def __contains__(self, fact_id: str) -> bool:
        return self.find(fact_id) is not None

    def facts(self) -> Iterator[Fact]:
        """Every offered fact, provider by provider."""
        for provider in self.providers.values():
            yield from provider.facts()

    def names(self) -> dict[str, str]:
        """Proper names of the evidence base, each with the id of its fact."""
        return {
            str(fact.value): fact.id
            for prefix, provider in self.providers.items()
            if prefix not in ("reading", "system")  # values only, and slow to list
            for fact in provider.facts()
            if fact.unit == "name"
        }

    @property
    def readings(self) -> Readings:
        """Readings by measure and level."""
        return self.providers["reading"]  # type: ignore[return-value]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings of all rooms, gravest first."""
        provider = self.providers.get("finding")
        return provider.all() if provider else ()  # type: ignore[attr-defined]

    def matters(self, most: int) -> list[Matter]:
        """What needs somebody, the costliest first, one matter for each subject."""
        provider = self.providers.get("finding")
        return provider.matters(most) if provider else []  # type: ignore[attr-defined]

    def _find(self, fact_id: str) -> Fact | None:
        prefix, _, key = fact_id.partition(":")
        if prefix == "label":  # what a fact is called, as evidence beside an author's words
            named = self.find(key)
            return None if named is None else replace(named, id=fact_id, value=named.label, unit="text", interval=None, parts={})
        key, _, part = key.partition("#") if not fact_id.startswith("derived:") else (key, "", "")
        provider = self.providers.get(prefix)
        fact = provider.find(key) if provider else None
        if prefix == "derived" and fact is None:
            from quarterdeck.papers.derived import derive

            fact = derive(self, key)
        if fact is None or not part:
            return fact
        return fact.part(part) if part in fact.parts else None


class Readings(Protocol):
    """What the provider of readings offers beside facts."""

    def of(self, measure: str, level: str = "portfolio") -> tuple[Reading, ...]:
        """Readings of one measure at one level."""

    def measures(self) -> tuple[str, ...]:
        """Identifiers of all measures."""

    def title(self, measure: str) -> str:
        """The measure's name in words."""

    def badness(self, reading: Reading) -> float:
        """How far a value lies on the wrong side: larger is worse."""


def money_of(value: Money) -> tuple[float, str]:
    """Amount and currency as a fact holds them."""
    return float(value.amount), value.currency
