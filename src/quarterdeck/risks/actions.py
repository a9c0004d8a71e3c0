"""The writes of this room (but for choices about matters, which `settling` makes): every move checks who and when, is made in one transaction, and leaves one audited event."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from quarterdeck.record.audit import Act, write
from quarterdeck.record.models.risks import LimitDeviation, RegisterHistory, RegisterItem, RiskAction, Signal, SignalMove
from quarterdeck.risks.kri import get_board, judge
from quarterdeck.risks.states import REGISTER_TRANSITIONS, SIGNAL_TRANSITIONS, find_transition
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.verdict import Verdict

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.record.database import Record
    from quarterdeck.record.permissions import Actor
    from quarterdeck.risks.cells import Cell

KINDS = ("risk", "issue", "opportunity", "assumption", "dependency")
ACCEPTANCE_DAYS = 366  # an acceptance expires within a year at the latest


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """What is to be done: owner, due date, how one will know that it helped, and at which data cut that is judged."""

    description: str
    owner: str
    due: date
    criterion: str
    judged_on: date

    def check(self, today: date) -> None:
        """Raises BadInput unless all is there and in order."""
        if not all(text.strip() for text in (self.description, self.owner, self.criterion)):
            raise BadInput("An action needs a description, an owner and a criterion of effect")
        if self.judged_on <= self.due or self.due < today:
            raise BadInput(
                "The dates of an action do not fit",
                thing=f"due {self.due}, judged on {self.judged_on}",
                allowed="due from today on, judged after that",
            )


def open_signals(record: Record, actor: Actor, snapshot: Snapshot, now: datetime) -> list[str]:
    """Open a signal for each site cell that noise control lets through and that has none open. Returns the new ids."""
    with record.session() as session:
        known = {(s.study_id, s.group_id, s.indicator) for s in session.scalars(select(Signal).where(Signal.closed_at.is_(None)))}
    cells = [c for c in get_board(snapshot).cells["site"] if judge(c) is Verdict.CONCERN and (c.q_value or 1) <= 0.05]
    fresh = [cell for cell in cells if (cell.study, cell.group, cell.indicator) not in known]
    return [_open_one(record, actor, snapshot, cell, now) for cell in sorted(fresh, key=lambda c: (c.study, c.group, c.indicator))]


def _open_one(record: Record, actor: Actor, snapshot: Snapshot, cell: Cell, now: datetime) -> str:
    from quarterdeck.risks.wording import describe_cell

    identifier = f"SIG-{secrets.token_hex(4)}"
    scope = Scope("site", f"{cell.study}/{cell.group}")
    with write(
        record, actor, Act("signal.open", "signal", identifier, "the indicator asks for it", scope, {"indicator": cell.indicator}), now
    ) as session:
        session.add(Signal(
            id=identifier, finding_id=f"site_quality/site/{cell.study}/{cell.group}", study_id=cell.study, source="kri", group_level="site",
            group_id=cell.group, indicator=cell.indicator, headline=describe_cell(cell), state="new", effect="",
            severity="high" if abs(cell.flag or 0) > 1 else "medium", opened_at=now, opened_cut=snapshot.data_cut, opened_snapshot=snapshot.id,
            baseline_score=cell.score, baseline_ratio=cell.ratio, baseline_expected=cell.expected,
        ))  # fmt: skip
        session.flush()
        session.add(
            SignalMove(signal_id=identifier, before="", after="new", actor_id=actor.id, moved_at=now, reason="the indicator asks for it")
        )
    return identifier


def move_signal(
    record: Record,
    actor: Actor,
    signal_id: str,
    after: str,
    reason: str,
    now: datetime,
    root_cause: str = "",
    action: PlannedAction | None = None,
) -> None:
    """One step of a signal. Raises NotPermitted (who, when), BadInput (what the step needs)."""
    with record.session() as session:
        signal = _get(session, Signal, signal_id)
        before, scope = signal.state, Scope("site", f"{signal.study_id}/{signal.group_id}")
    transition = find_transition(SIGNAL_TRANSITIONS, before, after)
    if "effect" in transition.needs:
        raise BadInput("An effect is measured, not stated", thing=signal_id, next_step="Use: quarterdeck signals measure.")
    _check_reason(reason)
    if "root_cause" in transition.needs and not root_cause.strip():
        raise BadInput("Confirming a signal needs its root cause", thing=signal_id)
    if "action" in transition.needs:
        if action is None:
            raise BadInput(
                "This step needs an action",
                thing=signal_id,
                next_step="Give description, owner, due date, criterion and when it is judged.",
            )
        action.check(now.date())
    with write(
        record, actor, Act(transition.permission, "signal", signal_id, reason, scope, {"from": before, "to": after}), now
    ) as session:
        signal = _get(session, Signal, signal_id)
        if signal.state != before:
            raise BadInput("Somebody moved the signal meanwhile", thing=f"{signal_id}: {signal.state}", next_step="Look again.")
        _step(session, signal, actor, after, reason, now)
        signal.root_cause = root_cause or signal.root_cause
        if action is not None and "action" in transition.needs:
            session.add(_new_action("signal", signal_id, action, now))
        if after == "done":
            _finish_actions(session, "signal", signal_id, actor, now)
        if after == "closed":
            signal.closed_at, signal.effect = (
                now,
                signal.effect or ("not_evaluable" if before in ("false_positive", "explained") else "unchanged"),
            )
        if after == "reopened":
            signal.closed_at, signal.effect = None, ""


def measure_effect(record: Record, actor: Actor, signal_id: str, snapshot: Snapshot, now: datetime) -> str:
    """Judge an action at the snapshot that was set for it. Returns improved, unchanged, worse or not_evaluable.

    Improved: |z| down by 1 or more, or the interval of the ratio covers 1. Raises BadInput before that snapshot.
    """
    with record.session() as session:
        signal = _get(session, Signal, signal_id)
        judged_on = session.scalar(
            select(func.max(RiskAction.judged_on)).where(RiskAction.parent_type == "signal", RiskAction.parent_id == signal_id)
        )
        before, scope = signal.state, Scope("site", f"{signal.study_id}/{signal.group_id}")
        baseline, key = signal.baseline_score, (signal.study_id, signal.group_id, signal.indicator)
    transition = find_transition(SIGNAL_TRANSITIONS, before, "measured")
    if judged_on and snapshot.data_cut < judged_on:
        raise BadInput(
            "It is too early to judge the effect",
            thing=f"{signal_id}: facts of {snapshot.data_cut}",
            allowed=f"facts of {judged_on} or later",
        )
    cell = next((c for c in get_board(snapshot).by_site.get(key[:2], ()) if c.indicator == key[2]), None)
    effect = judge_effect(baseline, cell)
    reason = f"measured at the facts of {snapshot.data_cut}: {effect.replace('_', ' ')}"
    with write(
        record, actor, Act(transition.permission, "signal", signal_id, reason, scope, {"effect": effect, "snapshot": snapshot.id}), now
    ) as session:
        signal = _get(session, Signal, signal_id)
        _step(session, signal, actor, "measured", reason, now)
        signal.closing_score, signal.closing_ratio = (cell.score, cell.ratio) if cell else (None, None)
        for action in session.scalars(select(RiskAction).where(RiskAction.parent_type == "signal", RiskAction.parent_id == signal_id)):
            action.is_effective = effect == "improved"
        signal.rationale = effect
    return effect


def judge_effect(baseline: float | None, cell: Cell | None) -> str:
    """improved, unchanged, worse or not_evaluable, from the score when opened and the cell now."""
    if baseline is None or cell is None or cell.score is None:
        return "not_evaluable"
    covers = cell.ratio_low is not None and cell.ratio_high is not None and cell.ratio_low <= 1 <= cell.ratio_high
    if abs(cell.score) <= abs(baseline) - 1 or covers or cell.score * baseline < 0:
        return "improved"
    return "worse" if abs(cell.score) >= abs(baseline) + 1 else "unchanged"


def close_signal(record: Record, actor: Actor, signal_id: str, reason: str, now: datetime) -> None:
    """Close a measured signal with the effect that was measured, or reopen it where the action did not help."""
    with record.session() as session:
        signal = _get(session, Signal, signal_id)
        before, scope, effect = signal.state, Scope("site", f"{signal.study_id}/{signal.group_id}"), signal.rationale
    transition = find_transition(SIGNAL_TRANSITIONS, before, "closed")
    _check_reason(reason)
    with write(
        record, actor, Act(transition.permission, "signal", signal_id, reason, scope, {"from": before, "to": "closed"}), now
    ) as session:
        signal = _get(session, Signal, signal_id)
        _step(session, signal, actor, "closed", reason, now)
        signal.closed_at, signal.effect = now, effect if before == "measured" else "not_evaluable"


def raise_item(record: Record, actor: Actor, values: Mapping[str, Any], reason: str, now: datetime) -> str:
    """A new item of the register. `values` are fields of RegisterItem. Raises BadInput where they do not make sense."""
    checked = check_item(values)
    identifier = str(checked.pop("id", "") or f"REG-{secrets.token_hex(4)}")
    _check_reason(reason)
    scope = Scope(checked.get("scope_level", "portfolio"), checked.get("scope_id", ""))
    with write(record, actor, Act("register.raise", "register_item", identifier, reason, scope, {"kind": checked["kind"]}), now) as session:
        if session.get(RegisterItem, identifier):
            raise BadInput("The register has this item already", thing=identifier)
        session.add(RegisterItem(id=identifier, raised_by=actor.id, raised_at=now, **checked))
        session.flush()
        _note(session, identifier, actor, "status", "", checked.get("status", "open"), reason, now)
    return identifier


def change_item(record: Record, actor: Actor, item_id: str, values: Mapping[str, Any], reason: str, now: datetime) -> list[str]:
    """Change fields of an item; each change is a line of its history. Returns the names of the fields that changed."""
    _check_reason(reason)
    if "status" in values or "outcome" in values:
        raise BadInput("A status is moved, not edited", thing=item_id, next_step="Use the moves of the register.")
    with record.session() as session:
        item = _get(session, RegisterItem, item_id)
        now_is = {name: getattr(item, name) for name in values}
        everything = {c.name: getattr(item, c.name) for c in RegisterItem.__table__.columns}
        scope = Scope(item.scope_level, item.scope_id)
    checked = check_item(everything | dict(values))
    changed = [name for name in values if checked.get(name) != now_is[name]]
    if not changed:
        return []
    with write(record, actor, Act("register.raise", "register_item", item_id, reason, scope, {"fields": changed}), now) as session:
        item = _get(session, RegisterItem, item_id)
        for name in changed:
            _note(session, item_id, actor, name, str(getattr(item, name) or ""), str(checked.get(name) or ""), reason, now)
            setattr(item, name, checked.get(name))
    return changed


def move_item(
    record: Record, actor: Actor, item_id: str, after: str, reason: str, now: datetime, accepted_until: date | None = None
) -> None:
    """One step of a register item. Closing says that it did not happen, `materialised` that it did: both score its probability."""
    with record.session() as session:
        item = _get(session, RegisterItem, item_id)
        before, scope = item.status, Scope(item.scope_level, item.scope_id)
    transition = find_transition(REGISTER_TRANSITIONS, before, after)
    _check_reason(reason)
    if "accepted_until" in transition.needs and (accepted_until is None or not 0 < (accepted_until - now.date()).days <= ACCEPTANCE_DAYS):
        raise BadInput("An acceptance needs the day on which it ends", thing=item_id, allowed="a day within a year from today")
    with write(
        record, actor, Act(transition.permission, "register_item", item_id, reason, scope, {"from": before, "to": after}), now
    ) as session:
        item = _get(session, RegisterItem, item_id)
        _note(session, item_id, actor, "status", before, after, reason, now)
        item.status = after
        item.accepted_until = accepted_until if after == "accepted" else None
        if after in ("closed", "materialised", "rejected"):
            item.closed_at, item.outcome = now, after == "materialised"
        elif after == "reopened":
            item.closed_at, item.outcome = None, None


def record_deviation(
    record: Record, actor: Actor, snapshot: Snapshot, qtl_id: str, is_systemic: bool, evaluation: str, remedial_action: str, now: datetime
) -> str:
    """The record of a limit that was left (ICH E6(R3) 3.10.1.3 and .6). Returns the line for the study report."""
    from quarterdeck.risks.detectors.limits import read_limits
    from quarterdeck.vocabulary import wording

    status = next((s for s in read_limits(snapshot) if s.definition["qtl_id"] == qtl_id), None)
    if status is None or status.rate is None:
        raise NotFound("There is no such tolerance limit with anything counted", thing=qtl_id)
    if not evaluation.strip() or not remedial_action.strip():
        raise BadInput("A deviation record needs the evaluation and what is done", thing=qtl_id)
    study, name, limit = (
        status.definition["study_id"],
        str(status.definition["parameter"]).replace("_", " "),
        float(status.definition["limit"]),
    )
    line = (
        f"The tolerance limit for {name} ({wording.share(limit)}) was under watch; {wording.share(status.rate)} of {wording.number(status.participants)} participants "
        f"were affected by {wording.day(snapshot.data_cut)}. The cause was judged {'systemic' if is_systemic else 'not systemic'}: {evaluation.strip()} "
        f"Remedial action: {remedial_action.strip()}"
    )
    with write(
        record, actor, Act("limit.record_deviation", "qtl", qtl_id, evaluation, Scope("study", study), {"systemic": is_systemic}), now
    ) as session:
        session.add(LimitDeviation(
            qtl_id=qtl_id, study_id=study, snapshot=snapshot.id, rate=status.rate, limit=limit, is_systemic=is_systemic, evaluation=evaluation.strip(),
            remedial_action=remedial_action.strip(), report_line=line, recorded_by=actor.id, recorded_at=now,
        ))  # fmt: skip
    return line


def check_item(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a register item, checked. Raises BadInput that names field and value."""
    from quarterdeck.risks.indicators import CATEGORIES

    known = {column.name for column in RegisterItem.__table__.columns} - {"raised_by", "raised_at", "closed_at", "outcome"}
    checked = {name: value for name, value in values.items() if name in known and value not in ("", None)}
    if unknown := set(values) - known - {"raised_by", "raised_at", "closed_at", "outcome"}:
        raise BadInput("Unknown field of the register", thing=", ".join(sorted(unknown)), allowed=sorted(known))
    for name in ("title", "cause", "event", "effect"):
        if not str(checked.get(name, "")).strip():
            raise BadInput("A register item says cause, event and effect, and has a title", thing=f"{name} is empty")
    if checked.get("kind") not in KINDS:
        raise BadInput("Unknown kind", thing=str(checked.get("kind")), allowed=KINDS)
    if checked.get("category") not in CATEGORIES:
        raise BadInput("Unknown category", thing=str(checked.get("category")), allowed=CATEGORIES)
    for name in ("probability", "impact_participant_safety", "impact_data_reliability", "impact_time", "impact_cost", "detectability"):
        if name in checked and int(checked[name]) not in range(1, 6):
            raise BadInput("A level runs from 1 to 5", thing=f"{name} = {checked[name]}")
    for name in ("p_annual", "residual_p_annual"):
        if name in checked and not 0 <= float(checked[name]) <= 1:
            raise BadInput("A probability lies between 0 and 1", thing=f"{name} = {checked[name]}")
    for stem in ("cost", "days", "residual_cost", "residual_days"):
        low, high = checked.get(f"{stem}_p05"), checked.get(f"{stem}_p95")
        if (low is None) != (high is None) or (low is not None and high is not None and not 0 < float(low) <= float(high)):
            raise BadInput("A size needs its 5th and 95th percentile, rising and above 0", thing=f"{stem}: {low} to {high}")
    return checked


