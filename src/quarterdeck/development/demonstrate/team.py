"""The team view: succession cover, readiness from evidence and plans, only as far as each person shares them. People are never ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from quarterdeck.development.learner import get_profile, read_matrix, read_plan
from quarterdeck.record.database import Record
from quarterdeck.record.models.base import Person
from quarterdeck.record.models.development import LearnerProfile

READY_SHARE = 0.6  # of competencies evidenced or assessed: "ready now"; below it "in development"


@dataclass(frozen=True, slots=True)
class Member:
    """What one person shares. None means: not shared."""

    person: str
    name: str
    statuses: Mapping[str, int] | None
    sessions_done: int | None
    sessions_planned: int | None
    successor_for: tuple[str, ...]
    readiness: str
    shares_map: bool = False


@dataclass(frozen=True, slots=True)
class Cover:
    """A critical role and who could step in, among those who share it."""

    role: str
    ready: tuple[str, ...]
    developing: tuple[str, ...]


def read_team(record: Record, now: datetime) -> list[Member]:
    """Everyone who shares something, by name. What is not shared is not read."""
    with record.session() as session:
        people = {p.id: p.name for p in session.scalars(select(Person))}
        ids = list(session.scalars(select(LearnerProfile.person_id).order_by(LearnerProfile.person_id)))
    members = []
    for person in ids:
        profile = get_profile(record, person)
        if not profile.sharing:
            continue
        statuses = _statuses(record, person, now) if "status" in profile.sharing else None
        plan = read_plan(record, person) if "plan" in profile.sharing else None
        sessions = [e for e in plan.entries if e.kind in ("session", "checkpoint") and e.status != "dropped"] if plan else None
        members.append(
            Member(
                person, people.get(person, person), statuses,
                sum(e.status == "done" for e in sessions) if sessions is not None else None,
                len(sessions) if sessions is not None else None,
                profile.successor_for if statuses is not None else (), _readiness(statuses), "heat_map" in profile.sharing,
            )
        )  # fmt: skip
    return sorted(members, key=lambda m: m.name)


def find_cover(members: Sequence[Member], critical_roles: Sequence[str]) -> list[Cover]:
    """For each critical role who is ready and who is developing."""
    return [
        Cover(
            role,
            tuple(m.name for m in members if role in m.successor_for and m.readiness == "ready now"),
            tuple(m.name for m in members if role in m.successor_for and m.readiness == "in development"),
        )
        for role in critical_roles
    ]


def _statuses(record: Record, person: str, now: datetime) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in read_matrix(record, person, now):
        counts[row.status] = counts.get(row.status, 0) + 1
    return counts


def _readiness(statuses: Mapping[str, int] | None) -> str:
    if statuses is None:
        return "not shared"
    total = sum(statuses.values())
    shown = statuses.get("evidenced", 0) + statuses.get("assessed", 0)
    return "ready now" if total and shown >= READY_SHARE * total else "in development"
