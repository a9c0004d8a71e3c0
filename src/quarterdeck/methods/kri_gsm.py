"""The reference statistics of gsm (gsm.core 1.1.4), reproduced to 1e-9 with their faults, for parity and comparison only.

Groups i have a numerator x and a denominator n, both arrays of one length with n > 0. Judge trials with `kri_robust`, not with these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, lambertw

from quarterdeck.methods.saddlepoint import deviance_term

Floats = NDArray[np.float64]
Flags = NDArray[np.int64]

CUTS = (-3.0, -2.0, 2.0, 3.0)
FLAGS = (-2, -1, 0, 1, 2)
FISHER_TOLERANCE = 1 + 1e-7  # R counts tables as "as unlikely" within this factor


@dataclass(frozen=True, slots=True)
class NormalScores:
    """Pooled rate, dispersion factor phi, metric and score by group."""

    overall: float
    phi: float
    metric: Floats
    score: Floats


@dataclass(frozen=True, slots=True)
class PoissonScores:
    """Deviance residual and predicted count by group, and the two coefficients (the slope is NaN where it cannot be fitted)."""

    score: Floats
    predicted: Floats
    intercept: float
    slope: float


def score_normal(x: Floats, n: Floats, kind: str) -> NormalScores:
    """Funnel scores with one multiplicative dispersion factor over all groups, the judged one included.

    `kind` is "binary" (variance p(1-p)) or "rate" (variance p). Scores are 0 where phi is 0 or the pooled rate leaves no variance.
    A binary pooled rate above 1 gives NaN throughout: R stops there.
    """
    overall = float(x.sum() / n.sum())
    metric = x / n
    variance = overall * (1 - overall) if kind == "binary" else overall
    if variance < 0:
        return NormalScores(overall, float("nan"), metric, np.full(len(x), np.nan))
    if variance == 0:
        return NormalScores(overall, 0.0, metric, np.zeros(len(x)))
    raw = (metric - overall) / np.sqrt(variance / n)
    phi = float(np.mean(raw**2))
    score = np.zeros(len(x)) if phi == 0 else (metric - overall) / np.sqrt(phi * variance / n)
    return NormalScores(overall, phi, metric, score)


def derive_flags(score: Floats, cuts: Sequence[float] = CUTS, flags: Sequence[int] = FLAGS) -> NDArray[np.float64]:
    """The flag of each score; intervals are closed on the left, so +2 is amber and -2 is not. NaN stays NaN.

    >>> derive_flags(np.array([-2.0, 2.0, 3.5])).tolist()
    [0.0, 1.0, 2.0]
    """
    chosen = np.asarray(flags, dtype=float)[np.searchsorted(np.asarray(cuts), score, side="right").clip(0, len(cuts))]
    return np.where(np.isnan(score), np.nan, chosen)


def is_accrued(x: Floats, n: Floats, threshold: float, on: str) -> NDArray[np.bool_]:
    """Whether a group has enough to be judged. `on` is numerator, denominator, difference (n - x) or none."""
    amount = {"numerator": x, "denominator": n, "difference": n - x, "none": np.full(len(x), np.inf)}[on]
    return np.asarray(amount >= threshold)


def predict_bounds_normal(x: Floats, n: Floats, kind: str, cuts: Sequence[float] = CUTS) -> tuple[Floats, Floats, Floats]:
    """Threshold, denominator and numerator of each point of the funnel's lines, negative numerators left out.

    The grid runs from one step below the smallest to one above the largest denominator; a step is the range / 250, or 1.
    """
    scores = score_normal(x, n, kind)
    if np.isnan(scores.phi) or scores.overall == 0 or (kind == "binary" and scores.overall == 1):
        return np.array([]), np.array([]), np.array([])
    variance = scores.phi * (scores.overall * (1 - scores.overall) if kind == "binary" else scores.overall)
    grid = _grid(float(n.min()), float(n.max()), 1.0)
    thresholds = np.repeat([*cuts, 0.0], len(grid))
    denominators = np.tile(grid, len(cuts) + 1)
    with np.errstate(invalid="ignore"):
        numerators = (scores.overall + thresholds * np.sqrt(variance / denominators)) * denominators
        keep = numerators >= 0
    return thresholds[keep], denominators[keep], numerators[keep]


def score_poisson_as_shipped(x: Floats, n: Floats) -> PoissonScores:
    """Deviance residuals of ln(mu) = b0 + b1 ln(n): the offset goes unrecognised under R 4.2.2, so a slope is fitted.

    The iteration starts and stops as R's glm does (25 rounds, relative change of deviance below 1e-8), so that also its
    unconverged answers are the same.
    """
    mu, b0, b1 = _fit_poisson_like_r(x, np.log(n))
    return PoissonScores(_deviance_residuals(x, mu), mu, b0, b1)


def score_poisson(x: Floats, n: Floats) -> PoissonScores:
    """Deviance residuals against mu = pooled rate times n: what gsm's manual promises."""
    rate = float(x.sum() / n.sum())
    return PoissonScores(_deviance_residuals(x, rate * n), rate * n, float(np.log(rate)) if rate > 0 else -np.inf, 1.0)


