"""Forecasts in sentences that command line and pages share."""

from __future__ import annotations

from quarterdeck.forecasts.model import EventForecast, MoneyForecast, PortfolioForecast
from quarterdeck.vocabulary import wording


def event_words(events: EventForecast) -> str:
    """Where an event-driven trial stands, what law its events follow, and the chance of having them in time."""
    laws = [f"{'Weibull' if name == 'weibull' else name} ({wording.share(weight, 0)})" for name, weight in events.laws if weight >= 0.01]
    basis = (
        "Too few events to learn their law: the plan's own hazard drives this (low evidence)."
        if events.low_evidence
        else f"Laws of the time to an event, weighed by how well they fit (AIC): {wording.listing(laws)}."
    )
    chance = "" if events.p_by_plan is None else f" Chance of having them by the planned last visit: {wording.chance(events.p_by_plan)}."
    never = "" if events.p_ever > 0.999 else f" Chance of ever having them with the participants planned: {wording.chance(events.p_ever)}."
    return (
        f"Event-driven: {wording.of(events.so_far, events.wanted)} events, {wording.plural(events.at_risk, 'participant')} at risk. "
        f"{basis}{chance}{never}"
    )


def money_words(money: MoneyForecast) -> str:
    """What one trial will cost, how sure that is, and the contingency that it needs."""
    amounts = {p: wording.money(v, money.currency) for p, v in money.quantiles.items()}
    return (
        f"Cost at database lock: {amounts[0.5]}, between {amounts[0.05]} and {amounts[0.95]} (90% interval), against "
        f"{wording.money(money.approved, money.currency)} approved. Within 5% of it: {wording.chance(money.p_within)}. Above it: "
        f"{wording.chance(money.p_over)}. To be safe with 80%, contingency of {wording.money(money.contingency_needed, money.currency)} is needed."
    )


def portfolio_money_words(whole: PortfolioForecast) -> str:
    """What the running trials will cost together, and which of them the amounts leave out and why."""
    left_out = wording.listing([f"{wording.listing(studies)} ({reason})" for reason, studies in whole.unpriced.items()])
    running, priced = len(whole.running), sum(trial.money is not None for trial in whole.running)
    if not running:
        return "No trial is running, so there is no cost to forecast."
    if not priced:
        return f"The cost of no running trial can be forecast: {left_out}."
    q = {p: wording.money(v, whole.currency) for p, v in whole.quantiles.items()}
    low, high = (wording.money(v, whole.currency) for v in whole.added_bands)
    who = "All running trials together" if priced == running else f"{wording.of(priced, running)} running trials together"
    missing = f" Not included: {left_out}." if whole.unpriced else ""
    return (
        f"{who} cost {q[0.5]} at their locks, between {q[0.05]} and {q[0.95]} (90% interval), against "
        f"{wording.money(whole.approved, whole.currency)} approved. Adding the trials' own intervals would claim {low} to {high}.{missing}"
    )
