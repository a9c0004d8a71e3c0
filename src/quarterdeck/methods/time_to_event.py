"""Event-driven trials: fit enrolment, event and drop-out laws to participant data, weigh them by AIC, and forecast the day of event d.

Days count from the trial's start. Laws: exponential, Weibull, log-normal, log-logistic, piecewise exponential for events and
drop-out; constant, decaying and piecewise rates for trial-level enrolment.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_ndtr, ndtr, ndtri

from quarterdeck.vocabulary.errors import BadInput

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SurvivalFit:
    """A fitted law of durations. `theta` on an unbounded scale, `covariance` its inverse observed information."""

    name: str
    theta: Array
    covariance: Array
    log_likelihood: float
    cuts: tuple[float, ...] = ()

    @property
    def aic(self) -> float:
        """-2 log-likelihood + 2 parameters."""
        return 2 * len(self.theta) - 2 * self.log_likelihood


@dataclass(frozen=True, slots=True)
class EnrolmentFit:
    """A fitted law of the trial's own enrolment rate. `end` is the day up to which it was fitted."""

    name: str
    theta: Array
    covariance: Array
    log_likelihood: float
    end: float
    cuts: tuple[float, ...] = ()

    @property
    def aic(self) -> float:
        """-2 log-likelihood + 2 parameters."""
        return 2 * len(self.theta) - 2 * self.log_likelihood


LAWS = ("exponential", "weibull", "log-normal", "log-logistic")


def fit_survival(name: str, time: Array, happened: Flags, cuts: Sequence[float] = ()) -> SurvivalFit:
    """Maximum likelihood for right-censored durations (> 0). Raises BadInput without any event."""
    if not happened.any():
        raise BadInput("No event has happened, so no law can be fitted", thing=name)
    if name == "piecewise":
        return _fit_piecewise_survival(time, happened, tuple(cuts))
    rate = happened.sum() / time.sum()
    start = {
        "exponential": np.array([np.log(rate)]),
        "weibull": np.array([0.0, -np.log(rate)]),
        "log-normal": np.array([np.log(np.median(time)), 0.0]),
        "log-logistic": np.array([np.log(np.median(time)), -0.5]),
    }.get(name)
    if start is None:
        raise BadInput("Unknown law of durations", thing=name, allowed=(*LAWS, "piecewise"))

    def loss(theta: Array) -> float:
        return -_survival_likelihood(name, theta, time, happened)

    theta = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10, "maxiter": 4000, "maxfev": 4000}).x
    return SurvivalFit(name, theta, np.asarray(np.linalg.inv(numeric_hessian(loss, theta)), dtype=float), -loss(theta))


def aic_weights(fits: Sequence[SurvivalFit] | Sequence[EnrolmentFit]) -> Array:
    """Akaike weights; they add to 1."""
    aic = np.array([fit.aic for fit in fits])
    raw = np.exp(-(aic - aic.min()) / 2)
    return np.asarray(raw / raw.sum())


def draw_remaining(fit: SurvivalFit, elapsed: Array, rng: np.random.Generator, theta: Array | None = None) -> Array:
    """Durations conditional on survival so far: T | T > elapsed, total (not remaining) time."""
    point = fit.theta if theta is None else theta
    survivors = get_survival(fit.name, point, elapsed, fit.cuts)
    return get_quantile(fit.name, point, survivors * rng.random(elapsed.shape), fit.cuts)


def draw_theta(fit: SurvivalFit | EnrolmentFit, rng: np.random.Generator, size: int) -> Array:
    """Parameters with their uncertainty, shape (size, parameters)."""
    return np.asarray(rng.multivariate_normal(fit.theta, fit.covariance, size))


def fit_enrolment(name: str, days: Array, end: float, cuts: Sequence[float] = ()) -> EnrolmentFit:
    """Fit a rate to enrolment days within (0, end]: `poisson`, `time-decay` (mu/delta (1 - exp(-delta t))), `piecewise` (cuts)."""
    if name == "poisson":
        return _fit_piecewise_enrolment(days, end, ())
    if name == "piecewise":
        return _fit_piecewise_enrolment(days, end, tuple(cuts))
    if name != "time-decay":
        raise BadInput("Unknown law of enrolment", thing=name, allowed="poisson, time-decay, piecewise")

    def loss(theta: Array) -> float:
        mu, delta = np.exp(np.clip(theta, -30, 10))
        rate = mu / delta * -np.expm1(-delta * days)
        return float(cumulated_rate("time-decay", theta, np.array([end]), ())[0] - np.log(np.maximum(rate, 1e-300)).sum())

    start = np.array([np.log(len(days) / end**2 * 2), -np.log(end)])
    theta = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-11, "maxiter": 4000}).x
    return EnrolmentFit(name, theta, np.asarray(np.linalg.inv(numeric_hessian(loss, theta)), dtype=float), -loss(theta), end)


