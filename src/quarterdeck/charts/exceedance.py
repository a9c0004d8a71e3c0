"""An exceedance curve: the probability that a loss is larger than each amount, against what is tolerated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt

from quarterdeck.charts.base import WIDE, Chart, Row, data, shown, signal, value_axis


@dataclass(frozen=True, kw_only=True)
class Exceedance(Chart):
    """`points` are (amount, probability of more) in rising order of amount; `tolerated` the same for the tolerance curve."""

    unit: str
    points: tuple[tuple[float, float], ...]
    tolerated: tuple[tuple[float, float], ...] = ()
    value_label: str = "Loss"

    def rows(self) -> list[Row]:
        """One row an amount."""
        allowed = dict(self.tolerated)
        return [
            {self.value_label: amount, "Probability of more": chance, "Tolerated": allowed.get(amount, "not set")}
            for amount, chance in self.points
        ]

    def layers(self, width: int = WIDE) -> Any:
        """The curve in the subject's colour, the tolerance dashed, each named at its line."""
        wide = width >= 500
        right = max((amount for amount, _ in self.points), default=1.0)
        x = alt.X("amount:Q", axis=value_axis(self.unit, self.value_label, grid=False), scale=alt.Scale(domain=[0, right], nice=False))
        y = alt.Y("chance:Q", axis=value_axis("share", "Probability of more"), scale=alt.Scale(domain=[0, 1]))
        curve = alt.Chart(data([{"amount": a, "chance": c} for a, c in self.points])).mark_line(color=signal("series_1"), strokeWidth=2.5)
        layers = [curve.encode(x=x, y=y)]
        named = [self._name(self.points, "The register", "series_1")]
        if self.tolerated:
            limit = alt.Chart(data([{"amount": a, "chance": c} for a, c in self.tolerated])).mark_line(
                color=signal("context"), strokeDash=[5, 4]
            )
            layers.append(limit.encode(x=x, y=y))
            named.append(self._name(self.tolerated, "Tolerated", "ink_2"))
        for row, colour in named:
            layers.append(
                alt.Chart(data([row])).mark_text(align="left", dx=8, dy=-10, color=signal(colour)).encode(x=x, y=y, text="text:N")
            )
        return alt.layer(*layers).properties(width=width - (70 if wide else 60), height=240 if wide else 220)

    def _name(self, points: tuple[tuple[float, float], ...], text: str, colour: str) -> tuple[dict[str, Any], str]:
        # Each name stands at its own place along the lines, so that the two never meet.
        amount, chance = points[len(points) // 2 if text == "Tolerated" else len(points) // 8]
        return {"amount": amount, "chance": chance, "text": f"{text}: {shown(chance, 'share')} above {shown(amount, self.unit)}"}, colour
