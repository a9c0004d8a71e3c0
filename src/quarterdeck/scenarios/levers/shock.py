"""A shock such as the pandemic of 2020: recruitment stops, restarts late, or not at all at some sites."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quarterdeck.forecasts.facts import MONTH_DAYS
from quarterdeck.scenarios.countries import since
from quarterdeck.scenarios.model import Draft, Lever, Parameter
from quarterdeck.vocabulary import wording

# Measured on registered trials suspended because of COVID-19 from March to June 2020 (1,383 suspensions): 87% restarted by
# November 2022, after a median of 123 days. Source: B. G. Carlisle, CC BY 4.0, reduced to these figures.
RESTARTED, MEDIAN_DAYS = 0.87, 123.0


def apply(draft: Draft, values: Mapping[str, Any]) -> Draft:
    r = draft.recruitment
    begin, months = draft.months_to(values["start"]), values["days"] / MONTH_DAYS
    hit = float(values["hit"])
    kept = 1 - hit * (1 - values["restarted"])
    delayed = np.where(r.planned_opening >= begin, r.planned_opening + hit * months, r.planned_opening)
    # The share that is hit stops for the whole time: on average that share of the time is lost.
    return draft.recruit(
        holds=(*r.holds, (begin, begin + hit * months)),
        rate_factor=r.rate_factor * kept,
        planned_opening=delayed,
        planned_chance=r.planned_chance * kept,
    )


def describe(values: Mapping[str, Any]) -> str:
    return (
        f"A shock{since(values)}: {wording.share(values['hit'], 0)} of sites stop for {wording.duration(values['days'])}, "
        f"{wording.share(values['restarted'], 0)} of them restart"
    )


LEVER = Lever(
    "shock",
    "Shock",
    "How would a shock such as 2020 hit us?",
    (
        Parameter("hit", "Share of sites hit", "share", 0.7, 0.0, 1.0),
        Parameter("days", "Days until restart", "days", MEDIAN_DAYS, 0, 1500),
        Parameter("restarted", "Share that restarts", "share", RESTARTED, 0.0, 1.0),
        Parameter("start", "From", "date", ""),
    ),
    apply,
    describe,
    "later",
    "Stops and restarts measured in 2020: 87% restarted, after a median of 123 days.",
)
