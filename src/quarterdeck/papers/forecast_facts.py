"""Forecasts as facts: each milestone still ahead with median and 90 % interval, and the cost of each trial at its end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from quarterdeck.forecasts.findings import SEED
from quarterdeck.forecasts.portfolio import forecast_portfolio
from quarterdeck.papers.facts import Fact, Value
from quarterdeck.vocabulary.interval import DateInterval, Interval
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.settings import Settings

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.record.database import Record

ENDS = ((0.05, 0.95, 0.9), (0.1, 0.9, 0.8))


class ForecastProvider:
    """`forecast:TRIAL/what`: the median with its interval; `planned` and the chance of holding the plan are parts."""

    prefix = "forecast"

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def find(self, key: str) -> Fact | None:
        """One forecast."""
        return self._all.get(key)

    def facts(self) -> Iterable[Fact]:
        """All of them, those least likely to hold their plan first."""
        return sorted(self._all.values(), key=lambda fact: (fact.parts.get("p_by_plan", (1.0, ""))[0], fact.id))

    @cached_property
    def _all(self) -> dict[str, Fact]:
        found: dict[str, Fact] = {}
        for trial in forecast_portfolio(self._snapshot, SEED).trials:
            for milestone in trial.milestones:
                if milestone.actual is None and (fact := self._milestone(trial.study_id, milestone)) is not None:
                    found[f"{trial.study_id}/{milestone.milestone}"] = fact
            if trial.money is not None and (fact := self._money(trial.study_id, trial.money)) is not None:
                found[f"{trial.study_id}/cost"] = fact
        return found

    def _milestone(self, study: str, milestone: Any) -> Fact | None:
        middle = milestone.quantiles.get(0.5)
        ends = next(
            ((low, high, level) for low, high, level in ENDS if milestone.quantiles.get(low) is not None and high in milestone.quantiles),
            None,
        )
        if middle is None or ends is None:
            return None
        what = str(milestone.milestone).replace("_", " ")
        parts: dict[str, tuple[Value, str]] = {"what": (what, "text")}
        if milestone.planned is not None:
            parts["planned"] = (milestone.planned, "date")
        if milestone.p_by_plan is not None:
            parts["p_by_plan"] = (float(milestone.p_by_plan), "probability")
        interval = DateInterval(milestone.quantiles[ends[0]], milestone.quantiles[ends[1]], ends[2])
        return self._fact(f"{study}/{milestone.milestone}", f"forecast of {what}, {study}", middle, "date", interval, parts, study)

    def _money(self, study: str, money: Any) -> Fact | None:
        ends = next(((low, high, level) for low, high, level in ENDS if low in money.quantiles and high in money.quantiles), None)
        if ends is None or 0.5 not in money.quantiles:
            return None
        parts: dict[str, tuple[Value, str]] = {
            "what": ("cost at the end of the trial", "text"),
            "planned": (float(money.approved), money.currency),
            "p_by_plan": (float(money.p_within), "probability"),
        }
        interval = Interval(float(money.quantiles[ends[0]]), float(money.quantiles[ends[1]]), ends[2])
        return self._fact(
            f"{study}/cost", f"forecast of cost, {study}", float(money.quantiles[0.5]), money.currency, interval, parts, study
        )

    def _fact(
        self,
        key: str,
        label: str,
        value: date | float,
        unit: str,
        interval: Interval | DateInterval,
        parts: dict[str, tuple[Value, str]],
        study: str,
    ) -> Fact:
        state = self._snapshot
        return Fact(
            f"forecast:{key}",
            label,
            value,
            unit,
            interval,
            parts,
            Scope("study", study),
            state.data_cut,
            state.id,
            f"seed {SEED}",
            "simulation of the trial from its own history",
        )


def provider(snapshot: Snapshot, settings: Settings, record: Record | None) -> ForecastProvider:
    """Called by the table of providers."""
    return ForecastProvider(snapshot)