def cumulated_rate(name: str, theta: Array, t: Array, cuts: tuple[float, ...]) -> Array:
    """Expected participants by day t."""
    if name == "time-decay":
        mu, delta = np.exp(np.clip(theta, -30, 10))
        return np.asarray(mu / delta * (t + np.expm1(-delta * t) / delta))
    edges, rates = np.array([0.0, *cuts]), np.exp(theta)
    return np.asarray(sum(r * np.clip(t - a, 0, b - a) for r, a, b in zip(rates, edges, [*cuts, np.inf], strict=True)))


def draw_enrolment(fit: EnrolmentFit, now: float, count: int, rng: np.random.Generator, replicates: int, plug_in: bool = False) -> Array:
    """Days of the next `count` participants after `now`, shape (replicates, count), parameter uncertainty included."""
    thetas = np.repeat(fit.theta[None], replicates, 0) if plug_in else draw_theta(fit, rng, replicates)
    need = np.cumsum(rng.exponential(size=(replicates, count)), axis=1)
    return invert_rate(fit.name, thetas, need, now, fit.cuts)


def invert_rate(name: str, thetas: Array, need: Array, now: float, cuts: tuple[float, ...]) -> Array:
    """Day at which the cumulated rate has grown by `need` (R, n) since `now`; closed form for pieces, Newton for the decay."""
    if name == "time-decay":
        mu, delta = np.exp(np.clip(thetas, -30, 10)).T[:, :, None]
        goal = need + mu / delta * (now + np.expm1(-delta * now) / delta)
        t = now + need * delta / mu
        for _ in range(30):
            value = mu / delta * (t + np.expm1(-delta * t) / delta) - goal
            t = np.maximum(t - value / (mu / delta * -np.expm1(-delta * t)), now)
        return np.asarray(t)
    edges = np.array([0.0, *cuts, np.inf])
    rates = np.exp(thetas)
    t, rest = np.full(need.shape, float(now)), need.copy()
    for i in range(len(edges) - 1):
        if edges[i + 1] <= now:
            continue
        length = edges[i + 1] - max(edges[i], now)
        step = np.minimum(rest / rates[:, i : i + 1], length)
        t, rest = t + step, rest - step * rates[:, i : i + 1]
    return np.asarray(t)


def event_days(enrolled: Array, event_time: Array, dropout_time: Array, wanted: int) -> Array:
    """Day of the `wanted`-th event in each replicate (inf: too few participants have one). Shapes (R, n)."""
    days = np.where(event_time < dropout_time, enrolled + event_time, np.inf)
    if wanted > days.shape[1]:
        return np.full(len(days), np.inf)
    return np.asarray(np.partition(days, wanted - 1, axis=1)[:, wanted - 1])


def simulate_event_trial(
    enrolled: Array,
    event: SurvivalFit,
    dropout: SurvivalFit | None,
    wanted: int,
    rng: np.random.Generator,
    elapsed: Array | None = None,
    done: Array | None = None,
    plug_in: bool = False,
) -> Array:
    """Day of event `wanted` per replicate. `enrolled` (R, n); `elapsed` (n,) days already survived at risk; `done` (m,) days of past events."""
    past = 0 if done is None else len(done)
    if past >= wanted:
        assert done is not None
        return np.full(len(enrolled), np.sort(done)[wanted - 1])
    start = np.zeros(enrolled.shape) if elapsed is None else np.broadcast_to(elapsed, enrolled.shape)
    return event_days(enrolled, _draw_rows(event, start, rng, plug_in), _draw_rows(dropout, start, rng, plug_in), wanted - past)


def _draw_rows(fit: SurvivalFit | None, start: Array, rng: np.random.Generator, plug_in: bool) -> Array:
    if fit is None:
        return np.full(start.shape, np.inf)
    u = rng.random(start.shape)
    if plug_in:
        return get_quantile(fit.name, fit.theta, get_survival(fit.name, fit.theta, start, fit.cuts) * u, fit.cuts)
    thetas = draw_theta(fit, rng, len(start))
    survivors = get_survival(fit.name, thetas.T[:, :, None], start, fit.cuts)
    return get_quantile(fit.name, thetas.T[:, :, None], survivors * u, fit.cuts)


def get_survival(name: str, theta: Array, t: Array, cuts: tuple[float, ...]) -> Array:
    """P(T > t). `theta` has its parameters first, other axes broadcast with t."""
    safe = np.maximum(t, 1e-12)
    if name == "exponential":
        return np.asarray(np.exp(-np.exp(theta[0]) * t))
    if name == "weibull":
        return np.asarray(np.exp(-np.exp(np.exp(theta[0]) * (np.log(safe) - theta[1]))))
    if name == "log-normal":
        return np.asarray(ndtr((theta[0] - np.log(safe)) / np.exp(theta[1])))
    if name == "log-logistic":
        return np.asarray(expit((theta[0] - np.log(safe)) / np.exp(theta[1])))
    edges = [0.0, *cuts, np.inf]
    hazard = sum(np.exp(theta[i]) * np.clip(t - edges[i], 0, edges[i + 1] - edges[i]) for i in range(len(edges) - 1))
    return np.asarray(np.exp(-hazard))


