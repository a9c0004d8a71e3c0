"""A substantial amendment: money now, slower sites until it is in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.forecasts.facts import MONTH_DAYS
from quarterdeck.scenarios.model import Draft, Lever, Parameter
from quarterdeck.vocabulary import wording

COSTS = {"P2": 141_000.0, "P3": 535_000.0}  # US dollars, Tufts 2016


def apply(draft: Draft, values: Mapping[str, Any]) -> Draft:
    r = draft.recruitment
    months = values["days"] / MONTH_DAYS
    # Sites implement at different times: on average half of the slow-down over the whole period.
    return draft.recruit(holds=(*r.holds, (0.0, months * values["slowdown"] / 2))).pay(values["cost"])


def describe(values: Mapping[str, Any]) -> str:
    return f"A substantial amendment: {wording.duration(values['days'])} to implement, {wording.number(values['cost'])} of direct cost in the trial's currency"


LEVER = Lever(
    "amendment",
    "Protocol amendment",
    "What would an amendment cost in time and money?",
    (
        Parameter("days", "Days until every site has implemented it", "days", 260.0, 0, 1500),
        Parameter("slowdown", "Share of recruitment lost while implementing", "share", 0.15, 0.0, 1.0),
        Parameter("cost", "Direct cost", "number", 420_000.0, 0, 1e8),
    ),
    apply,
    describe,
    "later",
    "Tufts 2016 and 2024: 260 days to implement; US$141,000 (phase II) and US$535,000 (phase III) of direct cost.",
)
