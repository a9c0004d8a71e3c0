"""The trials of the demo: design, plan, and the hidden truth that the extracts will slowly reveal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from quarterdeck.demo.options import DemoOptions
from quarterdeck.demo.places import AREAS, COUNTRIES, CROS, PRODUCTS, Area

LOCK_DAYS = 45
# Per phase: median sites, median participants, planned days to first visit, of recruitment, of treatment, visits, pounds a participant.
PHASES = {
    "P1": (4, 40, 110, 240, 60, 7, 24_000),
    "P2": (22, 270, 150, 400, 170, 9, 18_500),
    "P3": (52, 860, 170, 560, 280, 11, 12_500),
    "P4": (28, 560, 140, 430, 170, 8, 5_500),
}
EVENT_SHAPE, EVENT_SCALE_DAYS = 1.15, 460.0  # Weibull law of the time to progression or death
PHASE_CYCLE = ("P3", "P2", "P3", "P2", "P1", "P3", "P3", "P2", "P4", "P3", "P2", "P3")
FAILING, BREACHING, AHEAD = 6, 11, 3  # positions of the planted trials: QD-007, QD-012, QD-004


@dataclass(frozen=True, slots=True)
class Study:
    """One trial. Dates are the plan; `rate_factor` (true over planned recruitment) and `cost_factor` are hidden truth."""

    id: str
    index: int
    phase: str
    area: Area
    indication: str
    product: str
    delivery_model: str
    dct_level: str
    vendor_id: str
    n_sites: int
    n_participants: int
    approved: date
    first_visit: date
    recruitment_days: int
    treatment_days: int
    n_visits: int
    rate_factor: float
    cost_factor: float
    budget: float  # pounds, whole trial
    countries: tuple[str, ...]
    target_events: int = 0  # of an event-driven trial

    @property
    def last_participant_in(self) -> date:
        """Planned end of recruitment."""
        return self.first_visit + timedelta(days=self.recruitment_days)

    @property
    def last_visit(self) -> date:
        """Planned last visit of the last participant."""
        return self.last_participant_in + timedelta(days=self.treatment_days)

    @property
    def lock(self) -> date:
        """Planned database lock."""
        return self.last_visit + timedelta(days=LOCK_DAYS)

    @property
    def number(self) -> int:
        """1, 2, 3 as in the identifier."""
        return self.index + 1


def simulate_studies(options: DemoOptions) -> list[Study]:
    """The trials, oldest approval denser in the last years, with the planted ones set at fixed positions."""
    rng = options.stream("studies")
    ages = (0.25 + 4.7 * np.linspace(0, 1, options.trials) ** 1.35)[rng.permutation(options.trials)]
    studies = [_simulate_study(options, index, float(ages[index])) for index in range(options.trials)]
    return [_drive_by_events(options, _plant(options, study)) for study in studies]


def _simulate_study(options: DemoOptions, index: int, age_years: float) -> Study:
    rng = options.stream("study", index)
    phase = PHASE_CYCLE[index % len(PHASE_CYCLE)]
    sites, participants, startup, recruitment, treatment, visits, price = PHASES[phase]
    area = AREAS[int(rng.integers(len(AREAS)))]
    n_sites = max(3, round(sites * rng.lognormal(0, 0.25)))
    n_participants = max(18, round(participants * rng.lognormal(0, 0.25) * options.scale))
    n_countries = min(len(COUNTRIES), max(1, round(n_sites / 5)))
    weights = np.array([country.weight for country in COUNTRIES])
    picked = rng.choice(len(COUNTRIES), n_countries, replace=False, p=weights / weights.sum())
    approved = options.today - timedelta(days=round(365.25 * age_years))
    return Study(
        id=f"QD-{index + 1:03d}",
        index=index,
        phase=phase,
        area=area,
        indication=area.indications[int(rng.integers(len(area.indications)))],
        product=PRODUCTS[int(rng.integers(len(PRODUCTS)))],
        delivery_model=str(rng.choice(["full_outsource", "hybrid", "fsp"], p=[0.6, 0.25, 0.15])),
        dct_level=str(rng.choice(["none", "hybrid"], p=[0.7, 0.3])),
        vendor_id=CROS[int(rng.integers(len(CROS)))].id,
        n_sites=n_sites,
        n_participants=n_participants,
        approved=approved,
        first_visit=approved + timedelta(days=round(startup * rng.lognormal(0, 0.1))),
        recruitment_days=round(recruitment * rng.lognormal(0, 0.12)),
        treatment_days=round(treatment * rng.lognormal(0, 0.1)),
        n_visits=visits,
        rate_factor=float(rng.lognormal(-0.03, 0.16)),  # most trials recruit a little slower than planned, as site ageing adds
        cost_factor=float(rng.lognormal(0.0, 0.045)),
        budget=float(n_participants / options.scale * price * rng.lognormal(0.1, 0.15)),
        countries=tuple(sorted(COUNTRIES[i].code for i in picked)),
    )


def _plant(options: DemoOptions, study: Study) -> Study:
    """The trials whose story is known beforehand; they must be recruiting today whatever the seed."""
    if study.index == FAILING:
        return _recruiting(options, replace(study, rate_factor=0.38, vendor_id="V03"), started_months_ago=14)
    if study.index == BREACHING:
        return _recruiting(options, replace(study, cost_factor=1.22, rate_factor=0.95, vendor_id="V02"), started_months_ago=11)
    if study.index == AHEAD:
        return _recruiting(options, replace(study, rate_factor=1.65, cost_factor=0.97, vendor_id="V01"), started_months_ago=9)
    if study.index % 4 == 2:
        return replace(study, vendor_id="V03")  # the slipping vendor has several trials, or nothing could be said of it
    return study


def _drive_by_events(options: DemoOptions, study: Study) -> Study:
    """Late oncology trials that still run end with their events: as many as the plan expects by its last visit, a few taken off."""
    if study.area.name != "Oncology" or study.phase not in ("P3", "P4") or study.last_visit <= options.today:
        return study
    ages = study.treatment_days + (np.arange(60) + 0.5) / 60 * study.recruitment_days
    share = float((1 - np.exp(-((ages / EVENT_SCALE_DAYS) ** EVENT_SHAPE))).mean())
    return replace(study, target_events=round(0.95 * share * (1 - study.area.leaving) * study.n_participants))


def _recruiting(options: DemoOptions, study: Study, started_months_ago: int) -> Study:
    first_visit = options.today - timedelta(days=round(30.44 * started_months_ago))
    return replace(
        study, first_visit=first_visit, approved=first_visit - timedelta(days=165), recruitment_days=max(study.recruitment_days, 520)
    )
