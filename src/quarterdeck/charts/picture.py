"""Pictures of a chart: SVG that follows the page's theme, and SVG or PNG in a fixed theme for papers and downloads."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from quarterdeck.charts import theme
from quarterdeck.charts.base import WIDE, Chart
from quarterdeck.charts.sparkline import Sparkline

VEGA_LITE = "6.4"
FONTS = Path(__file__).parent / "fonts"


def draw_svg(chart: Chart, width: int = WIDE, in_theme: str = "light") -> str:
    """A stand-alone SVG with fixed colours."""
    return convert(theme.in_theme(chart.specification(width), in_theme))


def draw_inline_svg(chart: Chart, width: int = WIDE, draw: Callable[[dict[str, Any]], str] | None = None) -> str:
    """SVG for the middle of a page: colours are CSS variables, the sentence is its name, and it holds no style attribute.

    A content policy without inline styles therefore lets it pass, and another theme recolours it without a new drawing. `draw` makes SVG of
    the specification in another way than here and now.
    """
    svg = (draw or convert)(theme.in_variables(chart.specification(width)))
    svg = re.sub(r' style="[^"]*"', "", svg)
    svg = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", svg)
    svg = svg.replace(' xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1"', "", 1)
    svg = re.sub(r' pointer-events="none"| opacity="1"| font-family="[^"]*"', "", svg)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(chart.sentence, quote=True)}" ', 1)


def draw_png(chart: Chart, width: int = WIDE, in_theme: str = "light", scale: float = 2.0) -> bytes:
    """A PNG at `scale` times the drawn width."""
    import vl_convert

    _register_fonts()
    return bytes(vl_convert.vegalite_to_png(theme.in_theme(chart.specification(width), in_theme), vl_version=VEGA_LITE, scale=scale))


def draw_sparkline(chart: Sparkline) -> str:
    """A sparkline as SVG without the drawing engine: a table of a hundred trials must not wait for a hundred drawings.

    A test insists that it has the points of the specification.
    """
    where = chart.coordinates()
    parts = [
        f'<svg class="spark" role="img" aria-label="{escape(chart.sentence, quote=True)}" width="{chart.width}" height="{chart.height}" viewBox="0 0 {chart.width} {chart.height}">'
    ]
    if (level := chart.target_height()) is not None:
        parts.append(f'<line class="spark-target" x1="3" x2="{chart.width - 3}" y1="{level:.1f}" y2="{level:.1f}"/>')
    if where:
        parts.append(f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in where)}"/>')
        parts.append(f'<circle cx="{where[-1][0]:.1f}" cy="{where[-1][1]:.1f}" r="2.75"/>')
    return "".join([*parts, "</svg>"])


def convert(specification: dict[str, Any]) -> str:
    """The SVG of a Vega-Lite specification. The engine holds the interpreter's lock all the while."""
    import vl_convert

    _register_fonts()
    return str(vl_convert.vegalite_to_svg(specification, vl_version=VEGA_LITE))


@cache
def _register_fonts() -> None:
    import vl_convert

    vl_convert.register_font_directory(str(FONTS))
