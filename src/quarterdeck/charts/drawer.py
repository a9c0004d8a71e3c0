"""A process of its own that draws: the engine holds Python's only lock while it draws, and would stop every reader's page meanwhile.

A specification goes in as a line of JSON, its SVG comes out as one. The process ends when its input ends, also where its owner was killed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any

from quarterdeck.charts.picture import convert

NICENESS = 10  # readers' pages go before drawings


class Drawer:
    """Draws one picture at a time, elsewhere. The process starts with the first picture; where it fails, the picture is drawn here."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def convert(self, specification: dict[str, Any]) -> str:
        """The SVG of a Vega-Lite specification."""
        with self._lock:
            try:
                return self._ask(json.dumps(specification))
            except (OSError, ValueError):
                self._end()
        return convert(specification)

    def close(self) -> None:
        """Ends the process."""
        with self._lock:
            self._end()

    def _ask(self, line: str) -> str:
        if self._process is None:
            command = [sys.executable, "-m", "quarterdeck.charts.drawer"]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        return str(json.loads(self._process.stdout.readline()))

    def _end(self) -> None:
        if (process := self._process) is None:
            return
        self._process = None
        with suppress(OSError):
            process.communicate()  # closes its input, which ends it
        process.wait()


def main() -> None:
    """Draws what comes in until nothing comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this process by closing its input
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(json.dumps(convert(json.loads(line))).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
