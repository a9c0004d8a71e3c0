"""The only writes of the vendor room: each with permission, transaction and audit in one place."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from quarterdeck.record.audit import Act, write
from quarterdeck.record.database import Record
from quarterdeck.record.models.vendors import ChangeOrderReview, VendorCommitment, VendorReview, VendorSelection, VendorSurvey
from quarterdeck.record.permissions import Actor
from quarterdeck.vendors.change_orders import Review
from quarterdeck.vocabulary.errors import BadInput, NotFound, NotPermitted
from quarterdeck.vocabulary.reading import Scope

# States of a promise and where each may go. A settled promise stays settled: a new one is made instead.
TRANSITIONS: dict[str, tuple[str, ...]] = {"open": ("kept", "broken", "withdrawn"), "kept": (), "broken": (), "withdrawn": ()}
SIDES = ("vendor", "sponsor")
SURVEY_COLUMNS = ("vendor_id", "asked_on", "side", "question", "mean_score", "n_answers")
RISK_TIERS = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise as it is made: by which side, in which words, who owns it, until when."""

    vendor_id: str
    promised_by: str
    words: str
    owner: str
    due: date


def record_review(record: Record, actor: Actor, vendor_id: str, held_on: date, summary: str, snapshot: str, now: datetime) -> str:
    """A business review that took place; returns its id."""
    name = f"VR-{uuid4().hex[:10]}"
    with write(record, actor, _act("vendor.review", "vendor_review", name, vendor_id, {"held_on": held_on}), now) as session:
        session.add(
            VendorReview(
                id=name, vendor_id=vendor_id, held_on=held_on, summary=summary, snapshot=snapshot, recorded_by=actor.id, recorded_at=now
            )
        )
    return name


def record_promise(record: Record, actor: Actor, promise: Promise, now: datetime, review_id: str | None = None) -> str:
    """A promise of either side; returns its id. Raises BadInput for an unknown side or empty words."""
    if promise.promised_by not in SIDES:
        raise BadInput("Unknown side", thing=promise.promised_by, allowed=SIDES)
    if not promise.words.strip() or not promise.owner.strip():
        raise BadInput("A promise needs words and an owner", thing=promise.vendor_id)
    name = f"VC-{uuid4().hex[:10]}"
    with write(
        record, actor, _act("vendor.commit", "vendor_commitment", name, promise.vendor_id, {"words": promise.words}), now
    ) as session:
        session.add(
            VendorCommitment(
                id=name, vendor_id=promise.vendor_id, review_id=review_id, promised_by=promise.promised_by, words=promise.words.strip(),
                owner=promise.owner.strip(), due=promise.due, state="open",
            )
        )  # fmt: skip
    return name


def settle_promise(record: Record, actor: Actor, promise_id: str, state: str, outcome: str, now: datetime) -> None:
    """Say that a promise was kept, broken or withdrawn, and why. Raises NotFound, NotPermitted from a settled state, BadInput without a reason."""
    if not outcome.strip():
        raise BadInput("A settled promise needs the reason", thing=promise_id)
    with record.session() as session:
        found = session.get(VendorCommitment, promise_id)
    if found is None:
        raise NotFound("There is no such promise", thing=promise_id)
    if state not in TRANSITIONS[found.state]:
        raise NotPermitted(
            "A promise cannot go there", thing=f"{found.state} to {state}", allowed=TRANSITIONS[found.state] or ("none: it is settled",)
        )
    with write(
        record, actor, _act("vendor.settle", "vendor_commitment", promise_id, found.vendor_id, {"state": state}, outcome), now
    ) as session:
        current = session.get_one(VendorCommitment, promise_id)
        current.state, current.outcome, current.settled_by, current.settled_at = state, outcome.strip(), actor.id, now


