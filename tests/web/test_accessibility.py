"""axe-core finds nothing, in three themes and two widths. The default run takes one page of each kind; the slow one all of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.chromium
AXE = Path(__file__).parent / "vendored" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
KINDS = (
    "/",
    "/trials",
    "/trials/QD-001",
    "/measures/regrettable_attrition",
    "/evidence",
    "/evidence/upload",
    "/evidence/quarantine",
    "/people",
    "/preferences",
    "/packs",
)
THEMES, WIDTHS = ("light", "dark", "calm"), (1280, 390)


@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_on_one_page_of_each_kind_in_any_theme(new_page: Callable[..., Any], demo_server: str, width: int) -> None:
    assert not find_problems(new_page, demo_server, KINDS, width)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_on_any_page_in_any_theme(
    new_page: Callable[..., Any], demo_server: str, demo_paths: list[str], width: int
) -> None:
    assert not find_problems(new_page, demo_server, demo_paths, width)


def test_axe_notices_a_picture_without_words(new_page: Callable[..., Any], demo_server: str) -> None:
    page = new_page(bypass_csp=True)
    page.add_init_script(path=AXE)
    page.goto(demo_server + "/preferences")
    page.evaluate("document.querySelector('main').append(new Image())")
    assert [problem[0] for problem in ask_axe(page)] == ["image-alt"]


def find_problems(new_page: Callable[..., Any], server: str, paths: Any, width: int) -> dict[tuple[str, str], list[tuple[Any, ...]]]:
    """What axe-core finds on these pages, by page and theme; pages wider than their window are found too."""
    # axe itself runs in the page, so this context alone lets it past the content policy.
    page = new_page(width, bypass_csp=True)
    page.add_init_script(path=AXE)
    found = {}
    for path in paths:
        page.goto(server + path)
        _wait_for_pictures(page)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found[path, "any"] = [("wider than the window",)]
        for theme in THEMES:
            page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
            if problems := ask_axe(page):
                found[path, theme] = problems
    return found


def ask_axe(page: Any) -> list[tuple[Any, ...]]:
    """Rule, first place and what to do, of each rule that is broken."""
    answer = page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)
    return [(entry["id"], entry["nodes"][0]["target"], entry["nodes"][0]["failureSummary"][:160]) for entry in answer["violations"]]


def _wait_for_pictures(page: Any) -> None:
    # Not `wait_for_function`: it evaluates a string, which the content policy rightly forbids.
    page.wait_for_load_state("networkidle")
    page.wait_for_selector(".picture.waiting", state="detached", timeout=60_000)
