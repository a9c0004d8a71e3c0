"""What a piece of work in the record is called, in words that its owner would use."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from quarterdeck.record.models.base import AuditEvent, Decision
from quarterdeck.record.models.forecasts import KeptScenario, SealedForecast
from quarterdeck.record.models.papers import PaperRecord
from quarterdeck.record.models.risks import RegisterItem, Signal
from quarterdeck.record.models.vendors import ChangeOrderReview, VendorCommitment, VendorReview, VendorSelection
from quarterdeck.regulation.knowledge import get_change
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import NotFound


def title_of(session: Session, event: AuditEvent, vendors: Mapping[str, str]) -> str:
    """The name of what an audit event is about: a paper's title, a finding's headline, a vendor and a day. `vendors`: names by id.

    Never an identifier alone: where the thing has gone from the record, its day is said.
    """
    name = NAMES[event.subject_type](session, event, vendors) if event.subject_type in NAMES else ""
    return name or f"of {wording.day(event.happened_at)}"


def _paper(session: Session, event: AuditEvent, vendors: Mapping[str, str]) -> str:
    row = session.get(PaperRecord, event.subject_id)
    return row.title if row else ""


def _finding(session: Session, event: AuditEvent, vendors: Mapping[str, str]) -> str:
    row = session.get(Decision, str(event.detail.get("decision", "")))
    return row.question if row else ""


def _review(session: Session, event: AuditEvent, vendors: Mapping[str, str]) -> str:
    row = session.get(VendorReview, event.subject_id)
    return f"{vendors.get(row.vendor_id, row.vendor_id)}, {wording.day(row.held_on)}" if row else ""


def _promise(session: Session, event: AuditEvent, vendors: Mapping[str, str]) -> str:
    row = session.get(VendorCommitment, event.subject_id)
    return f"{vendors.get(row.vendor_id, row.vendor_id)}, {row.words}" if row else ""


def _selection(session: Session, event: AuditEvent, vendors: Mapping[str, str]) -> str:
    row = session.get(VendorSelection, event.subject_id)
    return row.title if row else ""


def _change_order(session: Session, event: AuditEvent, vendors: Mapping[str, str]) -> str:
    row = session.get(ChangeOrderReview, event.subject_id)
    return f"contract {row.contract_id}, {row.file_name}" if row else ""


def _change(session: Session, event: AuditEvent, vendors: Mapping[str, str]) -> str:
    change, _, trial = event.subject_id.partition("/")
    try:
        return get_change(change).title + (f", {trial}" if trial else "")
    except NotFound:
        return ""


def _action(session: Session, event: AuditEvent, vendors: Mapping[str, str]) -> str:
    wanted = (Decision.subject_type == event.subject_type, Decision.subject_id == event.subject_id)
    row = session.scalars(select(Decision).where(*wanted).order_by(Decision.decided_at.desc())).first()
    return row.question if row else ""


def _scenario(session: Session, event: AuditEvent, vendors: Mapping[str, str]) -> str:
    row = session.get(KeptScenario, event.subject_id)
    return f"{row.name}, {row.study_id}" if row else ""


def _forecasts(session: Session, event: AuditEvent, vendors: Mapping[str, str]) -> str:
    cut = session.scalars(select(SealedForecast.data_cut).where(SealedForecast.snapshot == event.subject_id).limit(1)).first()
    facts = f" on the facts of {wording.day(cut)}" if cut else ""
    return f"{wording.plural(int(event.detail.get('entries', 0)), 'forecast')}{facts}"


def _signal(session: Session, event: AuditEvent, vendors: Mapping[str, str]) -> str:
    row = session.get(Signal, event.subject_id)
    return row.headline if row else ""


def _entry(session: Session, event: AuditEvent, vendors: Mapping[str, str]) -> str:
    row = session.get(RegisterItem, event.subject_id)
    return row.title if row else ""


NAMES: Mapping[str, Callable[[Session, AuditEvent, Mapping[str, str]], str]] = {
    "paper": _paper,
    "finding": _finding,
    "vendor_review": _review,
    "vendor_commitment": _promise,
    "vendor_selection": _selection,
    "change_order_review": _change_order,
    "assessment": _change,
    "regulation_action": _action,
    "scenario": _scenario,
    "snapshot": _forecasts,
    "signal": _signal,
    "register_item": _entry,
}
