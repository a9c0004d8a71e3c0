"""Scores of forecasts: closed forms and slow twins."""

from __future__ import annotations

import numpy as np
import pytest

from quarterdeck.methods.earned_schedule import earned_schedule
from quarterdeck.methods.monte_carlo import keyed_stream
from quarterdeck.methods.scoring import (
    brier_score,
    censored_coverage,
    censored_crps,
    crps_quantiles,
    crps_sample,
    interval_score,
    pinball_loss,
    pit_from_quantiles,
)


def slow_crps(sample: np.ndarray, actual: float) -> float:
    m = len(sample)
    pairs = sum(abs(a - b) for a in sample for b in sample) / (m * (m - 1))
    return float(np.mean(np.abs(sample - actual)) - pairs / 2)


def test_fast_and_slow_crps_agree() -> None:
    sample = keyed_stream(1, "crps").normal(size=60)
    assert crps_sample(sample, 0.3) == pytest.approx(slow_crps(sample, 0.3), abs=1e-12)


def test_crps_of_many_quantiles_approaches_the_sample_form() -> None:
    sample = keyed_stream(1, "crps").normal(size=4000)
    levels = (np.arange(400) + 0.5) / 400
    assert crps_quantiles(levels.tolist(), np.quantile(sample, levels), 0.3) == pytest.approx(crps_sample(sample, 0.3), rel=0.02)


def test_pinball_punishes_the_wrong_side_more() -> None:
    assert pinball_loss(10, 20, 0.9) == pytest.approx(9.0)
    assert pinball_loss(20, 10, 0.9) == pytest.approx(1.0)


def test_a_missed_interval_costs_its_distance() -> None:
    assert interval_score(0, 10, 12, 0.9) == pytest.approx(10 + 20 * 2)


def test_an_outcome_at_the_median_has_pit_one_half() -> None:
    assert pit_from_quantiles((0.05, 0.5, 0.95), (10, 20, 40), 20) == pytest.approx(0.5)


def test_a_slow_trial_counts_as_outside_once_the_interval_has_passed() -> None:
    low, high = np.array([10.0, 10.0, 10.0]), np.array([20.0, 20.0, 20.0])
    assert censored_coverage(low, high, np.array([30.0, 30.0, 15.0]), np.array([12.0, np.nan, np.nan])) == (1, 1, 1)


def test_a_censored_outcome_costs_nothing_before_the_forecast_begins() -> None:
    assert censored_crps((0.05, 0.5, 0.95), (10, 20, 40), 9.0) == 0.0
    assert censored_crps((0.05, 0.5, 0.95), (10, 20, 40), 60.0) > censored_crps((0.05, 0.5, 0.95), (10, 20, 40), 30.0) > 0


def test_brier_of_certainty_that_comes_true_is_zero() -> None:
    assert brier_score([1.0, 0.0], [1, 0]) == 0.0


def test_earned_schedule_reads_the_plan_at_the_value_earned() -> None:
    assert earned_schedule([0, 10, 20, 40], 30) == pytest.approx(2.5)
