"""What lies behind an indicator: the rows add up to the figure, each with file and line, on its page and through the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from world import build_world

from quarterdeck.demo.options import DemoOptions
from quarterdeck.demo.run import make_demo
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.evidence.store import Store
from quarterdeck.risks.findings import findings
from quarterdeck.risks.indicators import load_indicators
from quarterdeck.risks.kri import as_reading, get_board, read_readings
from quarterdeck.risks.rows import add_rows_behind, read_rows_behind
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Twelve small invented trials with every table filled."""
    out = tmp_path_factory.mktemp("demo")
    store = Store(out / "home" / "evidence")
    make_demo(DemoOptions(trials=12, scale=0.3, snapshots=1), out, store)
    return store.open()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    build_world(folder)
    return folder / "home"


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(home=home), work=False)) as client:
        yield client


@pytest.mark.parametrize("indicator", sorted(load_indicators()))
def test_the_rows_behind_an_indicator_add_up_to_it(demo: Snapshot, indicator: str) -> None:
    for level, cells in get_board(demo).cells.items():
        mine = [cell for cell in cells if cell.indicator == indicator]
        for cell in mine[:: max(len(mine) // 3, 1)]:
            count, top, below = add_rows_behind(as_reading(cell, level, demo.id), demo)
            if indicator == "kri0001c":  # participants are cut where nobody else was followed any longer
                assert top >= (cell.numerator or 0), (level, cell.study, cell.group)
                assert below >= (cell.denominator or 0), (level, cell.study, cell.group)
            else:
                assert top == pytest.approx(cell.numerator or 0), (level, cell.study, cell.group)
                assert below == pytest.approx(cell.denominator or 0), (level, cell.study, cell.group)
                assert count > 0 or not cell.denominator


def test_every_row_names_its_file_and_line_and_those_on_top_come_first(demo: Snapshot) -> None:
    reading = max(read_readings(demo, "kri0002", "site").values(), key=lambda r: r.numerator or 0)
    rows = read_rows_behind(reading, demo)
    assert all(row.source.file and row.source.line > 1 for row in rows)
    assert [row.table for row in rows[: int(reading.numerator or 0)]] == ["adverse_event"] * int(reading.numerator or 0)


def test_findings_of_sites_cite_the_readings_they_rest_on(demo: Snapshot) -> None:
    found = [f for f in findings(demo) if f.id.startswith(("under_reporting/", "site_quality/", "repeat_offender/"))]
    assert found
    for finding in found:
        assert finding.readings, finding.id
        for reading in finding.readings:
            assert read_readings(demo, reading.measure, reading.scope.level)[reading.scope.key].value == reading.value


def test_a_changed_definition_changes_its_hash() -> None:
    indicators = load_indicators().values()
    assert len({i.hash for i in indicators}) == len(indicators)
    assert all(i.numerator and i.denominator and i.version >= 1 for i in indicators)


def test_the_number_page_shows_formula_version_and_rows(client: TestClient) -> None:
    text = client.get("/number?id=kri0001/site/T1/S2").text
    assert "adverse events that began by the data cut" in text.lower()
    assert load_indicators()["kri0001"].hash[:12] in text
    assert "adverse_event.csv" in text or "line" in text
    assert "version 1" in text


def test_every_figure_of_a_site_leads_to_its_number(client: TestClient) -> None:
    text = client.get("/risks/sites/T1/S1").text
    assert "/number?id=kri0001%2Fsite%2FT1%2FS1" in text


@pytest.mark.parametrize("wanted", ["kri0001/site/T9/S9", "kri0001/portfolio/x", "kri0001"])
def test_a_number_that_does_not_exist_says_so(client: TestClient, wanted: str) -> None:
    assert client.get(f"/number?id={wanted}").status_code in (400, 404)


def test_the_api_says_what_the_site_page_says(client: TestClient) -> None:
    items = client.get("/api/v1/indicators/kri0001c/readings").json()["items"]
    silent = next(item for item in items if item["key"] == "T1/S1")
    assert (silent["numerator"], silent["verdict"]) == (0, "concern")
    assert silent["score"] < -2
    assert client.get("/api/v1/indicators").json()[0]["hash"]
    assert client.get("/api/v1/matters").json()[0]["headline"]
    assert client.get("/api/v1/blast-radius?kind=vendor&key=V1").json()["sites"] == 12
    assert client.get("/api/v1/signals?state=new").json() == []
    assert client.get("/api/v1/indicators/kri9999/readings").status_code == 404
    assert client.get("/api/v1/signals/SIG-none").status_code == 404
