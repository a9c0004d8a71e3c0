"""Enrolment law: golden cases, slow twins, invariances."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.special import betaincinv

from quarterdeck.methods.completion import CompletionLaw, Conditions, Sites, draw_completion, probability_by
from quarterdeck.methods.enrolment import fit_rates, parameter_nodes
from quarterdeck.methods.monte_carlo import keyed_stream, quantile_with_error
from quarterdeck.methods.negative_binomial import count_law, count_law_by_recursion, probability_at_least, saddlepoint_at_least
from quarterdeck.vocabulary.errors import BadInput

QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
shapes = st.lists(st.tuples(st.floats(0.3, 20), st.floats(20, 300)), min_size=1, max_size=8)


def build_sites(shape: list[float], rate: list[float], opening: list[float] | None = None, closing: list[float] | None = None) -> Sites:
    size = len(shape)
    return Sites(
        np.array(shape, dtype=float),
        np.array(rate, dtype=float),
        np.zeros(size) if opening is None else np.array(opening, dtype=float),
        np.full(size, np.inf) if closing is None else np.array(closing, dtype=float),
        np.full(size, np.inf),
        np.zeros(size, dtype=np.int64),
        np.full((size, 3), np.nan),
    )


def test_equal_exposure_is_a_beta_prime() -> None:
    sites = build_sites([3.0] * 20, [200.0] * 20)
    n, total = 100, 60.0
    x = betaincinv(n, total, 0.95)
    assert CompletionLaw(n, [(1.0, sites)]).quantile(0.95) == pytest.approx(200.0 * x / (1 - x), abs=1e-3)


def test_the_transform_and_the_recursion_agree() -> None:
    a, ratio = np.array([1.5, 0.4, 7.0]), np.array([0.2, 3.0, 0.01])
    assert np.abs(count_law(a, ratio)[:61] - count_law_by_recursion(a, ratio, 60)).max() < 1e-12


def test_the_saddlepoint_is_close_to_the_exact_law() -> None:
    a, ratio = np.array([3.5, 2.4, 7.0, 12.0, 5.0]), np.array([2.2, 3.0, 3.01, 4.0, 1.5])
    for n in (40, 90, 130):
        assert float(saddlepoint_at_least(n, a, ratio)) == pytest.approx(probability_at_least(n, a, ratio), abs=1e-3)


def test_simulated_completion_agrees_with_the_exact_law_within_four_standard_errors() -> None:
    sites = build_sites([2.0, 5.0, 1.0, 3.0], [80.0, 90.0, 40.0, 60.0], [0, 0, 30, 70], [np.inf, 200, np.inf, np.inf])
    held = Conditions(holds=((50.0, 80.0),))
    law = CompletionLaw(25, [(1.0, sites)], held)
    sample = draw_completion(25, sites, held, keyed_stream(3, "twin"), 60_000)
    values, errors = quantile_with_error(sample, (0.05, 0.5, 0.95))
    for p, value, error in zip((0.05, 0.5, 0.95), values, errors, strict=True):
        assert abs(value - (law.quantile(p) or 0)) < 4 * error


def test_a_capped_site_stops_at_its_cap() -> None:
    sites = build_sites([2.0, 2.0], [10.0, 10.0])
    capped = Sites(sites.shape, sites.rate, sites.opening, sites.closing, np.array([3.0, 4.0]), sites.country, sites.delay)
    assert CompletionLaw(8, [(1.0, capped)]).probability_ever() == pytest.approx(0.0, abs=1e-9)
    assert CompletionLaw(7, [(1.0, capped)]).probability_ever() == pytest.approx(1.0, abs=1e-6)


def test_a_country_cap_counts_all_its_sites() -> None:
    sites = build_sites([2.0, 2.0], [10.0, 10.0])
    assert CompletionLaw(6, [(1.0, sites)], Conditions(country_room={0: 5})).probability_ever() == pytest.approx(0.0, abs=1e-9)


def test_sites_that_all_close_may_never_reach_the_target() -> None:
    law = CompletionLaw(60, [(1.0, build_sites([3.0] * 4, [60.0] * 4, closing=[100.0] * 4))])
    ever = law.probability_ever()
    assert 0 < ever < 1
    assert law.quantile(ever + 0.001) is None
    assert law.mean() is None


def test_nobody_enrolled_has_no_fit() -> None:
    with pytest.raises(BadInput, match="No participant"):
        fit_rates(np.zeros(3, dtype=np.int64), np.array([10.0, 20.0, 30.0]))


def test_equal_counts_are_the_poisson_limit() -> None:
    assert fit_rates(np.array([5, 5, 6, 5]), np.full(4, 200.0)).boundary


def test_the_weights_of_parameter_nodes_add_to_one() -> None:
    fit = fit_rates(np.array([0, 9, 3, 14, 2, 5]), np.full(6, 100.0))
    assert sum(weight for weight, _ in parameter_nodes(fit)) == pytest.approx(1.0)


@QUICK
@given(shapes, st.integers(3, 40), st.floats(20, 400), st.randoms())
def test_the_order_of_sites_does_not_matter(parts: list[tuple[float, float]], n: int, t: float, random: object) -> None:
    moved = list(parts)
    random.shuffle(moved)  # type: ignore[attr-defined]
    first, second = (build_sites([a for a, _ in p], [b for _, b in p]) for p in (parts, moved))
    assert probability_by(t, n, first) == pytest.approx(probability_by(t, n, second), abs=1e-9)


@QUICK
@given(st.lists(st.floats(0.3, 10), min_size=2, max_size=6), st.floats(20, 300), st.integers(3, 40), st.floats(20, 400))
def test_sites_of_equal_rate_parameter_and_opening_merge(a: list[float], b: float, n: int, t: float) -> None:
    split, merged = build_sites(a, [b] * len(a)), build_sites([sum(a)], [b])
    assert probability_by(t, n, split, exact=True) == pytest.approx(probability_by(t, n, merged, exact=True), abs=1e-9)


@QUICK
@given(shapes, st.integers(3, 40), st.floats(20, 400))
def test_days_or_months_give_the_same_law(parts: list[tuple[float, float]], n: int, t: float) -> None:
    days = build_sites([a for a, _ in parts], [b for _, b in parts])
    months = build_sites([a for a, _ in parts], [b / 30.4375 for _, b in parts])
    assert probability_by(t, n, days) == pytest.approx(probability_by(t / 30.4375, n, months), abs=1e-9)


@QUICK
@given(shapes, st.integers(3, 40), st.floats(20, 400), st.floats(0, 300))
def test_an_added_site_never_delays(parts: list[tuple[float, float]], n: int, t: float, opening: float) -> None:
    few = build_sites([a for a, _ in parts], [b for _, b in parts])
    more = build_sites([*(a for a, _ in parts), 2.0], [*(b for _, b in parts), 80.0], [*(0.0 for _ in parts), opening])
    assert probability_by(t, n, more, exact=True) >= probability_by(t, n, few, exact=True) - 1e-9


@QUICK
@given(shapes, st.integers(3, 40), st.floats(20, 400), st.floats(1, 90))
def test_a_pause_shifts_completion_by_its_length(parts: list[tuple[float, float]], n: int, t: float, pause: float) -> None:
    sites = build_sites([a for a, _ in parts], [b for _, b in parts])
    held = probability_by(t + pause, n, sites, Conditions(holds=((10.0, 10.0 + pause),)))
    assert held == pytest.approx(probability_by(t, n, sites), abs=1e-9)


@pytest.mark.shared_data
@pytest.mark.parametrize("case", ["G01_equal_exposure", "G02_staggered_open"])
def test_the_fit_reproduces_the_golden_case(shared_data: Path, case: str) -> None:
    folder = shared_data / "enrolment" / case
    rows = [line.split(",") for line in (folder / "sites.csv").read_text().splitlines()[1:]]
    expected = json.loads((folder / "expected.json").read_text())["fit"]
    fit = fit_rates(np.array([int(r[4]) for r in rows]), np.array([float(r[5]) for r in rows]))
    assert fit.covariance is not None
    assert fit.alpha == pytest.approx(expected["alpha"], rel=1e-5)
    assert fit.log_likelihood == pytest.approx(expected["loglik"], abs=1e-6)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx([expected["se_logalpha"], expected["se_logmean"]], rel=1e-4)
