"""The risk register kept in the record, as facts: its open items, what they may cost together, and how good closed probabilities were."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from quarterdeck.methods.quantified_risk import QuantifiedRisk, expected_loss
from quarterdeck.papers.facts import Fact, Value
from quarterdeck.record.models.risks import RegisterItem
from quarterdeck.risks import register
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.settings import Settings

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.record.database import Record

EXCEEDED, LEVEL = 0.05, 0.9
DRAWS = 20_000  # as on the page of the register, so that paper and page say the same
SOURCE = "the register of the risk room"


class RegisterProvider:
    """`register:item/ID` (its title), `…/cost` and `…/days` (expected, and the size if it happens), `register:loss`, `register:score`."""

    prefix = "register"

    def __init__(self, items: Sequence[RegisterItem], people: Mapping[str, str], seed: int, currency: str) -> None:
        self.items, self._people, self._seed, self._currency = items, people, seed, currency

    def find(self, key: str) -> Fact | None:
        """One of them."""
        return self._facts.get(key)

    def facts(self) -> Iterable[Fact]:
        """All of them."""
        return self._facts.values()

    def open_items(self) -> list[str]:
        """Ids of the facts of open items: what is expected to cost most first, then the highest score, then what is not rated."""
        return [f"register:item/{item.id}" for item in sorted(self._open, key=self._rank)]

    @property
    def _open(self) -> list[RegisterItem]:
        return [item for item in self.items if item.status in register.LIVE]

    def _rank(self, item: RegisterItem) -> tuple[int, float, float, float, str]:
        cost, days = (self._facts.get(f"item/{item.id}/{what}") for what in ("cost", "days"))
        # Amounts in different currencies are not compared: ours come first.
        group = 2 if cost is None else 0 if cost.unit == self._currency else 1
        return group, -_size(cost), -_size(days), -(register.rank_qualitatively(item) or 0.0), item.id

    @cached_property
    def _facts(self) -> dict[str, Fact]:
        found = [fact for item in self._open for fact in _item_facts(item, self._people)]
        if self.items:
            found.append(Fact("register:open", "open items of the register", float(len(self._open)), "number", source=SOURCE))
        return {fact.id.partition(":")[2]: fact for fact in [*found, *self._portfolio(), *self._score()]}

    def _portfolio(self) -> list[Fact]:
        """What a year may cost in all."""
        found = register.quantify(self.items, self._seed, self._currency, DRAWS)
        if found is None:
            return []
        parts: dict[str, tuple[Value, str]] = {
            "mean": (found.money.mean, self._currency),
            "days": (float(round(found.days.p95)), "days"),
            "chance": (EXCEEDED, "probability"),
            "items": (float(len(found.items)), "number"),
            "tolerance": ("above" if found.is_above_tolerance else "within", "text"),
        }
        if found.left_out:
            parts["left_out"] = (float(len(found.left_out)), "number")
        label = "loss of a year that the quantified register exceeds once in twenty years"
        return [
            Fact(
                "register:loss",
                label,
                found.money.p95,
                self._currency,
                None,
                parts,
                definition=f"seed {self._seed}, {DRAWS} draws",
                source=SOURCE,
            )
        ]

    def _score(self) -> list[Fact]:
        """How good the probabilities of closed items were."""
        overall = next((score for score in register.score_probabilities(self.items) if score.who == "all"), None)
        if overall is None:
            return []
        verdict = "better than" if overall.brier < overall.brier_of_base_rate else "no better than"
        parts: dict[str, tuple[Value, str]] = {
            "closed": (float(overall.closed), "number"),
            "base": (round(overall.brier_of_base_rate, 3), "number"),
            "verdict": (verdict, "text"),
            "stated": (overall.mean_stated, "share"),
            "happened": (overall.share_happened, "share"),
        }
        return [
            Fact("register:score", "Brier score of closed probabilities", round(overall.brier, 3), "number", None, parts, source=SOURCE)
        ]


def provider(snapshot: Snapshot, settings: Settings, record: Record | None) -> RegisterProvider:
    """Called by the table of providers. Empty without a record."""
    if record is None:
        return RegisterProvider((), {}, settings.random_seed, settings.base_currency)
    from sqlalchemy import select

    from quarterdeck.record.models.base import Person

    with record.session() as session:
        people = {person.id: person.name for person in session.scalars(select(Person))}
    return RegisterProvider(register.read_items(record), people, settings.random_seed, settings.base_currency)


def _item_facts(item: RegisterItem, people: Mapping[str, str]) -> list[Fact]:
    """An item, and where it is quantified what it is expected to cost and delay. An opportunity counts below zero."""
    parts: dict[str, tuple[Value, str]] = {"kind": (item.kind, "text"), "state": (item.status.replace("_", " "), "text")}
    if item.owner:
        parts["owner"] = (people.get(item.owner, item.owner), "name")
    if item.p_annual is not None:
        parts["p"] = (float(item.p_annual), "probability")
    scope = Scope(item.scope_level, item.scope_id)
    key, found = f"register:item/{item.id}", []
    for what, unit in (("cost", item.currency), ("days", "days")):
        low, high = getattr(item, f"{what}_p05"), getattr(item, f"{what}_p95")
        expected = _expected(register.as_quantified(item), what) if item.p_annual is not None else None
        if low and high:
            size = Interval(float(low), float(high), LEVEL)
            found.append(
                Fact(f"{key}/{what}_if", f"{what} if it happens: {item.title}", (low + high) / 2, unit, size, scope=scope, source=SOURCE)
            )
        if expected is not None:
            found.append(Fact(f"{key}/{what}", f"expected {what} in a year: {item.title}", expected, unit, scope=scope, source=SOURCE))
    return [Fact(key, f"item of the register, {item.id}", item.title.rstrip("."), "text", None, parts, scope, source=SOURCE), *found]


def _size(fact: Fact | None) -> float:
    return 0.0 if fact is None else abs(float(fact.value))  # type: ignore[arg-type]


def _expected(risk: QuantifiedRisk, what: str) -> float | None:
    severity = risk.cost if what == "cost" else risk.days
    return None if severity is None else (-1.0 if risk.is_opportunity else 1.0) * expected_loss(risk.probability, severity)
