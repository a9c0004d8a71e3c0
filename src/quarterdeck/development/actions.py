"""The only writes of development: permission, transaction and audit in one place. The chain holds hashes, never the learner's words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session as DatabaseSession

from quarterdeck.assistant.model import is_configured
from quarterdeck.development.deliver.back import go_on, take_back
from quarterdeck.development.deliver.engine import Line, Session, start, take_turn
from quarterdeck.development.deliver.scenario import Scenario, load_types
from quarterdeck.development.deliver.score import score_session
from quarterdeck.development.deliver.with_model import word_line
from quarterdeck.development.demonstrate.evidence import KINDS, PERFORMANCE, Item
from quarterdeck.development.demonstrate.redact import redact
from quarterdeck.development.demonstrate.standards import check_criteria
from quarterdeck.development.discover.items import get_item
from quarterdeck.development.discover.rubrics import score_interview
from quarterdeck.development.discuss.accommodations import load_switches
from quarterdeck.development.discuss.conversations import competencies_of
from quarterdeck.development.discuss.plan import Plan, close_held, from_content, read_windows, to_content
from quarterdeck.development.discuss.reviews import due_of, new_card, review
from quarterdeck.development.learner import SHARED, Profile, get_profile, newest_answer, read_items, read_role, read_session
from quarterdeck.development.roles.model import RoleModel
from quarterdeck.record import audit
from quarterdeck.record.database import Record
from quarterdeck.record.models.development import (
    AssessmentAnswer,
    ConversationRow,
    EvidenceItem,
    LearnerProfile,
    PlanRow,
    ReviewCard,
    SignOff,
)
from quarterdeck.record.permissions import Actor, is_permitted
from quarterdeck.vocabulary.errors import BadInput, NotFound, NotPermitted
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.settings import Settings


def keep_profile(record: Record, actor: Actor, profile: Profile, now: datetime) -> Profile:
    """The profile as chosen. Raises BadInput for unknown switches, hours that cannot be read, or unknown things to share."""
    read_windows(profile.windows)
    if unknown := [s for s in profile.switches if s not in load_switches()]:
        raise BadInput("Unknown accommodation", thing=", ".join(unknown), allowed=load_switches())
    if unknown := [s for s in profile.sharing if s not in SHARED]:
        raise BadInput("This cannot be shared", thing=", ".join(unknown), allowed=SHARED)
    content = json.loads(json.dumps(asdict(profile)))
    with _write(record, actor, _act("development.profile", "development_profile", actor.id, content), now) as session:
        session.merge(LearnerProfile(person_id=actor.id, role_id=profile.role_id, content=content, changed_at=now))
    return profile


def answer_item(
    record: Record,
    actor: Actor,
    item_id: str,
    outcome: int | None,
    is_sure: bool,
    now: datetime,
    text: str = "",
    claims: Mapping[str, str] | None = None,
    more: str = "",
) -> dict[str, Any]:
    """Keep an answer. An interview answer is banded from its text; "not my job" is outcome None. Returns what was kept.

    `more` is what the person added when the one probe of a story was asked; it belongs to the text from then on.
    """
    role = read_role(record, actor.id)
    item = get_item(role, item_id)
    content: dict[str, Any] = {"outcome": outcome, "sure": is_sure, "role": role.id}
    if item.kind == "interview" and text.strip():
        text = f"{text}\n{more}" if more else text
        score = score_interview(item.rubric, text, claims)
        content |= {
            "outcome": score.band,
            "text": text,
            "more": more,
            "found": list(score.elements),
            "x": score.x,
            "claims": dict(claims or {}),
        }
    elif outcome is not None and not 0 <= outcome < item.question.outcomes:
        raise BadInput("There is no such answer", thing=f"{item_id}: {outcome}", allowed=f"0 to {item.question.outcomes - 1}")
    with _write(record, actor, _act("development.answer", "development_answer", item_id, content), now) as session:
        row = newest_answer(session, actor.id, item_id)
        if row is not None and (now - row.answered_at).days < 7:
            row.content, row.answered_at = content, now  # an answer of this week may be undone and given again
        else:
            session.add(
                AssessmentAnswer(
                    person_id=actor.id, item_id=item_id, kind=item.kind, competency=item.competency, content=content, answered_at=now
                )
            )
    return content


def undo_answer(record: Record, actor: Actor, now: datetime) -> str:
    """Take back the newest answer. Returns its item, or ""."""
    with _write(record, actor, _act("development.answer", "development_answer", "undo", {}), now) as session:
        newest = session.scalars(
            select(AssessmentAnswer)
            .where(AssessmentAnswer.person_id == actor.id, AssessmentAnswer.kind != "contest")
            .order_by(AssessmentAnswer.answered_at.desc(), AssessmentAnswer.id.desc())
        ).first()
        if newest is None:
            return ""
        item = newest.item_id
        session.delete(newest)
    return item


def contest_cell(record: Record, actor: Actor, competency: str, reason: str, now: datetime) -> None:
    """Flag a cell as contested, with the person's reason. The level stays and is shown as contested."""
    read_role(record, actor.id).get(competency)
    if not reason.strip():
        raise BadInput("A contest needs its reason", thing=competency, next_step="Say in one sentence what is wrong.")
    with _write(record, actor, _act("development.answer", "development_contest", competency, {"reason": reason}), now) as session:
        session.add(
            AssessmentAnswer(
                person_id=actor.id,
                item_id=f"contest:{competency}",
                kind="contest",
                competency=competency,
                content={"reason": reason},
                answered_at=now,
            )
        )


