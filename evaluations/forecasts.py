"""Measured figures of the forecasts: golden cases, back-test on a real trial, coverage on simulated truth, registry models, speed.

Real data: International Stroke Trial database (version 2), Sandercock et al., University of Edinburgh, doi 10.7488/ds/104, under
ODC-BY. Registry facts: ClinicalTrials.gov, U.S. National Library of Medicine, modified.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from quarterdeck.forecasts.monthly_backtest import read_record, run_backtest
from quarterdeck.forecasts.plain_enrolment import earned_values, forecast_funnel, forecast_plain
from quarterdeck.forecasts.plain_files import read_case_file, read_plain_case
from quarterdeck.methods.completion import CompletionLaw, Sites
from quarterdeck.methods.enrolment import fit_rates, parameter_nodes, posterior
from quarterdeck.methods.enrolment_backtest import MonthlyRecord, rolling_forecasts
from quarterdeck.methods.monte_carlo import keyed_stream

SHARED = Path(os.environ.get("QUARTERDECK_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
GOLDEN = SHARED / "enrolment"
SEED = 20261122
TRIALS = 100  # simulated trials per design


def main() -> None:
    """Print every table. Parts whose data are absent say so."""
    if GOLDEN.is_dir():
        show_golden()
        show_backtest()
        show_left_out()
    else:
        print(f"real data are absent: no folder {GOLDEN}")
    show_simulated()
    show_ageing()


def show_golden() -> None:
    """Largest distance from each golden case, in units of its tolerance (at most 1 = within)."""
    print("Golden cases (distance over tolerance; at most 1 is within)")
    for folder in sorted(GOLDEN.glob("G*")):
        case, expected = read_case_file(folder / "case.json"), json.loads((folder / "expected.json").read_text())
        start = time.perf_counter()
        worst = _distance(expected, _answer(folder, case))
        print(f"  {folder.name:28s} {worst:8.4f}   {time.perf_counter() - start:5.1f} s")


def _answer(folder: Path, case: dict[str, Any]) -> dict[str, Any]:
    if "screened_completed" in case:
        return forecast_funnel(case, SEED)
    if "cases" in case:
        return earned_values(case)
    return forecast_plain(read_plain_case(folder / "sites.csv", None, None, case, None), plug_in=True)


def _distance(expected: Any, found: Any, path: str = "", errors: dict[str, float] | None = None) -> float:
    """Days within .05 where exact, four standard errors where simulated, 1e-4 relative for parameters."""
    if isinstance(expected, list):
        return max((_distance(e, f, path) for e, f in zip(expected, found, strict=True)), default=0.0)
    if not isinstance(expected, dict):
        if isinstance(expected, bool | str) or expected is None:
            return 0.0 if expected == found else np.inf
        return abs(expected - found) / _tolerance(expected, path, errors)
    inner = expected.get("mc_se") if isinstance(expected.get("mc_se"), dict) else errors
    return max(
        (
            _distance(value, found[key], f"{path}.{key}", inner)
            for key, value in expected.items()
            if key not in ("method", "mc_se", "mean_se", "definition", "R", "closed_form")
        ),
        default=0.0,
    )


def _tolerance(value: float, path: str, errors: dict[str, float] | None) -> float:
    level = path.rsplit(".quantile", 1)[-1].split(".", 1)[-1] if ".quantile" in path else ""
    if errors and level in errors:
        return 4 * (errors[level] + 0.02)
    if "days" in path or "quantile" in path or "completion" in path or "screens" in path:
        return 0.05
    return max(1e-4 * abs(value), 1e-9)


def show_backtest() -> None:
    """The real trial, given countries."""
    record = read_record(GOLDEN / "B01_IST_backtest" / "develop_site_month.csv")
    print("\nBack-test on the International Stroke Trial, 12 countries (to reach: 90% in .80-.97; pinball .075/.072/.085; ratio .90-1.12)")
    _print_scores(run_backtest(record, None, SEED, 8000).scores)


def show_left_out(times: int = 12) -> None:
    """Random halves of the countries, each forecast from its own half alone: what other countries may expect."""
    record = read_record(GOLDEN / "B01_IST_backtest" / "develop_site_month.csv")
    rng = keyed_stream(SEED, "halves")
    found: dict[int, list[list[float]]] = {3: [], 6: [], 12: []}
    for _ in range(times):
        chosen = np.sort(rng.choice(len(record.names), 6, replace=False))
        mine = np.isin(record.trial, chosen)
        half = MonthlyRecord(
            tuple(record.names[i] for i in chosen), np.searchsorted(chosen, record.trial[mine]), record.counts[mine], record.first[mine]
        )
        for h, row in run_backtest(half, record.counts.shape[1], SEED, 2000).scores.items():
            found[h].append([row["cov90"], row["median_ratio"], row["rel_pinball5"]])
    print(f"\nThe same on {times} random halves of the countries (mean; least to greatest)")
    for h, rows in found.items():
        values = np.array(rows)
        texts = [f"{m:.3f} ({a:.3f} to {b:.3f})" for m, a, b in zip(values.mean(0), values.min(0), values.max(0), strict=True)]
        print(f"  {h:2d} months: 90% coverage {texts[0]}, median ratio {texts[1]}, pinball {texts[2]}")


def show_simulated() -> None:
    """Gamma-Poisson truth: does the 90% interval of the completion day hold it, with and without parameter uncertainty?"""
    print(f"\nSimulated truth, gamma-Poisson, {TRIALS} trials a design (to reach .86 to .95 with parameter uncertainty)")
    designs = {
        "20 open": (20, 0, 180.0, 100),
        "20 open, 20 planned": (20, 20, 120.0, 200),
        "60 open, 40 planned": (60, 40, 120.0, 500),
        "8 open, 22 planned": (8, 22, 120.0, 150),
    }
    for name, (opened, planned, cut, need) in designs.items():
        hits = np.array([_covers(opened, planned, cut, need, keyed_stream(SEED, name, i)) for i in range(TRIALS)])
        print(f"  {name:22s} plug-in {hits[:, 0].mean():.2f}, with parameter uncertainty {hits[:, 1].mean():.2f}")


def _covers(opened: int, planned: int, cut: float, need: int, rng: np.random.Generator) -> tuple[bool, bool]:
    alpha, mean = 1.4, 0.025
    size = opened + planned
    rates = rng.gamma(alpha, mean / alpha, size)
    enrolled = rng.poisson(rates[:opened] * cut)
    if enrolled.sum() == 0:
        return _covers(opened, planned, cut, need, rng)
    opening = np.concatenate([np.zeros(opened), rng.uniform(0, 120, planned)])
    truth = _completion_day(rates, opening, rng.gamma(need))
    fit = fit_rates(enrolled, np.full(opened, cut))
    counts, exposure = np.concatenate([enrolled, np.zeros(planned)]), np.concatenate([np.full(opened, cut), np.zeros(planned)])
    endless = np.full(size, np.inf)
    sites = Sites(np.ones(size), np.ones(size), opening, endless, endless, np.zeros(size, np.int64), np.full((size, 3), np.nan))
    mixture = [(w, sites.with_posterior(*posterior(node, counts, exposure))) for w, node in parameter_nodes(fit)]
    single = [(1.0, sites.with_posterior(*posterior(fit, counts, exposure)))]
    found = []
    for parts in (single, mixture):
        p = CompletionLaw(need, parts).probability_by(truth)
        found.append(0.05 <= p <= 0.95)
    return found[0], found[1]


def _completion_day(rates: np.ndarray, opening: np.ndarray, need: float) -> float:
    low, high = 0.0, 1e6
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if (rates * np.maximum(middle - opening, 0)).sum() < need else (low, middle)
    return high


def show_ageing(portfolios: int = 8) -> None:
    """Sites that age and drift, or do neither: 90% coverage of monthly-model forecasts at 3, 6 and 12 months."""
    print("\nSimulated truth, 12 trials of ageing or steady sites, rolling origins (to reach .86 to .95)")
    for name, ageing, drift in (("ageing and drifting", 0.02, 0.06), ("ageing", 0.02, 0.0), ("steady", 0.0, 0.0)):
        hits: dict[int, list[bool]] = {3: [], 6: [], 12: []}
        for i in range(portfolios):
            record = _simulate_record(keyed_stream(SEED, name, i), ageing, drift)
            for (trial, origin, h), q in rolling_forecasts(record, range(24, 49, 6), (3, 6, 12), SEED, 2000).items():
                actual = record.counts[record.trial == trial, origin : origin + h].sum()
                hits[h].append(bool(q[0] <= actual <= q[-1]))
        print(f"  {name:22s} " + "  ".join(f"{h} months {np.mean(v):.2f}" for h, v in hits.items()))


def _simulate_record(rng: np.random.Generator, ageing: float, drift: float, trials: int = 12, months: int = 60) -> MonthlyRecord:
    trial, counts = [], []
    for t in range(trials):
        walk = np.exp(np.cumsum(rng.normal(0, drift, months)))
        for _ in range(25):
            opening = int(rng.integers(0, 36))
            age = np.arange(months) - opening
            rate = rng.gamma(1.4, 0.7 / 1.4) * np.exp(-ageing * np.maximum(age, 0)) * walk
            row = rng.poisson(np.where(age >= 0, rate, 0.0))
            trial.append(t)
            counts.append(row)
    return MonthlyRecord.build([f"T{t:02d}" for t in range(trials)], np.array(trial), np.array(counts))


def _print_scores(scores: dict[int, dict[str, float]]) -> None:
    names = ("n", "cov50", "cov80", "cov90", "median_ratio", "MdAPE", "rel_pinball5")
    print("  months " + "".join(f"{n:>14s}" for n in names))
    for h, row in scores.items():
        print(f"  {h:6d} " + "".join(f"{row[n]:14.4f}" if n != "n" else f"{row[n]:14d}" for n in names))


def timed(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
