"""Anytime-valid tests of a share against a tolerance limit: look as often as you like, false alarms stay at most alpha.

The e-value (p1/p0)^x ((1-p1)/(1-p0))^(n-x) grows when events come at the rate p1 rather than p0; by Ville's inequality it exceeds 1/alpha
at any look with probability at most alpha. Source: Wald (1945); Ville (1939); Ramdas et al. (2023).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ToleranceTest:
    """Log e-value now and at its highest, whether the alarm was given, at which participant, and what is left to go."""

    log_e: float
    highest: float
    is_alarm: bool
    alarm_at: int | None


def log_e_value(x: Floats, n: Floats, p0: float, p1: float) -> Floats:
    """ln of the e-value after x events in n participants.

    >>> round(float(log_e_value(np.array([3.0]), np.array([50.0]), 0.03, 0.06)[0]), 3)
    0.615
    """
    if not 0 < p0 < p1 < 1:
        raise ValueError(f"a limit test needs 0 < p0 < p1 < 1, not {p0} and {p1}")
    return np.asarray(x * np.log(p1 / p0) + (n - x) * np.log((1 - p1) / (1 - p0)))


def watch_limit(events: NDArray[np.int64], p0: float, p1: float, alpha: float = 0.05) -> ToleranceTest:
    """The test over participants in the order in which they became known; `events` holds 0 or 1 for each."""
    n = np.arange(1, len(events) + 1)
    path = log_e_value(np.cumsum(events).astype(float), n.astype(float), p0, p1) if len(events) else np.zeros(1)
    over = np.flatnonzero(path >= np.log(1 / alpha))
    return ToleranceTest(float(path[-1]), float(path.max()), len(over) > 0, int(n[over[0]]) if len(over) else None)


def project_share(x: float, n: float, planned: float, level: float = 0.9) -> tuple[float, float, float]:
    """Expected share at the end of the trial with its interval: beta-binomial prediction of the participants still to come.

    Jeffreys prior; `planned` below n counts as n. The ends are those of the beta for the rest, added to what is known.
    """
    rest = max(planned - n, 0.0)
    a, b = x + 0.5, n - x + 0.5
    low, high = (float(betaincinv(a, b, q)) for q in ((1 - level) / 2, (1 + level) / 2))
    total = n + rest
    return tuple((x + rest * share) / total for share in (a / (a + b), low, high))  # type: ignore[return-value]
