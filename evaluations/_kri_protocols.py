"""Protocols A and B for reporting indicators: studies with known alterations, on which detectors are measured."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CHANGES = (-1.0, -0.75, -0.5, -0.25, 0.25, 0.5, 0.75, 1.0)
ALTERED_SITES = 6


@dataclass(frozen=True, slots=True)
class Study:
    """Rows of patient visits (site, patient, visit from 0, events at that visit) and which sites were altered."""

    site: NDArray[np.int64]
    patient: NDArray[np.int64]
    visit: NDArray[np.int64]
    step: NDArray[np.int64]
    altered: NDArray[np.int64]

    @property
    def n_sites(self) -> int:
        return int(self.site.max()) + 1

    def cumulative(self) -> NDArray[np.float64]:
        """Cumulative count at each row; rows are sorted by patient and visit."""
        total = np.cumsum(self.step)
        first = np.r_[0, np.flatnonzero(np.diff(self.patient)) + 1]
        before = np.r_[0, total[first[1:] - 1]]
        return (total - np.repeat(before, np.diff(np.r_[first, len(total)]))).astype(float)


def read_clindata(folder: Path) -> Study:
    """The public trial: 1,301 patients of 176 sites."""
    with gzip.open(folder / "kri" / "clindata_cumcount.csv.gz", "rt", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    sites = {name: i for i, name in enumerate(sorted({row["site_id"] for row in rows}))}
    patients = {name: i for i, name in enumerate(sorted({row["patient_id"] for row in rows}))}
    table = np.array([(patients[r["patient_id"]], int(r["visit"]) - 1, sites[r["site_id"]], int(r["n_event"])) for r in rows])
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    first = np.r_[True, table[1:, 0] != table[:-1, 0]]
    step = np.where(first, table[:, 3], table[:, 3] - np.r_[0, table[:-1, 3]])
    return Study(table[:, 2], table[:, 0], table[:, 1], step, np.array([], dtype=int))


def permute(study: Study, rng: np.random.Generator) -> Study:
    """Protocol A: the same patients dealt anew over the same site sizes."""
    owner = study.site[np.r_[True, np.diff(study.patient) > 0]]
    return Study(rng.permutation(owner)[study.patient], study.patient, study.visit, study.step, study.altered)


def simulate(rng: np.random.Generator) -> Study:
    """Protocol B: 30 to 180 sites, falling event rate, patients that differ, staggered entry, 15 % drop-out."""
    sizes = np.maximum(np.round(rng.lognormal(1.3, 0.9, rng.integers(30, 181))), 1).astype(int)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    n = len(owner)
    reached = 30 - np.floor(rng.uniform(0, 24, n)).astype(int)
    dropped = rng.uniform(size=n) < 0.15
    reached = np.where(dropped, np.ceil(rng.uniform(size=n) * reached).astype(int), reached).clip(1, 30)
    rate = rng.choice([0.1, 0.3, 0.8]) * (0.35 + 2.2 * np.exp(-np.arange(30) / 5))
    patient = np.repeat(np.arange(n), reached)
    visit = np.concatenate([np.arange(r) for r in reached])
    step = rng.poisson(rate[visit] * rng.gamma(2, 0.5, n)[patient])
    return Study(owner[patient], patient, visit, step, np.array([], dtype=int))


def alter(study: Study, change: float, rng: np.random.Generator) -> Study:
    """Up to six sites lose (or double) each of their events with probability |change|."""
    chosen = rng.choice(study.n_sites, min(ALTERED_SITES, study.n_sites // 5), replace=False)
    touched = np.isin(study.site, chosen)
    moved = rng.binomial(study.step, abs(change))
    step = np.where(touched, study.step + np.sign(change).astype(int) * moved, study.step)
    return Study(study.site, study.patient, study.visit, step, chosen)


Scorer = Callable[[Study], NDArray[np.float64]]


def draw(protocol: str, base: Study | None, n: int, seed: int) -> Iterator[tuple[Study, np.random.Generator]]:
    """`n` fresh unaltered studies with the generator that goes on with them."""
    for block in range(n):
        rng = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, block])))
        yield (permute(base, rng) if protocol == "A" and base is not None else simulate(rng)), rng


@dataclass(frozen=True, slots=True)
class Detection:
    """Threshold of |score| at 1 % false positives, true-positive rate by change, and false positives at the nominal 1 % by side."""

    threshold: float
    by_change: dict[float, float]
    nominal_low: float
    nominal_high: float

    @property
    def mean(self) -> float:
        return float(np.mean(list(self.by_change.values())))


def measure(protocol: str, scorers: dict[str, Scorer], base: Study | None, n_null: int, n_altered: int, seed: int) -> dict[str, Detection]:
    """All scorers on the same studies."""
    null: dict[str, list[NDArray[np.float64]]] = {name: [] for name in scorers}
    for study, _ in draw(protocol, base, n_null, seed):
        for name, scorer in scorers.items():
            null[name].append(scorer(study))
    hits: dict[str, dict[float, list[NDArray[np.float64]]]] = {name: {c: [] for c in CHANGES} for name in scorers}
    for i, change in enumerate(CHANGES):
        for study, rng in draw(protocol, base, n_altered, seed + 1000 + i):
            changed = alter(study, change, rng)
            for name, scorer in scorers.items():
                hits[name][change].append(np.sign(change) * scorer(changed)[changed.altered])
    result = {}
    for name in scorers:
        z = np.concatenate(null[name])
        z = z[~np.isnan(z)]
        threshold = float(np.quantile(np.abs(z), 0.99))
        rates = {c: float(np.mean(np.nan_to_num(np.concatenate(hits[name][c]), nan=-9) > threshold)) for c in CHANGES}
        result[name] = Detection(threshold, rates, float(np.mean(z < -2.5758)), float(np.mean(z > 2.5758)))
    return result