def keep_plan(record: Record, actor: Actor, plan: Plan, now: datetime) -> Plan:
    """The plan as the person's current one."""
    content = to_content(plan)
    with _write(record, actor, _act("development.plan", "development_plan", actor.id, content), now) as session:
        session.merge(PlanRow(person_id=actor.id, sequence=plan.sequence, content=content, made_at=now))
    return plan


def mark_entry(record: Record, actor: Actor, plan: Plan, entry_id: str, status: str, now: datetime) -> Plan:
    """An entry as done, missed or planned again. Raises NotFound."""
    if entry_id not in {e.id for e in plan.entries}:
        raise NotFound("Unknown entry of the plan", thing=entry_id)
    if status not in ("done", "missed", "planned"):
        raise BadInput("An entry cannot be marked so", thing=status, allowed="done, missed, planned")
    return keep_plan(
        record, actor, replace(plan, entries=tuple(replace(e, status=status) if e.id == entry_id else e for e in plan.entries)), now
    )


def open_conversation(
    record: Record,
    actor: Actor,
    scenario: Scenario,
    now: datetime,
    level: int | None = None,
    seed: int = 0,
    entry: str = "",
    artefact: str = "",
) -> tuple[str, Session]:
    """A new conversation of the actor; `entry` is the entry of the plan that it was begun from, `artefact` the work that a debrief is about."""
    session_ = start(scenario, level, seed)
    session_.state["entry"], session_.state["artefact"] = entry, artefact
    identifier = uuid4().hex[:12]
    with _write(
        record, actor, _act("development.converse", "development_conversation", identifier, {"scenario": scenario.id}), now
    ) as session:
        session.add(
            ConversationRow(
                id=identifier, person_id=actor.id, scenario_id=scenario.id, scenario=dict(scenario.content), state=session_.state,
                status="running", started_at=now, changed_at=now,
            )
        )  # fmt: skip
    return identifier, session_


def speak(
    record: Record,
    actor: Actor,
    conversation_id: str,
    text: str,
    now: datetime,
    offer: Mapping[str, str] | None = None,
    settings: Settings | None = None,
    draft: str = "",
) -> tuple[Session, list[Line]]:
    """One turn, kept at once, with words that were begun and not said yet. When the conversation ends, practice is kept as an item and what
    was not unaided becomes review cards."""
    session_ = read_session(record, actor.id, conversation_id)
    if session_.is_over:
        return session_, []  # a form sent twice, or a page left open: what ended stays as it is
    lines = take_turn(session_, text, offer)
    if settings is not None and is_configured(settings):
        lines = _word(settings, record, actor, session_, lines, now)
    session_.state["draft"] = draft
    _keep_turn(record, actor, conversation_id, session_, text, now)
    return session_, lines


def take_turn_back(record: Record, actor: Actor, conversation_id: str, now: datetime) -> Session:
    """The last turn taken back; the transcript keeps it, marked."""
    session_ = read_session(record, actor.id, conversation_id)
    if take_back(session_):
        _keep_turn(record, actor, conversation_id, session_, "taken back", now)
    return session_


def go_on_with(record: Record, actor: Actor, conversation_id: str, now: datetime) -> Session:
    """A conversation that was left, at the exact place."""
    session_ = read_session(record, actor.id, conversation_id)
    if go_on(session_):
        _keep_turn(record, actor, conversation_id, session_, "gone on", now)
    return session_


def _keep_turn(record: Record, actor: Actor, conversation_id: str, session_: Session, text: str, now: datetime) -> None:
    status = session_.state["status"]
    detail = {"turn": session_.state["turn"], "status": status}
    role = read_role(record, actor.id)
    with _write(
        record, actor, _act("development.converse", "development_conversation", conversation_id, {**detail, "text": text}, detail), now
    ) as session:
        row = session.get(ConversationRow, conversation_id)
        assert row is not None
        row.state, row.status, row.changed_at = json.loads(json.dumps(session_.state)), status, now
        if status == "ended":
            _keep_practice(session, actor, conversation_id, session_, role, now)
            _keep_cards(session, actor, session_, now)
            _close_planned(session, actor, session_, role)


