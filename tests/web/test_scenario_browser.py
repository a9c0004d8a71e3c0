"""In real Chromium: a failing trial is found, four ways to rescue it are compared, one becomes the plan, and the decision is on record."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders import build_snapshot
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from tests_web import serving  # type: ignore[import-not-found]
from trial_builders import TODAY, merge_rows, trial_rows

pytestmark = pytest.mark.chromium
LEVERS = ("add 12 sites in Spain from September", "raise recruitment by 20%", "cut visits by 2", "use home nursing for 30% of visits")
REASON = "Spain is quick, and the trial is late."


def test_a_failing_trial_is_rescued_from_the_forecast_to_the_recorded_decision(new_page: Callable[..., Any], tmp_path: Path) -> None:
    build_snapshot(tmp_path, merge_rows(trial_rows("T1", rate=0.25), trial_rows("T22", rate=1.1, seed=2)), data_cut=TODAY)
    with serving(create_app(Settings(home=tmp_path / "home"), work=False)) as address:
        page = new_page()
        page.goto(f"{address}/forecasts")
        page.locator("#table-trials").get_by_role("link", name="T1", exact=True).click()
        assert re.search(r"T1 will enrol its last participant .+ late", page.locator("h1").inner_text())
        page.get_by_role("link", name="Play through what could be done for T1").click()
        assert page.locator("#table-results tbody tr").count() == 1  # as forecast, nothing else yet
        page.get_by_label("Scenarios, one a line").fill("\n".join(LEVERS))
        page.get_by_role("button", name="Play through").click()
        rows = page.locator("#table-results tbody tr").all_inner_texts()
        assert len(rows) == 1 + len(LEVERS)
        assert re.search(r"Add 12 sites in Spain", rows[1])
        assert re.search(r"-\d+ ± .+ days", rows[1].replace("−", "-"))  # sooner, beyond the noise of the simulation
        page.locator("#chart-days .wide svg").wait_for()
        page.get_by_role("button", name="keep them").click()
        assert page.locator("#table-kept tbody tr").count() == len(LEVERS)
        form = page.locator("form").filter(has=page.get_by_label(re.compile(re.escape(LEVERS[0]))))
        form.get_by_label(re.compile("becomes the plan")).fill(REASON)
        form.get_by_role("button", name="Make it the plan").click()
        states = [row.split()[-2:] for row in page.locator("#table-kept tbody tr").all_inner_texts()]
        assert states.count(["the", "plan"]) == 1
        page.goto(f"{address}/decisions")
        decided = page.locator("#table-decisions tbody tr").all_inner_texts()
        assert len(decided) == 1
        assert "How do we go on with T1?" in decided[0]
        assert "12 sites in Spain" in decided[0]
        assert REASON in decided[0]
