"""What every request passes through: whose host, how big, from where; and what every answer carries.

Plain ASGI, so that streaming and background work are left alone.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from fastapi import Request
from sqlalchemy import select

from quarterdeck.record.database import Record
from quarterdeck.record.models.accounts import WebSecret
from quarterdeck.vocabulary.errors import BadInput, NotPermitted

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

SESSION_COOKIE, BROWSER_COOKIE, AS_OF_COOKIE = "quarterdeck_session", "quarterdeck_browser", "quarterdeck_as_of"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
MAX_BODY = 1_000_000
MAX_UPLOAD = 100_000_000
UPLOAD_PATHS = ("/evidence/upload", "/papers/verify")
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
HEADERS = {
    b"content-security-policy": CONTENT_POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()",
}


class SecureHeaders:
    """Every answer forbids other hosts, framing and guessing of types; pages are not kept by shared caches."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                there = {name.lower() for name, _ in headers}
                headers.extend((name, value) for name, value in HEADERS.items() if name not in there)
                if b"cache-control" not in there:
                    headers.append((b"cache-control", b"private, no-cache"))
                if scope.get("scheme") == "https":
                    headers.append((b"strict-transport-security", b"max-age=31536000"))
            await send(message)

        await self.app(scope, receive, send_with_headers)


class HostAndSize:
    """Refuses a host name that is not ours (a page elsewhere could otherwise reach a loopback server) and a body that is too large."""

    def __init__(self, app: Any, hosts: tuple[str, ...]) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        if not self._is_ours(headers.get(b"host", b"").decode("latin-1")):
            await _refuse(send, 400, "This host name is not served here. Use the address that `quarterdeck serve` printed.")
            return
        limit = MAX_UPLOAD if scope["path"] in UPLOAD_PATHS else MAX_BODY
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > limit:
            await _refuse(
                send,
                413,
                f"The file or form is too large. Allowed: up to {limit // 1_000_000} MB. Split the file, or use `quarterdeck load`.",
            )
            return
        await self.app(scope, _counting(receive, limit), send)

    def _is_ours(self, host: str) -> bool:
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        return name.lower().strip("[]") in self.hosts or "*" in self.hosts


class BodyTooLarge(Exception):
    """More came than was declared or is allowed."""


def _counting(receive: Receive, limit: int) -> Receive:
    seen = 0

    async def counted() -> MutableMapping[str, Any]:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise BodyTooLarge
        return message

    return counted


async def _refuse(send: Send, status: int, text: str) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")],
        }
    )
    await send({"type": "http.response.body", "body": text.encode()})


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server bound to this address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def get_secret(record: Record) -> bytes:
    """The installation's key for form tokens, made at first use."""
    with record.session() as session:
        if (kept := session.scalars(select(WebSecret)).first()) is not None:
            return kept.value
    with record.transaction() as session:
        session.merge(WebSecret(id=1, value=secrets.token_bytes(32)))
    return get_secret(record)


def form_token(secret: bytes, browser: str) -> str:
    """The token a form of this browser must carry."""
    return hmac.new(secret, f"form:{browser}".encode(), hashlib.sha256).hexdigest()


async def check_form_token(request: Request) -> AsyncIterator[None]:
    """Raises NotPermitted where a change is asked for from another site or without the token of this browser's pages.

    A dependency of every route; once the answer is made it closes the files that came with the form.
    """
    try:
        await _check_change(request)
        yield
    finally:
        await request.close()


async def _check_change(request: Request) -> None:
    if request.method in SAFE_METHODS:
        return
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise NotPermitted("The form was sent from another site")
    origin = request.headers.get("origin")
    if origin and origin != "null" and origin.split("://", 1)[-1] != request.headers.get("host"):
        raise NotPermitted("The form was sent from another site", thing=origin)
    given = request.headers.get("x-form-token") or await _token_in_form(request)
    wanted = form_token(request.app.state.secret, browser_of(request))
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        raise NotPermitted("The form is no longer valid", next_step="Reload the page and send it again.")


async def _token_in_form(request: Request) -> str:
    kind = request.headers.get("content-type", "")
    if not kind.startswith(("multipart/form-data", "application/x-www-form-urlencoded")):
        raise BadInput(
            "A change needs a form", thing=kind or "no content type", allowed="multipart/form-data, application/x-www-form-urlencoded"
        )
    return str((await request.form()).get("form_token", ""))


def browser_of(request: Request) -> str:
    """The name of this browser: its session where it is signed in, else a random cookie set with the first page."""
    return str(request.cookies.get(SESSION_COOKIE) or request.cookies.get(BROWSER_COOKIE) or getattr(request.state, "new_browser", ""))


def browser_cookie(name: str, is_secure: bool) -> tuple[bytes, bytes]:
    """The header that gives a browser its name."""
    return b"set-cookie", f"{BROWSER_COOKIE}={name}; HttpOnly; Path=/; SameSite=lax{'; Secure' if is_secure else ''}".encode()


def new_browser_name() -> str:
    """A name nobody can guess."""
    return secrets.token_urlsafe(24)