def import_survey(record: Record, actor: Actor, path: Path, minimum: int, now: datetime) -> int:
    """Survey rows from a CSV (vendor_id, asked_on, side, question, mean_score, n_answers); returns how many.

    Rows below `minimum` answers are refused: they would show what one person thinks. Raises BadInput with the line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            rows = list(csv.DictReader(handle))
    except FileNotFoundError as error:
        raise NotFound("There is no such file", thing=str(path)) from error
    answers = [_read_answer(path.name, line, row, minimum) for line, row in enumerate(rows, start=2)]
    with write(record, actor, _act("vendor.survey", "vendor_survey", path.name, "", {"rows": len(answers)}), now) as session:
        session.add_all(answers)
    return len(answers)


def _read_answer(file: str, line: int, row: Mapping[str, str | None], minimum: int) -> VendorSurvey:
    if missing := [name for name in SURVEY_COLUMNS if not (row.get(name) or "").strip()]:
        raise BadInput("Survey columns are missing or empty", thing=f"{file} line {line}: {', '.join(missing)}", allowed=SURVEY_COLUMNS)
    try:
        answer = VendorSurvey(
            vendor_id=str(row["vendor_id"]), asked_on=date.fromisoformat(str(row["asked_on"])), side=str(row["side"]), question=str(row["question"]),
            mean_score=float(str(row["mean_score"])), n_answers=int(str(row["n_answers"])), scale_top=float(row.get("scale_top") or 5),
        )  # fmt: skip
    except ValueError as error:
        raise BadInput("A survey value cannot be read", thing=f"{file} line {line}: {error}") from error
    if answer.n_answers < minimum:
        raise BadInput("Too few answers to keep", thing=f"{file} line {line}: {answer.n_answers}", allowed=f"{minimum} or more")
    return answer


def record_change_order(
    record: Record, actor: Actor, review: Review, path: Path, result: dict[str, Any], snapshot: str, now: datetime
) -> str:
    """Keep a change-order review with the hash of the file it was made from; returns its id."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    name = f"CO-{uuid4().hex[:10]}"
    act = _act(
        "vendor.change_order", "change_order_review", name, "", {"contract": review.contract_id, "file": path.name, "sha256": digest}
    )
    with write(record, actor, act, now) as session:
        session.add(
            ChangeOrderReview(
                id=name, contract_id=review.contract_id, file_name=path.name, file_sha256=digest, snapshot=snapshot, result=result,
                reviewed_by=actor.id, reviewed_at=now,
            )
        )  # fmt: skip
    return name


def decide_selection(record: Record, actor: Actor, decision: Mapping[str, Any], comparison: dict[str, Any], now: datetime) -> str:
    """A selection decided by a director, with what oversight needs: rationale, risk tier, subcontractors, plan. Returns its id."""
    for field in ("title", "chosen_vendor", "rationale", "risk_tier", "oversight_plan"):
        if not str(decision.get(field, "")).strip():
            raise BadInput(
                "A selection needs more before it can be decided",
                thing=field,
                next_step="ICH E6(R3) asks for the reasons and the oversight.",
            )
    if decision["risk_tier"] not in RISK_TIERS:
        raise BadInput("Unknown risk tier", thing=str(decision["risk_tier"]), allowed=RISK_TIERS)
    name = f"VS-{uuid4().hex[:10]}"
    act = _act("vendor.decide_selection", "vendor_selection", name, "", {"chosen": decision["chosen_vendor"]}, str(decision["rationale"]))
    with write(record, actor, act, now) as session:
        session.add(
            VendorSelection(
                id=name, title=decision["title"], study_id=decision.get("study_id", ""), chosen_vendor=decision["chosen_vendor"],
                rationale=decision["rationale"], risk_tier=decision["risk_tier"], subcontractors=decision.get("subcontractors", ""),
                oversight_plan=decision["oversight_plan"], comparison=comparison, decided_by=actor.id, decided_at=now,
            )
        )  # fmt: skip
    return name


def read_promises(record: Record, vendor_id: str) -> list[VendorCommitment]:
    """A vendor's promises, the oldest due first."""
    with record.session() as session:
        return list(session.scalars(select(VendorCommitment).where(VendorCommitment.vendor_id == vendor_id).order_by(VendorCommitment.due)))


def read_reviews(record: Record, vendor_id: str) -> list[VendorReview]:
    """A vendor's business reviews, the newest first."""
    with record.session() as session:
        return list(session.scalars(select(VendorReview).where(VendorReview.vendor_id == vendor_id).order_by(VendorReview.held_on.desc())))


def read_surveys(record: Record, vendor_id: str) -> list[VendorSurvey]:
    """A vendor's survey answers, the newest first."""
    with record.session() as session:
        return list(session.scalars(select(VendorSurvey).where(VendorSurvey.vendor_id == vendor_id).order_by(VendorSurvey.asked_on.desc())))


def read_change_orders(record: Record, contract_id: str | None = None) -> list[ChangeOrderReview]:
    """Change-order reviews, the newest first."""
    query = select(ChangeOrderReview).order_by(ChangeOrderReview.reviewed_at.desc())
    with record.session() as session:
        return list(session.scalars(query if contract_id is None else query.where(ChangeOrderReview.contract_id == contract_id)))


def read_review(record: Record, review_id: str) -> VendorReview | None:
    """One business review, or None."""
    with record.session() as session:
        return session.get(VendorReview, review_id)


def read_selections(record: Record) -> list[VendorSelection]:
    """Selections, the newest first."""
    with record.session() as session:
        return list(session.scalars(select(VendorSelection).order_by(VendorSelection.decided_at.desc())))


def _act(action: str, kind: str, name: str, vendor_id: str, detail: dict[str, Any], reason: str = "") -> Act:
    scope = Scope("vendor", vendor_id) if vendor_id else Scope()
    return Act(action, kind, name, reason, scope, detail)
