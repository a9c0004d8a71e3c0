"""Registry records: versions accrue, histories count, and pulling is patient."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from quarterdeck.connectors.ctgov import CONNECTOR
from quarterdeck.connectors.ctgov.pull import PAUSE, pull_records
from quarterdeck.connectors.load import load_paths
from quarterdeck.evidence.store import Store
from quarterdeck.vocabulary.errors import NotFound, Unavailable

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def record(number: int) -> dict[str, Any]:
    identification = {"nctId": f"NCT{number:08d}", "briefTitle": "An invented trial"}
    return {"protocolSection": {"identificationModule": identification, "statusModule": {"lastUpdateSubmitDate": "2026-01-01"}}}


def test_every_version_is_kept_so_the_slip_of_the_plan_shows(tmp_path: Path) -> None:
    sample = tmp_path / "sample"
    sample.mkdir()
    CONNECTOR.sample(sample)
    store = Store(tmp_path / "evidence")
    for path in sorted(sample.iterdir()):
        load_paths(store, [path], NOW)
    sql = "SELECT baseline_finish, forecast_finish FROM milestone WHERE milestone_id = 'NCT00000001 primary_completion'"
    assert store.open().query(sql).to_pylist() == [{"baseline_finish": date(2026, 3, 15), "forecast_finish": date(2026, 11, 30)}]
    plans = "SELECT milestone_id FROM milestone WHERE milestone_type = 'registry_primary_completion_plan' ORDER BY 1"
    assert len(store.open().query(plans).to_pylist()) == 2
    assert len(list((store.archive_dir / "ctgov" / "NCT00000001").iterdir())) == 2


def test_an_older_version_that_arrives_late_does_not_turn_the_plan_back(tmp_path: Path) -> None:
    sample = tmp_path / "sample"
    sample.mkdir()
    CONNECTOR.sample(sample)
    store = Store(tmp_path / "evidence")
    for path in sorted(sample.iterdir(), reverse=True):
        load_paths(store, [path], NOW)
    sql = "SELECT forecast_finish FROM milestone WHERE milestone_id = 'NCT00000001 primary_completion'"
    assert store.open().query(sql).to_pylist() == [{"forecast_finish": date(2026, 11, 30)}]


def test_real_records_of_three_forms(shared_data: Path, tmp_path: Path) -> None:
    store = Store(tmp_path)
    result = load_paths(store, [shared_data / "extracts" / "ctgov"], NOW)
    snapshot = store.open()
    assert result.quarantined == 0
    counts = {row["study_id"]: row["n"] for row in snapshot.query("SELECT study_id, count(*) AS n FROM site GROUP BY 1").to_pylist()}
    assert counts == {"NCT02465060": 1218, "NCT06203210": 230, "NCT06646627": 1}
    assert snapshot.query("SELECT phase, status, num_plan_subj, act_fpfv FROM study WHERE study_id = 'NCT02465060'").to_pylist() == [
        {"phase": "P2", "status": "enrolling", "num_plan_subj": 6452, "act_fpfv": date(2015, 8, 12)}
    ]


def test_a_history_tells_the_plan_of_a_version_nobody_kept(shared_data: Path, tmp_path: Path) -> None:
    store = Store(tmp_path)
    load_paths(store, [shared_data / "extracts" / "ctgov"], NOW)
    sql = "SELECT baseline_finish, forecast_finish FROM milestone WHERE milestone_id = 'NCT06646627 primary_completion'"
    assert store.open().query(sql).to_pylist() == [{"baseline_finish": date(2025, 12, 15), "forecast_finish": date(2026, 7, 15)}]


def test_a_site_that_is_no_longer_listed_is_dropped_not_forgotten(tmp_path: Path) -> None:
    store = Store(tmp_path / "evidence")
    for number, places in enumerate((["Leeds", "York"], ["Leeds"]), start=1):
        version = record(1)
        version["protocolSection"]["statusModule"]["lastUpdateSubmitDate"] = f"2026-0{number}-01"
        locations = [{"facility": "Centre", "city": place, "country": "United Kingdom", "status": "RECRUITING"} for place in places]
        version["protocolSection"]["contactsLocationsModule"] = {"locations": locations}
        (tmp_path / f"{number}.json").write_text(json.dumps(version), encoding="utf-8")
        load_paths(store, [tmp_path / f"{number}.json"], NOW)
    rows = store.open().query("SELECT organization_id, site_status FROM site ORDER BY 1").to_pylist()
    assert [row["site_status"] for row in rows] == ["active", "dropped"]


def test_pulling_pages_retries_and_waits(tmp_path: Path) -> None:
    asked: list[str] = []
    waits: list[float] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.params.get("pageToken", "first"))
        if len(asked) == 1:
            return httpx2.Response(429, headers={"Retry-After": "9"})
        if len(asked) == 2:
            raise httpx2.ConnectError("no route")
        if asked[-1] == "first":
            return httpx2.Response(200, json={"studies": [record(1), record(2)], "nextPageToken": "second"})
        return httpx2.Response(200, json={"studies": [record(3)]})

    written = pull_records(["multiple sclerosis"], tmp_path, httpx2.MockTransport(answer), waits.append)
    assert [path.stem for path in written] == ["NCT00000001", "NCT00000002", "NCT00000003"]
    assert asked == ["first", "first", "first", "second"]
    assert waits == [9.0, PAUSE * 2, PAUSE, PAUSE]


def test_a_number_that_is_not_registered_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="NCT99999999"):
        pull_records(["nct99999999"], tmp_path, httpx2.MockTransport(lambda request: httpx2.Response(404)), lambda seconds: None)


def test_a_service_that_never_answers_is_given_up(tmp_path: Path) -> None:
    waits: list[float] = []
    with pytest.raises(Unavailable, match="status 503"):
        pull_records(["NCT00000001"], tmp_path, httpx2.MockTransport(lambda request: httpx2.Response(503)), waits.append)
    assert len(waits) == 4
