"""Event-driven trials: the simulated day of the last event agrees with slow counting, and few events lean on the plan."""

from __future__ import annotations

import numpy as np
import pytest

from quarterdeck.methods.event_finish import EventPlan, event_months, fit_laws, planned_hazard, prior_law
from quarterdeck.methods.portfolio import Finish, Recruitment, TrialInput, draw_shared, simulate_trial

HAZARD = 0.08


def sharp_law(hazard: float = HAZARD) -> EventPlan:
    """Eighty participants at risk, thirty events missing, an exponential law known almost exactly."""
    law = prior_law(1e7, 1e7 / hazard, hazard)
    return EventPlan(30, np.linspace(0, 10, 80), (law,), (1.0,))


def test_events_of_those_at_risk_come_as_order_statistics_of_their_law() -> None:
    found = event_months(sharp_law(), {}, 80, 80, np.random.default_rng(1), 4000)
    # The k-th of n exponential times has mean (1/n + ... + 1/(n-k+1)) / hazard.
    expected = sum(1 / (80 - i) for i in range(30)) / HAZARD
    assert found.mean() == pytest.approx(expected, rel=0.02)


def test_a_future_participant_brings_events_only_after_enrolment() -> None:
    plan = EventPlan(30, np.zeros(0), (prior_law(1e7, 1e7 / 5.0, 5.0),), (1.0,))
    reached = {0.0: np.full(200, 12.0), 1.0: np.full(200, 24.0)}
    found = event_months(plan, reached, 0, 40, np.random.default_rng(2), 200)
    assert (found > 12).all()
    assert found.mean() < 26


def test_too_few_participants_never_have_the_events() -> None:
    plan = EventPlan(30, np.zeros(20), sharp_law().laws, (1.0,))
    assert np.isinf(event_months(plan, {}, 20, 20, np.random.default_rng(1), 50)).all()


def test_drop_out_delays_events() -> None:
    base = sharp_law()
    leaving = EventPlan(base.wanted, base.elapsed, base.laws, base.weights, prior_law(1e6, 1e6 / 0.05, 0.05))
    late = event_months(leaving, {}, 80, 80, np.random.default_rng(3), 1000)
    assert np.median(late) > np.median(event_months(base, {}, 80, 80, np.random.default_rng(3), 1000))


def test_the_true_law_is_found_among_the_laws() -> None:
    rng = np.random.default_rng(5)
    time, follow = 20 * rng.weibull(2.0, 600), rng.uniform(5, 25, 600)
    laws, weights = fit_laws(np.minimum(time, follow), time <= follow, 0.05)
    assert dict(zip((law.name for law in laws), weights, strict=True))["weibull"] > 0.5
    assert sum(weights) == pytest.approx(1.0)


def test_few_events_lean_on_the_plans_hazard() -> None:
    laws, weights = fit_laws(np.full(20, 1.0), np.zeros(20, dtype=bool), 0.1)
    assert weights == (1.0,)
    assert np.exp(laws[0].theta[0]) == pytest.approx(5 / (20 + 50))


def test_the_planned_hazard_gives_the_planned_events_at_the_planned_last_visit() -> None:
    hazard = planned_hazard(200, 400, 18.0, 6.0)
    ages = 6 + np.random.default_rng(1).uniform(0, 18, 200_000)
    assert (1 - np.exp(-hazard * ages)).mean() == pytest.approx(0.5, abs=0.005)


def test_an_event_driven_trial_ends_with_its_events_not_with_a_fixed_follow_up() -> None:
    none = np.zeros(0)
    recruitment = Recruitment(100, 60, np.full(5, 50.0), np.full(5, 25.0), np.full(5, 6.0), np.full(5, np.inf), none, none, 1.4, 2.0)
    plan = EventPlan(40, np.zeros(60), sharp_law(0.02).laws, (1.0,))
    future = simulate_trial(TrialInput("T", recruitment, Finish(events=plan)), draw_shared(1, 500))
    assert future.events is not None
    assert np.allclose(future.last_visit, future.events + plan.closing)
    assert (future.lock >= future.last_visit).all()
