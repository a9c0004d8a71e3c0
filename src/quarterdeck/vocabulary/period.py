"""A period runs from its first day to its last day, both included."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from quarterdeck.vocabulary.errors import BadInput


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """First and last day, both included.

    >>> Period.quarter(2026, 3)
    Period(first=datetime.date(2026, 7, 1), last=datetime.date(2026, 9, 30))
    """

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise BadInput("A period ends before it starts", thing=f"{self.first} to {self.last}")

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    @property
    def days(self) -> int:
        """Length in days, both ends counted."""
        return (self.last - self.first).days + 1

    @staticmethod
    def month(year: int, month: int) -> Period:
        """One calendar month."""
        return Period(date(year, month, 1), date(year, month, monthrange(year, month)[1]))

    @staticmethod
    def quarter(year: int, quarter: int) -> Period:
        """One calendar quarter, 1 to 4."""
        return Period(date(year, 3 * quarter - 2, 1), Period.month(year, 3 * quarter).last)

    @staticmethod
    def year(year: int) -> Period:
        """One calendar year."""
        return Period(date(year, 1, 1), date(year, 12, 31))

    @staticmethod
    def quarter_of(day: date) -> Period:
        """The calendar quarter that holds this day."""
        return Period.quarter(day.year, (day.month + 2) // 3)

    @staticmethod
    def twelve_months_to(day: date) -> Period:
        """The 365 or 366 days that end with this day."""
        try:
            start = day.replace(year=day.year - 1)
        except ValueError:  # 29 February
            start = date(day.year - 1, 2, 28)
        return Period(start + timedelta(days=1), day)
