"""Forecasts in sentences that command line and pages share."""

from __future__ import annotations

from quarterdeck.forecasts.model import EventForecast
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
