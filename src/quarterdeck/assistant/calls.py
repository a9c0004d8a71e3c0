"""The log of calls: what for, which prompt and model, what came of it, what it cost; and how much of today's budget is left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import func, select

from quarterdeck.data_files import read_yaml
from quarterdeck.record.audit import Act, write
from quarterdeck.record.database import Record
from quarterdeck.record.models.papers import ModelCall
from quarterdeck.record.permissions import Actor


@dataclass(frozen=True, slots=True)
class CallNote:
    """One call as it is logged."""

    purpose: str
    prompt_version: str
    model: str
    outcome: str
    reason: str = ""
    redactions: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    request_hash: str = ""


def log_call(record: Record, actor: Actor, note: CallNote, now: datetime) -> None:
    """Write one call to the log and the audit."""
    act = Act(
        "model.call",
        "model_call",
        note.request_hash[:40] or "none",
        reason=note.reason,
        detail={"purpose": note.purpose, "model": note.model, "outcome": note.outcome, "prompt": note.prompt_version},
    )
    with write(record, actor, act, now) as session:
        session.add(
            ModelCall(
                purpose=note.purpose, prompt_version=note.prompt_version, model=note.model, outcome=note.outcome, reason=note.reason, redactions=note.redactions,
                tokens_in=note.tokens_in, tokens_out=note.tokens_out, cost=note.cost, request_hash=note.request_hash, person_id=actor.id, called_at=now,
            )
        )  # fmt: skip


def spent_today(record: Record, now: datetime) -> float:
    """US dollars spent since midnight UTC."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with record.session() as session:
        total = session.scalar(
            select(func.sum(ModelCall.cost)).where(ModelCall.called_at >= midnight, ModelCall.called_at < midnight + timedelta(days=1))
        )
        return float(total or 0.0)


def read_calls(record: Record) -> list[ModelCall]:
    """All calls, oldest first."""
    with record.session() as session:
        return list(session.scalars(select(ModelCall).order_by(ModelCall.id)))


def price(model: str, is_local: bool, tokens_in: int, tokens_out: int) -> float:
    """US dollars for a call. An unknown model costs the default."""
    prices = _prices()
    rate = prices["local"] if is_local else prices.get(model, prices["default"])
    return (tokens_in * rate["in"] + tokens_out * rate["out"]) / 1e6


@cache
def _prices() -> dict[str, dict[str, float]]:
    content: dict[str, dict[str, float]] = read_yaml(Path(__file__).with_name("prices.yaml"))
    return content
