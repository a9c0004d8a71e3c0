"""Free text becomes levers by the grammar, or by a model that may only restate it in the grammar's forms; nothing invented gets through."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from quarterdeck.assistant.calls import read_calls
from quarterdeck.cli.main import app as cli
from quarterdeck.record.database import Record, open_record
from quarterdeck.record.permissions import SINGLE_USER
from quarterdeck.scenarios.free_text import Restatement, find_problems, restate
from quarterdeck.scenarios.grammar import FORMS, parse_scenario
from quarterdeck.scenarios.model import LeverUse
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from trial_builders import build_trial

TODAY, NOW = date(2026, 11, 20), datetime(2026, 11, 20, 9, tzinfo=UTC)
TEXT = "Could we perhaps get ten extra hospitals going in Spain, starting in March, with 2 fewer visits each?"


@contextmanager
def model_that_answers(clauses: list[str], unread: tuple[str, ...] = ()) -> Iterator[tuple[Settings, list[str]]]:
    """Settings that name a local model whose answer is always this; and the requests it saw."""
    seen: list[str] = []
    content = json.dumps({"clauses": clauses, "unread": unread})
    usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
    reply = json.dumps(
        {"id": "x", "object": "chat.completion", "created": 0, "model": "test", "usage": usage, "choices": [choice]}
    ).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        yield Settings(language_model="openai-compatible:test", language_model_url=url), seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    opened = open_record(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


def read(text: str, settings: Settings, record: Record) -> Restatement:
    return restate(text, TODAY, settings, record, SINGLE_USER, NOW)


def test_what_the_grammar_reads_is_asked_of_no_model(record: Record) -> None:
    with model_that_answers(["amend the protocol"]) as (settings, seen):
        found = read("add 10 sites in Spain from March", settings, record)
    assert found == Restatement("add 10 sites in Spain from March", "grammar")
    assert seen == []


def test_without_a_model_the_grammars_message_stands(record: Record) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read(TEXT, Settings(), record)


def test_an_honest_restatement_becomes_existing_levers(record: Record) -> None:
    pytest.importorskip("pydantic_ai")
    with model_that_answers(["add 10 sites in Spain from March", "cut visits by 2"], ("perhaps",)) as (settings, _):
        found = read(TEXT, settings, record)
    assert found.unread == ("perhaps",)
    assert found.author == "openai-compatible:test"
    assert parse_scenario(found.sentence, TODAY) == (
        LeverUse("add_sites", {"count": 10.0, "country": "ES", "start": "2027-03-01"}),
        LeverUse("visits", {"change": -2.0}),
    )
    assert [call.outcome for call in read_calls(record)] == ["used"]


@pytest.mark.parametrize(
    "clauses",
    [
        ["add 12 sites in Spain from March"],
        ["add 10 sites in France from March"],
        ["add 10 sites in Spain from June"],
        ["build a bridge"],
        [],
    ],
)
def test_an_answer_that_invents_or_does_not_fit_is_refused(clauses: list[str], record: Record) -> None:
    pytest.importorskip("pydantic_ai")
    with model_that_answers(clauses) as (settings, _), pytest.raises(BadInput, match="cannot be read"):
        read(TEXT, settings, record)


@pytest.mark.parametrize("form", [part.split("(")[0].strip() for form in FORMS for part in form.split(" / ")])
def test_every_form_is_allowed_where_the_text_says_as_much(form: str) -> None:
    clause = f"{form} up by 10%" if form == "the euro" else form
    assert find_problems(clause, clause, TODAY) == []


def test_the_workbench_shows_a_restated_text_back_before_it_counts(tmp_path: Path) -> None:
    pytest.importorskip("pydantic_ai")
    build_trial(tmp_path)
    with model_that_answers(["add 10 sites in Spain"], ("perhaps",)) as (settings, _):
        app = create_app(replace(settings, home=tmp_path / "home"), work=False)
        with TestClient(app) as client:
            token = re.search(r'name="form_token" value="([^"]+)"', client.get("/preferences").text)
            assert token
            form = {"form_token": token.group(1), "text": "Could we get 10 more hospitals in Spain, perhaps?"}
            text = client.post("/scenarios/T1/restate", data=form).text
    assert "Add 10 sites in Spain" in text
    assert "Yes, this is what I meant" in text
    assert "no lever fits:</strong> perhaps" in text
    assert "None was kept yet" in text


def test_the_workbench_offers_own_words_only_where_a_model_is_set(tmp_path: Path) -> None:
    build_trial(tmp_path)
    with TestClient(create_app(Settings(home=tmp_path / "home"), work=False)) as client:
        assert "in your own words" not in client.get("/scenarios/T1").text


def scenario_run(home: Path, answer: str, *more: str) -> Any:
    """The command line as a person uses it, answering its question."""
    return CliRunner().invoke(cli, ["scenario", "run", "T1", "--say", TEXT, "--home", str(home), "--json", *more], input=answer)


def home_with_model(tmp_path: Path, settings: Settings) -> Path:
    build_trial(tmp_path)
    home = tmp_path / "home"
    lines = [f'language_model = "{settings.language_model}"', f'language_model_url = "{settings.language_model_url}"']
    (home / "quarterdeck.toml").write_text("\n".join(lines))
    return home


def test_the_command_line_shows_what_was_read_and_runs_it_once_confirmed(tmp_path: Path) -> None:
    pytest.importorskip("pydantic_ai")
    with model_that_answers(["add 10 sites in Spain from March", "cut visits by 2"], ("perhaps",)) as (settings, _):
        done = scenario_run(home_with_model(tmp_path, settings), "y\n")
    assert done.exit_code == 0, done.output
    assert "Read by openai-compatible:test as: Add 10 sites in Spain" in done.stderr
    assert "no lever fits: perhaps" in done.stderr
    results = json.loads(done.stdout[done.stdout.index("{") :])["comparison"]["results"]  # the runner echoes the answer before it
    assert [use["lever"] for use in results[1]["levers"]] == ["add_sites", "visits"]


def test_the_command_line_runs_nothing_that_is_not_confirmed(tmp_path: Path) -> None:
    pytest.importorskip("pydantic_ai")
    with model_that_answers(["add 10 sites in Spain from March"]) as (settings, _):
        home = home_with_model(tmp_path, settings)
        refused, taken = scenario_run(home, "n\n"), scenario_run(home, "", "--yes")
    assert isinstance(refused.exception, BadInput)
    assert "Nothing was run" in str(refused.exception)
    assert taken.exit_code == 0, taken.output


def test_the_command_line_asks_nothing_where_the_grammar_reads(tmp_path: Path) -> None:
    build_trial(tmp_path)
    home = str(tmp_path / "home")
    done = CliRunner().invoke(
        cli, ["scenario", "run", "T1", "--say", "amend the protocol", "--home", home, "--json", "--replicates", "300"]
    )
    assert done.exit_code == 0, done.output
    assert "meant" not in done.stderr


def test_two_clauses_in_one_and_a_year_that_nobody_named_are_found() -> None:
    assert find_problems("amend the protocol and cut visits by 2", TEXT, TODAY) == ["not one clause"]
    assert find_problems("add 10 sites in Spain from March 2029", TEXT, TODAY) == ["states 2029"]
