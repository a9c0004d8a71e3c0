"""Quantified risks: exact figures, simulated portfolios against exact laws, and the qualitative formulas."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.methods import quantified_risk as q

SIZE = q.Severity.from_percentiles(50_000, 400_000)


@pytest.mark.shared_data
def test_single_risks_are_exact(shared_data: Path) -> None:
    cases = json.loads((shared_data / "kri" / "quantified_risk_single.json").read_text(encoding="utf-8"))["single"]
    assert len(cases) == 6
    for case in cases:
        p, size = case["inputs"]["probability"], q.Severity.from_percentiles(case["inputs"]["lb_p05"], case["inputs"]["ub_p95"])
        exact = case["analytic"]
        assert (size.mu, size.sigma) == pytest.approx((exact["mu"], exact["sigma"]), rel=1e-6)
        assert q.expected_loss(p, size) == pytest.approx(exact["ale"], rel=1e-6)
        for level, name in ((0.95, "var95"), (0.99, "var99"), (0.999, "var999")):
            assert q.value_at_risk(p, size, level) == pytest.approx(exact[name], rel=1e-6), name
        assert q.expected_shortfall(p, size, 0.99) == pytest.approx(exact["es99"], rel=1e-6)
        for threshold, chance in exact["p_exceed"].items():
            assert q.probability_above(p, size, float(threshold)) == pytest.approx(chance, rel=1e-6)


@pytest.mark.shared_data
def test_the_five_score_formulas_are_the_references(shared_data: Path) -> None:
    with (shared_data / "kri" / "simplerisk_matrix_golden.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 125
    for row in rows:
        where = int(row["model"]), int(row["impact"]), int(row["likelihood"])
        assert q.score_matrix(*where) == pytest.approx(float(row["score_0_10"]), abs=0.0051)
        assert q.score_matrix(*where, 0.4) == pytest.approx(float(row["residual_at_40pct_mitigation"]), abs=0.01)


def test_at_the_edge_the_value_at_risk_is_zero_not_noise() -> None:
    assert q.value_at_risk(0.05, q.Severity.from_percentiles(250_000, 5_000_000), 0.95) == 0


def test_a_simulated_mean_is_within_three_errors_of_the_exact_one() -> None:
    risks = [q.QuantifiedRisk(f"r{i}", 0.05 + 0.03 * i, SIZE, q.Severity.from_percentiles(5, 60)) for i in range(20)]
    draws = q.simulate(risks, 100_000, seed=1)
    for values, size in ((draws.cost, SIZE), (draws.days, q.Severity.from_percentiles(5, 60))):
        summary = q.summarise(values)
        assert abs(summary.mean - sum(q.expected_loss(r.probability, size) for r in risks)) < 3 * summary.error


def test_an_exceedance_of_one_risk_is_the_exact_law() -> None:
    draws = q.simulate([q.QuantifiedRisk("one", 0.4, SIZE)], 200_000, seed=7)
    for threshold in (50_000.0, 150_000.0, 400_000.0):
        exact = q.probability_above(0.4, SIZE, threshold)
        assert abs(np.mean(draws.cost > threshold) - exact) < 3 * np.sqrt(exact * (1 - exact) / draws.n)


def test_a_group_fattens_the_tail_and_keeps_the_mean() -> None:
    alone = [q.QuantifiedRisk(f"r{i}", 0.2, SIZE) for i in range(10)]
    grouped = [q.QuantifiedRisk(f"r{i}", 0.2, SIZE, group="monsoon") for i in range(10)]
    free, tied = q.simulate(alone, 100_000, 3).cost, q.simulate(grouped, 100_000, 3).cost
    assert tied.mean() == pytest.approx(free.mean(), rel=0.02)
    assert np.quantile(tied, 0.99) > 1.3 * np.quantile(free, 0.99)


def test_money_and_days_of_one_event_move_together() -> None:
    draws = q.simulate([q.QuantifiedRisk("one", 0.5, SIZE, q.Severity.from_percentiles(5, 60))], 20_000, 3)
    happened = draws.cost > 0
    assert np.array_equal(happened, draws.days > 0)
    assert np.corrcoef(np.log(draws.cost[happened]), np.log(draws.days[happened]))[0, 1] > 0.99


def test_an_opportunity_is_a_negative_loss() -> None:
    draws = q.simulate([q.QuantifiedRisk("chance", 0.5, SIZE, is_opportunity=True)], 1_000, 3)
    assert draws.cost.min() < 0 == draws.cost.max()


@given(st.integers(0, 2**32), st.permutations([f"r{i}" for i in range(6)]))
def test_order_and_company_do_not_change_a_risks_draws(seed: int, names: list[str]) -> None:
    risks = {name: q.QuantifiedRisk(name, 0.3, SIZE) for name in names}
    assert np.array_equal(
        q.simulate([risks[n] for n in names], 50, seed).cost, q.simulate([risks[n] for n in sorted(names)], 50, seed).cost
    )


def test_the_value_of_a_mitigation_is_what_it_saves_less_its_price() -> None:
    before, after = q.QuantifiedRisk("r", 0.4, SIZE), q.QuantifiedRisk("r", 0.1, SIZE)
    assert q.value_of_mitigation(before, after, 10_000) == pytest.approx(0.3 * SIZE.mean - 10_000)


def test_an_opportunity_enhanced_is_worth_more() -> None:
    before, after = (q.QuantifiedRisk("r", p, SIZE, is_opportunity=True) for p in (0.2, 0.5))
    assert q.value_of_mitigation(before, after, 10_000) == pytest.approx(0.3 * SIZE.mean - 10_000)


def test_the_exceedance_curve_falls_and_the_tolerance_passes_its_points() -> None:
    levels, above = q.derive_exceedance(q.simulate([q.QuantifiedRisk("one", 0.4, SIZE)], 10_000, 2).cost)
    assert np.all(np.diff(above) <= 0)
    tolerated = q.tolerance_at(np.array([1e5, 1e6]), (1e5, 0.2), (1e6, 0.02))
    assert tolerated == pytest.approx([0.2, 0.02])
    assert np.all(np.diff(levels) > 0)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (2.0, 1.0), (-1.0, 1.0), (1.0, np.inf)])
def test_percentiles_that_make_no_sense_are_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="percentiles"):
        q.Severity.from_percentiles(low, high)
