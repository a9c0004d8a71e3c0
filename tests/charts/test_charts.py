"""Every chart form: its data table, its words, its two widths, its themes and its pictures."""

from __future__ import annotations

import re
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path

import altair as alt
import pytest

from quarterdeck.charts import picture, theme
from quarterdeck.charts.base import NARROW, WIDE
from quarterdeck.charts.funnel import Funnel, FunnelPoint
from quarterdeck.charts.heat_map import HeatMap
from quarterdeck.charts.sparkline import Sparkline
from quarterdeck.charts.waterfall import Waterfall
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.verdict import Verdict

sys.path.insert(0, str(Path(__file__).parent))
from examples import MONTHS, WORDS, examples

EXAMPLES = examples()
STYLES = Path(theme.__file__).parents[1] / "web" / "static" / "quarterdeck.css"
each_form = pytest.mark.parametrize("name", list(EXAMPLES))


def test_there_are_ten_forms() -> None:
    assert len(EXAMPLES) == 10


@each_form
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_specification_keeps_the_schema(name: str, width: int) -> None:
    specification = EXAMPLES[name].specification(width)
    alt.Chart.from_dict(specification)  # raises where the schema of Vega-Lite is broken


@each_form
def test_the_data_table_has_no_blank(name: str) -> None:
    rows = EXAMPLES[name].rows()
    assert rows
    for row in rows:
        assert list(row) == EXAMPLES[name].headings()
        assert all(value is not None and value != "" for value in row.values())


@each_form
def test_the_sentence_is_the_description(name: str) -> None:
    assert EXAMPLES[name].specification()["description"] == WORDS["sentence"]


@each_form
def test_the_two_widths_are_drawn_differently_unless_the_form_is_small(name: str) -> None:
    wide, narrow = (EXAMPLES[name].specification(width) for width in (WIDE, NARROW))
    assert (wide == narrow) == (name in ("bullet", "sparkline"))


@each_form
def test_a_theme_changes_signals_and_nothing_else(name: str) -> None:
    light = EXAMPLES[name].specification()
    dark = theme.in_theme(light, "dark")
    assert {key: value for key, value in dark.items() if key != "params"} == {key: value for key, value in light.items() if key != "params"}
    assert {p["name"]: p["value"] for p in dark["params"] if p["name"] in theme.THEMES["dark"]} == theme.THEMES["dark"]


@each_form
def test_no_colour_stands_outside_the_signals(name: str) -> None:
    specification = EXAMPLES[name].specification() | {"params": []}
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b", str(specification))


@each_form
def test_the_inline_picture_follows_the_page_and_keeps_its_policy(name: str) -> None:
    svg = picture.draw_inline_svg(EXAMPLES[name])
    assert "var(--series-1)" in svg or "var(--ink" in svg
    assert "style=" not in svg
    assert "<script" not in svg
    assert 'aria-label="139 of 360 participants are enrolled &amp; the plan was 250."' in svg


def test_a_downloaded_picture_has_the_colours_of_its_theme() -> None:
    assert theme.THEMES["calm"]["paper"] in picture.draw_svg(EXAMPLES["fan"], in_theme="calm")


def test_a_png_is_a_png() -> None:
    assert picture.draw_png(EXAMPLES["dots"]).startswith(b"\x89PNG")


def test_the_style_sheet_holds_the_same_colours_as_the_charts() -> None:
    styles = STYLES.read_text(encoding="utf-8")
    for name, colours in theme.THEMES.items():
        block = re.search(rf'(?:^|, )\[data-theme="{name}"\] \{{(.*?)\}}', styles, re.DOTALL | re.MULTILINE)
        assert block, name
        given = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", block.group(1)))
        for token, value in colours.items():
            assert given[token.replace("_", "-")] == value, (name, token)


def test_text_colours_hold_their_contrast_on_paper_and_panel() -> None:
    for name, colours in theme.THEMES.items():
        for token in ("ink", "ink_2", "series_1_text", "series_2_text", "series_3_text", "series_4_text", "concern", "better", "ordinary"):
            for ground in ("paper", "panel"):
                assert _contrast(colours[token], colours[ground]) >= 4.5, (name, token, ground)


def test_the_quick_sparkline_has_the_points_of_its_specification() -> None:
    spark = EXAMPLES["sparkline"]
    assert isinstance(spark, Sparkline)
    line = spark.specification()["layer"][0]
    values = [row["value"] for row in line["data"]["values"]]
    low, high = line["encoding"]["y"]["scale"]["domain"]
    drawn = re.search(r'<polyline points="([^"]+)"', picture.draw_sparkline(spark))
    assert drawn
    heights = [float(pair.split(",")[1]) for pair in drawn.group(1).split()]
    assert heights == [pytest.approx(3 + (spark.height - 6) * (high - value) / (high - low), abs=0.06) for value in values]


def test_an_empty_sparkline_is_drawn_without_a_line() -> None:
    assert "polyline" not in picture.draw_sparkline(Sparkline(**WORDS, unit="participants", points=()))


def test_a_flat_sparkline_stands_in_the_middle() -> None:
    flat = Sparkline(**WORDS, unit="participants", points=((MONTHS[0], 5.0), (MONTHS[1], 5.0)))
    assert {y for _, y in flat.coordinates()} == {flat.height / 2}


def test_the_steps_of_a_waterfall_add_up_to_its_end() -> None:
    fall = Waterfall(**WORDS, unit="GBP", start=("Approved", 10.0), steps=(("More sites", 4.0), ("Fewer visits", -1.5)))
    assert fall.end == 12.5
    assert fall.rows()[-1]["Total after"] == 12.5


def test_a_heat_map_needs_a_scale_that_rises() -> None:
    with pytest.raises(BadInput, match="must rise"):
        HeatMap(**WORDS, unit="number", cells=(), ends=(5, 5))


def test_dates_are_read_as_days_wherever_the_picture_is_drawn() -> None:
    layer = EXAMPLES["control_chart"].specification()["layer"][0]
    assert layer["encoding"]["x"]["scale"]["type"] == "utc"
    assert layer["data"]["values"][0]["day"] == date(2026, 1, 1).isoformat()


def _contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_names_in_a_funnel_keep_clear_of_one_another() -> None:
    close = tuple(FunnelPoint(f"Site {i}", 30 + i / 10, 0.30 + i / 1000, Verdict.CONCERN) for i in range(8))
    funnel = Funnel(**WORDS, unit="share", points=close, centre=0.11)
    drawn = funnel.specification(WIDE)
    named = [row for layer in drawn["layer"] for row in layer["data"]["values"] if str(row.get("text", "")).startswith("Site")]
    pixel = drawn["layer"][0]["encoding"]["y"]["scale"]["domain"][1] / drawn["height"]
    assert 2 <= len(named) < len(close)  # a name without room gives way; the table below holds all
    assert min(above["value"] - below["value"] for below, above in pairwise(sorted(named, key=lambda row: row["value"]))) > 13 * pixel
    assert len(funnel.rows()) == len(close)
