"""Foreign currencies become dearer or cheaper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.scenarios.model import Draft, Lever, Parameter
from quarterdeck.vocabulary import wording


def apply(draft: Draft, values: Mapping[str, Any]) -> Draft:
    m = draft.money
    foreign = m.foreign if values["share"] == "" else float(values["share"])
    factor = 1 + foreign * values["change"]
    return draft.spend(
        fixed_month=m.fixed_month * factor,
        site_month=m.site_month * factor,
        participant=m.participant * factor,
        change_order_size=m.change_order_size * factor,
    )


def describe(values: Mapping[str, Any]) -> str:
    return f"Foreign currencies {wording.share(values['change'], 0, signed=True)}"


LEVER = Lever(
    "exchange_rate",
    "Exchange rates",
    "What if foreign currencies became dearer?",
    (
        Parameter("change", "Change against the base currency", "share", None, -0.6, 2.0),
        Parameter("share", "Share of cost in foreign currency (empty: as budgeted)", "choice", ""),
    ),
    apply,
    describe,
    "either",
    "The foreign share of the approved budget.",
)
