"""Forecasts from a design alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from quarterdeck.forecasts.design import Design, describe, forecast_design
from quarterdeck.vocabulary.errors import BadInput

LARGE = Design("3", "Oncology", "INDUSTRY", participants=700, sites=120, countries=15, arms=2, start_year=2018)
SMALL = Design("1", "", "INDUSTRY", participants=24, sites=1, countries=1, healthy=True, title="A bioequivalence study", start_year=2018)


def test_a_large_oncology_trial_takes_longer_than_a_bioequivalence_study() -> None:
    assert forecast_design(LARGE).duration > 4 * forecast_design(SMALL).duration


def test_the_interval_holds_the_forecast_and_says_how_wide_it_is() -> None:
    found = forecast_design(LARGE, planned_days=1200)
    assert found.duration_low < found.duration < found.duration_high
    assert found.slip_low is not None
    assert found.slip is not None
    assert found.slip_low < found.slip < found.slip_high  # type: ignore[operator]


def test_without_a_plan_there_is_no_slip() -> None:
    assert forecast_design(LARGE).slip is None


def test_the_risk_of_being_stopped_is_a_probability() -> None:
    for design in (LARGE, SMALL, Design()):
        assert 0 < forecast_design(design).termination_risk < 1


def test_what_is_unknown_is_said_to_be_unknown() -> None:
    assert describe(Design())["enrol unknown"] == 1.0
    assert describe(LARGE)["enrol unknown"] == 0.0


@pytest.mark.parametrize("changes", [{"participants": -5}, {"sites": float("nan")}])
def test_a_design_that_cannot_be_is_refused(changes: dict[str, float]) -> None:
    with pytest.raises(BadInput, match="not negative"):
        forecast_design(Design(**changes))  # type: ignore[arg-type]


@pytest.mark.shared_data
def test_forecasts_of_registered_trials_are_near_and_their_intervals_honest(shared_data: Path) -> None:
    import pyarrow.parquet as pq

    columns = ["phase", "ta", "sponsor_class", "enrol", "n_sites", "n_countries", "title", "start", "completed", "dur_start_pcd_days"]
    rows = pq.read_table(shared_data / "registry" / "trials_train.parquet", columns=columns).to_pylist()
    kept = [r for r in rows if r["completed"] and r["start"] and r["start"] > "2000" and 30 < (r["dur_start_pcd_days"] or 0) < 5000][:400]
    inside, errors = [], []
    for r in kept:
        known = {"participants": r["enrol"], "sites": r["n_sites"], "countries": r["n_countries"]}
        figures = {k: None if v is None or not np.isfinite(v) else float(v) for k, v in known.items()}
        design = Design(
            r["phase"] or "NA", r["ta"] or "", r["sponsor_class"] or "", title=r["title"] or "", start_year=float(r["start"][:4]), **figures
        )
        found = forecast_design(design)
        inside.append(found.duration_low <= r["dur_start_pcd_days"] <= found.duration_high)
        errors.append(abs(np.log(found.duration / r["dur_start_pcd_days"])))
    assert 0.65 < np.mean(inside) < 0.92
    assert np.median(errors) < 0.6
