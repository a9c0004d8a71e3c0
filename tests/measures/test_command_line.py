"""The commands: what they print as JSON is what the functions give, and a wrong name gives a message."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from builders import build_snapshot
from quarterdeck.cli.measures import register
from quarterdeck.measures.catalogue import load_definitions
from quarterdeck.vocabulary.errors import BadInput, NotFound

APP = typer.Typer()
register(APP)
TABLES = {
    "study": [{"study_id": "S1"}],
    "site": [{"study_id": "S1", "site_id": "1"}],
    "tmf_document": [
        {"tmf_item_id": f"D{i}", "study_id": "S1", "expected_dt": date(2026, 1, 1), "received_dt": date(2026, 1, 9) if i < 6 else None}
        for i in range(8)
    ],
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    build_snapshot(folder, TABLES)
    return folder / "home"


def run(*words: str) -> str:
    result = CliRunner().invoke(APP, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_list_holds_every_definition_with_its_target() -> None:
    listed = json.loads(run("measures", "--json"))
    assert [entry["id"] for entry in listed] == list(load_definitions())
    assert next(entry for entry in listed if entry["id"] == "tmf_completeness")["target_in_words"] == "at least 95.0%"


def test_one_measure_as_json_has_its_reading_and_the_rows_behind_it(home: Path) -> None:
    answer = json.loads(run("measure", "tmf_completeness", "--level", "study", "--rows", "--json", "--home", str(home)))
    (reading,) = answer["readings"]
    assert (reading["value"], reading["numerator"], reading["denominator"]) == (0.75, 6, 8)
    assert len(reading["rows"]) == 8
    assert reading["rows"][0]["source"] == {"file": "tmf_document.csv", "line": 2, "sheet": ""}
    assert answer["benchmarks"][0]["id"] == "TMF_KPI"


def test_one_measure_in_words_says_what_why_and_how_sure(home: Path) -> None:
    text = run("measure", "tmf_completeness", "--home", str(home))
    for part in ("TMF completeness", "An inspector reads the file", "75.0%", "6 of 8", "90% interval", "at least 95.0%"):
        assert part in text


def test_readings_give_a_value_or_a_reason_for_every_measure(home: Path) -> None:
    answer = json.loads(run("readings", "--json", "--home", str(home)))
    assert {reading["measure"] for reading in answer["readings"]} == set(load_definitions())
    assert all(reading["value"] is not None or reading["not_assessed"] for reading in answer["readings"])


def test_benchmarks_show_grade_and_status() -> None:
    (entry,) = json.loads(run("benchmarks", "DELAY_4M", "--json"))
    assert (entry["grade"], entry["status"], entry["is_citable"]) == ("D", "superseded", False)


def test_wrong_names_are_refused_with_the_known_ones(home: Path) -> None:
    with pytest.raises(NotFound, match="tmf_quality"):
        run("measure", "tmf", "--home", str(home))
    with pytest.raises(BadInput, match="portfolio, study"):
        run("measure", "tmf_quality", "--level", "vendor", "--home", str(home))
    with pytest.raises(NotFound, match="amendments"):
        run("benchmarks", "--area", "weather")
