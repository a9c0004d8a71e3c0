"""In real Chromium, as a new user would: from the Bridge to a source row, a dirty workbook corrected, themes, keyboard only."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from builders import build_snapshot
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from tests_web import follow, serving  # type: ignore[import-not-found]

pytestmark = pytest.mark.chromium
NewPage = Callable[..., Any]
MOMENT = 1200


def test_from_the_bridge_to_the_source_row_of_a_number_in_three_clicks(new_page: NewPage, demo_server: str) -> None:
    page = new_page()
    page.goto(demo_server)
    follow(page.locator(".kpis a.number").first)
    follow(page.get_by_role("link", name=re.compile(r"^QD-|^P|^[A-Z]")).and_(page.locator("tbody th a")).first)
    assert re.match(r"Line [\d,]+ of .+", page.locator("h1").inner_text())
    assert "This row was read from" in page.locator(".lead").inner_text()


def test_no_page_asks_another_host_for_anything(new_page: NewPage, demo_server: str) -> None:
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in ("/", "/trials", "/trials/QD-001"):
        page.goto(demo_server + path)
        _wait_for_pictures(page)
    assert [address for address in asked if not address.startswith((demo_server, "data:"))] == []


def test_a_theme_is_chosen_kept_and_recolours_pictures_without_another_drawing(new_page: NewPage, demo_server: str) -> None:
    page = new_page()
    page.goto(f"{demo_server}/trials/QD-001")
    _wait_for_pictures(page)
    before = page.locator("#chart-enrolment .wide svg").evaluate(
        "e => [e.outerHTML, getComputedStyle(e.querySelector('path[stroke*=series]') ?? e).stroke]"
    )
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    after = page.locator("#chart-enrolment .wide svg").evaluate(
        "e => [e.outerHTML, getComputedStyle(e.querySelector('path[stroke*=series]') ?? e).stroke]"
    )
    assert before[0] == after[0]
    assert before[1] != after[1]
    page.goto(f"{demo_server}/preferences")
    page.get_by_label("Calm").check()
    follow(page.get_by_role("button", name="Keep these"))
    page.goto(f"{demo_server}/trials")
    assert page.locator("html").get_attribute("data-theme") == "calm"
    page.goto(f"{demo_server}/preferences")
    follow(page.get_by_role("button", name="Forget my choices"))


def test_a_picture_is_explored_live_under_the_content_policy(new_page: NewPage, demo_server: str) -> None:
    page = new_page()
    page.goto(f"{demo_server}/trials/QD-001")
    figure = page.locator("#chart-enrolment")
    figure.locator("summary").click()
    figure.get_by_role("button", name="Explore the picture").click()
    figure.locator(".picture.live svg").wait_for()
    assert figure.locator(".picture.live svg").evaluate("e => getComputedStyle(e.querySelector('.background')).fill") is not None


def test_keyboard_only(new_page: NewPage, demo_server: str) -> None:
    page = new_page()
    page.goto(demo_server)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.wait_for_timeout(MOMENT)  # the keys rest for a moment after every load
    page.keyboard.press("/")
    page.keyboard.type("qd-002")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=qd-002")
    page.locator("tbody a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/trials/QD-002**")
    page.wait_for_timeout(MOMENT)
    page.keyboard.press("?")
    page.wait_for_url("**/keyboard")
    page.wait_for_timeout(MOMENT)
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.wait_for_url("**/evidence")


def test_pages_read_without_javascript(new_page: NewPage, demo_server: str) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"{demo_server}/trials")
    follow(page.locator("tbody th a").first)
    assert page.locator("h2").count() > 5
    page.goto(f"{demo_server}/trials?sort=trials:-enrolled")
    counts = [int(re.sub(r"\D.*", "", text.replace(",", ""))) for text in page.locator("tbody tr td:nth-child(2)").all_inner_texts()]
    assert counts == sorted(counts, reverse=True)


def test_a_page_paints_its_content_and_says_when(new_page: NewPage, demo_server: str) -> None:
    page = new_page()
    page.goto(demo_server)
    # The browser reports a paint after the frame was shown, so it is waited for and not looked up.
    paint = page.evaluate(
        "() => new Promise(done => new PerformanceObserver(list => done(list.getEntries()[0].startTime)).observe({type: 'paint', buffered: true}))"
    )
    assert paint > 0
    assert page.locator("h1").is_visible()


def test_the_phone_shows_the_narrow_drawing_and_nothing_sticks_out(new_page: NewPage, demo_server: str) -> None:
    page = new_page(390)
    for path in ("/", "/trials", "/trials/QD-001", "/measures/screen_failure", "/evidence"):
        page.goto(demo_server + path)
        _wait_for_pictures(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    page.goto(f"{demo_server}/trials/QD-001")
    _wait_for_pictures(page)
    assert page.locator("#chart-enrolment .narrow").is_visible()
    assert not page.locator("#chart-enrolment .wide").is_visible()


def test_a_dirty_workbook_is_set_aside_corrected_and_the_reading_changes(new_page: NewPage, tmp_path: Path) -> None:
    build_snapshot(
        tmp_path,
        {"study": [{"study_id": "A1", "num_plan_subj": 20}], "site": [{"study_id": "A1", "site_id": "01", "country": "GB"}]},
        data_cut=date(2026, 6, 30),
    )
    with serving(create_app(Settings(home=tmp_path / "home"))) as address:
        page = new_page()
        _upload(page, address, _workbook(failed="31 February"))
        assert page.locator("h1").inner_text() == "Loading uploaded files: finished"
        follow(page.get_by_role("link", name="The rows in quarantine"))
        assert "subject.xlsx" in page.locator("#table-quarantine").inner_text()
        assert "31 February" in page.locator("#table-quarantine").inner_text()
        page.goto(f"{address}/measures/screen_failure")
        before = page.locator("h1").inner_text()
        _upload(page, address, _workbook(failed=date(2026, 2, 27)))
        page.goto(f"{address}/measures/screen_failure")
        after = page.locator("h1").inner_text()
        assert (before, after) == ("Screen failure is 0.0%", "Screen failure is 16.7%")
        page.goto(f"{address}/evidence/quarantine")
        assert page.locator("h1").inner_text() == "No row is set aside"


def test_files_with_other_headers_load_with_a_mapping_that_is_sent_along(new_page: NewPage, tmp_path: Path) -> None:
    build_snapshot(tmp_path, {"study": [{"study_id": "A1"}]})
    sites = b"Site list of 3 April\n\nProtocol;Site No;Country\nA1;01;GB\n"
    mapping = b"source: ctms\nfiles:\n  - {match: 'sites*', table: site, header_row: 3, columns: {study_id: Protocol, site_id: Site No}}\n"
    with serving(create_app(Settings(home=tmp_path / "home"))) as address:
        page = new_page()
        page.goto(f"{address}/evidence/upload")
        files = [
            {"name": name, "mimeType": "text/plain", "buffer": content}
            for name, content in (("sites.csv", sites), ("mapping.yaml", mapping))
        ]
        page.locator("#files").set_input_files(files)
        follow(page.get_by_role("button", name="Upload and load"))
        page.locator("h1", has_text="finished").wait_for(timeout=60_000)
        assert "1 row loaded, of 1 given" in page.locator("main").inner_text()


def test_work_is_still_there_after_a_restart_of_the_server(new_page: NewPage, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    build_snapshot(tmp_path, {"study": [{"study_id": "A1"}]})
    with serving(create_app(settings, work=False)) as address:  # the worker never ran: as if the server stopped at once
        page = new_page()
        _send(page, address, _workbook(failed=date(2026, 2, 27)))
        job = page.url.rsplit("/", 1)[-1]
        assert "waiting" in page.locator("h1").inner_text()
        page.goto("about:blank")
    with serving(create_app(settings)) as address:
        page = new_page()
        page.goto(f"{address}/jobs/{job}")
        page.locator("h1", has_text="finished").wait_for(timeout=60_000)


def _upload(page: Any, address: str, content: bytes) -> None:
    _send(page, address, content)
    page.locator("h1", has_text="finished").wait_for(timeout=60_000)


def _send(page: Any, address: str, content: bytes) -> None:
    page.goto(f"{address}/evidence/upload")
    page.locator("#files").set_input_files({"name": "subject.xlsx", "mimeType": "application/octet-stream", "buffer": content})
    follow(page.get_by_role("button", name="Upload and load"))
    page.wait_for_url("**/jobs/*")


def _workbook(failed: object) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["study_id", "subject_id", "site_id", "consent_dt", "screen_dt", "screen_fail_dt", "enroll_dt"])
    for i in range(1, 6):
        sheet.append(["A1", f"S{i}", "01", date(2026, 2, 1), date(2026, 2, 2), None, date(2026, 3, 1)])
    sheet.append(["A1", "S6", "01", date(2026, 2, 1), date(2026, 2, 2), failed, None])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _wait_for_pictures(page: Any) -> None:
    # Not `wait_for_function`: it evaluates a string, which the content policy rightly forbids.
    page.wait_for_load_state("networkidle")
    page.wait_for_selector(".picture.waiting", state="detached", timeout=60_000)
