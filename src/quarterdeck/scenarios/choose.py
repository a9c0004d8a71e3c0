"""Portfolio choice: which packages of levers to pay for, under a cap on money and people; the efficient frontier; value of information.

A 0-1 programme solved to optimality by HiGHS: at most one package per trial, total cost and people within the caps,
greatest expected gain. The frontier repeats it over budgets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.facts import MONTH_DAYS
from quarterdeck.forecasts.inputs import prepare_all
from quarterdeck.forecasts.trial import forecast_trial, shared_draws
from quarterdeck.methods.portfolio import HORIZON, Array, simulate_trial
from quarterdeck.scenarios.model import LeverUse, Scenario
from quarterdeck.scenarios.packages import is_affordable, standard_packages
from quarterdeck.scenarios.prepare import apply_uses, describe_scenario, open_draft
from quarterdeck.vocabulary import worth
from quarterdeck.vocabulary.errors import BadInput

REPLICATES = 2000


@dataclass(frozen=True, slots=True)
class Option:
    """A package for one trial: what it costs now, the people it needs, and what it gains (days times day value less later cost)."""

    study_id: str
    name: str
    cost: float
    people: float
    gain: float
    days: float
    levers: tuple[LeverUse, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """The best set of options within the caps."""

    chosen: tuple[Option, ...]
    cost: float
    people: float
    gain: float
    days: float
    budget: float | None
    people_cap: float | None


def weigh_options(
    snapshot: Snapshot, seed: int, day_value: float = worth.DAY, studies: Sequence[str] = (), replicates: int = REPLICATES
) -> list[Option]:
    """Every standard package a trial can afford, for every trial that still recruits and is not early, with common random numbers."""
    shared = shared_draws(snapshot, seed, replicates)
    found = []
    for study in studies or list(prepare_all(snapshot)):
        draft = open_draft(snapshot, study)
        if draft.recruitment.needed <= 0 or _is_early(snapshot, study, seed):
            continue
        base = simulate_trial(draft.trial, shared)
        for package in standard_packages(draft):
            changed = apply_uses(draft, package.uses)
            up_front = changed.money.spent - draft.money.spent
            if not is_affordable(draft, up_front):
                continue
            future = simulate_trial(changed.trial, shared)
            days = float((np.minimum(base.lock, HORIZON) - np.minimum(future.lock, HORIZON)).mean()) * MONTH_DAYS
            later = float((future.cost - base.cost).mean()) - up_front
            found.append(Option(study, package.name, up_front, package.people, days * day_value - later, days, package.uses))
    return found


def _is_early(snapshot: Snapshot, study: str, seed: int) -> bool:
    """Whether the forecast has the last participant in before the plan: there is no delay for a package to buy back."""
    last = forecast_trial(snapshot, study, seed).milestone("last_participant_in")
    return last is not None and last.slip_days is not None and last.slip_days < 0


def choose_options(options: Sequence[Option], budget: float | None = None, people: float | None = None) -> Choice:
    """The set with the greatest gain less cost within the caps, at most one per trial. Raises BadInput for a negative cap."""
    for name, cap in (("budget", budget), ("people", people)):
        if cap is not None and cap < 0:
            raise BadInput("A cap must not be negative", thing=f"{name} = {cap}")
    useful = [option for option in options if option.gain > option.cost]
    if not useful:
        return Choice((), 0.0, 0.0, 0.0, 0.0, budget, people)
    worth = np.array([o.gain - o.cost for o in useful])
    studies = sorted({o.study_id for o in useful})
    constraints = [LinearConstraint(np.array([[float(o.study_id == s) for o in useful] for s in studies]), -np.inf, 1)]
    if budget is not None:
        constraints.append(LinearConstraint(np.array([[o.cost for o in useful]]), -np.inf, budget))
    if people is not None:
        constraints.append(LinearConstraint(np.array([[o.people for o in useful]]), -np.inf, people))
    solved = milp(
        -worth / max(float(np.abs(worth).max()), 1.0),
        constraints=constraints,
        integrality=np.ones(len(useful), dtype=np.int64),
        bounds=Bounds(0, 1),
    )
    if solved.x is None:
        raise BadInput("No set of options fits the caps", thing=f"budget {budget}, people {people}")
    taken = tuple(o for o, x in zip(useful, solved.x, strict=True) if x > 0.5)
    return Choice(
        taken,
        sum(o.cost for o in taken),
        sum(o.people for o in taken),
        sum(o.gain - o.cost for o in taken),
        sum(o.days for o in taken),
        budget,
        people,
    )


def trace_frontier(options: Sequence[Option], people: float | None = None, points: int = 12) -> list[Choice]:
    """The best set at rising budgets, from nothing to all that is worth having."""
    most = choose_options(options, None, people).cost
    found: list[Choice] = []
    for budget in np.linspace(0.0, most, points):
        choice = choose_options(options, float(budget), people)
        if not found or choice.gain > found[-1].gain + 1e-6:
            found.append(choice)
    return found


@dataclass(frozen=True, slots=True)
class InformationValue:
    """What knowing more before deciding would be worth: everything, and one cause at a time."""

    best_now: str
    everything: float
    by_cause: dict[str, float]


def value_information(outcomes: Mapping[str, Array], causes: Mapping[str, Array], bins: int = 20) -> InformationValue:
    """`outcomes`: utility (R,) of each option; `causes`: what could be learnt (R,). Expected gain of choosing after knowing.

    The value of one cause is that of knowing in which of `bins` equal slices it lies.
    """
    names = list(outcomes)
    utilities = np.array([outcomes[name] for name in names])
    now = utilities.mean(axis=1)
    best = float(now.max())
    by_cause = {}
    for cause, values in causes.items():
        order = np.argsort(values)
        slices = np.array_split(order, bins)
        known = sum(len(rows) * utilities[:, rows].mean(axis=1).max() for rows in slices) / len(values)
        by_cause[cause] = max(0.0, float(known) - best)
    return InformationValue(names[int(now.argmax())], max(0.0, float(utilities.max(axis=0).mean()) - best), by_cause)


def weigh_information(
    snapshot: Snapshot, study_id: str, scenarios: Sequence[Scenario], seed: int, day_value: float = worth.DAY, replicates: int = 4000
) -> InformationValue:
    """Value of information for the choice between scenarios of one trial: of its site rates, of its start-up, of the common drift."""
    from quarterdeck.methods.monte_carlo import keyed_stream

    draft, shared = open_draft(snapshot, study_id), shared_draws(snapshot, seed, replicates)
    outcomes = {}
    for scenario in (Scenario("As forecast"), *scenarios):
        future = simulate_trial(apply_uses(draft, scenario.uses).trial, shared)
        outcomes[scenario.name or describe_scenario(scenario)] = -future.cost - day_value * MONTH_DAYS * np.minimum(future.lock, HORIZON)
    causes = {
        "rates of open sites": keyed_stream(seed, study_id, "open sites").standard_normal(replicates),
        "rates of new sites": keyed_stream(seed, study_id, "planned sites").standard_normal(replicates),
        "start-up time": keyed_stream(seed, study_id, "activation").standard_normal(replicates),
        "common drift": shared.drift[:, 4],
    }
    return value_information(outcomes, causes)
