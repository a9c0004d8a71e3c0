"""Recruitment on hold for a while."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.scenarios.countries import since
from quarterdeck.scenarios.model import Draft, Lever, Parameter
from quarterdeck.vocabulary import wording


def apply(draft: Draft, values: Mapping[str, Any]) -> Draft:
    begin = draft.months_to(values["start"])
    return draft.recruit(holds=(*draft.recruitment.holds, (begin, begin + values["months"])))


def describe(values: Mapping[str, Any]) -> str:
    return f"Pause recruitment for {wording.plural(values['months'], 'month')}{since(values)}"


LEVER = Lever(
    "pause",
    "Pause",
    "What if recruitment stopped for a while?",
    (Parameter("months", "Months", "months", None, 0, 36), Parameter("start", "From", "date", "")),
    apply,
    describe,
    "later",
    "Nothing is recruited while on hold; costs of time go on.",
)
