"""Speed: the joint portfolio against drawing every site, a what-if, and a single trial against the reference package's recorded time."""

from __future__ import annotations

import json
import os
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from quarterdeck.methods.enrolment_backtest import Drift
from quarterdeck.methods.monte_carlo import keyed_stream
from quarterdeck.methods.portfolio import Finish, Money, Recruitment, TrialInput, draw_shared, simulate_portfolio, simulate_trial
from quarterdeck.methods.time_to_event import SurvivalFit, draw_enrolment, fit_enrolment, invert_rate, simulate_event_trial

SHARED = Path(os.environ.get("QUARTERDECK_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
MONTH = 30.4375


def main(smoke: bool = False) -> None:
    """Print medians and ratios of the same run."""
    trials, replicates, repeats = (5, 500, 1) if smoke else (50, 10_000, 5)
    inputs = [build_trial(i) for i in range(trials)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ours, ours_cpu = median_seconds(lambda: simulate_portfolio(inputs, 1, replicates), repeats)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    naive, naive_cpu = median_seconds(lambda: [draw_every_site(t, replicates) for t in inputs], 1)
    print(
        f"portfolio of {trials} trials x 100 sites x {replicates:,} replicates, milestones and cost: {ours:.2f} s (CPU {ours_cpu:.2f} s), {grown:.0f} MB more"
    )
    print(
        f"  drawing every site's rate, completion only:                       {naive:.2f} s (CPU {naive_cpu:.2f} s), {naive / ours:.1f} times as long"
    )
    shared = draw_shared(1, replicates)
    what_if, _ = median_seconds(lambda: simulate_trial(inputs[0], shared), repeats * 3)
    print(f"one-trial what-if: {1000 * what_if:.1f} ms")
    compare_with_package(smoke)


def build_trial(i: int) -> TrialInput:
    """60 open and 40 planned sites."""
    rng = keyed_stream(i, "benchmark")
    shape = rng.gamma(2, 1, 60) + 2.4
    recruitment = Recruitment(
        400,
        150,
        shape,
        np.full(60, 9.0),
        rng.uniform(0, 18, 60),
        np.full(60, np.inf),
        rng.uniform(0, 12, 40),
        np.full(40, 0.89),
        1.4,
        0.15,
        np.array([1.2, 1.1, 1.0, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65]),
        Drift(),
    )
    money = Money(1e6, 2e7, 1e5, 800.0, 2e4, 3e4, 0.1, 2e5, 0.8, 0.3, vendor=f"V{i % 4}")
    return TrialInput(f"T{i:02d}", recruitment, Finish(), money)


def draw_every_site(trial: TrialInput, replicates: int) -> float:
    """The plain way: a gamma for each site and replicate, then the day at which the summed rate has brought enough."""
    r = trial.recruitment
    rng = keyed_stream(1, trial.name, "plain")
    opening = np.concatenate([np.zeros(len(r.open_shape)), np.sort(r.planned_opening)])
    shape = np.concatenate([r.open_shape, np.full(len(r.planned_opening), r.alpha)])
    rate = np.concatenate([r.open_rate, np.full(len(r.planned_opening), r.alpha / r.mean)])
    rates = rng.gamma(shape, 1 / rate, size=(replicates, len(shape)))
    total = np.cumsum(rates, axis=1)
    gained = np.concatenate([np.zeros((replicates, 1)), np.cumsum(total[:, :-1] * np.diff(opening), axis=1)], axis=1)
    need = rng.gamma(r.needed, size=replicates)
    where = (gained <= need[:, None]).sum(axis=1) - 1
    rows = np.arange(replicates)
    return float(np.median(opening[where] + (need - gained[rows, where]) / total[rows, where]))


def compare_with_package(smoke: bool) -> None:
    """CPU seconds recorded for eventPred 0.3.1 on its own cases, and ours now on the same cases. Two machines, one run each: a guide."""
    expected = SHARED / "enrolment" / "E01_eventPred_reference" / "expected.json"
    if not expected.is_file():
        print("reference timings are absent")
        return
    recorded = json.loads(expected.read_text())["cpu_seconds"]
    days = np.sort(keyed_stream(1, "days").uniform(0, 363, 224))
    fit = fit_enrolment("poisson", days, 363.0)
    _, enrol = median_seconds(lambda: draw_enrolment(fit, 366.0, 76, keyed_stream(1, "e"), 500 if smoke else 10_000), 1 if smoke else 5)
    _, design = median_seconds(lambda: simulate_design(500 if smoke else 5000), 1 if smoke else 3)
    print(
        f"enrolment of one trial, 10,000: eventPred {recorded['poisson 10000']} s of CPU (recorded), ours {enrol:.3f} s: {recorded['poisson 10000'] / enrol:,.0f} times"
    )
    print(
        f"enrolment and events at design, 5,000: eventPred {recorded['design 5000']} s (recorded), ours {design:.3f} s: {recorded['design 5000'] / design:,.0f} times"
    )


def simulate_design(replicates: int) -> float:
    """300 participants at 13 then 26 a month, 200 events, two arms, drop-out 5 % a year."""
    rng = keyed_stream(3, "design")
    enrolled = invert_rate(
        "piecewise",
        np.repeat(np.log([[13 / MONTH, 26 / MONTH]]), replicates, 0),
        np.cumsum(rng.exponential(size=(replicates, 300)), 1),
        0.0,
        (200.0,),
    )
    hazard = np.log(2) / (13 * MONTH)
    law = SurvivalFit("exponential", np.array([np.log(hazard)]), np.zeros((1, 1)), 0.0)
    lost = SurvivalFit("exponential", np.array([np.log(-np.log(0.95) / 365.25)]), np.zeros((1, 1)), 0.0)
    return float(np.median(simulate_event_trial(enrolled, law, lost, 200, rng, plug_in=True)))


def median_seconds(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median wall and CPU seconds."""
    wall, cpu = [], []
    for _ in range(repeats):
        start, began = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - began)
    return statistics.median(wall), statistics.median(cpu)


if __name__ == "__main__":
    main()
