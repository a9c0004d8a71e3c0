"""Server time of every page, warm and at the first view after a new snapshot, and with 50 readers while a load runs.

Run by hand: `python benchmarks/web.py [HOME]`. Without HOME an invented portfolio of 24 trials is made.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from starlette.testclient import TestClient

from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from quarterdeck.web.prepare import paths_of, prepare

ROUNDS, READERS = 5, 50


def main(smoke: bool = False, home: Path | None = None, trials: int = 24) -> dict[str, float]:
    """Prints and returns the figures, in milliseconds. `smoke`: few trials, one round, five readers."""
    with tempfile.TemporaryDirectory() as folder:
        if home is None:
            home = _make(Path(folder), 12 if smoke else trials)
        app = create_app(Settings(home=home), work=False)
        with TestClient(app) as client:
            store = app.state.deck.store
            started = time.perf_counter()
            count = prepare(app, store.open())
            prepared = time.perf_counter() - started
            paths = paths_of(store.open())
            first = [_milliseconds(lambda path=path: client.get(path)) for path in paths]
            warm = [_milliseconds(lambda path=path: client.get(path)) for _ in range(1 if smoke else ROUNDS) for path in paths]
            slowest = max(zip(first, paths, strict=True))
            crowd, errors = _crowd(client, paths, home, 5 if smoke else READERS)
        figures = {
            "pages": float(len(paths)), "prepared_s": prepared, "prepared_answers": float(count), "first_p95": _p95(first), "first_max": slowest[0],
            "warm_median": statistics.median(warm), "warm_p95": _p95(warm), "crowd_median": statistics.median(crowd), "crowd_p95": _p95(crowd), "crowd_errors": float(errors),
        }  # fmt: skip
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {len(paths)} pages; slowest first view: {slowest[1]}")
        for name, value in figures.items():
            print(f"{name:18} {value:10,.1f}")
        return figures


def _make(out: Path, trials: int) -> Path:
    from quarterdeck.demo.options import DemoOptions
    from quarterdeck.demo.run import make_demo
    from quarterdeck.evidence.store import Store

    settings = Settings(home=out / "home")
    make_demo(DemoOptions(trials=trials, snapshots=2), out, Store(settings.evidence_dir))
    return settings.home


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


def _p95(values: list[float]) -> float:
    return sorted(values)[max(0, round(0.95 * len(values)) - 1)]


def _crowd(client: TestClient, paths: list[str], home: Path, readers: int) -> tuple[list[float], int]:
    """Each reader asks for ten pages, half a second apart, while a file is loaded again and again in another process."""
    import subprocess

    extracts = next((home.parent / "extracts").glob("*"), None)
    loader = None
    if extracts is not None:
        scratch = home.parent / "scratch-home"
        loader = subprocess.Popen(
            [sys.executable, "-m", "quarterdeck.cli.main", "load", str(extracts), "--home", str(scratch)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    errors, lock = 0, threading.Lock()

    def read(number: int) -> list[float]:
        nonlocal errors
        times = []
        for i in range(10):
            started = time.perf_counter()
            answer = client.get(paths[(7 * number + i) % len(paths)])
            times.append(1000 * (time.perf_counter() - started))
            if answer.status_code != 200:
                with lock:
                    errors += 1
            time.sleep(0.5)
        return times

    with ThreadPoolExecutor(readers) as pool:
        times = [value for values in pool.map(read, range(readers)) for value in values]
    if loader is not None:
        loader.terminate()
        loader.wait()
    return times, errors


if __name__ == "__main__":
    print(datetime.now(UTC).isoformat(timespec="seconds"))
    main(home=Path(sys.argv[1]) if len(sys.argv) > 1 else None)
