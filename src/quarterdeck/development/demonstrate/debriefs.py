"""Real work that may become evidence: finished acts in the record and effective CAPA in the snapshot are proposed, each through a debrief."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from quarterdeck.development.definitions import HERE, check_keys, read_definitions
from quarterdeck.development.deliver.scenario import load_scenarios
from quarterdeck.development.demonstrate.evidence import Item
from quarterdeck.development.demonstrate.titles import title_of
from quarterdeck.development.roles.load import load_role
from quarterdeck.development.roles.model import RoleModel
from quarterdeck.record.accounts import has_accounts
from quarterdeck.record.database import Record
from quarterdeck.record.models.base import AuditEvent
from quarterdeck.vocabulary.errors import BadInput

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

FILE = HERE / "demonstrate" / "proposals.yaml"
ANY_WORK = "debrief-work"  # for kinds of work that have no debrief of their own


@dataclass(frozen=True, slots=True)
class Source:
    """An act in the audit chain that shows finished work, and what its event must say to show it."""

    action: str
    subject: str
    job: str
    words: str
    detail: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def shows(self, event: AuditEvent) -> bool:
        """Whether the event is such an act."""
        return (
            event.action == self.action
            and event.subject_type == self.subject
            and all(event.detail.get(key) in allowed for key, allowed in self.detail.items())
        )


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


def load_sources() -> tuple[Source, ...]:
    """Which acts show which kind of work. Raises BadInput or NotFound where a key or a kind of work is unknown."""
    sources = []
    for entry in read_definitions(FILE):
        check_keys(entry, f"{FILE.name}, {entry.get('action', '?')}", ("action", "subject", "job", "words"), ("detail",))
        load_role().job(entry["job"])
        sources.append(Source(**entry))
    return tuple(sources)


def owner_of(record: Record, person: str, named: str) -> str:
    """Whose work in the extracts may be offered to a person: their own account's, or, where nobody signs in, the owner they named."""
    return person if has_accounts(record) else named


def propose_debriefs(
    record: Record, person: str, role: RoleModel, known: Iterable[Item], snapshot: Snapshot | None = None, owner_id: str = ""
) -> list[Proposal]:
    """Proposals that are not evidence yet, newest first. Only the learner's own acts; a machine's never.

    `owner_id` is the owner that a single-user installation names; where people sign in, it is not asked.
    """
    taken = {item.artefact for item in known}
    proposals = _from_record(record, person, role, _vendor_names(snapshot))
    if snapshot is not None and (owner := owner_of(record, person, owner_id)):
        proposals += _effective_capa(snapshot, role, owner)
    return sorted((p for p in proposals if p.artefact not in taken), key=lambda p: (p.happened_on, p.artefact), reverse=True)


def competencies_for(role: RoleModel, job: str) -> tuple[str, ...]:
    """Competencies that a kind of work may speak to; all of them where the role names none for it, so that the learner chooses."""
    return tuple(c.id for c in role.competencies if job in c.jobs) or tuple(c.id for c in role.competencies)


def debrief_for(job: str) -> str:
    """The debrief conversation for a kind of work."""
    return next((s.id for s in load_scenarios().values() if s.type == "debrief" and job in s.jobs), ANY_WORK)


def to_item(proposal: Proposal, state: Mapping[str, Any], competencies: Iterable[str], conversation: str, own_action: str = "") -> Item:
    """The work product of a finished debrief: own action, result and lesson in the learner's words.

    `own_action` is what the learner adds where the debrief found no action of their own. Raises BadInput while something is missing.
    """
    if state["status"] != "ended":
        raise BadInput(
            "The debrief is not finished", thing=proposal.title, next_step="Answer its questions to the end, then keep the evidence."
        )
    said = state["sentence"]
    action = own_action.strip() or said.get("own", "")
    if not action:
        raise BadInput("The debrief names no action of your own", thing=proposal.title, next_step="Say what you did yourself.")
    chosen = tuple(c for c in competencies if c in proposal.competencies)
    if not chosen:
        raise BadInput("No competency was chosen", thing=proposal.title, allowed=proposal.competencies)
    return Item(
        id="", kind="work_product", title=proposal.title, happened_on=proposal.happened_on, competencies=chosen, job=proposal.job,
        own_action=action, result=said.get("result", ""), lesson=said.get("learnt", ""), authentic_by=proposal.authentic_by,
        is_confirmed=True, artefact=proposal.artefact, conversation=conversation,
    )  # fmt: skip


def _from_record(record: Record, person: str, role: RoleModel, vendors: Mapping[str, str]) -> list[Proposal]:
    sources = load_sources()
    wanted = AuditEvent.actor_id == person, AuditEvent.action.in_({s.action for s in sources})
    proposals = []
    with record.session() as session:
        for event in session.scalars(select(AuditEvent).where(*wanted).order_by(AuditEvent.seq)):
            for source in (s for s in sources if s.shows(event)):
                proposals.append(
                    Proposal(f"audit:{event.seq}", source.job, f"{source.words}: {title_of(session, event, vendors)}", event.happened_at.date(),
                             competencies_for(role, source.job), debrief_for(source.job), f"audit event {event.seq}, {event.hash[:12]}")
                )  # fmt: skip
    return proposals


def _vendor_names(snapshot: Snapshot | None) -> Mapping[str, str]:
    rows = snapshot.query("SELECT vendor_id, name FROM vendor WHERE name IS NOT NULL").to_pylist() if snapshot is not None else []
    return {row["vendor_id"]: row["name"] for row in rows}


def _effective_capa(snapshot: Snapshot, role: RoleModel, owner_id: str) -> list[Proposal]:
    rows = snapshot.query(
        "SELECT capa_id, source_type, root_cause, effectiveness_dt FROM capa "
        "WHERE effective AND owner_id = ? AND effectiveness_dt IS NOT NULL ORDER BY capa_id",
        [owner_id],
    ).to_pylist()
    return [
        Proposal(f"capa:{r['capa_id']}", "capa", f"CAPA that proved effective: {_cause(r)}", r["effectiveness_dt"], competencies_for(role, "capa"),
                 debrief_for("capa"), f"snapshot {snapshot.id[:12]}, CAPA {r['capa_id']} of owner {owner_id}")
        for r in rows
    ]  # fmt: skip


def _cause(row: Mapping[str, Any]) -> str:
    words = row["root_cause"] or f"after {row['source_type'].replace('_', ' ')}"
    return f"{words} ({row['capa_id']})"
