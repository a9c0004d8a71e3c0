"""What units of work cost: the plan adds up to the budget, prices follow spending against work, and being late makes nothing cheaper."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from builders import build_snapshot
from quarterdeck.forecasts.costing import approved_units, planned_work, prepare_money, work_done
from quarterdeck.forecasts.facts import StudyFacts, read_facts
from quarterdeck.forecasts.learnt import learn
from quarterdeck.methods.portfolio import Money
from trial_builders import TODAY, trial_rows


def read_trial(tmp_path: Path, rows: dict[str, list[dict[str, Any]]]) -> tuple[StudyFacts, Money]:
    snapshot = build_snapshot(tmp_path, rows, data_cut=TODAY)
    study = read_facts(snapshot).study("T1")
    return study, prepare_money(study, TODAY, learn(snapshot))


def spend(rows: dict[str, list[dict[str, Any]]], factor: float) -> dict[str, list[dict[str, Any]]]:
    """The trial having spent a multiple of what it did."""
    for line in rows["budget_line"]:
        line["actual"] *= factor
    return rows


def test_the_planned_work_at_approved_prices_adds_up_to_the_budget(tmp_path: Path) -> None:
    study, _ = read_trial(tmp_path, trial_rows())
    assert study.budget is not None
    assert approved_units(study, study.budget).value(planned_work(study, date.max)) == pytest.approx(study.budget.approved)


def test_planned_work_grows_from_nothing_to_the_whole(tmp_path: Path) -> None:
    study, _ = read_trial(tmp_path, trial_rows())
    steps = [planned_work(study, day) for day in (date(2024, 1, 1), date(2025, 9, 1), TODAY, date(2027, 3, 1), date.max)]
    assert steps[0].months == steps[0].sites == steps[0].people == 0
    for earlier, later in pairwise(steps):
        assert earlier.months <= later.months
        assert earlier.sites <= later.sites
        assert earlier.people <= later.people
    assert steps[-1].people == pytest.approx(study.target)


def test_a_late_trial_that_spent_as_it_worked_is_priced_as_approved(tmp_path: Path) -> None:
    rows = trial_rows(rate=0.2)
    study, _ = read_trial(tmp_path / "first", rows)
    assert study.budget is not None
    units = approved_units(study, study.budget)
    share = study.budget.baseline_share * study.budget.approved / units.value(planned_work(study, TODAY))
    study, money = read_trial(tmp_path / "second", spend(rows, units.value(work_done(study, TODAY)) * share / study.budget.spent))
    late = (1 - study.budget.baseline_share) * study.budget.approved / (study.budget.approved - units.value(planned_work(study, TODAY)))  # type: ignore[union-attr]
    assert money.participant == pytest.approx(units.participant * late, rel=0.01)


def test_prices_follow_spending_against_work(tmp_path: Path) -> None:
    _, usual = read_trial(tmp_path / "usual", trial_rows())
    _, dear = read_trial(tmp_path / "dear", spend(trial_rows(), 1.5))
    assert dear.participant > 1.1 * usual.participant


def test_time_granted_later_makes_no_unit_cheaper_or_dearer(tmp_path: Path) -> None:
    rows = trial_rows()
    longer = [dict(line) for line in rows["budget_line"] if line["period"] == date(2027, 6, 28)]
    for extra in range(6):
        for line in longer:
            rows["budget_line"].append(
                {
                    **line,
                    "wbs": f"{line['wbs']}-{extra}",
                    "period": date(2027 + (7 + extra) // 13, (6 + extra) % 12 + 1, 27),
                    "budget_baseline": 0,
                }
            )
    study, _ = read_trial(tmp_path / "granted", rows)
    plain, _ = read_trial(tmp_path / "plain", trial_rows())
    assert study.budget is not None
    assert plain.budget is not None
    assert approved_units(study, study.budget).month == pytest.approx(approved_units(plain, plain.budget).month, rel=0.1)