def _step(session: Session, signal: Signal, actor: Actor, after: str, reason: str, now: datetime) -> None:
    session.add(SignalMove(signal_id=signal.id, before=signal.state, after=after, actor_id=actor.id, moved_at=now, reason=reason))
    signal.state = after


def _new_action(parent_type: str, parent_id: str, planned: PlannedAction, now: datetime) -> RiskAction:
    return RiskAction(
        id=f"ACT-{secrets.token_hex(4)}", parent_type=parent_type, parent_id=parent_id, description=planned.description, owner=planned.owner, due=planned.due,
        criterion=planned.criterion, judged_on=planned.judged_on, opened_at=now,
    )  # fmt: skip


def _finish_actions(session: Session, parent_type: str, parent_id: str, actor: Actor, now: datetime) -> None:
    query = select(RiskAction).where(RiskAction.parent_type == parent_type, RiskAction.parent_id == parent_id, RiskAction.done_at.is_(None))
    for action in session.scalars(query):
        action.done_at, action.done_by = now, actor.id


def _note(session: Session, item_id: str, actor: Actor, field: str, old: str, new: str, reason: str, now: datetime) -> None:
    seq = (session.scalar(select(func.max(RegisterHistory.seq)).where(RegisterHistory.item_id == item_id)) or 0) + 1
    session.add(RegisterHistory(item_id=item_id, seq=seq, changed_at=now, actor_id=actor.id, field=field, old=old, new=new, reason=reason))
    session.flush()


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise BadInput("Every move says why", next_step="Give a reason.")


def _get(session: Session, kind: type[Any], identifier: str) -> Any:
    found = session.get(kind, identifier)
    if found is None:
        raise NotFound("There is no such thing in the record", thing=identifier)
    return found
