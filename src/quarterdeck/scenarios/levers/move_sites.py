"""Close slow sites in one country and open as many in another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.scenarios.countries import country_name
from quarterdeck.scenarios.levers import add_sites, close_sites
from quarterdeck.scenarios.model import Draft, Lever, Parameter
from quarterdeck.vocabulary import wording


def apply(draft: Draft, values: Mapping[str, Any]) -> Draft:
    count = {"count": values["count"], "start": values["start"]}
    closed = close_sites.apply(draft, {**count, "country": values["from_country"]})
    return add_sites.apply(closed, {**count, "country": values["to_country"], "cost_each": values["cost_each"]})


def describe(values: Mapping[str, Any]) -> str:
    return f"Move {wording.plural(values['count'], 'site')} from {country_name(values['from_country']) or 'wherever is slowest'} to {country_name(values['to_country'])}"


LEVER = Lever(
    "move_sites",
    "Move sites",
    "What if slow sites were replaced by sites elsewhere?",
    (
        Parameter("count", "Sites", "count", None, 0, 500),
        Parameter("from_country", "From country", "country", ""),
        Parameter("to_country", "To country", "country", None),
        Parameter("start", "Decided on", "date", ""),
        Parameter("cost_each", "Start-up cost of a site", "number", 25_000.0, 0, 1e6),
    ),
    apply,
    describe,
    "either",
    "Closing and adding, composed.",
)
