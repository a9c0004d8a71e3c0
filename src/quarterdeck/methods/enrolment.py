"""Gamma-Poisson site rates: maximum likelihood, the Poisson limit, posteriors, and the uncertainty of the two parameters.

Anisimov and Fedorov, Statistics in Medicine 2007; the boundary rule and the (ln alpha, ln mean) parameters are explained in
docs/decisions. Time 0 is the cut-off throughout; rates are participants per site and day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammainccinv, gammaincinv, gammaln, ndtr, polygamma, xlogy

from quarterdeck.vocabulary.errors import BadInput

Array = NDArray[np.float64]
T = TypeVar("T")
POISSON_SHAPE = 1e8  # a gamma this sharp is a constant: one code path serves the Poisson limit
LOW_EVIDENCE_SITES, LOW_EVIDENCE_PARTICIPANTS = 4, 15


@dataclass(frozen=True, slots=True)
class RateFit:
    """Maximum-likelihood fit of site rates. At the boundary alpha and beta are None and all sites share `poisson_rate`.

    `covariance` is the inverse observed information in (ln alpha, ln mean), None at the boundary or where parameters were given.
    """

    alpha: float | None
    beta: float | None
    mean: float
    n_sites: int
    participants: int
    site_days: float
    boundary: bool = False
    score_overdispersion: float | None = None
    log_likelihood: float | None = None
    log_likelihood_poisson: float | None = None
    covariance: Array | None = None

    @property
    def is_low_evidence(self) -> bool:
        """Fewer than 4 sites or 15 participants: the forecast is driven by its assumptions."""
        return self.n_sites < LOW_EVIDENCE_SITES or self.participants < LOW_EVIDENCE_PARTICIPANTS


def fit_rates(enrolled: NDArray[np.int64], exposure: Array) -> RateFit:
    """Fit over the sites with exposure. Raises BadInput where nobody was enrolled: the likelihood then has no maximum."""
    has_time = exposure > 0
    k, v = enrolled[has_time].astype(float), exposure[has_time].astype(float)
    if k.sum() <= 0:
        raise BadInput("No participant has been enrolled, so there is no rate to fit", next_step="Give alpha and beta, or wait.")
    rate = k.sum() / v.sum()
    mu = v * rate
    score = 0.5 * float(((k - mu) ** 2 - k).sum())
    poisson = float((xlogy(k, mu) - mu - gammaln(k + 1)).sum())
    common = (len(k), int(k.sum()), float(v.sum()))
    if score <= 0:
        return RateFit(None, None, rate, *common, True, score, None, poisson, None)
    alpha, mean = _maximise(k, v, rate)
    information: Array = -_hessian(alpha, mean, k, v)
    if not np.all(np.linalg.eigvalsh(information) > 0):  # the likelihood climbs to the Poisson limit after all
        return RateFit(None, None, rate, *common, True, score, None, poisson, None)
    covariance: Array = np.linalg.inv(information).astype(np.float64)
    return RateFit(alpha, alpha / mean, mean, *common, False, score, log_likelihood(alpha, mean, k, v), poisson, covariance)


def given_rates(alpha: float, beta: float) -> RateFit:
    """Parameters from a plan or a prior instead of a fit."""
    if not (alpha > 0 and beta > 0 and np.isfinite(alpha) and np.isfinite(beta)):
        raise BadInput("Alpha and beta must be positive", thing=f"alpha {alpha}, beta {beta}")
    return RateFit(alpha, beta, alpha / beta, 0, 0, 0.0)


def log_likelihood(alpha: float, mean: float, k: Array, v: Array) -> float:
    """Marginal log-likelihood, all constants included."""
    mu = mean * v
    terms = gammaln(alpha + k) - gammaln(alpha) - gammaln(k + 1) + alpha * np.log(alpha / (alpha + mu)) + xlogy(k, mu / (alpha + mu))
    return float(terms.sum())


def posterior(fit: RateFit, enrolled: Array, exposure: Array) -> tuple[Array, Array]:
    """Shape and rate of each site's gamma posterior; a planned site (no exposure) has the prior."""
    if fit.boundary or fit.alpha is None or fit.beta is None:
        size = len(enrolled)
        return np.full(size, POISSON_SHAPE), np.full(size, POISSON_SHAPE / fit.mean)
    return fit.alpha + enrolled * (exposure > 0), fit.beta + exposure


