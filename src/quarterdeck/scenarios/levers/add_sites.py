"""Open more sites, in one country or wherever the trial already is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quarterdeck.scenarios.countries import since, where
from quarterdeck.scenarios.model import Draft, Lever, Parameter
from quarterdeck.vocabulary import wording


def apply(draft: Draft, values: Mapping[str, Any]) -> Draft:
    count = int(values["count"])
    begin = draft.months_to(values["start"])
    # Selected together, opened over three months: start-up as this portfolio has known it.
    opening = begin + draft.start_up_months + np.linspace(0.0, 3.0, count) if count else np.zeros(0)
    return draft.add_sites(count, str(values["country"]), opening).pay(count * float(values["cost_each"]))


def describe(values: Mapping[str, Any]) -> str:
    return f"Add {wording.plural(values['count'], 'site')}{where(values)}{since(values, 'decided on')}"


LEVER = Lever(
    "add_sites",
    "Add sites",
    "What would more sites bring?",
    (
        Parameter("count", "Sites", "count", None, 0, 500),
        Parameter("country", "Country", "country", ""),
        Parameter("start", "Decided on", "date", ""),
        Parameter("cost_each", "Start-up cost of a site", "number", 25_000.0, 0, 1e6),
    ),
    apply,
    describe,
    "earlier",
    "Start-up time, chance of opening and rate of new sites from the portfolio's own history; start-up cost is yours to set.",
)
