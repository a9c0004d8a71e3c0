"""The exceedance curve keeps the schema at both widths, and its table has no blanks."""

from __future__ import annotations

import altair as alt
import pytest

from quarterdeck.charts.base import NARROW, WIDE
from quarterdeck.charts.exceedance import Exceedance

POINTS = tuple((1e5 * i, 0.8 / (i + 1)) for i in range(20))
CURVE = Exceedance(
    title="The register stands above what is tolerated",
    sentence="A year costs £1.2 million on average.",
    unit="GBP",
    points=POINTS,
    tolerated=tuple((a, c / 2) for a, c in POINTS),
)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_specification_keeps_the_schema(width: int) -> None:
    specification = CURVE.specification(width)
    alt.Chart.from_dict(specification)  # raises where the schema of Vega-Lite is broken
    assert specification["description"] == CURVE.sentence


def test_the_table_has_one_row_an_amount_and_no_blank() -> None:
    rows = CURVE.rows()
    assert len(rows) == 20
    assert all(value is not None and value != "" for row in rows for value in row.values())


def test_a_curve_without_a_tolerance_says_so() -> None:
    assert Exceedance(title="t", sentence="s", unit="days", points=POINTS).rows()[0]["Tolerated"] == "not set"
