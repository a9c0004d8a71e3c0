"""Adaptive assessment: jointly Gaussian abilities and one personal bias, updated answer by answer.

An answer speaks about s = ability + load · bias + shift. The moments of s after the answer come from 25-point Gauss-Hermite quadrature;
the joint distribution follows by a rank-one correction (assumed-density filtering). Where it is unknown how steadily a person answers, one
belief is kept per answering style, and the answers themselves weigh the styles (`Mixture`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erf, exp, log, pi, sqrt

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray
from scipy.special import ndtr

Array = NDArray[np.float64]

PRIOR_MEAN, SD_PERSON, SD_GROUP, SD_OWN = 3.0, 0.7, 0.5, 0.6
BIAS_MEAN, BIAS_SD = 0.3, 0.6
SELF_CUTS = (0.5, 1.5, 2.5, 3.5, 4.5)
BAND_CUTS = (1.5, 2.5, 3.5)  # the lowest two bands are one outcome; the top one is "4 or more"
GUESS, RANGE = 0.05, 0.90
_NODES, _WEIGHTS = hermegauss(25)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True, slots=True)
class Belief:
    """Joint Gaussian over the abilities (first) and the bias (last): mean of shape (n + 1,), covariance (n + 1, n + 1)."""

    mean: Array
    covariance: Array

    def sd(self, at: int) -> float:
        """Standard deviation of one ability."""
        return float(np.sqrt(self.covariance[at, at]))


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: which ability, how strongly the bias enters, the noise, and the cuts between outcomes.

    `level` is the level a check asks about (yes or no); `cuts` separate ordered outcomes. `shift` is how much the answer reads above the
    level (below it, where negative).
    """

    ability: int
    load: float
    sigma: float
    seconds: float
    cuts: tuple[float, ...] = ()
    level: float | None = None
    shift: float = 0.0

    @property
    def outcomes(self) -> int:
        """How many answers there are."""
        return 2 if self.level is not None else len(self.cuts) + 1


@dataclass(frozen=True, slots=True)
class Sheet:
    """Questions as arrays of shape (questions,); `edges` (questions, most outcomes + 1) are padded with infinity."""

    ability: NDArray[np.int64]
    load: Array
    shift: Array
    sigma: Array
    seconds: Array
    edges: Array
    is_check: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Mixture:
    """One belief per answering style, and the log evidence that the answers so far give to each style."""

    beliefs: tuple[Belief, ...]
    evidence: tuple[float, ...]

    def weights(self) -> Array:
        """Probability of each style: they are equally probable before any answer."""
        relative = np.exp(np.array(self.evidence) - max(self.evidence))
        return np.asarray(relative / relative.sum())

    def merge(self) -> Belief:
        """Mean and covariance over all styles."""
        weights = self.weights()
        mean = np.asarray(sum(w * b.mean for w, b in zip(weights, self.beliefs, strict=True)))
        covariance = sum(w * (b.covariance + np.outer(b.mean - mean, b.mean - mean)) for w, b in zip(weights, self.beliefs, strict=True))
        return Belief(mean, np.asarray(covariance))

    def after(self, weighed: Sequence[tuple[Belief, float]]) -> Mixture:
        """The mixture with the belief of each style after an answer, and what the answer says for the style."""
        return Mixture(tuple(b for b, _ in weighed), tuple(e + more for e, (_, more) in zip(self.evidence, weighed, strict=True)))


def prior(groups: Sequence[str], bias_sd: float = BIAS_SD) -> Belief:
    """The belief before any answer, for abilities with these groups.

    >>> prior(["F", "F", "T"]).covariance.shape
    (4, 4)
    """
    n = len(groups)
    same = np.array([[a == b for b in groups] for a in groups], dtype=float)
    covariance = np.zeros((n + 1, n + 1))
    covariance[:n, :n] = SD_PERSON**2 + SD_GROUP**2 * same + SD_OWN**2 * np.eye(n)
    covariance[n, n] = bias_sd**2
    return Belief(np.array([PRIOR_MEAN] * n + [BIAS_MEAN]), covariance)


def probabilities(question: Question, s: Array) -> Array:
    """Probability of each outcome at the values `s`: shape (outcomes, len(s)). Ordinal probit, or a check with guessing and slips."""
    if question.level is not None:
        yes = GUESS + RANGE * ndtr((s - question.level) / question.sigma)
        return np.stack([1 - yes, yes])
    edges = np.concatenate([[-np.inf], np.asarray(question.cuts), [np.inf]])
    below = ndtr((edges[:, None] - s[None, :]) / question.sigma)
    return np.diff(below, axis=0)


def update(belief: Belief, question: Question, outcome: int, discount: float = 1.0) -> Belief:
    """The belief after an answer. `discount` < 1 weakens repeated answers (the likelihood is raised to it)."""
    return weigh(belief, question, outcome, discount)[0]


def weigh(belief: Belief, question: Question, outcome: int, discount: float = 1.0) -> tuple[Belief, float]:
    """The belief after an answer, and the logarithm of the chance that the belief gave to this answer."""
    direction, mean, variance = _direction(belief, question)
    nodes = mean + sqrt(variance) * _NODES
    weights = _WEIGHTS * probabilities(question, nodes)[outcome] ** discount
    total = float(weights.sum())
    if total <= 1e-300:
        return belief, log(1e-300)
    new_mean = float(weights @ nodes / total)
    new_variance = float(weights @ (nodes - new_mean) ** 2 / total)
    return _correct(belief, direction, variance, new_mean - mean, new_variance), log(total)


