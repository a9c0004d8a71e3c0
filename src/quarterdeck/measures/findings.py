"""What the measures have to say to whoever decides: targets likely to be missed, trials that stand out, and rates of exchange that cannot be."""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING

from quarterdeck.measures.catalogue import load_definitions
from quarterdeck.measures.evaluate import Choices, evaluate
from quarterdeck.measures.model import Comparison, Definition, Direction
from quarterdeck.measures.rates_of_exchange import ACTUAL, BUDGET, read_rates
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.finding import Consequence, Finding
from quarterdeck.vocabulary.period import Period
from quarterdeck.vocabulary.reading import Reading, Scope
from quarterdeck.vocabulary.verdict import Verdict

if TYPE_CHECKING:
    from datetime import date

    from quarterdeck.evidence.snapshot import Snapshot

# Trials are named one by one only where so sure: with 24 trials and some 20 measures, weaker evidence names someone by luck.
SURE_BELOW = 0.02
MOST_NAMED = 3
# Their targets lie ahead, and the joint futures of all trials say how likely the portfolio is to meet them.
TOLD_BY_FORECASTS = ("budget_variance_year", "cycle_time_change")
ALWAYS_NAMED = ("enrolment_against_plan", "budget_variance_year")
NEVER_NAMED = ("budget_variance_quarter",)  # the year says it again, with less noise
TRIAL_BANDS = 2.5
# A month-end rate this far from the budget rate is an error of entry sooner than a move of markets.
STRANGE_RATE = 1.25


def findings(snapshot: Snapshot, choices: Choices | None = None) -> list[Finding]:
    """All findings of a snapshot, kept with it: portfolio targets first, then trials, then rates of exchange."""
    key = ("measures", "findings", choices or snapshot.choices)
    return list(snapshot.cached(key, lambda: tuple(_find(snapshot, choices))))


def _find(snapshot: Snapshot, choices: Choices | None) -> list[Finding]:
    found: list[Finding] = []
    for definition in load_definitions().values():
        if "portfolio" in definition.levels and definition.id not in TOLD_BY_FORECASTS:
            for reading in evaluate(definition.id, snapshot, "portfolio", choices):
                if reading.verdict is Verdict.CONCERN and (definition.headline or (reading.p_target or 0.0) < SURE_BELOW):
                    found.append(_tell(definition, reading, snapshot))
        if "study" in definition.levels:
            found += _find_trials(definition, evaluate(definition.id, snapshot, "study", choices), snapshot)
    return found + _find_strange_rates(snapshot)


def _find_trials(definition: Definition, readings: list[Reading], snapshot: Snapshot) -> list[Finding]:
    """Trials that surely miss, one by one; where many do, it is one matter of the function and told once."""
    sure = [reading for reading in readings if reading.verdict is Verdict.CONCERN and _is_sure(definition, reading)]
    if len(sure) <= MOST_NAMED or definition.id in ALWAYS_NAMED:
        return [_tell(definition, reading, snapshot) for reading in sure]
    return [_tell_together(definition, sure, sum(reading.is_assessed for reading in readings), snapshot)]


def _is_sure(definition: Definition, reading: Reading) -> bool:
    if reading.p_target is None or reading.p_target >= SURE_BELOW or definition.target is None or definition.id in NEVER_NAMED:
        return False
    # The band is of the portfolio; a single trial errs by more than that as a matter of course.
    is_band = definition.target.comparison is Comparison.WITHIN
    return not is_band or abs(reading.value or 0.0) >= TRIAL_BANDS * definition.target.value


def _tell(definition: Definition, reading: Reading, snapshot: Snapshot) -> Finding:
    assert reading.value is not None
    value = wording.in_unit(reading.value, reading.unit)
    chance = "" if reading.p_target is None else f"; chance to meet it {wording.chance(reading.p_target)}"
    about = "The portfolio" if reading.scope.level == "portfolio" else reading.scope.key
    driven = wording.listing([name for name, _ in reading.drivers]) if reading.drivers else ""
    facts: dict[str, float | str] = {"value": reading.value, "target": reading.target, "measure": definition.name}
    if reading.p_target is not None:
        facts["chance"] = reading.p_target
    return Finding(
        id=f"measures.{definition.id}/{reading.scope.level}/{reading.scope.key}",
        source="measures",
        scope=reading.scope,
        headline=f"{about}: {_lower(definition.name)} is {value} (target: {reading.target}{chance})",
        verdict=Verdict.CONCERN,
        cause=f"Driven by {driven}" if driven else definition.why,
        suggested_action=_suggest(definition, driven),
        owner=definition.owner,
        consequence=Consequence(probability=None if reading.p_target is None else 1 - reading.p_target),
        readings=(reading,),
        facts=facts,
        snapshot=snapshot.id,
    )


