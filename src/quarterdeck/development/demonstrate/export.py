"""Putting the portfolio of a person together from the record and writing it."""

from __future__ import annotations

import zlib
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.development.demonstrate.badges import public_part, read_key
from quarterdeck.development.demonstrate.portfolio import Portfolio, write_portfolio
from quarterdeck.development.demonstrate.readiness import judge_units, score_progression
from quarterdeck.development.demonstrate.standards import OwnUnit, build_standards
from quarterdeck.development.discuss.kpis import kpis_on_target
from quarterdeck.development.learner import get_profile, read_assessment, read_conversations, read_items, read_matrix, read_signatures
from quarterdeck.record import audit
from quarterdeck.record.database import Record
from quarterdeck.record.permissions import Actor
from quarterdeck.vocabulary.settings import Settings

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot


def gather(
    record: Record, actor: Actor, settings: Settings, now: datetime, snapshot: Snapshot | None = None, units: tuple[OwnUnit, ...] = ()
) -> Portfolio:
    """Everything of one person's portfolio; the page shows these values and the zip holds them.

    `snapshot` gives the KPIs of the score; `units` are further units of the user's own, beside those kept with the profile.
    """
    assessment, profile = read_assessment(record, actor.id, now), get_profile(record, actor.id)
    matrix = read_matrix(record, actor.id, now, assessment)
    own, criteria = build_standards((*profile.standards, *units))
    kpis = kpis_on_target(snapshot, assessment.role) if snapshot is not None else {}
    seed = settings.random_seed + zlib.crc32(actor.id.encode()) % 1000
    every = read_items(record, actor.id, with_withdrawn=True)
    return Portfolio(
        assessment.role, actor.name, actor.id, now, matrix, [i for i in every if not i.withdrawn_on], read_signatures(record, actor.id),
        judge_units(assessment.role, matrix, own=own, criteria=criteria), score_progression(assessment, matrix, kpis, profile.experience, seed),
        read_conversations(record, actor.id), withdrawn=[i for i in every if i.withdrawn_on],
    )  # fmt: skip


def export(
    record: Record,
    actor: Actor,
    settings: Settings,
    path: Path,
    now: datetime,
    snapshot: Snapshot | None = None,
    units: tuple[OwnUnit, ...] = (),
) -> Path:
    """The portfolio zip, with an event in the audit chain that holds its hash."""
    key = read_key(settings.home)
    salt = sha256(str(public_part(key)["n"]).encode()).hexdigest()
    written = write_portfolio(gather(record, actor, settings, now, snapshot, units), key, path, salt)
    digest = sha256(written.read_bytes()).hexdigest()
    with audit.write(record, actor, audit.Act("development.export", "development_portfolio", actor.id, detail={"sha256": digest}), now):
        pass
    return written
