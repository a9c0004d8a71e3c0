"""What every chart form shares: a finding as title, a sentence, its data table, and a specification at two drawn widths."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

import altair as alt

from quarterdeck.charts import theme
from quarterdeck.vocabulary import wording

WIDE, NARROW = 640, 340  # the two widths a chart is drawn at; between them the picture scales
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Chart(ABC):
    """One picture with its words.

    `title` is a finding, `sentence` says what is to be seen (and is the alternative text), `method` how it was worked out,
    `source` which facts. `rows()` is the data table: keys are its headings, values are numbers, dates or words, never blanks.
    """

    title: str
    sentence: str
    method: str = ""
    source: str = ""

    @abstractmethod
    def rows(self) -> list[Row]:
        """The data table that stands beside the picture."""

    @abstractmethod
    def layers(self, width: int) -> Any:
        """The picture at this width, without theme."""

    def specification(self, width: int = WIDE) -> dict[str, Any]:
        """Vega-Lite with the theme's signals (light until a reader or a paper chooses another) and the sentence as description."""
        with alt.theme.enable("none"), _without_validation():
            spec: dict[str, Any] = self.layers(width).to_dict(validate=False)
        # Inline the values again: Altair names a data set by a hash of the object, which would make equal charts differ.
        spec = _inline(spec, spec.pop("datasets", {}))
        spec.pop("config", None)
        spec["params"] = [*theme.signals(), *spec.get("params", [])]
        return spec | {"config": theme.configuration(), "background": {"expr": "paper"}, "description": self.sentence, "padding": 2}

    def headings(self) -> list[str]:
        """Headings of the data table, in order."""
        rows = self.rows()
        return list(rows[0]) if rows else []


class _Values:
    """Rows that Altair hands on as they are: it would copy each of them some seven times per chart."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows


def _inline(part: Any, datasets: Mapping[str, Any]) -> Any:
    if isinstance(part, _Values):
        return part.rows
    if isinstance(part, list):
        return [_inline(entry, datasets) for entry in part]
    if not isinstance(part, dict):
        return part
    if set(part) == {"name"} and part["name"] in datasets:
        return {"values": _inline(datasets[part["name"]], datasets)}
    return {key: _inline(entry, datasets) for key, entry in part.items()}


def data(rows: Sequence[Mapping[str, object]]) -> alt.InlineData:
    """Rows as Vega-Lite takes them: dates in ISO form, and no value that JSON cannot hold."""
    return alt.InlineData(values=cast(Any, _Values([{key: _plain(value) for key, value in row.items()} for row in rows])))


def _plain(value: object) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def signal(name: str) -> Any:
    """A colour of the theme, by name."""
    return {"expr": name}


def by_verdict(field: str = "verdict", otherwise: str = "context") -> Any:
    """A colour that follows the verdict of each row; the shape and the word stand beside it."""
    return alt.ColorValue(
        {"expr": otherwise},
        condition=[
            {"test": f"datum.{field} == 'concern'", "value": {"expr": "concern"}},
            {"test": f"datum.{field} == 'better'", "value": {"expr": "better"}},
        ],
    )


def verdict_shape(field: str = "verdict") -> Any:
    """A triangle for a concern, a circle otherwise: colour never speaks alone."""
    return alt.ShapeValue("circle", condition={"test": f"datum.{field} == 'concern'", "value": "triangle-up"})


def axis_label(unit: str) -> str:
    """The expression that words an axis value in this unit."""
    if unit in ("share", "probability"):
        return "format(datum.value, '.0~%')"
    if len(unit) == 3 and unit.isupper():
        symbol = wording.SYMBOLS.get(unit, f"{unit} ")
        size = "format(abs(datum.value) / 1e6, ',.2~f') + 'm'"
        small = "format(abs(datum.value) / 1e3, ',.1~f') + 'k'"
        return f"(datum.value < 0 ? '−' : '') + '{symbol}' + (abs(datum.value) >= 1e6 ? {size} : abs(datum.value) >= 1e4 ? {small} : format(abs(datum.value), ',.0f'))"
    return "format(datum.value, ',.3~f')"


def value_axis(unit: str, title: str | None = None, **more: Any) -> alt.Axis:
    """A value axis with light grid lines and few labels."""
    return alt.Axis(title=title, labelExpr=axis_label(unit), tickCount=5, **more)


def time_axis(width: int, **more: Any) -> alt.Axis:
    """A date axis that writes months in British form, fewer of them where the picture is narrow."""
    return alt.Axis(
        title=None,
        labelExpr="utcFormat(datum.value, '%b %Y')",
        tickCount=6 if width >= 500 else 3,
        grid=False,
        labelFlush=True,
        labelOverlap=True,
        **more,
    )


def time(field: str, axis: alt.Axis, domain: Sequence[date] | None = None) -> alt.X:
    """A horizontal date channel. Dates are days, so they are read and shown in UTC wherever the picture is drawn."""
    scale = alt.Scale(type="utc", domain=[_plain(day) for day in domain]) if domain else alt.Scale(type="utc")
    return alt.X(f"{field}:T", axis=axis, scale=scale)


def shown(value: float | None, unit: str, otherwise: str = "not collected") -> str:
    """A value in words, or the reason why there is none."""
    return otherwise if value is None else wording.in_unit(value, unit)


class _without_validation:
    # The schema check takes ten times as long as building; the tests check every form against the schema instead.
    def __enter__(self) -> None:
        self._context = alt.utils.schemapi.debug_mode(False)
        self._context.__enter__()

    def __exit__(self, *error: object) -> None:
        self._context.__exit__(None, None, None)