def add_evidence(record: Record, actor: Actor, item: Item, now: datetime) -> Item:
    """An item of evidence, redacted. Practice cannot be entered as work; text of a model is kept and marked, and counts nothing."""
    if item.kind not in KINDS:
        raise BadInput("Unknown kind of evidence", thing=item.kind, allowed=KINDS)
    role = read_role(record, actor.id)
    for competency in item.competencies:
        role.get(competency)
    if item.kind in PERFORMANCE and item.conversation and not item.artefact:
        raise BadInput(
            "Practice is not evidence of performance",
            thing=item.title,
            next_step="Add the real piece of work (its artefact) or keep it as practice.",
        )
    if item.happened_on > now.date():
        raise BadInput("Evidence cannot lie in the future", thing=item.happened_on.isoformat())
    clean: dict[str, Any] = {name: redact(getattr(item, name))[0] for name in ("text", "own_action", "result", "lesson", "title")}
    criteria = check_criteria(item.criteria, get_profile(record, actor.id).standards)
    kept = replace(item, id=item.id or uuid4().hex[:12], criteria=criteria, **clean)
    kept = replace(kept, sha256=sha256(json.dumps(asdict(kept), default=str, sort_keys=True).encode()).hexdigest())
    content = {
        k: v
        for k, v in json.loads(json.dumps(asdict(kept), default=str)).items()
        if k not in ("id", "kind", "title", "happened_on", "sha256")
    }
    with _write(record, actor, _act("development.evidence", "development_evidence", kept.id, content), now) as session:
        session.add(
            EvidenceItem(
                id=kept.id,
                person_id=actor.id,
                kind=kept.kind,
                title=kept.title,
                happened_on=kept.happened_on,
                content=content,
                sha256=kept.sha256,
                added_at=now,
            )
        )
    return kept


def witness(record: Record, actor: Actor, learner: str, evidence_id: str, decision: str, remark: str, day: date, now: datetime) -> None:
    """A named witness confirms or declines an item. Never the learner."""
    _not_oneself(actor, learner)
    if decision not in ("confirmed", "declined"):
        raise BadInput("A witness confirms or declines", thing=decision, allowed="confirmed, declined")
    if evidence_id not in {i.id for i in read_items(record, learner)}:
        raise NotFound("Unknown evidence", thing=evidence_id)
    _sign(record, actor, "development.witness", learner, "witness", evidence_id, decision, remark, day, now)


def assess_competency(
    record: Record, actor: Actor, learner: str, competency: str, decision: str, remark: str, day: date, now: datetime
) -> None:
    """A named assessor decides on an evidenced competency. Never on their own."""
    from quarterdeck.development.learner import read_matrix

    _not_oneself(actor, learner)
    if decision not in ("competent", "not_yet"):
        raise BadInput("An assessor decides competent or not_yet", thing=decision, allowed="competent, not_yet")
    row = next((r for r in read_matrix(record, learner, now) if r.competency == competency), None)
    if row is None:
        raise NotFound("Unknown competency", thing=competency)
    if decision == "competent" and row.status not in ("evidenced", "assessed"):
        raise NotPermitted("The competency is not evidenced yet", thing=competency, next_step=f"Missing: {'; '.join(row.missing)}.")
    _sign(record, actor, "development.assess", learner, "assessor", competency, decision, remark, day, now)


def delete_store(record: Record, actor: Actor, now: datetime) -> int:
    """Everything the record holds about the actor's development, deleted. The audit chain keeps that it happened."""
    tables = (LearnerProfile, AssessmentAnswer, PlanRow, ReviewCard, ConversationRow, EvidenceItem, SignOff)
    count = 0
    with _write(record, actor, audit.Act("development.delete", "development_store", actor.id, "asked by the learner"), now) as session:
        for table in tables:
            for row in session.scalars(select(table).where(table.person_id == actor.id)):
                session.delete(row)
                count += 1
    return count


def forget_older(record: Record, actor: Actor, before: datetime, now: datetime) -> int:
    """Retention: conversations that ended before a day are deleted. Their practice items stay without transcript."""
    with _write(
        record, actor, audit.Act("development.delete", "development_conversation", actor.id, f"older than {before:%Y-%m-%d}"), now
    ) as session:
        result = session.execute(delete(ConversationRow).where(ConversationRow.person_id == actor.id, ConversationRow.changed_at < before))
    return int(getattr(result, "rowcount", 0))


def park(record: Record, actor: Actor, thought: str, now: datetime) -> None:
    """A thought for later, kept beside the conversation."""
    if thought.strip():
        profile = get_profile(record, actor.id)
        keep_profile(record, actor, replace(profile, parked=(*profile.parked, thought.strip())), now)


