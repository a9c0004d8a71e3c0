"""Who decided what, when and why; and the audit trail with its chain verified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import func, select

from quarterdeck.record.audit import verify_chain
from quarterdeck.record.models.base import AuditEvent, Decision, Person
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import IntegrityBroken
from quarterdeck.web.navigation import Entry
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
NAVIGATION = (Entry("Decisions", "/decisions", "Evidence", "Who decided what, when and why?"),)


@router.get("/decisions")
def show_decisions(view: View = permit("record.read")) -> Response:
    """Decisions, then every recorded act."""
    with view.record.session() as session:
        found = session.execute(
            select(Decision, Person.name).join(Person, Person.id == Decision.decided_by).order_by(Decision.decided_at.desc()).limit(2000)
        ).all()
        names = {person.id: person.name for person in session.scalars(select(Person))}
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(2000)).all()
        count = session.scalar(select(func.count()).select_from(AuditEvent)) or 0
    decisions = [
        {
            "question": Cell(d.question, sub=f"{d.subject_type} {d.subject_id}"),
            "outcome": d.outcome,
            "reason": d.reason,
            "by": name,
            "when": d.decided_at,
            "facts": d.snapshot[:12] or "not stated",
        }
        for d, name in found
    ]
    trail = [
        {
            "seq": e.seq, "when": e.happened_at, "who": names.get(e.actor_id, e.actor_id), "action": e.action.replace(".", ": ").replace("_", " "), "subject": f"{e.subject_type} {e.subject_id}",
            "reason": e.reason or "not stated", "hash": e.hash[:12],
        }
        for e in events
    ]  # fmt: skip
    tables = [
        Table(
            "decisions", "Decisions, the newest first",
            [Column("question", "Question"), Column("outcome", "Decided"), Column("reason", "Because"), Column("by", "By"), Column("when", "When"), Column("facts", "On snapshot")], decisions,
            empty="No decision was recorded yet. Decide about a finding on its page.",
        ),
        Table(
            "audit", "The audit trail, the newest first",
            [Column("seq", "Event", is_number=True), Column("when", "When"), Column("who", "Who"), Column("action", "Did"), Column("subject", "To what"), Column("reason", "Why"), Column("hash", "Link")],
            trail, empty="Nothing was recorded yet.", note="The newest 2,000 events." if count > 2000 else "",
        ),
    ]  # fmt: skip
    finding = f"{wording.plural(len(decisions), 'decision') if decisions else 'No decision'} and {wording.plural(count, 'recorded act')}"
    return view.page(
        "decisions/index.html", finding=finding, tables=tables, needs_facts=False, chain=_chain(view), cites=[len(decisions), count, 2000]
    )


def _chain(view: View) -> tuple[bool, str]:
    try:
        count = verify_chain(view.record)
    except IntegrityBroken as error:
        return False, error.message
    return True, f"All {wording.plural(count, 'link')} of the chain hold." if count else "The chain has no link yet."


def paths(snapshot: Snapshot) -> list[str]:
    """Pages to walk."""
    return ["/decisions", "/jobs", "/search?q=a"]
