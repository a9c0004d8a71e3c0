"""A kept page is the page its reader would get anew: never another's, never from before a decision or a load."""

from __future__ import annotations

import asyncio
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.testclient import TestClient

from quarterdeck.record import accounts
from quarterdeck.record.database import Record
from quarterdeck.record.permissions import SINGLE_USER
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web import kept_pages, prepare, render
from quarterdeck.web.app import create_app
from quarterdeck.web.deck import Deck
from quarterdeck.web.kept_pages import KeptPages
from quarterdeck.web.preferences import set_preferences
from tests_web import form_token  # type: ignore[import-not-found]

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
PASSWORD = "a long and quiet password"


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
def home(tmp_path: Path, demo_home: Path) -> Path:
    """A copy with a record of its own; parts are shared."""
    copied = tmp_path / "home"
    shutil.copytree(demo_home, copied, ignore=shutil.ignore_patterns("record.sqlite*"))
    return copied


def test_a_page_seen_before_is_not_made_again(home: Path, rendered: list[str]) -> None:
    with TestClient(create_app(Settings(home=home), work=False)) as client:
        first = client.get("/measures").text
        count = len(rendered)
        assert client.get("/measures").text == first
        assert len(rendered) == count


def test_another_browser_gets_the_same_page_with_its_own_form_token(home: Path, rendered: list[str]) -> None:
    app = create_app(Settings(home=home), work=False)
    with TestClient(app) as one, TestClient(app) as other:
        tokens = form_token(one), form_token(other)
        assert len(rendered) == 1
        assert tokens[0] != tokens[1]
        for client, token in zip((one, other), tokens, strict=True):
            answer = client.post("/preferences", data={"form_token": token, "theme": "calm"}, follow_redirects=False)
            assert answer.status_code == 303


class SlowApp:
    """A page that takes a moment, and says how often it was made; its address says whether it asks the clock."""

    def __init__(self, folder: Path) -> None:
        self.made, self.seconds = 0, 0.0
        self.kept = KeptPages(self.answer, Deck(Settings(home=folder)), b"secret", clock=lambda: self.seconds)

    async def answer(self, scope: Any, receive: Any, send: Any) -> None:
        self.made += 1
        Request(scope).state.is_short_lived = scope["path"] == "/clock"
        await asyncio.sleep(0.01)
        status = 500 if scope["path"] == "/broken" else 200
        await HTMLResponse(f"made {self.made} times", status_code=status)(scope, receive, send)

    def ask(self, path: str, times: int = 1) -> list[str]:
        """The answers to so many readers at once."""

        async def crowd() -> list[str]:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.kept), base_url="http://testserver") as client:
                return [answer.text for answer in await asyncio.gather(*(client.get(path) for _ in range(times)))]

        # In a thread of its own: the browser of other tests leaves an event loop running in this one.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: asyncio.run(crowd())).result()


def test_a_page_that_several_want_at_once_is_made_once(tmp_path: Path) -> None:
    assert SlowApp(tmp_path).ask("/measures", times=5) == ["made 1 times"] * 5


def test_an_error_is_not_shared_among_those_who_wait(tmp_path: Path) -> None:
    app = SlowApp(tmp_path)
    assert len(app.ask("/broken", times=3)) == 3
    assert app.made == 3


@pytest.mark.parametrize(("path", "made"), [("/measures", 1), ("/clock", 2), ("/papers/x", 2)])
def test_only_pages_that_follow_from_clock_or_disk_grow_old_within_a_minute(tmp_path: Path, path: str, made: int) -> None:
    app = SlowApp(tmp_path)
    app.ask(path)
    app.seconds = 60
    app.ask(path)
    assert app.made == made


def test_no_more_is_kept_than_there_is_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_pages, "KEPT_BYTES", 25)
    app = SlowApp(tmp_path)
    for path in ("/a", "/b", "/c"):
        app.ask(path)
    assert app.ask("/c") == ["made 3 times"]
    assert app.ask("/a") == ["made 4 times"]


def test_what_is_written_to_the_record_ends_every_kept_page(home: Path) -> None:
    app = create_app(Settings(home=home), work=False)
    with TestClient(app) as client:
        assert 'data-theme="calm"' not in client.get("/measures").text
        set_preferences(app.state.deck.record, SINGLE_USER.id, theme="calm")
        assert 'data-theme="calm"' in client.get("/measures").text


def test_a_page_of_one_person_is_never_shown_to_another(home: Path) -> None:
    app = create_app(Settings(home=home), require_accounts=True, work=False, now=lambda: NOW)
    record: Record = app.state.deck.record
    for name, role, scope in (("ada", "director", Scope()), ("ben", "reader", Scope("study", "QD-001"))):
        accounts.open_account(record, accounts.INSTALLER, name, name.capitalize(), PASSWORD, NOW)
        accounts.grant_role(record, accounts.INSTALLER, name, role, scope, NOW)
    with TestClient(app) as ada, TestClient(app) as ben, TestClient(app) as nobody:
        for client, name in ((ada, "ada"), (ben, "ben")):
            client.cookies.set("quarterdeck_session", accounts.sign_in(record, name, PASSWORD, "10.0.0.1", NOW))
        assert ada.get("/trials/QD-002").status_code == 200
        assert ben.get("/trials/QD-002").status_code == 403
        assert "QD-002" not in ben.get("/trials").text
        assert "QD-002" in ada.get("/trials").text
        assert nobody.get("/trials", follow_redirects=False).status_code == 303
        accounts.end_sessions(record, accounts.INSTALLER, "ada", NOW)
        assert ada.get("/trials/QD-002", follow_redirects=False).status_code == 303


def test_a_snapshot_that_cannot_be_prepared_is_shown_all_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise ValueError

    app = create_app(Settings(home=home), work=False)
    deck = app.state.deck
    wanted = deck.store.current_id()
    monkeypatch.setattr(prepare, "prepare", fail)
    preparer = prepare.Preparer(app, deck, poll_seconds=0.01)
    preparer.start()
    deadline = time.monotonic() + 30
    while deck.shown_id != wanted and time.monotonic() < deadline:
        time.sleep(0.01)
    preparer.stop()
    assert deck.shown_id == wanted
