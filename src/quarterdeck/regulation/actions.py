"""What people decide in this room: triage, answers, assessments, actions and signatures, each with its audit event."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from quarterdeck.record.audit import Act, append_act, write
from quarterdeck.record.database import Record
from quarterdeck.record.models.base import Decision
from quarterdeck.record.models.regulation import (
    AcceptedAction,
    Assessment,
    DocumentVersion,
    RegulatoryDocument,
    TriageLabel,
    TrialAnswer,
)
from quarterdeck.record.permissions import Actor
from quarterdeck.regulation.applicability import load_attributes
from quarterdeck.regulation.implications import Proposal
from quarterdeck.regulation.knowledge import get_change, load_actions
from quarterdeck.regulation.relevance import judge, learn_from, load_model, write_model
from quarterdeck.regulation.states import get_step
from quarterdeck.regulation.trials import read_value
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput, NotFound, NotPermitted

NAMED = 5  # actions that a refusal names; the page lists them all


def label_document(record: Record, actor: Actor, document_id: str, grade: int, reason: str, now: datetime, change_id: str = "") -> None:
    """A person's grade of a document; it outranks the model from now on. Raises NotFound, BadInput."""
    if grade not in (0, 1, 2):
        raise BadInput("A grade is 0, 1 or 2", thing=str(grade), allowed="0 not about trials, 1 some trials, 2 the whole portfolio")
    if change_id:
        get_change(change_id)
    act = Act("regulation.triage", "document", document_id, reason, detail={"grade": grade, "change": change_id})
    with write(record, actor, act, now) as session:
        row = session.get(RegulatoryDocument, document_id)
        if row is None:
            raise NotFound("There is no such document", thing=document_id, next_step="Import it first: quarterdeck regulation import PATH.")
        row.grade, row.band = grade, "in" if grade else "out"
        session.add(
            TriageLabel(document_id=document_id, grade=grade, change_id=change_id, reason=reason, person_id=actor.id, labelled_at=now)
        )


def learn(record: Record, home: Path, actor: Actor, now: datetime) -> tuple[int, int]:
    """Learns from every grade that people gave, and judges again what nobody has graded. Returns (labels, documents whose band moved)."""
    with write(record, actor, Act("regulation.import", "regulation", "relevance model"), now) as session:
        newest = {label.document_id: label.grade for label in session.scalars(select(TriageLabel).order_by(TriageLabel.id)).all()}
        rows = {row.id: row for row in session.scalars(select(RegulatoryDocument)).all()}
        texts = _texts(session)
        labelled = [(rows[name].title, rows[name].abstract or texts.get(name, ""), grade) for name, grade in newest.items() if name in rows]
        model = learn_from(load_model(), labelled)
        write_model(model, home)
        moved = 0
        for name, row in rows.items():
            if name not in newest:
                found = judge(row.title, row.abstract or texts.get(name, ""), model)
                moved += found.band != row.band
                row.score, row.grade, row.band, row.model = found.score, found.grade, found.band, found.model
        append_act(
            session, actor, Act("regulation.import", "regulation", "relevance model", detail={"labels": len(labelled), "moved": moved}), now
        )
    return len(labelled), moved


def _texts(session: Session) -> dict[str, str]:
    versions = session.execute(select(DocumentVersion.document_id, DocumentVersion.text).order_by(DocumentVersion.id)).all()
    return {name: text[:8000] for name, text in versions}


def answer_question(record: Record, actor: Actor, trial: str, attribute: str, value: str, now: datetime) -> None:
    """An answer about a trial, or about all ("*"). Raises NotFound for an unknown attribute, BadInput for a value that cannot be read."""
    attributes = load_attributes()
    if attribute not in attributes:
        raise NotFound("There is no such question", thing=attribute, allowed=sorted(attributes))
    read_value(attributes[attribute], value, f"{trial}, {attribute}")
    with write(record, actor, Act("regulation.answer", "trial", trial, detail={"attribute": attribute, "value": value}), now) as session:
        session.add(TrialAnswer(trial=trial, attribute=attribute, value=value, person_id=actor.id, answered_at=now))


def open_assessment(
    record: Record,
    actor: Actor,
    change_id: str,
    trial: str,
    verdict: str,
    rule: str,
    facts: Sequence[str],
    snapshot: str,
    owner: str,
    due: date | None,
    now: datetime,
) -> str:
    """A new assessment in triage, or the one that is there. Returns its id."""
    get_change(change_id)
    with write(
        record, actor, Act("regulation.assess", "assessment", f"{change_id}/{trial}", detail={"owner": owner, "due": due}), now
    ) as session:
        row = _find_assessment(session, change_id, trial)
        if row is None:
            row = Assessment(
                id=secrets.token_hex(8),
                change_id=change_id,
                trial=trial,
                state="triage",
                opened_at=now,
                changed_at=now,
                facts=list(facts),
                verdict=verdict,
                rule=rule,
                snapshot=snapshot,
            )
            session.add(row)
        row.owner, row.due, row.changed_at = owner or row.owner or actor.name, due or row.due or now.date() + timedelta(days=30), now
        return row.id


