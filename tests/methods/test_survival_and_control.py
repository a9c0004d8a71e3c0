"""Time to an event and control charts: textbook data, censoring that must not bias, signals that must show."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from quarterdeck.methods import control
from quarterdeck.methods.earned_value import get_earned_value
from quarterdeck.methods.survival import fit_durations, fit_kaplan_meier

# Remission under 6-mercaptopurine, weeks; Freireich and others, Blood 21 (1963) 699.
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
SEEN = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]


def test_the_curve_of_the_leukaemia_trial_is_the_published_one() -> None:
    curve = fit_kaplan_meier(WEEKS, SEEN)
    assert dict(zip(curve.times, curve.surviving.round(4), strict=True)) == {
        6: 0.8571, 7: 0.8067, 10: 0.7529, 13: 0.6902, 16: 0.6275, 22: 0.5378, 23: 0.4482,
    }  # fmt: skip
    assert curve.get_quantile() == 23


def test_weights_are_the_same_as_repeated_rows() -> None:
    one = fit_kaplan_meier([2, 2, 2, 5, 5, 9], [1, 1, 1, 0, 0, 1])
    other = fit_kaplan_meier([2, 5, 9], [1, 0, 1], weights=[3, 2, 1])
    assert one.surviving == pytest.approx(other.surviving)
    assert one.greenwood == pytest.approx(other.greenwood)


def test_finished_trials_alone_look_short_and_censoring_puts_it_right() -> None:
    rng = np.random.default_rng(5)
    true, watched = rng.lognormal(np.log(1000), 0.3, 4000), rng.uniform(300, 1500, 4000)
    seen = true <= watched
    assert np.median(true[seen]) < 900
    assert fit_kaplan_meier(np.minimum(true, watched), seen).get_quantile() == pytest.approx(1000, rel=0.03)


def test_late_entry_puts_right_what_is_only_seen_from_some_age_on() -> None:
    rng = np.random.default_rng(6)
    true, entry = rng.lognormal(np.log(1000), 0.3, 6000), rng.uniform(0, 1200, 6000)
    there = true > entry
    naive = fit_kaplan_meier(true[there], np.ones(there.sum())).get_quantile()
    found = fit_kaplan_meier(true[there], np.ones(there.sum()), entry=entry[there]).get_quantile()
    assert naive is not None
    assert naive > 1050
    assert found == pytest.approx(1000, rel=0.03)


def test_a_median_that_is_not_reached_has_no_value() -> None:
    assert fit_kaplan_meier([5, 10, 10, 10], [1, 0, 0, 0]).get_quantile() is None


def test_the_model_finds_a_shortening_through_censoring_late_entry_and_mix() -> None:
    rng = np.random.default_rng(8)
    late, now = rng.integers(0, 2, 3000), rng.integers(0, 2, 3000)
    true = np.exp(np.log(800) + 0.4 * late + np.log(0.9) * now + 0.3 * rng.standard_normal(3000))
    entry, end = rng.uniform(0, 700, 3000), rng.uniform(900, 1800, 3000)
    there = true > entry
    covariates = np.column_stack([np.ones(3000), now, late])[there]
    model = fit_durations(np.minimum(true, end)[there], (true <= end)[there], covariates, entry[there])
    value, low, high = model.get_time_ratio(1)
    assert low < 0.9 < high
    assert value == pytest.approx(0.9, abs=0.03)
    assert model.sigma == pytest.approx(0.3, abs=0.03)


def test_the_error_of_the_model_is_the_spread_of_its_answers() -> None:
    rng = np.random.default_rng(9)
    answers, errors = [], []
    for _ in range(60):
        now = np.repeat([0, 1], 20)
        model = fit_durations(np.exp(6.5 + 0.35 * rng.standard_normal(40)), np.ones(40), np.column_stack([np.ones(40), now]))
        answers.append(model.coefficients[1])
        errors.append(model.get_error(1))
    assert np.mean(errors) == pytest.approx(np.std(answers), rel=0.3)


def test_one_jump_and_one_run_are_signals_and_noise_is_not() -> None:
    rng = np.random.default_rng(10)
    quiet = control.fit_individuals(rng.standard_normal(24))
    jump = control.fit_individuals([5, 6, 5, 6, 5, 6, 5, 20])
    run = control.fit_individuals([1, 2, 1, 2, 1, 2, 1, 2, 4, 5, 4, 5, 4, 5, 4, 5])
    assert not quiet.signals
    assert (7, "outside the limits") in jump.signals
    assert any(kind == "run on one side" for _, kind in run.signals)


def test_limits_of_shares_widen_where_periods_differ_more_than_chance() -> None:
    rng = np.random.default_rng(11)
    level = np.clip(0.2 + 0.05 * rng.standard_normal(24), 0.01, 0.9)
    chart = control.fit_shares(rng.binomial(5000, level), np.full(24, 5000))
    assert chart.high[0] - chart.low[0] > 0.1
    assert not [kind for _, kind in chart.signals if kind == "outside the limits"]


@pytest.mark.shared_data
def test_earned_value_equals_the_golden_cases(shared_data: Path) -> None:
    folder = shared_data / "enrolment" / "G22_earned_value"
    for expected in json.loads((folder / "expected.json").read_text())["results"]:
        found = get_earned_value(expected["BAC"], expected["PV"], expected["EV"], expected["AC"])
        for name, value in found.items():
            assert value == (None if expected[name] is None else pytest.approx(expected[name])), name


def test_a_zero_denominator_is_undefined() -> None:
    found = get_earned_value(100, 0, 0, 0)
    assert found["CPI"] is None
    assert found["SPI"] is None
    assert get_earned_value(100, 100, 100, 90)["TCPI_BAC"] is None
