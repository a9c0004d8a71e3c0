"""A bullet: one measure against its target, with the acceptable range behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt

from quarterdeck.charts.base import WIDE, Chart, Row, data, shown, signal, value_axis
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.verdict import Verdict

MAX_WIDTH = 300  # a bullet stands beside a number, so it is drawn at that size rather than scaled down


@dataclass(frozen=True, kw_only=True)
class Bullet(Chart):
    """`acceptable` is the range that meets the target (an open end is None); `target` is drawn as a tick where it is one number."""

    label: str
    value: float
    unit: str
    target: float | None = None
    acceptable: tuple[float | None, float | None] = (None, None)
    interval: Interval | None = None
    verdict: Verdict = Verdict.ORDINARY

    def rows(self) -> list[Row]:
        """Value, interval, target and verdict, one row."""
        low, high = (self.interval.low, self.interval.high) if self.interval else (None, None)
        return [
            {
                "Measure": self.label,
                "Value": self.value,
                "Low end": low if low is not None else "not assessed",
                "High end": high if high is not None else "not assessed",
                "Target": self.target if self.target is not None else self._acceptable_in_words(),
                "Verdict": self.verdict.word,
            }
        ]

    def bounds(self) -> tuple[float, float]:
        """The ends of the scale: everything that is drawn, zero, and a little air."""
        parts = [0.0, self.value, self.target, *self.acceptable]
        parts += [self.interval.low, self.interval.high] if self.interval else []
        known = [part for part in parts if part is not None]
        low, high = min(known), max(known)
        air = 0.12 * (high - low or 1.0)
        return (low - air if low < 0 else 0.0, high + air)

    def layers(self, width: int = WIDE) -> Any:
        """Track, acceptable range, bar, interval and target tick."""
        low, high = self.bounds()
        x = alt.X("value:Q", scale=alt.Scale(domain=[low, high], nice=False), axis=value_axis(self.unit, values=self._marks(), grid=False))
        inside = [
            {
                "value": self.acceptable[0] if self.acceptable[0] is not None else low,
                "end": self.acceptable[1] if self.acceptable[1] is not None else high,
            }
        ]
        layers = [
            alt.Chart(data([{"value": low, "end": high}])).mark_bar(height=16, color=signal("ink_2"), opacity=0.12).encode(x=x, x2="end:Q"),
        ]
        if self.acceptable != (None, None):
            layers.append(alt.Chart(data(inside)).mark_bar(height=16, color=signal("ink_2"), opacity=0.16).encode(x=x, x2="end:Q"))
        layers.append(
            alt.Chart(data([{"value": min(0.0, self.value), "end": max(0.0, self.value)}]))
            .mark_bar(height=6, color=signal("series_1"))
            .encode(x=x, x2="end:Q")
        )
        if self.interval:
            ends = data([{"value": self.interval.low, "end": self.interval.high}])
            layers.append(alt.Chart(ends).mark_rule(strokeWidth=2, color=signal("ink")).encode(x=x, x2="end:Q"))
        ticks = [{"value": mark} for mark in self._marks()]
        if ticks:
            layers.append(alt.Chart(data(ticks)).mark_tick(thickness=3, size=22, color=signal("ink"), orient="vertical").encode(x=x))
        return alt.layer(*layers).properties(width=min(width, MAX_WIDTH) - 20, height=24)

    def _marks(self) -> list[float]:
        marks = [self.target] if self.target is not None else [end for end in self.acceptable if end is not None]
        return sorted(set(marks))

    def _acceptable_in_words(self) -> str:
        low, high = self.acceptable
        if low is None and high is None:
            return "none set"
        if low is None or high is None:
            return f"{'at least' if high is None else 'at most'} {shown(low if high is None else high, self.unit)}"
        return f"{shown(low, self.unit)} to {shown(high, self.unit)}"
