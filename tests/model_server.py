"""A local OpenAI-compatible server for tests: it rewrites each sentence it is given, or answers what it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Rewrite = Callable[[str], str]


@contextmanager
def serve(rewrite: Rewrite, raw: str | None = None, delay: float = 0.0, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """A server that rewrites each sentence it is given, or answers `raw`. Yields its address and the requests it saw."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            seen.append(body)
            time.sleep(delay)
            material = json.loads(body)["messages"][-1]["content"]
            material = material if isinstance(material, str) else "".join(part["text"] for part in material)
            content = (
                raw
                if raw is not None
                else json.dumps({"sentences": [{"id": k, "text": rewrite(t)} for k, t in _sentences(material)]}, ensure_ascii=False)
            )
            answer = {
                "id": "x", "object": "chat.completion", "created": 0, "model": "test", "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}],
            }  # fmt: skip
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _sentences(material: str) -> list[tuple[str, str]]:
    return [(line.split(": ", 1)[0], line.split(": ", 1)[1]) for line in material.splitlines() if ": " in line and line[0] == "s"]
