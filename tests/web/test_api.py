"""The JSON API: what its OpenAPI promises holds under Schemathesis, and it says what the pages say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from starlette.testclient import TestClient

from builders import build_snapshot
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Two trials, one of them without sites."""
    home = tmp_path_factory.mktemp("api")
    subjects = [
        {"study_id": "A1", "subject_id": f"S{i}", "site_id": "01", "screen_dt": date(2026, 2, 1), "enroll_dt": date(2026, 3, 1)}
        for i in range(6)
    ]
    build_snapshot(
        home,
        {
            "study": [{"study_id": "A1", "num_plan_subj": 20}, {"study_id": "B2"}],
            "site": [{"study_id": "A1", "site_id": "01", "country": "GB"}],
            "subject": subjects,
        },
    )
    with TestClient(create_app(Settings(home=home / "home"), work=False)) as client:
        client.get("/api/v1/findings")
        yield client


def test_the_api_keeps_what_its_description_promises(api: TestClient) -> None:
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", api.app)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) >= 7
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        def holds(case: Any) -> None:
            case.call_and_validate(headers={"host": "testserver"})

        holds()


def test_a_trial_reads_as_on_its_page(api: TestClient) -> None:
    trial = api.get("/api/v1/trials/A1").json()
    assert (trial["enrolled"], trial["planned"], trial["sites"]) == (6, 20, 1)
    assert "6 of 20 participants are enrolled" in api.get("/trials/A1").text


def test_lists_come_in_parts(api: TestClient) -> None:
    part = api.get("/api/v1/trials?limit=1&offset=1").json()
    assert (part["total"], [item["study_id"] for item in part["items"]]) == (2, ["B2"])


def test_refusals_are_problems_that_a_person_can_read(api: TestClient) -> None:
    answer = api.get("/api/v1/trials/NOPE")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 404
    assert "There is no such trial" in answer.json()["detail"]


def test_the_cookie_of_the_pages_does_not_steer_the_api(api: TestClient) -> None:
    api.cookies.set("quarterdeck_as_of", "feedbeef")
    try:
        assert api.get("/api/v1/trials").status_code == 200
    finally:
        api.cookies.clear()


def test_an_installation_without_facts_answers_with_a_problem(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(home=tmp_path), work=False)) as client:
        assert client.get("/api/v1/trials").status_code == 404
        assert client.get("/api/v1/snapshots").json() == []
