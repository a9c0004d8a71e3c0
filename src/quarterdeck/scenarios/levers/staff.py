"""More or fewer people on start-up and monitoring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.scenarios.model import Draft, Lever, Parameter
from quarterdeck.vocabulary import wording


def apply(draft: Draft, values: Mapping[str, Any]) -> Draft:
    r = draft.recruitment
    # A third of start-up time is our own work; it shrinks with more hands, and never to nothing.
    pace = 1 / max(1 + values["change"], 0.1)
    factor = 1 + values["own_work"] * (pace - 1)
    changed = draft.recruit(planned_opening=r.planned_opening * factor)
    return changed.spend(fixed_month=draft.money.fixed_month + values["cost_month"] * values["change"])


def describe(values: Mapping[str, Any]) -> str:
    return f"{wording.share(values['change'], 0, signed=True)} people on start-up and monitoring"


LEVER = Lever(
    "staff",
    "Change staff",
    "What would more hands bring?",
    (
        Parameter("change", "Change of full-time equivalents", "share", None, -0.9, 3.0),
        Parameter("own_work", "Share of start-up that is our own work", "share", 0.33, 0.0, 1.0),
        Parameter("cost_month", "Monthly cost of the present team", "number", 60_000.0, 0, 1e7),
    ),
    apply,
    describe,
    "earlier",
    "Start-up time splits into our work and waiting; the split is an assumption.",
)
