"""The law of the day on which the last participant is enrolled: exact or by saddlepoint, with closings, holds, caps and uncertain openings.

P(T <= t) = P(N(t) >= n), where N(t) sums one negative-binomial count per site; caps stop the count, not the rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from quarterdeck.methods.negative_binomial import (
    count_law_by_recursion,
    count_moments,
    log_transform,
    merge_components,
    negative_binomial_law,
    saddlepoint_at_least,
    transform_size,
)

Array = NDArray[np.float64]
FOREVER = 1e7  # days: beyond any trial, small enough for the arithmetic
EXACT_WORK = 400_000  # complex terms a single evaluation may cost before the saddlepoint takes over
EXACT_BELOW = 20  # participants: the saddlepoint is not good enough under this
DELAY_SLICES = (np.arange(32) + 0.5) / 32


@dataclass(frozen=True, slots=True)
class Sites:
    """Sites that may still enrol. Days count from the cut-off; `opening` <= 0 is open now, `closing` inf stays open.

    `room` is how many more the site may enrol (inf: no cap); `country` indexes `Conditions.country_room`.
    `delay` (sites, 3): triangular least, most likely and greatest opening day, NaN where the opening is known.
    """

    shape: Array
    rate: Array
    opening: Array
    closing: Array
    room: Array
    country: NDArray[np.int64]
    delay: Array

    def with_posterior(self, shape: Array, rate: Array) -> Sites:
        """The same sites at other parameters."""
        return Sites(shape, rate, self.opening, self.closing, self.room, self.country, self.delay)

    @property
    def has_caps(self) -> bool:
        """Whether any site is capped."""
        return bool(np.isfinite(self.room).any())

    @property
    def has_delays(self) -> bool:
        """Whether any opening is uncertain."""
        return bool(np.isfinite(self.delay[:, 0]).any()) if len(self.delay) else False


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds for the trial as a whole: holds as (start, end) days from the cut-off, and room left by country index."""

    holds: tuple[tuple[float, float], ...] = ()
    country_room: Mapping[int, int] = field(default_factory=dict)


def open_time(t: float, opening: Array, closing: Array, holds: Sequence[tuple[float, float]]) -> Array:
    """Days that each site is open within (0, t], holds taken out."""
    start, end = np.maximum(opening, 0.0), np.minimum(closing, t)
    time = np.maximum(end - start, 0.0)
    for first, last in holds:
        time = time - np.maximum(np.minimum(end, last) - np.maximum(start, first), 0.0)
    return np.asarray(np.maximum(time, 0.0))


def triangular_quantile(u: Array, low: Array, mode: Array, high: Array) -> Array:
    """Quantile of a triangular law; shapes broadcast. A law of no width is its one value."""
    width = np.maximum(high - low, 1e-12)
    turn = (mode - low) / width
    rising = low + np.sqrt(u * width * np.maximum(mode - low, 0))
    falling = high - np.sqrt((1 - u) * width * np.maximum(high - mode, 0))
    return np.where(u < turn, rising, falling)


