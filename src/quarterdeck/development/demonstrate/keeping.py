"""Evidence after it was entered: a debrief that becomes evidence, an item corrected or withdrawn, a standard added. Nothing is overwritten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from quarterdeck.development.actions import _act, _write, add_evidence, keep_profile
from quarterdeck.development.demonstrate.evidence import PERFORMANCE, Item
from quarterdeck.development.demonstrate.standards import OwnUnit, make_unit
from quarterdeck.development.learner import get_profile, read_items
from quarterdeck.record.database import Record
from quarterdeck.record.models.development import EvidenceItem
from quarterdeck.record.permissions import Actor
from quarterdeck.vocabulary.errors import BadInput, NotFound

__all__ = ["correct_evidence", "keep_debrief", "keep_units", "make_unit", "may_correct", "withdraw_evidence"]

CORRECTABLE = ("title", "own_action", "result", "criteria", "happened_on", "competencies")
FROM_RECORD = ("happened_on", "competencies")  # what the record or the debrief settled cannot be corrected by hand


def keep_debrief(record: Record, actor: Actor, item: Item, now: datetime) -> Item:
    """The work product of a debrief. Its conversation, until then practice, becomes a discussion about this work."""
    kept = add_evidence(record, actor, item, now)
    practice = f"p-{item.conversation}"
    detail = {"what": "discussion", "work": kept.id}
    with _write(record, actor, _act("development.evidence", "development_evidence", practice, detail, detail), now) as session:
        row = session.get(EvidenceItem, practice)
        if row is not None:
            about = {"competencies": list(kept.competencies), "artefact": kept.artefact, "authentic_by": kept.authentic_by}
            row.kind, row.content = "discussion", {**row.content, **about}
    return kept


def may_correct(item: Item) -> bool:
    """Whether an item holds words of the learner that may be wrong. A practice conversation is what it was."""
    return not item.withdrawn_on and item.kind != "practice" and not (item.kind == "discussion" and item.conversation)


def correct_evidence(record: Record, actor: Actor, evidence_id: str, changes: Mapping[str, Any], reason: str, now: datetime) -> Item:
    """A new item in place of the old one, which stays in the log as withdrawn. What a witness said of the old words is not carried over.

    Raises NotFound, BadInput (no reason, nothing to correct, or something that the record itself settled).
    """
    old = _get(record, actor, evidence_id)
    _check_reason(reason, old)
    if not may_correct(old):
        raise BadInput("A conversation cannot be corrected", thing=old.title, next_step="Withdraw it, or hold it again.")
    if unknown := set(changes) - set(CORRECTABLE):
        raise BadInput("This cannot be corrected", thing=", ".join(sorted(unknown)), allowed=CORRECTABLE)
    wanted = {name: value for name, value in changes.items() if getattr(old, name) != value}
    if old.authentic_by and (fixed := [name for name in FROM_RECORD if name in wanted]):
        raise BadInput("The record settled this", thing=", ".join(fixed), next_step="Withdraw the item and hold its debrief again.")
    new = replace(old, id="", sha256="", replaces=old.id, **wanted)
    if not new.title.strip() or (new.kind in PERFORMANCE and not new.own_action.strip()):
        raise BadInput("Evidence needs a title, and work your own action", thing=old.title)
    kept = add_evidence(record, actor, new, now)
    _withdraw(record, actor, old, f"Corrected: {reason.strip()}", now)
    return kept


def withdraw_evidence(record: Record, actor: Actor, evidence_id: str, reason: str, now: datetime) -> None:
    """An item that counts no longer. It stays in the log with day and reason; a discussion about withdrawn work goes with it.

    Raises NotFound, BadInput (no reason, or withdrawn already).
    """
    item = _get(record, actor, evidence_id)
    _check_reason(reason, item)
    _withdraw(record, actor, item, reason.strip(), now)
    if item.kind != "discussion" and item.conversation:
        for other in read_items(record, actor.id):
            if other.kind == "discussion" and other.conversation == item.conversation:
                _withdraw(record, actor, other, f"The work it is about was withdrawn: {reason.strip()}", now)


def keep_units(record: Record, actor: Actor, units: Sequence[OwnUnit], now: datetime) -> None:
    """Units of the user's own, kept with the profile; a unit of the same code is replaced."""
    profile = get_profile(record, actor.id)
    codes = {unit["code"] for unit in units}
    kept = tuple(u for u in profile.standards if u["code"] not in codes)
    keep_profile(record, actor, replace(profile, standards=(*kept, *units)), now)


def _get(record: Record, actor: Actor, evidence_id: str) -> Item:
    item = next((i for i in read_items(record, actor.id, with_withdrawn=True) if i.id == evidence_id), None)
    if item is None:
        raise NotFound("Unknown evidence", thing=evidence_id, next_step="See “What is kept” in your portfolio.")
    if item.withdrawn_on:
        raise BadInput("This evidence was withdrawn already", thing=item.title)
    return item


def _check_reason(reason: str, item: Item) -> None:
    if not reason.strip():
        raise BadInput("The log needs a reason", thing=item.title, next_step="Say in one sentence why.")


def _withdraw(record: Record, actor: Actor, item: Item, reason: str, now: datetime) -> None:
    detail = {"what": "withdrawn", "day": now.date().isoformat()}
    act = _act("development.evidence", "development_evidence", item.id, {**detail, "reason": reason, "was": item.sha256}, detail)
    with _write(record, actor, act, now) as session:
        row = session.get_one(EvidenceItem, item.id)
        row.content = {**row.content, "withdrawn_on": detail["day"], "withdrawn_because": reason}
