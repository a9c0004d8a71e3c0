"""Approvals come later or sooner than forecast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quarterdeck.forecasts.facts import MONTH_DAYS
from quarterdeck.scenarios.countries import where
from quarterdeck.scenarios.model import Draft, Lever, Parameter
from quarterdeck.vocabulary import wording


def apply(draft: Draft, values: Mapping[str, Any]) -> Draft:
    r = draft.recruitment
    country = str(values["country"])
    countries = (*draft.planned_countries, *("" for _ in range(len(r.planned_opening) - len(draft.planned_countries))))
    mine = np.array([not country or c == country for c in countries], dtype=bool)
    moved = np.maximum(r.planned_opening + mine * values["days"] / MONTH_DAYS, 0.0)
    return draft.recruit(planned_opening=moved)


def describe(values: Mapping[str, Any]) -> str:
    return f"Approvals {wording.late(values['days'])}{where(values)}"


LEVER = Lever(
    "approval_delay",
    "Approval delay",
    "What if approvals took longer?",
    (Parameter("days", "Days", "days", None, -365, 1000), Parameter("country", "Country", "country", "")),
    apply,
    describe,
    "later",
    "Moves the opening of every pending site it concerns.",
)
