"""A waterfall: how a figure came from where it stood to where it stands, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import altair as alt

from quarterdeck.charts.base import WIDE, Chart, Row, data, signal, value_axis
from quarterdeck.vocabulary import wording


@dataclass(frozen=True, kw_only=True)
class Waterfall(Chart):
    """`start` and the steps add up to the end, by construction. `rise_is_concern` says which direction worries."""

    unit: str
    start: tuple[str, float]
    steps: tuple[tuple[str, float], ...]
    end_label: str = "Now"
    rise_is_concern: bool = True

    @property
    def end(self) -> float:
        """Start plus all steps."""
        return self.start[1] + sum(amount for _, amount in self.steps)

    def rows(self) -> list[Row]:
        """Start, each step with the running total, end."""
        running = list(accumulate((amount for _, amount in self.steps), initial=self.start[1]))[1:]
        steps: list[Row] = [
            {"Step": label, "Change": amount, "Total after": total} for (label, amount), total in zip(self.steps, running, strict=True)
        ]
        return [
            {"Step": self.start[0], "Change": "start", "Total after": self.start[1]},
            *steps,
            {"Step": self.end_label, "Change": "end", "Total after": self.end},
        ]

    def layers(self, width: int = WIDE) -> Any:
        """Horizontal bars from top to bottom, so that names fit on a phone; totals in blue, changes by direction with sign."""
        wide = width >= 500
        limit = 190 if wide else 110
        bars = self._bars()
        values = [float(str(bar[key])) for bar in bars for key in ("from", "to")]
        span = (max(values) - min(values)) or 1.0
        # A start bar from zero would make every step a hair's breadth; the axis starts near the values, and says so.
        low = 0.0 if min(values) <= 2.5 * span else min(values) - 0.25 * span
        axis = value_axis(self.unit, None if low == 0 else "The axis does not start at zero")
        scale = alt.Scale(domain=[min(low, *values), max(values) + 0.22 * span], nice=False)
        x, tip = alt.X("from:Q", axis=axis, scale=scale), alt.X("tip:Q", axis=axis, scale=scale)
        y = alt.Y(
            "label:N", sort=[str(bar["label"]) for bar in bars], axis=alt.Axis(title=None, labelLimit=limit, labelColor=signal("ink"))
        )
        colour = {
            "condition": [
                {"test": "datum.kind == 'total'", "value": {"expr": "series_1"}},
                {"test": f"datum.kind == '{'rise' if self.rise_is_concern else 'fall'}'", "value": {"expr": "concern"}},
            ],
            "value": {"expr": "better"},
        }
        for bar in bars:
            bar["from"] = max(float(str(bar["from"])), low) if bar["kind"] == "total" else bar["from"]
            bar["tip"] = max(float(str(bar["from"])), float(str(bar["to"])))
        chart = alt.Chart(data(bars))
        text = chart.mark_text(align="left", dx=6, fontWeight=600).encode(x=tip, y=y, text="text:N", color=signal_value("ink"))
        return alt.layer(chart.mark_bar(height=16).encode(x=x, x2="to:Q", y=y, color=colour), text).properties(
            width=width - limit - 40, height=30 * len(bars)
        )

    def _bars(self) -> list[dict[str, Any]]:
        bars: list[dict[str, Any]] = [
            {"label": self.start[0], "from": 0.0, "to": self.start[1], "kind": "total", "text": wording.in_unit(self.start[1], self.unit)}
        ]
        total = self.start[1]
        for label, amount in self.steps:
            kind = "rise" if amount > 0 else "fall"
            bars.append(
                {"label": label, "from": total, "to": total + amount, "kind": kind, "text": wording.in_unit(amount, self.unit, signed=True)}
            )
            total += amount
        return [*bars, {"label": self.end_label, "from": 0.0, "to": total, "kind": "total", "text": wording.in_unit(total, self.unit)}]


def signal_value(name: str) -> dict[str, Any]:
    """A fixed colour channel."""
    return {"value": {"expr": name}}
