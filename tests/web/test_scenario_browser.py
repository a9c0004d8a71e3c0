"""In real Chromium: a failing trial is found, four ways to rescue it are compared, one becomes the plan, and record, ledger and paper say so."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from builders import build_snapshot
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from tests_web import follow, serving  # type: ignore[import-not-found]
from trial_builders import TODAY, merge_rows, trial_rows

pytestmark = pytest.mark.chromium
LEVERS = ("add 12 sites in Spain from September", "raise recruitment by 20%", "cut visits by 2", "use home nursing for 30% of visits")
REASON = "Spain is quick, and the trial is late."


def test_a_failing_trial_is_rescued_from_the_forecast_to_decision_ledger_and_paper(new_page: Callable[..., Any], tmp_path: Path) -> None:
    build_snapshot(tmp_path, merge_rows(trial_rows("T1", rate=0.25), trial_rows("T22", rate=1.1, seed=2)), data_cut=TODAY)
    with serving(create_app(Settings(home=tmp_path / "home"))) as address:
        page = new_page()
        page.goto(f"{address}/forecasts")
        follow(page.locator("#table-trials").get_by_role("link", name="T1", exact=True))
        assert re.search(r"T1 will enrol its last participant .+ late", page.locator("h1").inner_text())
        follow(page.get_by_role("link", name="Play through what could be done for T1"))
        assert page.locator("#table-results tbody tr").count() == 1  # as forecast, nothing else yet
        page.get_by_label("Scenarios, one a line").fill("\n".join(LEVERS))
        follow(page.get_by_role("button", name="Play through"))
        rows = page.locator("#table-results tbody tr").all_inner_texts()
        assert len(rows) == 1 + len(LEVERS)
        assert re.search(r"Add 12 sites in Spain", rows[1])
        assert re.search(r"-\d+ ± .+ days", rows[1].replace("−", "-"))  # sooner, beyond the noise of the simulation
        page.locator("#chart-days .wide svg").wait_for()
        follow(page.get_by_role("button", name="keep them"))
        assert page.locator("#table-kept tbody tr").count() == len(LEVERS)
        form = page.locator("form").filter(has=page.get_by_label(re.compile(re.escape(LEVERS[0]))))
        form.get_by_label(re.compile("becomes the plan")).fill(REASON)
        follow(form.get_by_role("button", name="Make it the plan"))
        states = page.locator("#table-kept tbody tr").all_inner_texts()
        assert sum("the plan" in row for row in states) == 1
        page.goto(f"{address}/decisions")
        decided = page.locator("#table-decisions tbody tr").all_inner_texts()
        assert len(decided) == 1
        assert "How do we go on with T1?" in decided[0]
        assert "12 sites in Spain" in decided[0]
        assert REASON in decided[0]
        promised = find_in_ledger(page, address)
        find_in_paper(page, address, promised)


def find_in_ledger(page: Any, address: str) -> str:
    """The plan's forecast is sealed beside its decision; the day its last participant is promised for."""
    page.goto(f"{address}/forecasts/ledger")
    sealed = [row for row in page.locator("#table-plans tbody tr").all_inner_texts() if "Last participant in" in row]
    assert len(sealed) == 1
    assert LEVERS[0] in sealed[0]
    assert "decision plan-" in sealed[0]
    return sealed[0].split("\t")[2].strip()


def find_in_paper(page: Any, address: str, promised: str) -> None:
    """The rescue paper states the plan with the ledger's own day, and its files pass the check."""
    page.goto(f"{address}/papers/new")
    page.get_by_label("Paper", exact=True).select_option("rescue-paper")
    page.get_by_label("About").select_option("study:T1")
    follow(page.get_by_role("button", name="Draft it"))
    follow(page.get_by_role("link", name="The paper"), 120_000)
    text = page.locator("main").inner_text()
    assert "What was decided" in text
    assert f"the last participant is expected by {promised}" in text
    written = Document(io.BytesIO(page.request.get(f"{page.url}/files/docx").body()))
    cells = [cell.text for table in written.tables for row in table.rows for cell in row.cells]
    assert REASON in cells
    assert promised in cells
    page.goto(f"{page.url}/check")
    assert "hold" in page.locator("h1").inner_text()