def predict_bounds_poisson(
    x: Floats, n: Floats, cuts: Sequence[float] = (-5.0, 5.0), step_if_flat: float = 0.05
) -> tuple[Floats, Floats, Floats]:
    """Threshold, denominator and numerator of the lines of equal deviance residual of the shipped model.

    Points where no such count exists are left out; where the slope cannot be fitted all points stay, as NaN, as the reference has it.
    """
    fit = score_poisson_as_shipped(x, n)
    log_n = np.log(n)
    grid = _grid(float(log_n.min()), float(log_n.max()), step_if_flat)
    mu = np.exp(fit.intercept + fit.slope * grid)
    lines = []
    for cut in [*cuts, 0.0]:
        with np.errstate(all="ignore"):
            argument = (cut**2 - 2 * mu) / (2 * np.e * mu)
            root = lambertw(argument, -1 if cut < 0 else 0)
            value = np.where(np.abs(root.imag) > 1e-12, np.nan, mu * np.exp(1 + root.real))
        lines.append(mu if cut == 0 else value)
    numerators = np.concatenate(lines)
    keep = ~np.isnan(numerators) | np.isnan(fit.slope)
    return np.repeat([*cuts, 0.0], len(grid))[keep], np.tile(np.exp(grid), len(cuts) + 1)[keep], numerators[keep]


