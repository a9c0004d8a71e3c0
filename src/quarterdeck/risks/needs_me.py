"""What needs me: three to seven matters, ranked by the expected cost of doing nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select

from quarterdeck.vocabulary import wording, worth
from quarterdeck.vocabulary.finding import Consequence, Finding
from quarterdeck.vocabulary.verdict import Verdict

if TYPE_CHECKING:
    from quarterdeck.record.database import Record
    from quarterdeck.record.models.risks import MatterChoice

FEWEST, MOST = 3, 7
# What a participant weighs beside money, in units of the common currency, where a finding states no money; a day is `worth.DAY`. They order
# matters; they are no prices. docs/how-to/risks.md says how they were chosen.
PARTICIPANT = 15_000.0
IRREVERSIBLE = 2.0
LEAST_COST = 10_000.0  # below it a matter may wait
MATERIAL = 1.5  # a settled matter comes back when doing nothing costs half as much again: less is how such estimates move from cut to cut
TRUST_COST = 400_000.0  # a fact base that cannot be trusted spoils every decision: the cost given to a stale feed


@dataclass(frozen=True, slots=True)
class Matter:
    """One item of the list: the findings that are one matter (the gravest first), what doing nothing costs, and why it ranks here."""

    finding: Finding
    cost: float
    why: str
    also: tuple[Finding, ...] = ()
    came_back: bool = False

    @property
    def subject(self) -> str:
        """The trial, site or vendor it is about."""
        return subject_of(self.finding)


def rank(
    findings: Iterable[Finding], choices: Mapping[str, MatterChoice] | None = None, today: date | None = None, most: int = MOST
) -> list[Matter]:
    """At most `most` matters, the costliest first; at least three where there are three concerns at all.

    Findings about the same trial, site or vendor are one matter. What was settled is left out, until its day or a material change.
    """
    matters = [
        replace(matter, came_back=choice is not None)
        for matter in derive_matters(findings)
        if not _is_settled(matter, choice := _choice_of(matter, choices or {}), today)
    ]
    grave = [m for m in matters if m.cost >= LEAST_COST]
    return (grave if len(grave) >= FEWEST else matters[:FEWEST])[:most]


def derive_matters(findings: Iterable[Finding]) -> list[Matter]:
    """Every matter, settled or not, the costliest first."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.verdict is Verdict.CONCERN and not finding.opportunity:
            groups.setdefault(subject_of(finding), []).append(finding)
    return sorted(map(_combine, groups.values()), key=lambda m: (-m.cost, m.finding.id))


def subject_of(finding: Finding) -> str:
    """The trial, site or vendor a finding is about, as choices and decisions name it: "study/QD-007"; one about none of them is its own subject."""
    return f"{finding.scope.level}/{finding.scope.key}"[:200] if finding.scope.key else finding.id[:200]


def list_settled(findings: Iterable[Finding], choices: Mapping[str, MatterChoice], today: date) -> list[tuple[Matter, MatterChoice]]:
    """The matters that were settled and have not come back, each with the choice that settled it."""
    found = [(matter, _choice_of(matter, choices)) for matter in derive_matters(findings)]
    return [(matter, choice) for matter, choice in found if choice is not None and _is_settled(matter, choice, today)]


def expected_cost(consequence: Consequence) -> float:
    """Probability times what is at stake, in units of the common currency; more where it cannot be undone.

    >>> expected_cost(Consequence(probability=0.5, days=10))
    150000.0
    """
    money = float(consequence.money.amount) if consequence.money else (consequence.days or 0) * worth.DAY
    stake = money + (consequence.participants or 0) * PARTICIPANT * (0 if consequence.reversible else 1)
    return (
        (consequence.probability if consequence.probability is not None else 0.5)
        * stake
        * (1.0 if consequence.reversible else IRREVERSIBLE)
    )


def read_choices(record: Record) -> dict[str, MatterChoice]:
    """The newest choice about each subject; by finding where an older record knows no subject."""
    from quarterdeck.record.models.risks import MatterChoice

    with record.session() as session:
        return {choice.subject or choice.finding_id: choice for choice in session.scalars(select(MatterChoice).order_by(MatterChoice.id))}


def brief_rows(matters: Sequence[Matter]) -> list[dict[str, str]]:
    """The list as the weekly brief prints it: what, why, cost of doing nothing, suggested action, owner."""
    return [
        {
            "matter": m.finding.headline, "cause": m.finding.cause, "cost of doing nothing": m.why, "suggested action": m.finding.suggested_action,
            "owner": m.finding.owner or "nobody yet", "finding": m.finding.id,
        }
        for m in matters
    ]  # fmt: skip


def _choice_of(matter: Matter, choices: Mapping[str, MatterChoice]) -> MatterChoice | None:
    names = (matter.subject, *(finding.id[:200] for finding in (matter.finding, *matter.also)))
    return next((choices[name] for name in names if name in choices), None)


def _is_settled(matter: Matter, choice: MatterChoice | None, today: date | None) -> bool:
    if choice is None or (choice.cost is not None and matter.cost > choice.cost * MATERIAL):
        return False
    return today is None or choice.until is None or today < choice.until


def _combine(group: list[Finding]) -> Matter:
    group = sorted(group, key=lambda f: (-_cost_of(f), f.id))
    # Several findings about one subject mostly have one cause: the largest counts in full, each other adds a tenth.
    cost = _cost_of(group[0]) + 0.1 * sum(map(_cost_of, group[1:]))
    return Matter(group[0], cost, _explain(group[0].consequence), tuple(group[1:]))


def _cost_of(finding: Finding) -> float:
    return max(expected_cost(finding.consequence), TRUST_COST if finding.id.startswith(("feed/", "rates/")) else 0.0)


def _explain(consequence: Consequence) -> str:
    parts = []
    if consequence.money and consequence.money.amount:
        parts.append(wording.money(consequence.money))
    if consequence.days:
        parts.append(wording.duration(consequence.days))
    if consequence.participants:
        parts.append(wording.plural(round(consequence.participants), "participant"))
    chance = "" if consequence.probability is None else f" with a probability of {wording.chance(consequence.probability)}"
    return (wording.listing(parts) + chance if parts else "decisions on facts that may be wrong") + (
        "" if consequence.reversible else "; it cannot be undone"
    )
