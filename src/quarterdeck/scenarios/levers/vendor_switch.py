"""Change the contract research organisation: a standstill, a new price, and perhaps a better pace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.scenarios.model import Draft, Lever, Parameter
from quarterdeck.vocabulary import wording


def apply(draft: Draft, values: Mapping[str, Any]) -> Draft:
    r, m = draft.recruitment, draft.money
    gap = float(values["months"])
    # Pending sites wait for the newcomer; open sites go on at a reduced pace, taken as a partial hold.
    slowed = draft.recruit(
        planned_opening=r.planned_opening + gap,
        rate_factor=r.rate_factor * (1 + values["pace"]),
        holds=(*r.holds, (0.0, gap * values["standstill"])),
    )
    factor = 1 + values["price"]
    return slowed.spend(fixed_month=m.fixed_month * factor, site_month=m.site_month * factor, vendor="").pay(values["cost"])


def describe(values: Mapping[str, Any]) -> str:
    return (
        f"Switch vendor: {wording.plural(values['months'], 'month')} of transition, price {wording.share(values['price'], 0, signed=True)}"
    )


LEVER = Lever(
    "vendor_switch",
    "Switch vendor",
    "Would another vendor pay off after the transition?",
    (
        Parameter("months", "Months of transition", "months", 4.0, 0, 24),
        Parameter("price", "Price of the newcomer", "share", 0.0, -0.5, 1.0),
        Parameter("pace", "Pace after the transition", "share", 0.0, -0.5, 1.0),
        Parameter("standstill", "Share of recruitment lost in transition", "share", 0.2, 0.0, 1.0),
        Parameter("cost", "One-off cost", "number", 500_000.0, 0, 1e8),
    ),
    apply,
    describe,
    "later",
    "Transition figures are yours to set; defaults are cautious.",
)
