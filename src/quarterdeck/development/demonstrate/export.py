"""Putting the portfolio of a person together from the record and writing it."""

from __future__ import annotations

import zlib
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from quarterdeck.development.demonstrate.badges import public_part, read_key
from quarterdeck.development.demonstrate.portfolio import Portfolio, write_portfolio
from quarterdeck.development.demonstrate.readiness import Progression, judge_units, read_own_standard, score_progression
from quarterdeck.development.learner import get_profile, read_assessment, read_conversations, read_items, read_matrix, read_signatures
from quarterdeck.record import audit
from quarterdeck.record.database import Record
from quarterdeck.record.permissions import Actor
from quarterdeck.vocabulary.settings import Settings


def gather(record: Record, actor: Actor, settings: Settings, now: datetime, standard: Path | None = None) -> Portfolio:
    """Everything of one person's portfolio."""
    assessment = read_assessment(record, actor.id, now)
    matrix = read_matrix(record, actor.id, now, assessment)
    own, criteria = read_own_standard(standard) if standard else ({}, {})
    units = judge_units(assessment.role, matrix, own=own, criteria=criteria)
    return Portfolio(
        assessment.role, actor.name, actor.id, now, matrix, read_items(record, actor.id), read_signatures(record, actor.id), units,
        progress_of(record, actor.id, now, settings.random_seed), read_conversations(record, actor.id),
    )  # fmt: skip


def progress_of(record: Record, person: str, now: datetime, seed: int, kpis_on_target: dict[str, float] | None = None) -> Progression:
    """The career progression score of a person."""
    assessment = read_assessment(record, person, now)
    profile = get_profile(record, person)
    return score_progression(
        assessment,
        read_matrix(record, person, now, assessment),
        kpis_on_target or {},
        profile.experience,
        seed + zlib.crc32(person.encode()) % 1000,
    )


def export(record: Record, actor: Actor, settings: Settings, path: Path, now: datetime, standard: Path | None = None) -> Path:
    """The portfolio zip, with an event in the audit chain that holds its hash."""
    key = read_key(settings.home)
    salt = sha256(str(public_part(key)["n"]).encode()).hexdigest()
    written = write_portfolio(gather(record, actor, settings, now, standard), key, path, salt)
    digest = sha256(written.read_bytes()).hexdigest()
    with audit.write(record, actor, audit.Act("development.export", "development_portfolio", actor.id, detail={"sha256": digest}), now):
        pass
    return written
