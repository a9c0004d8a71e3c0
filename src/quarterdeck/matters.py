"""What every room found in a snapshot, gathered once, and what of it needs somebody: the one list behind commands, pages, API and papers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.risks.needs_me import MOST, Matter, rank, read_choices
from quarterdeck.vocabulary.finding import Finding
from quarterdeck.vocabulary.verdict import Verdict

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.record.database import Record

_GRAVITY = {Verdict.CONCERN: 0, Verdict.BETTER: 1, Verdict.ORDINARY: 2}


def gather_findings(snapshot: Snapshot) -> tuple[Finding, ...]:
    """Findings of every room, gravest first. Kept with the snapshot."""
    return snapshot.cached("matters.findings", lambda: tuple(sorted(_detect(snapshot), key=by_gravity)))


def gather_matters(snapshot: Snapshot, record: Record | None, most: int = MOST) -> list[Matter]:
    """What needs somebody on these facts, the costliest first; without what was settled on the record."""
    return rank(gather_findings(snapshot), read_choices(record) if record else {}, snapshot.data_cut, most)


def by_gravity(finding: Finding) -> tuple[int, float, float, str]:
    """Sorting key: concerns first, then by what doing nothing costs in money, then in days."""
    c = finding.consequence
    weight = c.probability if c.probability is not None else 0.5
    return (_GRAVITY[finding.verdict], -weight * float(c.money.amount if c.money else 0), -weight * (c.days or 0), finding.id)


def _detect(snapshot: Snapshot) -> list[Finding]:
    from quarterdeck.forecasts import findings as forecasts
    from quarterdeck.measures import findings as measures
    from quarterdeck.people import findings as people
    from quarterdeck.regulation import findings as regulation
    from quarterdeck.risks import findings as risks
    from quarterdeck.vendors import findings as vendors

    rooms = (measures, forecasts, risks, vendors, regulation, people)
    return [finding for room in rooms for finding in room.findings(snapshot)]
