"""Random numbers keyed by what they are for, and what a finite number of replicates can say.

A stream is named, not positioned: adding a site or a trial shifts no other draw, a killed worker changes nothing,
and two scenarios that share a name share their luck.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
QUANTILES = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)


def keyed_stream(seed: int, *key: str | int) -> np.random.Generator:
    """An independent stream for this seed and name.

    >>> bool(keyed_stream(1, "trial A", "rates").random() == keyed_stream(1, "trial A", "rates").random())
    True
    """
    digest = hashlib.sha256("\x1f".join(map(str, key)).encode()).digest()
    words = np.frombuffer(digest[:16], dtype=np.uint32).tolist()
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, *words])))


def quantile_with_error(sample: Array, levels: Sequence[float] = QUANTILES) -> tuple[Array, Array]:
    """Quantiles of a sample and their Monte Carlo standard errors, from the spacing of neighbouring order statistics.

    `sample` shape (R,). Infinite draws ("never") are allowed; a quantile among them is infinite with an infinite error.
    """
    ordered = np.sort(np.asarray(sample, dtype=float))
    size = len(ordered)
    probabilities = np.asarray(levels, dtype=float)
    position = probabilities * (size - 1)
    low = np.floor(position).astype(int)
    high = np.minimum(low + 1, size - 1)
    with np.errstate(invalid="ignore"):
        values = ordered[low] + np.where(position > low, (position - low) * (ordered[high] - ordered[low]), 0.0)
    spread = np.maximum(np.sqrt(probabilities * (1 - probabilities) * size), 1.0)
    below = ordered[np.clip(np.floor(position - spread).astype(int), 0, size - 1)]
    above = ordered[np.clip(np.ceil(position + spread).astype(int), 0, size - 1)]
    with np.errstate(invalid="ignore"):
        errors = np.where(np.isfinite(values), (above - below) / 2, np.inf)
    return values, errors


def share_with_error(hits: NDArray[np.bool_]) -> tuple[float, float]:
    """A probability estimated from replicates, and its standard error (never exactly zero: one replicate more might differ)."""
    size = hits.size
    p = float(hits.mean())
    softened = (hits.sum() + 1) / (size + 2)
    return p, float(np.sqrt(softened * (1 - softened) / size))


def share_of(hits: NDArray[np.bool_]) -> float:
    """A probability from replicates that is never exactly 0 or 1: so many replicates cannot rule anything out."""
    return float((hits.sum() + 0.5) / (hits.size + 1))


def log_quantile_mean(low: float, high: float, level: float = 0.8) -> tuple[float, float]:
    """(mu, sigma) of the log-normal whose central interval at `level` is low..high."""
    from scipy.special import ndtri

    z = float(ndtri(0.5 + level / 2))
    return (float(np.log(low)) + float(np.log(high))) / 2, (float(np.log(high)) - float(np.log(low))) / (2 * z)
