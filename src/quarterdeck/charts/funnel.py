"""A funnel: which sites, countries or vendors differ from the rest by more than their size explains."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import altair as alt

from quarterdeck.charts.base import WIDE, Chart, Row, by_verdict, data, shown, signal, value_axis, verdict_shape
from quarterdeck.vocabulary.verdict import Verdict

MAX_LABELS = 8  # more direct labels than this hide one another; the table names them all
HEIGHT, LINE, LETTER, DOT = 240, 14, 7, 5  # pixels: of the picture, between two names, of a letter, of half a point
Side = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class FunnelPoint:
    """One unit: how much there is to count (x), what was found (y) and whether that is beyond chance."""

    label: str
    size: float
    value: float
    verdict: Verdict = Verdict.ORDINARY


@dataclass(frozen=True, slots=True)
class Limit:
    """A pair of limits: its name ("95% limit") and (size, low, high) in rising order of size."""

    label: str
    points: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Funnel(Chart):
    """Points against their size, the average, and the limits that chance alone would keep to."""

    unit: str
    points: tuple[FunnelPoint, ...]
    centre: float
    limits: tuple[Limit, ...] = ()
    size_label: str = "Participants"
    value_label: str = ""
    unit_label: str = "Site"

    def rows(self) -> list[Row]:
        """One row a unit, the concerns first."""
        order = {Verdict.CONCERN: 0, Verdict.BETTER: 1, Verdict.ORDINARY: 2}
        points = sorted(self.points, key=lambda point: (order[point.verdict], -point.value, point.label))
        return [
            {self.unit_label: p.label, self.size_label: p.size, self.value_label or "Value": p.value, "Verdict": p.verdict.word}
            for p in points
        ]

    def layers(self, width: int = WIDE) -> Any:
        """Limits, average, points, and names for those beyond the limits."""
        wide = width >= 500
        right = max((point.size for point in self.points), default=1.0) * 1.04
        values = [point.value for point in self.points] + [self.centre]
        ends = [_at(limit, right) for limit in self.limits]
        top = 1.12 * max([*values, *(end[2] for end in ends if end)]) or 1.0
        x = alt.X("size:Q", axis=alt.Axis(title=self.size_label, tickCount=5, format=",d"), scale=alt.Scale(domain=[0, right], nice=False))
        y = alt.Y(
            "value:Q", axis=value_axis(self.unit, self.value_label or None), scale=alt.Scale(domain=[min(0.0, *values), top], nice=False)
        )
        layers: list[Any] = []
        for index, limit in enumerate(self.limits):
            for end in (1, 2):
                rows = [{"size": p[0], "value": min(p[end], top)} for p in limit.points if p[0] <= right]
                dash = [] if index % 2 else [5, 4]
                layers.append(
                    alt.Chart(data(rows)).mark_line(color=signal("context"), strokeWidth=1.25, strokeDash=dash, clip=True).encode(x=x, y=y)
                )
            if wide and (edge := ends[index]) is not None:
                layers.append(_label(right, edge[2], limit.label, x, y))
        layers.append(alt.Chart(data([{"value": self.centre}])).mark_rule(color=signal("context"), strokeWidth=1.5).encode(y=y))
        layers.append(_label(right, self.centre, f"Average {shown(self.centre, self.unit)}", x, y, inside=not wide))
        layers.append(
            alt.Chart(data([{"size": p.size, "value": p.value, "verdict": p.verdict.value, "name": p.label} for p in self.points]))
            .mark_point(filled=True, size=55, opacity=0.95)
            .encode(
                x=x,
                y=y,
                color=by_verdict(),
                shape=verdict_shape(),
                tooltip=[alt.Tooltip("name:N", title=self.unit_label), alt.Tooltip("size:Q", title=self.size_label)],
            )
        )
        bottom = min(0.0, *values)
        for align, rows in self._names(wide, right, (top - bottom) / HEIGHT, width - (170 if wide else 60)).items():
            text = alt.Chart(data(rows)).mark_text(align=align, dx=8 if align == "left" else -8, fontWeight=600)
            layers.append(text.encode(x=x, y=y, text="text:N", color=by_verdict()))
        return alt.layer(*layers).properties(width=width - (170 if wide else 60), height=HEIGHT)

    def _names(self, wide: bool, right: float, per_pixel: float, width: int) -> dict[Side, list[Row]]:
        """Where the names of the concerns stand, by the side of the text that touches the point; a name without room gives way."""
        named = sorted((p for p in self.points if p.verdict is Verdict.CONCERN), key=lambda p: -p.value)[: MAX_LABELS if wide else 3]
        dots = {p: (p.size / right * width, p.value / per_pixel) for p in self.points if p.verdict is Verdict.CONCERN}
        taken = [(x - DOT, x + DOT, y) for x, y in dots.values()]  # from, to, height, in pixels
        sides: dict[Side, list[Row]] = {}
        for p in named:
            text = f"{p.label}, {shown(p.value, self.unit)}"
            either: tuple[Side, Side] = ("left", "right") if p.size < 0.6 * right else ("right", "left")
            for align, line in product(either, (0, 1, -1)):
                x, y = dots[p][0], dots[p][1] + line * LINE
                start, end = (x + DOT, x + LETTER * len(text)) if align == "left" else (x - LETTER * len(text), x - DOT)
                if (
                    start > 0
                    and end < width
                    and not any(start < to and at < end and abs(y - height) < LINE - 1 for at, to, height in taken)
                ):
                    taken.append((start, end, y))
                    sides.setdefault(align, []).append({"size": p.size, "value": y * per_pixel, "verdict": p.verdict.value, "text": text})
                    break
        return sides


def _at(limit: Limit, size: float) -> tuple[float, float, float] | None:
    """The limits at the largest size drawn."""
    within = [point for point in limit.points if point[0] <= size]
    return within[-1] if within else limit.points[0] if limit.points else None


def _label(size: float, value: float, text: str, x: alt.X, y: alt.Y, inside: bool = False) -> Any:
    place: dict[str, Any] = {"align": "right", "dx": -2, "dy": -8} if inside else {"align": "left", "dx": 6, "dy": 0}
    return (
        alt.Chart(data([{"size": size, "value": value, "text": text}]))
        .mark_text(color=signal("ink_2"), **place)
        .encode(x=x, y=y, text="text:N")
    )
