"""A heat map in one hue: how strong each pair of row and column is. Each cell carries its value in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt

from quarterdeck.charts.base import WIDE, Chart, Row, data, shown, signal
from quarterdeck.vocabulary.errors import BadInput


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One pair; `value` None needs its reason ("not collected")."""

    row: str
    column: str
    value: float | None
    reason: str = "not collected"
    mark: str = ""  # after the value, for a cell that is less sure than the others


@dataclass(frozen=True, kw_only=True)
class HeatMap(Chart):
    """Cells of rows and columns; `ends` fixes the scale, so that two maps compare."""

    unit: str
    cells: tuple[HeatCell, ...]
    ends: tuple[float, float]
    row_label: str = "Row"
    column_label: str = "Column"

    def __post_init__(self) -> None:
        if self.ends[0] >= self.ends[1]:
            raise BadInput("The ends of a heat map's scale must rise", thing=f"{self.ends[0]} to {self.ends[1]}")

    def rows(self) -> list[Row]:
        """One row a cell."""
        return [
            {self.row_label: c.row, self.column_label: c.column, "Value": c.value if c.value is not None else c.reason} for c in self.cells
        ]

    def layers(self, width: int = WIDE) -> Any:
        """One hue whose strength is the value. The paper shows through, so every theme has its own light end."""
        wide = width >= 500
        limit = 190 if wide else 90
        columns = list(dict.fromkeys(cell.column for cell in self.cells))
        names = list(dict.fromkeys(cell.row for cell in self.cells))
        low, high = self.ends
        rows = [
            {
                "row": c.row,
                "column": c.column,
                "strength": None if c.value is None else 0.05 + 0.85 * min(1.0, max(0.0, (c.value - low) / (high - low))),
                "text": shown(c.value, self.unit, "–") + c.mark,
            }
            for c in self.cells
        ]
        top = alt.Axis(title=None, orient="top", labelAngle=0 if wide and len(columns) <= 8 else -60, labelLimit=120, domain=False)
        x = alt.X("column:N", sort=columns, axis=top, scale=alt.Scale(paddingInner=0.06))
        y = alt.Y(
            "row:N", sort=names, axis=alt.Axis(title=None, labelLimit=limit, labelColor=signal("ink")), scale=alt.Scale(paddingInner=0.1)
        )
        opacity = alt.FillOpacity("strength:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]), legend=None)
        chart = alt.Chart(data(rows))
        known = chart.transform_filter("datum.strength != null").mark_rect(fill=signal("series_1")).encode(x=x, y=y, fillOpacity=opacity)
        ink = {"condition": {"test": "datum.strength > 0.45", "value": {"expr": "paper"}}, "value": {"expr": "ink"}}
        return alt.layer(known, chart.mark_text(fontSize=12).encode(x=x, y=y, text="text:N", color=ink)).properties(
            width=width - limit - 30, height=30 * len(names)
        )
