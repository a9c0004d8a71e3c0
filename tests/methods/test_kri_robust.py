"""Robust scores: calibrated, blind to order, labels and time unit, and able to see what the reference cannot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import ndtri

from quarterdeck.methods import saddlepoint
from quarterdeck.methods.false_discovery import adjust_benjamini_hochberg, count_consecutive
from quarterdeck.methods.kri_robust import score_binary, score_rate

COUNTS = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 500)), min_size=2, max_size=40)


def mid_z(below: np.ndarray, at: np.ndarray, above: np.ndarray) -> np.ndarray:
    low, high = below + at / 2, above + at / 2
    return np.where(low < 0.5, ndtri(low), -ndtri(high))


@pytest.mark.parametrize("mean", [0.5, 2.0, 20.0, 500.0])
@pytest.mark.parametrize("factor", [1e-9, 0.05, 0.5, 2.5])
def test_gamma_poisson_scores_are_those_of_summed_probabilities(mean: float, factor: float) -> None:
    law = stats.nbinom(1 / factor, 1 / (1 + mean * factor))
    x = np.arange(0, int(mean + 6 * np.sqrt(mean + factor * mean**2)) + 2)
    exact = mid_z(law.cdf(x - 1), law.pmf(x), law.sf(x))
    ours = saddlepoint.mid_z_gamma_poisson(x.astype(float), np.full(len(x), mean), np.full(len(x), factor))
    near = np.abs(exact) < 5
    assert np.abs(ours - exact)[near].max() < 0.045


@pytest.mark.parametrize("n", [3, 30, 400])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
@pytest.mark.parametrize("correlation", [1e-10, 0.02, 0.3])
def test_beta_binomial_scores_are_those_of_summed_probabilities(n: int, share: float, correlation: float) -> None:
    size = 1 / correlation - 1
    law = stats.betabinom(n, share * size, (1 - share) * size) if correlation > 1e-6 else stats.binom(n, share)
    x = np.arange(n + 1)
    at = law.pmf(x)
    below = np.concatenate([[0], np.cumsum(at)[:-1]])
    above = np.concatenate([np.cumsum(at[::-1])[::-1][1:], [0]])
    exact = mid_z(below, at, above)
    ours = saddlepoint.mid_z_beta_binomial(x.astype(float), np.full(n + 1, float(n)), np.full(n + 1, share), np.full(n + 1, correlation))
    near = np.abs(exact) < 5
    assert np.abs(ours - exact)[near].max() < 0.045


def test_three_countries_of_which_one_is_absurd_are_all_flagged() -> None:
    scores = score_binary(np.array([1.0, 1.0, 900.0]), np.full(3, 1000.0))
    assert scores.z[2] > 3
    assert (scores.z[:2] < -2).all()


def test_low_and_high_false_positives_are_alike_and_near_nominal() -> None:
    rng = np.random.default_rng(11)
    scores = []
    for _ in range(120):
        n = np.round(rng.lognormal(7.5, 0.8, 60)) + 50
        scores.append(score_rate(rng.poisson(0.02 * n * rng.gamma(16, 1 / 16, 60)).astype(float), n).z)
    z = np.concatenate(scores)
    low, high = np.mean(z < -1.96), np.mean(z > 1.96)
    assert 0.035 < low + high < 0.065
    assert 0.5 < low / high < 2


@settings(max_examples=40, deadline=None)
@given(COUNTS, st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(rows: list[tuple[int, int]], shuffler: object) -> None:
    x, n = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    order = list(range(len(rows)))
    shuffler.shuffle(order)  # type: ignore[attr-defined]
    assert score_rate(x[order], n[order]).z == pytest.approx(score_rate(x, n).z[order], abs=1e-9, nan_ok=True)
    few = np.minimum(x, n)
    assert score_binary(few[order], n[order]).z == pytest.approx(score_binary(few, n).z[order], abs=1e-9, nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(COUNTS, st.sampled_from([1 / 365.25, 7.0, 24.0]))
def test_the_unit_of_time_changes_nothing(rows: list[tuple[int, int]], unit: float) -> None:
    x, n = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    assert score_rate(x, n * unit).z == pytest.approx(score_rate(x, n).z, abs=1e-6, nan_ok=True)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("x", "n"),
    [([0, 0], [5, 9]), ([5, 5, 5], [5, 5, 5]), ([1e9, 1e9, 2e9], [2e9, 2e9, 4e9]), ([0, 1e9], [1, 1e9]), ([3], [5]), ([1] * 50, [2] * 50)],
)
def test_hostile_counts_neither_crash_nor_warn(x: list[float], n: list[float]) -> None:
    for score in (score_binary, score_rate):
        scores = score(np.array(x, dtype=float), np.array(n, dtype=float))
        assert len(scores.z) == len(x)
        assert np.isnan(scores.z).all() == (len(x) == 1)


def test_all_equal_groups_score_near_zero() -> None:
    assert np.abs(score_rate(np.full(20, 10.0), np.full(20, 100.0)).z).max() < 0.2


def test_q_values_are_the_textbook_ones_and_ignore_what_was_not_assessed() -> None:
    q = adjust_benjamini_hochberg(np.array([0.001, 0.008, np.nan, 0.039, 0.041, 0.9]))
    assert q[[0, 1, 3, 4, 5]] == pytest.approx([0.005, 0.02, 0.05125, 0.05125, 0.9])
    assert np.isnan(q[2])


def test_consecutive_flags_are_counted_from_the_newest_over_gaps() -> None:
    assert count_consecutive([True, False, True, None, True]) == 2
    assert count_consecutive([True, True, False]) == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 300)), min_size=1, max_size=45), min_size=1, max_size=6))
def test_many_families_at_once_score_as_each_alone(families: list[list[tuple[int, int]]]) -> None:
    rows = [(f, min(x, n), n) for f, family in enumerate(families) for x, n in family]
    family, x, n = (np.array(column) for column in zip(*rows, strict=True))
    x, n = x.astype(float), n.astype(float)
    order = np.random.default_rng(len(rows)).permutation(len(rows))
    for score in (score_binary, score_rate):
        together = score(x[order], n[order], family[order])
        for f in range(len(families)):
            alone = score(x[family == f], n[family == f])
            mine = np.argsort(order)[family == f]
            for name in ("z", "expected", "ratio", "tau2", "factor"):
                assert getattr(together, name)[mine] == pytest.approx(getattr(alone, name), abs=1e-9, nan_ok=True)
