"""An interval says how sure we are: two ends and the probability that they are meant to hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import isfinite

from quarterdeck.vocabulary.errors import BadInput


@dataclass(frozen=True, slots=True)
class Interval:
    """Ends in the unit of the value they belong to, and the level (0.9 = 90 %).

    >>> Interval(0.25, 0.75, 0.9).width
    0.5
    """

    low: float
    high: float
    level: float = 0.9

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high)) or self.low > self.high:
            raise BadInput("An interval needs two finite ends in rising order", thing=f"{self.low} to {self.high}")
        if not 0 < self.level < 1:
            raise BadInput("The level of an interval lies between 0 and 1", thing=str(self.level))

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    @property
    def width(self) -> float:
        """High end less low end."""
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class DateInterval:
    """Two dates and the level; the later end may be open ("not reached")."""

    low: date
    high: date | None
    level: float = 0.9

    def __post_init__(self) -> None:
        if self.high is not None and self.high < self.low:
            raise BadInput("A date interval ends before it starts", thing=f"{self.low} to {self.high}")
