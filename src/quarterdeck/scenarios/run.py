"""Runs scenarios with common random numbers, so that a difference is the lever's and not the dice's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.facts import MONTH_DAYS, read_facts
from quarterdeck.forecasts.trial import planned_date, shared_draws
from quarterdeck.forecasts.trial_money import day_after
from quarterdeck.methods.monte_carlo import share_of
from quarterdeck.methods.portfolio import HORIZON, Array, TrialFuture, simulate_trial
from quarterdeck.scenarios.model import LeverUse, Scenario
from quarterdeck.scenarios.prepare import apply_uses, check_scenario, describe_scenario, open_draft
from quarterdeck.scenarios.rules import RuleEffect

REPLICATES = 10_000
BASELINE = "As forecast"
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class Difference:
    """Scenario less baseline over paired replicates: mean, its Monte Carlo standard error, and the 5 and 95 % points."""

    mean: float
    error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """One scenario of one trial. Dates are None where not reached within ten years with that probability. `paid_now` is in `money` too."""

    name: str
    description: str
    levers: tuple[LeverUse, ...]
    last_participant_in: dict[float, date | None]
    database_lock: dict[float, date | None]
    cost: dict[float, float]
    p_by_plan: float | None
    p_ever: float
    days: Difference
    money: Difference
    notes: tuple[str, ...]
    paid_now: float = 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """All scenarios of a trial, the baseline first."""

    study_id: str
    snapshot: str
    today: date
    currency: str
    planned: date | None
    approved: float
    results: tuple[ScenarioResult, ...]
    seed: int
    replicates: int


def run_scenarios(snapshot: Snapshot, study_id: str, scenarios: Sequence[Scenario], seed: int, replicates: int = REPLICATES) -> Comparison:
    """The baseline and each scenario on the same joint futures."""
    draft = open_draft(snapshot, study_id)
    shared = shared_draws(snapshot, seed, replicates)
    facts = read_facts(snapshot)
    planned = planned_date(facts.study(study_id), "last_participant_in")
    base = simulate_trial(draft.trial, shared)
    results = [_result(BASELINE, Scenario(BASELINE), base, base, draft.today, planned, ())]
    for scenario in scenarios:
        changed = apply_uses(draft, scenario.uses)
        future = simulate_trial(changed.trial, shared)
        result = _result(scenario.name, scenario, future, base, draft.today, planned, changed.notes)
        results.append(replace(result, paid_now=changed.money.spent - draft.money.spent))
    return Comparison(study_id, snapshot.id, draft.today, draft.currency, planned, draft.money.budget, tuple(results), seed, replicates)


def run_effects(snapshot: Snapshot, effects: Sequence[RuleEffect], seed: int, replicates: int = REPLICATES) -> list[ScenarioResult]:
    """Each rule's effect on its trial against the trial as forecast, in the order given."""
    scenarios: dict[str, list[Scenario]] = {}
    for effect in effects:
        scenarios.setdefault(effect.study_id, []).append(check_scenario(Scenario(effect.change.id, (effect.use,), effect.study_id)))
    found = {}
    for study, mine in scenarios.items():
        for result in run_scenarios(snapshot, study, mine, seed, replicates).results[1:]:
            found[study, result.name] = result
    return [found[effect.study_id, effect.change.id] for effect in effects]


def compare(changed: Array, base: Array) -> Difference:
    """Paired difference; what is never reached counts as ten years."""
    gap = np.minimum(changed, HORIZON * MONTH_DAYS) - np.minimum(base, HORIZON * MONTH_DAYS)
    return _difference(gap)


def _difference(gap: Array) -> Difference:
    low, high = np.quantile(gap, (0.05, 0.95))
    return Difference(float(gap.mean()), float(gap.std() / np.sqrt(len(gap))), float(low), float(high))


def _result(
    name: str, scenario: Scenario, future: TrialFuture, base: TrialFuture, today: date, planned: date | None, notes: tuple[str, ...]
) -> ScenarioResult:
    last = future.last_participant_in
    by_plan = None if planned is None else share_of(last <= (planned - today).days / MONTH_DAYS)
    return ScenarioResult(
        name,
        describe_scenario(scenario),
        scenario.uses,
        {p: _date_at(last, p, today) for p in LEVELS},
        {p: _date_at(future.lock, p, today) for p in LEVELS},
        {p: float(np.quantile(future.cost, p)) for p in LEVELS},
        by_plan,
        float(np.isfinite(last).mean()),
        compare(last * MONTH_DAYS, base.last_participant_in * MONTH_DAYS),
        _difference(future.cost - base.cost),
        notes,
    )


def _date_at(months: Array, p: float, today: date) -> date | None:
    ordered = np.sort(months)
    return day_after(today, float(ordered[min(int(p * len(ordered)), len(ordered) - 1)]))
