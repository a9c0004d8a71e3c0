"""The colours of the three themes by name, as signals: a chart is specified once and recoloured by setting them.

A test insists that the web's tokens.css holds the same values.
"""

from __future__ import annotations

import copy
from typing import Any

THEMES: dict[str, dict[str, str]] = {
    "light": {
        "paper": "#ffffff", "panel": "#f5f7f9", "ink": "#1b2630", "ink_2": "#4a5763", "rule": "#c9d0d6", "control_edge": "#76828d",
        "series_1": "#1f3fa6", "series_2": "#d9541e", "series_3": "#1f9e97", "series_4": "#6b2b3e", "context": "#7f8b96",
        "series_1_text": "#1f3fa6", "series_2_text": "#b5410f", "series_3_text": "#0f7670", "series_4_text": "#6b2b3e",
        "concern": "#a3560b", "better": "#1d4fb8", "ordinary": "#5c6770",
    },
    "dark": {
        "paper": "#14191f", "panel": "#1c232b", "ink": "#e8edf2", "ink_2": "#a9b6c2", "rule": "#3a4652", "control_edge": "#7e8c99",
        "series_1": "#4c9ff5", "series_2": "#f07a35", "series_3": "#c4efea", "series_4": "#b9808f", "context": "#6e7b87",
        "series_1_text": "#5ca9f7", "series_2_text": "#f38b4d", "series_3_text": "#c4efea", "series_4_text": "#cf9aa8",
        "concern": "#fb9a3c", "better": "#63aeff", "ordinary": "#a9b6c2",
    },
    "calm": {
        "paper": "#f7f3e9", "panel": "#f1ecdf", "ink": "#2e3338", "ink_2": "#555a5e", "rule": "#d3cbb9", "control_edge": "#837c6c",
        "series_1": "#2f4a80", "series_2": "#a8652d", "series_3": "#3f8f87", "series_4": "#63343d", "context": "#857f6f",
        "series_1_text": "#2f4a80", "series_2_text": "#8a4f1f", "series_3_text": "#2c6e67", "series_4_text": "#63343d",
        "concern": "#854406", "better": "#3e5f9e", "ordinary": "#555a5e",
    },
}  # fmt: skip
SERIES = ("series_1", "series_2", "series_3", "series_4")
FONT = "Inter"


def signals(theme: str = "light") -> list[dict[str, str]]:
    """The colours as Vega-Lite parameters."""
    return [{"name": name, "value": value} for name, value in THEMES[theme].items()]


def in_theme(specification: dict[str, Any], theme: str) -> dict[str, Any]:
    """The same specification with another theme's colours in its signals."""
    return _with_signals(specification, THEMES[theme])


def in_variables(specification: dict[str, Any]) -> dict[str, Any]:
    """The same specification with CSS variables in its signals: the picture then follows the page's theme without being drawn again."""
    return _with_signals(specification, {name: f"var(--{name.replace('_', '-')})" for name in THEMES["light"]})


def configuration() -> dict[str, Any]:
    """Axes, text and marks of every chart: light grid, no frame, labels in the second ink."""
    text = {"labelColor": {"expr": "ink_2"}, "titleColor": {"expr": "ink_2"}, "labelFont": FONT, "titleFont": FONT}
    return {
        "font": FONT,
        "view": {"stroke": None},
        "axis": text
        | {
            "labelFontSize": 13, "titleFontSize": 13, "titleFontWeight": "normal", "gridColor": {"expr": "rule"}, "domain": False,
            "ticks": False, "labelPadding": 6, "titlePadding": 8,
        },
        "axisX": {"grid": False, "domain": True, "domainColor": {"expr": "control_edge"}},
        "header": text | {"labelFontSize": 13, "labelFontWeight": 600, "labelColor": {"expr": "ink"}, "title": None},
        "text": {"font": FONT, "fontSize": 13, "color": {"expr": "ink_2"}},
    }  # fmt: skip


def _with_signals(specification: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    changed = copy.copy(specification)
    changed["params"] = [p | {"value": values[p["name"]]} if p["name"] in values else p for p in specification["params"]]
    return changed
