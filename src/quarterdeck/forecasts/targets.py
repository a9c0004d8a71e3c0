"""Targets of the role that joint futures cannot answer: taken from the measure that states its own chance, with its source."""

from __future__ import annotations

from dataclasses import replace

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.model import TargetForecast
from quarterdeck.measures.catalogue import load_definitions
from quarterdeck.measures.evaluate import evaluate
from quarterdeck.measures.findings import TOLD_BY_FORECASTS
from quarterdeck.measures.model import Definition, Target
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.reading import Reading

ROLE = "Target of the role"
# Measures whose target joint futures answer (forecasts/portfolio.py); their readings carry that chance (forecasts/chances.py).
ANSWERED_BY = dict(zip(TOLD_BY_FORECASTS, ("budget_within_5_percent", "cycle_time_10_percent_shorter"), strict=True))
# The same matters over another stretch or part: beside the simulated targets they would only confuse.
LIKE_SIMULATED = ("budget_variance_quarter", "cycle_time_change_without_treatment")


def measured_targets(snapshot: Snapshot) -> tuple[TargetForecast, ...]:
    """One target for each headline measure that carries a target of the role and is not simulated, in the order of the catalogue."""
    wanted = [d for d in load_definitions().values() if d.headline and d.id not in (*ANSWERED_BY, *LIKE_SIMULATED)]
    return tuple(_ask_measure(d, d.target, snapshot) for d in wanted if d.target is not None and d.target.source == ROLE)


def _ask_measure(definition: Definition, target: Target, snapshot: Snapshot) -> TargetForecast:
    readings = evaluate(definition.id, snapshot, "portfolio")
    reading = readings[0] if readings else None
    found = TargetForecast(
        definition.id,
        f"{definition.name}: will the target be met ({target.in_words(definition.unit)})?",
        None,
        None,
        "",
        source=f"Measure: {definition.name[:1].lower()}{definition.name[1:]}",
        until=target.horizon,
        measure=definition.id,
    )
    if reading is None or reading.p_target is None:
        return replace(found, reason=_reason(reading))
    return replace(found, probability=reading.p_target, detail=_detail(reading))


def _reason(reading: Reading | None) -> str:
    if reading is None:
        return "Not assessed: the measure has no reading."
    return f"Not assessed: {reading.reason or reading.not_assessed or 'its measure gives no chance'}."


def _detail(reading: Reading) -> str:
    if reading.value is None:
        return f"No value yet: {reading.reason}."
    interval = "" if reading.interval is None else f", {wording.interval(reading.interval, reading.unit)}"
    return f"Now {wording.in_unit(reading.value, reading.unit)}{interval}."
