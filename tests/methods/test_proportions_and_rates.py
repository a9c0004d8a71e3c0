"""Shares and rates: published intervals, coverage, and clusters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from quarterdeck.methods import proportions, rates
from quarterdeck.vocabulary.errors import BadInput


@pytest.mark.parametrize(
    ("count", "total", "low", "high"), [(0, 10, 0.0, 0.3085), (81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (1, 29, 0.0009, 0.1776)]
)
def test_exact_intervals_equal_the_published_ones(count: int, total: int, low: float, high: float) -> None:
    """Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 5."""
    found = proportions.get_exact_interval(count, total, 0.95)
    assert [round(float(end), 4) for end in found] == [low, high]


@pytest.mark.parametrize(
    ("count", "total", "low", "high"), [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
)
def test_wilson_intervals_equal_the_published_ones(count: int, total: int, low: float, high: float) -> None:
    """The same table, method 3."""
    assert [round(float(end), 4) for end in proportions.get_wilson_interval(count, total, 0.95)] == [low, high]


def test_the_exact_interval_holds_its_level_everywhere() -> None:
    counts = np.arange(31)
    low, high = proportions.get_exact_interval(counts, np.full(31, 30), 0.9)
    for p in np.linspace(0.01, 0.99, 33):
        assert stats.binom.pmf(counts, 30, p)[(low <= p) & (p <= high)].sum() >= 0.9


@pytest.mark.parametrize(("count", "low", "high"), [(17, 9.90, 27.22), (25, 16.18, 36.90), (0, 0.0, 3.69)])
def test_exact_rates_equal_garwoods_table(count: int, low: float, high: float) -> None:
    assert [round(float(end), 2) for end in rates.get_exact_interval(count, 1, 0.95)] == [low, high]


def test_the_interval_of_inspections_is_the_one_beside_the_benchmark() -> None:
    assert [round(float(end), 2) for end in rates.get_exact_interval(17, 7, 0.95)] == [1.41, 3.89]
    assert [round(float(end), 2) for end in rates.get_exact_interval(25, 5, 0.95)] == [3.24, 7.38]


def test_more_counted_than_there_are_is_refused() -> None:
    with pytest.raises(BadInput, match="0 <= count <= total"):
        proportions.get_exact_interval(5, 4)


@given(st.integers(1, 200), st.floats(0.01, 0.5))
def test_the_most_allowed_count_meets_the_target_and_one_more_does_not(total: int, target: float) -> None:
    most = proportions.get_most_allowed(total, target)
    assert most < 0 or most / total < target + 1e-9
    assert (most + 1) / total >= target - 1e-9


def test_predictions_carry_more_doubt_than_a_known_rate() -> None:
    known = float(stats.binom.cdf(2, 60, 0.04))
    assert abs(proportions.get_predictive_chance_below(2.4, 60, 60, 0.05) - 0.5) < abs(known - 0.5)


def test_prediction_of_counts_equals_a_simulation() -> None:
    rng = np.random.default_rng(3)
    simulated = rng.poisson(rng.gamma(17.5, 1 / 7, 200_000))
    assert rates.get_predictive_chance_at_most(1, 17, 7) == pytest.approx(float((simulated <= 1).mean()), abs=0.005)


def test_sites_that_differ_make_a_sample_worth_less() -> None:
    group = np.zeros(10, dtype=int)
    alike = proportions.get_effective_sizes(np.full(10, 5), np.full(10, 10), group, 1)
    apart = proportions.get_effective_sizes([10, 0] * 5, np.full(10, 10), group, 1)
    assert alike[0] == 100
    assert apart[0] < 12


def test_dispersion_is_one_for_regular_counts_and_large_for_lumped_ones() -> None:
    group = np.zeros(20, dtype=int)
    assert rates.get_dispersion(np.full(20, 4), np.ones(20), group, 1)[0] == 1
    assert rates.get_dispersion([40] + [2] * 19, np.ones(20), group, 1)[0] > 10
