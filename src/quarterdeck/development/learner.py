"""What the record holds about one learner: profile, answers, plan, cards, conversations, evidence, signatures. Reading only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session as DatabaseSession

from quarterdeck.development.deliver.engine import Session, resume
from quarterdeck.development.deliver.scenario import Scenario, build_scenario, load_scenarios
from quarterdeck.development.deliver.score import score_session
from quarterdeck.development.demonstrate.evidence import Item, Row, Signature, build_matrix
from quarterdeck.development.discover.assess import Answer, Assessment, assess
from quarterdeck.development.discuss.plan import Plan, from_content
from quarterdeck.development.roles.library import get_role_model
from quarterdeck.development.roles.model import RoleModel
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
from quarterdeck.vocabulary.errors import NotFound

WORK_LEVEL = {"work_product": 4.0, "witness": 4.0, "observation": 4.0}  # authentic work speaks for the level "leading", with wide noise
AT_WORK = timedelta(minutes=30)
SHARED = ("status", "plan", "heat_map")


@dataclass(frozen=True, slots=True)
class Profile:
    """What one person chose. `sharing` says what a manager may see; nothing by default."""

    role_id: str = ""
    windows: tuple[str, ...] = ("Tuesday 12:30 40", "Thursday 16:00 40")
    switches: tuple[str, ...] = ()
    sharing: tuple[str, ...] = ()
    zone: str = "Europe/London"
    owner_id: str = ""
    experience: Mapping[str, float] = field(default_factory=dict)
    successor_for: tuple[str, ...] = ()
    parked: tuple[str, ...] = ()
    standards: tuple[Mapping[str, Any], ...] = ()


def get_profile(record: Record, person: str) -> Profile:
    """The profile, or the defaults."""
    with record.session() as session:
        row = session.get(LearnerProfile, person)
    if row is None:
        return Profile()
    lists: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.content.items() if k in Profile.__slots__}
    return Profile(**{**lists, "role_id": row.role_id})


def read_role(record: Record, person: str) -> RoleModel:
    """The role model the person works towards."""
    return get_role_model(record, get_profile(record, person).role_id)


def read_assessment(record: Record, person: str, now: datetime) -> Assessment:
    """The assessment from all answers, assessors' marks and authentic evidence so far."""
    role = read_role(record, person)
    with record.session() as session:
        rows = list(session.scalars(select(AssessmentAnswer).where(AssessmentAnswer.person_id == person).order_by(AssessmentAnswer.id)))
    answers = [
        Answer(
            r.item_id,
            r.kind,
            r.competency,
            r.content.get("outcome"),
            r.content.get("value"),
            r.content.get("sure", True),
            _weeks(r.answered_at, now),
        )
        for r in rows
        if r.kind != "contest" and r.content.get("role", role.id) == role.id  # the same code names something else in another role
    ]
    return assess(role, [*_from_work(record, person, now), *answers])


def newest_answer(session: DatabaseSession, person: str, item_id: str) -> AssessmentAnswer | None:
    """What a person last answered to a question: a cycle later the same one is asked again."""
    return session.scalars(
        select(AssessmentAnswer)
        .where(AssessmentAnswer.person_id == person, AssessmentAnswer.item_id == item_id)
        .order_by(AssessmentAnswer.answered_at.desc(), AssessmentAnswer.id.desc())
    ).first()


def read_story(record: Record, person: str, item_id: str) -> dict[str, Any]:
    """What is kept of the story last told to this question: text, band, elements, claims; empty where there is none."""
    with record.session() as session:
        row = newest_answer(session, person, item_id)
    return dict(row.content) if row else {}


def read_contests(record: Record, person: str) -> dict[str, str]:
    """The cells a person contests, with the reason."""
    with record.session() as session:
        rows = session.scalars(
            select(AssessmentAnswer)
            .where(AssessmentAnswer.person_id == person, AssessmentAnswer.kind == "contest")
            .order_by(AssessmentAnswer.id)
        )
        return {r.competency: r.content.get("reason", "") for r in rows if not r.content.get("withdrawn")}


def read_plan(record: Record, person: str) -> Plan | None:
    """The current plan, if one was made."""
    with record.session() as session:
        row = session.get(PlanRow, person)
    return from_content(row.content) if row else None


def read_current_plan(record: Record, person: str) -> Plan | None:
    """The plan, if there is one for the role the person works towards now."""
    plan = read_plan(record, person)
    return plan if plan is not None and plan.role in ("", read_role(record, person).id) else None


def read_seen(record: Record, person: str) -> frozenset[str]:
    """The conversations a person has begun, whatever came of them."""
    with record.session() as session:
        return frozenset(session.scalars(select(ConversationRow.scenario_id).where(ConversationRow.person_id == person)))


