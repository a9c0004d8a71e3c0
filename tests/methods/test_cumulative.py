"""Cumulative counts: silent sites are seen, follow-up is no fault, and nothing depends on chance or order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluation_scripts import load_evaluation
from quarterdeck.methods import cumulative

protocols: Any = load_evaluation("_kri_protocols")


def scores_of(study: Any) -> cumulative.CumulativeScores:
    return cumulative.score_cumulative(study.site, study.patient, study.visit, study.cumulative(), study.n_sites)


def simulated(seed: int = 3) -> Any:
    return protocols.simulate(np.random.default_rng(seed))


def slow_expected(study: Any) -> np.ndarray:
    """The obvious way: for each patient, go visit by visit through the other sites' patients who got there."""
    reached = {p: study.visit[study.patient == p].max() for p in np.unique(study.patient)}
    owner = {p: study.site[study.patient == p][0] for p in reached}
    step = {(p, v): s for p, v, s in zip(study.patient, study.visit, study.step, strict=True)}
    elsewhere = {s: sum(x for (p, _), x in step.items() if owner[p] != s) for s in set(owner.values())}
    answer = []
    for patient in sorted(reached):
        total = 0.0
        for v in range(reached[patient] + 1):
            others = [p for p in reached if owner[p] != owner[patient] and reached[p] >= v]
            if others:
                total += sum(step[p, v] for p in others) / len(others)
        answer.append(total * (1 + 0.5 / elsewhere[owner[patient]]))
    return np.array(answer)


def test_expected_counts_are_those_of_the_slow_way() -> None:
    rng = np.random.default_rng(5)
    owner, reached = rng.integers(0, 6, 25), rng.integers(1, 9, 25)
    patient, visit = np.repeat(np.arange(25), reached), np.concatenate([np.arange(r) for r in reached])
    study = protocols.Study(owner[patient], patient, visit, rng.poisson(0.7, len(visit)), np.array([]))
    patients = cumulative.derive_patients(study.site, study.patient, study.visit, study.cumulative(), 6)
    inside = patients.visits == reached  # the others were followed as long
    assert inside.sum() > 15
    assert patients.expected[inside] == pytest.approx(slow_expected(study)[inside])


def test_a_site_that_reports_nothing_is_seen() -> None:
    study = simulated()
    biggest = np.bincount(study.site).argmax()
    silent = protocols.Study(study.site, study.patient, study.visit, np.where(study.site == biggest, 0, study.step), study.altered)
    scores = scores_of(silent)
    assert scores.z[biggest] < -3
    assert np.isfinite(scores.z).all()
    assert scores.theta_high[biggest] < 0.6


def test_short_follow_up_alone_is_no_fault() -> None:
    study = simulated()
    cut = (study.site != 0) | (study.visit < 3)
    short = protocols.Study(study.site[cut], study.patient[cut], study.visit[cut], study.step[cut], study.altered)
    assert abs(scores_of(short).z[0]) < 3


def test_row_order_and_labels_do_not_matter_and_there_is_no_seed() -> None:
    study = simulated()
    first, count = scores_of(study).z, study.cumulative()
    order = np.random.default_rng(1).permutation(len(count))
    relabel = np.random.default_rng(2).permutation(study.n_sites)
    people = np.random.default_rng(3).permutation(study.patient.max() + 1)
    again = cumulative.score_cumulative(
        relabel[study.site][order], people[study.patient][order], study.visit[order], count[order], study.n_sites
    )
    assert again.z[relabel] == pytest.approx(first, abs=1e-9)


def test_one_site_has_nothing_to_be_compared_with() -> None:
    scores = cumulative.score_cumulative(np.zeros(4, dtype=int), np.arange(4), np.zeros(4, dtype=int), np.ones(4), 1)
    assert np.isnan(scores.z[0])


def test_no_events_anywhere_is_no_signal() -> None:
    scores = cumulative.score_cumulative(np.arange(8) // 2, np.arange(8), np.zeros(8, dtype=int), np.zeros(8), 4)
    assert np.abs(scores.z).max() < 1


@pytest.mark.shared_data
def test_site_0x126_of_the_public_trial_is_flagged(shared_data: Path) -> None:
    base = protocols.read_clindata(shared_data)
    z = scores_of(base).z
    assert z.min() < -4.5
    assert (z < -3).sum() >= 8


@pytest.mark.shared_data
def test_detection_and_calibration_hold_in_small(shared_data: Path) -> None:
    base = protocols.read_clindata(shared_data)
    measured = {p: protocols.measure(p, {"ours": lambda s: scores_of(s).z}, base, 60, 25, 77)["ours"] for p in "AB"}
    for found in measured.values():
        assert found.mean > 0.16
        assert 0.005 < found.nominal_low + found.nominal_high < 0.016
