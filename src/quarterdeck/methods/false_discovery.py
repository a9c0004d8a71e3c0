"""False-discovery control and persistence: what keeps a list of signals short without hiding the true ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def adjust_benjamini_hochberg(p: Floats) -> Floats:
    """q-values: the smallest false-discovery rate at which each p would be reported. NaN (not assessed) stays NaN and is not counted.

    >>> adjust_benjamini_hochberg(np.array([0.01, 0.04, 0.03, np.nan])).round(3).tolist()
    [0.03, 0.04, 0.04, nan]
    """
    q = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p.ravel()))
    if len(known) == 0:
        return q
    values = p.ravel()[known]
    order = np.argsort(values, kind="stable")
    stepped = values[order] * len(values) / np.arange(1, len(values) + 1)
    adjusted = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0)
    q.ravel()[known[order]] = adjusted
    return q


def count_consecutive(flagged: list[bool | None]) -> int:
    """How many of the newest snapshots in a row were flagged (oldest first). Not assessed (None) neither counts nor breaks the row."""
    count = 0
    for is_flagged in reversed(flagged):
        if is_flagged is False:
            break
        count += bool(is_flagged)
    return count
