"""Move part of the visits out of the site, where the law of the country lets you."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from quarterdeck.data_files import read_yaml
from quarterdeck.scenarios.model import Draft, Lever, Parameter
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput

RULES = Path(__file__).parent / "decentralised_elements.yaml"


@cache
def load_rules() -> dict[str, Any]:
    """Elements, their assumed effects, and where each may be used."""
    found = read_yaml(RULES)
    if unknown := set(found) - {"elements", "not_in", "note"}:
        raise BadInput("Unknown key", thing=f"{RULES.name}: {', '.join(sorted(unknown))}", allowed="elements, not_in, note")
    return dict(found)


def apply(draft: Draft, values: Mapping[str, Any]) -> Draft:
    rules = load_rules()
    element = rules["elements"][values["element"]]
    barred = set(rules["not_in"].get(values["element"], ()))
    r = draft.recruitment
    countries = [*draft.open_countries, *draft.planned_countries]
    legal = 1.0 - (sum(c in barred for c in countries) / len(countries) if countries else 0.0)
    remote = float(values["share"]) * legal
    reach = 1 + element["reach"] * remote
    burden = 1 - element["site_burden"] * remote
    cost = draft.money.participant * (1 + element["cost"] * remote)
    changed = draft.recruit(rate_factor=r.rate_factor * reach * burden).spend(participant=cost).pay(element["set_up"])
    return changed.note(f"{values['element']} may be used at {legal:.0%} of the sites; {rules['note']}")


def describe(values: Mapping[str, Any]) -> str:
    return f"{wording.share(values['share'], 0)} of visits with {values['element'].replace('_', ' ')}"


LEVER = Lever(
    "decentralise",
    "Decentralised elements",
    "What if part of the visits left the site?",
    (
        Parameter("share", "Share of visits", "share", None, 0.0, 1.0),
        Parameter("element", "Element", "choice", "home_nursing", choices=tuple(load_rules()["elements"])),
    ),
    apply,
    describe,
    "earlier",
    "Reach, site burden and cost are assumptions in decentralised_elements.yaml; legality by country stands there too, to be verified.",
)