def _sign(
    record: Record, actor: Actor, action: str, learner: str, kind: str, subject: str, decision: str, remark: str, day: date, now: datetime
) -> None:
    detail = {"learner": learner, "decision": decision, "day": day.isoformat()}
    with _write(record, actor, audit.Act(action, f"development_{kind}", subject, detail=detail), now) as session:
        session.add(
            SignOff(
                person_id=learner,
                kind=kind,
                subject=subject,
                signed_by=actor.name,
                decision=decision,
                remark=remark,
                signed_on=day,
                recorded_at=now,
            )
        )


def _word(settings: Settings, record: Record, actor: Actor, session_: Session, lines: list[Line], now: datetime) -> list[Line]:
    worded = []
    for entry, line in zip(session_.state["log"][len(session_.state["log"]) - len(lines) :], lines, strict=True):
        entry["text"], entry["by"] = word_line(settings, record, actor, session_, line, now)
        worded.append(replace(line, text=entry["text"]))
    return worded


def _close_planned(session: Any, actor: Actor, ended: Session, role: RoleModel) -> None:
    row = session.get(PlanRow, actor.id)
    plan = from_content(row.content) if row else None
    if plan is not None and plan.role in ("", role.id):
        unaided = score_session(ended).unaided if load_types()[ended.scenario.type].scored else None
        row.content = to_content(close_held(plan, ended.scenario.id, ended.state.get("entry", ""), unaided))


def _keep_practice(session: Any, actor: Actor, conversation_id: str, ended: Session, role: RoleModel, now: datetime) -> None:
    result = score_session(ended)
    content = {
        "competencies": list(competencies_of(role, ended.scenario)), "criteria": [], "conversation": conversation_id, "score": result.unaided,
        "is_confirmed": True, "text": "", "job": "",
    }  # fmt: skip
    digest = sha256(json.dumps(ended.state["log"], sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    # A debrief is practice too, until the work it is about is kept as evidence.
    title = f"{'Practice' if ended.scenario.type != 'debrief' else 'Debrief'}: {ended.scenario.title}"
    session.add(
        EvidenceItem(
            id=f"p-{conversation_id}",
            person_id=actor.id,
            kind="practice",
            title=title,
            happened_on=now.date(),
            content=content,
            sha256=digest,
            added_at=now,
        )
    )


def _keep_cards(session: Any, actor: Actor, ended: Session, now: datetime) -> None:
    for number, (element, credit) in enumerate(ended.state["credit"].items()):
        expectation = ended.scenario.expectations[element]
        identifier = f"{actor.id}:{ended.scenario.id}:{element}"[:120]
        row = session.get(ReviewCard, identifier)
        if row is None and (credit >= 1 or expectation.test):
            continue
        card = review(row.content["card"] if row else new_card(number + 1, now), credit, now)
        content = {
            "card": card,
            "scenario": ended.scenario.id,
            "element": element,
            "what": expectation.what,
            "prompt": expectation.prompt,
            "told": expectation.told,
        }
        session.merge(ReviewCard(id=identifier, person_id=actor.id, content=content, due_at=due_of(card)))


def review_card(record: Record, actor: Actor, card_id: str, credit: float, now: datetime) -> datetime:
    """A review of one card: 1 unaided, .7 with a hint, 0 not. Returns when it comes back."""
    with record.session() as reading:
        row = reading.get(ReviewCard, card_id)
    if row is None or row.person_id != actor.id:
        raise NotFound("Unknown review card", thing=card_id)
    card = review(row.content["card"], credit, now)
    with _write(record, actor, _act("development.converse", "development_card", card_id[:200], {"credit": credit}), now) as session:
        session.merge(ReviewCard(id=row.id, person_id=actor.id, content={**row.content, "card": card}, due_at=due_of(card)))
    return due_of(card)


def _write(record: Record, actor: Actor, act: audit.Act, now: datetime) -> AbstractContextManager[DatabaseSession]:
    # Everyone acts on their own store, also someone whose role covers one trial only.
    scope = next((g.scope for g in actor.grants if is_permitted(replace(actor, grants=(g,)), act.action, g.scope)), Scope())
    return audit.write(record, actor, replace(act, scope=scope), now)


def _not_oneself(actor: Actor, learner: str) -> None:
    if actor.id == learner:
        raise NotPermitted(
            "Nobody signs for themselves", thing=actor.name, next_step="Ask someone who saw the work, with an account of their own."
        )


def _act(action: str, subject_type: str, subject_id: str, content: Mapping[str, Any], detail: Mapping[str, Any] | None = None) -> audit.Act:
    digest = sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
    return audit.Act(action, subject_type, subject_id[:200], detail={**(detail or {}), "sha256": digest})
