"""The one client that asks sources: offline switch, conditional requests, pacing per host, retries with jitter, a size cap."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from quarterdeck.regulation.parsers.common import SIZE_LIMIT
from quarterdeck.regulation.sources import Source
from quarterdeck.vocabulary.errors import NotPermitted, PartMissing, Unavailable
from quarterdeck.vocabulary.settings import Settings

TRIES = 4
RETRIED = (429, 500, 502, 503, 504)
TIMEOUT = 60.0
AGENT = "Quarterdeck/0.1 (regulatory watch)"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host said. `content` is empty where nothing changed (304)."""

    status: int
    content: bytes = b""
    etag: str = ""
    last_modified: str = ""
    media_type: str = ""

    @property
    def is_unchanged(self) -> bool:
        """Whether the host said that nothing changed."""
        return self.status == 304


class Transport(Protocol):
    """How a request leaves the machine; tests bring their own."""

    def __call__(
        self, method: str, address: str, headers: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers (lower case) and content."""


@dataclass
class Client:
    """Asks sources politely. `sleep`, `clock` and `seed` are arguments so that a run can be repeated."""

    settings: Settings
    transport: Transport | None = None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    seed: int = 0
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    _last: dict[str, float] = field(default_factory=dict)

    def fetch(self, source: Source, address: str, etag: str = "", last_modified: str = "") -> Answer:
        """One payload of a source.

        Raises NotPermitted while the installation is offline, PartMissing where a key is not set, Unavailable after the last try.
        """
        if self.settings.offline:
            raise NotPermitted(
                "This installation is offline",
                thing=source.id,
                next_step="Set offline = false in quarterdeck.toml to let the watch ask authorities, or import files.",
            )
        headers = self._headers(source, etag, last_modified)
        transport = self.transport or send
        jitter = random.Random(f"{self.seed}/{source.id}")  # noqa: S311  spreads retries, guards nothing
        status, said = 0, ""
        for attempt in range(TRIES):
            self._wait(address, source.seconds_between_requests)
            try:
                status, given, content = transport(source.method, address, headers, source.body or None)
            except OSError as error:
                status, said = 0, str(error)
            else:
                if status == 304:
                    return Answer(304, etag=etag, last_modified=last_modified)
                if status == 200:
                    if len(content) > SIZE_LIMIT:
                        raise Unavailable(
                            "A payload is larger than the cap",
                            thing=f"{source.id}: over {SIZE_LIMIT:,} bytes",
                            next_step="Import it from a file in parts.",
                        )
                    return Answer(200, content, given.get("etag", ""), given.get("last-modified", ""), given.get("content-type", ""))
                said = f"HTTP {status}"
                if status not in RETRIED:
                    break
                if given.get("retry-after", "").isdigit():
                    self.sleep(min(300.0, float(given["retry-after"])))
                    continue
            if attempt + 1 < TRIES:
                self.sleep((2.0**attempt) * (0.5 + jitter.random()))
        raise Unavailable(
            "A source did not answer", thing=f"{source.id}: {said}", next_step="Its health row shows this; the next watch tries again."
        )

    def _headers(self, source: Source, etag: str, last_modified: str) -> dict[str, str]:
        headers = {"User-Agent": AGENT, "Accept-Encoding": "gzip", "Accept": source.accept or "*/*"}
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        for name, header in ((source.key_environment, source.key_header), (source.user_environment, source.user_header)):
            if name:
                if not self.environment.get(name):
                    raise PartMissing(
                        "A key is not set",
                        thing=f"{source.id} needs {name}",
                        next_step="Set it in the environment of the server; it is never stored.",
                    )
                headers[header] = self.environment[name]
        return headers

    def _wait(self, address: str, pause: float) -> None:
        host = urlsplit(address).netloc
        since = self.clock() - self._last.get(host, -1e9)
        if since < pause:
            self.sleep(pause - since)
        self._last[host] = self.clock()


def send(method: str, address: str, headers: Mapping[str, str], body: Mapping[str, Any] | None) -> tuple[int, Mapping[str, str], bytes]:
    """A request over the network, read up to one byte over the cap. Raises OSError where the host cannot be reached."""
    import httpx2

    try:
        with (
            httpx2.Client(timeout=TIMEOUT, follow_redirects=True) as client,
            client.stream(method, address, headers=dict(headers), json=body) as response,
        ):
            content = bytearray()
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > SIZE_LIMIT:
                    break
            return response.status_code, {name.lower(): value for name, value in response.headers.items()}, bytes(content)
    except httpx2.HTTPError as error:
        raise OSError(str(error)) from error
