"""Risks measured: detection and calibration of the reporting score, rates and shares, tolerance limits, and the detectors on the demo's truths.

Run whole with `python evaluations/risks.py`; `--detectors` measures only the detectors against planted truths over 20 seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import _kri_protocols as protocols

from quarterdeck.demo.events import draw_site_rates
from quarterdeck.demo.options import DemoOptions
from quarterdeck.demo.participants import AGEING_DAYS
from quarterdeck.demo.run import make_demo
from quarterdeck.methods import kri_gsm, kri_robust
from quarterdeck.methods.cumulative import score_cumulative
from quarterdeck.methods.sequential import watch_limit

SEED = 20261122
SHARED_DATA = Path(os.environ.get("QUARTERDECK_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
# What a detector claims, asked of the simulation's hidden truth.
LATE_DAYS, EARLY_DAYS, FEWER = 60, 21, 0.67
# Which finding speaks for which planted truth: kind of truth -> start of the finding's id, where {key} is the planted scope.
SPEAKS_FOR = {
    "failing_trial": ("enrolment/study/{key}",),
    "under_reporting_site": ("under_reporting/site/{key}",),
    "slipping_vendor": ("vendor/vendor/{key}",),
    "bad_investigator": ("repeat_offender/investigator/{key}",),
    "budget_breach": ("budget/study/{key}",),
    "wrong_exchange_rates": ("rates/quarter/{key}",),
    "late_feed": ("feed/source/{key}",),
    "trial_ahead": ("ahead/study/{key}",),
}


def main(replicates: int = 300, seeds: int = 20) -> None:
    """Print every table."""
    measure_detection(replicates)
    measure_calibration()
    measure_limits()
    measure_detectors(seeds)


def ours(study: protocols.Study) -> np.ndarray:
    """The score of mode robust, type cumulative."""
    return score_cumulative(study.site, study.patient, study.visit, study.cumulative(), study.n_sites).z


def funnel(study: protocols.Study) -> np.ndarray:
    """The reference's funnel on events per visit."""
    events = np.bincount(study.site, study.step, study.n_sites).astype(float)
    return kri_gsm.score_normal(events, np.bincount(study.site, minlength=study.n_sites).astype(float), "rate").score


def measure_detection(replicates: int) -> None:
    """True-positive rates at 1 % false positives, and false positives at the nominal 1 %, on fresh seeds."""
    base = protocols.read_clindata(SHARED_DATA) if SHARED_DATA.is_dir() else None
    print("Detection of altered sites at 1 % false positives (threshold found per protocol; direction must be right)")
    header = "".join(f"{100 * change:+6.0f}%" for change in protocols.CHANGES)
    print(f"{'':24}{header}   mean   nominal 1 %: low  high  ratio")
    for protocol in "AB":
        if protocol == "A" and base is None:
            print("A: the public trial is absent")
            continue
        scorers = {"gsm funnel": funnel, "robust": ours}
        for name, found in protocols.measure(protocol, scorers, base, replicates, replicates, SEED).items():
            rates = "".join(f"{found.by_change[c]:7.3f}" for c in protocols.CHANGES)
            low, high = 100 * found.nominal_low, 100 * found.nominal_high
            print(
                f"{protocol} {name:22}{rates}  {found.mean:.4f}             {low:.2f}  {high:.2f}  {low / high if high else float('inf'):.2f}"
            )


