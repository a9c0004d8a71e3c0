"""When an event-driven trial has its events: those at risk now and those still to enrol, each future with its own law and parameters.

Laws of time to event are weighed by AIC over replicates; drop-out competes; those at risk are drawn conditional on survival so far.
Those still to enrol come evenly between the shares of the target that the same future reaches. Months throughout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quarterdeck.methods.time_to_event import LAWS, SurvivalFit, aic_weights, draw_theta, fit_survival, get_quantile, get_survival
from quarterdeck.vocabulary.errors import BadInput

Array = NDArray[np.float64]
BLOCK = 500  # replicates at a time, to stay in memory
ENOUGH = 10  # events from which laws are fitted to the trial's own data
PRIOR_EVENTS = 5.0  # events' worth of belief in the plan's hazard below that


@dataclass(frozen=True, slots=True)
class EventPlan:
    """What the events of a trial still need. `elapsed` (n,): months at risk so far of each participant still followed."""

    wanted: int  # events still missing
    elapsed: Array
    laws: tuple[SurvivalFit, ...]
    weights: tuple[float, ...]
    dropout: SurvivalFit | None = None
    closing: float = 1.0  # months from the last event needed to the last visit


def fit_laws(time: Array, happened: NDArray[np.bool_], planned_hazard: float) -> tuple[tuple[SurvivalFit, ...], tuple[float, ...]]:
    """Laws of the time to event with their Akaike weights; an exponential law around the planned hazard where events are few."""
    if happened.sum() < ENOUGH:
        return (prior_law(float(happened.sum()), float(time.sum()), planned_hazard),), (1.0,)
    fits = []
    for name in LAWS:
        try:
            fit = fit_survival(name, np.maximum(time, 0.01), happened)
        except (BadInput, np.linalg.LinAlgError):
            continue
        if np.isfinite(fit.covariance).all() and (np.linalg.eigvalsh(fit.covariance) > 0).all():
            fits.append(fit)
    if not fits:
        return (prior_law(float(happened.sum()), float(time.sum()), planned_hazard),), (1.0,)
    return tuple(fits), tuple(float(w) for w in aic_weights(fits))


def prior_law(events: float, months: float, hazard: float) -> SurvivalFit:
    """Exponential with the planned hazard weighing PRIOR_EVENTS events; its spread is that of as many events."""
    rate = (events + PRIOR_EVENTS) / (months + PRIOR_EVENTS / max(hazard, 1e-6))
    return SurvivalFit("exponential", np.array([np.log(rate)]), np.array([[1.0 / (events + PRIOR_EVENTS)]]), 0.0)


def planned_hazard(wanted: int, target: int, recruiting: float, follow_up: float) -> float:
    """The constant hazard by which a trial that enrols evenly has its events at its planned last visit. Months in, per month out."""
    ages = follow_up + (np.arange(60) + 0.5) / 60 * recruiting
    low, high = 1e-6, 5.0
    share = min(wanted / max(target, 1), 0.98)
    for _ in range(60):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if (1 - np.exp(-middle * ages)).mean() < share else (low, middle)
    return float(np.sqrt(low * high))


def event_months(plan: EventPlan, reached: Mapping[float, Array], enrolled: int, target: int, rng: np.random.Generator, size: int) -> Array:
    """Months until the last event needed, one per replicate; inf where too few have one. `reached`: share of the target -> month (R,)."""
    if plan.wanted <= 0:
        return np.zeros(size)
    law = rng.choice(len(plan.laws), size=size, p=np.array(plan.weights) / sum(plan.weights))
    thetas = [draw_theta(fit, rng, size) for fit in plan.laws]
    gone = None if plan.dropout is None else draw_theta(plan.dropout, rng, size)
    found = np.empty(size)
    for start in range(0, size, BLOCK):
        rows = np.arange(start, min(start + BLOCK, size))
        entry = _entries(reached, enrolled, target, rows, rng)
        from_now = np.concatenate([np.zeros((len(rows), len(plan.elapsed))), entry], axis=1)
        elapsed = np.concatenate([np.broadcast_to(plan.elapsed, (len(rows), len(plan.elapsed))), np.zeros(entry.shape)], axis=1)
        times = np.empty(from_now.shape)
        for index, fit in enumerate(plan.laws):
            mine = law[rows] == index
            times[mine] = _draw(fit, thetas[index][rows[mine]], elapsed[mine], rng)
        if plan.dropout is not None and gone is not None:
            times = np.where(times < _draw(plan.dropout, gone[rows], elapsed, rng), times, np.inf)
        days = from_now + times - elapsed
        found[rows] = np.inf if plan.wanted > days.shape[1] else np.partition(days, plan.wanted - 1, axis=1)[:, plan.wanted - 1]
    return found


def _entries(reached: Mapping[float, Array], enrolled: int, target: int, rows: NDArray[np.int64], rng: np.random.Generator) -> Array:
    """Months at which those still to enrol come, evenly between the shares of the target. Shape (rows, still to enrol)."""
    to_enrol = target - enrolled
    if to_enrol <= 0 or 1.0 not in reached:
        return np.zeros((len(rows), 0))
    shares = sorted(reached)
    knots = np.stack([np.zeros(len(rows)), *(reached[s][rows] for s in shares)], axis=1)
    begin = enrolled / target
    at = np.array([begin, *(max(s, begin) for s in shares)])
    u = begin + (1 - begin) * (np.arange(to_enrol) + rng.random(to_enrol)) / to_enrol
    piece = np.clip(np.searchsorted(at, u, side="right") - 1, 0, len(at) - 2)
    width = np.maximum(at[piece + 1] - at[piece], 1e-9)
    left, right = knots[:, piece], knots[:, piece + 1]
    return np.where(np.isfinite(right), left + (right - np.where(np.isfinite(left), left, 0)) * ((u - at[piece]) / width), np.inf)


def _draw(fit: SurvivalFit, thetas: Array, elapsed: Array, rng: np.random.Generator) -> Array:
    broadcast = thetas.T[:, :, None]
    survivors = get_survival(fit.name, broadcast, elapsed, fit.cuts)
    return get_quantile(fit.name, broadcast, survivors * rng.random(elapsed.shape), fit.cuts)
