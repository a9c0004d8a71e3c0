"""What all documents share: colours of the light theme, type sizes, fonts and the pictures of charts."""

from __future__ import annotations

from functools import lru_cache

from quarterdeck.charts.base import Chart
from quarterdeck.charts.picture import FONTS, draw_png
from quarterdeck.charts.theme import THEMES
from quarterdeck.papers.model import Figure, Table

LIGHT = {name: value.lstrip("#").upper() for name, value in THEMES["light"].items()}
CALM = {name: value.lstrip("#").upper() for name, value in THEMES["calm"].items()}
# Arial is on every board member's machine; Inter is embedded where a format can carry its own font (PDF).
OFFICE_FONT = "Arial"
SPACED_FONT = "Atkinson Hyperlegible Next"
FONT_FOLDER = FONTS


def colours(variant: str) -> dict[str, str]:
    """Hex colours without #, for the standard or the spaced variant."""
    return CALM if variant == "spaced" else LIGHT


def picture_of(figure: Figure, variant: str, width: int = 760) -> bytes | None:
    """The figure's picture at twice its size, or None where it has only a native form."""
    if figure.chart is None:
        return None
    return _draw(figure.chart, width, "calm" if variant == "spaced" else "light")


@lru_cache(maxsize=64)
def _draw(chart: Chart, width: int, theme: str) -> bytes:
    # One picture serves the paper, its PDF and its page; drawing is the slowest step of a paper.
    return draw_png(chart, width, theme, scale=2.5)


def fit_columns(table: Table, letters: int) -> list[float]:
    """Shares of the width for each column: by weight, but no column narrower than its longest word. `letters` fit in one row."""
    weights = table.weights or tuple([2.4] + [1.0] * (len(table.headers) - 1))
    needs = [3 + max(len(word) for text in _column(table, i) for word in (text.split() or [""])) for i in range(len(weights))]
    fixed: dict[int, float] = {}
    while True:
        rest = sum(weight for i, weight in enumerate(weights) if i not in fixed)
        left = letters - sum(fixed.values())
        short = [i for i, weight in enumerate(weights) if i not in fixed and weight / rest * left < needs[i]] if rest and left > 0 else []
        if not short:
            break
        fixed |= {i: float(needs[i]) for i in short}
    widths = [fixed[i] if i in fixed else max(1.0, weight / rest * left) for i, weight in enumerate(weights)]
    return [width / sum(widths) for width in widths]


def _column(table: Table, i: int) -> list[str]:
    return [table.headers[i], *(row[i].text for row in table.rows)]
