"""A fan: what has happened, the plan, and where it will end with how sure we are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import altair as alt

from quarterdeck.charts.base import WIDE, Chart, Row, data, shown, signal, time, time_axis, value_axis

Points = tuple[tuple[date, float], ...]


@dataclass(frozen=True, slots=True)
class Band:
    """A likely range: its level (0.8 = 80 %) and (day, low, high) in rising order of days."""

    level: float
    points: tuple[tuple[date, float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Fan(Chart):
    """`history` is observed, `plan` intended, `middle` the median forecast, `bands` widest first or last; `target` a level to reach."""

    unit: str
    history: Points
    middle: Points = ()
    bands: tuple[Band, ...] = ()
    plan: Points = ()
    target: float | None = None
    target_label: str = "Planned"
    value_label: str = ""

    def rows(self) -> list[Row]:
        """One row a day: observed, planned, median forecast and the ends of each band."""
        observed, planned, median = dict(self.history), dict(self.plan), dict(self.middle)
        ends = {f"{100 * band.level:.0f}% range": {day: (low, high) for day, low, high in band.points} for band in self.bands}
        days = sorted({*observed, *planned, *median, *(day for by_day in ends.values() for day in by_day)})
        latest = max(observed, default=date.min)
        return [
            {
                "Date": day,
                "Observed": observed.get(day, "not counted on this day" if day <= latest else "not yet due"),
                "Planned": planned.get(day, "not planned for this day"),
                "Forecast": median.get(day, "not forecast"),
                **{
                    name: f"{shown(by_day[day][0], self.unit)} to {shown(by_day[day][1], self.unit)}" if day in by_day else "not forecast"
                    for name, by_day in ends.items()
                },
            }
            for day in days
        ]

    def layers(self, width: int = WIDE) -> Any:
        """Bands, plan, history, median and direct labels."""
        wide = width >= 500
        x = time("day", time_axis(width))
        y = alt.Y("value:Q", axis=value_axis(self.unit, self.value_label or None), scale=alt.Scale(zero=True, nice=True))
        layers: list[Any] = []
        for band in sorted(self.bands, key=lambda band: -band.level):
            rows = [{"day": day, "value": low, "high": high} for day, low, high in band.points]
            layers.append(alt.Chart(data(rows)).mark_area(color=signal("series_1"), opacity=0.16, line=False).encode(x=x, y=y, y2="high:Q"))
        if self.target is not None:
            layers.append(alt.Chart(data([{"value": self.target}])).mark_rule(color=signal("context"), strokeDash=[5, 4]).encode(y=y))
        if self.plan:
            layers.append(_line(self.plan, x, y, color="context", strokeWidth=1.75))
        layers.append(_line(self.history, x, y, color="series_1", strokeWidth=2.75))
        if self.middle:
            layers.append(_line(self.middle, x, y, color="series_1", strokeWidth=2.75, strokeDash=[5, 4]))
        for label in self._labels(wide):
            align, dx, dy = label.pop("align"), label.pop("dx"), label.pop("dy")
            colour, weight = label.pop("color"), label.pop("weight")
            layers.append(
                alt.Chart(data([label]))
                .mark_text(align=align, dx=dx, dy=dy, color=signal(str(colour)), fontWeight=weight)
                .encode(x=x, y=y, text="text:N")
            )
        if self.history:
            layers.append(
                alt.Chart(data([_point(self.history[-1])]))
                .mark_point(filled=True, size=60, color=signal("series_1"), opacity=1)
                .encode(x=x, y=y)
            )
        return alt.layer(*layers).properties(width=width - (170 if wide else 60), height=240 if wide else 220)

    def _labels(self, wide: bool) -> list[dict[str, Any]]:
        labels: list[dict[str, Any]] = []
        if self.history:
            last = _point(self.history[-1])
            room = bool(self.middle)
            # Near the axis the label goes above its point, so that it does not lie on the dates.
            tallest = max([value for points in (self.history, self.plan, self.middle) for _, value in points] + [self.target or 0.0])
            dy = -12 if self.history[-1][1] < 0.12 * tallest else 16
            side = {"align": "left" if room or wide else "right", "dx": 6, "dy": dy}
            labels.append(last | side | {"text": shown(self.history[-1][1], self.unit), "color": "series_1_text", "weight": 600})
        if self.middle:
            side = {"align": "left", "dx": 6, "dy": 0} if wide else {"align": "right", "dx": 0, "dy": -12}
            labels.append(
                _point(self.middle[-1])
                | side
                | {"text": f"Forecast {shown(self.middle[-1][1], self.unit)}", "color": "series_1_text", "weight": 600}
            )
            if self.bands and wide:
                levels = " and ".join(f"{100 * band.level:.0f}%" for band in sorted(self.bands, key=lambda band: band.level))
                labels.append(
                    _point(self.middle[-1])
                    | {"text": f"{levels} range", "align": "left", "dx": 6, "dy": 17, "color": "ink_2", "weight": "normal"}
                )
        if self.plan:
            labels.append(
                _halfway(self.plan) | {"text": "Plan", "align": "right", "dx": -8, "dy": -6, "color": "ink_2", "weight": "normal"}
            )
        if self.target is not None:
            days = [day for points in (self.history, self.middle, self.plan) for day, _ in points]
            side = {"align": "left", "dx": 6, "dy": -8} if wide and self.middle else {"align": "right", "dx": 0, "dy": -8}
            labels.append(
                {
                    "day": max(days),
                    "value": self.target,
                    "text": f"{self.target_label} {shown(self.target, self.unit)}",
                    "color": "ink_2",
                    "weight": "normal",
                }
                | side
            )
        return labels


def _point(point: tuple[date, float]) -> dict[str, Any]:
    return {"day": point[0], "value": point[1]}


def _halfway(points: Points) -> dict[str, Any]:
    """The place on the line half the time along: a plan of two points has no middle one."""
    half = points[0][0] + (points[-1][0] - points[0][0]) / 2
    before = max((p for p in points if p[0] <= half), key=lambda p: p[0])
    after = min((p for p in points if p[0] >= half), key=lambda p: p[0])
    part = (half - before[0]).days / max(1, (after[0] - before[0]).days)
    return {"day": half, "value": before[1] + part * (after[1] - before[1])}


def _line(points: Sequence[tuple[date, float]], x: alt.X, y: alt.Y, color: str, **style: Any) -> Any:
    return alt.Chart(data([_point(point) for point in points])).mark_line(color=signal(color), **style).encode(x=x, y=y)
