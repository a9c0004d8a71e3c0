"""Real work that may become evidence: finished acts in the record and effective CAPA in the snapshot are proposed, each through a debrief."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from quarterdeck.development.definitions import HERE, check_keys, read_definitions
from quarterdeck.development.deliver.scenario import load_scenarios
from quarterdeck.development.demonstrate.evidence import Item
from quarterdeck.development.roles.model import RoleModel
from quarterdeck.record.database import Record
from quarterdeck.record.models.base import AuditEvent
from quarterdeck.vocabulary.errors import BadInput

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

FILE = HERE / "demonstrate" / "proposals.yaml"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A finished piece of work: its artefact (audit event or CAPA), the kind, the day, the competencies it may speak to, and the debrief."""

    artefact: str
    job: str
    title: str
    happened_on: date
    competencies: tuple[str, ...]
    debrief: str
    authentic_by: str


def load_sources(role: RoleModel) -> dict[str, Mapping[str, str]]:
    """Which acts show which kind of work. Raises BadInput where a kind of work is unknown."""
    sources = read_definitions(FILE)
    for action, entry in sources.items():
        check_keys(entry, f"{FILE.name}, {action}", ("job", "words"))
        role.job(entry["job"])
    return dict(sources)


def propose_debriefs(
    record: Record, person: str, role: RoleModel, known: Iterable[Item], snapshot: Snapshot | None = None, owner_id: str = ""
) -> list[Proposal]:
    """Proposals that are not evidence yet, newest first. Only the learner's own acts; a machine's never."""
    taken = {item.artefact for item in known}
    sources = load_sources(role)
    with record.session() as session:
        events = list(
            session.scalars(
                select(AuditEvent).where(AuditEvent.actor_id == person, AuditEvent.action.in_(list(sources))).order_by(AuditEvent.seq)
            )
        )
    proposals = [
        Proposal(f"audit:{e.seq}", sources[e.action]["job"], f"{sources[e.action]['words']}: {e.subject_id}", e.happened_at.date(),
                 competencies_for(role, sources[e.action]["job"]), debrief_for(sources[e.action]["job"]), f"audit event {e.seq}, {e.hash[:12]}")
        for e in events
    ]  # fmt: skip
    if snapshot is not None and owner_id:
        proposals += _effective_capa(snapshot, role, owner_id)
    return sorted((p for p in proposals if p.artefact not in taken), key=lambda p: (p.happened_on, p.artefact), reverse=True)


def competencies_for(role: RoleModel, job: str) -> tuple[str, ...]:
    """Competencies that a kind of work may speak to."""
    return tuple(c.id for c in role.competencies if job in c.jobs)


def debrief_for(job: str) -> str:
    """The debrief conversation for a kind of work."""
    fitting = [s.id for s in load_scenarios().values() if s.type == "debrief" and job in s.jobs]
    return fitting[0] if fitting else "debrief-decision"


def to_item(proposal: Proposal, state: Mapping[str, Any], competencies: Iterable[str], conversation: str) -> Item:
    """The work product of a confirmed debrief: own action, result and lesson in the learner's words. Raises BadInput while they are missing."""
    said = state["sentence"]
    if not said.get("own"):
        raise BadInput(
            "The debrief names no action of your own", thing=proposal.title, next_step="Say what you did yourself, then map the evidence."
        )
    chosen = tuple(c for c in competencies if c in proposal.competencies)
    if not chosen:
        raise BadInput("No competency was chosen", thing=proposal.title, allowed=proposal.competencies)
    return Item(
        id="", kind="work_product", title=proposal.title, happened_on=proposal.happened_on, competencies=chosen, job=proposal.job,
        own_action=said["own"], result=said.get("result", ""), lesson=said.get("learnt", ""), authentic_by=proposal.authentic_by,
        is_confirmed=True, artefact=proposal.artefact, conversation=conversation,
    )  # fmt: skip


def _effective_capa(snapshot: Snapshot, role: RoleModel, owner_id: str) -> list[Proposal]:
    rows = snapshot.query(
        "SELECT capa_id, effectiveness_dt FROM capa WHERE effective AND owner_id = ? AND effectiveness_dt IS NOT NULL ORDER BY capa_id",
        [owner_id],
    ).to_pylist()
    return [
        Proposal(f"capa:{r['capa_id']}", "capa", f"a CAPA that proved effective: {r['capa_id']}", r["effectiveness_dt"], competencies_for(role, "capa"),
                 debrief_for("capa"), f"snapshot {snapshot.id[:12]}, CAPA {r['capa_id']}")
        for r in rows
    ]  # fmt: skip
