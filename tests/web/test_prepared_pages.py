"""Pages are prepared for readers before they ask, and kept while work goes on: each is the page that would be made for them now."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from builders import build_snapshot
from quarterdeck.connectors.load import load_paths
from quarterdeck.record import accounts, audit
from quarterdeck.record.jobs import add_job, claim_job, run_job
from quarterdeck.record.models.accounts import Visit
from quarterdeck.record.models.base import Decision
from quarterdeck.record.permissions import SINGLE_USER
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web import render
from quarterdeck.web.app import create_app
from quarterdeck.web.inside import FACTS, INSIDE
from quarterdeck.web.kept_pages import NEWS
from quarterdeck.web.prepare import ask_for_readers, find_pictures, get_inside, paths_of, prepare

NOW = datetime.now(UTC)
ELSEWHERE = {"headers": [(b"host", b"localhost")], "scheme": "https"}  # a page may not tell by which name its reader reached it


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates rendered so far."""
    seen: list[str] = []
    really = render.render

    def count(template: str, context: dict[str, object]) -> str:
        seen.append(template)
        return really(template, context)

    monkeypatch.setattr(render, "render", count)
    return seen


@pytest.fixture
def app(tmp_path: Path) -> Iterator[FastAPI]:
    """Two trials, and a server that shows them as prepared facts."""
    build_snapshot(tmp_path, {"study": [{"study_id": "A1"}, {"study_id": "A2"}]})
    made = create_app(Settings(home=tmp_path / "home"), work=False)
    made.state.deck.mark_ready(made.state.deck.store.current_id())
    yield made
    made.state.deck.close()


def bring_a_trial(app: FastAPI, folder: Path) -> None:
    """A load by another process, while the server runs."""
    (folder / "arrival").mkdir()
    (folder / "arrival" / "study.csv").write_text("study_id,phase,status\nNEW-1,P2,planned\n", encoding="utf-8")
    load_paths(app.state.deck.store, [folder / "arrival"], NOW)


def test_every_kept_page_is_the_page_that_would_be_made_while_work_goes_on_and_newer_facts_are_prepared(
    demo_home: Path, tmp_path: Path, rendered: list[str]
) -> None:
    shutil.copytree(demo_home, tmp_path / "home", ignore=shutil.ignore_patterns("record.sqlite*"))
    app = create_app(Settings(home=tmp_path / "home"), work=False)
    deck, record = app.state.deck, app.state.deck.record
    facts = deck.store.open()
    deck.mark_ready(facts.id)
    load = audit.Act("evidence.load", "snapshot", "another", "loaded")
    with audit.write(record, SINGLE_USER, load, NOW):
        pass  # whose first act it is becomes known as a person, which is more than an act
    paths = paths_of(facts)
    for path in paths:
        ask_for_readers(app, path, facts.id)
    bring_a_trial(app, tmp_path)
    add_job(record, "pack.board", {"snapshot": facts.id, "actor": SINGLE_USER.id}, SINGLE_USER.id, NOW)
    with audit.write(record, SINGLE_USER, load, NOW):
        pass
    with record.transaction() as session:
        earlier = deck.store.snapshots()[0].id
        session.merge(Visit(person_id=SINGLE_USER.id, visited_on=(NOW - timedelta(days=1)).date().isoformat(), snapshot=earlier))
    rendered.clear()
    with TestClient(app) as client:
        kept = {path: client.get(path).text for path in paths}
    assert len(rendered) < len(paths) / 4
    stale = [
        path
        for path in paths
        if _plain(kept[path]) != _plain(get_inside(app, path, "", {FACTS: facts.id, INSIDE: SINGLE_USER, **ELSEWHERE}))
    ]
    assert stale == []


def _plain(page: str) -> str:
    return re.sub(r'value="[0-9a-f]{64}"', "", page)


def test_work_and_its_progress_end_no_kept_page(app: FastAPI, rendered: list[str]) -> None:
    record = app.state.deck.record
    with TestClient(app) as client:
        client.get("/trials")
        rendered.clear()
        add_job(record, "count", {}, "ada", NOW)
        client.get("/trials")
        job = claim_job(record, "a", ("count",), NOW)
        assert job
        run_job(record, job, "a", lambda arguments, progress: progress.report(1, 2) or (client.get("/trials") and {}))
        client.get("/trials")
        assert rendered == []
        assert "No work is under way" in client.get("/jobs").text


def test_a_decision_ends_kept_pages_at_once(app: FastAPI, rendered: list[str]) -> None:
    with TestClient(app) as client:
        client.get("/trials")
        rendered.clear()
        act = audit.Act("decision.record", "finding", "f", reason="late")
        with audit.write(app.state.deck.record, SINGLE_USER, act, NOW) as session:
            session.add(
                Decision(
                    id="d", subject_type="finding", subject_id="f", question="Rescue?", outcome="yes", reason="late", evidence=[],
                    decided_by=SINGLE_USER.id, decided_at=NOW,
                )
            )  # fmt: skip
        assert "Rescue?" in client.get("/decisions").text
        client.get("/trials")
        assert rendered.count("trials/index.html") == 1


