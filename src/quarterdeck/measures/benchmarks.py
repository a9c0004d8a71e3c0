"""The benchmark library: public figures with year, population, definition, source, grade and status. What is superseded cannot be cited."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from quarterdeck.data_files import read_yaml
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput, NotFound, NotPermitted

FOLDER = Path(__file__).parent / "library"
GRADES = ("A", "B", "C", "D")
STATUSES = ("current", "old", "contested", "superseded", "unverified")
REGISTRY_PUBLISHER = "ClinicalTrials.gov, U.S. National Library of Medicine (records as downloaded 2014 to 2026, modified; no endorsement)"
REGISTRY_DEFINITION = (
    "Quantiles over completed trials of phases 1 to 4 started from 2000, drawn by sponsor from thematic downloads: "
    "a sample of convenience, to be quoted by phase and area with its n, never pooled"
)
REGISTRY_NAMES = {
    "duration_over_plan_academic": "Duration over first planned duration, academic trials",
    "duration_over_plan_pandemic": "Duration over first planned duration, COVID-19 trials",
    "duration_to_primary_completion": "Start to primary completion",
    "duration_to_study_completion": "Start to study completion",
    "enrolment_per_site_and_month_lower_bound": "Participants per site and month, a lower bound",
    "participants_per_site": "Participants per site",
    "participants_per_trial": "Participants per trial",
    "registration_to_start": "Registration to start",
    "share_stopped_early": "Ended trials that were terminated or withdrawn",
    "sites_per_trial": "Sites per trial",
}


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One figure. `value` is as published; `figures` holds its numbers (shares as 0..1), `quantiles` those of a distribution.

    `grade`: A primary source with method, B primary without or reliable secondary, C an interested party's claim or a thin
    secondary source, D folklore. `definition` says what exactly was counted, as far as the source does.
    """

    id: str
    area: str
    name: str
    value: str
    unit: str
    population: str
    period: str
    publisher: str
    grade: str
    status: str
    url: str = ""
    n: int | None = None
    definition: str = ""
    note: str = ""
    superseded_by: str = ""
    is_vendor_claim: bool = False
    figures: tuple[float, ...] = ()
    conflicts_with: tuple[str, ...] = ()
    quantiles: Mapping[str, float] | None = None

    @property
    def is_citable(self) -> bool:
        """Whether a paper may use it."""
        return self.grade != "D" and self.status not in ("superseded", "unverified")

    @property
    def citation(self) -> str:
        """Publisher, period, population and standing in one line."""
        claim = ", a vendor's own claim" if self.is_vendor_claim else ""
        return f"{self.publisher}, {self.period}; {self.population} (grade {self.grade}, {self.status}{claim})"


@cache
def load_benchmarks() -> Mapping[str, Benchmark]:
    """All benchmarks by id: the published ones, then the registry's quantiles. Raises BadInput for an unknown key or value."""
    published = read_yaml(FOLDER / "published.yaml")
    found = {name: build_benchmark(name, entry) for name, entry in published.items()}
    with (FOLDER / "registry.csv").open(encoding="utf-8", newline="") as file:
        registry = [_build_quantiles(row) for row in csv.DictReader(file)]
    return found | {entry.id: entry for entry in registry}


def build_benchmark(name: str, entry: Mapping[str, Any], file: str = "published.yaml") -> Benchmark:
    """A benchmark from its entry. Raises BadInput naming file, key and allowed values."""
    allowed = [field.name for field in fields(Benchmark) if field.name not in ("id", "quantiles")]
    if unknown := sorted(set(entry) - set(allowed)):
        raise BadInput("Unknown key in a benchmark", thing=f"{', '.join(unknown)} of {name} in {file}", allowed=allowed)
    for key, choices in (("grade", GRADES), ("status", STATUSES)):
        if entry.get(key) not in choices:
            raise BadInput(
                "A benchmark holds a value that cannot be used", thing=f"{name}.{key} = {entry.get(key)!r} in {file}", allowed=choices
            )
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    try:
        return Benchmark(id=name, **values)
    except TypeError as error:
        raise BadInput("A benchmark lacks a key", thing=f"{name} in {file}: {error}") from error


def cite(benchmark_id: str) -> Benchmark:
    """A benchmark for use in a paper. Raises NotFound, or NotPermitted where it is superseded, unverified or folklore."""
    library = load_benchmarks()
    if benchmark_id not in library:
        raise NotFound("Unknown benchmark", thing=benchmark_id, next_step="List them with: quarterdeck benchmarks")
    found = library[benchmark_id]
    if not found.is_citable:
        instead = found.superseded_by or ", ".join(found.conflicts_with)
        raise NotPermitted(
            "This benchmark cannot be cited",
            thing=f"{benchmark_id} is {found.status}, grade {found.grade}. {found.note}".strip(),
            next_step=f"See {instead}." if instead else "",
        )
    return found


def find_registry(measure: str, phase: str, area: str = "", sponsor_class: str = "") -> Benchmark | None:
    """The registry's quantiles of a measure for a phase (as P1, P1/P2, P2, ...) and area, else for the phase alone."""
    library = load_benchmarks()
    return library.get(_name_quantiles(measure, phase, area, sponsor_class)) or library.get(
        _name_quantiles(measure, phase, "", sponsor_class)
    )


def _name_quantiles(measure: str, phase: str, area: str, sponsor_class: str) -> str:
    phase = "/".join(f"P{part}" for part in phase.replace("P", "").split("/"))
    return ":".join(part for part in ("registry", measure, phase, area, sponsor_class) if part)


def _build_quantiles(row: Mapping[str, str]) -> Benchmark:
    quantiles = {name: float(row[name]) for name in ("p10", "p25", "p50", "p75", "p90", "mean") if row[name]}
    if "p50" in quantiles:
        ends = (wording.number(quantiles[name]) for name in ("p50", "p25", "p75"))
        value = "{}, quartiles {} and {}".format(*ends)
    else:
        value = wording.share(quantiles["mean"])
    group = " ".join(part for part in (f"phase {row['phase']}", row["area"].lower(), row["sponsor_class"].lower()) if part)
    return Benchmark(
        id=_name_quantiles(row["measure"], row["phase"], row["area"], row["sponsor_class"]),
        area="registry",
        name=f"{REGISTRY_NAMES[row['measure']]}, {group}",
        value=value,
        unit=row["unit"],
        population=f"{row['n']} trials of {group}",
        period="2000 to 2026",
        publisher=REGISTRY_PUBLISHER,
        grade="B",
        status="current",
        n=int(row["n"]),
        definition=REGISTRY_DEFINITION,
        quantiles=quantiles,
    )
