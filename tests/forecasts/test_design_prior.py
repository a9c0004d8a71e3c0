"""A planned trial is shown what registries say of its design, beside its own forecast and only until somebody is enrolled."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from builders import build_snapshot
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.design import forecast_design
from quarterdeck.forecasts.facts import read_facts
from quarterdeck.forecasts.prior import find_area, read_design
from quarterdeck.forecasts.trial import forecast_trial
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from trial_builders import TODAY, build_trial, trial_rows

SEED, FEW = 7, 600


def planned_rows() -> dict[str, list[dict[str, object]]]:
    rows = trial_rows(sites=0, pending=12)
    rows["study"][0] |= {
        "status": "planned",
        "act_fpfv": None,
        "est_fpfv": date(2026, 10, 1),
        "est_lpfv": date(2027, 12, 31),
        "est_lplv": date(2028, 6, 30),
        "est_db_lock_dt": date(2028, 8, 31),
        "therapeutic_area": "Cardiology",
    }
    return rows


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One planned trial, sealed once."""
    folder = tmp_path_factory.mktemp("planned")
    build_snapshot(folder, planned_rows(), TODAY)
    return folder


@pytest.fixture
def planned(home: Path) -> Snapshot:
    """Its snapshot."""
    from quarterdeck.evidence.store import Store

    return Store(home / "home" / "evidence").open()


def test_a_planned_trial_has_its_designs_duration_beside_its_own(planned: Snapshot) -> None:
    design = forecast_trial(planned, "T1", SEED, FEW).design
    assert design is not None
    assert design.duration_low < design.duration < design.duration_high
    low, middle, high = design.plan_based
    assert low is not None
    assert middle is not None
    assert high is None or low < middle < high
    alone = forecast_design(read_design(read_facts(planned).study("T1")))
    assert (design.duration, design.termination_risk) == (alone.duration, alone.termination_risk)


def test_the_design_is_read_from_the_tables_and_the_rest_stays_unknown(planned: Snapshot) -> None:
    design = read_design(read_facts(planned).study("T1"))
    assert (design.phase, design.area, design.participants, design.sites, design.countries) == ("3", "Cardiovascular", 200, 12, 4)
    assert design.start_year == 2026
    assert design.arms is design.masked is design.randomised is None


def test_a_trial_that_has_enrolled_speaks_for_itself(tmp_path: Path) -> None:
    assert forecast_trial(build_trial(tmp_path), "T1", SEED, FEW).design is None


@pytest.mark.parametrize(
    ("text", "area"), [("Oncology", "Oncology"), ("RHEUMATOLOGY", "Immunology & rheumatology"), ("", ""), ("Other", "")]
)
def test_an_area_is_recognised_or_left_open(text: str, area: str) -> None:
    assert find_area(text) == area


def test_the_page_of_a_planned_trial_says_that_it_comes_from_the_design_alone(home: Path) -> None:
    with TestClient(create_app(Settings(home=home / "home"), work=False)) as client:
        text = client.get("/forecasts/T1").text
    assert "From its design alone" in text
    assert "the design weighs" in text
