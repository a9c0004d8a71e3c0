"""Portfolio budget variance of a quarter or year: what was spent against what was approved, why, and the chance to end within the band."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from quarterdeck.measures.judge import derive_outlook
from quarterdeck.measures.special.added import Added
from quarterdeck.measures.special.money import Books, Line, read_books
from quarterdeck.measures.start import start_reading
from quarterdeck.methods.targets import estimate_correlation, get_chance_within_band, get_portfolio_error, shrink_variance
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.period import Period
from quarterdeck.vocabulary.verdict import NotAssessed

if TYPE_CHECKING:
    from quarterdeck.measures.model import Definition
    from quarterdeck.measures.source import Source
    from quarterdeck.vocabulary.reading import Reading

# Own history is set against a published error per trial; it outweighs it once this many trial-quarters are known.
PRIOR_WEIGHT = 12
PRIOR_WEIGHT_OF_CORRELATION = 40


@dataclass(frozen=True, slots=True)
class Bridge:
    """From the budget first approved to what was spent, in whole hundredths of the currency, so that it sums exactly.

    baseline + scope = approved; approved + price + volume + timing = spent at budget rates; + exchange = spent at actual rates.
    """

    baseline: int
    scope: int
    price: int
    volume: int
    timing: int
    exchange: int

    @property
    def approved(self) -> int:
        """The budget as approved now."""
        return self.baseline + self.scope

    @property
    def spent(self) -> int:
        """Actual plus accrual at budget rates."""
        return self.approved + self.price + self.volume + self.timing

    @property
    def total(self) -> int:
        """Actual plus accrual at actual rates."""
        return self.spent + self.exchange

    def __add__(self, other: Bridge) -> Bridge:
        return Bridge(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(Bridge)))

    def as_details(self) -> dict[str, float | str | None]:
        """Amounts in the currency, as details of a reading."""
        names = ("baseline", "scope", "approved", "price", "volume", "timing", "spent", "exchange", "total")
        return {f"bridge_{name}": getattr(self, name) / 100 for name in names}


@dataclass(frozen=True, slots=True)
class Account:
    """One trial in one period, in the shown currency at budget rates."""

    study: str
    bridge: Bridge
    due: float  # approved up to the cut
    spent: float  # actual plus accrual up to the cut
    full: float  # approved for the whole period
    rest: float  # expected after the cut
    n_lines: int
    is_known: bool

    @property
    def expected(self) -> float:
        """What the whole period will cost less what was approved for it."""
        return self.spent + self.rest - self.full


def evaluate_budget(definition: Definition, source: Source, level: str) -> list[Reading]:
    """Variance to date as a share of the budget approved to date; `p_target` is of the whole period ending within the band."""
    period = _get_period(definition, source)
    source = replace(source, period=period)
    books = read_books(definition, source)
    accounts = build_accounts(books, period, source.cut, str(definition.method.options.get("against", "current")))
    error, correlation = estimate_errors(definition, books, period)
    if level == "portfolio":
        return [_read_account(definition, source, level, "", list(accounts.values()), books, error, correlation)]
    return [_read_account(definition, source, level, study, [account], books, error, 0.0) for study, account in sorted(accounts.items())]


def list_due_lines(definition: Definition, source: Source, level: str, key: str) -> list[Added]:
    """Each line of a month that counts adds what was approved for it, and what was spent beyond that."""
    period, against = _get_period(definition, source), str(definition.method.options.get("against", "current"))
    lines = [line for line in read_books(definition, source).lines if line.is_due and line.period in period]
    amounts = [(line, line.approved if against == "current" else line.baseline) for line in lines if key in ("", line.study)]
    return [Added("budget_line", line.row, line.spent - approved, approved) for line, approved in amounts]


def _get_period(definition: Definition, source: Source) -> Period:
    span = str(definition.method.options.get("span", "quarter"))
    return source.period or get_span(span, source.cut, source.choices.fiscal_year_start_month)


def get_span(span: str, cut: date, first_month: int = 1) -> Period:
    """The calendar quarter, or the fiscal year that starts in `first_month`, that holds the cut."""
    if span == "quarter":
        return Period.quarter_of(cut)
    year = cut.year if cut.month >= first_month else cut.year - 1
    return Period(date(year, first_month, 1), date(year + 1, first_month, 1) - timedelta(days=1))


def build_accounts(books: Books, period: Period, cut: date, against: str = "current") -> dict[str, Account]:
    """Each trial's account of a period, by trial."""
    life: dict[str, list[Line]] = defaultdict(list)
    for line in books.lines:
        life[line.study].append(line)
    extra = _sum_extra_units(books, period, cut)
    out = {}
    for study, lines in life.items():
        inside = [line for line in lines if line.period in period]
        if inside:
            out[study] = _build_account(study, lines, inside, extra.get(study, 0.0), against)
    return out


def _build_account(study: str, lines: list[Line], inside: list[Line], extra: float, against: str) -> Account:
    due = [line for line in inside if line.is_due]
    approved = [line.approved if against == "current" else line.baseline for line in inside]
    return Account(
        study=study,
        bridge=_build_bridge(lines, due, extra),
        due=sum(amount for line, amount in zip(inside, approved, strict=True) if line.is_due),
        spent=sum(line.spent for line in due),
        full=sum(approved),
        rest=sum(line.forecast for line in inside if not line.is_due),
        n_lines=len(inside),
        is_known=not due or any(line.is_known for line in due),
    )