def measure_calibration(studies: int = 150) -> None:
    """False positives of rates and shares at |z| >= 1.96 and 2.576, by groups and true spread."""
    print("\nFalse positives of groups that do not differ beyond their spread (nominal 5 % and 1 %)")
    print(f"{'kind':8}{'groups':>8}{'spread':>8}{'5 %':>8}{'low .5':>8}{'high .5':>8}{'1 %':>8}")
    for kind in ("rate", "binary"):
        for groups in (6, 12, 31, 60, 176):
            for spread in (0.0, 0.12, 0.25):
                rng = np.random.Generator(np.random.Philox(np.random.SeedSequence([SEED, groups, round(100 * spread)])))
                z = np.concatenate([_null_scores(kind, groups, spread, rng) for _ in range(max(studies, 6000 // groups))])
                low, high = np.mean(z < -2.5758), np.mean(z > 2.5758)
                print(
                    f"{kind:8}{groups:8d}{spread:8.2f}{100 * np.mean(np.abs(z) > 1.96):8.2f}{100 * low:8.2f}{100 * high:8.2f}{100 * (low + high):8.2f}"
                )


def _null_scores(kind: str, groups: int, spread: float, rng: np.random.Generator) -> np.ndarray:
    n = np.maximum(np.round(rng.lognormal(np.log(1500 if kind == "rate" else 60), 0.8, groups)), 3)
    if kind == "rate":
        own = np.ones(groups) if spread == 0 else rng.gamma(1 / (4 * spread**2), 4 * spread**2, groups)
        return kri_robust.score_rate(rng.poisson(0.01 * n * own).astype(float), n).z
    size = 1 / (4 * spread**2) - 1 if spread else 1.0
    share = np.full(groups, 0.3) if spread == 0 else rng.beta(0.3 * size, 0.7 * size, groups)
    return kri_robust.score_binary(rng.binomial(n.astype(int), share).astype(float), n).z


def measure_limits(trials: int = 4000) -> None:
    """The tolerance limit .03 against .06: false alarms, power and participants until the alarm."""
    print("\nTolerance limit, expected .03, limit .06: a look after every participant (ours) and every 25 (three standard deviations)")
    rng = np.random.Generator(np.random.Philox(SEED))
    for n in (300, 1000):
        for rate, name in ((0.03, "false alarms"), (0.06, "power")):
            events = (rng.random((trials, n)) < rate).astype(int)
            tests = [watch_limit(row, 0.03, 0.06) for row in events]
            found = np.mean([t.is_alarm for t in tests])
            wait = np.median([t.alarm_at for t in tests if t.alarm_at] or [0])
            looks = np.arange(25, n + 1, 25)
            shares = np.cumsum(events, axis=1)[:, looks - 1] / looks
            simple = np.mean((shares >= 0.03 + 3 * np.sqrt(0.03 * 0.97 / looks)).any(axis=1))
            print(
                f"{n:5d} participants, {name:12}: ours {found:.3f} (median at participant {wait:.0f}), three standard deviations {simple:.3f}"
            )


def measure_detectors(seeds: int, first: int = 1, scale: float = 1.0) -> None:
    """Precision and recall of the detectors against the demo's planted truths, and what the unplanned findings are.

    The simulation draws more than it plants: other trials are late, other sites hear of fewer events, other budgets do not hold. Such a
    finding is unplanned but true where the simulation's own hidden future or rate says the same; only the rest are false.
    """
    print(
        f"\nDetectors on the demo portfolio, {seeds} seeds: planted truths found; of the findings of that kind, planted, true otherwise, false"
    )
    found, planted = defaultdict[str, int](int), defaultdict[str, int](int)
    right, otherwise, all_of_kind = defaultdict[str, int](int), defaultdict[str, int](int), defaultdict[str, int](int)
    for options, truths, identifiers in _seeds(range(first, first + seeds), scale):
        hidden = Hidden(options)
        for truth in truths:
            kind = str(truth["kind"])
            wanted = [start.format(key=truth["scope"]["key"]) for start in SPEAKS_FOR[kind]]
            planted[kind] += 1
            found[kind] += any(i.startswith(w) for i in identifiers for w in wanted)
        for kind, starts in SPEAKS_FOR.items():
            mine = [i for i in identifiers if any(i.startswith(start.split("{")[0]) for start in starts)]
            wanted = [s.format(key=t["scope"]["key"]) for t in truths if t["kind"] == kind for s in starts]
            all_of_kind[kind] += len(mine)
            for i in mine:
                is_planted = any(i.startswith(w) for w in wanted)
                is_true = not is_planted and hidden.agrees(kind, i)
                right[kind] += is_planted
                otherwise[kind] += is_true
                if not is_planted:
                    print(f"    {'true ' if is_true else 'FALSE'} {i}: {hidden.explain(kind, i)}", flush=True)
    print(f"{'truth':24}{'planted':>9}{'found':>7}{'recall':>8}{'findings':>10}{'planted':>9}{'true':>6}{'false':>7}{'precision':>11}")
    for kind in (*SPEAKS_FOR, "all"):
        kinds = list(SPEAKS_FOR) if kind == "all" else [kind]
        p, f, n, r, o = (sum(table[k] for k in kinds) for table in (planted, found, all_of_kind, right, otherwise))
        print(f"{kind:24}{p:9d}{f:7d}{f / max(p, 1):8.2f}{n:10d}{r:9d}{o:6d}{n - r - o:7d}{(r + o) / max(n, 1):11.2f}")


class Hidden:
    """What the simulation of one seed knows and the extracts do not show: when each trial ends, each site's true rate, true costs."""

    def __init__(self, options: DemoOptions) -> None:
        from quarterdeck.demo.participants import simulate_participants
        from quarterdeck.demo.portfolio import simulate_world

        self.options = options
        self.world = simulate_world(options)
        self.sites = {sites.study.id: sites for sites in self.world.sites}
        self.people = {study: simulate_participants(options, sites) for study, sites in self.sites.items()}

    def agrees(self, kind: str, finding: str) -> bool:
        """Whether an unplanned finding is true all the same: the words of the detector, asked of the hidden truth."""
        key = finding.split("/", 2)[2]
        if kind == "failing_trial":
            return self.days_late(key) >= LATE_DAYS
        if kind == "trial_ahead":
            return self.days_late(key) <= -EARLY_DAYS
        if kind == "under_reporting_site":
            return self.rate_of_site(key) <= FEWER
        if kind == "budget_breach":
            return self.sites[key].study.cost_factor >= 1.05
        return False

    def explain(self, kind: str, finding: str) -> str:
        """The hidden truth in words."""
        key = finding.split("/", 2)[2]
        if kind in ("failing_trial", "trial_ahead"):
            return f"ends {self.days_late(key):+.0f} days from its plan"
        if kind == "under_reporting_site":
            return f"its true rate of events is {self.rate_of_site(key):.2f} of the other sites'"
        if kind == "budget_breach":
            return f"truly costs {self.sites[key].study.cost_factor:.2f} of its budget"
        return "nothing of the kind was planted"

    def days_late(self, study: str) -> float:
        """Days between the planned and the true last participant; beyond the simulated year at the hidden rates of the sites."""
        people, plan = self.people[study], self.sites[study].study
        last = np.datetime64(people.last_in, "D")
        missing = plan.n_participants - int(people.is_enrolled.sum())
        if missing > 0:
            sites = self.sites[study]
            is_open = ~np.isnat(sites.active)
            age = (last - sites.active[is_open]).astype(float)
            rates = sites.daily_rate[is_open] * np.exp(-np.maximum(age, 0) / AGEING_DAYS)
            days = np.arange(0, 3650)
            come = np.cumsum([float((rates * np.exp(-day / AGEING_DAYS) * (age + day >= 0)).sum()) for day in days])
            last = last + np.timedelta64(int(np.searchsorted(come, missing)), "D")
        planned = np.datetime64(plan.first_visit, "D") + np.timedelta64(plan.recruitment_days, "D")
        return float((last - planned).astype(int))

    def rate_of_site(self, key: str) -> float:
        """A site's hidden rate of adverse events relative to the mean of its trial's."""
        study, site = key.split("/")
        sites = self.sites[study]
        rates = draw_site_rates(self.options, sites, self.world.plants)
        return float(rates[list(sites.id).index(site)] / rates.mean())


def _seeds(seeds: range, scale: float) -> Iterator[tuple[DemoOptions, list[dict[str, dict[str, str]]], list[str]]]:
    from quarterdeck.evidence.store import Store
    from quarterdeck.risks.findings import findings
    from quarterdeck.vocabulary.verdict import Verdict

    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            out, options = Path(folder), DemoOptions(seed=seed, snapshots=1, scale=scale)
            store = Store(out / "home" / "evidence")
            make_demo(options, out, store)
            truths = json.loads((out / "truth.json").read_text(encoding="utf-8"))["truths"]
            ids = [f.id for f in findings(store.open()) if f.verdict is Verdict.CONCERN or f.opportunity]
            missed = [
                f"{t['kind']} {t['scope']['key']}"
                for t in truths
                if not any(i.startswith(s.format(key=t["scope"]["key"])) for i in ids for s in SPEAKS_FOR[t["kind"]])
            ]
            print(
                f"  seed {seed}: {len(truths) - len(missed)} of {len(truths)} found{', missed: ' + ', '.join(missed) if missed else ''}",
                flush=True,
            )
            yield options, truths, ids


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detectors", action="store_true", help="only the detectors against planted truths")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--replicates", type=int, default=300)
    chosen = parser.parse_args()
    if chosen.detectors:
        measure_detectors(chosen.seeds, chosen.first)
    else:
        main(chosen.replicates, chosen.seeds)
