"""Quantified risks: exact figures of one risk, simulated exceedance curves of many, tornado and value of mitigation.

A risk occurs with probability p in the period; if it does, its size is lognormal through the given 5th and 95th percentiles. Money and
days of one event move together; risks of one correlation group share a factor; an opportunity is a negative loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]
Z95 = 1.6448536269514722


@dataclass(frozen=True, slots=True)
class Severity:
    """Lognormal size: mu and sigma of the logarithm."""

    mu: float
    sigma: float

    @staticmethod
    def from_percentiles(low: float, high: float) -> Severity:
        """Through the 5th and 95th percentile. Raises ValueError unless 0 < low <= high."""
        if not 0 < low <= high < np.inf:
            raise ValueError(f"percentiles must be above 0 and rising, not {low} and {high}")
        sigma = float(np.log(high / low)) / (2 * Z95)
        return Severity(float(np.log(low)) + Z95 * sigma, sigma)

    @property
    def mean(self) -> float:
        """Expected size, given that the risk occurs."""
        return float(np.exp(self.mu + self.sigma**2 / 2))


@dataclass(frozen=True, slots=True)
class QuantifiedRisk:
    """One risk. `cost` in one currency, `days` in days, either may be missing. `group` names what moves together ('' = on its own)."""

    name: str
    probability: float
    cost: Severity | None = None
    days: Severity | None = None
    is_opportunity: bool = False
    group: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise ValueError(f"the probability of {self.name} is not between 0 and 1: {self.probability}")


def expected_loss(p: float, size: Severity) -> float:
    """p times the mean size.

    >>> round(expected_loss(0.4, Severity.from_percentiles(50_000, 400_000)))
    69078
    """
    return p * size.mean


def probability_above(p: float, size: Severity, threshold: float) -> float:
    """P(loss > threshold) for a threshold of 0 or more."""
    if threshold <= 0:
        return p
    if size.sigma == 0:
        return p * float(np.exp(size.mu) > threshold)
    return p * float(ndtr((size.mu - np.log(threshold)) / size.sigma))


def value_at_risk(p: float, size: Severity, level: float) -> float:
    """The loss exceeded with probability 1 - level: exactly 0 where p <= 1 - level, however large the loss could be."""
    if p <= 1 - level + 1e-15:
        return 0.0
    return float(np.exp(size.mu + size.sigma * ndtri(1 - (1 - level) / p)))


def expected_shortfall(p: float, size: Severity, level: float) -> float:
    """Mean loss in the worst 1 - level of cases."""
    loss = expected_loss(p, size)
    if p <= 1 - level + 1e-15:
        return loss / (1 - level)
    return loss * float(ndtr(size.sigma - ndtri(1 - (1 - level) / p))) / (1 - level)


@dataclass(frozen=True, slots=True)
class Draws:
    """Total money and days in each draw. Money is net of opportunities, so it may be negative."""

    cost: Floats
    days: Floats

    @property
    def n(self) -> int:
        return len(self.cost)


@dataclass(frozen=True, slots=True)
class Summary:
    """Mean with its Monte Carlo error, and the levels exceeded with probability 50, 20, 10 and 5 %."""

    mean: float
    error: float
    p50: float
    p80: float
    p90: float
    p95: float


def simulate(risks: Sequence[QuantifiedRisk], draws: int, seed: int, correlation: float = 0.5) -> Draws:
    """Draws of the whole register.

    Whether risks of a group occur, and how large they are, share one normal factor each (`correlation` is that between two members).
    Each risk has its own stream, keyed by seed and name: adding a risk changes no other's draws, and order does not matter.
    """
    cost, days = np.zeros(draws), np.zeros(draws)
    factors: dict[str, tuple[Floats, Floats]] = {}
    for risk in sorted(risks, key=lambda r: r.name):
        occurs, size = _draw_one(risk, draws, seed, correlation, factors)
        sign = -1.0 if risk.is_opportunity else 1.0
        for severity, total in ((risk.cost, cost), (risk.days, days)):
            if severity is not None:
                total[occurs] += sign * np.exp(severity.mu + severity.sigma * size)
    return Draws(cost, days)


def _draw_one(
    risk: QuantifiedRisk, draws: int, seed: int, correlation: float, factors: dict[str, tuple[Floats, Floats]]
) -> tuple[NDArray[np.intp], Floats]:
    # Only the draws in which the risk occurs need a size: most registers hold small probabilities, so this is most of the speed.
    rng = _stream(seed, f"risk:{risk.name}")
    if not risk.group:
        occurs = np.flatnonzero(rng.random(draws, dtype=np.float32) < risk.probability)
        return occurs, rng.standard_normal(len(occurs))
    if risk.group not in factors:
        common = _stream(seed, f"group:{risk.group}")
        factors[risk.group] = common.standard_normal(draws), common.standard_normal(draws)
    happening, sizing = factors[risk.group]
    own, shared = np.sqrt(1 - correlation), np.sqrt(correlation)
    latent = shared * happening + own * rng.standard_normal(draws)
    occurs = np.flatnonzero(latent < ndtri(risk.probability))
    return occurs, shared * sizing[occurs] + own * rng.standard_normal(len(occurs))


def _stream(seed: int, name: str) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, *name.encode()])))


def summarise(values: Floats) -> Summary:
    """Mean, its Monte Carlo error and upper quantiles."""
    p50, p80, p90, p95 = np.quantile(values, [0.5, 0.8, 0.9, 0.95])
    return Summary(float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))), float(p50), float(p80), float(p90), float(p95))


def derive_exceedance(values: Floats, points: int = 60) -> tuple[Floats, Floats]:
    """Loss levels from 0 to the largest that matters, and the probability that each is exceeded."""
    ordered = np.sort(values)
    top = float(ordered[int(0.9975 * (len(ordered) - 1))])
    levels = np.linspace(0, max(top, 1e-9), points)
    return levels, 1 - np.searchsorted(ordered, levels, side="right") / len(ordered)


def tolerance_at(levels: Floats, first: tuple[float, float], second: tuple[float, float]) -> Floats:
    """The tolerated probability of exceeding each level: a line in log-log through two (loss, probability) points, at most 1."""
    (l1, p1), (l2, p2) = first, second
    if not (0 < l1 < l2 and 1 >= p1 > p2 > 0):
        raise ValueError("a tolerance curve falls through two points of rising loss")
    slope = np.log(p2 / p1) / np.log(l2 / l1)
    return np.asarray(np.minimum(1.0, p1 * (np.maximum(levels, 1e-9) / l1) ** slope))


def derive_tornado(risks: Sequence[QuantifiedRisk]) -> list[tuple[str, float, float]]:
    """(name, expected loss in money, expected days), opportunities negative, largest money first."""
    rows = []
    for risk in risks:
        sign = -1.0 if risk.is_opportunity else 1.0
        rows.append((
            risk.name,
            sign * expected_loss(risk.probability, risk.cost) if risk.cost else 0.0,
            sign * expected_loss(risk.probability, risk.days) if risk.days else 0.0,
        ))  # fmt: skip
    return sorted(rows, key=lambda row: (-abs(row[1]), -abs(row[2]), row[0]))


def value_of_mitigation(before: QuantifiedRisk, after: QuantifiedRisk, price: float) -> float:
    """Fall in expected loss, less the price of the mitigation. Negative: it costs more than it saves on average."""

    def loss(risk: QuantifiedRisk) -> float:
        return expected_loss(risk.probability, risk.cost) if risk.cost else 0.0

    sign = -1.0 if before.is_opportunity else 1.0
    return sign * (loss(before) - loss(after)) - price


def without_occurred(risks: Sequence[QuantifiedRisk], occurred: set[str]) -> list[QuantifiedRisk]:
    """What has happened is an issue and leaves the curve."""
    return [replace(risk) for risk in risks if risk.name not in occurred]


SCORE_FORMULAS: dict[int, tuple[str, Callable[[int, int], int]]] = {
    1: ("likelihood x impact + 2 x impact", lambda impact, likelihood: likelihood * impact + 2 * impact),
    2: ("likelihood x impact + impact", lambda impact, likelihood: likelihood * impact + impact),
    3: ("likelihood x impact", lambda impact, likelihood: likelihood * impact),
    4: ("likelihood x impact + likelihood", lambda impact, likelihood: likelihood * impact + likelihood),
    5: ("likelihood x impact + 2 x likelihood", lambda impact, likelihood: likelihood * impact + 2 * likelihood),
}


def score_matrix(formula: int, impact: int, likelihood: int, mitigation: float = 0.0) -> float:
    """Qualitative score from 0 to 10: ten times the value over the largest; residual = inherent x (1 - mitigation).

    >>> round(score_matrix(1, 1, 1), 2)
    0.86
    """
    if formula not in SCORE_FORMULAS:
        raise ValueError(f"unknown score formula {formula}; there are {sorted(SCORE_FORMULAS)}")
    if impact not in range(1, 6) or likelihood not in range(1, 6) or not 0 <= mitigation <= 1:
        raise ValueError(f"impact and likelihood run from 1 to 5, mitigation from 0 to 1, not {impact}, {likelihood}, {mitigation}")
    value = SCORE_FORMULAS[formula][1]
    return float(10 * value(impact, likelihood) / value(5, 5) * (1 - mitigation))
