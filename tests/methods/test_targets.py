"""The chance of a target: published figures reproduced, and properties that must hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from quarterdeck.methods import targets


@pytest.mark.parametrize(
    ("trials", "correlation", "chance"),
    [(20, 0.0, 0.90), (20, 0.10, 0.67), (20, 0.20, 0.55), (40, 0.0, 0.98), (40, 0.10, 0.71), (40, 0.20, 0.57)],
)
def test_a_portfolio_of_equal_trials_stays_within_five_per_cent(trials: int, correlation: float, chance: float) -> None:
    assert round(targets.get_chance_portfolio_within(trials, 0.135, correlation), 2) == chance


def test_the_chance_within_the_band_equals_a_simulation() -> None:
    rng = np.random.default_rng(7)
    shared, own = rng.standard_normal((200_000, 1)), rng.standard_normal((200_000, 20))
    errors = 0.135 * (np.sqrt(0.10) * shared + np.sqrt(0.90) * own)
    simulated = float((np.abs(errors.mean(axis=1)) <= 0.05).mean())
    assert targets.get_chance_portfolio_within(20, 0.135, 0.10) == pytest.approx(simulated, abs=0.005)


def test_an_inspection_is_clean_in_one_of_six() -> None:
    assert round(targets.get_chance_of_clean_audit(2.43, 0.57), 2) == 0.17


def test_luck_alone_misses_the_attrition_target_in_43_of_100_years() -> None:
    assert round(targets.get_chance_target_missed(60, 0.04, 0.05), 2) == 0.43


def test_three_of_sixty_is_not_below_five_per_cent() -> None:
    assert targets.get_chance_target_missed(60, 0.04, 0.05) == pytest.approx(stats.binom.sf(2, 60, 0.04))


@given(st.floats(0, 1), st.integers(2, 60))
def test_more_correlation_never_helps(correlation: float, trials: int) -> None:
    looser = targets.get_chance_portfolio_within(trials, 0.135, correlation * 0.9)
    assert targets.get_chance_portfolio_within(trials, 0.135, correlation) <= looser + 1e-12


def test_equal_errors_of_all_trials_in_a_quarter_show_as_correlation() -> None:
    together = targets.estimate_correlation([0.1] * 20 + [-0.1] * 20, [1] * 20 + [2] * 20, prior=0.1, prior_weight=40)
    apart = targets.estimate_correlation([0.1, -0.1] * 20, [1] * 20 + [2] * 20, prior=0.1, prior_weight=40)
    assert together > 0.5
    assert apart < 0.1


def test_own_history_outweighs_the_published_error_only_once_there_is_enough() -> None:
    assert targets.shrink_variance(0.0, 0, 0.135, 12) == pytest.approx(0.135)
    assert targets.shrink_variance(100 * 0.05**2, 100, 0.135, 12) == pytest.approx(0.065, abs=0.005)


def test_the_smallest_detectable_change_shrinks_with_the_error() -> None:
    assert targets.get_smallest_detectable_ratio(0.10) == pytest.approx(np.exp(-(1.6449 + 0.8416) * 0.10), abs=1e-4)
    assert targets.get_smallest_detectable_ratio(0.05) > targets.get_smallest_detectable_ratio(0.10)


def test_no_error_left_means_the_outcome_is_known() -> None:
    assert targets.get_chance_within_band(0.04, 0.0, -0.05, 0.05) == 1
    assert targets.get_chance_within_band(0.06, 0.0, -0.05, 0.05) == 0
