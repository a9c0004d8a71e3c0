"""Monthly shares that vary more than binomially: control limits and a forecast of the next month."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import betabinom, norm

Floats = npt.NDArray[np.float64]


def limits_of_shares(y: Floats, n: Floats, z: float = 3.0) -> tuple[float, Floats, Floats]:
    """Centre and z-sigma limits of shares y/n on a p'-chart: binomial spread times the spread seen between neighbouring months.

    Method: Laney (2002), Quality Engineering 14:531.
    """
    centre = float(y.sum() / n.sum())
    sigma = np.sqrt(np.maximum(centre * (1 - centre), 1e-6) / n)
    standardised = (y / n - centre) / sigma
    between = float(np.abs(np.diff(standardised)).mean() / 1.128) if len(y) > 1 else 1.0
    width = z * sigma * max(1.0, between)
    return centre, np.clip(centre - width, 0, 1), np.clip(centre + width, 0, 1)


def fit_beta(y: Floats, n: Floats) -> tuple[float, float]:
    """Shape parameters of the beta law of the share, by moments; at least as concentrated as two months' items, at most binomial."""
    share = float((y.sum() + 0.5) / (n.sum() + 1))
    variance = float(((y - n * share) ** 2).sum())
    binomial = float((n * share * (1 - share)).sum())
    excess = float((n * (n - 1) * share * (1 - share)).sum())
    rho = float(np.clip((variance - binomial) / excess, 1e-4, 0.5)) if excess > 0 else 0.1
    m = 1 / rho - 1
    return share * m, (1 - share) * m


def forecast_share(y: Floats, n: Floats, next_n: float, target: float, higher_is_better: bool) -> float:
    """Probability that next month's share misses the target, from a beta-binomial with uncertain level."""
    a, b = fit_beta(y, n)
    share = a / (a + b)
    level_sd = np.sqrt(share * (1 - share) / (a + b + 1) / len(y) + share * (1 - share) / n.sum())
    levels = np.clip(share + level_sd * norm.ppf((np.arange(9) + 0.5) / 9), 0.002, 0.998)
    items = max(1, round(next_n))
    laws = [betabinom(items, level * (a + b), (1 - level) * (a + b)) for level in levels]
    edge = np.ceil(target * items - 1e-9)
    misses = [law.cdf(edge - 1) if higher_is_better else law.sf(np.floor(target * items + 1e-9)) for law in laws]
    return float(np.mean(misses))
