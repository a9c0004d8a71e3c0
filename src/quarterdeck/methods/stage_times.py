"""How long a stage takes, learnt from finished and unfinished cases, and how long the rest takes when some time has already passed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_ndtr, ndtr, ndtri

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StageLaw:
    """Log-normal duration in days; `never` is the share that never finishes; `cases` finished cases behind it."""

    median: float
    spread: float
    never: float = 0.0
    cases: int = 0

    @property
    def is_prior_driven(self) -> bool:
        """Fewer than ten own cases."""
        return self.cases < 10


def fit_stage(finished: Array, unfinished: Array, prior: StageLaw, weight: float = 8.0) -> StageLaw:
    """Log-normal by censored likelihood with the prior worth `weight` cases. Durations in days, those of zero counted as half a day."""
    done, open_ = np.log(np.maximum(finished, 0.5)), np.log(np.maximum(unfinished, 0.5))
    if not len(done) and not len(open_):
        return prior
    mu0, s0 = np.log(prior.median), prior.spread

    def loss(point: Array) -> float:
        mu, log_s = point
        s = np.exp(log_s)
        likelihood = (-0.5 * ((done - mu) / s) ** 2 - log_s).sum() + log_ndtr(-(open_ - mu) / s).sum()
        belief = weight * (-0.5 * ((mu - mu0) ** 2 + s0**2) / s**2 - log_s)
        return -float(likelihood + belief)

    best = minimize(loss, np.array([mu0, np.log(s0)]), method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-8, "maxiter": 2000})
    return StageLaw(float(np.exp(best.x[0])), float(np.exp(best.x[1])), prior.never, len(done))


def remaining_time(law: StageLaw, elapsed: float, score: Array) -> Array:
    """Days still to go, given that `elapsed` days have passed without finishing (T | T > elapsed); `score` are normal scores (R,).

    >>> float(remaining_time(StageLaw(30, 0.5), 0.0, np.zeros(1))[0])
    30.0
    """
    if elapsed <= 0:
        return np.asarray(law.median * np.exp(law.spread * score))
    z = (np.log(elapsed) - np.log(law.median)) / law.spread
    survivors = ndtr(-z)
    if survivors < 1e-6:  # longer than any known case: what is left is a tenth of what has passed, and says so by its width
        return np.asarray(elapsed * 0.1 * np.exp(0.8 * score))
    conditional = -ndtri(np.clip(survivors * ndtr(-score), 1e-300, 1.0))
    return np.asarray(np.maximum(law.median * np.exp(law.spread * conditional) - elapsed, 0.0))


def gamma_as_log_normal(shape: float, scale: float) -> StageLaw:
    """The log-normal of equal mean and variance, to use published gamma figures.

    >>> round(gamma_as_log_normal(10.4, 19.9).median)
    198
    """
    spread = np.sqrt(np.log1p(1 / shape))
    return StageLaw(float(shape * scale * np.exp(-(spread**2) / 2)), float(spread))


def draw_pert(low: float, mode: float, high: float, rng: np.random.Generator, size: int) -> Array:
    """Elicited range as PERT: Beta(1 + 4(m-a)/(b-a), 1 + 4(b-m)/(b-a)) stretched over low..high."""
    if high <= low:
        return np.full(size, low)
    a, b = 1 + 4 * (mode - low) / (high - low), 1 + 4 * (high - mode) / (high - low)
    return np.asarray(low + (high - low) * rng.beta(a, b, size))
