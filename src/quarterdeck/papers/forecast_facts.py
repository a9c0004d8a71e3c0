"""Forecasts as facts: each milestone still ahead with median and 90 % interval, and the cost at the end, of each trial and of all together."""

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
    """`forecast:TRIAL/what`: the median with its interval; `planned` and the chance of holding the plan are parts.

    `forecast:portfolio/cost`: the same of all trials together; `forecast:count` and `forecast:count/TRIAL`: how many there are.
    """

    prefix = "forecast"

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def find(self, key: str) -> Fact | None:
        """One forecast, or how many there are."""
        if key == "count" or key.startswith("count/"):
            return self._count(key)
        return self._all.get(key)

    def facts(self) -> Iterable[Fact]:
        """All of them, those least likely to hold their plan first."""
        return sorted(self._all.values(), key=lambda fact: (fact.parts.get("p_by_plan", (1.0, ""))[0], fact.id))

    def of(self, study: str = "") -> list[Fact]:
        """Those of one trial, or all: those least likely to hold their plan first."""
        return [fact for fact in self.facts() if study in ("", fact.scope.key)]

    def costs(self, study: str = "") -> list[Fact]:
        """The cost at the end of one trial, or of each, the largest overrun first."""
        found = [fact for fact in self.of(study) if fact.id.endswith("/cost") and fact.scope.key]
        return sorted(found, key=lambda fact: (_approved(fact) - float(fact.value), fact.id))  # type: ignore[arg-type]

    def _count(self, key: str) -> Fact:
        study = key.partition("/")[2]
        return Fact(
            f"forecast:{key}",
            "number of forecasts",
            float(len(self.of(study))),
            "number",
            snapshot=self._snapshot.id,
            source="simulation of the trials from their own history",
        )

    @cached_property
    def _all(self) -> dict[str, Fact]:
        found: dict[str, Fact] = {}
        portfolio = forecast_portfolio(self._snapshot, SEED)
        if sum(trial.money is not None for trial in portfolio.trials) > 1 and (fact := self._money("", portfolio)) is not None:
            found["portfolio/cost"] = fact
        for trial in portfolio.trials:
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
        what = "cost at the end of the trial" if study else "cost of the running trials together at their end"
        parts: dict[str, tuple[Value, str]] = {
            "what": (what, "text"),
            "planned": (float(money.approved), money.currency),
            "p_by_plan": (float(money.p_within), "probability"),
        }
        interval = Interval(float(money.quantiles[ends[0]]), float(money.quantiles[ends[1]]), ends[2])
        name = study or "portfolio"
        return self._fact(f"{name}/cost", f"forecast of cost, {name}", float(money.quantiles[0.5]), money.currency, interval, parts, study)

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
            Scope("study", study) if study else Scope(),
            state.data_cut,
            state.id,
            f"seed {SEED}",
            "simulation of the trial from its own history",
        )


def _approved(fact: Fact) -> float:
    return float(fact.parts["planned"][0])  # type: ignore[arg-type]


def provider(snapshot: Snapshot, settings: Settings, record: Record | None) -> ForecastProvider:
    """Called by the table of providers."""
    return ForecastProvider(snapshot)
