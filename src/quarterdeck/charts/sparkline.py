"""A sparkline: the shape of the last months in the height of a line of text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import altair as alt

from quarterdeck.charts.base import Chart, Row, data, signal


@dataclass(frozen=True, kw_only=True)
class Sparkline(Chart):
    """Values in time, the last one marked; `target` is a dotted level."""

    unit: str
    points: tuple[tuple[date, float], ...]
    target: float | None = None
    width: int = 110
    height: int = 26

    def rows(self) -> list[Row]:
        """One row a point."""
        return [{"Date": day, "Value": value} for day, value in self.points]

    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value drawn; a flat line gets some air, so that it stands in the middle."""
        values = [value for _, value in self.points] + ([self.target] if self.target is not None else [])
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        return (low, high) if high > low else (low - 1.0, high + 1.0)

    def layers(self, width: int = 110) -> Any:
        """The line, its last point and the target."""
        rows = [{"day": day, "value": value} for day, value in self.points]
        x = alt.X("day:T", axis=None, scale=alt.Scale(type="utc"))
        y = alt.Y("value:Q", axis=None, scale=alt.Scale(domain=list(self.bounds()), nice=False, zero=False))
        layers = [
            alt.Chart(data(rows)).mark_line(color=signal("series_1"), strokeWidth=1.75).encode(x=x, y=y),
            alt.Chart(data(rows[-1:])).mark_point(filled=True, size=28, color=signal("series_1"), opacity=1).encode(x=x, y=y),
        ]
        if self.target is not None:
            layers.append(alt.Chart(data([{"value": self.target}])).mark_rule(color=signal("context"), strokeDash=[2, 3]).encode(y=y))
        return alt.layer(*layers).properties(width=min(width, self.width), height=self.height)

    def coordinates(self) -> list[tuple[float, float]]:
        """The points on the drawing surface, three units of margin all round, y downwards."""
        if not self.points:
            return []
        low, high = self.bounds()
        first, last = self.points[0][0].toordinal(), self.points[-1][0].toordinal()
        span, inner_width, inner_height = (last - first) or 1, self.width - 6, self.height - 6
        return [
            (3 + inner_width * (day.toordinal() - first) / span, 3 + inner_height * (high - value) / (high - low))
            for day, value in self.points
        ]

    def target_height(self) -> float | None:
        """Where the target stands on the drawing surface."""
        if self.target is None:
            return None
        low, high = self.bounds()
        return 3 + (self.height - 6) * (high - self.target) / (high - low)
