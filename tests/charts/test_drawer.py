"""A picture drawn by another process is the picture, whatever becomes of that process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from quarterdeck.charts import drawer
from quarterdeck.charts.drawer import Drawer
from quarterdeck.charts.picture import convert

SPECIFICATION: dict[str, Any] = {
    "data": {"values": [{"month": 1, "plan": 3.5}, {"month": 2, "plan": None}, {"month": 3, "plan": 4.0}]},
    "mark": "line",
    "encoding": {"x": {"field": "month", "type": "quantitative"}, "y": {"field": "plan", "type": "quantitative", "title": "Größe “plan”"}},
}


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Drawer]:
    """A drawer; a picture drawn here is recognised by its words."""
    monkeypatch.setattr(drawer, "convert", lambda specification: "drawn here")
    opened = Drawer()
    yield opened
    opened.close()


def test_it_is_the_picture_that_would_be_drawn_here(elsewhere: Drawer) -> None:
    assert elsewhere.convert(SPECIFICATION) == convert(SPECIFICATION)


def test_where_the_process_was_killed_the_picture_is_drawn_here_and_the_next_one_elsewhere(elsewhere: Drawer) -> None:
    elsewhere.convert(SPECIFICATION)
    assert elsewhere._process
    elsewhere._process.kill()
    elsewhere._process.wait()
    assert elsewhere.convert(SPECIFICATION) == "drawn here"
    assert elsewhere.convert(SPECIFICATION) == convert(SPECIFICATION)


def test_a_picture_that_cannot_be_drawn_elsewhere_says_so_here(elsewhere: Drawer) -> None:
    assert elsewhere.convert({"mark": "no such mark"}) == "drawn here"


def test_closing_ends_the_process(elsewhere: Drawer) -> None:
    elsewhere.convert(SPECIFICATION)
    process = elsewhere._process
    assert process
    elsewhere.close()
    assert process.poll() == 0
