"""Risks timed: scores of 10,000 sites x 15 indicators, quantified registers, the cumulative score, and the board of a snapshot."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from scipy import stats

from quarterdeck.methods import kri_gsm, kri_robust
from quarterdeck.methods.cumulative import score_cumulative
from quarterdeck.methods.false_discovery import adjust_benjamini_hochberg
from quarterdeck.methods.quantified_risk import QuantifiedRisk, Severity, simulate

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "evaluations"))
import _kri_protocols as protocols

SEED = 20261122


def main(smoke: bool = False) -> None:
    """Print medians, and ratios to the plain way in the same run."""
    rounds = 1 if smoke else 7
    rng = np.random.Generator(np.random.Philox(SEED))
    sites, indicators = (500, 3) if smoke else (10_000, 15)
    n = np.round(rng.lognormal(6, 0.8, (indicators, sites))) + 20
    x = rng.binomial(n.astype(int), rng.beta(8, 92, (indicators, sites))).astype(float)
    robust = timed(lambda: [(kri_robust.score_binary if i % 2 else kri_robust.score_rate)(x[i], n[i]) for i in range(indicators)], rounds)
    gsm = timed(lambda: [kri_gsm.score_normal(x[i], n[i], "binary") for i in range(indicators)], rounds)
    control = timed(lambda: adjust_benjamini_hochberg(rng.random(sites * indicators)), rounds)
    print(
        f"{sites:,} sites x {indicators} indicators: robust {1e3 * robust:.1f} ms, gsm {1e3 * gsm:.1f} ms, false-discovery control {1e3 * control:.1f} ms"
    )
    few = min(2000, sites)
    plain = timed(lambda: stats.betabinom(n[0, :few], 8, 92).cdf(x[0, :few]), 1)
    ours = timed(lambda: kri_robust.score_binary(x[0, :few], n[0, :few]), rounds)
    print(
        f"one indicator of {few:,} sites: ours {1e3 * ours:.1f} ms, scipy's beta-binomial {1e3 * plain:.0f} ms ({plain / ours:.0f} times)"
    )
    draws = 2_000 if smoke else 100_000
    risks = [
        QuantifiedRisk(f"r{i}", 0.05 + 0.02 * i, Severity.from_percentiles(5e4, 4e5), Severity.from_percentiles(5, 60)) for i in range(25)
    ]
    many = [
        QuantifiedRisk(f"r{i}", 0.02 + 0.0003 * i, Severity.from_percentiles(5e4, 4e5), Severity.from_percentiles(5, 60))
        for i in range(1000)
    ]
    fast, slow = timed(lambda: simulate(risks, draws, SEED), rounds), timed(lambda: loop_over(risks, draws // 20), 1) * 20
    print(f"25 risks x {draws:,} draws: {fast:.3f} s; a loop over draws {slow:.1f} s (from a twentieth of them; {slow / fast:.0f} times)")
    print(f"1,000 risks x {draws:,} draws: {timed(lambda: simulate(many, draws, SEED), 1):.2f} s")
    study = protocols.simulate(rng)
    count = study.cumulative()
    one = timed(lambda: score_cumulative(study.site, study.patient, study.visit, count, study.n_sites), rounds)
    print(f"cumulative score, {study.n_sites} sites, {study.patient.max() + 1} patients: {1e3 * one:.1f} ms")


def timed(work: Callable[[], object], rounds: int) -> float:
    """Median seconds of the work."""
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return median(found)


def loop_over(risks: list[QuantifiedRisk], draws: int) -> float:
    """The plain way: one draw at a time."""
    rng = np.random.Generator(np.random.Philox(SEED))
    total = 0.0
    for _ in range(draws):
        for risk in risks:
            if risk.cost is not None and rng.random() < risk.probability:
                total += float(np.exp(risk.cost.mu + risk.cost.sigma * rng.standard_normal()))
    return total


if __name__ == "__main__":
    main("--smoke" in sys.argv)
