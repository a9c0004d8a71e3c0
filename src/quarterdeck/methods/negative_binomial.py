"""Sums of independent negative-binomial counts: exact by FFT, exact by recursion, and by saddlepoint.

Component i has size a_i and exposure ratio w_i / b_i: a Poisson count with rate L ~ Gamma(a_i, b_i) over a time w_i.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr

Array = NDArray[np.float64]
SPREAD = 40  # standard deviations above the mean that the transform must hold, so that nothing wraps round


def count_moments(a: Array, ratio: Array) -> tuple[Array, Array]:
    """Mean and variance of the sum; `ratio` = w/b. Sums over the last axis."""
    return (a * ratio).sum(axis=-1), (a * ratio * (1 + ratio)).sum(axis=-1)


def transform_size(mean: float, variance: float, least: int = 0) -> int:
    """Power of two that holds the whole law."""
    need = max(mean + SPREAD * np.sqrt(max(variance, 0.0)), least) + 2
    return int(2 ** np.ceil(np.log2(max(need, 16))))


def log_transform(a: Array, ratio: Array, size: int) -> NDArray[np.complex128]:
    """Log of the generating function at `size // 2 + 1` roots of unity. Components of equal ratio should come merged."""
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    # p / (1 - q z) = 1 / (1 + ratio (1 - z)), which keeps its precision for small ratios.
    return np.asarray(-(a[:, None] * np.log1p(ratio[:, None] * (1 - z)[None, :])).sum(axis=0))


def count_law(a: Array, ratio: Array, least: int = 0) -> Array:
    """Probabilities of 0, 1, 2, ... of the sum, by FFT."""
    a, ratio = merge_components(np.asarray(a, dtype=float), np.asarray(ratio, dtype=float))
    mean, variance = count_moments(a, ratio)
    size = transform_size(float(mean), float(variance), least)
    if not len(a):
        law = np.zeros(size)
        law[0] = 1.0
        return law
    return np.asarray(np.clip(np.fft.irfft(np.exp(log_transform(a, ratio, size)), size), 0.0, None))


def count_law_by_recursion(a: Array, ratio: Array, largest: int) -> Array:
    """The slow twin of `count_law`: j f_j = sum_r c_r f_{j-r}, c_r = sum_i a_i q_i^r."""
    q = ratio / (1 + ratio)
    c = (a[None, :] * q[None, :] ** np.arange(1, largest + 1)[:, None]).sum(axis=1)
    law = np.zeros(largest + 1)
    start = float((a * -np.log1p(ratio)).sum())
    law[0] = 1.0  # scaled; the true start may underflow
    for j in range(1, largest + 1):
        law[j] = (c[:j] * law[j - 1 :: -1][:j]).sum() / j
        if law[j] > 1e200:
            law[: j + 1] /= 1e200
            start += 200 * np.log(10)
    return np.asarray(np.where(law > 0, np.exp(np.log(np.maximum(law, 1e-320)) + start), 0.0))


def merge_components(a: Array, ratio: Array) -> tuple[Array, Array]:
    """Components of equal ratio become one whose sizes add; those without exposure go."""
    kept = (ratio > 0) & (a > 0)
    values, where = np.unique(ratio[kept], return_inverse=True)
    return np.bincount(where, a[kept], len(values)).astype(float), values


def probability_at_least(n: int, a: Array, ratio: Array) -> float:
    """P(sum >= n), exact."""
    if n <= 0:
        return 1.0
    law = count_law(a, ratio, least=n)
    return float(np.clip(1.0 - law[:n].sum(), 0.0, 1.0))


def saddlepoint_at_least(n: int, a: Array, ratio: Array) -> Array:
    """P(sum >= n) by Lugannani-Rice with continuity correction; components on the last axis, any leading shape.

    Error about 1e-4 from n = 20 on. Where the expected count is 0 the answer is 0.
    """
    a, ratio = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(ratio, dtype=float))
    shape = a.shape[:-1]
    flat_a, flat_ratio = a.reshape(-1, a.shape[-1]), ratio.reshape(-1, a.shape[-1])
    alive = (flat_ratio > 0).any(axis=1)
    result = np.zeros(len(flat_a))
    if alive.any():
        result[alive] = _lugannani_rice(n - 0.5, flat_a[alive], flat_ratio[alive])
    return result.reshape(shape)


def _lugannani_rice(x: float, a: Array, ratio: Array) -> Array:
    q = ratio / (1 + ratio)
    s = _solve_saddle(x, a, q)
    grown = q * np.exp(s)[:, None]
    cumulant = (a * (-np.log1p(ratio) - np.log1p(-grown))).sum(axis=1)
    share = grown / (1 - grown)
    curvature = (a * share * (1 + share)).sum(axis=1)
    w = np.sign(s) * np.sqrt(np.maximum(2 * (s * x - cumulant), 0.0))
    u = 2 * np.sinh(s / 2) * np.sqrt(curvature)
    near = np.abs(s) < 1e-4
    safe_w, safe_u = np.where(near, 1.0, w), np.where(near, 1.0, u)
    third = (a * share * (1 + share) * (1 + 2 * share)).sum(axis=1)
    correction = np.where(near, -third / (6 * curvature**1.5), 1 / safe_u - 1 / safe_w)
    density = np.exp(-0.5 * w * w) / np.sqrt(2 * np.pi)
    return np.asarray(np.clip(ndtr(-w) + density * correction, 0.0, 1.0))


def _solve_saddle(x: float, a: Array, q: Array) -> Array:
    """Root of K'(s) = x by Newton inside a bracket that always holds it."""
    high = -np.log(q.max(axis=1)) - 1e-12
    low = np.minimum(high, 0.0) - 60.0
    s = np.minimum(0.0, high - 1e-6)
    for _ in range(80):
        grown = np.minimum(q * np.exp(s)[:, None], 1 - 1e-15)
        share = grown / (1 - grown)
        error = (a * share).sum(axis=1) - x
        low, high = np.where(error < 0, s, low), np.where(error >= 0, s, high)
        step = s - error / (a * share * (1 + share)).sum(axis=1)
        inside = (step > low) & (step < high)
        following = np.where(inside, step, (low + high) / 2)
        if np.all(np.abs(following - s) < 1e-11):
            return np.asarray(following)
        s = following
    return np.asarray(s)


def negative_binomial_law(a: float, ratio: float, largest: int) -> Array:
    """Probabilities of 0..largest of one component."""
    j = np.arange(largest + 1)
    if ratio <= 0:
        return np.asarray((j == 0).astype(float))
    return np.asarray(np.exp(gammaln(a + j) - gammaln(a) - gammaln(j + 1) - a * np.log1p(ratio) + j * (np.log(ratio) - np.log1p(ratio))))
