"""Business reviews, commitments, surveys, change-order reviews and selections of vendors."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date, Float, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from quarterdeck.record.models.base import Base


class VendorReview(Base):
    """One business review with a vendor: on which snapshot, what was said."""

    __tablename__ = "vendor_review"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    vendor_id: Mapped[str] = mapped_column(String(60), index=True)
    held_on: Mapped[date] = mapped_column(Date)
    summary: Mapped[str] = mapped_column(default="")
    snapshot: Mapped[str] = mapped_column(String(64), default="")
    recorded_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[datetime]


class VendorCommitment(Base):
    """A promise made in a review, ours or theirs; kept or broken is said by a person, once, with the reason."""

    __tablename__ = "vendor_commitment"
    __table_args__ = (CheckConstraint("(state = 'open') = (settled_at IS NULL)", name="settled_with_time"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    vendor_id: Mapped[str] = mapped_column(String(60), index=True)
    review_id: Mapped[str | None] = mapped_column(ForeignKey("vendor_review.id"))
    promised_by: Mapped[str] = mapped_column(String(10))  # vendor | sponsor
    words: Mapped[str]
    owner: Mapped[str] = mapped_column(String(120))
    due: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(12), default="open")
    outcome: Mapped[str] = mapped_column(default="")
    settled_by: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    settled_at: Mapped[datetime | None]


class VendorSurvey(Base):
    """One question of a survey about working together, summed over those who answered."""

    __tablename__ = "vendor_survey"

    id: Mapped[int] = mapped_column(primary_key=True)
    vendor_id: Mapped[str] = mapped_column(String(60), index=True)
    asked_on: Mapped[date] = mapped_column(Date)
    side: Mapped[str] = mapped_column(String(10))  # sponsor | vendor | site
    question: Mapped[str]
    mean_score: Mapped[float] = mapped_column(Float)
    n_answers: Mapped[int]
    scale_top: Mapped[float] = mapped_column(Float, default=5.0)


class ChangeOrderReview(Base):
    """A change order as it was reviewed: the file's hash, the matched lines, the position taken."""

    __tablename__ = "change_order_review"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    contract_id: Mapped[str] = mapped_column(String(120), index=True)
    file_name: Mapped[str]
    file_sha256: Mapped[str] = mapped_column(String(64))
    snapshot: Mapped[str] = mapped_column(String(64))
    result: Mapped[dict[str, Any]] = mapped_column(JSON)
    reviewed_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    reviewed_at: Mapped[datetime]


class VendorSelection(Base):
    """A selection ready for audit: bids, weights, outcome, rationale, subcontractors, risk tier, oversight plan (ICH E6(R3) 3.6)."""

    __tablename__ = "vendor_selection"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    title: Mapped[str]
    study_id: Mapped[str] = mapped_column(String(60), default="")
    chosen_vendor: Mapped[str] = mapped_column(String(120))
    rationale: Mapped[str]
    risk_tier: Mapped[str] = mapped_column(String(10))
    subcontractors: Mapped[str] = mapped_column(default="")
    oversight_plan: Mapped[str]
    comparison: Mapped[dict[str, Any]] = mapped_column(JSON)
    decided_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime]
