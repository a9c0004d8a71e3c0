"""The demo's money follows its work: a plan adds up to its budget, a late trial costs more, and what was spent stays spent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from quarterdeck.demo.budget import CATEGORIES, get_drivers
from quarterdeck.demo.course import Course, Work, derive_course, work_to_go
from quarterdeck.demo.options import DemoOptions
from quarterdeck.demo.participants import simulate_participants
from quarterdeck.demo.portfolio import draft_trials, simulate_world
from quarterdeck.demo.studies import FAILING

OPTIONS = DemoOptions(trials=12, scale=0.2)


@pytest.fixture(scope="module")
def courses() -> list[Course]:
    return [derive_course(OPTIONS, simulate_participants(OPTIONS, sites)) for sites in simulate_world(OPTIONS).sites]


def total(work: Work) -> tuple[float, float, float]:
    return work.until(len(work.time))


def test_the_parts_of_a_category_add_up(courses: list[Course]) -> None:
    assert sum(CATEGORIES.values()) == pytest.approx(1.0)
    for course in courses:
        for category in CATEGORIES:
            assert sum(get_drivers(course.study, category)) == pytest.approx(1.0), category


def test_planned_work_adds_up_to_the_plan(courses: list[Course]) -> None:
    for course in courses:
        assert total(course.plan) == pytest.approx((1.0, 1.0, 1.0), abs=0.02)


def test_before_it_begins_a_trial_is_granted_its_plan(courses: list[Course]) -> None:
    for course in courses:
        granted = total(work_to_go(course, np.datetime64(course.study.approved, "D")))
        assert granted == pytest.approx((1.0, 1.0, 1.0), abs=0.06)


def test_a_trial_that_runs_longer_does_more_work_in_time_and_at_sites(courses: list[Course]) -> None:
    later = [c for c in courses if (c.lock - np.datetime64(c.study.lock, "D")).astype(int) > 120]
    assert later
    for course in later:
        assert total(course.work)[0] > 1.05


def test_a_failing_trial_is_granted_time_a_quarter_at_a_time(courses: list[Course]) -> None:
    course = courses[FAILING]
    end = np.datetime64(course.study.last_participant_in, "D")
    late = replace(course, last_in=end + np.timedelta64(900, "D"), lock=end + np.timedelta64(1300, "D"))
    first, second = (late.work.until(int((late.months <= day).sum()))[0] + total(work_to_go(late, day))[0] for day in (end, end + 180))
    assert second > first > 1.0


def test_what_a_month_cost_is_the_same_whenever_one_looks() -> None:
    world = simulate_world(OPTIONS)
    drafts = next(iter(draft_trials(world, [])))
    budget = next(draft for draft in drafts if draft.table == "budget_line")
    early, late = (budget.known(day) for day in (OPTIONS.today.replace(month=6), OPTIONS.today))
    known = {(w, p): a for w, p, a in zip(early["wbs"], early["period"], early["actual"], strict=True) if a > 0}
    seen = {(w, p): a for w, p, a in zip(late["wbs"], late["period"], late["actual"], strict=True)}
    assert known
    assert all(seen[key] == pytest.approx(amount) for key, amount in known.items())
