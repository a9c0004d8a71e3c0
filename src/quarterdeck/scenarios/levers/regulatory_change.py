"""A new rule: approvals take longer or shorter from a day on, work costs once, each participant may cost more.

A rule of the regulation room carries its own days and money to the trials it touches (`scenarios/rules.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quarterdeck.forecasts.facts import MONTH_DAYS
from quarterdeck.regulation.knowledge import load_changes
from quarterdeck.scenarios.countries import country_name, since
from quarterdeck.scenarios.model import Draft, Lever, Parameter
from quarterdeck.vocabulary import wording


def apply(draft: Draft, values: Mapping[str, Any]) -> Draft:
    r = draft.recruitment
    begin = draft.months_to(values["start"])
    mine = _concerned(draft, str(values["country"])) & (r.planned_opening >= begin)
    moved = np.where(mine, np.maximum(r.planned_opening + values["days"] / MONTH_DAYS, 0.0), r.planned_opening)
    dearer = draft.spend(participant=draft.money.participant * (1 + values["cost"])).pay(float(values["amount"]))
    changed = dearer.recruit(planned_opening=moved, rate_factor=r.rate_factor * (1 - values["burden"]))
    if values["rule"] and values["days"] and not mine.any():
        return changed.note(f"{_title(values)}: no pending site lies where this rule changes start-up, so no date moves.")
    return changed


def describe(values: Mapping[str, Any]) -> str:
    if not values["rule"]:
        return (
            f"A rule that adds {wording.duration(values['days'])} to approvals{since(values)}, "
            f"{wording.share(values['cost'], 0, signed=True)} to the cost of a participant"
        )
    places = [country_name(code.strip()) for code in str(values["country"]).split(",") if code.strip()]
    where = f" in {wording.listing(places) if len(places) <= 3 else wording.plural(len(places), 'country', 'countries')}" if places else ""
    days = f"start-up {wording.number(values['days'], 0, signed=True)} days{where}" if values["days"] else "no change of start-up"
    work = f"work for {wording.number(values['amount'], 0)} in the trial's currency" if values["amount"] else "no work to pay for yet"
    return f"{_title(values)}{since(values)}: {days}, {work}"


def _title(values: Mapping[str, Any]) -> str:
    known = load_changes().get(str(values["rule"]))
    return known.title if known else str(values["rule"])


def _concerned(draft: Draft, countries: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Planned sites in these countries; all where none is named."""
    wanted = {code.strip() for code in countries.split(",") if code.strip()}
    n = len(draft.recruitment.planned_opening)
    places = (*draft.planned_countries, *("" for _ in range(n - len(draft.planned_countries))))
    return np.array([not wanted or place in wanted for place in places], dtype=bool)


LEVER = Lever(
    "regulatory_change",
    "Regulatory change",
    "What would a new rule cost us?",
    (
        Parameter("days", "Days added to approvals (fewer: negative)", "days", None, -1000, 1000),
        Parameter("cost", "Cost of a participant", "share", 0.02, -0.5, 2.0),
        Parameter("burden", "Rate lost to site work", "share", 0.0, 0.0, 0.9),
        Parameter("start", "In force from", "date", ""),
        Parameter("country", "Where (two letters, separated by commas; empty: everywhere)", "country", ""),
        Parameter("amount", "One-off cost of the work it asks for", "number", 0.0, -1e8, 1e8),
        Parameter("rule", "Rule of the regulation room", "choice", ""),
    ),
    apply,
    describe,
    "later",
    "Your reading of the rule; or, for a rule of the regulation room, its verdict for the trial, the days it states and its library of actions.",
)
