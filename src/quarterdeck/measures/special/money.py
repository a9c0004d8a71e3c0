"""Budget lines and deliverables in one currency, at the stated budget rates and at the actual rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from quarterdeck.measures.rates_of_exchange import ACTUAL, BUDGET, RatesOfExchange, choose_currency, read_rates
from quarterdeck.vocabulary.payment import way_of_paying

if TYPE_CHECKING:
    from quarterdeck.measures.model import Definition
    from quarterdeck.measures.source import Source


@dataclass(frozen=True, slots=True)
class Line:
    """One budget line. Amounts in the shown currency at the budget rate; `exchange` is what spending cost more at the actual rate.

    `spent` is actual plus accrual; `is_known` says whether either was filled. `is_due` says that the month counts: it ended
    by the cut, or it is the month of the cut and the trial's books of it are closed already (something is booked).
    """

    study: str
    wbs: str
    category: str
    vendor: str
    period: date
    baseline: float
    approved: float
    spent: float
    forecast: float
    exchange: float
    is_known: bool
    is_due: bool
    row: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Work:
    """One deliverable: value of its planned and done units in the shown currency, when due and delivered, and whether time alone earns it."""

    study: str
    vendor: str
    planned: float
    done: float
    due: date | None
    delivered: date | None
    is_time: bool = False
    row: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Books:
    """All lines and deliverables in one currency, and the pairs of currencies without a budget rate."""

    currency: str
    lines: tuple[Line, ...]
    works: tuple[Work, ...]
    without_rate: tuple[str, ...]


def read_books(definition: Definition, source: Source) -> Books:
    """The books of a portfolio, kept with the snapshot.

    A portfolio with one currency only is shown in it; else in the chosen one, each line at its budget rate.
    """
    key = ("measures", "books", source.cut, source.choices.currency)
    return source.snapshot.cached(key, lambda: _read(definition, source))


def _read(definition: Definition, source: Source) -> Books:
    budget = [row for row in source.read_rows(definition, "budget_line") if row["own_currency"]]
    units = [row for row in source.read_rows(definition, "deliverable") if row["collected"]]
    rates = read_rates(source.snapshot)
    currency = choose_currency({row["own_currency"] for row in budget}, source.choices.currency)
    missing: set[str] = set()
    lines, works = [], []
    closed = {row["study_id"] for row in budget if _is_of_month(row, source.cut) and (row["own_actual"] or row["own_accrual"])}
    for row in budget:
        rate = rates.get_rate(row["own_currency"], currency, row["happened"], BUDGET)
        if rate is None:
            missing.add(f"{row['own_currency']} to {currency}")
        else:
            is_due = row["happened"] <= source.cut or (_is_of_month(row, source.cut) and row["study_id"] in closed)
            lines.append(_build_line(row, rate, rates, currency, is_due))
    for row in units:
        rate = rates.get_rate(row["own_currency"] or currency, currency, row["happened"] or source.cut, BUDGET)
        if rate is not None and row["study_id"]:
            works.append(_build_work(row, rate, source.cut))
    return Books(currency, tuple(lines), tuple(works), tuple(sorted(missing)))


def _is_of_month(row: dict[str, Any], day: date) -> bool:
    return (row["happened"].year, row["happened"].month) == (day.year, day.month)


def _build_line(row: dict[str, Any], rate: float, rates: RatesOfExchange, currency: str, is_due: bool) -> Line:
    baseline, approved, actual, accrual, forecast = (
        None if row[f"own_{name}"] is None else float(row[f"own_{name}"])
        for name in ("budget_baseline", "budget_current", "actual", "accrual", "forecast")
    )
    spent = (actual or 0.0) + (accrual or 0.0)
    paid = rates.get_rate(row["own_currency"], currency, row["happened"], ACTUAL) or rate
    planned = approved if approved is not None else baseline or 0.0
    return Line(
        study=row["study_id"],
        wbs=row["own_wbs"],
        category=row["own_cost_category"] or "other",
        vendor=row["vendor_id"] or "",
        period=row["happened"],
        baseline=rate * (baseline if baseline is not None else planned),
        approved=rate * planned,
        spent=rate * spent,
        forecast=rate * (forecast if forecast is not None else planned),
        exchange=spent * (paid - rate),
        is_known=actual is not None or accrual is not None,
        is_due=is_due,
        row=row,
    )


def _build_work(row: dict[str, Any], rate: float, cut: date) -> Work:
    delivered = row["own_delivered"] if row["own_delivered"] and row["own_delivered"] <= cut else None
    is_time = way_of_paying(row["own_unit_type"]) == "time"
    planned, done = rate * float(row["denominator"] or 0), rate * float(row["numerator"] or 0)
    return Work(row["study_id"], row["vendor_id"] or "", planned, done, row["own_due"], delivered, is_time, row)
