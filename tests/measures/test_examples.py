"""Every definition's worked examples are run as they stand: small tables in, readings out."""

from __future__ import annotations

from typing import Any

import pytest

from measures.memory import build_memory_snapshot
from quarterdeck.measures.catalogue import load_definitions
from quarterdeck.measures.evaluate import evaluate
from quarterdeck.measures.model import Example
from quarterdeck.vocabulary.reading import Reading

CASES = [(d.id, example) for d in load_definitions().values() for example in d.examples]


@pytest.mark.parametrize(("measure", "example"), CASES, ids=[f"{m}: {e.name}" for m, e in CASES])
def test_worked_example_gives_its_readings(measure: str, example: Example) -> None:
    snapshot = build_memory_snapshot(example.tables, example.data_cut)
    readings = {reading.scope.key: reading for reading in evaluate(measure, snapshot, example.level)}
    for expected in example.readings:
        check_reading(readings[expected["key"]], dict(expected))


@pytest.mark.parametrize("measure", load_definitions())
def test_every_definition_has_an_example_with_a_value_that_no_constant_could_give(measure: str) -> None:
    values = [r.get("value", r.get("not_assessed")) for e in load_definitions()[measure].examples for r in e.readings]
    assert values
    assert all(value is not None for value in values)


def check_reading(reading: Reading, expected: dict[str, Any]) -> None:
    """Each stated field, floats to four decimals."""
    interval = reading.interval
    got = {
        "value": reading.value,
        "numerator": reading.numerator,
        "denominator": reading.denominator,
        "p_target": reading.p_target,
        "verdict": reading.verdict and reading.verdict.value,
        "not_assessed": reading.not_assessed and reading.not_assessed.value,
        "low": interval and interval.low,
        "high": interval and interval.high,
    }
    for field, value in expected.items():
        if field == "details":
            assert {k: reading.details[k] for k in value} == pytest.approx(value, abs=1e-4), reading
        elif field != "key":
            assert got[field] == (pytest.approx(value, abs=1e-4) if isinstance(value, int | float) else value), (field, reading)
    if "value" in expected:
        assert reading.not_assessed is None
