"""Takes the pictures of the main pages that the documents show: `python scripts/take_screenshots.py HOME [CHROMIUM]`.

HOME is an installation with facts, such as the demo's. Pictures go to docs/screenshots.
"""

from __future__ import annotations

import socket
import sys
import threading
from pathlib import Path

import uvicorn
from playwright.sync_api import sync_playwright

from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from quarterdeck.web.prepare import get_inside

OUT = Path(__file__).resolve().parents[1] / "docs" / "screenshots"
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
NUMBER = "the first number of the Bridge"
# name, path, theme, width, height of the picture
PICTURES = (
    ("bridge-light", "/", "light", 1280, 1500),
    ("trials-light", "/trials", "light", 1280, 1200),
    ("trial-light", "/trials/QD-007", "light", 1280, 2400),
    ("trial-dark", "/trials/QD-007", "dark", 1280, 2400),
    ("bridge-calm", "/", "calm", 1280, 1500),
    ("evidence-light", "/evidence", "light", 1280, 1100),
    ("bridge-phone", "/", "light", 390, 1700),
    ("number", NUMBER, "light", 1280, 1200),
    ("measure", "/measures/enrolment_against_plan", "light", 1280, 1900),
    ("quarantine", "/evidence/quarantine", "light", 1280, 1500),
    ("people", "/people", "light", 1280, 2400),
    ("vendor", "/vendors/metrics/report_late", "light", 1280, 1300),
    ("forecast", "/forecasts/QD-007", "light", 1280, 1500),
    ("risks", "/risks", "light", 1280, 1300),
    ("regulation", "/regulation", "light", 1280, 1300),
    ("development", "/development", "light", 1280, 1100),
)


def main(home: Path, chromium: str = "/usr/bin/chromium") -> None:
    """All pictures."""
    OUT.mkdir(parents=True, exist_ok=True)
    app = create_app(Settings(home=home), work=False)
    for path in sorted({path for _, path, *_ in PICTURES} - {NUMBER}):
        get_inside(app, path, "")
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        for name, path, theme, width, height in PICTURES:
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.set_default_timeout(120_000)
            page.goto(f"http://127.0.0.1:{listener.getsockname()[1]}{'/' if path == NUMBER else path}")
            if path == NUMBER:
                page.locator(".kpis a.number").first.click()
                page.wait_for_load_state()
            page.wait_for_selector(".picture.waiting", state="detached")
            page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
            if theme == "calm":
                page.evaluate("document.documentElement.dataset.reading = 'spaced'")
            page.wait_for_timeout(200)  # letters of another typeface settle
            height = min(height, page.evaluate("document.documentElement.scrollHeight"))
            page.screenshot(path=OUT / f"{name}.png", full_page=True, clip={"x": 0, "y": 0, "width": width, "height": height})
            page.close()
        browser.close()
    server.should_exit = True
    thread.join(10)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:3])