def count_law_at(t: float, sites: Sites, conditions: Conditions, least: int = 0) -> Array:
    """Probabilities of 0, 1, 2, ... participants enrolled within (0, t]; exact, caps and uncertain openings included."""
    ratios = _ratios(t, sites, conditions)
    size = _law_size(sites, ratios, conditions, least)
    whole = np.ones(size // 2 + 1, dtype=complex)
    for country in np.unique(sites.country):
        mine = np.flatnonzero(sites.country == country)
        room = conditions.country_room.get(int(country))
        if room is None:
            whole = whole * _country_transform(sites, ratios, mine, size)
        else:
            law = _capped_country_law(sites, ratios, mine, room)
            whole = whole * np.fft.rfft(np.pad(law, (0, size - len(law))))
    return np.asarray(np.clip(np.fft.irfft(whole, size), 0.0, None))


def probability_by(t: float, n: int, sites: Sites, conditions: Conditions = Conditions(), exact: bool | None = None) -> float:
    """P(n more participants are enrolled by day t after the cut-off)."""
    if n <= 0:
        return 1.0
    if t <= 0 or not len(sites.shape):
        return 0.0
    if exact is None:
        exact = _exact_is_cheap(t, n, sites, conditions)
    if not exact:
        a, ratio = _effective_components(t, sites, conditions)
        return float(saddlepoint_at_least(n, a, ratio)) if len(a) else 0.0
    law = count_law_at(t, sites, conditions, least=n)
    return float(np.clip(1.0 - law[:n].sum(), 0.0, 1.0))


def probability_ever(n: int, sites: Sites, conditions: Conditions = Conditions()) -> float:
    """P(the target is reached at all): 1 where an open-ended site without cap remains in an uncapped country."""
    if n <= 0:
        return 1.0
    capped_countries = np.array([int(c) in conditions.country_room for c in sites.country], dtype=bool)
    endless = np.isinf(sites.closing) & np.isinf(sites.room) & ~capped_countries & (sites.opening < FOREVER)
    if endless.any():
        return 1.0
    ever = probability_by(FOREVER, n, sites, conditions, exact=True) if len(sites.shape) else 0.0
    return 0.0 if ever < 1e-12 else 1.0 if ever > 1 - 1e-9 else ever


class CompletionLaw:
    """The law of completion for one set of parameters, or for a mixture of several (parameter uncertainty)."""

    def __init__(self, n: int, mixture: Sequence[tuple[float, Sites]], conditions: Conditions = Conditions()) -> None:
        self.n, self.mixture, self.conditions = n, list(mixture), conditions
        self._known: dict[float, float] = {}
        first = self.mixture[0][1]
        self._plain = not (first.has_caps or conditions.country_room) and n >= EXACT_BELOW

    def probability_by(self, t: float) -> float:
        """P(T <= t)."""
        if t not in self._known:
            self._known[t] = self._evaluate(float(t))
        return self._known[t]

    def probability_ever(self) -> float:
        """P(T < infinity)."""
        return sum(weight * probability_ever(self.n, sites, self.conditions) for weight, sites in self.mixture)

    def quantile(self, p: float, ever: float | None = None) -> float | None:
        """Days after the cut-off by which the target is met with probability p; None where that is never so."""
        if p >= (self.probability_ever() if ever is None else ever):
            return None
        high = 64.0
        while self.probability_by(high) < p:
            high *= 2
            if high > FOREVER:
                return None
        low = 0.0 if high == 64.0 else high / 2
        return float(brentq(lambda t: self.probability_by(t) - p, low, high, xtol=1e-7 if len(self.mixture) == 1 else 1e-4, rtol=1e-13))

    def mean(self) -> float | None:
        """Mean of T by integrating the survival function; None where the target may never be reached or the mean is infinite."""
        if self.probability_ever() < 1 - 1e-9:
            return None
        low, high = self.quantile(1e-7), self.quantile(1 - 1e-7)
        if low is None or high is None:
            return None
        middle = self.quantile(0.5) or (low + high) / 2
        total = low
        fewer = 3 if self.mixture[0][1].has_delays or not self._plain else 1  # dear evaluations, smooth function
        for start, end, size in ((low, middle, 40), (middle, min(high, 3 * middle), 48), (min(high, 3 * middle), high, 32)):
            size = size // fewer
            if end > start:
                x, w = np.polynomial.legendre.leggauss(size)
                days = start + (end - start) * (x + 1) / 2
                total += float(sum(w[i] * (1 - self.probability_by(day)) for i, day in enumerate(days))) * (end - start) / 2
        return total

    def _evaluate(self, t: float) -> float:
        if len(self.mixture) == 1:
            return probability_by(t, self.n, self.mixture[0][1], self.conditions)
        if self._plain and t > 0:
            parts = [_effective_components(t, sites, self.conditions) for _, sites in self.mixture]
            if not len(parts[0][0]):
                return 0.0
            values = saddlepoint_at_least(self.n, np.array([a for a, _ in parts]), np.array([r for _, r in parts]))
            return float(np.dot([weight for weight, _ in self.mixture], values))
        return sum(weight * probability_by(t, self.n, sites, self.conditions) for weight, sites in self.mixture)


def count_summary(t: float, mixture: Sequence[tuple[float, Sites]], conditions: Conditions, levels: Sequence[float]) -> dict[str, float]:
    """Mean, standard deviation and quantiles (smallest j with P(N <= j) >= p) of the number enrolled within (0, t]."""
    laws = [(weight, count_law_at(t, sites, conditions)) for weight, sites in mixture]
    law = np.zeros(max(len(part) for _, part in laws))
    for weight, part in laws:
        law[: len(part)] += weight * part
    law = law / law.sum()
    j = np.arange(len(law))
    mean = float((j * law).sum())
    summary = {"mean": mean, "sd": float(np.sqrt(max((law * (j - mean) ** 2).sum(), 0.0)))}
    reached = np.cumsum(law)
    return summary | {f"q{p:g}": int(np.searchsorted(reached, p - 1e-12)) for p in levels}


def draw_completion(n: int, sites: Sites, conditions: Conditions, rng: np.random.Generator, replicates: int) -> Array:
    """Monte Carlo twin without caps: T = inverse of the cumulative intensity at a Gamma(n) draw. Infinite where never reached."""
    if sites.has_caps or conditions.country_room:
        raise ValueError("caps need the exact law")
    opening = np.broadcast_to(np.maximum(sites.opening, 0.0), (replicates, len(sites.shape))).copy()
    uncertain = np.isfinite(sites.delay[:, 0])
    if uncertain.any():
        u = rng.random((replicates, int(uncertain.sum())))
        opening[:, uncertain] = triangular_quantile(u, *sites.delay[uncertain].T)
    rates = rng.gamma(sites.shape, 1 / sites.rate, size=opening.shape)
    need = rng.gamma(n, size=replicates)
    return _invert_intensity(need, rates, _through_holds(opening, conditions), sites.closing, conditions)


def _invert_intensity(need: Array, rates: Array, opening: Array, closing: Array, conditions: Conditions) -> Array:
    """Sort the days at which the total rate changes, cumulate, and invert by segment."""
    closing = _through_holds(closing, conditions)
    days = np.concatenate([opening, np.broadcast_to(np.where(np.isfinite(closing), closing, np.inf), opening.shape)], axis=1)
    change = np.concatenate([rates, -rates], axis=1)
    order = np.argsort(days, axis=1)
    days, change = np.take_along_axis(days, order, 1), np.take_along_axis(change, order, 1)
    total = np.maximum(np.cumsum(change, axis=1), 0.0)
    finite = np.where(np.isfinite(days), days, FOREVER)
    gained = total[:, :-1] * np.diff(finite, axis=1)
    reached = np.concatenate([np.zeros((len(need), 1)), np.cumsum(gained, axis=1)], axis=1)
    where = np.minimum((reached <= need[:, None]).sum(axis=1) - 1, days.shape[1] - 1)
    rows = np.arange(len(need))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = finite[rows, where] + (need - reached[rows, where]) / total[rows, where]
    return _back_through_holds(np.where(t < FOREVER, t, np.inf), conditions)


def _through_holds(days: Array, conditions: Conditions) -> Array:
    """Calendar days to open days (holds cut out)."""
    lost = sum((np.clip(days, a, b) - a for a, b in _positive(conditions)), np.zeros_like(days))
    return np.where(np.isfinite(days), days - lost, days)


def _back_through_holds(days: Array, conditions: Conditions) -> Array:
    for first, last in sorted(_positive(conditions)):
        days = np.where(days > first, days + (last - first), days)
    return days


def _positive(conditions: Conditions) -> list[tuple[float, float]]:
    return [(max(a, 0.0), b) for a, b in conditions.holds if b > 0]


def _ratios(t: float, sites: Sites, conditions: Conditions) -> list[Array]:
    """w/b of each site: one value, or one per slice of an uncertain opening."""
    plain = open_time(t, sites.opening, sites.closing, conditions.holds) / sites.rate
    found = [plain[i : i + 1] for i in range(len(plain))]
    uncertain = np.flatnonzero(np.isfinite(sites.delay[:, 0]))
    if len(uncertain):
        openings = triangular_quantile(DELAY_SLICES[None], *sites.delay[uncertain].T[:, :, None])
        times = open_time(t, openings, sites.closing[uncertain, None], conditions.holds) / sites.rate[uncertain, None]
        for row, i in enumerate(uncertain):
            found[i] = times[row]
    return found


def _law_size(sites: Sites, ratios: list[Array], conditions: Conditions, least: int) -> int:
    """Room for the free sites' whole law, and for the caps of the others."""
    top = np.array([ratio.max() for ratio in ratios]) if ratios else np.zeros(0)
    mean, variance = sites.shape * top, sites.shape * top * (1 + top)
    stopped_country = np.array([int(c) in conditions.country_room for c in sites.country], dtype=bool)
    free = np.isinf(sites.room) & ~stopped_country
    capped = np.isfinite(sites.room) & ~stopped_country
    stopped = float(sites.room[capped].sum()) + sum(conditions.country_room.values())
    return transform_size(float(mean[free].sum()) + stopped, float(variance[free].sum()), least)


def _country_transform(sites: Sites, ratios: list[Array], mine: NDArray[np.int64], size: int) -> NDArray[np.complex128]:
    simple = [i for i in mine if np.isinf(sites.room[i]) and len(ratios[i]) == 1]
    a, ratio = merge_components(sites.shape[simple], np.array([ratios[i][0] for i in simple], dtype=float))
    transform = np.exp(log_transform(a, ratio, size)) if len(a) else np.ones(size // 2 + 1, dtype=complex)
    alike: dict[tuple[float, bytes], list[int]] = {}
    for i in mine:
        if np.isfinite(sites.room[i]):
            law = _capped_site_law(sites, ratios, i)
            transform = transform * np.fft.rfft(np.pad(law, (0, size - len(law))))
        elif len(ratios[i]) > 1:
            alike.setdefault((float(sites.shape[i]), ratios[i].tobytes()), []).append(int(i))
    for (a_one, _), group in alike.items():  # sites with the same law are one power, not many products
        transform = transform * _slices_transform(a_one, ratios[group[0]], size) ** len(group)
    return np.asarray(transform)


def _capped_country_law(sites: Sites, ratios: list[Array], mine: NDArray[np.int64], room: int) -> Array:
    """Probabilities of 0..room, by recursion for the free sites: no wrap-round however long the time."""
    simple = [i for i in mine if np.isinf(sites.room[i]) and len(ratios[i]) == 1]
    a, ratio = merge_components(sites.shape[simple], np.array([ratios[i][0] for i in simple], dtype=float))
    law = count_law_by_recursion(a, ratio, room) if len(a) else np.eye(1, room + 1)[0]
    for i in mine:
        if np.isfinite(sites.room[i]):
            law = np.convolve(law, _capped_site_law(sites, ratios, i))[: room + 1]
        elif len(ratios[i]) > 1:
            part = np.mean([negative_binomial_law(sites.shape[i], r, room) for r in ratios[i]], axis=0)
            law = np.convolve(law, part)[: room + 1]
    law[room] = max(0.0, 1.0 - law[:room].sum())
    return law


def _capped_site_law(sites: Sites, ratios: list[Array], i: int) -> Array:
    room = int(sites.room[i])
    law = np.mean([negative_binomial_law(sites.shape[i], r, max(room, 1)) for r in ratios[i]], axis=0)[: room + 1]
    law[room] = max(0.0, 1.0 - law[:room].sum())
    return np.asarray(law)


def _slices_transform(a: float, ratios: Array, size: int) -> NDArray[np.complex128]:
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    values, counts = np.unique(ratios, return_counts=True)
    return np.asarray((counts[:, None] * np.exp(-a * np.log1p(values[:, None] * (1 - z)))).sum(axis=0) / counts.sum())


def _effective_components(t: float, sites: Sites, conditions: Conditions) -> tuple[Array, Array]:
    """Negative-binomial components for the saddlepoint; an uncertain opening is matched by mean and variance."""
    ratio = open_time(t, sites.opening, sites.closing, conditions.holds) / sites.rate
    a = sites.shape.copy()
    uncertain = np.isfinite(sites.delay[:, 0])
    if uncertain.any():
        slices = triangular_quantile(DELAY_SLICES[None], *sites.delay[uncertain].T[:, :, None])
        r = open_time(t, slices, sites.closing[uncertain, None], conditions.holds) / sites.rate[uncertain, None]
        mean, excess = a[uncertain] * r.mean(axis=1), a[uncertain] * (r**2).mean(axis=1) + a[uncertain] ** 2 * r.var(axis=1)
        safe = np.maximum(excess, 1e-300)
        a[uncertain], ratio[uncertain] = np.maximum(mean**2 / safe, 1e-9), np.where(mean > 0, excess / np.maximum(mean, 1e-300), 0.0)
    kept = ratio > 0
    return a[kept], ratio[kept]


def _exact_is_cheap(t: float, n: int, sites: Sites, conditions: Conditions) -> bool:
    if sites.has_caps or conditions.country_room or n < EXACT_BELOW:
        return True
    ratio = open_time(t, np.where(np.isfinite(sites.delay[:, 0]), sites.delay[:, 0], sites.opening), sites.closing, conditions.holds)
    mean, variance = count_moments(sites.shape, ratio / sites.rate)
    terms = len(sites.shape) + len(DELAY_SLICES) * int(np.isfinite(sites.delay[:, 0]).sum())
    return bool(terms * transform_size(float(mean), float(variance), n) / 2 < EXACT_WORK * (3 if sites.has_delays else 1))
