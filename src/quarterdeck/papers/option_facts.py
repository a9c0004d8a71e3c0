"""What could be done for a trial, as facts: comparisons that somebody kept, else four standard options computed when a paper asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from quarterdeck.forecasts.facts import read_facts
from quarterdeck.papers.facts import Fact, Value
from quarterdeck.record.models.forecasts import KeptScenario
from quarterdeck.scenarios.actions import read_kept, read_scenario
from quarterdeck.scenarios.prepare import describe_scenario
from quarterdeck.scenarios.run import BASELINE
from quarterdeck.scenarios.standard import STANDARD, compare_standard
from quarterdeck.vocabulary.errors import QuarterdeckError
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.settings import Settings

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.record.database import Record

LEVEL = 0.9
GAIN = -1.0  # a change of less than a day is no gain
SOURCES = {"kept": "the scenario that was kept", "standard": "simulation of the trial on common futures"}


class OptionProvider:
    """`option:TRIAL/kept/ID` or `option:TRIAL/standard/NAME`: change of the last participant in, in days; `…/money`: change of cost."""

    prefix = "option"

    def __init__(self, snapshot: Snapshot, seed: int, kept: Iterable[KeptScenario] = ()) -> None:
        self._snapshot, self._seed, self._rows = snapshot, seed, tuple(kept)

    def find(self, key: str) -> Fact | None:
        """One option. A standard one is computed now, for its trial alone."""
        study, _, rest = key.partition("/")
        if not rest.startswith("standard/"):
            return self._kept.get(key)
        try:
            return self._standard(study).get(key)
        except QuarterdeckError:
            return None

    def facts(self) -> Iterable[Fact]:
        """Those that were kept: a list of facts is no reason to simulate every trial."""
        return self._kept.values()

    def options(self, study: str) -> tuple[str, ...]:
        """Ids of the options of a trial: what was kept, newest first, else the standard ones. Raises as `compare_standard`."""
        kept = tuple(f"option:{study}/kept/{row.id}" for row in self._rows if row.study_id == study)
        if kept:
            return kept
        self._standard(study)
        return tuple(f"option:{study}/standard/{name}" for name in STANDARD)

    @cached_property
    def _kept(self) -> dict[str, Fact]:
        found: dict[str, Fact] = {}
        for row in self._rows:
            currency = str(row.result.get("currency") or read_facts(self._snapshot).currency)
            when: dict[str, tuple[Value, str]] = {"kept_at": (row.kept_at.date(), "date")}
            key = f"{row.study_id}/kept/{row.id}"
            found |= self._option(key, _describe(row), row.result, currency, row.seed, row.snapshot, when)
        return found

    def _standard(self, study: str) -> dict[str, Fact]:
        comparison = compare_standard(self._snapshot, study, self._seed)
        found: dict[str, Fact] = {}
        for result in comparison.results:
            name = "baseline" if result.name == BASELINE else result.name
            days, money = asdict(result.days), asdict(result.money)
            values = {"days": days["mean"], "money": money["mean"], "paid_now": result.paid_now, "p_by_plan": result.p_by_plan}
            values |= {f"{what}_{end}": ends[end] for what, ends in (("days", days), ("money", money)) for end in ("low", "high")}
            found |= self._option(
                f"{study}/standard/{name}", result.description, values, comparison.currency, self._seed, self._snapshot.id
            )
        return found

    def _option(
        self,
        key: str,
        what: str,
        result: Mapping[str, Any],
        currency: str,
        seed: int,
        snapshot: str,
        more: Mapping[str, tuple[Value, str]] = MappingProxyType({}),
    ) -> dict[str, Fact]:
        study, kind, _ = key.split("/", 2)
        days, money = float(result["days"]), float(result["money"])
        parts: dict[str, tuple[Value, str]] = {"what": (what, "text"), **more}
        if result.get("p_by_plan") is not None:
            parts["p_by_plan"] = (float(result["p_by_plan"]), "probability")
        if result.get("paid_now") is not None:
            parts["paid_now"] = (float(result["paid_now"]), currency)
        if days < GAIN:
            # Time gained saves running costs, so what is left at the end may be less than nothing: the price is what has to be found.
            price = max(float(result.get("paid_now") or 0.0), money, 0.0)
            parts["gained"] = (float(round(-days)), "days")
            parts["price_of_a_day"] = (price / -days, currency)
        about = (Scope("study", study), self._snapshot.data_cut, snapshot, f"seed {seed}", SOURCES[kind])
        return {
            key: Fact(
                f"option:{key}",
                f"change of the last participant in, {study}",
                float(round(days)),
                "days",
                _ends(result, "days"),
                parts,
                *about,
            ),
            f"{key}/money": Fact(f"option:{key}/money", f"change of cost, {study}", money, currency, _ends(result, "money"), {}, *about),
        }


def provider(snapshot: Snapshot, settings: Settings, record: Record | None) -> OptionProvider:
    """Called by the table of providers."""
    kept = [] if record is None else [row for row, _ in read_kept(record)]
    return OptionProvider(snapshot, settings.random_seed, kept)


def _describe(row: KeptScenario) -> str:
    try:
        return describe_scenario(read_scenario(row))
    except QuarterdeckError:  # kept with a lever that has since changed: the words it was kept under
        return row.name


def _ends(result: Mapping[str, Any], what: str) -> Interval | None:
    """90 % of paired futures, in whole days or units of money; none for what was kept before these were."""
    low, high = result.get(f"{what}_low"), result.get(f"{what}_high")
    return None if low is None or high is None else Interval(float(round(low)), float(round(high)), LEVEL)
