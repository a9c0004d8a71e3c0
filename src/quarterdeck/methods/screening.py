"""The screening funnel: from a screening rate and a success share to the day of the last randomisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Funnel:
    """What is known at the cut-off. `in_screening` participants are decided within `screening_days`."""

    completed: int
    randomised: int
    failures: int
    in_screening: int
    screening_days: float
    observation_days: float
    target: int


@dataclass(frozen=True, slots=True)
class FunnelDraws:
    """Replicates (R,): days until the last randomisation, and screens still needed."""

    completion: Array
    screens_needed: Array


def mean_success(funnel: Funnel) -> float:
    """Posterior mean of the share of screened participants who are randomised (uniform prior)."""
    return (1 + funnel.randomised) / (2 + funnel.randomised + funnel.failures)


def mean_screens_needed(funnel: Funnel) -> float:
    """E[need / p] in closed form where need cannot reach zero, as E[1/p] (target - randomised) - in screening."""
    a, b = 1 + funnel.randomised, 1 + funnel.failures
    return (a + b - 1) / (a - 1) * (funnel.target - funnel.randomised) - funnel.in_screening


def draw_funnel(funnel: Funnel, rng: np.random.Generator, replicates: int) -> FunnelDraws:
    """Rate ~ Gamma(screened, days), p ~ Beta(1 + randomised, 1 + failures), those in screening ~ Binomial(., p)."""
    rate = rng.gamma(funnel.completed + funnel.in_screening, 1 / funnel.observation_days, replicates)
    p = rng.beta(1 + funnel.randomised, 1 + funnel.failures, replicates)
    need = np.maximum(0, funnel.target - funnel.randomised - rng.binomial(funnel.in_screening, p))
    wait = rng.gamma(np.maximum(need, 1)) / (rate * p) * (need > 0)
    return FunnelDraws(wait + funnel.screening_days, need / p)