def read_items(record: Record, person: str, with_withdrawn: bool = False) -> list[Item]:
    """Evidence, oldest first, with practice sessions as items of kind practice. What was withdrawn is left out unless it is asked for."""
    with record.session() as session:
        rows = list(
            session.scalars(
                select(EvidenceItem).where(EvidenceItem.person_id == person).order_by(EvidenceItem.happened_on, EvidenceItem.id)
            )
        )
    items = [_to_item(row) for row in rows]
    return [item for item in items if with_withdrawn or not item.withdrawn_on]


def read_signatures(record: Record, person: str) -> list[Signature]:
    """Witnesses and assessors, oldest first."""
    with record.session() as session:
        rows = session.scalars(select(SignOff).where(SignOff.person_id == person).order_by(SignOff.id))
        return [Signature(r.kind, r.subject, r.signed_by, r.decision, r.signed_on, r.remark) for r in rows]


def read_matrix(record: Record, person: str, now: datetime, assessment: Assessment | None = None) -> list[Row]:
    """The competency matrix of a person."""
    current = assessment or read_assessment(record, person, now)
    levels = {}
    for at, competency in enumerate(current.role.competencies):
        mean, sd = float(current.belief.mean[at]), current.belief.sd(at)
        levels[competency.id] = (round(mean, 2), round(max(0.0, mean - 1.2816 * sd), 2), round(min(5.0, mean + 1.2816 * sd), 2))
    return build_matrix(current.role, levels, read_items(record, person), read_signatures(record, person), now.date())


def read_conversations(record: Record, person: str) -> list[dict[str, Any]]:
    """Conversations as plain data, newest last: with log, status and score."""
    with record.session() as session:
        rows = list(
            session.scalars(
                select(ConversationRow).where(ConversationRow.person_id == person).order_by(ConversationRow.started_at, ConversationRow.id)
            )
        )
    return [_plain_conversation(row) for row in rows]


def read_session(record: Record, person: str, conversation_id: str) -> Session:
    """A conversation, exactly where it stopped. Raises NotFound."""
    with record.session() as session:
        row = session.get(ConversationRow, conversation_id)
    if row is None or row.person_id != person:
        raise NotFound("Unknown conversation", thing=conversation_id)
    return resume(_scenario(row), row.state)


def count_company(record: Record, person: str, now: datetime) -> int:
    """How many others who asked for company have a conversation running that moved within the last half hour."""
    with record.session() as session:
        rows = session.scalars(
            select(ConversationRow.person_id)
            .where(ConversationRow.status == "running", ConversationRow.person_id != person, ConversationRow.changed_at >= now - AT_WORK)
            .distinct()
        )
        others = list(rows)
    return sum("company" in get_profile(record, other).switches for other in others)


def read_due_cards(record: Record, person: str, now: datetime) -> list[ReviewCard]:
    """Review cards that are due, the oldest first."""
    with record.session() as session:
        return list(
            session.scalars(select(ReviewCard).where(ReviewCard.person_id == person, ReviewCard.due_at <= now).order_by(ReviewCard.due_at))
        )


def _plain_conversation(row: ConversationRow) -> dict[str, Any]:
    session = resume(_scenario(row), row.state)
    result = score_session(session)
    return {
        "id": row.id, "scenario_id": row.scenario_id, "title": session.scenario.title, "type": session.scenario.type, "status": row.status,
        "competencies": list(session.scenario.competencies), "score": result.score, "unaided": result.unaided, "log": row.state["log"],
        "started_at": row.started_at, "ended_at": row.changed_at, "level": row.state["level"], "entry": row.state.get("entry", ""),
    }  # fmt: skip


def _scenario(row: ConversationRow) -> Scenario:
    return load_scenarios()[row.scenario_id] if row.scenario_id in load_scenarios() else build_scenario(row.scenario, row.scenario_id)


def _from_work(record: Record, person: str, now: datetime) -> list[Answer]:
    confirmed = {s.subject for s in read_signatures(record, person) if s.kind == "witness" and s.decision == "confirmed"}
    found = []
    for item in read_items(record, person):
        if item.kind in WORK_LEVEL and item.is_confirmed and not item.written_by_model and (item.authentic_by or item.id in confirmed):
            moment = datetime(item.happened_on.year, item.happened_on.month, item.happened_on.day, tzinfo=UTC)
            found += [
                Answer(f"evidence:{item.id}", "evidence", c, value=WORK_LEVEL[item.kind], weeks_ago=_weeks(moment, now))
                for c in item.competencies
            ]
    return found


def _to_item(row: EvidenceItem) -> Item:
    known = set(Item.__slots__)
    content: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.content.items() if k in known}
    return Item(id=row.id, kind=row.kind, title=row.title, happened_on=row.happened_on, sha256=row.sha256, **content)


def _weeks(moment: datetime, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds() / 604800)
