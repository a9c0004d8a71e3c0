"""Estimates for all groups at once equal those of the plain methods, group by group."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.measures.estimate import Cells, estimate_medians, estimate_rates, estimate_shares, estimate_survival_medians
from quarterdeck.measures.model import Method
from quarterdeck.methods import quantiles
from quarterdeck.methods.survival import fit_kaplan_meier

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12), st.integers(1, 5), st.booleans()), min_size=1, max_size=60)


def build_cells(rows: list[tuple[int, int, int, bool]]) -> Cells:
    group, value, weight, observed = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    return Cells(group.astype(np.intp), np.zeros(len(rows), dtype=np.intp), np.zeros(len(rows)), weight, value, observed)


def same(ours: float, theirs: float | None) -> bool:
    return bool(np.isnan(ours)) if theirs is None or np.isnan(theirs) else ours == pytest.approx(theirs, abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(ROWS)
def test_medians_equal_the_slow_twin(rows: list[tuple[int, int, int, bool]]) -> None:
    cells = build_cells(rows)
    found = estimate_medians(cells, 4, Method("median"), 5.0)
    for group in range(4):
        value, weight = zip(*[(v, w) for g, v, w, _ in rows if g == group], strict=True) if any(r[0] == group for r in rows) else ((), ())
        if not value:
            assert np.isnan(found.value[group])
            continue
        ends = quantiles.get_quantile_interval(value, weight, 0.9)
        assert same(found.value[group], quantiles.get_quantile(value, weight))
        assert same(found.low[group], ends[0] if ends else None)
        assert same(found.high[group], ends[1] if ends else None)
        assert same(found.chance[group], quantiles.get_chance_median_at_most(value, weight, 5.0))


@settings(deadline=None, max_examples=60)
@given(ROWS)
def test_survival_medians_equal_the_slow_twin(rows: list[tuple[int, int, int, bool]]) -> None:
    found = estimate_survival_medians(build_cells(rows), 4, Method("survival_median"), 5.0)
    for group in range(4):
        own = [(v, d, w) for g, v, w, d in rows if g == group]
        if not own:
            continue
        value, observed, weight = zip(*own, strict=True)
        curve = fit_kaplan_meier(value, observed, weight)
        low, high = curve.get_quantile_interval(level=0.9)
        assert same(found.value[group], curve.get_quantile())
        assert same(found.low[group], low)
        assert same(found.high[group], high)


def test_clustered_cases_widen_the_interval_of_a_share() -> None:
    plain = Cells(np.zeros(4, dtype=np.intp), np.arange(4), np.array([10.0, 0, 10, 0]), np.full(4, 10.0))
    wide, narrow = (estimate_shares(plain, 1, Method("share", clusters=clusters), np.nan) for clusters in (True, False))
    assert wide.value[0] == narrow.value[0] == 0.5
    assert wide.high[0] - wide.low[0] > 1.5 * (narrow.high[0] - narrow.low[0])


def test_a_rate_is_scaled_by_its_unit_and_not_by_its_counts() -> None:
    found = estimate_rates(
        Cells(np.zeros(1, dtype=np.intp), np.zeros(1, dtype=np.intp), np.array([3.0]), np.array([60.0])), 1, Method("rate", per=100), 4.0
    )
    assert found.value[0] == pytest.approx(5)
    assert found.count[0] == 3
    assert 0 < found.chance[0] < 0.5
