"""The pages: what applies is said first, an action accepted there is on record, and the command line answers as promised."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from builders import build_snapshot
from quarterdeck.cli.main import app
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.record.database import open_record
from quarterdeck.regulation.findings import derive_impacts, findings
from quarterdeck.regulation.model import Outcome
from quarterdeck.regulation.portfolio import derive_trials
from quarterdeck.regulation.queries import list_actions, list_assessments
from quarterdeck.vocabulary.errors import QuarterdeckError
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app

TABLES = {
    "study": [
        {"study_id": "QD-1", "phase": "P3", "status": "enrolling", "dct_level": "hybrid", "act_fpfv": date(2025, 3, 1)},
        {"study_id": "QD-2", "phase": "P1", "status": "planned", "dct_level": "none"},
    ],
    "study_country": [
        {"study_id": "QD-1", "country": "GB", "reg_submission_dt": date(2024, 11, 1)},
        {"study_id": "QD-1", "country": "DE", "reg_submission_dt": date(2024, 11, 1)},
        {"study_id": "QD-2", "country": "DE"},
        {"study_id": "QD-2", "country": "FR"},
    ],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rules")


@pytest.fixture(scope="module")
def snapshot(folder: Path) -> Snapshot:
    return build_snapshot(folder, TABLES, data_cut=date(2026, 11, 20))


@pytest.fixture(scope="module")
def home(folder: Path, snapshot: Snapshot) -> Path:
    return folder / "home"


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(home=home), work=False)) as opened:
        yield opened


def token(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    return found[1]


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["regulation", *arguments])
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def test_attributes_come_from_the_evidence_with_their_table(snapshot: Snapshot) -> None:
    first, second = derive_trials(snapshot)
    assert first.facts["uk_application"] == date(2024, 11, 1)
    assert first.facts["elements"] == ["dct"]
    assert first.sources["countries"] == "study_country, site"
    assert "uses_ai" not in first.facts
    assert second.facts["status"] == "planned"


def test_an_answer_for_one_trial_outranks_the_answer_for_all(snapshot: Snapshot) -> None:
    first, second = derive_trials(snapshot, {("*", "uses_ai"): "yes", ("QD-1", "uses_ai"): "no"})
    assert (first.facts["uses_ai"], second.facts["uses_ai"]) == (False, True)


def test_findings_state_only_numbers_that_they_carry(snapshot: Snapshot) -> None:
    found = findings(snapshot)
    assert any("UK clinical trials regulations" in f.headline for f in found)
    for finding in found:
        carried = {str(value) for value in finding.facts.values()} | set(re.findall(r"\d+", " ".join(map(str, finding.facts.values()))))
        assert set(re.findall(r"\d+", finding.headline)) <= carried


def test_a_planned_trial_in_two_countries_has_an_opportunity(snapshot: Snapshot) -> None:
    impact = next(i for i in derive_impacts(snapshot) if i.change.id == "eu-fast-eu")
    assert impact.trials(Outcome.APPLIES) == ("QD-2",)
    assert [trial for trial, _ in impact.levers] == ["QD-2"]


def test_the_first_page_counts_what_applies(client: TestClient, snapshot: Snapshot) -> None:
    applying = sum(bool(i.trials(Outcome.APPLIES)) for i in derive_impacts(snapshot))
    assert f"{applying} of 45 changes of the rules apply" in client.get("/regulation").text


@pytest.mark.parametrize("path", ["timeline", "map", "compliance", "inbox", "questions", "sources", "changes/eu-ai-act", "changes/ehds"])
def test_every_page_opens(client: TestClient, path: str) -> None:
    assert client.get(f"/regulation/{path}").status_code == 200


def test_an_unknown_change_is_not_found(client: TestClient) -> None:
    assert client.get("/regulation/changes/no-such-change").status_code == 404


def test_an_action_accepted_on_the_page_is_on_record(client: TestClient, home: Path) -> None:
    page = client.get("/regulation/changes/uk-si-2025-538").text
    form = {"form_token": token(page), "action": "uk_classify_trials:QD-1", "state": "accepted", "owner": "Ada"}
    assert client.post("/regulation/changes/uk-si-2025-538/action", data=form).status_code == 200
    record = open_record(Settings(home=home))
    assert [(a.template, a.trial, a.state, a.owner) for a in list_actions(record)] == [("uk_classify_trials", "QD-1", "accepted", "Ada")]
    record.close()


def test_an_accepted_action_can_be_marked_done_on_the_page(client: TestClient, home: Path) -> None:
    page = client.get("/regulation/changes/uk-si-2025-538").text
    form = {"form_token": token(page), "action": "uk_classify_trials:QD-1", "owner": "Ada"}
    page = client.post("/regulation/changes/uk-si-2025-538/action", data={**form, "state": "accepted"}).text
    assert '<option value="uk_classify_trials:QD-1"' in page
    page = client.post("/regulation/changes/uk-si-2025-538/action", data={**form, "state": "done"}).text
    assert '<option value="uk_classify_trials:QD-1"' not in page
    record = open_record(Settings(home=home))
    assert [a.state for a in list_actions(record)] == ["done"]
    record.close()


def test_an_assessment_is_opened_and_moved_on_the_page(client: TestClient, home: Path) -> None:
    page = client.get("/regulation/changes/uk-si-2025-538").text
    page = client.post("/regulation/changes/uk-si-2025-538/assess", data={"form_token": token(page), "trial": "QD-1"}).text
    identifier = re.search(r'name="assessment" value="([^"]+)"', page)
    assert identifier
    form = {"form_token": token(page), "assessment": identifier[1], "step": "dismiss", "reason": "Nothing to do."}
    assert "Nothing to do." in client.post("/regulation/changes/uk-si-2025-538/step", data=form).text
    record = open_record(Settings(home=home))
    assert list_assessments(record)[0].signed_by == "local"
    record.close()


def test_a_question_answered_is_asked_no_more(client: TestClient) -> None:
    page = client.get("/regulation/questions").text
    assert "artificial intelligence in the trial" in page.lower()
    page = client.post("/regulation/answer", data={"form_token": token(page), "attribute": "uses_ai", "value": "no", "trial": "*"}).text
    assert "<td>uses_ai</td><td>no</td>" in re.sub(r"\s*\n\s*", "", page)


def test_a_pasted_text_reaches_the_inbox_and_can_be_judged(client: TestClient) -> None:
    page = client.get("/regulation/sources").text
    form = {
        "form_token": token(page),
        "title": "Good clinical practice for sponsors of clinical trials",
        "text": "Sponsors must oversee service providers. It comes into force on 1 May 2032.",
    }
    page = client.post("/regulation/paste", data=form).text
    assert "1 document waits for triage" in page
    document = re.search(r'<option value="(page:[^"]+)"', page)
    assert document
    assert "1 May 2032" in client.get(f"/regulation/document?id={document[1]}").text
    page = client.post("/regulation/triage", data={"form_token": token(page), "document": document[1], "grade": "2"}).text
    assert "0 documents wait for triage" in page


def test_the_calendar_can_be_taken_along(client: TestClient) -> None:
    answer = client.get("/regulation/calendar.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    assert b"BEGIN:VEVENT" in answer.content


def test_the_command_for_dates_answers_in_the_shape_of_gold(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(json.dumps({"frdoc": "2031-1", "subject": "S", "text": "DATES: Effective June 2, 2031."}) + "\n")
    answer = json.loads(run("dates", str(path), "--json"))
    (document,) = answer["documents"]
    assert document["id"] == "2031-1"
    assert {k: document["dates"][0][k] for k in ("kind", "type", "date", "span", "certainty")} == {
        "kind": "effective",
        "type": "effective",
        "date": "2031-06-02",
        "span": [17, 29],
        "certainty": "S",
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "The rules come into force on 2 June 2031."),
        ("a.html", "<html><p>The rules come into force on 2 June 2031.</p></html>"),
        ("a.json", '{"document_number": "1", "title": "T", "effective_on": "2031-06-02"}'),
    ],
)
def test_the_command_for_dates_reads_single_documents(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert [d["date"] for d in json.loads(run("dates", str(path), "--json"))["documents"][0]["dates"]] == ["2031-06-02"]


def test_the_command_for_relevance_answers_for_each_line(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"id": "a", "title": "Good clinical practice for clinical trials"}\n{"id": "b", "title": "Milk and cream"}\n')
    assert [(r["id"], r["grade"], r["band"]) for r in json.loads(run("relevance", str(path), "--json"))] == [
        ("a", 2, "in"),
        ("b", 0, "out"),
    ]


def test_the_command_for_search_ranks_a_plain_file(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text(
        '{"id": "a", "title": "Milk and cream"}\n{"id": "b", "title": "Use of data monitoring committees in clinical trials"}\n'
    )
    assert json.loads(run("search", "DSMB", "--corpus", str(path), "--json"))["ids"] == ["b"]


def test_the_command_for_search_covers_the_changes(tmp_path: Path) -> None:
    assert (
        json.loads(run("search", "uk trial law reform", "--home", str(tmp_path / "h"), "--json"))["changes"][0]["id"]
        == "change:uk-si-2025-538"
    )


def test_the_command_for_verdicts_asks_instead_of_saying_no(home: Path) -> None:
    answer = json.loads(run("applies", "--change", "ich-e20", "--home", str(home), "--json"))
    assert {row["verdict"] for row in answer["trials"]} == {"needs_review"}
    assert answer["trials"][0]["missing_facts"] == ["design"]
    assert answer["trials"][0]["question"].endswith("?")


@pytest.mark.parametrize(
    "arguments", [("dates", "nowhere.txt"), ("applies", "--change", "nothing"), ("search",), ("watch",), ("timeline", "--today", "soon")]
)
def test_a_mistake_gives_a_message(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    more = ["--home", str(tmp_path / "h")] if arguments[0] in ("watch", "search", "applies") else []
    result = CliRunner().invoke(app, ["regulation", *arguments, *more])
    assert isinstance(result.exception, QuarterdeckError)


@pytest.mark.parametrize(
    "command", [("changes",), ("timeline",), ("sources",), ("impact",), ("digest",), ("compliance",), ("compliance", "--r2", "5.18")]
)
def test_every_reading_command_answers(home: Path, command: tuple[str, ...]) -> None:
    where = ("--home", str(home)) if command[0] not in ("changes", "timeline") else ()
    assert run(*command, *where)
