"""Signals and their moves, actions, the register with its history, deviations from tolerance limits, and what was done about matters."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from quarterdeck.record.models.base import Base


class Signal(Base):
    """A signal that was opened: what it is about, how it stood then, where it is in the loop now, and what came of it."""

    __tablename__ = "signal"
    __table_args__ = (CheckConstraint("(closed_at IS NULL) = (effect = '')", name="closed_has_effect"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    finding_id: Mapped[str] = mapped_column(String(200), index=True)
    study_id: Mapped[str] = mapped_column(String(120), index=True, default="")
    source: Mapped[str] = mapped_column(String(20), default="kri")
    group_level: Mapped[str] = mapped_column(String(20))
    group_id: Mapped[str] = mapped_column(String(200))
    indicator: Mapped[str] = mapped_column(String(40), index=True, default="")
    headline: Mapped[str]
    state: Mapped[str] = mapped_column(String(20), index=True, default="new")
    severity: Mapped[str] = mapped_column(String(10), default="medium")
    root_cause: Mapped[str] = mapped_column(default="")
    rationale: Mapped[str] = mapped_column(default="")
    opened_at: Mapped[datetime]
    opened_cut: Mapped[date]
    opened_snapshot: Mapped[str] = mapped_column(String(64))
    baseline_score: Mapped[float | None]
    baseline_ratio: Mapped[float | None]
    baseline_expected: Mapped[float | None]
    closing_score: Mapped[float | None]
    closing_ratio: Mapped[float | None]
    effect: Mapped[str] = mapped_column(String(20), default="")
    closed_at: Mapped[datetime | None]


class SignalMove(Base):
    """One step of a signal: from where to where, by whom, when, why. Append-only."""

    __tablename__ = "signal_move"

    id: Mapped[int] = mapped_column(primary_key=True)
    signal_id: Mapped[str] = mapped_column(ForeignKey("signal.id"), index=True)
    before: Mapped[str] = mapped_column(String(20))
    after: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    moved_at: Mapped[datetime]
    reason: Mapped[str]


class RiskAction(Base):
    """What is to be done about a signal or a register item, by whom, by when, and how its effect will be told."""

    __tablename__ = "risk_action"
    __table_args__ = (CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name="done_has_actor"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    parent_type: Mapped[str] = mapped_column(String(20))
    parent_id: Mapped[str] = mapped_column(String(200), index=True)
    description: Mapped[str]
    owner: Mapped[str] = mapped_column(String(120))
    due: Mapped[date]
    criterion: Mapped[str]
    judged_on: Mapped[date]
    opened_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    is_effective: Mapped[bool | None]


class RegisterItem(Base):
    """A risk, issue, opportunity, assumption or dependency, qualitative and, where it can be, quantified."""

    __tablename__ = "register_item"
    __table_args__ = (
        CheckConstraint("p_annual IS NULL OR (p_annual >= 0 AND p_annual <= 1)", name="probability_is_a_share"),
        CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="closed_has_outcome"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), index=True)
    title: Mapped[str]
    cause: Mapped[str]
    event: Mapped[str]
    effect: Mapped[str]
    scope_level: Mapped[str] = mapped_column(String(20), default="portfolio")
    scope_id: Mapped[str] = mapped_column(String(200), default="", index=True)
    category: Mapped[str] = mapped_column(String(20))
    ctq_factor: Mapped[str] = mapped_column(default="")
    owner: Mapped[str] = mapped_column(String(120), default="")
    raised_by: Mapped[str] = mapped_column(String(120))
    raised_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(12), index=True, default="open")
    probability: Mapped[int | None]
    impact_participant_safety: Mapped[int | None]
    impact_data_reliability: Mapped[int | None]
    impact_time: Mapped[int | None]
    impact_cost: Mapped[int | None]
    detectability: Mapped[int | None]
    strength_of_knowledge: Mapped[str] = mapped_column(String(8), default="medium")
    p_annual: Mapped[float | None]
    cost_p05: Mapped[float | None]
    cost_p95: Mapped[float | None]
    days_p05: Mapped[float | None]
    days_p95: Mapped[float | None]
    currency: Mapped[str] = mapped_column(String(3), default="GBP")
    correlation_group: Mapped[str] = mapped_column(String(60), default="")
    proximity: Mapped[date | None]
    treatment: Mapped[str] = mapped_column(String(12), default="")
    treatment_cost: Mapped[float | None]
    residual_p_annual: Mapped[float | None]
    residual_cost_p05: Mapped[float | None]
    residual_cost_p95: Mapped[float | None]
    residual_days_p05: Mapped[float | None]
    residual_days_p95: Mapped[float | None]
    next_review: Mapped[date | None]
    accepted_until: Mapped[date | None]
    evidence: Mapped[list] = mapped_column(JSON, default=list)  # type: ignore[type-arg]
    outcome: Mapped[bool | None]
    closed_at: Mapped[datetime | None]


class RegisterHistory(Base):
    """One changed field of a register item. Append-only; the audit chain holds its hash."""

    __tablename__ = "register_history"
    __table_args__ = (UniqueConstraint("item_id", "seq"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("register_item.id"), index=True)
    seq: Mapped[int]
    changed_at: Mapped[datetime]
    actor_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    field: Mapped[str] = mapped_column(String(60))
    old: Mapped[str] = mapped_column(default="")
    new: Mapped[str] = mapped_column(default="")
    reason: Mapped[str]


class LimitDeviation(Base):
    """The record that ICH E6(R3) 3.10.1 asks for where a tolerance limit was left: is it systemic, what is done, what the report will say."""

    __tablename__ = "limit_deviation"

    id: Mapped[int] = mapped_column(primary_key=True)
    qtl_id: Mapped[str] = mapped_column(String(120), index=True)
    study_id: Mapped[str] = mapped_column(String(120), index=True)
    snapshot: Mapped[str] = mapped_column(String(64))
    rate: Mapped[float]
    limit: Mapped[float]
    is_systemic: Mapped[bool]
    evaluation: Mapped[str]
    remedial_action: Mapped[str]
    report_line: Mapped[str]
    recorded_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[datetime]


class MatterChoice(Base):
    """What somebody chose to do about an item of "what needs me": delegate, accept, snooze or decide, with the reason. Append-only.

    `subject`: the trial, site or vendor that is settled by it (empty in choices of older records: the finding alone); `cost`: what doing nothing
    was expected to cost then.
    """

    __tablename__ = "matter_choice"
    __table_args__ = (CheckConstraint("choice <> 'snooze' OR until IS NOT NULL", name="snooze_has_end"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    finding_id: Mapped[str] = mapped_column(String(200), index=True)
    subject: Mapped[str] = mapped_column(String(200), default="", server_default="")
    cost: Mapped[float | None]
    choice: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str]
    delegate_to: Mapped[str] = mapped_column(String(120), default="")
    until: Mapped[date | None]
    snapshot: Mapped[str] = mapped_column(String(64))
    chosen_by: Mapped[str] = mapped_column(ForeignKey("person.id"))
    chosen_at: Mapped[datetime]
