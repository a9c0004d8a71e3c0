"""Take visits out of the schedule, or put some in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.scenarios.model import Draft, Lever, Parameter
from quarterdeck.vocabulary import wording

BURDEN = 0.012  # of the recruitment rate, per visit: assumption, to be replaced by what your sites say
SHARE_OF_COST = 0.7  # of the cost of a participant that goes with visits


def apply(draft: Draft, values: Mapping[str, Any]) -> Draft:
    change = float(values["change"])
    share = change / max(draft.visits, 1.0)
    factor = max(1 - values["burden"] * change, 0.1)
    dearer = draft.spend(participant=max(draft.money.participant * (1 + SHARE_OF_COST * share), 0.0))
    return dearer.recruit(rate_factor=draft.recruitment.rate_factor * factor)


def describe(values: Mapping[str, Any]) -> str:
    change = values["change"]
    return f"{'Cut' if change < 0 else 'Add'} {wording.plural(abs(int(change)), 'visit')} per participant"


LEVER = Lever(
    "visits",
    "Change visits",
    "What would a lighter schedule bring?",
    (
        Parameter("change", "Visits per participant (−2 = two fewer)", "count", None, -30, 30),
        Parameter("burden", "Rate lost per further visit", "share", BURDEN, 0.0, 0.2),
    ),
    apply,
    describe,
    "later",
    "Cost by visit from the trial's own cost per participant; the effect on recruitment is an assumption.",
)
