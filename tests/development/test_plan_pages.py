"""The plan on its pages and at the command line: week by week, tied to the conversations, and for an imported role without the shipped one's content."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from builders import build_snapshot
from development.job_descriptions import PHARMACIST, write_docx
from quarterdeck.cli.main import app
from quarterdeck.development import actions
from quarterdeck.development.discuss import kpis
from quarterdeck.development.discuss.plan import Plan
from quarterdeck.development.learner import read_assessment, read_current_plan, read_plan
from quarterdeck.development.roles.library import confirm_role_model
from quarterdeck.development.roles.load import load_role
from quarterdeck.development.roles.propose import propose_role
from quarterdeck.record.permissions import SINGLE_USER
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app

TURN = "The responsibility stays with the sponsor, and oversight depends on the risk of the task."


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(home=tmp_path / "home"), work=False)) as client:
        yield client


def deck(client: TestClient) -> Any:
    """What the pages work with."""
    return client.app.state.deck  # type: ignore[attr-defined]


def plan_of(client: TestClient) -> Plan:
    """The plan as kept."""
    plan = read_current_plan(deck(client).record, "local")
    assert plan is not None
    return plan


def send(client: TestClient, path: str, **fields: object) -> str:
    """A form sent, and the page it leads to."""
    found = re.search(r'name="form_token" value="([^"]+)"', client.get("/development/support").text)
    assert found
    answer = client.post(path, data={"form_token": found[1], **fields}, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return answer.text


def hold(client: TestClient, entry: str, text: str = TURN) -> str:
    """A session of the plan, held to its end; the last page."""
    found = re.search(r'name="form_token" value="([^"]+)"', client.get("/development/support").text)
    answer = client.post(f"/development/plan/{entry}/begin", data={"form_token": found[1]}, follow_redirects=True)  # type: ignore[index]
    for _ in range(60):
        page = send(client, answer.url.path, text=text)
        if "What came of it" in page:
            return page
    raise AssertionError("the conversation did not end")


def take_role(client: TestClient, tmp_path: Path) -> str:
    """Another profession, imported, confirmed and used."""
    path = write_docx(tmp_path, PHARMACIST)
    role = confirm_role_model(deck(client).record, SINGLE_USER, propose_role(path), "Read against the document.")
    result = CliRunner().invoke(app, ["development", "role", "use", role.id, "--home", str(tmp_path / "home")])
    assert result.exit_code == 0, result.output
    return role.id


def test_every_development_page_lives_with_an_imported_role_and_none_speaks_of_the_shipped_one(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kpis, "_readings", lambda measure, snapshot: [measure])
    monkeypatch.setattr(kpis, "_is_off", lambda reading: True)  # every measure of the portfolio is off target
    build_snapshot(tmp_path, {"study": [{"study_id": "QD-001"}]})
    send(client, "/development/assessment/answer", item="self:F1.1", outcome="4")
    send(client, "/development/plan")  # of the shipped role
    take_role(client, tmp_path)
    role = read_assessment(deck(client).record, "local", datetime.now(UTC)).role
    assert not read_assessment(deck(client).record, "local", datetime.now(UTC)).answers
    assert "There is no plan yet" in client.get("/development/plan").text
    asked = client.get("/development/assessment").text
    assert "short story" not in asked
    assert "trials" not in re.sub(r"<nav.*?</nav>|<form class=\"search\".*?</form>", "", asked, flags=re.DOTALL)
    item = re.search(r'name="item" value="([^"]+)"', asked)
    assert item
    send(client, "/development/assessment/answer", item=item[1], outcome="1")
    page = send(client, "/development/plan")
    assert "Own work, no conversation exists" in page
    entry = plan_of(client).sessions[0]
    walked = {f"/development/plan/{entry.id}", "/development/plan?as=text"}
    walked |= {f"/development{path}" for path in ("", "/assessment", "/map", "/plan", "/practise", "/portfolio", "/team", "/support", "/reviews", "/plan.ics", "/portfolio.zip", "/people/local")}  # fmt: skip
    walked |= {f"/development/map/{c.id}" for c in role.competencies}
    names = [c.name for c in load_role().competencies]
    for path in sorted(walked):
        answer = client.get(path)
        assert answer.status_code == (403 if path == "/development/people/local" else 200), path
        if not path.endswith((".zip", ".ics")):
            assert not [name for name in names if name in answer.text], path
    assert "No conversation exists for this competency" in client.get(f"/development/plan/{entry.id}").text
    assert "Off target in the portfolio" not in client.get("/development/map").text


def test_practice_of_a_shipped_conversation_is_no_item_of_another_role(client: TestClient, tmp_path: Path) -> None:
    take_role(client, tmp_path)
    record, now = deck(client).record, datetime.now(UTC)
    from quarterdeck.development.deliver.scenario import get_scenario
    from quarterdeck.development.learner import read_items

    identifier, _ = actions.open_conversation(record, SINGLE_USER, get_scenario("socratic-oversight"), now)
    for _ in range(20):
        if actions.speak(record, SINGLE_USER, identifier, TURN, now)[0].is_over:
            break
    assert [item.competencies for item in read_items(record, "local")] == [()]


def test_a_planned_conversation_held_to_its_end_marks_its_session_done_with_the_result(client: TestClient) -> None:
    send(client, "/development/plan")
    entry = plan_of(client).sessions[0]
    hold(client, entry.id)
    held = next(e for e in plan_of(client).entries if e.id == entry.id)
    assert held.status == "done"
    assert held.result is not None
    assert "without help)" in client.get("/development/plan").text


def test_a_checkpoint_runs_at_the_highest_level_with_an_unseen_conversation_and_keeps_the_result(client: TestClient) -> None:
    send(client, "/development/plan")
    entry = next(e for e in plan_of(client).sessions if e.kind == "checkpoint")
    page = client.get(f"/development/plan/{entry.id}").text
    assert "level 3, no hints unless you ask" in page
    send(client, f"/development/practise/{entry.scenario}", level=1)  # meanwhile begun outside the plan: no longer unseen
    hold(client, entry.id, "I do not know.")
    held = next(e for e in plan_of(client).entries if e.id == entry.id)
    assert held.scenario != entry.scenario
    assert held.status == "done"
    assert not held.is_passed
    from quarterdeck.development.learner import read_conversations

    assert next(c for c in read_conversations(deck(client).record, "local") if c["entry"] == entry.id)["level"] == 3
    assert "60% is a pass" in client.get("/development/plan").text


def test_tasks_and_milestones_stand_in_their_week_and_can_be_marked(client: TestClient) -> None:
    page = send(client, "/development/plan")
    assert len(re.findall(r"<details", page)) > 12
    for kind in ("task", "milestone"):
        entry = next(e for e in plan_of(client).entries if e.kind == kind)
        assert f'action="/development/plan/{entry.id}/done"' in page
        send(client, f"/development/plan/{entry.id}/done")
        assert next(e for e in plan_of(client).entries if e.id == entry.id).status == "done"


def test_next_is_never_a_day_that_is_over_and_what_is_over_is_said_without_blame(client: TestClient) -> None:
    send(client, "/development/plan")
    plan = plan_of(client)
    deck(client).now = lambda: datetime.combine(plan.start + timedelta(weeks=3), datetime.min.time(), UTC)
    page = client.get("/development/plan?later=1").text
    assert "of earlier days are still open" in page
    assert f'class="next" href="/development/plan/{plan.upcoming(plan.start + timedelta(weeks=3))[0].id}"' in page
    page = send(client, "/development/plan")
    assert "not held; planned again" in page
    assert "of earlier days" not in page
    said = re.sub(r"<[^>]*>", " ", page.split("<main")[1].split("</main>")[0]).lower()
    assert not re.search(r"\b(behind|failed|overdue|should have)\b", said)


def test_another_length_of_sessions_plans_again_at_once(client: TestClient) -> None:
    send(client, "/development/plan")
    entry = plan_of(client).sessions[0]
    send(client, f"/development/plan/{entry.id}/done")
    for switch, minutes in (("short_blocks", 20), ("shortest_blocks", 10)):
        send(client, "/development/support", switch=switch)
        assert {e.minutes for e in plan_of(client).sessions if e.status == "planned"} == {minutes}
        assert next(e for e in plan_of(client).entries if e.id == entry.id).status == "done"


def test_the_text_view_of_the_plan_keeps_its_forms(client: TestClient) -> None:
    send(client, "/development/plan")
    entry = plan_of(client).sessions[0]
    send(client, "/development/support", switch="text_view")
    page = client.get("/development/plan").text
    assert "<table" not in page
    assert f'action="/development/plan/{entry.id}/done"' in page
    assert 'action="/development/plan"' in page


def test_the_command_without_options_only_shows_the_plan(client: TestClient, tmp_path: Path) -> None:
    send(client, "/development/plan")
    for entry in plan_of(client).sessions[:3]:
        send(client, f"/development/plan/{entry.id}/done")
    before = plan_of(client)

    def run(*options: str) -> str:
        result = CliRunner().invoke(app, ["development", "plan", "--home", str(tmp_path / "home"), *options])
        assert result.exit_code == 0, result.output
        return result.stdout

    assert "3 of" in run()
    assert len(json.loads(run("--json"))["entries"]) == len(before.entries)
    assert read_plan(deck(client).record, "local") == before
    for options in (("--free", "Monday 08:00 40"), ("--again",), ("--new",)):
        run(*options)
        assert sum(e.status == "done" for e in plan_of(client).entries) == 3
    assert plan_of(client).sequence == before.sequence + 3


def test_the_agenda_stands_in_the_conversation_for_whom_it_is_switched_on(client: TestClient) -> None:
    send(client, "/development/plan")
    entry = plan_of(client).sessions[0]
    assert "Headline, about 3 minutes" in client.get(f"/development/plan/{entry.id}").text
    assert "Headline, about" not in send(client, f"/development/plan/{entry.id}/begin")
    send(client, "/development/support", switch="agenda")
    page = send(client, f"/development/plan/{entry.id}/begin")
    assert "Headline, about 3 minutes: now" in page
    assert "Ask, about 3 minutes" in page
    assert "<details open><summary>What counts" not in page


def test_a_kind_without_score_holds_no_checkpoint() -> None:
    from quarterdeck.development.deliver.scenario import load_scenarios
    from quarterdeck.development.discuss.conversations import checkpoints_for

    of_all = {s for c in load_role().competencies for s in checkpoints_for(load_role(), c.id)}
    assert of_all
    assert "coaching" not in {load_scenarios()[s].type for s in of_all}