def _tell_together(definition: Definition, sure: list[Reading], n: int, snapshot: Snapshot) -> Finding:
    sign = -1.0 if definition.direction is Direction.HIGHER else 1.0
    worst = sorted(sure, key=lambda reading: -sign * (reading.value or 0.0))[:MOST_NAMED]
    named = wording.listing([f"{r.scope.key} ({wording.in_unit(r.value or 0.0, r.unit)})" for r in worst])
    facts: dict[str, float | str] = {"trials": len(sure), "assessed": n, "target": sure[0].target, "measure": definition.name}
    return Finding(
        id=f"measures.{definition.id}/portfolio/trials",
        source="measures",
        scope=Scope("portfolio"),
        headline=f"{definition.name}: {wording.of(len(sure), n)} trials miss the target ({sure[0].target}); furthest {named}",
        verdict=Verdict.CONCERN,
        cause=definition.why,
        suggested_action=_suggest(definition, wording.listing([reading.scope.key for reading in worst])),
        owner=definition.owner,
        readings=tuple(sure),
        facts=facts | {reading.scope.key: reading.value or 0.0 for reading in worst},
        snapshot=snapshot.id,
    )


def _lower(name: str) -> str:
    """A name within a sentence: its first letter small, unless it is an abbreviation."""
    return name if name[1:2].isupper() else name[0].lower() + name[1:]


def _suggest(definition: Definition, driven: str) -> str:
    way = {Direction.LOWER: "brought down", Direction.HIGHER: "raised", Direction.MIDDLE: "brought back to plan"}[definition.direction]
    start = f"Start with {driven}: " if driven else ""
    return f"{start}ask what it would take for {_lower(definition.name)} to be {way}, and by when."


def _find_strange_rates(snapshot: Snapshot) -> list[Finding]:
    """Quarters in which an actual rate lies far from its budget rate; an inverted rate is named as such."""
    rates = read_rates(snapshot)
    strange: dict[tuple[str, str, Period], list[tuple[date, float, float]]] = {}
    for (kind, source, target), (days, values) in sorted(rates.series.items()):
        for day, rate in zip(days, values, strict=True) if kind in ACTUAL else ():
            budget = rates.get_rate(source, target, day, BUDGET)
            if budget and abs(log(rate / budget)) > log(STRANGE_RATE):
                strange.setdefault((source, target, Period.quarter_of(day)), []).append((day, rate, budget))
    return [_tell_rates(source, target, quarter, rows, snapshot) for (source, target, quarter), rows in strange.items()]


def _tell_rates(source: str, target: str, quarter: Period, rows: list[tuple[date, float, float]], snapshot: Snapshot) -> Finding:
    _, rate, budget = rows[-1]
    is_inverted = abs(log(rate * budget)) < log(STRANGE_RATE) / 2
    gap = exp(abs(log(rate / budget))) - 1
    when = wording.period(quarter)
    said, stated, off = wording.number(rate, 3), wording.number(budget, 3), wording.share(gap, 0)
    return Finding(
        id=f"measures.rates_of_exchange/portfolio/{source}-{target}@{quarter.first}",
        source="measures",
        scope=Scope("portfolio"),
        headline=f"The rate from {source} to {target} in {when} is {said}, {off} away from the budget rate of {stated}",
        verdict=Verdict.CONCERN,
        cause="It looks inverted: one over it fits the budget rate"
        if is_inverted
        else "So large a move is an error of entry sooner than one of markets",
        suggested_action="Ask finance for the rate, correct the extract and load it again; amounts at actual rates of these months are wrong until then.",
        owner="Head of trial finance",
        facts={"rate": rate, "budget_rate": budget, "months": len(rows), "quarter": when, "off": off},
        snapshot=snapshot.id,
    )
