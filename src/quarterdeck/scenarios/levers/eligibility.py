"""Ease or tighten eligibility: more or fewer of those screened may take part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.scenarios.model import Draft, Lever, Parameter
from quarterdeck.vocabulary import wording


def apply(draft: Draft, values: Mapping[str, Any]) -> Draft:
    # Of the share that fails screening, a part becomes eligible: those randomised per screened rise by that part.
    failure = float(values["screen_failure"])
    factor = (1 - failure * (1 - values["eased"])) / (1 - failure)
    return draft.recruit(rate_factor=draft.recruitment.rate_factor * factor).note(
        "Easing eligibility needs a protocol amendment: add that lever too."
    )


def describe(values: Mapping[str, Any]) -> str:
    verb = "Let in" if values["eased"] >= 0 else "Keep out a further"
    return f"{verb} {wording.share(abs(values['eased']), 0)} of those who fail screening"


LEVER = Lever(
    "eligibility",
    "Change eligibility",
    "What if fewer screened participants failed?",
    (
        Parameter("eased", "Share of screen failures let in", "share", None, -1.0, 1.0),
        Parameter("screen_failure", "Screen failure now", "share", 0.3, 0.0, 0.95),
    ),
    apply,
    describe,
    "earlier",
    "Arithmetic of the funnel; who becomes eligible is a medical judgement.",
)