def _build_bridge(life: list[Line], due: list[Line], extra: float) -> Bridge:
    """Scope: approved changes. Timing: what the forecast of the same cost line says will reverse. Volume: units beyond plan. Price: the rest."""
    at_end: dict[str, float] = defaultdict(float)
    for line in life:
        at_end[line.wbs] += (line.spent if line.is_due else line.forecast) - line.approved
    here: dict[str, float] = defaultdict(float)
    for line in due:
        here[line.wbs] += line.spent - line.approved
    timing = sum(gap - _get_lasting(gap, at_end[wbs]) for wbs, gap in here.items())
    cents = [round(100 * amount) for amount in (sum(line.baseline for line in due), sum(line.approved for line in due))]
    spent = round(100 * sum(line.spent for line in due))
    timing_cents = round(100 * timing)
    volume = round(100 * extra)
    price = spent - cents[1] - timing_cents - volume
    return Bridge(cents[0], cents[1] - cents[0], price, volume, timing_cents, round(100 * sum(line.exchange for line in due)))


def _get_lasting(gap: float, at_end: float) -> float:
    """The part of a gap in the period that is still there when the work ends."""
    if gap * at_end <= 0:
        return 0.0
    return float(np.sign(gap)) * min(abs(gap), abs(at_end))


def _sum_extra_units(books: Books, period: Period, cut: date) -> dict[str, float]:
    """Value of units done beyond (or, once delivered, short of) plan, by trial, for deliverables that fall in the period.

    Units not done yet are late, not saved: they are timing.
    """
    out: dict[str, float] = defaultdict(float)
    for work in books.works:
        day = work.delivered or work.due
        if day is not None and day <= cut and day in period and (work.delivered or work.done > work.planned):
            out[work.study] += work.done - work.planned
    return out


def estimate_errors(definition: Definition, books: Books, period: Period) -> tuple[float, float]:
    """Error per trial and quarter, and how much trials err together: own history before the period, shrunk to the published figures."""
    options = definition.method.options
    prior, together = float(options.get("error_per_trial", 0.135)), float(options.get("correlation", 0.10))
    budget: dict[tuple[date, str], float] = defaultdict(float)
    gap: dict[tuple[date, str], float] = defaultdict(float)
    for line in books.lines:
        if line.period < period.first and line.is_due and line.is_known:
            key = (Period.quarter_of(line.period).first, line.study)
            budget[key] += line.approved
            gap[key] += line.spent - line.approved
    floor = 0.1 * float(np.median(list(budget.values()))) if budget else 0.0
    known = [key for key in sorted(budget) if budget[key] > max(floor, 0.0)]
    errors = np.array([np.clip(gap[key] / budget[key], -1, 1) for key in known])
    error = shrink_variance(float((errors**2).sum()), len(errors), prior, PRIOR_WEIGHT)
    quarters = np.array([key[0].toordinal() for key in known])
    return error, estimate_correlation(errors, quarters, together, PRIOR_WEIGHT_OF_CORRELATION)


def _read_account(
    definition: Definition, source: Source, level: str, key: str, accounts: list[Account], books: Books, error: float, correlation: float
) -> Reading:
    base = start_reading(definition, source, level, key, sum(account.n_lines for account in accounts))
    due, full = sum(a.due for a in accounts), sum(a.full for a in accounts)
    if books.without_rate:
        return replace(base, not_assessed=NotAssessed.NOT_COLLECTED, reason=f"no budget rate from {', '.join(books.without_rate)}")
    if not accounts or not all(a.is_known for a in accounts):
        lacking = ", ".join(a.study for a in accounts if not a.is_known)
        reason = f"no actual or accrual for {lacking}" if lacking else "no budget line in the period"
        return replace(base, not_assessed=NotAssessed.NOT_COLLECTED, reason=reason)
    base = replace(base, numerator=sum(a.spent for a in accounts) - due, denominator=due)
    if full <= 0:
        return replace(base, reason="no budget was approved for the period")
    expected = sum(a.expected for a in accounts) / full
    spread = get_portfolio_error([a.rest / full for a in accounts], np.full(len(accounts), error), correlation)
    band = definition.target.value if definition.target else np.inf
    chance = get_chance_within_band(expected, spread, -band, band)
    reach = 1.6448536269514722 * spread
    details = sum((a.bridge for a in accounts), Bridge(0, 0, 0, 0, 0, 0)).as_details() | {
        "currency": books.currency,
        "approved_for_period": full,
        "expected_variance": expected,
        "expected_low": expected - reach,
        "expected_high": expected + reach,
        "error_per_trial": error,
        "correlation": correlation,
    }
    told = _find_drivers(accounts, full, expected)
    if due <= 0:
        reason = "no month of the period has closed"
        return replace(base, not_assessed=NotAssessed.NOT_YET_DUE, reason=reason, p_target=chance, details=details, drivers=told)
    return replace(
        base,
        value=base.numerator / due if base.numerator is not None else None,
        not_assessed=None,
        interval=None if spread == 0 else _hold(base.numerator or 0.0, due, expected, reach),
        p_target=chance,
        verdict=derive_outlook(chance),
        drivers=told,
        details=details,
    )


def _hold(gap: float, due: float, expected: float, reach: float) -> Interval | None:
    """The interval of where the period will end, if it holds today's value; else none (details always give it)."""
    low, high = expected - reach, expected + reach
    return Interval(low, high, 0.9) if low <= gap / due <= high else None


def _find_drivers(accounts: Iterable[Account], full: float, expected: float) -> tuple[tuple[str, float], ...]:
    sign = 1.0 if expected >= 0 else -1.0
    pushes = sorted((-sign * account.expected / full, account.study) for account in accounts)
    return tuple((study, -sign * push) for push, study in pushes[:3] if push < 0)
