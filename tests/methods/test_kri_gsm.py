"""Mode gsm reproduces the reference, case by case, to 1e-9."""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quarterdeck.methods import kri_gsm

pytestmark = pytest.mark.shared_data
TOLERANCE = 1e-9


@pytest.fixture(scope="module")
def cases(shared_data: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((shared_data / "kri" / "gsm_stat_cases.json").read_text(encoding="utf-8"))
    assert len(found) == 35
    return found


def counts_of(case: dict[str, Any]) -> tuple[list[str], np.ndarray, np.ndarray]:
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in case["input"]:
        sums[row["GroupID"]][0] += row["Numerator"]
        sums[row["GroupID"]][1] += row["Denominator"]
    kept = {group: pair for group, pair in sums.items() if pair[1] > 0}
    return list(kept), np.array([p[0] for p in kept.values()]), np.array([p[1] for p in kept.values()])


def answered(cases: list[dict[str, Any]], part: str) -> Iterator[tuple[dict[str, Any], list[str], np.ndarray, np.ndarray, dict[str, Any]]]:
    for case in cases:
        if isinstance(expected := case["expected"].get(part), list):
            yield case, *counts_of(case), {row["GroupID"]: row for row in expected}


@pytest.mark.parametrize("kind", ["binary", "rate"])
def test_normal_scores_factor_and_flags_are_the_references(cases: list[dict[str, Any]], kind: str) -> None:
    for case, groups, x, n, rows in answered(cases, f"normal_{kind}"):
        scores = kri_gsm.score_normal(x, n, kind)
        flags = kri_gsm.derive_flags(scores.score)
        enough = kri_gsm.is_accrued(x, n, 30, "denominator")
        for i, group in enumerate(groups):
            assert scores.score[i] == pytest.approx(rows[group]["Score"], abs=TOLERANCE), case["id"]
            assert scores.phi == pytest.approx(rows[group]["Factor"], abs=TOLERANCE), case["id"]
            assert flags[i] == rows[group]["Flag"], case["id"]
            assert (flags[i] if enough[i] else None) == rows[group]["FlagAccrual30"], case["id"]


def test_numerators_above_denominators_leave_no_binary_score(cases: list[dict[str, Any]]) -> None:
    case = next(case for case in cases if case["id"] == "E13")
    assert np.isnan(kri_gsm.score_normal(*counts_of(case)[1:], "binary").score).all()


@pytest.mark.parametrize("kind", ["binary", "rate"])
def test_funnel_bounds_are_the_references(cases: list[dict[str, Any]], kind: str) -> None:
    for case in cases:
        if (expected := case["expected"].get(f"bounds_{kind}")) is None:
            continue
        threshold, denominator, numerator = kri_gsm.predict_bounds_normal(*counts_of(case)[1:], kind)
        assert len(threshold) == expected["n"], case["id"]
        assert numerator.sum() == pytest.approx(expected["sumNumerator"], rel=TOLERANCE), case["id"]
        ends = [*enumerate(expected["head"]), *((len(threshold) - 3 + i, row) for i, row in enumerate(expected["tail"]))]
        for i, row in ends:
            assert (threshold[i], denominator[i], numerator[i]) == pytest.approx(
                (row["Threshold"], row["Denominator"], row["Numerator"]), abs=TOLERANCE
            ), case["id"]


def test_poisson_as_shipped_is_the_references(cases: list[dict[str, Any]]) -> None:
    for case, groups, x, n, rows in answered(cases, "poisson"):
        scores = kri_gsm.score_poisson_as_shipped(x, n)
        for i, group in enumerate(groups):
            assert is_same_residual(scores.score[i], rows[group]["Score"]), (case["id"], group)
            assert scores.predicted[i] == pytest.approx(rows[group]["PredictedCount"], abs=TOLERANCE, rel=TOLERANCE), case["id"]


def test_poisson_with_a_true_offset_is_rs_own(cases: list[dict[str, Any]], shared_data: Path) -> None:
    with (shared_data / "kri" / "poisson_true_offset.csv").open(encoding="utf-8") as stream:
        golden = {(row["id"], row["GroupID"]): row for row in csv.DictReader(stream)}
    for case in cases:
        groups, x, n = counts_of(case)
        scores = kri_gsm.score_poisson(x, n)
        for i, group in enumerate(groups):
            row = golden[case["id"], group]
            assert is_same_residual(scores.score[i], float(row["DevianceResidual"])), (case["id"], group)
            assert scores.predicted[i] == pytest.approx(float(row["Predicted"]), abs=1e-6, rel=TOLERANCE)


def is_same_residual(ours: float, theirs: float) -> bool:
    # Case E04 sits on its expectation: there R's root of a rounding error (up to 4e-8) is compared as the deviance it came from.
    return abs(ours - theirs) <= TOLERANCE or (max(abs(ours), abs(theirs)) < 1e-7 and abs(ours**2 - theirs**2) <= TOLERANCE)


def test_poisson_bounds_are_the_references(cases: list[dict[str, Any]]) -> None:
    for case in cases:
        if (expected := case["expected"].get("bounds_poisson")) is None:
            continue
        threshold, denominator, numerator = kri_gsm.predict_bounds_poisson(*counts_of(case)[1:])
        assert len(threshold) == expected["n"], case["id"]
        ends = [*enumerate(expected["head"]), *((len(threshold) - 3 + i, row) for i, row in enumerate(expected["tail"]))]
        for i, row in ends:
            assert (threshold[i], denominator[i]) == pytest.approx((row["Threshold"], row["Denominator"]), abs=TOLERANCE)
            if row["Numerator"] is None:
                assert np.isnan(numerator[i])
            else:
                assert numerator[i] == pytest.approx(row["Numerator"], abs=TOLERANCE), case["id"]


def test_fisher_p_and_odds_are_rs_own(cases: list[dict[str, Any]]) -> None:
    for case, groups, x, n, rows in answered(cases, "fisher"):
        odds, p = kri_gsm.test_fisher(x, n)
        for i, group in enumerate(groups):
            assert p[i] == pytest.approx(rows[group]["Score"], abs=TOLERANCE), case["id"]
            expected = rows[group]["Estimate"]
            assert (odds[i] == np.inf) if expected is None else odds[i] == pytest.approx(expected, abs=TOLERANCE, rel=TOLERANCE), case["id"]


@pytest.mark.parametrize("identifier", ["E01", "E13"])
def test_fisher_says_why_where_r_stops(cases: list[dict[str, Any]], identifier: str) -> None:
    case = next(case for case in cases if case["id"] == identifier)
    with pytest.raises(ValueError, match="two groups or more and whole numbers"):
        kri_gsm.test_fisher(*counts_of(case)[1:])


def test_tolerance_limit_is_the_references(cases: list[dict[str, Any]]) -> None:
    for case in cases:
        _, x, n = counts_of(case)
        z, flag = kri_gsm.check_tolerance_limit(x.sum(), n.sum(), 0.1)
        expected = case["expected"]["qtl_onesideprop_0.1_3sd"][0]
        assert z == pytest.approx(expected["Score"], abs=TOLERANCE)
        assert flag == expected["Flag"]


def read(shared_data: Path, name: str) -> list[dict[str, str]]:
    path = shared_data / "kri" / name
    opener = gzip.open if name.endswith("gz") else open
    with opener(path, "rt", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_all_909_cells_of_the_public_trial_are_the_references(shared_data: Path) -> None:
    meta = {row["MetricID"]: row for row in read(shared_data, "metrics_meta.csv")}
    metrics: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in read(shared_data, "clindata_gsm_results.csv"):
        metrics[row["MetricID"]].append(row)
    assert sum(len(rows) for rows in metrics.values()) == 909
    for identifier, rows in metrics.items():
        definition = meta[identifier]
        x, n = (np.array([float(row[c]) for row in rows]) for c in ("Numerator", "Denominator"))
        scores = kri_gsm.score_normal(x, n, definition["AnalysisType"])
        assert scores.score == pytest.approx([float(row["RawScore"]) for row in rows], abs=TOLERANCE)
        cuts = [float(v) for v in definition["Threshold"].split(",")]
        flags = [int(v) for v in (definition["Flag"] or "-2,-1,0,1,2").split(",")]
        enough = kri_gsm.is_accrued(x, n, float(definition["AccrualThreshold"]), definition["AccrualMetric"].lower())
        for flag, is_enough, row in zip(kri_gsm.derive_flags(scores.score, cuts, flags), enough, rows, strict=True):
            assert (str(flag) if is_enough else "") == row["Flag"], (identifier, row["GroupID"])


def test_the_cqc_funnel_is_funnelplotrs(shared_data: Path) -> None:
    metrics: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in read(shared_data, "clindata_cqc.csv"):
        metrics[row["MetricID"]].append(row)
    for rows in metrics.values():
        x, n = (np.array([float(row[c]) for row in rows]) for c in ("Numerator", "Denominator"))
        scores = kri_gsm.score_cqc(x, n, "binary" if rows[0]["type"] == "PR" else "rate")
        for column, values in (("Y", scores.y), ("s", scores.s), ("Uz", scores.raw), ("Wz", scores.winsorised), ("AdjZ", scores.adjusted)):
            assert values == pytest.approx([float(row[column]) for row in rows], abs=TOLERANCE), column
        assert scores.target == pytest.approx(float(rows[0]["target"]), abs=TOLERANCE)
        assert scores.tau2 == pytest.approx(float(rows[0]["tau2"]), abs=TOLERANCE)
        assert scores.phi == pytest.approx(float(rows[0]["phi"]), abs=TOLERANCE)


def test_all_bounds_of_the_public_trial_are_the_references(shared_data: Path) -> None:
    meta = {row["MetricID"]: row for row in read(shared_data, "metrics_meta.csv")}
    counts: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in read(shared_data, "clindata_gsm_results.csv"):
        counts[row["MetricID"]].append(row)
    bounds: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in read(shared_data, "clindata_bounds.csv.gz"):
        bounds[row["MetricID"]].append(row)
    compared = 0
    for identifier in sorted(set(bounds) & set(counts)):
        rows, definition = counts[identifier], meta[identifier]
        x, n = (np.array([float(row[c]) for row in rows]) for c in ("Numerator", "Denominator"))
        cuts = [float(v) for v in definition["Threshold"].split(",")]
        threshold, denominator, numerator = kri_gsm.predict_bounds_normal(x, n, definition["AnalysisType"], cuts)
        golden = sorted((float(r["Threshold"]), float(r["Denominator"]), float(r["Numerator"])) for r in bounds[identifier])
        ours = sorted(zip(threshold, denominator, numerator, strict=True))
        assert np.array(ours) == pytest.approx(np.array(golden), abs=1e-8, rel=TOLERANCE)
        compared += len(golden)
    assert compared > 3000


def test_portfolio_results_and_site_risk_scores_are_the_references(shared_data: Path) -> None:
    meta = {row["ID"]: row for row in read(shared_data, "metrics_meta.csv")}
    weights = {(row["MetricID"], int(row["Flag"])): float(row["Weight"]) for row in read(shared_data, "weights.csv")}
    heaviest = {row["MetricID"]: float(row["WeightMax"]) for row in read(shared_data, "weights.csv")}
    assert sum(heaviest.values()) == 178
    cells: dict[tuple[str, str, str], list[dict[str, str]]] = defaultdict(list)
    for row in read(shared_data, "portfolio_counts.csv.gz"):
        cells[row["StudyID"], row["SnapshotDate"], row["MetricID"]].append(row)
    golden = {(r["StudyID"], r["SnapshotDate"], r["MetricID"], r["GroupID"]): r for r in read(shared_data, "portfolio_results.csv.gz")}
    flags_of: dict[tuple[str, str, str], dict[str, float | None]] = defaultdict(dict)
    compared = 0
    for (study, taken, metric), rows in cells.items():
        rows = [row for row in rows if float(row["Denominator"]) > 0]
        definition = meta[metric]
        x, n = (np.array([float(row[c]) for row in rows]) for c in ("Numerator", "Denominator"))
        score = kri_gsm.score_normal(x, n, definition["AnalysisType"]).score
        cuts, names = ([float(v) for v in definition[c].split(",")] for c in ("Threshold", "Flag"))
        enough = kri_gsm.is_accrued(x, n, float(definition["AccrualThreshold"]), definition["AccrualMetric"].lower())
        for row, value, flag, is_enough in zip(
            rows, score, kri_gsm.derive_flags(score, cuts, [int(v) for v in names]), enough, strict=True
        ):
            identifier = f"Analysis_{metric}"
            if (expected := golden.get((study, taken, identifier, row["GroupID"]))) is None:
                continue
            compared += 1
            flags_of[study, taken, row["GroupID"]][identifier] = weights[identifier, int(flag)] if is_enough else None
            if not is_enough:
                assert expected["Score"] == ""
                continue
            assert value == pytest.approx(float(expected["Score"]), abs=TOLERANCE)
            assert flag == float(expected["Flag"])
    assert compared > 1000
    checked = 0
    for (study, taken, group), found in flags_of.items():
        expected = golden.get((study, taken, "Analysis_srs0001", group))
        if expected is None:
            continue
        # The reference counts an indicator's weight as soon as any site of the snapshot was assessed for it.
        used = sorted({m for (s, t, _), f in flags_of.items() if (s, t) == (study, taken) for m, w in f.items() if w is not None})
        score, coverage = kri_gsm.score_site_risk([found.get(m) for m in used], [heaviest[m] for m in used])
        assert score == pytest.approx(float(expected["Score"]), abs=TOLERANCE), (study, taken, group)
        assert 0 < coverage <= 1
        checked += 1
    assert checked > 50


def test_shipped_results_of_thirteen_indicators_are_reproduced(shared_data: Path) -> None:
    meta = {row["MetricID"]: row for row in read(shared_data, "metrics_meta.csv")}
    cells: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for row in read(shared_data, "gsmcore_shipped_results.csv.gz"):
        cells[row["MetricID"], row["SnapshotDate"]].append(row)
    compared = 0
    for (identifier, _), rows in cells.items():
        if identifier not in meta:
            continue
        x, n = (np.array([float(row[c]) for row in rows]) for c in ("Numerator", "Denominator"))
        score = kri_gsm.score_normal(x, n, meta[identifier]["AnalysisType"]).score
        for value, row in zip(score, rows, strict=True):
            if row["Score"]:
                compared += 1
                assert value == pytest.approx(float(row["Score"]), abs=1e-6)
    assert compared > 800


def test_intervals_of_flags_are_closed_on_the_left() -> None:
    assert kri_gsm.derive_flags(np.array([-3.0, -2.0, 2.0, 3.0, np.nan])).tolist()[:4] == [-1, 0, 1, 2]
