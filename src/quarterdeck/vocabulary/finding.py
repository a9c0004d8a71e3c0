"""A finding: one sentence a director can act on, with the readings it rests on and what doing nothing costs."""

from __future__ import annotations

from dataclasses import dataclass, field

from quarterdeck.vocabulary.money import Money
from quarterdeck.vocabulary.reading import Reading, Scope
from quarterdeck.vocabulary.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Consequence:
    """The expected cost of doing nothing: probability, days, money and participants touched; reversible or not."""

    probability: float | None = None
    days: float | None = None
    money: Money | None = None
    participants: float | None = None
    reversible: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """What a detector hands to Bridge, "what needs me", papers and the register.

    `id` is stable over snapshots for the same matter (`detector/scope/subject`), so persistence can be counted.
    `headline` is a sentence whose every number occurs in `facts` or in a reading of `readings`.
    """

    id: str
    source: str
    scope: Scope
    headline: str
    verdict: Verdict
    cause: str = ""
    suggested_action: str = ""
    owner: str = ""
    href: str = ""
    consequence: Consequence = Consequence()
    readings: tuple[Reading, ...] = ()
    facts: dict[str, float | str] = field(default_factory=dict)
    opportunity: bool = False
    snapshot: str = ""
