"""Recruitment into arms that may fill up: those who would join a full arm are turned away, so the last places take longer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
PRIOR_WEIGHT = 10.0  # participants' worth of belief that arms fill in proportion to their caps
BLOCK = 1000


def arm_shares(arms: Sequence[tuple[int, int]]) -> Array:
    """Share of arrivals that each arm (cap, enrolled) draws: as so far, shrunk to its cap's share."""
    caps, had = np.array([a[0] for a in arms], dtype=float), np.array([a[1] for a in arms], dtype=float)
    expected = caps / max(caps.sum(), 1.0)
    return np.asarray((had + PRIOR_WEIGHT * expected) / (had.sum() + PRIOR_WEIGHT))


def needs_with_caps(arms: Sequence[tuple[int, int]], counts: Sequence[int], rng: np.random.Generator, size: int) -> Array:
    """Arrivals' cumulated rate at which so many more are in, caps kept. Shape (size, len(counts)); inf where the caps leave too few places.

    Exact: each arm is a thinned Poisson process that stops at its cap; the k-th admission is the k-th of all arms' arrivals.
    """
    places = [max(cap - had, 0) for cap, had in arms]
    shares = arm_shares(arms)
    found = np.full((size, len(counts)), np.inf)
    reachable = [i for i, count in enumerate(counts) if 0 < count <= sum(places)]
    if not reachable:
        return found
    order = sorted({counts[i] - 1 for i in reachable})
    for start in range(0, size, BLOCK):
        rows = min(BLOCK, size - start)
        arrivals = [np.cumsum(rng.exponential(size=(rows, n)), axis=1) / share for n, share in zip(places, shares, strict=True) if n]
        merged = np.partition(np.concatenate(arrivals, axis=1), order, axis=1)
        for i in reachable:
            found[start : start + rows, i] = merged[:, counts[i] - 1]
    return found
