"""One finding: what, why, what to do, what it rests on, and what was decided about it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response
from sqlalchemy import select

from quarterdeck.record import audit
from quarterdeck.record.models.base import Acknowledgement, Decision, Person
from quarterdeck.risks.indicators import load_indicators
from quarterdeck.risks.needs_me import derive_matters, subject_of
from quarterdeck.risks.settling import find_matter, settle
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.finding import Consequence, Finding
from quarterdeck.vocabulary.reading import Reading
from quarterdeck.web.matters import findings_of, gather_findings
from quarterdeck.web.navigation import Hit
from quarterdeck.web.tables import Cell, Column, Table, words
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()


@router.get("/finding")
def show_finding(id: str, view: View = permit("page.read", any_scope=True)) -> Response:
    """The finding with its facts, readings, and who has seen or decided what."""
    finding = find_finding(view, id)
    readings = [
        {
            "measure": _name_of(reading),
            "scope": str(reading.scope),
            "value": reading,
            "verdict": reading.verdict or "not judged",
        }
        for reading in finding.readings
    ]
    facts = [{"what": key.replace("_", " ").capitalize(), "value": value} for key, value in finding.facts.items()]
    tables = [
        Table(
            "readings",
            "Readings it rests on",
            [Column("measure", "Measure"), Column("scope", "Of"), Column("value", "Value", is_number=True), Column("verdict", "Verdict")],
            readings,
        ),
        Table("facts", "Facts it states", [Column("what", "What"), Column("value", "Value", is_number=True)], facts),
        _decisions(view, finding),
    ]
    cost = words_of(finding.consequence)
    return view.page(
        "decisions/finding.html", finding=finding.headline.rstrip('.'), tables=tables, findings=[finding], it=finding, cost=cost, seen=_seen_by(view, finding.id),
        cites=[finding.headline, finding.cause, finding.suggested_action, finding.owner, *cost], readings=finding.readings,
    )  # fmt: skip


def _name_of(reading: Reading) -> Cell:
    if reading.measure in load_indicators():
        return Cell(load_indicators()[reading.measure].name, href=f"/risks/indicators?indicator={reading.measure}")
    return Cell(reading.measure.replace("_", " ").capitalize(), href=f"/measures/{reading.measure}")


@router.post("/finding/seen")
def acknowledge(
    id: Annotated[str, Form()], remark: Annotated[str, Form()] = "", view: View = permit("finding.acknowledge", any_scope=True)
) -> Response:
    """That the reader has seen it, on these facts."""
    finding = find_finding(view, id)
    with audit.write(
        view.record,
        view.actor,
        audit.Act("finding.acknowledge", "finding", finding.id[:200], remark[:2000], finding.scope),
        view.now(),
    ) as session:
        session.add(
            Acknowledgement(
                person_id=view.actor.id,
                subject_type="finding",
                subject_id=finding.id[:200],
                remark=remark[:2000],
                snapshot=view.snapshot.id,
                acknowledged_at=view.now(),
            )
        )
    return view.redirect(view.href("/finding", id=id))


@router.post("/finding/decide")
def decide(
    id: Annotated[str, Form()],
    outcome: Annotated[str, Form()],
    reason: Annotated[str, Form()],
    view: View = permit("decision.record", any_scope=True),
) -> Response:
    """A decision about it, in the reader's own name, on these facts."""
    finding = find_finding(view, id)
    if not outcome.strip() or not reason.strip():
        raise BadInput("A decision needs an outcome and a reason", next_step="Fill both and send the form again.")
    decision_id, matter = secrets.token_hex(8), find_matter(derive_matters(gather_findings(view)), finding.id)
    with audit.write(
        view.record,
        view.actor,
        audit.Act(
            "decision.record",
            "finding",
            finding.id[:200],
            reason[:2000],
            finding.scope,
            {"outcome": outcome[:200], "decision": decision_id},
        ),
        view.now(),
    ) as session:
        session.add(
            Decision(
                id=decision_id, subject_type="finding", subject_id=finding.id[:200], question=finding.headline, outcome=outcome[:2000], reason=reason[:4000], snapshot=view.snapshot.id,
                evidence=[reading.id for reading in finding.readings], decided_by=view.actor.id, decided_at=view.now(),
            )
        )  # fmt: skip
        if matter is not None:  # what was decided needs nobody until something changes
            settle(session, view.actor, matter, "decide", reason[:4000], view.snapshot.id, view.now())
    return view.redirect(view.href("/finding", id=id))


def find_finding(view: View, finding_id: str) -> Finding:
    """A finding of these facts. Raises NotFound."""
    for finding in gather_findings(view):
        if finding.id == finding_id:
            return finding
    raise NotFound(
        "There is no such finding in these facts",
        thing=finding_id[:200],
        next_step="It may have gone with newer facts. Look at earlier ones.",
    )


def words_of(cost: Consequence) -> list[str]:
    """What doing nothing is expected to cost, in words; empty where nobody estimated it."""
    parts = []
    if cost.probability is not None:
        parts.append(f"It is {wording.likelihood(cost.probability)} ({wording.chance(cost.probability)})")
    if cost.days:
        parts.append(wording.duration(cost.days))
    if cost.money is not None:
        parts.append(wording.money(cost.money))
    if cost.participants:
        parts.append(wording.plural(round(cost.participants), "participant"))
    if parts and not cost.reversible:
        parts.append("it cannot be undone")
    return parts


def paths(snapshot: Snapshot) -> list[str]:
    """The first findings, for preparing and walking."""
    from urllib.parse import quote

    return [f"/finding?id={quote(finding.id, safe='')}" for finding in findings_of(snapshot)[:3]]


def search(view: View, wanted: str) -> list[Hit]:
    """Findings by their headline."""
    from urllib.parse import quote

    if not view.has_facts:
        return []
    return [
        Hit(f.headline, f"/finding?id={quote(f.id, safe='')}", "Finding", f.cause)
        for f in gather_findings(view)
        if wanted in f.headline.lower()
    ][:10]


def _decisions(view: View, finding: Finding) -> Table:
    with view.record.session() as session:
        query = (
            select(Decision, Person.name)
            .join(Person, Person.id == Decision.decided_by)
            .where(Decision.subject_id.in_((finding.id[:200], subject_of(finding))))
            .order_by(Decision.decided_at.desc())
        )
        rows = [{"outcome": d.outcome, "reason": d.reason, "by": name, "when": d.decided_at} for d, name in session.execute(query)]
    columns = [Column("outcome", "Decided"), Column("reason", "Because"), Column("by", "By"), Column("when", "When")]
    return Table("decisions", "What was decided", columns, rows, empty="Nothing was decided about this yet.")


def _seen_by(view: View, finding_id: str) -> list[str]:
    with view.record.session() as session:
        query = (
            select(Acknowledgement, Person.name)
            .join(Person, Person.id == Acknowledgement.person_id)
            .where(Acknowledgement.subject_id == finding_id[:200])
        )
        return [f"{name} on {wording.moment(a.acknowledged_at)}{f': {a.remark}' if a.remark else ''}" for a, name in session.execute(query)]


__all__ = ["acknowledge", "decide", "find_finding", "router", "words"]
