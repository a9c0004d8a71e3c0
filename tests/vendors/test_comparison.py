"""Vendors are compared with case mix and shrinkage, and what cannot be told apart is said to be so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from quarterdeck.methods.hierarchical import Family, Rows, fit_groups
from quarterdeck.vendors.catalogue import load_metrics
from quarterdeck.vendors.comparison import Comparison, compare_vendors
from quarterdeck.vendors.files import compare_file
from quarterdeck.vocabulary.errors import BadInput, NotFound


def simulate(seed: int, family: Family, n_vendors: int = 8, n_rows: int = 48) -> tuple[Comparison, np.ndarray, list[float]]:
    """A portfolio in which better vendors were given the harder trials. Returns comparison, true effects, raw figures."""
    rng = np.random.default_rng(seed)
    true = rng.normal(0, 0.3, n_vendors)
    true -= true.mean()
    vendor = np.concatenate([np.arange(n_vendors), rng.integers(0, n_vendors, n_rows - n_vendors)])
    difficulty = rng.normal(0, 1, n_rows) - 3 * true[vendor]
    eta = true[vendor] + 0.35 * difficulty + rng.normal(0, 0.15, n_rows)
    if family == "poisson":
        size = rng.gamma(3, 40, n_rows) + 5
        y = rng.poisson(0.2 * size * np.exp(eta)).astype(float)
    elif family == "binomial":
        size = rng.integers(20, 150, n_rows).astype(float)
        y = rng.binomial(size.astype(int), 1 / (1 + np.exp(1.2 - eta))).astype(float)
    else:
        size, y = np.ones(n_rows), np.exp(3 + eta)
    result = compare_vendors(
        "late", [f"V{v:02d}" for v in vendor], [f"S{i}" for i in range(n_rows)], y, None if family == "lognormal" else size,
        {"difficulty": [str(value) for value in difficulty]}, family, higher_is_better=False,
    )  # fmt: skip
    return result, true, [effect.raw for effect in result.vendors]


@pytest.mark.parametrize("family", ["poisson", "binomial", "lognormal"])
def test_adjustment_finds_the_true_order_where_raw_figures_mislead(family: Family) -> None:
    gains = []
    for seed in range(12):
        result, true, raw = simulate(seed, family)
        adjusted = [effect.ratio for effect in result.vendors]
        gains.append(spearmanr(adjusted, true)[0] - spearmanr(raw, true)[0])
    assert np.mean(gains) > 0.15


@pytest.mark.parametrize("family", ["poisson", "binomial", "lognormal"])
def test_ninety_percent_intervals_hold_the_truth_about_ninety_percent_of_the_time(family: Family) -> None:
    inside = []
    for seed in range(25):
        result, true, _ = simulate(seed + 100, family)
        inside += [np.log(e.ratio_low) <= t <= np.log(e.ratio_high) for e, t in zip(result.vendors, true, strict=True)]
    assert 0.83 <= np.mean(inside) <= 0.97


def test_a_vendor_with_few_cases_is_not_called_worst() -> None:
    vendor = ["A"] * 6 + ["B"] * 6 + ["C"] * 6 + ["D"]
    y, size = np.array([20.0] * 18 + [2.0]), np.array([100.0] * 18 + [4.0])
    result = compare_vendors("late", vendor, [str(i) for i in range(19)], y, size, {}, "binomial", False)
    small = next(effect for effect in result.vendors if effect.vendor == "D")
    assert small.raw == 0.5
    assert small.verdict == "cannot be told apart from the average"
    assert small.adjusted < 0.3


def test_the_fast_fit_agrees_with_brute_force_integration() -> None:
    """Slow twin: two groups, one row each, effects integrated on a dense grid."""
    rows = Rows(np.array([12.0, 30.0]), np.array([10.0, 10.0]), np.array([0, 1]), np.array([0, 1]), np.zeros((2, 0)))
    fit = fit_groups(rows, "poisson", 2)
    fast = float(fit.weights @ (fit.means @ fit.contrast.T)[:, 1])
    from quarterdeck.methods.hierarchical import GROUP_GRID, GROUP_SCALE, ROW_GRID, ROW_SCALE, _spacing

    level, effect = np.linspace(-2, 4, 241), np.linspace(-2.5, 2.5, 201)
    total, weighted = 0.0, 0.0
    nodes, node_weights = np.polynomial.hermite_e.hermegauss(15)
    for g, gw in zip(GROUP_GRID, _spacing(GROUP_GRID), strict=True):
        for s, sw in zip(ROW_GRID, _spacing(ROW_GRID), strict=True):
            prior = gw * sw * np.exp(-0.5 * (g / GROUP_SCALE) ** 2 - 0.5 * (s / ROW_SCALE) ** 2)
            marginal = []
            for y, size in ((12.0, 10.0), (30.0, 10.0)):
                eta = level[:, None, None] + effect[None, :, None] + s * nodes
                like = np.exp(y * eta + y * np.log(size) - size * np.exp(eta) - 60)
                marginal.append((like @ node_weights) @ np.exp(-0.5 * (effect / g) ** 2)[:, None] * (effect[1] - effect[0]) / g)
                first = (like @ node_weights) * np.exp(-0.5 * (effect / g) ** 2)[None] * (effect[1] - effect[0]) / g
                marginal[-1] = (first.sum(1), (first * effect[None]).sum(1))
            (a0, a1), (b0, b1) = marginal
            total += prior * float((a0 * b0).sum())
            weighted += prior * float((a0 * b1 - a1 * b0).sum()) / 2
    assert fast == pytest.approx(weighted / total, abs=0.03)


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(12)))
def test_the_order_of_rows_changes_nothing(order: list[int]) -> None:
    vendor = [f"V{i % 3}" for i in range(12)]
    y, size = np.arange(12.0) + 1, np.full(12, 40.0)
    mix = [str(i % 5) for i in range(12)]

    def run(rows: list[int]) -> list[float]:
        result = compare_vendors(
            "m", [vendor[i] for i in rows], [str(i) for i in rows], y[rows], size[rows], {"x": [mix[i] for i in rows]}, "binomial", False
        )
        return [effect.adjusted for effect in result.vendors]

    assert run(order) == pytest.approx(run(list(range(12))), rel=1e-6)


def test_probabilities_of_better_are_complementary() -> None:
    result, _, _ = simulate(3, "poisson")
    n = len(result.vendors)
    assert all(result.p_better[i][j] + result.p_better[j][i] == pytest.approx(1, abs=1e-9) for i in range(n) for j in range(n) if i != j)


def test_what_moved_the_figure_adds_up_from_raw_to_adjusted() -> None:
    result, _, _ = simulate(4, "binomial")
    for effect in result.vendors:
        assert effect.raw + sum(amount for _, amount in effect.moved_by) == pytest.approx(effect.adjusted, abs=1e-9)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "vendors.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_plain_file_is_compared_with_kind_read_from_its_columns(tmp_path: Path) -> None:
    rows = "\n".join(f"V{i % 4},S{i},{i % 7 + 1},{20 + i},P{i % 2 + 2}" for i in range(20))
    result = compare_file(write(tmp_path, f"vendor,study,numerator,denominator,phase\n{rows}\n"), "my_own_metric")
    assert result.family == "binomial"
    assert result.covariates == ("phase",)
    assert any("not in the catalogue" in notice for notice in result.notices)


def test_zero_events_give_figures_and_not_infinities(tmp_path: Path) -> None:
    rows = "\n".join(f"V{i % 3},S{i},0,{10 + i}" for i in range(9))
    result = compare_file(write(tmp_path, f"vendor,study,numerator,denominator\n{rows}\n"), "deviation_rate", kind="rate")
    assert all(np.isfinite([effect.adjusted, effect.low, effect.high]).all() for effect in result.vendors)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vendor,study,numerator\nA,1,2\n", "denominator"),
        ("vendor,study,numerator,denominator\n", "no rows"),
        ("vendor,study,numerator,denominator\nA,1,two,3\n", "line 2, numerator: 'two'"),
        ("vendor,study,numerator,denominator\nA,1,-2,3\nB,1,1,3\n", "negative"),
        ("vendor,study,numerator,denominator\nA,1,2,30\n", "One vendor alone"),
        ("vendor,study,numerator,denominator\nA,1,2,0\nB,1,,3\n", "Nothing can be compared"),
        ("vendor,study,value,currency\nA,1,2,GBP\nB,1,3,EUR\n", "several currencies"),
    ],
)
def test_input_that_cannot_be_compared_gives_the_reason(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        compare_file(write(tmp_path, text), "anything")


def test_a_share_above_one_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="line 3"):
        compare_file(write(tmp_path, "vendor,study,numerator,denominator\nA,1,2,30\nB,2,9,3\n"), "report_late")


def test_a_missing_covariate_is_said_and_the_row_is_kept(tmp_path: Path) -> None:
    rows = "\n".join(f"V{i % 3},S{i},{i % 5},20,{'' if i == 4 else i % 4}" for i in range(12))
    result = compare_file(write(tmp_path, f"vendor,study,numerator,denominator,complexity\n{rows}\n"), "report_late")
    assert sum(effect.n_studies for effect in result.vendors) == 12
    assert any("complexity is missing in 1 of 12" in notice for notice in result.notices)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="absent"):
        compare_file(tmp_path / "absent.csv", "report_late")


def test_the_catalogue_has_about_forty_metrics_each_with_a_warning() -> None:
    metrics = load_metrics()
    assert len(metrics) >= 40
    for metric in metrics.values():
        assert metric.misuse.endswith("."), metric.id
        assert metric.minimum >= 3, metric.id
