"""Standard packages of levers, in sizes that fit the trial: what 100 sites can carry is nonsense for three."""

from __future__ import annotations

from dataclasses import dataclass

from quarterdeck.scenarios.model import Draft, LeverUse
from quarterdeck.vocabulary import wording

FEW, MANY = 0.1, 0.2  # of the sites the trial has, open and planned
LIFT = 0.15  # what a campaign is assumed to add to the rate of recruitment
CAMPAIGN_EACH = 1_000.0  # for each participant still needed, in the trial's currency: an assumption, as the lift is
# A package is decided within what was approved. What asks for more than a tenth of the budget is another budget, and goes to its own paper.
MOST_OF_BUDGET = 0.10


@dataclass(frozen=True, slots=True)
class Package:
    """Levers that are paid for together, and the people they need (full-time equivalents)."""

    name: str
    uses: tuple[LeverUse, ...]
    people: float


def standard_packages(draft: Draft) -> tuple[Package, ...]:
    """The packages weighed for a trial, each size once."""
    few, many = count_sites(draft, FEW), count_sites(draft, MANY)
    found = [
        Package(_more(few), (add_sites(few),), few / 10),
        Package(_more(many), (add_sites(many),), many / 10),
        Package("Recruitment campaign", (campaign(draft),), 0.5),
        Package("Home nursing for a third of visits", (LeverUse("decentralise", {"share": 0.33, "element": "home_nursing"}),), 0.5),
        Package(f"{_more(many)} and a campaign", (add_sites(many), campaign(draft)), many / 10 + 0.5),
    ]
    return tuple({package.name: package for package in found}.values())


def count_sites(draft: Draft, share: float) -> int:
    """A share of the sites the trial has, and at least one."""
    return max(1, round(share * (len(draft.open_countries) + len(draft.planned_countries))))


def add_sites(count: int) -> LeverUse:
    """So many sites more."""
    return LeverUse("add_sites", {"count": count})


def campaign(draft: Draft) -> LeverUse:
    """A recruitment campaign for the participants still needed."""
    return LeverUse("change_rate", {"change": LIFT, "cost": round(CAMPAIGN_EACH * draft.recruitment.needed)})


def is_affordable(draft: Draft, cost: float) -> bool:
    """Whether a package may be paid from the approved budget; where none is known, nothing forbids it."""
    return draft.money.budget <= 0 or cost <= MOST_OF_BUDGET * draft.money.budget


def _more(count: int) -> str:
    return wording.plural(count, "more site")
