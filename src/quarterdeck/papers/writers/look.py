"""What all documents share: colours of the light theme, type sizes, fonts and the pictures of charts."""

from __future__ import annotations

from quarterdeck.charts.picture import FONTS, draw_png
from quarterdeck.charts.theme import THEMES
from quarterdeck.papers.model import Figure

LIGHT = {name: value.lstrip("#").upper() for name, value in THEMES["light"].items()}
CALM = {name: value.lstrip("#").upper() for name, value in THEMES["calm"].items()}
# Arial is on every board member's machine; Inter is embedded where a format can carry its own font (PDF).
OFFICE_FONT = "Arial"
SPACED_FONT = "Atkinson Hyperlegible Next"
FONT_FOLDER = FONTS


def colours(variant: str) -> dict[str, str]:
    """Hex colours without #, for the standard or the spaced variant."""
    return CALM if variant == "spaced" else LIGHT


def picture_of(figure: Figure, variant: str, width: int = 640) -> bytes | None:
    """The figure's picture at twice its size, or None where it has only a native form."""
    if figure.chart is None:
        return None
    return draw_png(figure.chart, width, "calm" if variant == "spaced" else "light", scale=2.5)
