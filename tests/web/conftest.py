"""A small invented portfolio, the application on it, a server, and a real browser."""

from __future__ import annotations

import os
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from quarterdeck.demo.options import DemoOptions
from quarterdeck.demo.run import make_demo
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.evidence.store import Store
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from quarterdeck.web.prepare import get_inside, paths_of

BROWSER_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve invented trials, two snapshots; read only."""
    if ready := os.environ.get("QUARTERDECK_TEST_DECK"):  # made once by hand, where one runs these tests again and again
        return Path(ready)
    out = tmp_path_factory.mktemp("deck")
    settings = Settings(home=out / "home")
    make_demo(DemoOptions(trials=12, scale=0.5, snapshots=2), out, Store(settings.evidence_dir), lambda line: None)
    return settings.home


@pytest.fixture(scope="session")
def demo_client(demo_home: Path) -> Iterator[TestClient]:
    """The application on the invented portfolio, without worker."""
    with TestClient(create_app(Settings(home=demo_home), work=False)) as client:
        yield client


@pytest.fixture(scope="session")
def demo_snapshot(demo_home: Path) -> Snapshot:
    """Its newest facts."""
    return Store(Settings(home=demo_home).evidence_dir).open()


@pytest.fixture(scope="session")
def demo_paths(demo_snapshot: Snapshot) -> list[str]:
    """Every page there is."""
    return paths_of(demo_snapshot)


def form_token(client: TestClient, page: str = "/preferences") -> str:
    """The token of a form on a page."""
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', client.get(page).text)
    assert found, page
    return found.group(1)


def follow(element: Any, timeout: float = 60_000) -> None:
    """Click something that leads to a page, and wait until that page is there: Playwright's click alone does not. Milliseconds."""
    element.wait_for(timeout=timeout)  # work in the background may have to end before there is something to click
    with element.page.expect_navigation(timeout=timeout):
        element.click(timeout=timeout)


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The application at an address of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@pytest.fixture(scope="session")
def demo_server(demo_home: Path) -> Iterator[str]:
    """A server of the invented portfolio."""
    app = create_app(Settings(home=demo_home), work=False)
    for path in ("/", "/trials", "/trials/QD-001"):  # computed before a browser waits for them
        get_inside(app, path, "")
    with serving(app) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A real Chromium; skipped with one line where there is none (and failing where CI asks for it)."""
    path = (
        os.environ.get("QUARTERDECK_CHROMIUM")
        or shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    if not path:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs Chromium")
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=BROWSER_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """A fresh browser context per page; fails where the page logs an error (a broken content policy does)."""
    contexts, problems = [], []

    def open_page(width: int = 1280, **options: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on(
            "console",
            lambda message: problems.append(message.text) if message.type == "error" and "status of" not in message.text else None,
        )
        page.on("pageerror", lambda error: problems.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not problems
