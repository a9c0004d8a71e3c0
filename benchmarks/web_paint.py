"""First meaningful paint of the main pages in headless Chromium, each in a fresh browser context with an empty cache.

Run by hand: `python benchmarks/web_paint.py [HOME]`. Without HOME an invented portfolio is made. Two instants are measured, from the moment
the browser is told the address: when the first content is painted, and when the largest part of it is (the heading or the first picture: what
a reader came for). The comparison in the same run is a page of one sentence from the same server: what is left is the page's own doing.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import uvicorn

from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from quarterdeck.web.prepare import get_inside

ROUNDS = 5
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
PAGES = (
    "/keyboard", "/", "/attention", "/trials", "/trials/QD-007", "/countries/GB", "/measures", "/measures/enrolment_against_plan", "/evidence",
    "/evidence/quarantine", "/papers", "/decisions", "/search?q=QD", "/preferences", "/forecasts", "/risks", "/vendors", "/regulation", "/development",
)  # fmt: skip
LARGEST = """() => new Promise(done => {
  let last = 0;
  new PerformanceObserver(list => { for (const entry of list.getEntries()) last = entry.startTime }).observe({type: 'largest-contentful-paint', buffered: true});
  setTimeout(() => done([performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0, last]), 400);
})"""


def main(smoke: bool = False, home: Path | None = None) -> dict[str, float]:
    """Prints a table and returns the medians of the largest paint by page, in milliseconds. `smoke`: two light pages, one round."""
    if not _find_chromium():
        print("Chromium is not installed: nothing is measured.")
        return {}
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(home=home or _make(Path(folder), 12 if smoke else 24)), work=False)
        pages = ("/keyboard", "/evidence/quarantine") if smoke else PAGES
        for path in pages:
            get_inside(app, path, "")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
            thread.start()
            figures = _measure(f"http://127.0.0.1:{listener.getsockname()[1]}", pages, 1 if smoke else ROUNDS)
            server.should_exit = True
            thread.join(10)
    return figures


def _find_chromium() -> str | None:
    return os.environ.get("QUARTERDECK_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


def _measure(address: str, pages: tuple[str, ...], rounds: int) -> dict[str, float]:
    from playwright.sync_api import sync_playwright

    figures = {}
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; milliseconds, median and largest of {rounds}")
    print(f"{'page':36} {'first content':>20} {'largest content':>20}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_find_chromium(), args=OPTIONS)
        _paint(browser, address + pages[0])  # the browser itself starts slowly
        for path in pages:
            found = [_paint(browser, address + path) for _ in range(rounds)]
            first, largest = ([run[i] for run in found] for i in (0, 1))
            figures[path] = statistics.median(largest)
            print(f"{path:36} {statistics.median(first):9,.0f} {max(first):10,.0f} {figures[path]:9,.0f} {max(largest):10,.0f}")
        browser.close()
    return figures


def _paint(browser: Any, address: str) -> tuple[float, float]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(address)
    first, largest = page.evaluate(LARGEST)
    context.close()
    return float(first), float(largest)


def _make(out: Path, trials: int) -> Path:
    from quarterdeck.demo.options import DemoOptions
    from quarterdeck.demo.run import make_demo
    from quarterdeck.evidence.store import Store

    settings = Settings(home=out / "home")
    make_demo(DemoOptions(trials=trials, snapshots=2), out, Store(settings.evidence_dir))
    return settings.home


if __name__ == "__main__":
    main(home=Path(sys.argv[1]) if len(sys.argv) > 1 else None)
