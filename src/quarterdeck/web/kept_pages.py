"""Pages kept by identity: while neither facts nor record changed, a page that a reader has seen is the page they would get again.

What a page shows follows from its address, the facts, the record (which holds preferences, roles and decisions) and who reads. Those four
are the key, so that a kept page is never shown to another person, after a decision, or after its facts were replaced. Pages that follow
from something else as well (the clock, files on the disk, pictures still to be drawn) are kept for half a minute only.

Of the record, the key holds how often its tables changed. Two of them are shown in few places and written often; SHOWN_IN names the places.
Work under way is shown on pages that are never kept, so its progress ends none. That newer facts are being prepared is said in a kept page
as it is sent, and ends only pages that tell of all facts there are.
"""

from __future__ import annotations

import asyncio
import gzip
import threading
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
from quarterdeck.web.inside import FACTS, INSIDE, KEEP
from quarterdeck.web.security import Receive, Scope, Send

KEPT_BYTES = 256 * 2**20
PACKED_LEVEL = 5
KEPT_SECONDS, SHORT_SECONDS = 600.0, 30.0
LEFT_ALONE = ("/static/", "/api/", "/jobs", "/packs", "/sign-in", "/sso")
FROM_DISK = ("/papers",)  # these list files, which the command line may add to
SHOWN_IN = {"audit_event": ("/decisions", "/development"), "visit": ("/",)}  # no other place, nor what lies below it, shows these tables
ALL_FACTS = ("/", "/evidence", "/as-of", "/papers")  # places that tell of snapshots other than the one shown
NEWS, NO_NEWS = b'<span class="news">Newer facts have arrived and are being prepared.</span>', b'<span class="news"></span>'
ANY_TOKEN = b"0" * 64  # stands in a kept page where each browser's own form token goes


@dataclass(slots=True)
class _Answer:
    """What the application sent, and when."""

    started: MutableMapping[str, Any] = field(default_factory=dict)
    body: bytes = b""
    is_whole: bool = False
    ends: float = 0.0
    packed: dict[bool, bytes] = field(default_factory=dict)  # of a page that is the same for every browser: with the news and without


class KeptPages:
    """ASGI: answers a GET of a page from what was kept, where there is such a page; else asks the application and keeps its answer."""

    def __init__(self, app: Any, deck: Deck, secret: bytes, clock: Callable[[], float] = time.monotonic) -> None:
        self.app, self._deck, self._secret, self._clock = app, deck, secret, clock
        self._kept: OrderedDict[Hashable, _Answer] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._being_made: dict[Hashable, asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or INSIDE in scope:
            await self._answer(scope, receive, send)
            return
        self._deck.answering += 1
        try:
            await self._answer(scope, receive, send)
        finally:
            self._deck.answering -= 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _may_be_kept(scope):
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        if KEEP in scope:
            await self._renew(request, send)
            return
        new_browser = _name_browser(request)
        if (key := self._key(request)) is None:
            await self.app(scope, receive, _with_cookie(send, new_browser, request))
            return
        token = security.form_token(self._secret, security.browser_of(request)).encode()
        answer = await self._find(key) or await self._make(key, request, token)
        await self._send(answer, request, token, _with_cookie(send, new_browser, request))

    async def _find(self, key: Hashable) -> _Answer | None:
        """The kept page. Where another reader's request is making it at this moment, that is waited for rather than making it twice."""
        if (making := self._being_made.get(key)) is not None:
            await making.wait()
        answer = self._kept.get(key)
        return answer if answer is not None and self._clock() < answer.ends else None

    async def _make(self, key: Hashable, request: Request, token: bytes) -> _Answer:
        made = self._being_made.setdefault(key, asyncio.Event())
        try:
            return await self._make_and_keep(key, request, token)
        finally:
            self._being_made.pop(key, None)
            made.set()

    async def _renew(self, request: Request, send: Send) -> None:
        """Makes a page before readers ask for it, and keeps it as the one that they will ask for.

        The key is read before it is asked whether people sign in: of an account that is opened in between, either the key or the answer knows.
        """
        key = self._key(request)
        if self._deck.needs_login():
            await self.app(request.scope, request.receive, send)
            return
        token = security.form_token(self._secret, security.browser_of(request)).encode()
        await self._send(await self._make_and_keep(key, request, token), request, token, send)

    async def _make_and_keep(self, key: Hashable, request: Request, token: bytes) -> _Answer:
        answer = await self._ask(request.scope, request.receive)
        if _is_page(answer):
            answer.body = answer.body.replace(token, ANY_TOKEN)
            answer.ends = self._clock() + (SHORT_SECONDS if _changes_by_itself(request) else KEPT_SECONDS)
            self._keep(key, answer)
        return answer

    def _key(self, request: Request) -> Hashable | None:
        """What the page follows from; None where nobody may be known to read it."""
        session = request.cookies.get(security.SESSION_COOKIE, "")
        actor = accounts.actor_of_session(self._deck.record, session, self._deck.now()) if session else None
        if session and actor is None:
            return None
        path, as_of = request.url.path, request.cookies.get(security.AS_OF_COOKIE, "") or request.query_params.get("as_of", "")
        tells_of_all = bool(as_of) or _is_in(path, ALL_FACTS)  # a day that is wished for may be that of a snapshot that arrives later
        return (
            path, request.url.query, as_of, actor and actor.id, request.scope.get(FACTS) or self._deck.facts_id,
            tells_of_all and self._deck.store.current_id(), self._deck.record.version(_not_shown_in(path)),
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

    async def _send(self, answer: _Answer, request: Request, token: bytes, send: Send) -> None:
        """The answer with this browser's token and with the news there is. One without token is packed once, for whoever reads packed pages."""
        if not answer.started:
            return
        body, headers, has_news = answer.body, MutableHeaders(raw=list(answer.started.get("headers", []))), self._deck.is_preparing()
        if not answer.ends:
            pass  # no page that is kept, but a file, a picture, an error: as it was made
        elif ANY_TOKEN in body or "gzip" not in request.headers.get("accept-encoding", ""):
            body = _tell(has_news, body).replace(ANY_TOKEN, token)
        else:
            if has_news not in answer.packed:
                answer.packed[has_news] = gzip.compress(_tell(has_news, body), PACKED_LEVEL)
            body = answer.packed[has_news]
            headers["content-encoding"] = "gzip"
            headers.add_vary_header("accept-encoding")
        headers["content-length"] = str(len(body))
        await send({**answer.started, "headers": headers.raw})
        await send({"type": "http.response.body", "body": body})

    def _keep(self, key: Hashable, answer: _Answer) -> None:
        """Keeps it in place of what was kept under this key, and lets the oldest go where there is more than enough."""
        with self._lock:  # pages are prepared in another thread
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
        and (INSIDE not in scope or KEEP in scope)
        and not scope["path"].startswith(LEFT_ALONE)
    )


def _is_in(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def _not_shown_in(path: str) -> frozenset[str]:
    return frozenset(table for table, places in SHOWN_IN.items() if not _is_in(path, places))


def _changes_by_itself(request: Request) -> bool:
    awaits = getattr(request.state, "awaits_pictures", False) and KEEP not in request.scope  # who prepares it makes it again with them
    return awaits or getattr(request.state, "is_short_lived", False) or request.url.path.startswith(FROM_DISK)


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


def _tell(has_news: bool, body: bytes) -> bytes:
    """The page that says whether newer facts are being prepared."""
    return body.replace(NO_NEWS, NEWS) if has_news else body.replace(NEWS, NO_NEWS)
