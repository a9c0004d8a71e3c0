"""SDTM: missing values, date-times, planned days without a day 0, and the real pilot study."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from quarterdeck.connectors.load import load_paths
from quarterdeck.connectors.sdtm import CONNECTOR
from quarterdeck.evidence.store import Store
from quarterdeck.vocabulary.errors import BadInput

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def test_the_pilot_study(shared_data: Path, tmp_path: Path) -> None:
    store = Store(tmp_path)
    result = load_paths(store, [shared_data / "extracts" / "sdtm"], NOW)
    assert {name: count.loaded for name, count in result.tables.items()} == {"study": 1, "site": 17, "subject": 306, "visit": 3559}
    sql = "SELECT count(*) FILTER (enrollyn) AS enrolled, count(rand_dt) AS randomised, count(screen_fail_dt) AS failed, count(*) FILTER (completed_yn) AS completed, count(study_disc_dt) AS left_early FROM subject"
    assert store.open().query(sql).to_pylist() == [{"enrolled": 254, "randomised": 254, "failed": 52, "completed": 110, "left_early": 144}]


def test_planned_days_have_no_day_zero_and_missing_ones_mean_unscheduled(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    CONNECTOR.sample(tmp_path / "in")
    store = Store(tmp_path / "evidence")
    load_paths(store, [tmp_path / "in"], NOW)
    assert store.open().query("SELECT visit, planned_dt, visit_dt, visit_status FROM visit ORDER BY visit_num").to_pylist() == [
        {"visit": "SCREENING 1", "planned_dt": date(2025, 1, 1), "visit_dt": date(2025, 1, 2), "visit_status": "performed"},
        {"visit": "BASELINE", "planned_dt": date(2025, 1, 8), "visit_dt": date(2025, 1, 8), "visit_status": "performed"},
        {"visit": "UNSCHEDULED 3.5", "planned_dt": None, "visit_dt": date(2025, 1, 20), "visit_status": "unscheduled"},
    ]


def test_visits_without_demographics_are_refused(tmp_path: Path) -> None:
    (tmp_path / "sv.csv").write_text("STUDYID,USUBJID,VISIT\nX,1,A\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"dm\.csv"):
        load_paths(Store(tmp_path / "evidence"), [tmp_path / "sv.csv"], NOW)
