"""Monthly enrolment of a trial whose sites age, fall silent and drift together: rate x age shape x recency x common drift.

Textbook gamma-Poisson forecasts cover 7 to 31 % of a real year at a nominal 90 %. Three things they leave out are here:
sites slow down as they age, what a site did lately says more than what it did at first, and all sites of a trial drift together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Array = NDArray[np.float64]
AGE_EDGES = np.array([0, 1, 3, 6, 9, 12, 18, 24, 36])  # months since the first participant; a bin runs to the next edge
REFERENCE_BINS = slice(1, 4)  # the shape averages 1 here, so that a rate reads "a site in its first year"
ALPHA_GRID = np.array([0.5, 0.7, 0.9, 1.2, 1.5, 2.0, 3.0, 5.0])
SHAPE_PRIOR = 30.0  # participants' worth of belief in the shape of other trials
HALF_LIFE = 3.0  # months


@dataclass(frozen=True, slots=True)
class SiteMonths:
    """Counts of one trial up to an origin: `counts` (sites, months), `first` month of each site, all < origin = counts.shape[1].

    The first participant of a site defines its opening, so it is conditioned on: not counted, and half a month of exposure.
    With true activation dates pass `opened_known=True`: then every participant counts.
    """

    counts: Array
    first: NDArray[np.int64]
    opened_known: bool = False
    closing: NDArray[np.int64] | None = None  # month in which each site stopped; large for "still open"

    @property
    def origin(self) -> int:
        """Number of months known."""
        return int(self.counts.shape[1])

    def ages(self) -> NDArray[np.int64]:
        """Age of each site in each month, negative before it opened. Shape (sites, months)."""
        return np.arange(self.origin)[None, :] - self.first[:, None]

    def exposures(self) -> Array:
        """Months open, half a month in the first. Shape (sites, months)."""
        ages = self.ages()
        open_share = np.where(ages > 0, 1.0, np.where(ages == 0, 0.5, 0.0))
        if self.closing is None:
            return open_share
        months = np.arange(self.origin)[None]
        return open_share * np.where(months < self.closing[:, None], 1.0, np.where(months == self.closing[:, None], 0.5, 0.0))

    def informative(self) -> Array:
        """Counts that say something about the rate."""
        counts = self.counts.astype(float).copy()
        if not self.opened_known and len(self.first):
            counts[np.arange(len(self.first)), self.first] -= 1
        return counts


@dataclass(frozen=True, slots=True)
class MonthlyFit:
    """What was learnt: age shape (bins,), alpha, recent mean rate, and Gamma(shape, rate) of each site's present rate."""

    age_shape: Array
    alpha: float
    mean: float
    site_shape: Array
    site_rate: Array


def age_bin(age: NDArray[np.int64]) -> NDArray[np.int64]:
    """Index of the age bin. Ages below zero fall into the first bin and must carry no exposure."""
    return np.asarray(np.clip(np.searchsorted(AGE_EDGES, age, side="right") - 1, 0, None), dtype=np.int64)


def fit_shape(
    data: SiteMonths, prior: Array | None = None, rounds: int = 8, groups: NDArray[np.int64] | None = None
) -> tuple[Array, float]:
    """Age shape and alpha by alternating site rates and shape. `groups` gives each site's own mean level (several trials pooled)."""
    counts, exposures, bins = data.informative(), data.exposures(), age_bin(data.ages())
    prior_shape = np.ones(len(AGE_EDGES)) if prior is None else prior
    group = np.zeros(len(data.first), dtype=np.int64) if groups is None else groups
    shape, alpha = prior_shape.copy(), 1.4
    totals = counts.sum(axis=1)
    for _ in range(rounds):
        open_months = (exposures * shape[bins]).sum(axis=1)
        level = (np.bincount(group, totals) + 0.5) / (np.bincount(group, open_months) + 0.5)
        means = level[group]
        alpha = _best_alpha(totals, open_months, means)
        rates = (alpha + totals) / (alpha / means + open_months)
        seen = np.bincount(bins.ravel(), counts.ravel(), len(AGE_EDGES))
        due = np.bincount(bins.ravel(), (exposures * rates[:, None]).ravel(), len(AGE_EDGES))
        shape = (seen + SHAPE_PRIOR * prior_shape) / (due + SHAPE_PRIOR)
        shape = shape / shape[REFERENCE_BINS].mean()
    return shape, alpha


def fit_months(data: SiteMonths, prior: Array | None = None, half_life: float = HALF_LIFE) -> MonthlyFit:
    """Fit one trial; `prior` is the age shape of other trials up to the same month."""
    shape, alpha = fit_shape(data, prior)
    counts, exposures, bins = data.informative(), data.exposures() * 1.0, age_bin(data.ages())
    effective = exposures * shape[bins]
    whole = (counts.sum() + 0.5) / (effective.sum() + 0.5)
    weight = 0.5 ** ((data.origin - 1 - np.arange(data.origin)) / half_life)
    recent, open_months = counts @ weight, effective @ weight
    mean = (recent.sum() + 1) / (open_months.sum() + 1 / whole)
    return MonthlyFit(shape, alpha, float(mean), alpha + recent, alpha / mean + open_months)


def _best_alpha(totals: Array, open_months: Array, means: Array) -> float:
    a = ALPHA_GRID[:, None]
    mu = np.maximum(means * open_months, 1e-12)[None, :]
    likelihood = gammaln(a + totals) - gammaln(a) + a * np.log(a / (a + mu)) + totals * np.log(mu / (a + mu))
    prior = -((np.log(ALPHA_GRID) - np.log(1.4)) ** 2) / (2 * 0.6**2)
    return float(ALPHA_GRID[int(np.argmax(likelihood.sum(axis=1) + prior))])