def test_newer_facts_are_announced_on_a_kept_page_and_shown_once_prepared(app: FastAPI, tmp_path: Path, rendered: list[str]) -> None:
    deck, news = app.state.deck, NEWS.decode()
    with TestClient(app) as client:
        assert news not in client.get("/trials").text
        bring_a_trial(app, tmp_path)
        rendered.clear()
        for encoding in ("identity", "gzip"):
            announced = client.get("/trials", headers={"accept-encoding": encoding}).text
            assert news in announced
            assert "NEW-1" not in announced
        assert rendered == []
        prepare(app, deck.store.open(), lambda: deck.mark_ready(deck.store.current_id()))
        rendered.clear()
        shown = client.get("/trials").text
        assert "NEW-1" in shown
        assert news not in shown
        assert rendered == []  # prepared for the reader, who waits for nothing


def test_the_news_is_on_a_page_that_lists_all_facts_as_soon_as_they_are_there(app: FastAPI, tmp_path: Path) -> None:
    with TestClient(app) as client:
        before = client.get("/evidence/snapshots").text
        bring_a_trial(app, tmp_path)
        newest = app.state.deck.store.current_id()
        assert newest[:12] not in before
        assert newest[:12] in client.get("/evidence/snapshots").text


def test_who_asks_for_the_newest_facts_sees_them_before_they_are_prepared_and_everyone_else_does_not(app: FastAPI, tmp_path: Path) -> None:
    with TestClient(app) as eager, TestClient(app) as patient:
        bring_a_trial(app, tmp_path)
        newest = app.state.deck.store.current_id()
        seen = eager.get(f"/as-of/{newest}?back=/trials").text
        assert "NEW-1" in seen
        assert "These are the newest facts, chosen by you" in seen
        assert "NEW-1" not in patient.get("/trials").text
        app.state.deck.mark_ready(newest)
        assert "chosen by you" not in eager.get(f"/as-of/{newest}?back=/trials").text
        assert "NEW-1" in patient.get("/trials").text


def test_each_browser_gets_its_own_form_token_on_a_prepared_page(app: FastAPI) -> None:
    ask_for_readers(app, "/preferences", app.state.deck.facts_id)
    with TestClient(app) as one, TestClient(app) as other:
        tokens = {re.findall(r'name="form_token" value="([0-9a-f]+)"', client.get("/preferences").text)[0] for client in (one, other)}
    assert len(tokens) == 2
    assert "0" * 64 not in tokens


def test_preparing_is_no_visit_of_the_reader(app: FastAPI) -> None:
    ask_for_readers(app, "/", app.state.deck.facts_id)
    with app.state.deck.record.session() as session:
        assert session.query(Visit).count() == 0


def test_a_page_is_prepared_once_without_its_pictures_and_again_with_them(demo_home: Path) -> None:
    app = create_app(Settings(home=demo_home), work=False)
    facts = app.state.deck.store.open()
    page = find_pictures(ask_for_readers(app, "/trials/QD-001", facts.id))
    for picture in page:
        assert "<svg" in get_inside(app, picture, "", {FACTS: facts.id})
    assert page
    assert find_pictures(ask_for_readers(app, "/trials/QD-001", facts.id)) == []
    with TestClient(app) as client:
        assert find_pictures(client.get("/trials/QD-001").text) == []


def test_where_people_sign_in_no_page_is_kept_for_somebody_unknown(app: FastAPI, rendered: list[str]) -> None:
    deck = app.state.deck
    ask_for_readers(app, "/trials", deck.facts_id)
    accounts.open_account(deck.record, accounts.INSTALLER, "ada", "Ada", "a long and quiet password", NOW)
    ask_for_readers(app, "/trials", deck.facts_id)
    with TestClient(app) as nobody:
        answer = nobody.get("/trials", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/trials")


def test_an_account_opened_while_a_page_is_prepared_keeps_it_from_everyone(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    deck = app.state.deck
    really = deck.record.version

    def open_account_after(leaving_out: frozenset[str] = frozenset()) -> str:
        word = str(really(leaving_out))
        if not accounts.has_accounts(deck.record):
            accounts.open_account(deck.record, accounts.INSTALLER, "ada", "Ada", "a long and quiet password", NOW)
        return word

    monkeypatch.setattr(deck.record, "version", open_account_after)
    ask_for_readers(app, "/trials", deck.facts_id)
    monkeypatch.undo()
    with TestClient(app) as nobody:
        assert nobody.get("/trials", follow_redirects=False).status_code == 303


def test_preparing_waits_for_readers_but_not_for_ever(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[int] = []
    monkeypatch.setattr(time, "sleep", lambda seconds: waits.append(app.state.deck.answering))
    monkeypatch.setattr("quarterdeck.web.prepare.PAGE_WAITS", 0.002)
    monkeypatch.setattr("quarterdeck.web.prepare.PICTURE_WAITS", 0.002)
    app.state.deck.answering = 1
    assert prepare(app, app.state.deck.store.open()) == len(paths_of(app.state.deck.store.open()))
    assert waits
    app.state.deck.answering = 0
    waits.clear()
    prepare(app, app.state.deck.store.open())
    assert waits == []


def test_pictures_of_facts_that_are_no_longer_the_newest_are_not_drawn(demo_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(Settings(home=demo_home), work=False)
    asked: list[str] = []
    monkeypatch.setattr("quarterdeck.web.prepare.paths_of", lambda snapshot: ["/trials/QD-001"])
    really = get_inside
    monkeypatch.setattr("quarterdeck.web.prepare.get_inside", lambda app, path, *more: asked.append(path) or really(app, path, *more))
    assert prepare(app, app.state.deck.store.open(), is_old=lambda: True) == 1
    assert asked == ["/trials/QD-001"]
