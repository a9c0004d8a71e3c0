"""Scenarios that became the plan, as facts: what was decided, and the forecast that was sealed with the decision."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from quarterdeck.forecasts.ledger import Entry, read_entries
from quarterdeck.papers.facts import Fact, Value
from quarterdeck.record.models.base import Decision, Person
from quarterdeck.record.models.forecasts import KeptScenario, PromotedPlan
from quarterdeck.vocabulary.interval import DateInterval, Interval
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.settings import Settings

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.record.database import Record

LOW, MIDDLE, HIGH, LEVEL = 0.05, 0.5, 0.95, 0.9


class PlanProvider:
    """`plan:TRIAL`: what was decided; `plan:TRIAL/what`: the sealed forecast of a milestone or of the cost, with its interval."""

    prefix = "plan"

    def __init__(self, facts: dict[str, Fact]) -> None:
        self._facts = facts

    def find(self, key: str) -> Fact | None:
        """One plan, or one forecast of it."""
        return self._facts.get(key)

    def facts(self) -> Iterable[Fact]:
        """All of them."""
        return self._facts.values()


def provider(snapshot: Snapshot, settings: Settings, record: Record | None) -> PlanProvider:
    """Called by the table of providers. The newest plan of each trial; none without a record."""
    if record is None:
        return PlanProvider({})
    found: dict[str, Fact] = {}
    sealed = read_entries(record)
    with record.session() as session:
        for plan in session.scalars(select(PromotedPlan).order_by(PromotedPlan.id)):
            kept, decision = session.get_one(KeptScenario, plan.scenario_id), session.get_one(Decision, plan.decision_id)
            by = session.get(Person, decision.decided_by)
            found = {key: fact for key, fact in found.items() if fact.scope.key != plan.study_id}
            found[plan.study_id] = _plan_fact(kept, decision, by.name if by else decision.decided_by)
            found |= {
                f"{plan.study_id}/{e.what}": fact for e in sealed if e.scenario == kept.id and (fact := _forecast_fact(e)) is not None
            }
    return PlanProvider(found)


def _plan_fact(kept: KeptScenario, decision: Decision, by: str) -> Fact:
    parts: dict[str, tuple[Value, str]] = {
        "reason": (decision.reason, "text"),
        "decided_at": (decision.decided_at, "date"),
        "by": (by, "name"),
        "days": (float(kept.result["days"]), "days"),
    }
    return Fact(
        f"plan:{kept.study_id}",
        f"what was decided for {kept.study_id}",
        decision.outcome,
        "text",
        parts=parts,
        scope=Scope("study", kept.study_id),
        snapshot=kept.snapshot,
        definition=f"seed {kept.seed}",
        source="the record of decisions and the scenario that was kept",
    )


def _forecast_fact(e: Entry) -> Fact | None:
    low, middle, high = (e.quantiles.get(p) for p in (LOW, MIDDLE, HIGH))
    if low is None or middle is None:
        return None
    value: float | date = middle
    interval: Interval | DateInterval
    if e.unit == "date":
        first, value, last = (None if days is None else e.data_cut + timedelta(days=days) for days in (low, middle, high))  # type: ignore[assignment]
        interval = DateInterval(first, last, LEVEL)  # type: ignore[arg-type]
    elif high is not None:
        interval = Interval(low, high, LEVEL)
    else:
        return None
    return Fact(
        f"plan:{e.study_id}/{e.what}",
        f"forecast of {e.what.replace('_', ' ')} under the plan, {e.study_id}",
        value,
        e.unit,
        interval,
        {"what": (e.what.replace("_", " "), "text"), "seal": (e.id[:12], "name")},
        Scope("study", e.study_id),
        e.data_cut,
        e.snapshot,
        f"seed {e.seed}",
        "the ledger of sealed forecasts",
    )
