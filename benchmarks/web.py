"""Time to answer of every page: warm, at the first view after a new snapshot, and with 50 readers while a load runs.

The server is a process of its own, as with `quarterdeck serve`, and is asked over HTTP. Run by hand: `python benchmarks/web.py [--trials 100]`
makes an invented portfolio; `--home HOME` takes one that is there (it is copied).
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import httpx

from quarterdeck.evidence.store import Store
from quarterdeck.vocabulary.settings import Settings

ROUNDS, READERS = 5, 50
CROWD_SECONDS = 40.0  # so that the whole of a load, and the preparing of its pages, falls into it, however quick the answers are
PAUSES = (2.0, 0.0)  # seconds between two pages of one reader: as people read, and as fast as answers come


def main(smoke: bool = False, home: Path | None = None, trials: int = 24) -> dict[str, float]:
    """Prints and returns the figures; times in milliseconds. `smoke`: few trials, one round, five readers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copied = _make(folder, 12 if smoke else trials) if home is None else _copy(home, folder)
        with serving(copied) as server:
            figures = {"prepared_s": server.wait_until_shown(_current(copied))}
            _load_one_more(copied, "NEW-001").wait()
            figures["shown_after_load_s"] = server.wait_until_shown(_current(copied))
            paths = _paths(copied)
            first, slowest = ask_all(server.address, paths)
            warm = [value for _ in range(1 if smoke else ROUNDS) for value in ask_all(server.address, paths)[0]]
            figures |= {
                "pages": float(len(paths)), "first_p95": _p95(first), "first_max": max(first), "warm_median": statistics.median(warm),
                "warm_p95": _p95(warm),
            }  # fmt: skip
            for label, load in (("load", _load_elsewhere), ("upload", _upload)):
                for pause in PAUSES:
                    server.wait_until_shown(_current(copied))
                    with load(server.address, copied, f"{label}{pause:g}"):
                        times, errors = _crowd(server.address, paths, 5 if smoke else READERS, pause, 5.0 if smoke else CROWD_SECONDS)
                    name = f"{label}_{pause:g}s"
                    figures |= {
                        f"{name}_median": statistics.median(times), f"{name}_p95": _p95(times), f"{name}_answers": float(len(times)),
                        f"{name}_errors": float(errors),
                    }  # fmt: skip
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; slowest first view: {slowest}")
        for name, value in figures.items():
            print(f"{name:20} {value:10,.1f}")
        return figures


class Server:
    """A running server and the snapshots it says it shows."""

    def __init__(self, address: str, process: subprocess.Popen[str]) -> None:
        self.address = address
        self._shown: set[str] = set()
        self._is_over = False
        self._news = threading.Condition()
        threading.Thread(target=self._listen, args=(process,), daemon=True).start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            with self._news:
                self._shown.add(line.strip())
                self._news.notify_all()
        with self._news:
            self._is_over = True
            self._news.notify_all()

    def wait_until_shown(self, snapshot_id: str, limit: float = 900) -> float:
        """Seconds until every page of this snapshot is prepared."""
        started = time.perf_counter()
        with self._news:
            self._news.wait_for(lambda: self._is_over or snapshot_id in self._shown, limit)
            if snapshot_id not in self._shown:
                raise TimeoutError(f"snapshot {snapshot_id} was not shown within {limit:g} s")
        return time.perf_counter() - started


@contextmanager
def serving(home: Path) -> Iterator[Server]:
    """A server of this installation in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, __file__, "--serve", str(port), "--home", str(home)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield Server(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait(20)


def serve(home: Path, port: int) -> None:
    """What `quarterdeck serve` does, and a line of output for each snapshot whose pages are prepared."""
    import uvicorn

    from quarterdeck.web.app import create_app

    app = create_app(Settings(home=home), prepare=True)

    def tell() -> None:
        told = ""
        while True:
            if (shown := app.state.deck.shown_id) != told:
                told = shown
                print(told, flush=True)
            time.sleep(0.1)

    threading.Thread(target=tell, daemon=True).start()
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


def ask_all(address: str, paths: list[str]) -> tuple[list[float], str]:
    """Milliseconds of each page, one after another, and the slowest."""
    times = []
    with httpx.Client(base_url=address, timeout=60) as client:
        for path in paths:
            started = time.perf_counter()
            client.get(path).raise_for_status()
            times.append(1000 * (time.perf_counter() - started))
    return times, max(zip(times, paths, strict=True))[1]


class Reader:
    """A browser that costs little: fifty of them share two cores with the server they ask. It reads packed pages and unpacks none."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
        self._cookie = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def get(self, path: str) -> int:
        """The status of the answer, once all of it has come."""
        headers = {"accept-encoding": "gzip"} | ({"cookie": self._cookie} if self._cookie else {})
        self._connection.request("GET", path, headers=headers)
        answer = self._connection.getresponse()
        answer.read()
        self._cookie = (answer.getheader("set-cookie") or self._cookie).partition(";")[0]
        return answer.status


