"""Discover: the belief moves as it should, intervals are honest, and every cell can say why it stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation_scripts import load_evaluation
from quarterdeck.development import actions
from quarterdeck.development.discover.assess import Answer, assess, take
from quarterdeck.development.discover.choose import Allowance, expected_gains, next_item, progress, weeks_to_next_round
from quarterdeck.development.discover.heat_map import build_cells, explain, size_of
from quarterdeck.development.discover.items import SCATTERED, STEADY, STYLES, get_items
from quarterdeck.development.discuss.priorities import hours_between, learn_pace, rank, time_to_competency
from quarterdeck.development.learner import read_assessment, read_contests, read_story
from quarterdeck.development.roles.load import load_role
from quarterdeck.methods.assessment import (
    Belief,
    Mixture,
    Question,
    expected_gap,
    expected_reductions,
    observe,
    prior,
    probabilities,
    stack,
    update,
    weigh,
)
from quarterdeck.record.audit import verify_chain
from quarterdeck.record.database import open_record
from quarterdeck.record.permissions import SINGLE_USER
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.settings import Settings

evaluation = load_evaluation("development")
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


def slow_reduction(belief: Belief, question: Question, weights: np.ndarray) -> float:
    """The slow twin: every outcome is tried, weighed by its chance."""
    fall = 0.0
    for outcome in range(question.outcomes):
        after, log_chance = weigh(belief, question, outcome)
        fall += np.exp(log_chance) * float(weights @ (np.diag(belief.covariance) - np.diag(after.covariance))[:-1])
    return fall


def test_the_expected_gain_is_the_average_fall_of_the_variance_over_all_outcomes() -> None:
    role = load_role()
    answers = [
        Answer("check:T1:4", "check", "T1", 0),
        Answer("self:F2.1", "self", "F2.1", 5),
        Answer("interview:ai:E1.2", "interview", "E1.2", 3),
    ]
    for style in (STEADY, SCATTERED):
        belief = assess(role, answers, (style,)).belief
        questions = [item.question for item in get_items(role, style).values()]
        weights = np.linspace(0.5, 1, len(role.competencies))
        fast = expected_reductions(belief, stack(questions), weights)
        assert fast == pytest.approx([slow_reduction(belief, q, weights) for q in questions], rel=1e-6)


def test_the_log_chance_of_an_answer_is_the_integral_of_its_probability() -> None:
    belief = prior(["F", "T"])
    question = Question(0, 1.0, 1.2, 14, cuts=(0.5, 1.5, 2.5, 3.5, 4.5), shift=-0.25)
    chances = np.exp([weigh(belief, question, k)[1] for k in range(6)])
    draws = np.random.default_rng(3).multivariate_normal(belief.mean, belief.covariance, 400_000)
    assert chances.sum() == pytest.approx(1, abs=1e-9)
    assert chances == pytest.approx(probabilities(question, draws[:, 0] + draws[:, -1] - 0.25).mean(axis=1), abs=0.003)
    grid = np.linspace(-4, 10, 2801)
    density = np.exp([observe(belief, 0, float(v), 1.0)[1] for v in grid])
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=1e-3)


def test_a_mixture_has_the_mean_and_the_spread_of_draws_from_its_beliefs() -> None:
    one, two = update(prior(["F", "T"]), Question(0, 1.0, 1.2, 14, level=4.0), 1), prior(["F", "T"], 1.0)
    mixture = Mixture((one, two), (0.0, np.log(3.0)))
    rng = np.random.default_rng(4)
    draws = np.concatenate([rng.multivariate_normal(b.mean, b.covariance, n) for b, n in ((one, 100_000), (two, 300_000))])
    assert mixture.weights() == pytest.approx([0.25, 0.75])
    assert mixture.merge().mean == pytest.approx(draws.mean(axis=0), abs=0.02)
    assert mixture.merge().covariance == pytest.approx(np.cov(draws.T), abs=0.02)


def test_answers_that_agree_speak_for_a_steady_person_and_contradictions_for_a_scattered_one() -> None:
    role = load_role()
    names = [c.id for c in role.competencies][:18]
    agree = [Answer(f"check:{c}:{t}", "check", c, int(t == 3)) for c in names for t in (3, 4, 5)]
    contradict = [Answer(f"check:{c}:{t}", "check", c, int(t == 5 if n % 2 else t == 3)) for n, c in enumerate(names) for t in (3, 4, 5)]
    assert assess(role, agree).mixture.weights()[0] > 0.6
    assert assess(role, contradict).mixture.weights()[0] < 0.4
    assert assess(role, []).mixture.weights() == pytest.approx([0.5, 0.5])


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


def walk(answers: list[Answer], outcome: str = "middle") -> list[Answer]:
    """The assessment carried on to its end with the same kind of answer."""
    role = load_role()
    answers = list(answers)
    while (item := next_item(assess(role, answers))) is not None:
        given = {"middle": item.question.outcomes // 2, "lowest": 0, "highest": item.question.outcomes - 1, "not my job": None}[outcome]
        answers.append(Answer(item.id, item.kind, item.competency, given))
    return answers


@pytest.mark.parametrize("outcome", ["middle", "lowest", "highest"])
def test_the_whole_assessment_stays_under_twenty_minutes_and_asks_three_stories(outcome: str) -> None:
    items = get_items(load_role())
    answers = walk([], outcome)
    kinds = [a.kind for a in answers]
    assert 19 * 60 < sum(items[a.item_id].question.seconds for a in answers) < 20 * 60
    assert len(answers) <= 70
    assert kinds.count("self") >= 6  # the rest as this person's answers ask for: checks tell little to someone who answers no to all
    assert kinds.count("interview") == 3
    assert len({items[a.item_id].rubric for a in answers if a.kind == "interview"}) == 3
    assert len({a.item_id for a in answers}) == len(answers)


def test_who_stands_low_is_asked_what_they_ever_did_and_who_stands_high_is_not() -> None:
    items = get_items(load_role())
    basics = {outcome: [a.item_id for a in walk([], outcome) if a.item_id.endswith(":2")] for outcome in ("lowest", "highest")}
    assert len(basics["lowest"]) > 10
    assert not basics["highest"]
    assert all(items[i].text.startswith("Have you ever, alone or with help,") for i in basics["lowest"])
    assert items["check:T1:3"].text.startswith("In the last 24 months,")


def test_not_my_job_ends_the_questions_about_that_competency_and_leaves_its_cell_unknown() -> None:
    answers = walk([], "not my job")
    assert len({a.competency for a in answers}) == len(answers) == 40
    assert {c.answers for c in build_cells(assess(load_role(), answers))} == {0}


def test_a_shorter_allowance_ends_earlier_and_still_has_its_stories() -> None:
    role, answers = load_role(), list[Answer]()
    while (item := next_item(assess(role, answers), Allowance(part_s=240, questions=60))) is not None:
        answers.append(Answer(item.id, item.kind, item.competency, item.question.outcomes // 2))
    assert progress(assess(role, answers)).seconds <= 720
    assert [a.kind for a in answers].count("interview") == 3


def test_each_part_takes_under_seven_minutes_and_closes_with_a_story() -> None:
    items = get_items(load_role())
    answers = walk([])
    closing = [n for n, a in enumerate(answers) if a.kind == "interview"]
    for part, n in enumerate(closing, 1):
        assert 396 * part - 45 < sum(items[a.item_id].question.seconds for a in answers[: n + 1]) <= 396 * part
    assert closing[-1] == len(answers) - 1


def test_someone_stopped_in_the_old_order_is_asked_for_the_stories_that_are_missing() -> None:
    role = load_role()
    names = [c.id for c in role.competencies]
    old = [Answer(f"check:{c}:3", "check", c, 1) for c in names] + [Answer(f"self:{c}", "self", c, 3) for c in names[:8]]
    assert next_item(assess(role, old)).kind == "interview"  # type: ignore[union-attr]
    answers = walk(old)
    assert [a.kind for a in answers].count("interview") == 3
    assert progress(assess(role, answers)).seconds < 20 * 60


def test_a_role_without_stories_uses_the_time_for_short_questions() -> None:
    role = replace(load_role(), id="another-role")
    answers: list[Answer] = []
    while (item := next_item(assess(role, answers))) is not None:
        answers.append(Answer(item.id, item.kind, item.competency, item.question.outcomes // 2))
    assert len(answers) == 70
    assert {a.kind for a in answers} == {"self", "check"}


def test_a_cycle_later_the_same_questions_may_be_asked_again_and_what_was_answered_before_still_counts() -> None:
    role = load_role()
    answers = walk([])
    assert weeks_to_next_round(assess(role, answers)) == 12
    recent = assess(role, [replace(a, weeks_ago=11.9) for a in answers])
    assert next_item(recent) is None
    assert weeks_to_next_round(recent) == pytest.approx(0.1)
    old = [replace(a, weeks_ago=12.0) for a in answers]
    assert progress(assess(role, old)).questions == 0
    assert weeks_to_next_round(assess(role, old)) == 0
    again = walk(old)[len(old) :]
    assert {a.item_id for a in again} & {a.item_id for a in old}
    assert [a.kind for a in again].count("interview") == 3
    alone, after = assess(role, again).belief, assess(role, old + again).belief
    assert np.diag(after.covariance)[:40].mean() < np.diag(alone.covariance)[:40].mean()


def test_the_same_check_again_counts_but_less_than_the_first_time() -> None:
    role, yes = load_role(), Answer("check:T1:4", "check", "T1", 1)
    once, twice = assess(role, [yes]), assess(role, [yes, yes])
    at, sheets = once.place("T1"), [get_items(role, style) for style in STYLES]
    afresh = take(once.mixture, sheets, yes, {"T1": at}).merge()
    assert once.belief.mean[at] < twice.belief.mean[at] < afresh.mean[at]


def test_a_story_told_again_a_cycle_later_is_kept_beside_the_first(settings: Settings) -> None:
    record, item = open_record(settings), "interview:vendor:T4"
    actions.answer_item(record, SINGLE_USER, item, None, True, NOW, "I wrote to the vendor in 2023.")
    later = NOW + timedelta(weeks=12)
    actions.answer_item(record, SINGLE_USER, item, None, True, later, "In 2026 I met the vendor and agreed a date.")
    actions.answer_item(record, SINGLE_USER, item, None, True, later, "In 2026 I met the vendor and agreed a date.", {"root": "I met"})
    assert read_story(record, "local", item)["claims"] == {"root": "I met"}
    assert len(read_assessment(record, "local", later).answers) == 2


def test_each_part_is_announced_and_a_closed_one_offers_a_pause() -> None:
    role, answers = load_role(), walk([])
    closing = [n for n, a in enumerate(answers) if a.kind == "interview"]
    seen = [progress(assess(role, answers[:n])) for n in range(len(answers) + 1)]
    assert [n - 1 for n, state in enumerate(seen) if state.has_closed_a_part] == closing[:2]
    assert [seen[n].part for n in (0, closing[0], closing[0] + 1, closing[1] + 1, len(answers))] == [1, 1, 2, 3, 3]
    assert progress(assess(replace(role, id="another-role"), [])).parts == 0


def test_the_story_is_about_the_larger_gap_where_all_else_is_equal() -> None:
    role = load_role()
    gains = dict(zip(get_items(role), expected_gains(assess(role, [])), strict=True))
    assert gains["interview:risk:F4.2"] / gains["interview:talent:F3.3"] == pytest.approx(
        (role.get("F4.2").target - 3) / (role.get("F3.3").target - 3), rel=0.02
    )


@pytest.mark.parametrize(("world", "most"), [("as modelled", 0.78), ("between", 0.83), ("worse than modelled", 0.88)])
def test_simulated_people_are_placed_as_well_as_measured_whatever_their_world(world: str, most: float) -> None:
    measured = evaluation.simulate_assessment(evaluation.WORLDS[world], 30)
    error, _, coverage, per_person, _ = measured["adaptive"]
    assert per_person < error < min(most, measured["the same, modelled"][0])
    assert 0.73 <= coverage <= 0.87
    assert measured["questions, mean; minutes, mean and most"][2] < 20


def test_the_least_error_possible_lies_below_what_simulated_people_show_and_falls_with_time_for_short_questions() -> None:
    bounds = [evaluation.least_error(world, steps=15) for world in evaluation.WORLDS.values()]
    assert bounds == sorted(bounds)
    assert bounds == pytest.approx([0.665, 0.720, 0.763], abs=0.004)
    assert evaluation.least_error(evaluation.WORLDS["as modelled"], stories=0, steps=15) < bounds[0]


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
