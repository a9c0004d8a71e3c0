"""The role models of an installation: the one that is shipped, and those a person has confirmed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import select

from quarterdeck.development.roles.confirm import to_content
from quarterdeck.development.roles.load import build_role, load_role
from quarterdeck.development.roles.model import RoleModel
from quarterdeck.record import audit
from quarterdeck.record.database import Record
from quarterdeck.record.models.development import RoleModelRow
from quarterdeck.record.permissions import Actor
from quarterdeck.vocabulary.errors import BadInput, NotFound

PROPOSAL_KEYS = {"id", "role", "groups", "competencies"}


def list_role_models(record: Record) -> list[dict[str, Any]]:
    """Every role model with its status and who confirmed it."""
    shipped = load_role()
    with record.session() as session:
        rows = list(session.scalars(select(RoleModelRow).order_by(RoleModelRow.id)))
    found = [{"id": shipped.id, "role": shipped.role, "competencies": len(shipped.competencies), "status": "shipped with the product"}]
    return found + [
        {"id": r.id, "role": r.role, "competencies": len(r.content["competencies"]), "status": f"confirmed by {r.confirmed_by}"}
        for r in rows
    ]


def get_role_model(record: Record, role_id: str = "") -> RoleModel:
    """A role model by id; the shipped one by default. Raises NotFound."""
    shipped = load_role()
    if role_id in ("", shipped.id):
        return shipped
    with record.session() as session:
        row = session.get(RoleModelRow, role_id)
    if row is None:
        raise NotFound("Unknown role model", thing=role_id, allowed=[r["id"] for r in list_role_models(record)])
    return build_role(row.content, row.id)


def read_proposal(path: Path) -> dict[str, Any]:
    """A proposal that `role import` wrote. Raises BadInput where it is something else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput("The proposal cannot be read", thing=f"{path}: {error}") from error
    if not isinstance(content, dict) or not set(content) >= PROPOSAL_KEYS:
        raise BadInput("This is no proposed role model", thing=str(path), allowed=sorted(PROPOSAL_KEYS))
    return content


def confirm_role_model(record: Record, actor: Actor, proposal: dict[str, Any], reason: str, now: datetime | None = None) -> RoleModel:
    """The proposal as a confirmed role model, in the actor's name. An earlier one of the same id is replaced; the chain keeps its hash."""
    content = to_content(proposal, "confirmed")
    role = build_role(content, str(proposal["id"]))
    moment = now or datetime.now(UTC)
    digest = sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    act = audit.Act(
        "development.role_confirm", "role_model", role.id, reason, detail={"sha256": digest, "competencies": len(role.competencies)}
    )
    with audit.write(record, actor, act, moment) as session:
        session.merge(RoleModelRow(id=role.id, role=role.role, content=content, confirmed_by=actor.id, confirmed_at=moment))
    return role
