"""Shares of money: what part of an amount is overdue, or was added by change orders. Each amount at the stated budget rate of its currency."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from quarterdeck.measures.judge import derive_verdict
from quarterdeck.measures.rates_of_exchange import BUDGET, choose_currency, read_rates
from quarterdeck.measures.special.added import Added, choose_rows
from quarterdeck.measures.start import start_reading
from quarterdeck.vocabulary.verdict import NotAssessed

if TYPE_CHECKING:
    from quarterdeck.measures.model import Definition
    from quarterdeck.measures.source import Source
    from quarterdeck.vocabulary.reading import Reading

KEYS = {"study": "study_id", "vendor": "vendor_id"}
BANDS = ((30, "open_up_to_30_days"), (60, "open_31_to_60_days"), (90, "open_61_to_90_days"))  # as finance departments age their invoices
OLDEST = "open_over_90_days"
SHOWN = 3

Rows = list[dict[str, Any]]


def evaluate_amounts(definition: Definition, source: Source, level: str) -> list[Reading]:
    """Sum of `numerator` over sum of `denominator`, both amounts. All rows count, so there is no interval and no chance."""
    rows, currency, missing = _read(definition, source)
    groups: dict[str, Rows] = defaultdict(list)
    for row in rows:
        key = "" if level == "portfolio" else row[KEYS[level]]
        if key is not None:
            groups[key].append(row)
    if level == "portfolio" and not groups:
        groups[""] = []
    return [_read_group(definition, source, level, key, groups[key], currency, missing) for key in sorted(groups)]


def list_amounts(definition: Definition, source: Source, level: str, key: str) -> list[Added]:
    """What each row adds, in the currency of the reading."""
    rows = choose_rows(_read(definition, source)[0], level, key, KEYS.get(level, ""))
    return [Added(row["table"], row, row["numerator"], row["denominator"]) for row in rows]


def _read(definition: Definition, source: Source) -> tuple[Rows, str, str]:
    """The rows that count, in one currency; which one; and the pairs without a budget rate, in words."""
    tables = dict.fromkeys(query.table for query in source.get_rows(definition))
    known = [row | {"table": name} for name in tables for row in source.read_rows(definition, name)]
    rows = [row for row in known if row["collected"] and (row["numerator"] or row["denominator"])]
    currency = choose_currency({row["own_currency"] for row in rows}, source.choices.currency)
    return rows, currency, _convert(rows, source, currency)


def _convert(rows: Rows, source: Source, currency: str) -> str:
    """Amounts of the rows in one currency, in place; returns the pairs without a budget rate, in words."""
    rates, missing = read_rates(source.snapshot), set()
    for row in rows:
        rate = rates.get_rate(row["own_currency"], currency, row["happened"], BUDGET)
        if rate is None:
            missing.add(f"{row['own_currency']} to {currency}")
        for name in ("numerator", "denominator"):
            row[name] = float(row[name] or 0) * (rate or 0.0)
    return ", ".join(sorted(missing))


def _read_group(definition: Definition, source: Source, level: str, key: str, rows: Rows, currency: str, missing: str) -> Reading:
    base = start_reading(definition, source, level, key, len(rows))
    if not source.has_rows(definition):
        return replace(base, not_assessed=NotAssessed.NOT_COLLECTED, reason="the tables behind it hold no row for this")
    if missing:
        return replace(base, not_assessed=NotAssessed.NOT_COLLECTED, reason=f"no budget rate from {missing}")
    part, whole = (sum(row[name] for row in rows) for name in ("numerator", "denominator"))
    if whole <= 0 or whole < definition.minimum:
        return replace(base, reason=f"no {definition.denominator[0].lower()}{definition.denominator[1:]}")
    return replace(
        base,
        value=part / whole,
        not_assessed=None,
        numerator=part,
        denominator=whole,
        verdict=derive_verdict(definition.target, part / whole, None),
        drivers=_find_drivers(definition, rows, level, part, whole),
        details={"currency": currency, **_sum_by_age(rows)},
    )


def _sum_by_age(rows: Rows) -> dict[str, float | str | None]:
    if not any("own_age" in row for row in rows):
        return {}
    sums: dict[str, float | str | None] = dict.fromkeys([name for _, name in BANDS] + [OLDEST], 0.0)
    for row in rows:
        if row.get("own_age") is not None:
            band = next((name for most, name in BANDS if row["own_age"] <= most), OLDEST)
            sums[band] = float(sums[band] or 0) + row["denominator"]
    return sums


def _find_drivers(definition: Definition, rows: Rows, level: str, part: float, whole: float) -> tuple[tuple[str, float], ...]:
    """Trials (of the portfolio or a vendor) or vendors (of a trial) that add most over the target, as parts of the share."""
    usual = definition.target.value if definition.target else part / whole
    pushes: dict[str, float] = defaultdict(float)
    for row in rows:
        pushes[row["vendor_id" if level == "study" else "study_id"] or ""] += row["numerator"] - usual * row["denominator"]
    ranked = sorted(
        ((name, push / whole) for name, push in pushes.items() if name and push > 1e-9 * whole), key=lambda e: (-round(e[1], 9), e[0])
    )
    return tuple(ranked[:SHOWN])
