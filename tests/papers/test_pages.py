"""The pages of papers: list, editor, review, signature, check, compare, register."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from builders import build_snapshot
from quarterdeck import matters
from quarterdeck.papers.actions import register_draft
from quarterdeck.papers.desk import Desk
from quarterdeck.record.database import open_record
from quarterdeck.record.permissions import SINGLE_USER
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[TestClient, str]]:
    monkeypatch.setattr(matters, "_detect", lambda snapshot: [])  # what other rooms find is not the matter here
    study = {"study_id": "QD-001", "phase": "P3", "status": "enrolling", "protocol_approved_dt": date(2025, 1, 10)}
    capa = {"capa_id": "C-1", "source_type": "audit_finding", "root_cause": "training", "due_dt": date(2026, 3, 1), "status": "open"}
    snapshot = build_snapshot(tmp_path, {"study": [study], "capa": [capa]}, taken_at=datetime.now(UTC))
    settings = Settings(home=tmp_path / "home")
    record = open_record(settings)
    desk = Desk(settings, snapshot, datetime.now(UTC), record)
    paper = desk.draft("capa-review")
    register_draft(record, SINGLE_USER, paper, desk, desk.render(paper, ("docx",)).content_hash)
    record.close()
    with TestClient(create_app(settings, work=False)) as client:
        yield client, paper.id


def post(client: TestClient, page: str, address: str, **fields: str) -> str:
    token = re.search(r'name="form_token" value="([^"]+)"', client.get(page).text)
    assert token
    answer = client.post(address, data={"form_token": token.group(1), **fields})
    return answer.text


def test_the_list_leads_to_the_editor_with_evidence(site: tuple[TestClient, str]) -> None:
    client, paper = site
    assert f"/papers/{paper}" in client.get("/papers").text
    page = client.get(f"/papers/{paper}").text
    assert "capa.csv, line 2" in page
    assert "Send to review" in page
    assert client.get(f"/papers/{paper}/files/docx").content[:2] == b"PK"


def test_a_review_and_a_signature_move_the_paper(site: tuple[TestClient, str]) -> None:
    client, paper = site
    page = f"/papers/{paper}"
    paragraph = re.search(r'name="paragraph" value="([^"]+)"', client.get(page).text)
    assert paragraph
    assert "Well said" in post(client, page, f"{page}/review", paragraph=paragraph.group(1), verdict="comment", remark="Well said")
    assert "Approve by signature" in post(client, page, f"{page}/move", name="submit")
    assert "second pair of eyes" in post(client, page, f"{page}/move", name="approve", meaning="I approve.", secret="Local user")


def test_the_check_and_the_comparison_have_pages(site: tuple[TestClient, str]) -> None:
    client, paper = site
    assert "statements in its files hold" in client.get(f"/papers/{paper}/check").text
    assert "Nothing to compare with yet" in client.get(f"/papers/{paper}/compare").text
    assert "hard question" in client.get(f"/papers/{paper}/questions").text


def test_the_register_takes_the_organisations_own_tools(site: tuple[TestClient, str]) -> None:
    client, _ = site
    answer = post(
        client,
        "/papers/systems",
        "/papers/systems",
        name="Chat helper",
        purpose="Answers questions",
        owner="IT",
        risk_class="limited",
        oversight="Reviewed monthly",
    )
    assert "Chat helper" in answer
    assert "Trial and portfolio forecasts" in answer


def test_a_new_paper_is_drafted_as_work_that_leads_to_it(site: tuple[TestClient, str]) -> None:
    client, _ = site
    token = re.search(r'name="form_token" value="([^"]+)"', client.get("/papers/new").text)
    assert token
    answer = client.post("/papers", data={"form_token": token.group(1), "template": "weekly-brief"}, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/jobs/")


def test_key_points_get_a_choice_of_numbers_without_a_model(site: tuple[TestClient, str]) -> None:
    client, _ = site
    page = client.get("/papers/new").text
    assert 'formaction="/papers/points"' in page
    answer = post(
        client,
        "/papers/new",
        "/papers/points",
        template="email",
        points="CAPA actions overdue are 55% full stop next point please approve more staff",
    )
    assert answer.count('name="point"') == 2
    assert "Number for point 1" in answer
    assert "No number, my words alone" in answer
    assert "55%" in answer
    assert all(words in answer for words in ("Half a minute", "Two minutes", "Ten minutes"))
    assert "No key point was given" in post(client, "/papers/new", "/papers/points", template="email", points=" ")


def test_the_chosen_number_stands_in_the_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from quarterdeck.papers.web import propose_numbers, write_draft

    monkeypatch.setattr(matters, "_detect", lambda snapshot: [])
    capa = [
        {"capa_id": f"C-{i}", "source_type": "audit_finding", "root_cause": "training", "due_dt": date(2026, 3, 1), "status": "open"}
        for i in range(12)
    ]
    snapshot = build_snapshot(
        tmp_path, {"study": [{"study_id": "QD-001", "phase": "P3", "status": "enrolling"}], "capa": capa}, taken_at=datetime.now(UTC)
    )
    settings = Settings(home=tmp_path / "home")
    record = open_record(settings)
    desk = Desk(settings, snapshot, datetime.now(UTC), record)
    words = "CAPA overdue actions need you"
    fits = propose_numbers(desk, words).points[0].evidence
    assert fits
    for chosen in (fits[-1].fact, ""):
        arguments = {"template": "email", "snapshot": snapshot.id, "points": words, "chosen": {words: chosen}}
        paper, _ = write_draft(settings, record, arguments, datetime.now(UTC), lambda note: None)
        facts = desk.store.base(paper)["facts"]
        assert (chosen in facts) if chosen else not any(fact.startswith("reading:") for fact in facts)
    record.close()
