"""Priorities as a product of visible numbers, and the time to competency as percentiles over draws."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from quarterdeck.development.discover.assess import Assessment
from quarterdeck.development.roles.model import Competency, RoleModel
from quarterdeck.methods.assessment import draws, expected_gap

# Hours from one level to the next: an assumption to be edited, not a measurement.
HOURS = (2.0, 4.0, 8.0, 14.0, 24.0)
PACE_SHAPE, PACE_RATE = 4.0, 4.0  # the personal factor on hours ~ Gamma(4, 4), mean 1
KPI_BONUS = 0.25
CYCLE_WEEKS = 12
OCCASIONS = 2
DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Priority:
    """The product and its parts: weight × expected gap × (1 + .25 per linked KPI off target)."""

    competency: str
    weight: float
    gap: float
    kpis_off: tuple[str, ...]

    @property
    def value(self) -> float:
        """The product."""
        return self.weight * self.gap * (1 + KPI_BONUS * len(self.kpis_off))


@dataclass(frozen=True, slots=True)
class TimeToCompetency:
    """Weeks to the target at the planned hours: 20th, 50th, 80th percentile; None means more than three years."""

    competency: str
    p20: float | None
    p50: float | None
    p80: float | None
    hours: float
    bound_by: str


def rank(assessment: Assessment, kpis_off: Collection[str] = (), target: str = "") -> list[Priority]:
    """All priorities, largest first. `target` picks a stage (q, m6, m12) for competencies that have stages."""
    role = assessment.role
    found = []
    for at, competency in enumerate(role.competencies):
        goal = competency.stages.get(target, competency.target)
        gap = expected_gap(goal, float(assessment.belief.mean[at]), assessment.belief.sd(at))
        off = tuple(k for k in competency.kpi if k in kpis_off)
        found.append(Priority(competency.id, role.group_of(competency.id).weight, gap, off))
    return sorted(found, key=lambda p: (-p.value, p.competency))


def hours_between(level: float, target: float) -> float:
    """Planned hours from a level to a target, straight within a level.

    >>> hours_between(3, 4)
    14.0
    """
    total = 0.0
    for n, hours in enumerate(HOURS):
        total += hours * max(0.0, min(target, n + 1) - max(level, n))
    return total


def learn_pace(planned: float, actual: float, cycles: int = 1) -> tuple[float, float]:
    """The personal factor after experience: shape and rate of its Gamma distribution. Two cycles weigh as much as the prior half."""
    if planned <= 0:
        return PACE_SHAPE, PACE_RATE
    return PACE_SHAPE + 2 * cycles * actual / planned, PACE_RATE + 2 * cycles


def time_to_competency(
    assessment: Assessment, competency: Competency, hours_per_week: float, seed: int, pace: tuple[float, float] = (PACE_SHAPE, PACE_RATE)
) -> TimeToCompetency:
    """Percentiles of the weeks to the target: hours at this pace, not faster than one level per cycle, and not before the occasions come."""
    at = assessment.place(competency.id)
    levels = draws(assessment.belief, DRAWS, seed)[:, at]
    rng = np.random.Generator(np.random.Philox(seed + 1))
    factor = rng.gamma(pace[0], 1 / pace[1], DRAWS)
    hours = np.array([hours_between(float(level), competency.target) for level in levels]) * factor
    gap = np.maximum(0.0, competency.target - levels)
    by_hours = hours / max(hours_per_week, 1e-9)
    by_cycle = CYCLE_WEEKS * gap
    by_occasion = rng.gamma(OCCASIONS, 1.0, DRAWS) / max(opportunities(assessment.role, competency), 1e-9) * 52 * (gap > 0.25)
    weeks = np.maximum(np.maximum(by_hours, by_cycle), by_occasion)
    names = ("hours", "one level per cycle", "occasions at work")
    strongest = names[int(np.argmax([by_hours.mean(), by_cycle.mean(), by_occasion.mean()]))]
    p20, p50, p80 = (float(w) if w <= 156 else None for w in np.quantile(weeks, [0.2, 0.5, 0.8]))
    return TimeToCompetency(competency.id, p20, p50, p80, float(hours.mean()), strongest)


def opportunities(role: RoleModel, competency: Competency) -> float:
    """Occasions a year at which real work could show the competency."""
    rates = {job.id: job.per_year for job in role.jobs}
    return sum(rates.get(job, 0.0) for job in competency.jobs)
