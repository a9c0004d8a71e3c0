"""Change the number of participants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.scenarios.model import Draft, Lever, Parameter
from quarterdeck.vocabulary import wording


def apply(draft: Draft, values: Mapping[str, Any]) -> Draft:
    r = draft.recruitment
    target = max(r.target + int(values["change"]), 1)
    return draft.recruit(target=target, enrolled=min(r.enrolled, target))


def describe(values: Mapping[str, Any]) -> str:
    change = values["change"]
    return f"{'Fewer' if change < 0 else 'More'} participants: {wording.number(change, 0, signed=True)}"


LEVER = Lever(
    "target",
    "Change the target",
    "What if the trial needed more or fewer participants?",
    (Parameter("change", "Participants", "count", None, -100_000, 100_000),),
    apply,
    describe,
    "later",
    "A smaller trial needs a statistician's agreement first.",
)