def observe(belief: Belief, ability: int, value: float, sigma: float) -> tuple[Belief, float]:
    """The belief after a direct mark (an assessor's level, evidence from work) with Gaussian noise, and the log density of the mark."""
    direction = belief.covariance[:, ability]
    variance = float(belief.covariance[ability, ability])
    surprise = value - float(belief.mean[ability])
    total = variance + sigma**2
    after = _correct(belief, direction, variance, variance / total * surprise, variance * sigma**2 / total)
    return after, -0.5 * (surprise**2 / total + log(2 * pi * total))


def drift(belief: Belief, weeks: float, sd_per_week: float = 0.05) -> Belief:
    """The belief some weeks later: abilities move, so their variance grows."""
    n = len(belief.mean) - 1
    covariance = belief.covariance.copy()
    covariance[np.arange(n), np.arange(n)] += weeks * sd_per_week**2
    return Belief(belief.mean, covariance)


def stack(questions: Sequence[Question]) -> Sheet:
    """Questions as arrays, so that the gain of all of them is computed at once."""
    most = max(q.outcomes for q in questions)
    edges = np.full((len(questions), most + 1), np.inf)
    edges[:, 0] = -np.inf
    for row, q in zip(edges, questions, strict=True):
        row[1 : q.outcomes] = q.cuts if q.level is None else q.level
    columns = ([getattr(q, name) for q in questions] for name in ("load", "shift", "sigma", "seconds"))
    load, shift, sigma, seconds = (np.array(c, dtype=float) for c in columns)
    return Sheet(
        np.array([q.ability for q in questions]), load, shift, sigma, seconds, edges, np.array([q.level is not None for q in questions])
    )


def expected_reductions(belief: Belief, sheet: Sheet, weights: Array) -> Array:
    """The expected fall of the weighted sum of variances that each question brings: shape (questions,)."""
    directions = belief.covariance[sheet.ability] + sheet.load[:, None] * belief.covariance[-1]
    rows = np.arange(len(sheet.ability))
    mean = belief.mean[sheet.ability] + sheet.load * belief.mean[-1] + sheet.shift
    variance = directions[rows, sheet.ability] + sheet.load * directions[:, -1]
    offsets = np.sqrt(variance)[:, None] * _NODES
    nodes = mean[:, None] + offsets
    reduction, check, choice = np.empty(len(rows)), sheet.is_check, ~sheet.is_check
    # The variance of the outcome means is what the answer takes away on average (law of total variance).
    yes = GUESS + RANGE * ndtr((nodes[check] - sheet.edges[check, 1:2]) / sheet.sigma[check, None])
    chance = yes @ _WEIGHTS
    reduction[check] = np.einsum("qk,qk,k->q", yes, offsets[check], _WEIGHTS) ** 2 / (chance * (1 - chance))
    chosen = np.diff(ndtr((sheet.edges[choice, :, None] - nodes[choice, None, :]) / sheet.sigma[choice, None, None]), axis=1)
    moments = np.einsum("qok,qk,k->qo", chosen, offsets[choice], _WEIGHTS)
    reduction[choice] = (moments**2 / np.maximum(chosen @ _WEIGHTS, 1e-300)).sum(axis=1)
    return np.asarray(np.minimum(reduction, variance) * (directions[:, :-1] ** 2 @ weights) / variance**2)


def expected_gap(target: float, mean: float, sd: float) -> float:
    """Expected shortfall against the target, E[max(target - ability, 0)], with the difference signed.

    >>> round(expected_gap(4, 4, 1e-9), 6)
    0.0
    """
    d = target - mean
    if sd <= 1e-12:
        return max(d, 0.0)
    z = d / sd
    return d * 0.5 * (1 + erf(z / sqrt(2))) + sd * exp(-z * z / 2) / sqrt(2 * pi)


def expected_capped(target: float, mean: float, sd: float) -> float:
    """E[min(ability, target)]: the part of the target that is there."""
    return target - expected_gap(target, mean, sd)


def draws(belief: Belief, count: int, seed: int) -> Array:
    """Draws of the abilities, clipped to the scale: shape (count, n)."""
    n = len(belief.mean) - 1
    rng = np.random.Generator(np.random.Philox(seed))
    root = np.linalg.cholesky(belief.covariance[:n, :n] + 1e-9 * np.eye(n))
    return np.clip(belief.mean[:n] + rng.standard_normal((count, n)) @ root.T, 0.0, 5.0)


def _direction(belief: Belief, question: Question) -> tuple[Array, float, float]:
    direction = belief.covariance[:, question.ability] + question.load * belief.covariance[:, -1]
    mean = float(belief.mean[question.ability] + question.load * belief.mean[-1] + question.shift)
    variance = float(direction[question.ability] + question.load * direction[-1])
    return direction, mean, variance


def _correct(belief: Belief, direction: Array, variance: float, shift: float, new_variance: float) -> Belief:
    gain = direction / variance
    covariance = belief.covariance + np.outer(gain, gain) * (new_variance - variance)
    return Belief(belief.mean + gain * shift, (covariance + covariance.T) / 2)
