"""Pages of forecasts and scenarios: from a finding to a promoted plan."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from builders import build_snapshot
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from trial_builders import TODAY, merge_rows, trial_rows


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("pages")
    locked = trial_rows("T22", seed=2)
    locked["study"][0] |= {"status": "locked", "db_lock_dt": TODAY}
    build_snapshot(folder, merge_rows(trial_rows("T1", rate=0.3), locked), data_cut=TODAY)
    with TestClient(create_app(Settings(home=folder / "home"), work=False)) as made:
        yield made


def token(client: TestClient, address: str) -> str:
    found = re.search('name="form_token" value="([^"]+)"', client.get(address).text)
    assert found
    return found.group(1)


def test_the_portfolio_page_says_how_many_are_late(client: TestClient) -> None:
    assert "1 of 1 running trials" in client.get("/forecasts").text


def test_a_trial_page_carries_its_trust_and_drivers(client: TestClient) -> None:
    text = client.get("/forecasts/T1").text
    assert "How much to trust this" in text
    assert "What drives the slip" in text


def test_a_locked_trial_says_why_it_has_no_forecast(client: TestClient) -> None:
    assert "its database is locked" in client.get("/forecasts/T22").text


def test_sealing_fills_the_ledger(client: TestClient) -> None:
    client.post("/forecasts/ledger/seal", data={"form_token": token(client, "/forecasts/ledger")})
    assert "sealed, none has come due yet" in client.get("/forecasts/ledger").text


def test_an_override_is_recorded_from_the_page(client: TestClient) -> None:
    client.post("/forecasts/ledger/seal", data={"form_token": token(client, "/forecasts/ledger")})
    page = client.get("/forecasts/T1").text
    forecast_id = re.search('<option value="([0-9a-f]{64})"', page)
    assert forecast_id
    form = {
        "form_token": token(client, "/forecasts/ledger"),
        "forecast_id": forecast_id.group(1),
        "value": "90",
        "reason": "The sites say so.",
    }
    client.post("/forecasts/ledger/override", data=form)
    assert "1 override" in client.get("/forecasts/ledger").text


def test_a_sentence_is_read_back_before_it_is_kept(client: TestClient) -> None:
    text = client.get("/scenarios/T1", params={"say": "add 5 sites in Spain\nraise recruitment by 20%"}).text
    assert "Add 5 sites in Spain" in text
    assert "Recruitment rate +20%" in text


def test_a_sentence_that_cannot_be_read_is_a_message(client: TestClient) -> None:
    answer = client.get("/scenarios/T1", params={"say": "build a bridge"})
    assert answer.status_code == 400
    assert "cannot be read" in answer.text


def test_four_levers_are_compared_and_one_becomes_the_plan(client: TestClient) -> None:
    say = "add 5 sites in Spain\nraise recruitment by 20%\ncut visits by 2\nuse home nursing for 30% of visits"
    client.post("/scenarios/T1/keep", data={"form_token": token(client, "/forecasts/ledger"), "say": say})
    kept = re.search('name="scenario_id" value="([^"]+)"', client.get("/scenarios/T1").text)
    assert kept
    form = {"form_token": token(client, "/forecasts/ledger"), "scenario_id": kept.group(1), "reason": "Quickest for the money."}
    client.post("/scenarios/T1/promote", data=form)
    assert "the plan" in client.get("/scenarios/T1").text


def test_the_best_use_of_a_budget_has_a_page(client: TestClient) -> None:
    assert client.get("/scenarios/choice", params={"budget": "500000"}).status_code == 200


def test_a_date_is_sought(client: TestClient) -> None:
    assert "more site" in client.get("/scenarios/T1", params={"by": "2027-12-31", "chance": "0.8"}).text


def test_forecasts_are_there_as_json(client: TestClient) -> None:
    answer = client.get("/api/v1/forecasts/T1").json()
    assert answer["milestones"][-1]["milestone"] == "database_lock"
    assert answer["cost"]["low"] < answer["cost"]["high"]
    assert {t["study_id"] for t in client.get("/api/v1/forecasts").json()} == {"T1", "T22"}
