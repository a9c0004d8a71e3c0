"""What a trial's plan had by now: one value on the page of the trial, in the finding and in the measure."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from builders import build_snapshot
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.measures.evaluate import evaluate
from quarterdeck.risks.detectors.enrolment import detect
from quarterdeck.web.portfolio import get_trial, read_plan_by_now
from quarterdeck.web.trial_parts import _plan_in_words
from trial_builders import TODAY, trial_rows


def month(metric: str, end: date, planned: int, actual: int | None) -> dict[str, Any]:
    return {
        "study_id": "T1", "country": "", "site_id": "", "metric": metric, "period_end": end,
        "planned": planned, "actual": actual,
    }  # fmt: skip


def build(tmp_path: Path, counts: list[dict[str, Any]]) -> Snapshot:
    """A trial at half of its plan on the last day counted, with more participants since."""
    rows = trial_rows(rate=0.3, target=400)
    rows["enrollment_metric"] = counts
    return build_snapshot(tmp_path, rows, TODAY)


def test_the_trial_the_finding_and_the_measure_say_the_same_share(tmp_path: Path) -> None:
    last = TODAY - timedelta(days=30)
    snapshot = build(tmp_path, [month("total_randomized", last, 100, 20), month("total_randomized", date(2026, 7, 31), 200, None)])
    (measured,) = evaluate("enrolment_against_plan", snapshot, "study")
    assert (measured.value, read_plan_by_now(snapshot, "T1")) == (0.2, measured)
    assert _plan_in_words(snapshot, get_trial(snapshot, "T1")) == "; on 31 May 2026 it had 20 of the 100 planned by then (20.0%)."
    (finding,) = [f for f in detect(snapshot) if f.id == "enrolment/study/T1"]
    assert finding.headline.startswith("T1 has 20.0% of the participants its plan has by now")


def test_a_plan_of_participants_randomised_is_drawn_where_none_of_enrolled_is_loaded(tmp_path: Path) -> None:
    snapshot = build(
        tmp_path, [month("total_randomized", date(2026, 5, 31), 100, 20), month("total_randomized", date(2026, 7, 31), 200, None)]
    )
    assert get_trial(snapshot, "T1").plan == ((date(2026, 5, 31), 100.0), (date(2026, 7, 31), 200.0))


def test_the_plan_drawn_is_of_the_number_that_the_measure_counts(tmp_path: Path) -> None:
    counts = [month("total_enrolled", date(2026, 5, 31), 150, None), month("total_randomized", date(2026, 5, 31), 100, 20)]
    assert get_trial(build(tmp_path, counts), "T1").plan == ((date(2026, 5, 31), 100.0),)


def test_without_counts_by_month_the_plan_is_the_measures_straight_line(tmp_path: Path) -> None:
    snapshot = build(tmp_path, [])
    (measured,) = evaluate("enrolment_against_plan", snapshot, "study")
    assert measured.denominator is not None
    assert f"the plan had {round(measured.denominator)} by now (" in _plan_in_words(snapshot, get_trial(snapshot, "T1"))