def parameter_nodes(fit: RateFit, nodes: tuple[int, int] = (9, 7)) -> list[tuple[float, RateFit]]:
    """Weighted fits that stand for the uncertainty of the parameters: Gauss-Hermite over (ln alpha, ln mean), about 64 laws.

    At the boundary the common rate is Gamma(K, V) (flat on the log rate), by the same rule on its normal score.
    """
    if fit.boundary:
        z, w = np.polynomial.hermite_e.hermegauss(24 if nodes[0] > 5 else 8)
        units = np.where(z < 0, gammaincinv(fit.participants, ndtr(z)), gammainccinv(fit.participants, ndtr(-z)))
        return [(float(wi), _moved(fit, None, float(u / fit.site_days))) for wi, u in zip(w / w.sum(), units, strict=True)]
    if fit.covariance is None or fit.alpha is None:
        return [(1.0, fit)]
    x1, w1 = np.polynomial.hermite_e.hermegauss(nodes[0])
    x2, w2 = np.polynomial.hermite_e.hermegauss(nodes[1])
    # Mean first: it moves the forecast most, so it gets the finer rule and its full marginal spread.
    s = fit.covariance
    se_mean, slope = np.sqrt(s[1, 1]), s[0, 1] / s[1, 1]
    rest = np.sqrt(max(s[0, 0] - slope * s[0, 1], 0.0))
    found = []
    for a, wa in zip(x1, w1 / w1.sum(), strict=True):
        for b, wb in zip(x2, w2 / w2.sum(), strict=True):
            log_alpha = np.clip(np.log(fit.alpha) + slope * se_mean * a + rest * b, -7.0, 15.0)
            found.append((float(wa * wb), _moved(fit, float(np.exp(log_alpha)), float(fit.mean * np.exp(se_mean * a)))))
    return found


def draw_parameters(fit: RateFit, size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """One (alpha, mean) for each replicate."""
    if fit.boundary:
        return np.full(size, POISSON_SHAPE), rng.gamma(fit.participants, 1 / fit.site_days, size)
    assert fit.alpha is not None
    if fit.covariance is None:
        return np.full(size, fit.alpha), np.full(size, fit.mean)
    drawn = rng.multivariate_normal([np.log(fit.alpha), np.log(fit.mean)], fit.covariance, size)
    return np.exp(np.clip(drawn[:, 0], -7.0, 15.0)), np.exp(drawn[:, 1])


def _moved(fit: RateFit, alpha: float | None, mean: float) -> RateFit:
    beta = None if alpha is None else alpha / mean
    return RateFit(alpha, beta, mean, fit.n_sites, fit.participants, fit.site_days, fit.boundary)


def _at(f: Callable[[float, float, Array, Array], T], point: Array, k: Array, v: Array) -> T:
    alpha, mean = np.exp(point)
    return f(float(alpha), float(mean), k, v)


def _maximise(k: Array, v: Array, rate: float) -> tuple[float, float]:
    """Newton in (ln alpha, ln mean), halving a step that would lose likelihood."""
    mu = v * rate
    excess = max(float(((k - mu) ** 2 - k).sum()), 1e-9)
    point = np.array([np.log(np.clip((mu**2).sum() / excess, 0.02, 1e6)), np.log(rate)])
    best = _at(log_likelihood, point, k, v)
    for _ in range(200):
        gradient, hessian = _at(_gradient, point, k, v), _at(_hessian, point, k, v)
        values, vectors = np.linalg.eigh(-hessian)
        step = vectors @ ((vectors.T @ gradient) / np.maximum(np.abs(values), 1e-8))
        step *= min(1.0, 2.0 / max(np.abs(step).max(), 1e-300))
        while np.abs(step).max() > 1e-13:
            tried = _at(log_likelihood, np.clip(point + step, -40, 25), k, v)
            if tried >= best - 1e-12:
                break
            step = step / 2
        point = np.clip(point + step, -40, 25)
        best = _at(log_likelihood, point, k, v)
        if np.abs(step).max() < 1e-10:
            break
    alpha, mean = np.exp(point)
    return float(alpha), float(mean)


def _gradient(alpha: float, mean: float, k: Array, v: Array) -> Array:
    mu = mean * v
    d_alpha = digamma(alpha + k) - digamma(alpha) + np.log(alpha / (alpha + mu)) + 1 - (alpha + k) / (alpha + mu)
    return np.array([alpha * d_alpha.sum(), (alpha * (k - mu) / (alpha + mu)).sum()])


def _hessian(alpha: float, mean: float, k: Array, v: Array) -> Array:
    mu = mean * v
    total = alpha + mu
    second = polygamma(1, alpha + k) - polygamma(1, alpha) + 1 / alpha - 1 / total - (mu - k) / total**2
    cross = (alpha * mu * (k - mu) / total**2).sum()
    corner = _gradient(alpha, mean, k, v)[0] + alpha**2 * second.sum()
    return np.array([[corner, cross], [cross, -(alpha * mu * (alpha + k) / total**2).sum()]])
