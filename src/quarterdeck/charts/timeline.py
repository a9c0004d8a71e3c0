"""A timeline: planned, done and likely dates of the milestones, with whiskers for how sure we are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import altair as alt

from quarterdeck.charts.base import WIDE, Chart, Row, by_verdict, data, signal, time, time_axis
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Milestone:
    """One row: when it was planned, when it happened, or when it is likely to, with the ends of the interval."""

    label: str
    planned: date | None = None
    actual: date | None = None
    likely: date | None = None
    low: date | None = None
    high: date | None = None
    verdict: Verdict = Verdict.ORDINARY


@dataclass(frozen=True, kw_only=True)
class Timeline(Chart):
    """Milestones top to bottom; `today` is the day the facts end."""

    milestones: tuple[Milestone, ...]
    today: date | None = None

    def rows(self) -> list[Row]:
        """One row a milestone."""
        return [
            {
                "Milestone": m.label,
                "Planned": m.planned or "not planned",
                "Done": m.actual or "not yet",
                "Likely": m.likely or ("done" if m.actual else "not forecast"),
                "Earliest likely": m.low or ("done" if m.actual else "not forecast"),
                "Latest likely": m.high or ("done" if m.actual else "not forecast"),
                "Verdict": m.verdict.word,
            }
            for m in self.milestones
        ]

    def layers(self, width: int = WIDE) -> Any:
        """Plan as an open diamond, done as a filled circle, likely with its whiskers, and today."""
        wide = width >= 500
        x = time("day", time_axis(width))
        limit = 170 if wide else 110
        y = alt.Y(
            "label:N",
            sort=[m.label for m in self.milestones],
            axis=alt.Axis(title=None, labelLimit=limit, labelColor=signal("ink"), grid=True),
        )
        layers: list[Any] = []
        whiskers = [
            {"label": m.label, "day": m.low, "end": m.high, "verdict": m.verdict.value} for m in self.milestones if m.low and m.high
        ]
        if whiskers:
            layers.append(
                alt.Chart(data(whiskers))
                .mark_rule(strokeWidth=2.5, opacity=0.7)
                .encode(x=x, x2="end:T", y=y, color=by_verdict(otherwise="series_1"))
            )
        planned = [{"label": m.label, "day": m.planned} for m in self.milestones if m.planned]
        layers.append(
            alt.Chart(data(planned))
            .mark_point(shape="diamond", size=90, strokeWidth=1.75, color=signal("context"), filled=False, opacity=1)
            .encode(x=x, y=y)
        )
        done = [{"label": m.label, "day": m.actual} for m in self.milestones if m.actual]
        layers.append(alt.Chart(data(done)).mark_point(filled=True, size=70, color=signal("ink_2"), opacity=1).encode(x=x, y=y))
        likely = [
            {"label": m.label, "day": m.likely, "verdict": m.verdict.value, "text": wording.month(m.likely)}
            for m in self.milestones
            if m.likely and not m.actual
        ]
        if likely:
            dots = alt.Chart(data(likely))
            layers.append(
                dots.mark_point(filled=True, size=80, shape="triangle-up", opacity=1).encode(
                    x=x, y=y, color=by_verdict(otherwise="series_1")
                )
            )
            layers.append(
                dots.mark_text(dy=-12, fontSize=12, fontWeight=600).encode(
                    x=x, y=y, text="text:N", color=by_verdict(otherwise="series_1_text")
                )
            )
        if self.today:
            rule = alt.Chart(data([{"day": self.today, "text": "Facts end"}]))
            layers.append(rule.mark_rule(color=signal("ink"), strokeDash=[2, 3]).encode(x=x))
            layers.append(rule.mark_text(align="left", dx=4, dy=-6, y=0, color=signal("ink_2"), fontSize=12).encode(x=x, text="text:N"))
        return alt.layer(*layers).properties(width=width - limit - 40, height=max(60, 38 * len(self.milestones)))
