"""In real Chromium: the whole journey of a new user, with each accommodation switched on: discover, plan, practise, portfolio."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.development.demonstrate.portfolio import verify_portfolio
from quarterdeck.development.discuss.accommodations import load_switches, starting_set
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from tests_web import follow, serving  # type: ignore[import-not-found]

pytestmark = pytest.mark.chromium
SETS = {name: starting_set(name) for name in ("adhd", "dyslexia", "autism")}
STORY = "In 2024 I compared the turnaround of our CRO with the SLA, 6.5 days against 3. I offered a longer term for a named team. By March it fell to 2.8 days."
TURN = "The responsibility stays with the sponsor, and oversight depends on the risk of the task."


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A fresh installation without facts."""
    with serving(create_app(Settings(home=tmp_path / "home"), work=False)) as address:
        yield address


@pytest.mark.parametrize("start", sorted(SETS))
def test_the_whole_journey_with_a_starting_set(new_page: Callable[..., Any], address: str, start: str, tmp_path: Path) -> None:
    page = new_page()
    page.goto(f"{address}/development/support")
    follow(page.get_by_role("button", name={"adhd": "For ADHD", "dyslexia": "For dyslexia", "autism": "For autism"}[start]))
    page.goto(f"{address}/development/support?section=2")  # in quiet mode one section at a time
    chosen = page.locator("input[name=switch]:checked").evaluate_all("boxes => boxes.map(box => box.value)")
    assert set(chosen) == set(SETS[start])
    walk(page, address, tmp_path, questions=80)


@pytest.mark.parametrize("switch", sorted(load_switches()))
def test_the_journey_with_a_single_switch(new_page: Callable[..., Any], address: str, switch: str, tmp_path: Path) -> None:
    page = new_page(width=390)
    page.goto(f"{address}/development/support")
    page.locator(f"input[name=switch][value={switch}]").check()
    press(page, "Keep")
    walk(page, address, tmp_path, questions=4, turns=4)


def walk(page: Any, address: str, folder: Path, questions: int, turns: int = 16) -> None:
    """Answer, look at the map, plan, hold a conversation to its end, and take the portfolio away."""
    page.goto(f"{address}/development")
    follow(page.get_by_role("link", name="Start the assessment"))
    for _ in range(questions):
        if not answer(page):
            break
    if questions < 80:
        follow(page.get_by_role("link", name="Enough for now"))
    assert "map is ready" in page.locator("h1").inner_text()
    page.goto(f"{address}/development/map")
    assert_fits(page)
    page.goto(f"{address}/development/plan")
    press(page, "Make a plan")
    assert "sessions are done" in page.locator("h1").inner_text()
    assert_fits(page)
    page.goto(f"{address}/development/practise/socratic-oversight")
    press(page, "Begin")
    for turn in range(turns):
        if not page.get_by_label("Your turn").count():
            break
        assert_fits(page)
        page.get_by_label("Your turn").fill(TURN if turn < turns - 1 else "stop")
        press(page, "Say it")
    assert page.get_by_role("heading", name="What came of it").count() == 1
    page.goto(f"{address}/development/portfolio")
    assert "competencies are evidenced or assessed" in page.locator("h1").inner_text()
    with page.expect_download() as waited:
        page.get_by_role("link", name="Download").first.click()
    path = folder / "portfolio.zip"
    waited.value.save_as(path)
    assert "index.pdf" in zipfile.ZipFile(path).namelist()
    assert verify_portfolio(path)


def answer(page: Any) -> bool:
    """One question as a person would answer it; False where none is left."""
    if page.get_by_role("radio").count():
        page.get_by_role("radio").nth(1).check()
        press(page, "Keep this answer")
        return True
    if page.locator("textarea[name=text]").count():
        page.locator("textarea[name=text]").fill(STORY)
        press(page, "Keep this answer")
        press(page, "Keep and go on")
        return True
    return False


def press(page: Any, name: str) -> None:
    """A button, and the page it leads to."""
    follow(page.get_by_role("button", name=name))


def assert_fits(page: Any) -> None:
    """Nothing is wider than the window."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")