def get_quantile(name: str, theta: Array, survivors: Array, cuts: tuple[float, ...]) -> Array:
    """t with P(T > t) = survivors."""
    s = np.clip(survivors, 1e-300, 1 - 1e-16)
    if name == "exponential":
        return np.asarray(-np.log(s) / np.exp(theta[0]))
    if name == "weibull":
        return np.asarray(np.exp(theta[1] + np.log(-np.log(s)) * np.exp(-theta[0])))
    if name == "log-normal":
        return np.asarray(np.exp(theta[0] - np.exp(theta[1]) * ndtri(s)))
    if name == "log-logistic":
        return np.asarray(np.exp(theta[0] - np.exp(theta[1]) * (np.log(s) - np.log1p(-s))))
    edges, rest, t = [0.0, *cuts, np.inf], -np.log(s), np.zeros_like(s)
    for i in range(len(edges) - 1):
        rate = np.exp(theta[i])
        step = np.minimum(rest / rate, edges[i + 1] - edges[i])
        t, rest = t + step, rest - np.where(np.isfinite(step), step, 0) * rate
    return t


def _survival_likelihood(name: str, theta: Array, time: Array, happened: Flags) -> float:
    log_t = np.log(np.maximum(time, 1e-12))
    if name == "exponential":
        return float((theta[0] * happened - np.exp(theta[0]) * time).sum())
    scale = np.exp(np.clip(theta[0 if name == "weibull" else 1], -20, 20))
    if name == "weibull":
        z = scale * (log_t - theta[1])
        return float((happened * (np.log(scale) - log_t + z) - np.exp(np.minimum(z, 700))).sum())
    z = (log_t - theta[0]) / scale
    if name == "log-normal":
        density = -0.5 * z**2 - 0.5 * np.log(2 * np.pi) - np.log(scale) - log_t
        return float(np.where(happened, density, log_ndtr(-z)).sum())
    tail = -np.logaddexp(0, z)
    return float(np.where(happened, z - np.log(scale) - log_t + 2 * tail, tail).sum())


def _fit_piecewise_survival(time: Array, happened: Flags, cuts: tuple[float, ...]) -> SurvivalFit:
    edges = [0.0, *cuts, np.inf]
    events = np.array([(happened & (time > a) & (time <= b)).sum() for a, b in itertools.pairwise(edges)], dtype=float)
    exposure = np.array([np.clip(time - a, 0, b - a).sum() for a, b in itertools.pairwise(edges)])
    if (exposure <= 0).any() or (events <= 0).any():
        raise BadInput("A piece without events or time cannot be fitted", thing=f"cuts {cuts}", next_step="Use fewer cuts.")
    theta = np.log(events / exposure)
    return SurvivalFit("piecewise", theta, np.diag(1 / events), float((events * theta - events).sum()), cuts)


def _fit_piecewise_enrolment(days: Array, end: float, cuts: tuple[float, ...]) -> EnrolmentFit:
    edges = np.array([0.0, *[c for c in cuts if c < end], end])
    counts = np.histogram(days, edges)[0].astype(float)
    if (counts <= 0).any():
        raise BadInput("A piece without participants cannot be fitted", thing=f"cuts {cuts}", next_step="Use fewer cuts.")
    theta = np.log(counts / np.diff(edges))
    name = "poisson" if not cuts else "piecewise"
    return EnrolmentFit(name, theta, np.diag(1 / counts), float((counts * theta - counts).sum()), end, tuple(edges[1:-1].tolist()))


def numeric_hessian(f: Callable[[Array], float], point: Array, step: float = 1e-4) -> Array:
    """Second derivatives by central differences."""
    size = len(point)
    hessian = np.empty((size, size))
    unit = np.eye(size) * step
    for i in range(size):
        for j in range(i, size):
            value = (
                f(point + unit[i] + unit[j]) - f(point + unit[i] - unit[j]) - f(point - unit[i] + unit[j]) + f(point - unit[i] - unit[j])
            )
            hessian[i, j] = hessian[j, i] = value / (4 * step**2)
    return hessian


def probability_of_events_by(day: float, days: Array) -> float:
    """Share of replicates whose target is reached by `day`."""
    return float((days <= day).mean())


def best_cut(days: Array, end: float) -> float:
    """The one change point of a piecewise enrolment rate with the largest likelihood."""

    def loss(c: float) -> float:
        return -_fit_piecewise_enrolment(days, end, (float(c),)).log_likelihood

    grid = np.quantile(days, np.linspace(0.1, 0.9, 17))
    start = grid[int(np.argmin([loss(c) for c in grid]))]
    found = minimize_scalar(loss, bounds=(max(start - 30, days.min() + 1), min(start + 30, days.max() - 1)), method="bounded")
    return float(found.x)
