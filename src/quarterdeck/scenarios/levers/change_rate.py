"""Change how fast all sites recruit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.scenarios.model import Draft, Lever, Parameter
from quarterdeck.vocabulary import wording


def apply(draft: Draft, values: Mapping[str, Any]) -> Draft:
    return draft.recruit(rate_factor=draft.recruitment.rate_factor * (1 + values["change"])).pay(values["cost"])


def describe(values: Mapping[str, Any]) -> str:
    return f"Recruitment rate {wording.share(values['change'], 0, signed=True)} at every site"


LEVER = Lever(
    "change_rate",
    "Change the rate",
    "What if every site recruited faster or slower?",
    (
        Parameter("change", "Change (0.1 = 10% faster)", "share", None, -0.9, 5.0),
        Parameter("cost", "One-off cost", "number", 0.0, 0, 1e8),
    ),
    apply,
    describe,
    "earlier",
    "Your own assumption about the effect; the forecast then carries it through.",
)
