"""What a trial's design alone says: how long it will take, how far its plan will slip, and whether it will be stopped.

Models on the log of time (a third linear, two thirds small trees), fitted to registered trials with censoring handled; intervals are conformal, from trials of
sponsors that the model had not seen. Only coefficients are shipped (design_model.json); scripts/fit_design_model.py makes them.
Source of the facts: ClinicalTrials.gov, U.S. National Library of Medicine, modified.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from quarterdeck.vocabulary.errors import BadInput

MODEL = Path(__file__).parent / "design_model.json"
LATEST_YEAR = 2017.0  # of later starts only quick endings were known when the risk of being stopped was fitted
LINEAR_SHARE = 0.33  # the rest is a small boosted ensemble, also shipped as numbers
PHASES = ("1", "1/2", "2", "2/3", "3", "4", "NA")
SPONSORS = ("INDUSTRY", "OTHER", "GOV", "NETWORK", "")
AREAS = (
    "Oncology",
    "Neurology",
    "COVID-19",
    "Metabolic & endocrine",
    "Cardiovascular",
    "Psychiatry & substance use",
    "Infectious disease & vaccines",
    "Immunology & rheumatology",
    "Respiratory & allergy",
    "Nephrology & urology",
    "Musculoskeletal, pain & surgery",
)
KNOTS = {"enrol": (20.0, 40.0, 80.0, 200.0, 500.0, 1500.0), "n_sites": (2.0, 5.0, 15.0, 50.0, 150.0), "crit_len": (600.0, 1500.0, 3500.0)}
TYPES = ("DRUG", "BIOLOGICAL", "DEVICE", "PROCEDURE", "RADIATION", "BEHAVIORAL", "DIETARY_SUPPLEMENT", "GENETIC", "DIAGNOSTIC", "OTHER")
WORDS = (
    ("vaccine", ("vaccin",)),
    (
        "pharmacokinetics",
        ("pharmacokinetic", "bioequivalence", "bioavailability", "food effect", "drug-drug", "interaction", "mass balance"),
    ),
    ("extension", ("extension", "long-term", "long term", "open-label", "rollover", "follow-up")),
    ("survival", ("survival", "adjuvant", "maintenance", "metastatic", "advanced")),
    ("transplant", ("transplant", "leukemia", "lymphoma", "myeloma", "stem cell")),
    ("children", ("pediatric", "paediatric", "children", "infant", "adolescen")),
    ("surgery", ("surg", "anesth", "postoperative", "perioperative", "block")),
    ("acute", ("acute", "emergency", "septic", "intensive care", "covid", "influenza")),
    ("pilot", ("pilot", "feasibility")),
    ("rare", ("rare", "dystrophy", "hemophilia", "sclerosis", "cystic fibrosis")),
)


@dataclass(frozen=True, slots=True)
class Design:
    """A design as registries describe it. None or empty = not known, which the model takes as such."""

    phase: str = "NA"
    area: str = ""
    sponsor_class: str = ""
    participants: float | None = None
    sites: float | None = None
    countries: float | None = None
    arms: float | None = None
    eligibility_length: float | None = None
    primary_outcomes: float | None = None
    secondary_outcomes: float | None = None
    randomised: bool | None = None
    masked: bool | None = None
    single_group: bool | None = None
    crossover: bool | None = None
    healthy: bool | None = None
    intervention_types: tuple[str, ...] = ()
    title: str = ""
    start_year: float | None = None


@dataclass(frozen=True, slots=True)
class DesignForecast:
    """Days from start to primary completion with its 80 % interval; slip of a plan if one was given; risk of being stopped."""

    duration: float
    duration_low: float
    duration_high: float
    slip: float | None
    slip_low: float | None
    slip_high: float | None
    termination_risk: float
    reasons: tuple[tuple[str, float], ...]  # what lengthens (+) or shortens (-) this trial most, as a factor on duration less 1


def forecast_design(design: Design, planned_days: float | None = None) -> DesignForecast:
    """The forecast of a design; with its planned duration also its slip. Raises BadInput for a figure that cannot be."""
    for name in ("participants", "sites", "countries", "arms"):
        value = getattr(design, name)
        if value is not None and not (np.isfinite(value) and value >= 0):
            raise BadInput("A design needs figures that are not negative", thing=f"{name} = {value}")
    if planned_days is not None and not (np.isfinite(planned_days) and planned_days > 0):
        raise BadInput("A planned duration must be longer than nothing", thing=str(planned_days))
    model, x = load_model(), describe(design)
    log_days = _predict(model["duration"], x)
    low, high = model["duration"]["offsets"]
    slip: tuple[float | None, float | None, float | None] = (None, None, None)
    if planned_days:
        slip = _slip(model["slip"], x, planned_days)
    # Fitted without participants: of a stopped trial the registry knows only the actual number, which is not its design.
    blind = describe(replace(design, participants=None, start_year=min(design.start_year or 2015.0, LATEST_YEAR)))
    risk = float(1 / (1 + np.exp(-_predict(model["termination"], blind))))
    days = [float(np.exp(log_days + offset)) for offset in (0.0, low, high)]
    return DesignForecast(days[0], days[1], days[2], slip[0], slip[1], slip[2], risk, _reasons(model["duration"], x))


def describe(design: Design) -> dict[str, float]:
    """The features of a design by name. Numbers bend at knots; what is unknown has its own indicator."""
    x: dict[str, float] = {}
    for name, value in (("enrol", design.participants), ("n_sites", design.sites), ("crit_len", design.eligibility_length)):
        x |= _bent(name, value)
    for name, value in (
        ("n_countries", design.countries),
        ("n_arms", design.arms),
        ("n_prim", design.primary_outcomes),
        ("n_sec", design.secondary_outcomes),
    ):
        x[f"{name} unknown"] = float(value is None)
        x[name] = 0.0 if value is None else float(np.log1p(min(value, 200.0)))
    for name, flag in (
        ("randomised", design.randomised),
        ("masked", design.masked),
        ("single group", design.single_group),
        ("crossover", design.crossover),
        ("healthy", design.healthy),
    ):
        x[f"{name} unknown"], x[name] = float(flag is None), float(flag is True)
    x |= {f"phase {p}": float(design.phase == p) for p in PHASES} | {f"area {a}": float(design.area == a) for a in AREAS}
    x |= {f"sponsor {s or 'unknown'}": float(design.sponsor_class == s) for s in SPONSORS}
    x |= {f"type {t}": float(t in design.intervention_types) for t in TYPES} | {"type unknown": float(not design.intervention_types)}
    title = design.title.lower()
    x |= {f"word {name}": float(any(w in title for w in words)) for name, words in WORDS}
    year = 2015.0 if design.start_year is None else float(np.clip(design.start_year, 1999, 2026))
    x["year"] = (year - 2015) / 10
    return x | _crossed(x, design)


def _crossed(x: dict[str, float], design: Design) -> dict[str, float]:
    """Size and phase, area or sponsor together: a large early trial is another thing than a large late one."""
    size = float(np.log1p(design.participants)) - 4.5 if design.participants is not None else 0.0
    found = {f"size x phase {p}": size * x[f"phase {p}"] for p in PHASES}
    found |= {f"size x area {a}": size * x[f"area {a}"] for a in AREAS}
    found |= {f"industry x phase {p}": x["sponsor INDUSTRY"] * x[f"phase {p}"] for p in PHASES}
    found |= {f"oncology x phase {p}": x["area Oncology"] * x[f"phase {p}"] for p in PHASES}
    found |= {"industry x size": x["sponsor INDUSTRY"] * size, "healthy x size": x["healthy"] * size}
    found |= {"industry x oncology": x["sponsor INDUSTRY"] * x["area Oncology"], "year x oncology": x["year"] * x["area Oncology"]}
    sites = 0.0 if design.sites is None else float(np.log1p(design.sites))
    found["size x sites"] = size * sites
    found["participants per site"] = size + 4.5 - sites if design.participants is not None and design.sites is not None else 0.0
    return found


@cache
def load_model() -> dict[str, Any]:
    """The shipped coefficients."""
    found: dict[str, Any] = json.loads(MODEL.read_text(encoding="utf-8"))
    return found


def _bent(name: str, value: float | None) -> dict[str, float]:
    known = value is not None
    log = float(np.log1p(min(max(value, 0.0), 1e6))) if value is not None else 0.0
    found = {f"{name} unknown": float(not known), name: log}
    for knot in KNOTS[name]:
        found[f"{name} over {knot:g}"] = max(0.0, log - float(np.log1p(knot))) if known else 0.0
    return found


def _predict(model: dict[str, Any], x: dict[str, float]) -> float:
    coefficients: dict[str, float] = model["coefficients"]
    linear = float(model["intercept"] + sum(weight * x.get(name, 0.0) for name, weight in coefficients.items()))
    return LINEAR_SHARE * linear + (1 - LINEAR_SHARE) * _walk_trees(model["boosted"], x) if "boosted" in model else linear


def _walk_trees(model: dict[str, Any], x: dict[str, float]) -> float:
    """Sum over small trees; a node is [feature, threshold, left, right, value], a leaf has feature -1."""
    values = [x.get(name, 0.0) for name in model["features"]]
    total = float(model["baseline"])
    for tree in model["trees"]:
        node = tree[0]
        while node[0] >= 0:
            node = tree[node[2] if values[node[0]] <= node[1] else node[3]]
        total += node[4]
    return total


def _slip(model: dict[str, Any], x: dict[str, float], planned: float) -> tuple[float, float, float]:
    """Days between plan and fact: log of actual over planned duration, from the design and the length of the plan."""
    log_ratio = _predict(model, x | {"log planned": float(np.log(planned / 365.25))})
    low, high = model["offsets"]
    middle, *ends = (float(planned * (np.exp(log_ratio + offset) - 1)) for offset in (float(np.log(model["mean_factor"])), low, high))
    return middle, ends[0], ends[1]


def _reasons(model: dict[str, Any], x: dict[str, float]) -> tuple[tuple[str, float], ...]:
    means: dict[str, float] = model["means"]
    parts = [(name, float(np.expm1(weight * (x.get(name, 0.0) - means.get(name, 0.0))))) for name, weight in model["coefficients"].items()]
    strong = [(name, effect) for name, effect in parts if abs(effect) > 0.05 and not name.endswith("unknown")]
    return tuple(sorted(strong, key=lambda pair: -abs(pair[1]))[:6])
