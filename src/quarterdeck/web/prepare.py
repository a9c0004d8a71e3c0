"""Prepares the views of a new snapshot before readers are shown it: every page is asked for once, inside the process.

Pages keep what they compute with the snapshot, so the first reader finds it there; where nobody signs in, the page itself is kept for them.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from html import unescape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from quarterdeck.record.permissions import ROLES, SINGLE_USER, Actor, GrantedRole
from quarterdeck.web.deck import Deck
from quarterdeck.web.discovery import page_modules
from quarterdeck.web.inside import FACTS, INSIDE, KEEP

if TYPE_CHECKING:
    from fastapi import FastAPI

    from quarterdeck.evidence.snapshot import Snapshot

_log = logging.getLogger(__name__)
SWITCH_SECONDS = 0.0001  # a reader's request waits so long, and not fifty times as long, for each turn beside the preparing thread
PAGE_WAITS, PICTURE_WAITS = 0.1, 1.0  # seconds at most for readers to go first: pages become facts, and nobody waits for a picture
PREPARER = Actor("quarterdeck", "Quarterdeck", tuple(GrantedRole(role) for role in ROLES), is_machine=True)


class Preparer:
    """A thread that notices a new snapshot, asks for all its pages, and then lets readers see it."""

    def __init__(self, app: FastAPI, deck: Deck, poll_seconds: float = 1.0) -> None:
        self._app, self._deck, self._poll = app, deck, poll_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="quarterdeck-prepare", daemon=True)

    def start(self) -> None:
        """Begins to watch."""
        sys.setswitchinterval(SWITCH_SECONDS)
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Ends after the page in hand."""
        self._stop.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        done = ""
        while not self._stop.is_set():
            wanted = self._deck.store.current_id()
            if wanted and wanted != done:
                done = wanted
                self._prepare(wanted)
            self._stop.wait(self._poll)

    def _prepare(self, wanted: str) -> None:
        ready = partial(self._deck.mark_ready, wanted)
        try:
            prepare(self._app, self._deck.store.open(wanted), ready, self._stop.is_set, lambda: self._deck.store.current_id() != wanted)
        except Exception:
            # Views that were not prepared are slow; older facts shown for good would be wrong.
            _log.exception("the new snapshot could not be prepared")
            ready()


def paths_of(snapshot: Snapshot) -> list[str]:
    """Every page there is for these facts: what is prepared, walked by tests and measured."""
    return [path for module in page_modules() for path in (module.paths(snapshot) if hasattr(module, "paths") else [])]


def prepare(
    app: FastAPI,
    snapshot: Snapshot,
    ready: Callable[[], None] = lambda: None,
    is_over: Callable[[], bool] = lambda: False,
    is_old: Callable[[], bool] = lambda: False,
) -> int:
    """Asks for every page, says `ready`, then draws every picture and makes its page with it. Returns how many pages were asked for.

    A page without its pictures comes at once and asks for them itself, so readers need not wait for the drawing; once `is_old`, newer facts
    wait to be prepared, and these are drawn no further.
    """
    count, waiting = 0, []
    for path in paths_of(snapshot):
        let_readers_go_first(app.state.deck, PAGE_WAITS)
        if is_over():
            return count
        if pictures := find_pictures(ask_for_readers(app, path, snapshot.id)):
            waiting.append((path, pictures))
        count += 1
    ready()
    for path, pictures in waiting:
        for picture in pictures:
            let_readers_go_first(app.state.deck, PICTURE_WAITS)
            if is_over() or is_old():
                return count
            get_inside(app, picture, "", {FACTS: snapshot.id})
        ask_for_readers(app, path, snapshot.id)
    return count


def let_readers_go_first(deck: Deck, most: float) -> None:
    """Waits while readers' requests are in hand, but not for ever: where they never cease, facts must become ready all the same."""
    until = time.monotonic() + most
    while deck.answering and time.monotonic() < until:
        time.sleep(0.01)


def find_pictures(page: str) -> list[str]:
    """The addresses of the pictures that a page still waits for."""
    return [unescape(found) for found in re.findall(r'hx-get="([^"]+as=fragment[^"]*)"', page)]


def ask_for_readers(app: FastAPI, path: str, snapshot_id: str) -> str:
    """A page of this snapshot, kept for readers where all are one person."""
    is_one = not app.state.deck.needs_login()
    return get_inside(app, path, "", {FACTS: snapshot_id, **({INSIDE: SINGLE_USER, KEEP: True} if is_one else {})})


def get_inside(app: FastAPI, path: str, as_of: str, more: Mapping[str, Any] = MappingProxyType({})) -> str:
    """The answer of the application to a request that never leaves the process; an empty `as_of` means the latest facts.

    `more` goes into the scope of the request.
    """
    address, _, query = path.partition("?")
    if as_of and "as_of=" not in query:
        query = f"{query}&as_of={as_of}".lstrip("&")
    scope: dict[str, Any] = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": address, "raw_path": address.encode(),
        "query_string": query.encode(), "headers": [(b"host", b"127.0.0.1")], "client": ("127.0.0.1", 0), "server": ("127.0.0.1", 80),
        "root_path": "", "asgi": {"version": "3.0"}, INSIDE: PREPARER, **more,
    }  # fmt: skip
    parts: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        parts.append(message.get("body", b""))

    def ask() -> None:
        try:
            asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
        except Exception:
            # The page has answered with its message and the log has the details; the other pages are still to be prepared.
            _log.warning("a page could not be prepared: %s", path)

    # In a thread of its own: the caller's may already run an event loop, and one loop cannot run inside another.
    asker = threading.Thread(target=ask)
    asker.start()
    asker.join()
    return b"".join(parts).decode("utf-8", "replace")
