"""The back-test: no look ahead, promised columns, and its score on the real trial."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from quarterdeck.forecasts.monthly_backtest import COLUMNS, read_record, run_backtest, write_forecasts
from quarterdeck.methods.enrolment_backtest import MonthlyRecord, rolling_forecasts
from quarterdeck.methods.monte_carlo import keyed_stream
from quarterdeck.vocabulary.errors import BadInput


def build_record(months: int = 40, seed: int = 4) -> MonthlyRecord:
    rng = keyed_stream(seed, "record")
    sites = 24
    opens = rng.integers(0, 20, sites)
    rates = rng.gamma(1.5, 0.8, sites)
    counts = rng.poisson(rates[:, None] * (np.arange(months)[None] >= opens[:, None]))
    return MonthlyRecord.build(["X", "Y"], np.arange(sites) % 2, counts)


def test_what_happens_after_the_origin_does_not_change_the_forecast() -> None:
    record = build_record()
    changed = record.counts.copy()
    later = np.arange(record.counts.shape[1])[None] >= 27
    started = record.first[:, None] < np.arange(record.counts.shape[1])[None]
    changed[np.broadcast_to(later, changed.shape) & started] = 50.0
    other = MonthlyRecord(record.names, record.trial, changed, record.first)
    before, after = (rolling_forecasts(r, [27], [3, 6, 12], 1, 500) for r in (record, other))
    assert all(np.array_equal(before[key], after[key]) for key in before)


def test_the_same_seed_gives_the_same_forecast() -> None:
    one, other = (rolling_forecasts(build_record(), [24], [3], 9, 300) for _ in range(2))
    assert all(np.array_equal(one[key], other[key]) for key in one)


def test_quantiles_rise_and_are_not_negative() -> None:
    for q in rolling_forecasts(build_record(), [24, 27], [3, 12], 1, 300).values():
        assert (np.diff(q) >= 0).all()
        assert (q >= 0).all()


def test_a_record_that_is_too_short_is_refused() -> None:
    with pytest.raises(BadInput, match="too short"):
        run_backtest(build_record(months=20), None, 1, 100)


@pytest.mark.shared_data
def test_the_real_trial_is_covered_as_promised(shared_data: Path, tmp_path: Path) -> None:
    record = read_record(shared_data / "enrolment" / "B01_IST_backtest" / "develop_site_month.csv")
    result = run_backtest(record, None, 20261122, 2000)
    write_forecasts(tmp_path / "out.csv", result)
    with (tmp_path / "out.csv").open() as file:
        assert tuple(next(csv.reader(file))) == COLUMNS
    assert len(result.rows) == 240
    for horizon, limit in ((3, 0.075), (6, 0.072), (12, 0.085)):
        assert 0.80 <= result.scores[horizon]["cov90"] <= 0.97
        assert result.scores[horizon]["rel_pinball5"] <= limit
        assert 0.90 <= result.scores[horizon]["median_ratio"] <= 1.12
