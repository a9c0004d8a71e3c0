"""One chance for each target of the role, whoever states it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from builders import build_snapshot
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.evidence.store import Store
from quarterdeck.forecasts.chances import find_target, read_measure
from quarterdeck.forecasts.findings import findings
from quarterdeck.forecasts.portfolio import forecast_portfolio
from quarterdeck.forecasts.targets import ANSWERED_BY
from quarterdeck.measures.evaluate import evaluate
from quarterdeck.measures.findings import findings as measured_findings
from quarterdeck.papers.gather import gather_facts
from quarterdeck.vocabulary.choices import Choices
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.vocabulary.verdict import Verdict
from quarterdeck.web.matters import reading_of
from quarterdeck.web.pages.bridge import probability_sentence
from trial_builders import TODAY, merge_rows, trial_rows

YEAR = "budget_variance_year"


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    """A trial on budget by its books, whose sites are so slow that the rest of the year costs other than approved; another one has locked."""
    locked = trial_rows("T2", sites=2, pending=0, target=5)
    locked["study"][0] |= {"status": "locked", "db_lock_dt": date(2026, 3, 31), "act_lpfv": date(2025, 12, 31)}
    return build_snapshot(tmp_path, merge_rows(trial_rows(rate=0.1), locked), TODAY)


def test_pages_papers_and_commands_state_the_simulated_chance(snapshot: Snapshot, settings: Settings) -> None:
    for measure, target in ANSWERED_BY.items():
        simulated = next(t for t in forecast_portfolio(snapshot, settings.random_seed).targets if t.target == target).probability
        (read,) = read_measure(measure, snapshot, "portfolio")
        (paper,) = gather_facts(snapshot, settings).readings.of(measure, "portfolio")
        page = reading_of(snapshot, measure)
        assert page is not None
        assert [read.p_target, paper.p_target, page.p_target] == [simulated] * 3


def test_the_chance_differs_from_what_the_measure_would_say_alone(snapshot: Snapshot) -> None:
    (alone,) = evaluate(YEAR, snapshot, "portfolio")
    (read,) = read_measure(YEAR, snapshot, "portfolio")
    assert alone.p_target is not None
    assert read.p_target is not None
    assert abs(alone.p_target - read.p_target) > 0.2


def test_value_and_numbers_behind_it_stay_the_measures_own(snapshot: Snapshot) -> None:
    (alone,) = evaluate(YEAR, snapshot, "portfolio")
    (read,) = read_measure(YEAR, snapshot, "portfolio")
    assert (read.value, read.numerator, read.denominator, read.drivers) == (alone.value, alone.numerator, alone.denominator, alone.drivers)


def test_where_the_year_will_end_is_what_the_futures_expect(snapshot: Snapshot) -> None:
    (read,) = read_measure(YEAR, snapshot, "portfolio")
    assert (read.details["expected_low"], read.details["expected_variance"], read.details["expected_high"]) == find_target(
        YEAR, snapshot
    ).ends


def test_trials_keep_the_chance_of_their_measure(snapshot: Snapshot) -> None:
    assert read_measure(YEAR, snapshot, "study") == evaluate(YEAR, snapshot, "study")


def test_no_chance_is_stated_where_the_futures_cannot_answer(tmp_path: Path) -> None:
    rows = merge_rows(trial_rows("T1"), trial_rows("T2"))
    rows["budget_line"] = [line | {"currency": "JPY" if line["study_id"] == "T2" else "GBP"} for line in rows["budget_line"]]
    (read,) = read_measure(YEAR, build_snapshot(tmp_path, rows, TODAY), "portfolio")
    assert (read.p_target, read.reason) == (None, "no budget rate from JPY to GBP")


def test_the_sentence_says_where_the_chance_comes_from_and_what_is_expected(snapshot: Snapshot) -> None:
    (read,) = read_measure(YEAR, snapshot, "portfolio")
    assert "by the joint futures of all trials). Median " in probability_sentence(read)


def test_a_miss_of_the_year_is_found_once(tmp_path: Path) -> None:
    rows = trial_rows(rate=0.1)
    for line in rows["budget_line"]:
        line["actual"] = 2 * line["actual"]
    snapshot = build_snapshot(tmp_path, rows, TODAY)
    assert [f.id for f in measured_findings(snapshot) if f.id.startswith(f"measures.{YEAR}/portfolio")] == []
    told = [f for f in findings(snapshot) if f.id == "forecasts/target/budget_within_5_percent"]
    assert [f.verdict for f in told] == [Verdict.CONCERN]


def test_the_fiscal_year_of_the_installation_is_the_one_that_is_simulated(snapshot: Snapshot, tmp_path: Path) -> None:
    april = Store(tmp_path / "home" / "evidence", Choices(fiscal_year_start_month=4)).open()
    assert [find_target(YEAR, which).horizon for which in (snapshot, april)] == [date(2026, 12, 31), date(2027, 3, 31)]
