"""A new rule: approvals take longer from a day on, and each participant costs more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quarterdeck.forecasts.facts import MONTH_DAYS
from quarterdeck.scenarios.countries import since
from quarterdeck.scenarios.model import Draft, Lever, Parameter
from quarterdeck.vocabulary import wording


def apply(draft: Draft, values: Mapping[str, Any]) -> Draft:
    r = draft.recruitment
    begin = draft.months_to(values["start"])
    moved = np.where(r.planned_opening >= begin, r.planned_opening + values["days"] / MONTH_DAYS, r.planned_opening)
    dearer = draft.spend(participant=draft.money.participant * (1 + values["cost"]))
    return dearer.recruit(planned_opening=moved, rate_factor=r.rate_factor * (1 - values["burden"]))


def describe(values: Mapping[str, Any]) -> str:
    return (
        f"A rule that adds {wording.duration(values['days'])} to approvals{since(values)}, "
        f"{wording.share(values['cost'], 0, signed=True)} to the cost of a participant"
    )


LEVER = Lever(
    "regulatory_change",
    "Regulatory change",
    "What would a new rule cost us?",
    (
        Parameter("days", "Days added to approvals", "days", None, 0, 1000),
        Parameter("cost", "Cost of a participant", "share", 0.02, -0.5, 2.0),
        Parameter("burden", "Rate lost to site work", "share", 0.0, 0.0, 0.9),
        Parameter("start", "In force from", "date", ""),
    ),
    apply,
    describe,
    "later",
    "Your reading of the rule; the regulation room's assessments can supply the figures.",
)
