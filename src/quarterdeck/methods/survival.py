"""Time to an event where some have not had it yet: Kaplan-Meier with late entry, and a log-normal model of what shortens it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

Floats = NDArray[np.float64]
_LOG_ROOT_2_PI = 0.5 * float(np.log(2 * np.pi))


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """Event times in rising order, the share still without the event just after each, and Greenwood's sum."""

    times: Floats
    surviving: Floats
    greenwood: Floats
    n: float
    n_events: float

    def get_quantile(self, share: float = 0.5) -> float | None:
        """The first time by which `share` have had the event; None where the curve does not get there ("not reached")."""
        reached = np.flatnonzero(self.surviving <= 1 - share + 1e-9)
        return float(self.times[reached[0]]) if reached.size else None

    def get_quantile_interval(self, share: float = 0.5, level: float = 0.9) -> tuple[float | None, float | None]:
        """Ends of the quantile by inverting the log-log band; an end that is not reached is None.

        Source: Brookmeyer and Crowley, Biometrics 38 (1982) 29, with the log-log transform.
        """
        z = float(stats.norm.ppf((1 + level) / 2))
        with np.errstate(divide="ignore", invalid="ignore"):
            log_s = np.log(self.surviving)
            spread = z * np.sqrt(self.greenwood) / np.abs(log_s)
            upper = np.where(self.surviving > 0, self.surviving ** np.exp(-spread), 0.0)
            lower = np.where(self.surviving > 0, self.surviving ** np.exp(spread), 0.0)
        ends = [np.flatnonzero(band <= 1 - share + 1e-9) for band in (lower, upper)]
        first, last = (float(self.times[end[0]]) if end.size else None for end in ends)
        return first, last


def fit_kaplan_meier(
    durations: ArrayLike, observed: ArrayLike, weights: ArrayLike | None = None, entry: ArrayLike | None = None
) -> SurvivalCurve:
    """The product-limit curve. `observed` is 1 where the event came, 0 where it had not by `durations` (censored).

    `weights` are how often each row occurs; `entry` is the age at which a row comes under observation (late entry).
    Source: Kaplan and Meier, JASA 53 (1958) 457.

    >>> fit_kaplan_meier([1, 2, 3, 4], [1, 1, 0, 1]).get_quantile()
    2.0
    """
    t, d = np.asarray(durations, dtype=float), np.asarray(observed, dtype=float)
    w = np.ones_like(t) if weights is None else np.asarray(weights, dtype=float)
    start = np.full_like(t, -np.inf) if entry is None else np.asarray(entry, dtype=float)
    times, slot = np.unique(t[(d > 0) & (w > 0)], return_inverse=True)
    events = np.bincount(slot, (w * d)[(d > 0) & (w > 0)], times.size)
    at_risk = _sum_from(times, t, w) - _sum_from(times, start, w)
    hazard = events / at_risk
    with np.errstate(divide="ignore"):
        terms = np.where(at_risk > events, events / (at_risk * np.maximum(at_risk - events, 1e-300)), 0.0)
    surviving, spread = (np.asarray(band, dtype=float) for band in (np.cumprod(1 - hazard), np.cumsum(terms)))
    return SurvivalCurve(times, surviving, spread, float(w.sum()), float((w * d).sum()))


def _sum_from(times: Floats, values: Floats, weights: Floats) -> Floats:
    """For each time the weight of all values at or after it."""
    order = np.argsort(values)
    remaining = np.concatenate([np.cumsum(weights[order][::-1])[::-1], [0.0]])
    return remaining[np.searchsorted(values[order], times, side="left")]


