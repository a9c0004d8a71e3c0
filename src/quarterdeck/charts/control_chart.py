"""A control chart: is this change real, or the variation that was always there?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import altair as alt

from quarterdeck.charts.base import WIDE, Chart, Row, by_verdict, data, shown, signal, time, time_axis, value_axis, verdict_shape
from quarterdeck.vocabulary.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Step:
    """One period: its value (None: not assessed), centre and limits at that time, and a signal in words where a rule fired."""

    day: date
    value: float | None
    centre: float
    low: float
    high: float
    signal: str = ""
    verdict: Verdict = Verdict.ORDINARY


@dataclass(frozen=True, kw_only=True)
class ControlChart(Chart):
    """Values in time with centre line and limits that may move; `target` is drawn where there is one."""

    unit: str
    steps: tuple[Step, ...]
    target: float | None = None
    value_label: str = ""
    labels: Mapping[date, str] = field(default_factory=dict)  # how a period is called ("Q3 2026"), where not by its day

    def rows(self) -> list[Row]:
        """One row a period."""
        return [
            {
                "Period": self.labels.get(step.day, step.day),
                "Value": "not assessed" if step.value is None else step.value,
                "Centre": step.centre,
                "Lower limit": step.low,
                "Upper limit": step.high,
                "Signal": step.signal or "none",
            }
            for step in self.steps
        ]

    def layers(self, width: int = WIDE) -> Any:
        """Limits as a soft band, centre, line, and signals with shape and colour."""
        wide = width >= 500
        x = time("day", time_axis(width))
        y = alt.Y("value:Q", axis=value_axis(self.unit, self.value_label or None), scale=alt.Scale(zero=False, nice=True))
        band = [{"day": s.day, "value": s.low, "high": s.high} for s in self.steps]
        centre = [{"day": s.day, "value": s.centre} for s in self.steps]
        known = [
            {"day": s.day, "value": s.value, "verdict": s.verdict.value if s.signal else "ordinary", "signal": s.signal}
            for s in self.steps
            if s.value is not None
        ]
        layers = [
            alt.Chart(data(band)).mark_area(color=signal("ink_2"), opacity=0.10, interpolate="step-after").encode(x=x, y=y, y2="high:Q"),
            alt.Chart(data(centre)).mark_line(color=signal("context"), strokeWidth=1.5, interpolate="step-after").encode(x=x, y=y),
            alt.Chart(data(known)).mark_line(color=signal("series_1"), strokeWidth=2).encode(x=x, y=y),
            alt.Chart(data(known))
            .mark_point(filled=True, size=50, opacity=1)
            .encode(x=x, y=y, color=by_verdict(otherwise="series_1"), shape=verdict_shape()),
        ]
        if self.target is not None:
            layers.append(alt.Chart(data([{"value": self.target}])).mark_rule(color=signal("ink"), strokeDash=[5, 4]).encode(y=y))
        layers += [_label(text, day, value, x, y, wide) for text, day, value in self._labels(wide)]
        if fired := self._told(known):
            layers.append(
                alt.Chart(data(fired)).mark_text(dy=-14, fontWeight=600, align="right").encode(x=x, y=y, text="text:N", color=by_verdict())
            )
        return alt.layer(*layers).properties(width=width - (170 if wide else 60), height=220)

    def _told(self, known: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Signals to write out: the newest, and of earlier ones those far enough apart to be read. All have their shape, and a row in the table."""
        told: list[dict[str, Any]] = []
        places: list[int] = []
        for place, row in reversed(list(enumerate(known))):
            if row["signal"] and (not places or places[-1] - place >= max(4, len(known) // 3)) and len(told) < 3:
                told.append({**row, "text": row["signal"]})
                places.append(place)
        return told

    def _labels(self, wide: bool) -> list[tuple[str, date, float]]:
        if not self.steps:
            return []
        last = self.steps[-1]
        labels = [(f"Usual {shown(last.centre, self.unit)}", last.day, last.centre)]
        if wide and last.high > last.low:
            labels += [
                (f"Upper limit {shown(last.high, self.unit)}", last.day, last.high),
                (f"Lower limit {shown(last.low, self.unit)}", last.day, last.low),
            ]
        if self.target is not None:
            labels.append((f"Target {shown(self.target, self.unit)}", self.steps[0].day, self.target))
        return labels


def _label(text: str, day: date, value: float, x: alt.X, y: alt.Y, wide: bool) -> Any:
    place: dict[str, Any] = (
        {"align": "left", "dx": 6, "dy": 0}
        if wide and not text.startswith("Target")
        else {"align": "left" if text.startswith("Target") else "right", "dx": 2, "dy": -8}
    )
    return (
        alt.Chart(data([{"day": day, "value": value, "text": text}]))
        .mark_text(color=signal("ink_2"), **place)
        .encode(x=x, y=y, text="text:N")
    )
