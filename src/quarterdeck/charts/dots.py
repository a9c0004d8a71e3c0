"""Dot-and-interval: several possibilities side by side, each with how sure we are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt

from quarterdeck.charts.base import WIDE, Chart, Row, by_verdict, data, shown, signal, value_axis
from quarterdeck.vocabulary.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Dot:
    """One possibility: its value, the ends of its interval, and whether it is the one spoken of."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    verdict: Verdict = Verdict.ORDINARY


@dataclass(frozen=True, kw_only=True)
class Dots(Chart):
    """Dots top to bottom; `reference` is a level to compare with (a target, or "do nothing")."""

    unit: str
    dots: tuple[Dot, ...]
    level: float = 0.9
    reference: float | None = None
    reference_label: str = "Target"
    value_label: str = ""
    row_label: str = "Case"

    def rows(self) -> list[Row]:
        """One row a dot."""
        low, high = f"Low end ({100 * self.level:.0f}%)", f"High end ({100 * self.level:.0f}%)"
        missing = "not assessed"
        return [
            {
                self.row_label: d.label,
                self.value_label or "Value": d.value,
                low: d.low if d.low is not None else missing,
                high: d.high if d.high is not None else missing,
                "Verdict": d.verdict.word,
            }
            for d in self.dots
        ]

    def layers(self, width: int = WIDE) -> Any:
        """Intervals as rules, values as dots with direct labels, the reference as a dashed line."""
        wide = width >= 500
        limit = 200 if wide else 110
        # Chances that are all small must look small: their axis is never cut.
        scale = alt.Scale(domain=[0, 1], padding=10) if self.unit == "probability" else alt.Scale(zero=False, nice=True, padding=10)
        x = alt.X("value:Q", axis=value_axis(self.unit, self.value_label or None, grid=True), scale=scale)
        y = alt.Y("label:N", sort=[dot.label for dot in self.dots], axis=alt.Axis(title=None, labelLimit=limit, labelColor=signal("ink")))
        layers: list[Any] = []
        ends = [
            {"label": d.label, "value": d.low, "end": d.high, "verdict": d.verdict.value}
            for d in self.dots
            if d.low is not None and d.high is not None
        ]
        if ends:
            layers.append(
                alt.Chart(data(ends))
                .mark_rule(strokeWidth=2.5, opacity=0.65)
                .encode(x=x, x2="end:Q", y=y, color=by_verdict(otherwise="series_1"))
            )
        rows = [{"label": d.label, "value": d.value, "verdict": d.verdict.value, "text": shown(d.value, self.unit)} for d in self.dots]
        chart = alt.Chart(data(rows))
        layers.append(chart.mark_point(filled=True, size=80, opacity=1).encode(x=x, y=y, color=by_verdict(otherwise="series_1")))
        layers.append(
            chart.mark_text(dy=-11, fontSize=12, fontWeight=600).encode(
                x=x, y=y, text="text:N", color=by_verdict(otherwise="series_1_text")
            )
        )
        if self.reference is not None:
            rule = alt.Chart(data([{"value": self.reference, "text": f"{self.reference_label} {shown(self.reference, self.unit)}"}]))
            layers.append(rule.mark_rule(color=signal("ink"), strokeDash=[5, 4]).encode(x=x))
            layers.append(rule.mark_text(align="left", dx=4, dy=-6, y=0, color=signal("ink_2"), fontSize=12).encode(x=x, text="text:N"))
        return alt.layer(*layers).properties(width=width - limit - 40, height=max(60, 34 * len(self.dots)))