def move_assessment(
    record: Record, actor: Actor, assessment_id: str, step_name: str, reason: str, now: datetime, proposals: Sequence[Proposal]
) -> str:
    """The next state. Steps that decide are signed: the actor's name and the instant are kept and a decision is recorded.

    `proposals`: what the change asks for now, of every trial and of the organisation; "actions done" is refused while one of them is undecided.
    Raises NotFound, NotPermitted (the step is not open, or actions are), BadInput (a decision without a reason).
    """
    with record.session() as session:
        row = session.get(Assessment, assessment_id)
        if row is None:
            raise NotFound("There is no such assessment", thing=assessment_id)
        step, change_id, trial = get_step(row.state, step_name), row.change_id, row.trial
    if step.is_signed and not reason.strip():
        raise BadInput("A decision needs its reason", thing=step.words, next_step="Say in one sentence why.")
    with write(
        record, actor, Act(step.permission, "assessment", f"{change_id}/{trial}", reason, detail={"step": step.name, "to": step.after}), now
    ) as session:
        row = session.get(Assessment, assessment_id)
        assert row is not None
        step = get_step(row.state, step_name)  # another person may have moved it since
        if step.name == "close" and (still_open := _open_actions(session, change_id, trial, proposals)):
            raise NotPermitted(
                f"{wording.plural(len(still_open), 'action')} {'is' if len(still_open) == 1 else 'are'} still open",
                thing=wording.listing([*still_open[:NAMED], *(["others"] if len(still_open) > NAMED else [])]),
                next_step="Mark them done, or reject them with a reason.",
            )
        row.state, row.changed_at = step.after, now
        if step.is_signed:
            row.decision, row.signed_by, row.signed_at = f"{step.words}: {reason}", actor.id, now
            row.decision_id = _decide(
                session,
                actor,
                "assessment",
                f"{change_id}/{trial}",
                f"What follows from {get_change(change_id).title}{f' for {trial}' if trial else ''}?",
                step.words,
                reason,
                row.snapshot,
                now,
            )
        return row.state


def decide_action(
    record: Record, actor: Actor, proposal: Proposal, change_id: str, state: str, reason: str, snapshot: str, now: datetime, owner: str = ""
) -> None:
    """Accepts, rejects or completes an action. Accepting and rejecting are decisions on record; the same decision twice is one.

    Raises BadInput (an unknown state; a rejection without a reason).
    """
    if state not in ("accepted", "rejected", "done"):
        raise BadInput("An action is accepted, rejected or done", thing=state)
    if state == "rejected" and not reason.strip():
        raise BadInput("A rejection needs its reason", thing=proposal.template.title)
    change = get_change(change_id)
    subject = f"{change_id}/{proposal.key}"
    with write(
        record, actor, Act("regulation.decide", "regulation_action", subject, reason, detail={"state": state, "due": proposal.due}), now
    ) as session:
        row = session.scalars(
            select(AcceptedAction).where(
                AcceptedAction.change_id == change_id,
                AcceptedAction.template == proposal.template.id,
                AcceptedAction.trial == proposal.trial,
            )
        ).first()
        if row is None:
            row = AcceptedAction(change_id=change_id, template=proposal.template.id, trial=proposal.trial, state="", changed_at=now)
            session.add(row)
        if row.state == state:
            return
        row.state, row.reason, row.changed_at = state, reason, now
        row.owner, row.due = owner or row.owner or proposal.template.owner_role, row.due or proposal.due
        question = f"{proposal.template.title}{f' for {proposal.trial}' if proposal.trial else ''}, because of {change.title}?"
        if state != "done":
            row.decision_id = _decide(
                session, actor, "regulation_action", subject, question, state, reason or change.implications[0], snapshot, now
            )
        append_act(session, actor, Act("decision.record", "decision", subject, reason), now)


def _decide(
    session: Session, actor: Actor, kind: str, subject: str, question: str, outcome: str, reason: str, snapshot: str, now: datetime
) -> str:
    before = session.scalars(
        select(Decision).where(Decision.subject_type == kind, Decision.subject_id == subject).order_by(Decision.decided_at.desc()).limit(1)
    ).first()
    decision = Decision(
        id=secrets.token_hex(8),
        subject_type=kind,
        subject_id=subject,
        question=question,
        outcome=outcome,
        reason=reason,
        snapshot=snapshot,
        evidence=[],
        decided_by=actor.id,
        decided_at=now,
        supersedes=before.id if before else None,
    )
    session.add(decision)
    session.flush()
    return decision.id


def _find_assessment(session: Session, change_id: str, trial: str) -> Assessment | None:
    return session.scalars(select(Assessment).where(Assessment.change_id == change_id, Assessment.trial == trial)).first()


def _open_actions(session: Session, change_id: str, trial: str, proposals: Sequence[Proposal]) -> list[str]:
    """What is proposed or accepted and neither done nor rejected: of one trial, or of all where the assessment is the organisation's."""
    rows = session.scalars(select(AcceptedAction).where(AcceptedAction.change_id == change_id)).all()
    states = {(p.template.id, p.trial): "proposed" for p in proposals} | {(row.template, row.trial): row.state for row in rows}
    library = load_actions()
    return [
        f"{library[template].title}{f' ({name})' if name else ''}"
        for (template, name), state in states.items()
        if state in ("proposed", "accepted") and template in library and (not trial or name == trial)
    ]
