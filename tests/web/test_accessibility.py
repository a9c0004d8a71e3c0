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
LOOKS = [(theme, width) for theme in ("light", "dark", "calm") for width in (1280, 390)]


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_axe_finds_nothing_on_one_page_of_each_kind(new_page: Callable[..., Any], demo_server: str, theme: str, width: int) -> None:
    _walk(new_page, demo_server, KINDS, theme, width)


@pytest.mark.slow
@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_axe_finds_nothing_on_any_page(
    new_page: Callable[..., Any], demo_server: str, demo_paths: list[str], theme: str, width: int
) -> None:
    _walk(new_page, demo_server, demo_paths, theme, width)


def _walk(new_page: Callable[..., Any], server: str, paths: Any, theme: str, width: int) -> None:
    # axe itself runs in the page, so this context alone lets it past the content policy.
    page = new_page(width, bypass_csp=True)
    page.add_init_script(path=AXE)
    found = {}
    for path in paths:
        page.goto(server + path)
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        _wait_for_pictures(page)
        answer = page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)
        if problems := [
            (entry["id"], entry["nodes"][0]["target"], entry["nodes"][0]["failureSummary"][:160]) for entry in answer["violations"]
        ]:
            found[path] = problems
    assert not found


def _wait_for_pictures(page: Any) -> None:
    # Not `wait_for_function`: it evaluates a string, which the content policy rightly forbids.
    page.wait_for_load_state("networkidle")
    page.wait_for_selector(".picture.waiting", state="detached", timeout=60_000)
