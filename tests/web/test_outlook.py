"""The words beside a verdict say how a reading stands today and how likely it is to meet its target, alike on every page."""

from __future__ import annotations

import html
import re

import pytest
from starlette.testclient import TestClient

from quarterdeck.vocabulary.reading import Reading, Scope
from quarterdeck.web.outlook import say_outlook


def reading(measure: str, value: float | None, chance: float | None) -> Reading:
    return Reading(measure=measure, scope=Scope(), unit="share", value=value, p_target=chance, not_assessed=None)


@pytest.mark.parametrize(
    ("measure", "value", "chance", "words"),
    [
        ("budget_variance_quarter", -0.048, 0.47, "within now; 47% to end within"),
        ("budget_variance_quarter", 0.09, 0.62, "outside now; 62% to end within"),
        ("regrettable_attrition", 0.087, 0.21, "missed now; 21% to be met"),
        ("cycle_time_change", -0.12, None, "met"),
    ],
)
def test_a_reading_says_how_it_stands_and_how_likely_it_is_to_be_met(measure: str, value: float, chance: float | None, words: str) -> None:
    assert say_outlook(reading(measure, value, chance)) == words


def test_the_bridge_and_the_table_of_measures_say_the_same(demo_client: TestClient) -> None:
    bridge, table = (html.unescape(demo_client.get(path).text) for path in ("/", "/measures"))
    said = re.findall(r"(?:Concern|Ordinary|Better): (\w+ now; [^(<]+) \(target", bridge)
    assert said
    assert all(words in table for words in said)
