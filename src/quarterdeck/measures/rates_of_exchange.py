"""Rates of exchange: the stated budget rate and the actual rate of a month, direct, inverted or over a third currency."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

Series = tuple[list[date], list[float]]
BUDGET, ACTUAL = ("budget",), ("month_end", "spot")


@dataclass(frozen=True)
class RatesOfExchange:
    """Rates by kind and pair, in order of date."""

    series: dict[tuple[str, str, str], Series]

    @property
    def currencies(self) -> list[str]:
        """Every currency that a rate names, in order of name."""
        return sorted({currency for _, *pair in self.series for currency in pair})

    def get_rate(self, source: str, target: str, day: date, kinds: tuple[str, ...] = BUDGET) -> float | None:
        """Units of `target` for one of `source`, as last stated by `day` (else the first stated after it); None where unknown."""
        if source == target:
            return 1.0
        for kind in kinds:
            if (rate := self._find(kind, source, target, day)) is not None:
                return rate
        for kind in kinds:  # over a third currency, in order of name so that the answer never depends on chance
            for middle in sorted({pair[2] for pair in self.series if pair[0] == kind and pair[1] == source} | {"EUR", "GBP", "USD"}):
                first, second = self._find(kind, source, middle, day), self._find(kind, middle, target, day)
                if middle not in (source, target) and first is not None and second is not None:
                    return first * second
        return None

    def _find(self, kind: str, source: str, target: str, day: date) -> float | None:
        for pair, is_inverse in (((kind, source, target), False), ((kind, target, source), True)):
            if pair in self.series:
                days, values = self.series[pair]
                rate = values[max(bisect_right(days, day) - 1, 0)]
                return 1 / rate if is_inverse else rate
        return None


def choose_currency(used: Collection[str | None], chosen: str) -> str:
    """The currency to show amounts in: their own where they have only one, else the one that the installation chose."""
    named = {currency for currency in used if currency}
    return named.pop() if len(named) == 1 else chosen


def read_currency(snapshot: Snapshot) -> str:
    """The currency of the portfolio's budgets where they have only one, else the one that the installation chose."""
    rows = snapshot.query("SELECT DISTINCT currency FROM budget_line").to_pylist()
    return choose_currency({row["currency"] for row in rows}, snapshot.choices.currency)


def read_rates(snapshot: Snapshot) -> RatesOfExchange:
    """All rates of a snapshot, kept with it."""

    def read() -> RatesOfExchange:
        sql = (
            "SELECT rate_type, from_currency, to_currency, rate_dt, rate::DOUBLE AS rate FROM fx_rate "
            "WHERE rate > 0 ORDER BY rate_type, from_currency, to_currency, rate_dt"
        )
        series: dict[tuple[str, str, str], Series] = defaultdict(lambda: ([], []))
        for row in snapshot.query(sql).to_pylist():
            days, values = series[row["rate_type"], row["from_currency"], row["to_currency"]]
            days.append(row["rate_dt"])
            values.append(row["rate"])
        return RatesOfExchange(dict(series))

    return snapshot.cached(("measures", "rates"), read)
