"""Small multiples: the same picture for several trials, sites or vendors, on equal axes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import altair as alt

from quarterdeck.charts.base import WIDE, Chart, Row, data, time, time_axis, value_axis
from quarterdeck.vocabulary.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Panel:
    """One small picture: a line, a reference line where there is one (a plan), and a verdict shown in its heading."""

    label: str
    points: tuple[tuple[date, float], ...]
    reference: tuple[tuple[date, float], ...] = ()
    verdict: Verdict = Verdict.ORDINARY


@dataclass(frozen=True, kw_only=True)
class SmallMultiples(Chart):
    """Panels in reading order; all share both axes, so heights and slopes compare."""

    unit: str
    panels: tuple[Panel, ...]
    reference_label: str = "Plan"
    panel_label: str = "Trial"

    def rows(self) -> list[Row]:
        """One row a point."""
        return [
            {
                self.panel_label: panel.label,
                "Date": day,
                "Value": value,
                self.reference_label: dict(panel.reference).get(day, "not planned for this day"),
            }
            for panel in self.panels
            for day, value in panel.points
        ]

    def _ends(self) -> list[str]:
        days = sorted(day for panel in self.panels for points in (panel.points, panel.reference) for day, _ in points)
        return [days[0].isoformat(), days[-1].isoformat()] if days else []

    def layers(self, width: int = WIDE) -> Any:
        """A grid of panels: three in a row when wide, one when narrow."""
        columns = min(3 if width >= 500 else 2, len(self.panels) or 1)
        each = (width - 60) // columns - 22
        heads = {
            panel.label: f"{panel.verdict.shape} {panel.label}" if panel.verdict is not Verdict.ORDINARY else panel.label
            for panel in self.panels
        }
        rows = [
            {"panel": heads[panel.label], "day": day, "value": value, "line": line}
            for panel in self.panels
            for line, points in (("reference", panel.reference), ("value", panel.points))
            for day, value in points
        ]
        x = time("day", time_axis(200, labelAngle=0, values=self._ends()))
        y = alt.Y("value:Q", axis=value_axis(self.unit))
        colour = {"condition": {"test": "datum.line == 'value'", "value": {"expr": "series_1"}}, "value": {"expr": "context"}}
        picture = (
            alt.Chart(data(rows))
            .mark_line(strokeWidth=2)
            .encode(x=x, y=y, detail="line:N", color=colour)
            .properties(width=each, height=110)
        )
        return picture.facet(
            facet=alt.Facet("panel:N", sort=list(heads.values()), header=alt.Header(title=None)), columns=columns, spacing=26
        )
