"""Pages kept by identity: while neither facts nor record changed, a page that a reader has seen is the page they would get again.

What a page shows follows from its address, the facts, the record (which holds preferences, roles and decisions) and who reads. Those four
are the key, so that a kept page is never shown to another person, after a decision, or after a load. Pages that follow from something else
as well (the clock, files on the disk, pictures still to be drawn) are kept for half a minute only.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import Request

from quarterdeck.record import accounts
from quarterdeck.web import security
from quarterdeck.web.deck import Deck
from quarterdeck.web.security import Receive, Scope, Send

KEPT_BYTES = 256 * 2**20
KEPT_SECONDS, SHORT_SECONDS = 600.0, 30.0
LEFT_ALONE = ("/static/", "/api/", "/jobs", "/sign-in", "/sso")
FROM_DISK = ("/papers", "/packs")  # these list files, which the command line may add to
ANY_TOKEN = b"0" * 64  # stands in a kept page where each browser's own form token goes


@dataclass(slots=True)
class _Answer:
    """What the application sent, and when."""

    started: MutableMapping[str, Any] = field(default_factory=dict)
    body: bytes = b""
    is_whole: bool = False
    ends: float = 0.0


class KeptPages:
    """ASGI: answers a GET of a page from what was kept, where there is such a page; else asks the application and keeps its answer."""

    def __init__(self, app: Any, deck: Deck, secret: bytes, clock: Callable[[], float] = time.monotonic) -> None:
        self.app, self._deck, self._secret, self._clock = app, deck, secret, clock
        self._kept: OrderedDict[Hashable, _Answer] = OrderedDict()
        self._bytes = 0
        self._being_made: dict[Hashable, asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _may_be_kept(scope):
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        new_browser = _name_browser(request)
        if (key := self._key(request)) is None:
            await self.app(scope, receive, _with_cookie(send, new_browser, request))
            return
        token = security.form_token(self._secret, security.browser_of(request)).encode()
        answer = await self._find(key) or await self._make(key, request, token)
        await _send_answer(answer, token, _with_cookie(send, new_browser, request))

    async def _find(self, key: Hashable) -> _Answer | None:
        """The kept page. Where another reader's request is making it at this moment, that is waited for rather than making it twice."""
        if (making := self._being_made.get(key)) is not None:
            await making.wait()
        answer = self._kept.get(key)
        return answer if answer is not None and self._clock() < answer.ends else None

    async def _make(self, key: Hashable, request: Request, token: bytes) -> _Answer:
        made = self._being_made.setdefault(key, asyncio.Event())
        try:
            answer = await self._ask(request.scope, request.receive)
            if _is_page(answer):
                answer.body = answer.body.replace(token, ANY_TOKEN)
                answer.ends = self._clock() + (SHORT_SECONDS if _changes_by_itself(request) else KEPT_SECONDS)
                self._keep(key, answer)
            return answer
        finally:
            self._being_made.pop(key, None)
            made.set()

    def _key(self, request: Request) -> Hashable | None:
        """What the page follows from; None where nobody may be known to read it."""
        session = request.cookies.get(security.SESSION_COOKIE, "")
        actor = accounts.actor_of_session(self._deck.record, session, self._deck.now()) if session else None
        if session and actor is None:
            return None
        return (
            request.url.path, request.url.query, request.cookies.get(security.AS_OF_COOKIE, ""), actor and actor.id, request.headers.get("host"),
            request.url.scheme, self._deck.store.current_id(), self._deck.shown_id, self._deck.record.version(),
        )  # fmt: skip

    async def _ask(self, scope: Scope, receive: Receive) -> _Answer:
        answer = _Answer()

        async def collect(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answer.started = message
            elif message["type"] == "http.response.body":
                answer.body += message.get("body", b"")
                answer.is_whole = not message.get("more_body", False)

        await self.app(scope, receive, collect)
        return answer

    def _keep(self, key: Hashable, answer: _Answer) -> None:
        """Keeps it in place of what was kept under this key, and lets the oldest go where there is more than enough."""
        if (before := self._kept.pop(key, None)) is not None:
            self._bytes -= len(before.body)
        self._kept[key] = answer
        self._bytes += len(answer.body)
        while self._bytes > KEPT_BYTES:
            self._bytes -= len(self._kept.popitem(last=False)[1].body)


def _may_be_kept(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and "quarterdeck.inside" not in scope
        and not scope["path"].startswith(LEFT_ALONE)
    )


def _changes_by_itself(request: Request) -> bool:
    return getattr(request.state, "is_short_lived", False) or request.url.path.startswith(FROM_DISK)


def _is_page(answer: _Answer) -> bool:
    headers = MutableHeaders(raw=answer.started.get("headers", []))
    is_html = headers.get("content-type", "").startswith("text/html")
    return answer.is_whole and answer.started.get("status") == 200 and is_html and "set-cookie" not in headers


def _name_browser(request: Request) -> str:
    """The name that this answer gives the browser, where it has none: forms are tied to it."""
    if security.browser_of(request):
        return ""
    request.state.new_browser = security.new_browser_name()
    return str(request.state.new_browser)


def _with_cookie(send: Send, browser: str, request: Request) -> Send:
    if not browser:
        return send

    async def send_with_cookie(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), security.browser_cookie(browser, request.url.scheme == "https")]}
        await send(message)

    return send_with_cookie


async def _send_answer(answer: _Answer, token: bytes, send: Send) -> None:
    body = answer.body.replace(ANY_TOKEN, token)
    if answer.started:
        await send({**answer.started, "headers": list(answer.started.get("headers", []))})
        await send({"type": "http.response.body", "body": body})
