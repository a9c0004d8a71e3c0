"""The page of people: load, capacity, dependence on one person, and teams; nobody's leaving is guessed at, and small teams are hidden."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from starlette.testclient import TestClient

from builders import build_snapshot
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from tests_web import Page, uncited  # type: ignore[import-not-found]

CUT = date(2026, 6, 30)


def staff(number: int, manager: str) -> dict[str, object]:
    """One monitor who has been there for years."""
    return {
        "person_id": f"P{number:02}",
        "role": "cra",
        "employment": "employee",
        "hire_dt": "2020-01-01",
        "fte": 1,
        "manager_id": manager,
        "country": "GB",
    }


def client_of(tmp_path: Path) -> TestClient:
    """Eight monitors in a team of six and one of two; one of them carries far more sites."""
    people = [staff(i, "T1" if i < 6 else "T2") for i in range(8)]
    work = [
        {"person_id": f"P{i:02}", "study_id": "A1" if i else "A2", "period": "2026-06-01", "role": "cra", "fte_planned": 1, "fte_actual": 1, "sites_assigned": 30 if i == 0 else 6}
        for i in range(8)
    ]  # fmt: skip
    studies = [{"study_id": "A1"}, {"study_id": "A2"}]
    build_snapshot(tmp_path, {"study": studies, "staff": people, "allocation": work}, data_cut=CUT)
    return TestClient(create_app(Settings(home=tmp_path / "home"), work=False))


def test_who_carries_too_much_and_which_trial_rests_on_one_person(tmp_path: Path) -> None:
    text = client_of(tmp_path).get("/people?as=text").text
    assert "1 of 8 monitors carries too much" in text
    assert "1 trial rests on one person" in text


def test_a_small_team_is_hidden_and_the_next_smallest_with_it(tmp_path: Path) -> None:
    table = client_of(tmp_path).get("/people?table=teams&as=csv").text
    assert table.count("hidden to protect people") >= 5


def test_a_finding_about_people_leads_to_the_page_of_people(tmp_path: Path) -> None:
    client = client_of(tmp_path)
    links = Page(client.get("/attention").text).links
    assert any(link.startswith("/people") for link in links)
    assert client.get("/people").status_code == 200


def test_every_number_in_its_prose_is_cited(tmp_path: Path) -> None:
    client = client_of(tmp_path)
    assert not uncited(client.get("/people").text, client.get("/people?as=values").json()["values"])


def test_without_an_allocation_the_page_says_what_to_load(tmp_path: Path) -> None:
    build_snapshot(tmp_path, {"study": [{"study_id": "A1"}]}, data_cut=CUT)
    client = TestClient(create_app(Settings(home=tmp_path / "home"), work=False))
    assert "Load an allocation of people" in client.get("/people").text
