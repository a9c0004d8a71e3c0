"""Numbers, dates, money, durations, plurals and probabilities in British form: the only place that turns values into words."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from math import floor, isfinite, log10

from quarterdeck.vocabulary.interval import DateInterval, Interval
from quarterdeck.vocabulary.money import Money
from quarterdeck.vocabulary.period import Period

MINUS = "−"
SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "US$", "JPY": "JP¥", "CHF": "CHF ", "CAD": "CA$", "AUD": "AU$", "CNY": "CN¥"}
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")

# The fixed ladder of words for probability (upper bound, word). The interval follows in the next sentence.
LADDER = (
    (0.05, "very unlikely"),
    (0.20, "unlikely"),
    (0.40, "less likely than not"),
    (0.60, "about as likely as not"),
    (0.80, "likely"),
    (0.95, "very likely"),
    (1.01, "almost certain"),
)


def number(value: float | int | Decimal, decimals: int | None = None, signed: bool = False) -> str:
    """A number with thousands commas and a true minus.

    `decimals=None` shows integers whole and others to three significant digits (never fewer than the integer part).

    >>> number(-1234.5)
    '−1,234'
    >>> number(0.0213, 3)
    '0.021'
    """
    x = float(value)
    if not isfinite(x):
        return "undefined"
    if decimals is None:
        decimals = 0 if x == int(x) else max(0, 2 - (floor(log10(abs(x))) if x else 0))
    text = f"{abs(x):,.{decimals}f}"
    is_zero = not any(c in "123456789" for c in text)
    sign = "" if is_zero else MINUS if x < 0 else "+" if signed else ""
    return sign + text


def share(value: float, decimals: int = 1, signed: bool = False) -> str:
    """A proportion 0..1 as a percentage: 0.021 is 2.1%. Extremes keep their direction: 0.9996 is 'over 99.9%', not 100.0%."""
    bound = 10.0 ** -(decimals + 2)
    if not signed and 0 < value < bound / 2:
        return f"under {bound * 100:.{decimals}f}%"
    if not signed and 1 - bound / 2 < value < 1:
        return f"over {(1 - bound) * 100:.{decimals}f}%"
    return number(100 * value, decimals, signed) + "%"


def chance(probability: float) -> str:
    """A probability as a whole percentage, never 0 or 100: also where no draw, or every one, was so, the truth lies short of it.

    >>> chance(0.997)
    'over 99%'
    """
    if probability < 0.01:
        return "under 1%"
    if probability > 0.99:
        return "over 99%"
    return f"{100 * probability:.0f}%"


def likelihood(probability: float) -> str:
    """The word of the fixed ladder for this probability; the number belongs beside it."""
    return next(word for bound, word in LADDER if probability < bound)


def money(value: Money | float | Decimal, currency: str | None = None, signed: bool = False) -> str:
    """£457, £12,300, £18.4 million, £1.20 billion. A bare number needs its currency.

    >>> money(Money(Decimal(18400000), "GBP"))
    '£18.4 million'
    """
    if isinstance(value, Money):
        amount, code = float(value.amount), value.currency
    else:
        assert currency is not None, "money without a currency"
        amount, code = float(value), currency
    size = abs(amount)
    symbol = SYMBOLS.get(code, f"{code} ")
    sign = MINUS if amount < 0 and round(size) else "+" if signed and round(size) else ""
    if size >= 999.5e6:
        return f"{sign}{symbol}{size / 1e9:,.2f} billion"
    if size >= 999_950:
        return f"{sign}{symbol}{size / 1e6:,.1f} million"
    return f"{sign}{symbol}{size:,.0f}"


def day(value: date | datetime) -> str:
    """20 November 2026."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime) -> str:
    """20 November 2026, 18:00 (UTC)."""
    return f"{day(value)}, {value:%H:%M} UTC"


def month(value: date) -> str:
    """November 2026."""
    return f"{MONTHS[value.month - 1]} {value.year}"


def period(value: Period) -> str:
    """Q3 2026 (Jul to Sep) for a quarter, 2026 for a year, November 2026 for a month, else the two days."""
    if value == Period.year(value.first.year):
        return str(value.first.year)
    if value == Period.quarter_of(value.first):
        return f"Q{(value.first.month + 2) // 3} {value.first.year} ({MONTHS[value.first.month - 1][:3]} to {MONTHS[value.last.month - 1][:3]})"
    if value == Period.month(value.first.year, value.first.month):
        return month(value.first)
    return f"{day(value.first)} to {day(value.last)}"


def plural(count: float | int, one: str, many: str | None = None) -> str:
    """'1 trial', '3 trials', '1,200 sites', '10 countries'."""
    return f"{number(count)} {one if count == 1 else many or _several(one)}"


def _several(one: str) -> str:
    return f"{one[:-1]}ies" if one.endswith("y") and one[-2:-1] not in "aeiou" else f"{one}s"


def of(part: float | int, whole: float | int) -> str:
    """'3 of 68'."""
    return f"{number(part)} of {number(whole)}"


def duration(days: float) -> str:
    """Days in the unit a person would say: 12 days, 5 weeks, 10 months, 2.5 years."""
    size = abs(days)
    if size < 21:
        return plural(round(size), "day")
    if size < 70:
        return plural(round(size / 7), "week")
    if size < 730:
        return plural(round(size / 30.4375), "month")
    years = round(size / 365.25, 1)
    return plural(int(years), "year") if years == int(years) else f"{number(years, 1)} years"


def late(days: float) -> str:
    """'10 months late', '3 days early', 'on time' (within a day)."""
    if abs(days) < 1:
        return "on time"
    return f"{duration(days)} {'late' if days > 0 else 'early'}"


def in_unit(value: float, unit: str, signed: bool = False) -> str:
    """A value with its unit, as `Reading.unit` names it (share, days, a currency code, or any noun)."""
    if unit == "share":
        return share(value, signed=signed)
    if unit == "probability":
        return chance(value)
    if len(unit) == 3 and unit.isupper():
        return money(value, unit, signed)
    if unit in ("", "number", "ratio", "index", "per audit"):
        return number(value, None if unit != "ratio" else 2, signed)
    text = number(value, None if abs(value) >= 10 or value == int(value) else 1, signed)
    return f"{text} {unit[:-1] if text in ('1', '+1') and unit.endswith('s') else unit}"


def interval(value: Interval | DateInterval, unit: str = "") -> str:
    """'between 2.1% and 4.0% (90% interval)'; an open end reads 'not reached'."""
    if isinstance(value, DateInterval):
        low, high = day(value.low), "not reached" if value.high is None else day(value.high)
    else:
        low, high = in_unit(value.low, unit), in_unit(value.high, unit)
    return f"between {low} and {high} ({100 * value.level:.0f}% interval)"


def listing(words: list[str] | tuple[str, ...]) -> str:
    """'a, b and c'."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "none"
