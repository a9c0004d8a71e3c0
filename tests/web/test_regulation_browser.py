"""In real Chromium: a real issue of the Federal Register is taken in, a change shows whom it touches and why, an accepted action reaches the paper."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from quarterdeck.evidence.store import Store
from quarterdeck.regulation.findings import derive_impacts
from quarterdeck.regulation.model import Outcome
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from tests_web import follow, serving  # type: ignore[import-not-found]

pytestmark = [pytest.mark.chromium, pytest.mark.shared_data]
CHANGE = "ich-e6r3-annex1"
REASON = "Inspections ask for it from now on."
OWNER = "Head of clinical quality"


def test_a_real_issue_is_taken_in_and_an_accepted_action_reaches_the_impact_assessment(
    new_page: Callable[..., Any], demo_home: Path, tmp_path: Path, shared_data: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(demo_home, home)
    settings = Settings(home=home)
    with serving(create_app(settings)) as address:
        page = new_page()
        take_in(page, address, shared_data / "regulatory/samples/us_federal_register/FR-2016-04-15.xml.gz")
        touched = read_verdicts(page, address, settings)
        action = accept_action(page, touched)
        find_in_paper(page, address, action)


def take_in(page: Any, address: str, issue: Path) -> None:
    """The issue is uploaded; what concerns trials waits in the inbox, the rest can still be found."""
    page.goto(f"{address}/regulation/sources")
    page.locator("input[name=file]").set_input_files(issue)
    follow(page.get_by_role("button", name="Take the file in"))
    waiting = page.locator("#table-inbox tbody tr").all_inner_texts()
    assert any("Data Integrity and Compliance" in row for row in waiting)
    assert not any("Self-Regulatory Organizations" in row for row in waiting)
    follow(page.get_by_role("link", name="Data Integrity and Compliance"))
    assert "2016" in page.locator("main").inner_text()


def read_verdicts(page: Any, address: str, settings: Settings) -> str:
    """The change names the demo trials that the engine finds, each with its reason; one of them."""
    snapshot = Store(settings.evidence_dir).open()
    impact = next(i for i in derive_impacts(snapshot) if i.change.id == CHANGE)
    expected = impact.trials(Outcome.APPLIES)
    assert expected
    page.goto(f"{address}/regulation/changes/{CHANGE}")
    rows = page.locator("#table-verdicts tbody tr").all_inner_texts()
    for trial in expected:
        row = next(row for row in rows if trial in row)
        judged = impact.judgement(trial)
        assert judged is not None
        assert judged.because in row
    return expected[0]


def accept_action(page: Any, trial: str) -> str:
    """One proposed action is accepted with owner and reason; its words."""
    choice = page.locator("select[name=action]")
    words = choice.locator("option").first.inner_text()
    choice.select_option(index=0)
    page.locator("input[name=owner]").first.fill(OWNER)
    page.locator("textarea[name=reason]").first.fill(REASON)
    follow(page.get_by_role("button", name="Record the decision"))
    assert any("ccepted" in row and OWNER in row for row in page.locator("#table-actions tbody tr").all_inner_texts())
    return str(words).split(":")[0].strip()


def find_in_paper(page: Any, address: str, action: str) -> None:
    """The impact assessment carries the decision with its reason, and its files pass the check."""
    page.goto(f"{address}/papers/new")
    page.get_by_label("Paper", exact=True).select_option("regulatory-impact")
    follow(page.get_by_role("button", name="Draft it"))
    follow(page.get_by_role("link", name="The paper"), 180_000)
    written = Document(io.BytesIO(page.request.get(f"{page.url}/files/docx").body()))
    rows = [[cell.text for cell in row.cells] for table in written.tables for row in table.rows]
    decided = next(row for row in rows if REASON in row)
    assert any(action in cell for cell in decided)
    page.goto(f"{page.url}/check")
    assert "hold" in page.locator("h1").inner_text()
