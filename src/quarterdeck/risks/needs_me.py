"""What needs me: three to seven matters, ranked by the expected cost of doing nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select

from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.finding import Consequence, Finding
from quarterdeck.vocabulary.verdict import Verdict

if TYPE_CHECKING:
    from quarterdeck.record.database import Record
    from quarterdeck.record.models.risks import MatterChoice

FEWEST, MOST = 3, 7
# What a day and a participant weigh beside money, in units of the common currency, where a finding states no money for them. They order
# matters; they are no prices. docs/how-to/risks.md says how they were chosen.
DAY, PARTICIPANT = 25_000.0, 15_000.0
IRREVERSIBLE = 2.0
LEAST_COST = 10_000.0  # below it a matter may wait
TRUST_COST = 400_000.0  # a fact base that cannot be trusted spoils every decision: the cost given to a stale feed


@dataclass(frozen=True, slots=True)
class Matter:
    """One item of the list: the findings that are one matter (the gravest first), what doing nothing costs, and why it ranks here."""

    finding: Finding
    cost: float
    why: str
    also: tuple[Finding, ...] = ()
    came_back: bool = False


def rank(
    findings: Iterable[Finding], choices: Mapping[str, MatterChoice] | None = None, today: date | None = None, most: int = MOST
) -> list[Matter]:
    """At most `most` matters, the costliest first; at least three where there are three concerns at all.

    Findings about the same trial, site or vendor are one matter. What was accepted, delegated or snoozed (until its day) is left out.
    """
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        if finding.verdict is Verdict.CONCERN and not finding.opportunity and not _is_settled(finding, choices or {}, today):
            groups.setdefault(_subject(finding), []).append(finding)
    matters = [_combine(group, choices or {}) for group in groups.values()]
    matters.sort(key=lambda m: (-m.cost, m.finding.id))
    grave = [m for m in matters if m.cost >= LEAST_COST]
    return (grave if len(grave) >= FEWEST else matters[:FEWEST])[:most]


def expected_cost(consequence: Consequence) -> float:
    """Probability times what is at stake, in units of the common currency; more where it cannot be undone.

    >>> expected_cost(Consequence(probability=0.5, days=10))
    125000.0
    """
    money = float(consequence.money.amount) if consequence.money else (consequence.days or 0) * DAY
    stake = money + (consequence.participants or 0) * PARTICIPANT * (0 if consequence.reversible else 1)
    return (
        (consequence.probability if consequence.probability is not None else 0.5)
        * stake
        * (1.0 if consequence.reversible else IRREVERSIBLE)
    )


def read_choices(record: Record) -> dict[str, MatterChoice]:
    """The newest choice about each finding."""
    from quarterdeck.record.models.risks import MatterChoice

    with record.session() as session:
        return {choice.finding_id: choice for choice in session.scalars(select(MatterChoice).order_by(MatterChoice.id))}


def brief_rows(matters: Sequence[Matter]) -> list[dict[str, str]]:
    """The list as the weekly brief prints it: what, why, cost of doing nothing, suggested action, owner."""
    return [
        {
            "matter": m.finding.headline, "cause": m.finding.cause, "cost of doing nothing": m.why, "suggested action": m.finding.suggested_action,
            "owner": m.finding.owner or "nobody yet", "finding": m.finding.id,
        }
        for m in matters
    ]  # fmt: skip


def _is_settled(finding: Finding, choices: Mapping[str, MatterChoice], today: date | None) -> bool:
    choice = choices.get(finding.id[:200])
    if choice is None:
        return False
    return choice.choice != "snooze" or today is None or (choice.until is not None and today < choice.until)


def _subject(finding: Finding) -> tuple[str, str]:
    return (finding.scope.level, finding.scope.key) if finding.scope.key else ("finding", finding.id)


def _combine(group: list[Finding], choices: Mapping[str, MatterChoice]) -> Matter:
    group = sorted(group, key=lambda f: (-_cost_of(f), f.id))
    # Several findings about one subject mostly have one cause: the largest counts in full, each other adds a tenth.
    cost = _cost_of(group[0]) + 0.1 * sum(map(_cost_of, group[1:]))
    return Matter(group[0], cost, _explain(group[0].consequence), tuple(group[1:]), any(f.id in choices for f in group))


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
