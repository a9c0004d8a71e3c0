"""Forecasts from plain files: golden cases, and a reason for every hostile input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from quarterdeck.forecasts.plain_enrolment import earned_values, forecast_funnel, forecast_plain
from quarterdeck.forecasts.plain_files import read_case_file, read_plain_case
from quarterdeck.vocabulary.errors import BadInput

HEAD = "site_id,country,open_day,close_day,enrolled,exposure_days,site_cap\n"
GOOD = "A,GB,0,,10,100,\nB,GB,0,,4,100,\nC,DE,20,,7,80,\nD,DE,130,,0,0,\n"


def write_sites(folder: Path, rows: str = GOOD) -> Path:
    path = folder / "sites.csv"
    path.write_text(HEAD + rows)
    return path


def forecast(folder: Path, rows: str = GOOD, target: int = 60, cutoff: str = "100", case: dict[str, Any] | None = None) -> dict[str, Any]:
    return forecast_plain(read_plain_case(write_sites(folder, rows), target, cutoff, case or {}, None), plug_in=True, days=[30])


def compare(expected: dict[str, Any], found: dict[str, Any], tolerance: float) -> None:
    for key, value in expected.items():
        if key in ("method", "mc_se", "definition", "R", "closed_form", "mean_se", "param_uncertainty_MC"):
            continue
        if isinstance(value, dict):
            compare(value, found[key], tolerance)
        elif isinstance(value, float | int) and not isinstance(value, bool):
            assert found[key] == pytest.approx(value, abs=tolerance, rel=1e-5), key
        else:
            assert found[key] == value, key


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("case", "tolerance"),
    [("G01_equal_exposure", 1e-4), ("G02_staggered_open", 1e-4), ("G04_planning_stage", 1e-4), ("G06_underdispersed", 1e-3)],
)
def test_the_golden_case_is_reproduced(shared_data: Path, case: str, tolerance: float) -> None:
    folder = shared_data / "enrolment" / case
    given = read_plain_case(folder / "sites.csv", None, None, read_case_file(folder / "case.json"), None)
    compare(json.loads((folder / "expected.json").read_text()), forecast_plain(given, plug_in=True), tolerance)


@pytest.mark.shared_data
def test_parameter_uncertainty_reproduces_the_golden_mixture(shared_data: Path) -> None:
    folder = shared_data / "enrolment" / "G02_staggered_open"
    given = read_plain_case(folder / "sites.csv", None, None, read_case_file(folder / "case.json"), None)
    expected = json.loads((folder / "expected.json").read_text())["param_uncertainty_MC"]
    found = forecast_plain(given, days=[30])["quantile_days_from_cutoff"]
    for p, value in expected["quantile"].items():
        assert abs(found[p] - value) < 4 * expected["mc_se"][p]


@pytest.mark.shared_data
def test_uncertain_openings_agree_with_the_simulated_golden_case(shared_data: Path) -> None:
    folder = shared_data / "enrolment" / "G10_uncertain_openings"
    given = read_plain_case(folder / "sites.csv", None, None, read_case_file(folder / "case.json"), None)
    expected = json.loads((folder / "expected.json").read_text())
    found = forecast_plain(given, plug_in=True, days=[])["quantile_days_from_cutoff"]
    for p, value in expected["quantile_days_from_cutoff"].items():
        assert abs(found[p] - value) < 4 * expected["mc_se"][p]


@pytest.mark.shared_data
def test_the_screening_funnel_agrees_with_its_golden_case(shared_data: Path) -> None:
    folder = shared_data / "enrolment" / "G18_screening_funnel"
    found, expected = (
        forecast_funnel(read_case_file(folder / "case.json"), 1, 400_000),
        json.loads((folder / "expected.json").read_text()),
    )
    assert found["screens_needed_mean_exact"] == pytest.approx(expected["screens_needed_mean_exact"])
    for p, value in expected["completion"]["quantile"].items():
        assert abs(found["completion"]["quantile"][p] - value) < 4 * (found["completion"]["mc_se"][p] + expected["completion"]["mc_se"][p])


@pytest.mark.shared_data
def test_earned_value_agrees_with_its_golden_case(shared_data: Path) -> None:
    folder = shared_data / "enrolment" / "G22_earned_value"
    found = earned_values(read_case_file(folder / "case.json"))
    for one, other in zip(json.loads((folder / "expected.json").read_text())["results"], found["results"], strict=True):
        compare(one, other, 1e-9)


def test_nobody_enrolled_is_insufficient_data_with_its_reason(tmp_path: Path) -> None:
    answer = forecast(tmp_path, "A,GB,0,,0,60,\nB,GB,10,,0,50,\n", cutoff="60")
    assert answer["expected_behaviour"] == "insufficient_data"
    assert answer["fit"] is None
    assert "Nobody" in answer["reason"]


def test_a_target_that_is_met_is_complete(tmp_path: Path) -> None:
    answer = forecast(tmp_path, target=20)
    assert answer["expected_behaviour"] == "complete"
    assert answer["quantile_days_from_cutoff"] is None


def test_closed_sites_count_for_the_fit_and_not_for_the_future(tmp_path: Path) -> None:
    answer = forecast(tmp_path, GOOD + "E,GB,0,50,9,50,\n")
    assert answer["fit"]["n_sites"] == 4
    assert answer["excluded_sites"] == {"E": "closed by the cut-off"}


def test_few_sites_are_called_low_evidence(tmp_path: Path) -> None:
    assert "low evidence" in forecast(tmp_path)["evidence"]


def test_a_country_cap_may_make_the_target_unreachable(tmp_path: Path) -> None:
    answer = forecast(tmp_path, target=60, case={"country_caps": {"GB": 20, "DE": 10}})
    assert answer["prob_reach_ever"] == pytest.approx(0, abs=1e-9)
    assert answer["quantile_days_from_cutoff"]["0.5"] is None


@pytest.mark.parametrize(
    ("rows", "cutoff", "reason"),
    [
        ("A,GB,0,,10,-1,\n", "100", "Exposure is negative"),
        ("A,GB,50,20,10,30,\n", "100", "closed before it opened"),
        ("A,GB,0,,10,100,\n", "-5", "cut-off"),
        ("A,GB,0,,10,100,\n", "20", "longer than the site can have been open"),
        ("A,GB,200,,3,0,\n", "100", "cut-off lies before the data"),
        ("A,GB,0,,10,100,5\n", "100", "More participants than the cap"),
        ("A,GB,0,,10,100,\nA,GB,0,,1,100,\n", "100", "occurs twice"),
        ("A,GB,0,,ten,100,\n", "100", "Not a number"),
        ("A,GB,0,,10,nan,\n", "100", "finite"),
        ("A,GB,0,,10,100,\n", "soon", "cut-off cannot be read"),
        ("", "100", "no rows"),
    ],
)
def test_a_hostile_file_is_refused_with_its_reason(tmp_path: Path, rows: str, cutoff: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        forecast(tmp_path, rows, cutoff=cutoff)


def test_dates_work_as_well_as_days(tmp_path: Path) -> None:
    from datetime import date

    sites = tmp_path / "dated.csv"
    sites.write_text("site_id,open_day,enrolled\nA,2026-01-01,10\nB,2026-01-01,4\nC,2026-01-21,7\n")
    dated = forecast_plain(read_plain_case(sites, 60, "2026-04-11", {}, None), True, [])
    numbered = write_sites(tmp_path, "A,GB,0,,10,100,\nB,GB,0,,4,100,\nC,DE,20,,7,80,\n")
    other = forecast_plain(read_plain_case(numbered, 60, "2026-04-11", {}, date(2026, 1, 1)), True, [])
    assert dated["quantile_days_from_cutoff"] == pytest.approx(other["quantile_days_from_cutoff"])
    assert dated["quantile_date"]["0.5"] > "2026-04-11"


def test_the_command_prints_the_golden_keys(tmp_path: Path) -> None:
    from quarterdeck.cli.main import app

    done = CliRunner().invoke(
        app, ["enrolment", "forecast", "--sites", str(write_sites(tmp_path)), "--target", "60", "--cutoff", "100", "--json"]
    )
    assert done.exit_code == 0
    answer = json.loads(done.stdout)
    assert {"fit", "n_remaining", "quantile_days_from_cutoff", "prob_reach_ever", "mean_days_from_cutoff"} <= set(answer)
