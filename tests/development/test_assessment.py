"""Discover: the belief moves as it should, intervals are honest, and every cell can say why it stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.development import actions
from quarterdeck.development.discover.assess import Answer, assess, next_item
from quarterdeck.development.discover.heat_map import build_cells, explain, size_of
from quarterdeck.development.discover.items import get_items
from quarterdeck.development.discuss.priorities import hours_between, learn_pace, rank, time_to_competency
from quarterdeck.development.learner import read_assessment, read_contests
from quarterdeck.development.roles.load import load_role
from quarterdeck.methods.assessment import Question, expected_gap, expected_reduction, prior, probabilities, update
from quarterdeck.record.audit import verify_chain
from quarterdeck.record.database import open_record
from quarterdeck.record.permissions import SINGLE_USER
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.settings import Settings

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def test_an_update_agrees_with_integration_on_a_grid() -> None:
    belief = prior(["F", "F", "T"])
    question = Question(0, 0.5, 1.6, 11, level=4.0)
    rng = np.random.default_rng(1)
    draws = rng.multivariate_normal(belief.mean, belief.covariance, 400_000)
    weights = probabilities(question, draws[:, 0] + 0.5 * draws[:, -1])[1]
    after = update(belief, question, 1)
    assert after.mean == pytest.approx(np.average(draws, axis=0, weights=weights), abs=0.02)
    assert after.sd(0) ** 2 == pytest.approx(np.average((draws[:, 0] - after.mean[0]) ** 2, weights=weights), abs=0.02)


@given(st.integers(0, 5), st.floats(0.8, 2.5))
def test_an_answer_never_makes_the_belief_wider(outcome: int, sigma: float) -> None:
    belief = prior(["F", "T"])
    after = update(belief, Question(0, 1.0, sigma, 14, cuts=(0.5, 1.5, 2.5, 3.5, 4.5)), outcome)
    assert after.covariance[0, 0] <= belief.covariance[0, 0] + 1e-9
    assert np.all(np.linalg.eigvalsh(after.covariance) > -1e-9)


def test_the_expected_gain_is_the_average_fall_of_the_variance() -> None:
    belief = prior(["F", "T"])
    question = Question(0, 0.5, 1.6, 11, level=3.0)
    chance = [
        float(np.mean(probabilities(question, np.random.default_rng(2).normal(3.15, np.sqrt(1.1 + 0.09), 200_000))[k])) for k in (0, 1)
    ]
    fall = sum(
        p * (np.diag(belief.covariance)[:2] - np.diag(update(belief, question, k).covariance)[:2]).sum() for k, p in enumerate(chance)
    )
    assert expected_reduction(belief, question, np.ones(2)) == pytest.approx(fall, rel=0.05)


def test_a_yes_lifts_the_competency_and_its_group_more_than_a_stranger() -> None:
    role = load_role()
    before, after = assess(role, []), assess(role, [Answer("check:T1:5", "check", "T1", 1)])
    lift = {c.id: after.belief.mean[n] - before.belief.mean[n] for n, c in enumerate(role.competencies)}
    assert lift["T1"] > lift["T2"] > lift["F1.1"] > 0


def test_the_gap_keeps_its_sign_so_that_strength_is_not_a_gap() -> None:
    assert expected_gap(3, 5, 0.5) < 0.01
    assert expected_gap(5, 3, 0.5) == pytest.approx(2, abs=0.01)
    assert [size_of(g) for g in (0.2, 0.5, 1.0, 2.0)] == ["met", "small", "medium", "large"]


def test_not_my_job_is_no_answer_and_unsure_counts_less() -> None:
    role = load_role()
    none = assess(role, [Answer("check:T1:3", "check", "T1", None)])
    sure = assess(role, [Answer("check:T1:3", "check", "T1", 0)])
    unsure = assess(role, [Answer("check:T1:3", "check", "T1", 0, is_sure=False)])
    at = none.place("T1")
    assert none.belief.mean[at] == 3.0
    assert sure.belief.mean[at] < unsure.belief.mean[at] < 3.0


def test_the_same_answer_twice_is_discounted_and_old_answers_fade() -> None:
    role = load_role()
    once = assess(role, [Answer("self:T1", "self", "T1", 5)])
    twice = assess(role, [Answer("self:T1", "self", "T1", 5), Answer("self:T1", "self", "T1", 5)])
    at = once.place("T1")
    assert once.belief.sd(at) > twice.belief.sd(at) > 0.8 * once.belief.sd(at)
    assert assess(role, [Answer("self:T1", "self", "T1", 5, weeks_ago=52)]).belief.sd(at) > once.belief.sd(at)


def test_the_top_band_of_text_means_four_or_more_and_the_lowest_two_are_one() -> None:
    role = load_role()
    means = [assess(role, [Answer("interview:vendor:T4", "interview", "T4", band)]).belief.mean[15] for band in range(5)]
    assert means[0] == means[1] < means[2] < means[3] < means[4]


def test_the_whole_assessment_stays_under_eighteen_minutes_and_asks_three_stories() -> None:
    role = load_role()
    items = get_items(role)
    answers: list[Answer] = []
    while (item := next_item(assess(role, answers))) is not None:
        answers.append(Answer(item.id, item.kind, item.competency, item.question.outcomes // 2))
    kinds = [a.kind for a in answers]
    assert sum(items[a.item_id].question.seconds for a in answers) <= 18 * 60 + 30
    assert 25 <= kinds.count("check") <= 45
    assert 6 <= kinds.count("self") <= 8
    assert kinds.count("interview") == 3
    assert len({a.item_id for a in answers}) == len(answers)


def test_nothing_asked_and_wide_intervals_are_hatched() -> None:
    cells = build_cells(assess(load_role(), []), {"T1"})
    assert all(c.is_hatched and c.answers == 0 for c in cells)
    assert next(c for c in cells if c.competency == "T1").is_contested


def test_why_lists_the_answers_and_what_each_moved() -> None:
    why = explain(assess(load_role(), [Answer("check:T1:3", "check", "T1", 1)]), "T1")
    assert why["answers"][0]["answer"] == "yes"  # type: ignore[index]
    assert why["answers"][0]["moved"] > 0  # type: ignore[index]
    assert "expert" in str(why["target"])


def test_priority_is_the_product_of_visible_numbers() -> None:
    ranked = rank(assess(load_role(), []), {"Q1"})
    for p in ranked:
        assert p.value == pytest.approx(p.weight * p.gap * (1 + 0.25 * len(p.kpis_off)))
    assert [p.value for p in ranked] == sorted((p.value for p in ranked), reverse=True)


def test_hours_follow_the_table_and_time_falls_with_hours() -> None:
    assert hours_between(0, 5) == 52
    assert hours_between(3.5, 4) == 7
    assessment = assess(load_role(), [])
    competency = load_role().get("T4")
    slow, fast = (time_to_competency(assessment, competency, h, 1) for h in (0.5, 4))
    assert slow.p50 is None or fast.p50 < slow.p50  # type: ignore[operator]
    assert fast.p20 <= fast.p50 <= fast.p80  # type: ignore[operator]
    assert learn_pace(10, 20)[0] / learn_pace(10, 20)[1] > 1


def test_answers_are_kept_undone_and_contested_under_audit(settings: Settings) -> None:
    record = open_record(settings)
    actions.answer_item(record, SINGLE_USER, "check:T1:3", 1, True, NOW)
    actions.answer_item(record, SINGLE_USER, "self:T1", 4, False, NOW + timedelta(seconds=5))
    assert len(read_assessment(record, "local", NOW).answers) == 2
    assert actions.undo_answer(record, SINGLE_USER, NOW) == "self:T1"
    assert len(read_assessment(record, "local", NOW).answers) == 1
    actions.contest_cell(record, SINGLE_USER, "T1", "I led two inspections before 2024.", NOW)
    assert read_contests(record, "local") == {"T1": "I led two inspections before 2024."}
    assert verify_chain(record) == 4
    with pytest.raises(BadInput):
        actions.answer_item(record, SINGLE_USER, "self:T1", 9, True, NOW)