def _crowd(address: str, paths: list[str], readers: int, pause: float, seconds: float) -> tuple[list[float], int]:
    """Milliseconds of each answer to `readers` who read for so long, and how many were errors."""
    until = time.perf_counter() + seconds

    def read(number: int) -> list[tuple[float, bool]]:
        answers: list[tuple[float, bool]] = []
        with Reader(address) as reader:
            time.sleep(pause * number / readers)
            while time.perf_counter() < until:
                i = len(answers)
                started = time.perf_counter()
                status = reader.get(paths[(7 * number + i) % len(paths)])
                answers.append((1000 * (time.perf_counter() - started), status != 200))
                time.sleep(pause)
        return answers

    with ThreadPoolExecutor(readers) as pool:
        answers = [answer for found in pool.map(read, range(readers)) for answer in found]
    return [took for took, _ in answers], sum(failed for _, failed in answers)


def _make(folder: Path, trials: int) -> Path:
    from quarterdeck.demo.options import DemoOptions
    from quarterdeck.demo.run import make_demo

    settings = Settings(home=folder / "home")
    make_demo(DemoOptions(trials=trials, snapshots=2), folder, Store(settings.evidence_dir))
    return settings.home


def _copy(home: Path, folder: Path) -> Path:
    for name in ("home", "extracts", "mappings"):
        shutil.copytree(home.parent / name, folder / name)
    return folder / "home"


def _load_one_more(home: Path, trial: str) -> subprocess.Popen[bytes]:
    """A planned trial arrives: little work, but a new snapshot, whose every page is new."""
    arrival = home.parent / trial
    arrival.mkdir()
    (arrival / "study.csv").write_text(f"study_id,phase,status\n{trial},P2,planned\n", encoding="utf-8")
    return _run_load([arrival], home)


@contextmanager
def _load_elsewhere(address: str, home: Path, name: str) -> Iterator[None]:
    """All extracts of the latest day are loaded by another process, into an installation that nobody reads."""
    loader = _run_load([*sorted(_latest_extracts(home).iterdir()), "--mapping", home.parent / "mappings"], home.parent / name)
    try:
        yield
    finally:
        loader.terminate()
        loader.wait()


@contextmanager
def _upload(address: str, home: Path, name: str) -> Iterator[None]:
    """The largest source of the latest day is uploaded, so that the server itself loads it; a trial arrives besides, whose pages it prepares."""
    packed = shutil.make_archive(str(home.parent / name), "zip", _latest_extracts(home) / "edc")
    with httpx.Client(base_url=address, timeout=60) as client, Path(packed).open("rb") as extracts:
        token = re.search(r'name="form_token" value="([0-9a-f]+)"', client.get("/evidence/upload").text)
        assert token, "the page of uploads has no form"
        mapping = (home.parent / "mappings" / "edc.yaml").read_bytes()
        files: list[Any] = [("files", ("edc.zip", extracts)), ("files", ("mapping.yaml", mapping))]
        answer = client.post("/evidence/upload", data={"form_token": token[1]}, files=files)
        assert answer.status_code == 303, answer.text
        arrival = _load_one_more(home, name.replace(".", "-"))
        yield
        arrival.wait()


def _latest_extracts(home: Path) -> Path:
    return max(path for path in (home.parent / "extracts").iterdir() if path.is_dir())


def _run_load(arguments: list[Path | str], home: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "quarterdeck", "load", *map(str, arguments), "--home", str(home)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _current(home: Path) -> str:
    return Store(Settings(home=home).evidence_dir).current_id()


def _paths(home: Path) -> list[str]:
    from quarterdeck.web.prepare import paths_of

    return paths_of(Store(Settings(home=home).evidence_dir).open())


def _p95(values: list[float]) -> float:
    return sorted(values)[max(0, round(0.95 * len(values)) - 1)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--serve", type=int)
    given = parser.parse_args()
    if given.serve:
        serve(given.home, given.serve)
    else:
        print(datetime.now(UTC).isoformat(timespec="seconds"))
        main(given.smoke, given.home, given.trials)
