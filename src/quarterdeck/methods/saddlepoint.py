"""Fast tail areas of count distributions as normal scores: saddlepoint approximations that stay finite and exact enough in any tail.

`mid_z_*` give Phi^-1(P(X < x) + P(X = x) / 2). Checked against summed probabilities in the tests: within 0.04 of z, the worst at counts
of 0 and 1. Where the mixing distribution is J- or U-shaped (a shape below 3) the approximation fails, and probabilities are summed.
Source: Lugannani and Rice (1980), Skovgaard (1987) for the conditional form, Barndorff-Nielsen's r* as the way to write them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaln, ndtri, ndtri_exp

Floats = NDArray[np.float64]
SMALLEST_SHAPE = 3.0
LONGEST_SUM = 200
LARGEST_SHAPE = 1e12  # beyond it the mixing distribution is a point, and rounding would take over


def deviance_term(x: Floats, mu: Floats) -> Floats:
    """x ln(x/mu) - (x - mu), without cancellation where x is near mu (Loader's bd0)."""
    x, mu = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(mu, dtype=float))
    with np.errstate(all="ignore"):
        v = (x - mu) / (x + mu)
        v2 = v * v
        # series of x ln(x/mu) = 2x atanh(v); |v| < 0.05 needs six terms for full precision
        series = 2 * x * v * v2 * (1 / 3 + v2 * (1 / 5 + v2 * (1 / 7 + v2 * (1 / 9 + v2 * (1 / 11 + v2 / 13))))) + (x - mu) * v
        plain = np.where(x > 0, x * np.log(np.where(x > 0, x, 1.0) / mu), 0.0) - (x - mu)
    return np.where(np.abs(v) < 0.05, series, plain)


def mid_z_gamma_poisson(x: Floats, mean: Floats, variance_factor: Floats) -> Floats:
    """Normal score of x under the negative binomial with this mean and variance mean + variance_factor * mean^2."""
    k = np.minimum(1 / np.maximum(variance_factor, 1 / LARGEST_SHAPE), LARGEST_SHAPE)
    with np.errstate(all="ignore"):
        deviance = 2 * (deviance_term(x, mean) - deviance_term(x + k, mean + k))
        tilt = np.log1p((x - mean) / mean) - np.log1p((x - mean) / (mean + k))
        spread = np.sqrt(x * (x + k) / k)
        variance = mean * (1 + mean / k)
        skewness = (1 + 2 * mean / k) / np.sqrt(variance)
        z = _combine(np.sign(x - mean), deviance, tilt, spread, skewness)
        none = np.flatnonzero(x <= 0)
        z[none] = ndtri_exp(np.log(0.5) - (k * np.log1p(mean / k))[none])
        hard = np.flatnonzero((k < 1) & (x > 0))
        if len(hard):
            z[hard] = _sum_gamma_poisson(x[hard], k[hard], (mean / (k + mean))[hard])
    return z


def mid_z_beta_binomial(x: Floats, n: Floats, share: Floats, correlation: Floats) -> Floats:
    """Normal score of x of n under the beta-binomial with this mean share and within-group correlation (0 = binomial)."""
    size = np.minimum(1 / np.maximum(correlation, 1 / LARGEST_SHAPE) - 1, LARGEST_SHAPE)
    a, b = share * size, (1 - share) * size
    y = n - x
    with np.errstate(all="ignore"):
        ex, ey = n * share, n * (1 - share)
        deviance = 2 * (deviance_term(x, ex) + deviance_term(y, ey) - deviance_term(x + a, ex + a) - deviance_term(y + b, ey + b))
        tilt = np.log(x / (x + a)) - np.log(y / (y + b))
        spread = np.sqrt((x * (x + a) / a) * (y * (y + b) / b) / (n * (n + size) / size))
        variance = n * share * (1 - share) * (size + n) / (size + 1)
        skewness = (size + 2 * n) * (1 - 2 * share) / (size + 2) / np.sqrt(variance)
        z = _combine(np.sign(x - ex), deviance, tilt, spread, skewness)
        at_zero, at_all = ((x <= 0), (y <= 0))
        for ends, first, second, side in ((np.flatnonzero(at_zero), a, b, 1.0), (np.flatnonzero(at_all), b, a, -1.0)):
            if len(ends):
                z[ends] = _end_z(first[ends], second[ends], n[ends], side)
        hard = np.flatnonzero((np.minimum(a, b) < SMALLEST_SHAPE) & ~at_zero & ~at_all)
        if len(hard):
            z[hard] = _sum_beta_binomial(x[hard], n[hard], a[hard], b[hard])
    return z


def _combine(sign: Floats, deviance: Floats, tilt: Floats, spread: Floats, skewness: Floats) -> Floats:
    r = sign * np.sqrt(np.maximum(deviance, 0))
    # the mid-p form of the lattice correction: 2 tanh(t/2) in place of t
    u = 2 * np.tanh(tilt / 2) * spread
    star = r + np.log(u / r) / r
    return np.where((np.abs(r) < 1e-3) | ~np.isfinite(star), r + skewness / 6, star)


def _sum_gamma_poisson(x: Floats, k: Floats, chance: Floats) -> Floats:
    below, upto = betainc(k, np.ceil(x), 1 - chance), betainc(k, np.floor(x) + 1, 1 - chance)
    beyond = betainc(np.floor(x) + 1, k, chance) + betainc(np.ceil(x), k, chance)
    low = (below + upto) / 2
    return np.asarray(np.where(low < 0.5, ndtri(low), -ndtri(beyond / 2)))


def _sum_beta_binomial(x: Floats, n: Floats, a: Floats, b: Floats) -> Floats:
    # Sum from the nearer end; far from both ends the binomial's own spread is nothing beside the beta's.
    flip = n - x < x
    k, a, b = np.where(flip, n - x, x), np.where(flip, b, a), np.where(flip, a, b)
    order = np.argsort(-k)  # the longest sums first, so that each step works on those that still need it
    kk, nn, aa, bb = k[order], n[order], a[order], b[order]
    term, sums = np.exp(betaln(aa, bb + nn) - betaln(aa, bb)), np.zeros(len(k))
    for step in range(int(min(np.floor(kk[0]), LONGEST_SUM)) + 1):
        alive = int(np.searchsorted(-kk, -step, side="right"))
        kk, nn, aa, bb, term = kk[:alive], nn[:alive], aa[:alive], bb[:alive], term[:alive]
        sums[:alive] += np.where(step < kk, term, term / 2)
        term = term * (nn - step) * (aa + step) / ((step + 1) * (bb + nn - step - 1))
    total = np.empty_like(sums)
    total[order] = sums
    total = np.where(k > LONGEST_SUM, betainc(a, b, k / n), total)
    z = ndtri(np.clip(total, 1e-300, 1 - 1e-16))
    return np.asarray(np.where(flip, -z, z))


def _end_z(a: Floats, b: Floats, n: Floats, side: float) -> Floats:
    log_none = np.where(b > 1e6, _log_none_large(a, b, n), betaln(a, b + n) - betaln(a, b))
    return np.asarray(side * ndtri_exp(np.minimum(np.log(0.5) + log_none, -1e-300)))


def _log_none_large(a: Floats, b: Floats, n: Floats) -> Floats:
    # ln[G(b+n)/G(b)] - ln[G(a+b+n)/G(a+b)] by Stirling, where the difference of log-betas would round away
    def stirling(v: Floats) -> Floats:
        return (v - 0.5) * np.log(v) - v

    return np.asarray((stirling(b + n) - stirling(a + b + n)) - (stirling(b) - stirling(a + b)))