@dataclass(frozen=True, slots=True)
class DurationModel:
    """log(duration) = coefficients · covariates + sigma · noise; `covariance` is of the coefficients."""

    coefficients: Floats
    covariance: Floats
    sigma: float
    n: int
    n_events: int

    def get_time_ratio(self, index: int, level: float = 0.9) -> tuple[float, float, float]:
        """How much longer (above 1) or shorter durations are per unit of one covariate: value, low, high."""
        z = float(stats.norm.ppf((1 + level) / 2))
        centre, error = self.coefficients[index], self.get_error(index)
        return float(np.exp(centre)), float(np.exp(centre - z * error)), float(np.exp(centre + z * error))

    def get_error(self, index: int) -> float:
        """Standard error of one coefficient, on the log scale."""
        return float(np.sqrt(self.covariance[index, index]))


def fit_durations(
    durations: ArrayLike,
    observed: ArrayLike,
    covariates: ArrayLike,
    entry: ArrayLike | None = None,
    prior_error: ArrayLike | None = None,
) -> DurationModel:
    """A log-normal accelerated-failure-time model by maximum (penalised) likelihood.

    `covariates` has one row per case and one column per coefficient (give a column of ones for the centre). `entry` is
    the age at which a case comes under observation (0 = from the start). `prior_error` is per coefficient the standard
    deviation of a normal prior around 0, infinite for none. Source: Kalbfleisch and Prentice (2002), chapter 3.
    """
    t, d = np.maximum(np.asarray(durations, dtype=float), 0.5), np.asarray(observed, dtype=bool)
    x = np.atleast_2d(np.asarray(covariates, dtype=float))
    start = np.zeros_like(t) if entry is None else np.maximum(np.asarray(entry, dtype=float), 0.0)
    penalty = np.zeros(x.shape[1]) if prior_error is None else 1 / np.asarray(prior_error, dtype=float) ** 2
    log_t, late = np.log(t), start > 0
    log_start = np.log(np.where(late, start, 1.0))

    def loss(theta: Floats) -> tuple[float, Floats]:
        mean, sigma = x @ theta[:-1], np.exp(theta[-1])
        z, z_start = (log_t - mean) / sigma, (log_start - mean) / sigma
        # Of each case: what it adds to the likelihood, and how that changes with its z.
        gained = np.where(d, -0.5 * z**2 - _LOG_ROOT_2_PI - theta[-1], special.log_ndtr(-z))
        known = np.where(late, special.log_ndtr(-z_start), 0.0)
        pull, start_pull = np.where(d, z, _get_hazard(z)), np.where(late, _get_hazard(z_start), 0.0)
        off = (theta[-1] - np.log(0.35)) / 0.5
        # A weak normal prior on log sigma (centre 0.35, as cycle times of trials vary) keeps fits of few events finite.
        value = -(gained - known).sum() + 0.5 * penalty @ theta[:-1] ** 2 + 0.5 * off**2
        by_coefficient = -(x.T @ (pull - start_pull)) / sigma + penalty * theta[:-1]
        by_sigma = -(pull * z - start_pull * z_start - d).sum() + off / 0.5
        return float(value), np.append(by_coefficient, by_sigma)

    guess = np.linalg.lstsq(x, log_t, rcond=None)[0]
    found = optimize.minimize(loss, np.append(guess, np.log(0.35)), jac=True, method="BFGS", options={"gtol": 1e-6})
    curvature = _get_curvature(loss, found.x)
    covariance = np.asarray(np.linalg.pinv(curvature), dtype=float)[:-1, :-1]
    return DurationModel(found.x[:-1], covariance, float(np.exp(found.x[-1])), len(t), int(d.sum()))


def _get_hazard(z: Floats) -> Floats:
    """Density over survival of the standard normal, also far out where both are nought to a computer."""
    return np.exp(-0.5 * z**2 - _LOG_ROOT_2_PI - special.log_ndtr(-z))


def _get_curvature(loss: Callable[[Floats], tuple[float, Floats]], at: Floats, step: float = 1e-5) -> Floats:
    """The matrix of second derivatives, as differences of the first."""
    slopes = [(loss(at + shift)[1] - loss(at - shift)[1]) / (2 * step) for shift in np.eye(at.size) * step]
    return (np.array(slopes) + np.array(slopes).T) / 2