def test_fisher(x: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Conditional odds ratio (infinite where the rest has none) and two-sided p of each group against all the others.

    Needs whole numbers with 0 <= x <= n and at least two groups; raises ValueError otherwise, as R stops.
    """
    if len(x) < 2 or np.any(x < 0) or np.any(x > n) or np.any(x != np.round(x)) or np.any(n != np.round(n)):
        raise ValueError("Fisher's test needs two groups or more and whole numbers, none above its denominator")
    pairs = [_fisher_of_one(int(a), int(b), int(x.sum()), int(n.sum())) for a, b in zip(x, n, strict=True)]
    return np.array([odds for odds, _ in pairs]), np.array([p for _, p in pairs])


test_fisher.__test__ = False  # type: ignore[attr-defined]  # a statistical test, not one of ours


def check_tolerance_limit(x: float, n: float, limit: float, deviations: float = 3.0) -> tuple[float, int]:
    """gsm.qtl's one-sided rule on a whole trial: z against the limit, flag 1 from the limit, 2 from `deviations` errors above it."""
    rate, error = x / n, float(np.sqrt(limit * (1 - limit) / n))
    flag = 2 if rate >= limit + deviations * error else 1 if rate >= limit else 0
    return (rate - limit) / error, flag


@dataclass(frozen=True, slots=True)
class FunnelScores:
    """The NHS/CQC funnel: transformed value, its standard error, raw, winsorised and adjusted z; dispersion and variance between groups."""

    y: Floats
    s: Floats
    target: float
    raw: Floats
    winsorised: Floats
    phi: float
    tau2: float
    adjusted: Floats


def score_cqc(x: Floats, n: Floats, kind: str) -> FunnelScores:
    """Spiegelhalter's additive funnel as FunnelPlotR 0.6.0 does it: arcsine (binary), or root of observed over expected (rate).

    For "rate" `n` is the expected count, and the target is 1.
    """
    if kind == "binary":
        y, s, target = np.arcsin(np.sqrt(x / n)), 1 / (2 * np.sqrt(n)), float(np.arcsin(np.sqrt(x.sum() / n.sum())))
    else:
        y, s, target = np.sqrt(x / n), 1 / (2 * np.sqrt(n)), float(np.sqrt(x.sum() / n.sum()))
    raw = (y - target) / s
    low, high = np.quantile(raw, [0.1, 0.9])
    clipped = np.clip(raw, low, high)
    m, phi = len(x), float(np.mean(clipped**2))
    weight = s**-2
    spread = float(weight.sum() - (weight**2).sum() / weight.sum())
    tau2 = max(0.0, (m * phi - (m - 1)) / spread) if spread > 0 else 0.0
    return FunnelScores(y, s, target, raw, clipped, phi, tau2, (y - target) / np.sqrt(s**2 + tau2))


def score_site_risk(weights: Sequence[float | None], heaviest: Sequence[float]) -> tuple[float | None, float]:
    """gsm's site score 100 sum(weight of the flag) / sum(largest weight), and the share of weight that was assessed.

    `weights` holds None where an indicator was not assessed; give the indicators that any site of the snapshot was assessed for. The denominator is the whole weight, assessed or not: the reference's
    fault, which the second value makes visible.
    """
    assessed = [pair for pair in zip(weights, heaviest, strict=True) if pair[0] is not None]
    total = float(sum(heaviest))
    if not assessed or total == 0:
        return None, 0.0
    return 100 * sum(float(w or 0) for w, _ in assessed) / total, sum(top for _, top in assessed) / total


def _grid(low: float, high: float, step_if_flat: float) -> Floats:
    step = (high - low) / 250 if high > low else step_if_flat
    # as R's seq(): from + (0:n) * by, with n found under a small tolerance
    count = int(np.floor((high - low + 2 * step) / step + 1e-10))
    return np.asarray((low - step) + np.arange(count + 1) * step, dtype=np.float64)


def _deviance_residuals(x: Floats, mu: Floats) -> Floats:
    return np.asarray(np.sign(x - mu) * np.sqrt(np.maximum(2 * deviance_term(x, mu), 0)))


def _fit_poisson_like_r(x: Floats, log_n: Floats) -> tuple[Floats, float, float]:
    centred = log_n - log_n.mean()
    has_slope = bool(np.sqrt((centred**2).sum()) > 1e-7 * np.sqrt((log_n**2).sum())) and len(x) > 1
    design = np.column_stack([np.ones(len(x)), log_n]) if has_slope else np.ones((len(x), 1))
    mu = x + 0.1
    eta = np.log(mu)
    previous = _deviance(x, mu)
    coefficients = np.zeros(design.shape[1])
    for _ in range(25):
        root = np.sqrt(mu)
        working = eta + (x - mu) / mu
        coefficients = np.linalg.lstsq(design * root[:, None], working * root, rcond=None)[0]
        eta = design @ coefficients
        mu = np.maximum(np.exp(eta), np.finfo(float).eps)
        now = _deviance(x, mu)
        if abs(now - previous) / (abs(now) + 0.1) < 1e-8:
            break
        previous = now
    return mu, float(coefficients[0]), float(coefficients[1]) if has_slope else float("nan")


def _deviance(x: Floats, mu: Floats) -> float:
    return float((_deviance_residuals(x, mu) ** 2).sum())


def _fisher_of_one(x: int, n: int, total_x: int, total_n: int) -> tuple[float, float]:
    # Hypergeometric: x of the group's n among total_x of total_n.
    low, high = max(0, total_x - (total_n - n)), min(n, total_x)
    support = np.arange(low, high + 1)
    log_density = _log_choose(total_x, support) + _log_choose(total_n - total_x, n - support)
    density = np.exp(log_density - log_density.max())
    density /= density.sum()
    p = float(density[density <= density[x - low] * FISHER_TOLERANCE].sum())
    return _conditional_odds(x, low, high, support, log_density), min(1.0, p)


def _conditional_odds(x: int, low: int, high: int, support: NDArray[np.int64], log_density: Floats) -> float:
    if x == low:
        return 0.0
    if x == high:
        return float("inf")

    def mean(log_odds: float) -> float:
        tilted = log_density + support * log_odds
        weight = np.exp(tilted - tilted.max())
        return float((support * weight).sum() / weight.sum())

    at_one = mean(0.0)
    if at_one == x:
        return 1.0
    if at_one > x:
        return _find_root_like_r(lambda odds: (mean(np.log(odds)) if odds > 0 else low) - x, 0.0, 1.0)
    return 1 / _find_root_like_r(lambda inverse: mean(-np.log(inverse)) - x, float(np.finfo(float).eps), 1.0)


def _find_root_like_r(function: Callable[[float], float], a: float, b: float) -> float:
    # R's uniroot stops at a tolerance of 1.2e-4, so that its odds ratios are good to four digits only. To give the same digits one has
    # to walk the same steps: Brent's method in R's variant.
    tolerance, epsilon = float(np.finfo(float).eps ** 0.25), float(np.finfo(float).eps)
    fa, fb = function(a), function(b)
    c, fc = a, fa
    if fa == 0:
        return a
    for _ in range(1001):
        previous_step = b - a
        if abs(fc) < abs(fb):
            a, b, c = b, c, b
            fa, fb, fc = fb, fc, fb
        enough = 2 * epsilon * abs(b) + tolerance / 2
        step = (c - b) / 2
        if abs(step) <= enough or fb == 0:
            return b
        if abs(previous_step) >= enough and abs(fa) > abs(fb):
            step = _interpolate(a, b, c, fa, fb, fc, enough, previous_step, step)
        if abs(step) < enough:
            step = enough if step > 0 else -enough
        a, fa = b, fb
        b += step
        fb = function(b)
        if (fb > 0) == (fc > 0) and fb != 0 and fc != 0:
            c, fc = a, fa
    return b


def _interpolate(a: float, b: float, c: float, fa: float, fb: float, fc: float, enough: float, previous: float, halved: float) -> float:
    width = c - b
    if a == c:
        t1 = fb / fa
        p, q = width * t1, 1 - t1
    else:
        q, t1, t2 = fa / fc, fb / fc, fb / fa
        p = t2 * (width * q * (q - t1) - (b - a) * (t1 - 1))
        q = (q - 1) * (t1 - 1) * (t2 - 1)
    p, q = (p, -q) if p > 0 else (-p, q)
    is_good = p < 0.75 * width * q - abs(enough * q) / 2 and p < abs(previous * q / 2)
    return p / q if is_good else halved


def _log_choose(n: int, k: NDArray[np.int64]) -> Floats:
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1), dtype=float)
