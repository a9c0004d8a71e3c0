"""The only writes of this room: keeping a scenario, and making one the plan, with its decision record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.ledger import Entry, add_entries, build_plan_entries
from quarterdeck.forecasts.trial import forecast_changed
from quarterdeck.record.audit import Act, append_act, write
from quarterdeck.record.database import Record
from quarterdeck.record.models.base import Decision
from quarterdeck.record.models.forecasts import KeptScenario, PromotedPlan
from quarterdeck.record.permissions import Actor
from quarterdeck.scenarios.model import LeverUse, Scenario
from quarterdeck.scenarios.prepare import apply_uses, check_scenario, describe_scenario, open_draft
from quarterdeck.scenarios.run import Comparison, ScenarioResult
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.reading import Scope


def keep_scenario(record: Record, actor: Actor, comparison: Comparison, name: str, now: datetime) -> str:
    """Keep one result of a comparison; its id. Keeping the same twice returns the same id."""
    result = next((r for r in comparison.results if r.name == name), None)
    if result is None:
        raise NotFound("No such scenario in this comparison", thing=name, allowed=[r.name for r in comparison.results])
    uses = [{"lever": u.lever, "values": dict(u.values)} for u in result.levers]
    content = json.dumps([comparison.study_id, comparison.snapshot, comparison.seed, name, uses], sort_keys=True)
    identity = hashlib.sha256(content.encode()).hexdigest()[:16]
    act = Act("scenario.keep", "scenario", identity, name, Scope("study", comparison.study_id), {"levers": uses})
    if _exists(record, identity):
        return identity
    with write(record, actor, act, now) as session:
        session.add(
            KeptScenario(
                id=identity,
                name=name,
                study_id=comparison.study_id,
                levers=uses,
                result=summarise_result(result, comparison.currency),
                snapshot=comparison.snapshot,
                seed=comparison.seed,
                kept_by=actor.id,
                kept_at=now,
            )
        )
    return identity


def promote_scenario(
    record: Record, actor: Actor, scenario_id: str, reason: str, now: datetime, open_snapshot: Callable[[str], Snapshot]
) -> str:
    """Make a kept scenario the plan, and seal its forecast on the facts it was kept on; the id of the decision.

    Needs a reason and a person; a scenario is promoted once. `open_snapshot` opens a snapshot by its id.
    """
    if not reason.strip():
        raise BadInput("A decision needs a reason", thing=scenario_id)
    kept = get_kept(record, scenario_id)
    entries = _plan_entries(open_snapshot(kept.snapshot), kept)
    decision_id = f"plan-{scenario_id}"
    scope = Scope("study", kept.study_id)
    act = Act("scenario.promote", "scenario", scenario_id, reason, scope, {"decision": decision_id})
    with write(record, actor, act, now) as session:
        if session.get(Decision, decision_id) is not None:
            raise BadInput("This scenario is the plan already", thing=kept.name)
        previous = session.scalars(
            select(PromotedPlan).where(PromotedPlan.study_id == kept.study_id).order_by(PromotedPlan.id.desc()).limit(1)
        ).first()
        session.add(
            Decision(
                id=decision_id,
                subject_type="study",
                subject_id=kept.study_id,
                question=f"How do we go on with {kept.study_id}?",
                outcome=f"{kept.name}: {describe_scenario(read_scenario(kept))}",
                reason=reason,
                snapshot=kept.snapshot,
                evidence=[{"kind": "scenario", "id": scenario_id, "result": kept.result}],
                decided_by=actor.id,
                decided_at=now,
                supersedes=previous.decision_id if previous else None,
            )
        )
        session.flush()
        session.add(PromotedPlan(scenario_id=scenario_id, study_id=kept.study_id, decision_id=decision_id, promoted_at=now))
        append_act(session, actor, Act("decision.record", "decision", decision_id, reason, scope), now)
        sealed = add_entries(session, entries, actor, now)
        append_act(
            session, actor, Act("forecast.seal", "scenario", scenario_id, reason, scope, {"entries": sealed, "seed": kept.seed}), now
        )
    return decision_id


def _plan_entries(snapshot: Snapshot, kept: KeptScenario) -> list[Entry]:
    draft = apply_uses(open_draft(snapshot, kept.study_id), read_scenario(kept).uses)
    return build_plan_entries(snapshot, forecast_changed(snapshot, kept.study_id, draft.trial, kept.seed), kept.id)


def get_kept(record: Record, scenario_id: str) -> KeptScenario:
    """A kept scenario. Raises NotFound."""
    with record.session() as session:
        kept = session.get(KeptScenario, scenario_id)
        if kept is None:
            raise NotFound("No such kept scenario", thing=scenario_id)
        session.expunge(kept)
        return kept


def read_kept(record: Record, study_id: str | None = None) -> list[tuple[KeptScenario, str | None]]:
    """Kept scenarios, newest first, each with the decision that made it the plan, if any."""
    with record.session() as session:
        chosen = select(KeptScenario).order_by(KeptScenario.kept_at.desc(), KeptScenario.id)
        rows = session.scalars(chosen if study_id is None else chosen.where(KeptScenario.study_id == study_id)).all()
        plans = {p.scenario_id: p.decision_id for p in session.scalars(select(PromotedPlan))}
        session.expunge_all()
    return [(row, plans.get(row.id)) for row in rows]


def read_scenario(kept: KeptScenario) -> Scenario:
    """The scenario of a kept row."""
    uses = tuple(LeverUse(entry["lever"], entry["values"]) for entry in kept.levers)
    return check_scenario(Scenario(kept.name, uses, kept.study_id))


def summarise_result(result: ScenarioResult, currency: str) -> Mapping[str, Any]:
    """What a decision record holds of a result: plain values; low and high are the ends of 90 % of paired futures."""
    return {
        "last_participant_in": {f"{p:g}": None if d is None else str(d) for p, d in result.last_participant_in.items()},
        "database_lock": {f"{p:g}": None if d is None else str(d) for p, d in result.database_lock.items()},
        "cost": {f"{p:g}": v for p, v in result.cost.items()},
        "days": result.days.mean,
        "days_error": result.days.error,
        "days_low": result.days.low,
        "days_high": result.days.high,
        "money": result.money.mean,
        "money_low": result.money.low,
        "money_high": result.money.high,
        "paid_now": result.paid_now,
        "currency": currency,
        "p_by_plan": result.p_by_plan,
    }


def _exists(record: Record, identity: str) -> bool:
    with record.session() as session:
        return session.get(KeptScenario, identity) is not None
