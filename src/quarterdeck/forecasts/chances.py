"""One chance for each target of the role: where joint futures answer a measure's target, its reading carries their chance, not its own.

A measure judges the end of a year from past errors, or a change of pace from past locks. The joint futures know each trial's own course,
so theirs is the chance that pages, papers and commands state. Whoever shows readings reads them here.
"""

from __future__ import annotations

from dataclasses import replace

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.model import TargetForecast
from quarterdeck.forecasts.portfolio import simulate_targets
from quarterdeck.forecasts.targets import ANSWERED_BY
from quarterdeck.measures.evaluate import evaluate
from quarterdeck.measures.judge import derive_outlook
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.reading import Reading


def read_measure(measure_id: str, snapshot: Snapshot, level: str = "study") -> list[Reading]:
    """Readings as `measures.evaluate` gives them; those of the portfolio with the simulated chance where their target is simulated.

    Raises as `evaluate`.
    """
    readings = evaluate(measure_id, snapshot, level)
    if measure_id not in ANSWERED_BY or level != "portfolio":
        return readings
    target = find_target(measure_id, snapshot)
    return [take_chance(reading, target) for reading in readings]


def find_target(measure_id: str, snapshot: Snapshot) -> TargetForecast:
    """The simulated target that answers for a measure's."""
    simulated = simulate_targets(snapshot, snapshot.choices.random_seed)
    return next(target for target in simulated if target.target == ANSWERED_BY[measure_id])


def take_chance(reading: Reading, target: TargetForecast) -> Reading:
    """The reading with the chance of the simulated target, and where it says so with the end that the futures expect.

    The measure's own outlook goes: two of them would contradict one another.
    """
    details = {**reading.details, "chance_from": target.source[:1].lower() + target.source[1:], "outlook": target.detail or target.reason}
    reason = reading.reason or ("" if target.probability is not None else target.reason)
    if target.target == ANSWERED_BY["budget_variance_year"]:
        reading, details = _expect(reading, target), {**details, **_expected_details(target)}
    verdict = derive_outlook(target.probability) if reading.is_assessed else reading.verdict
    return replace(reading, p_target=target.probability, verdict=verdict, details=details, reason=reason)


def _expect(reading: Reading, target: TargetForecast) -> Reading:
    """The interval of where the year will end, if it holds today's value; else none, as the measure has it."""
    if target.ends is None or reading.value is None or not target.ends[0] <= reading.value <= target.ends[2]:
        return replace(reading, interval=None)
    return replace(reading, interval=Interval(target.ends[0], target.ends[2], 0.9))


def _expected_details(target: TargetForecast) -> dict[str, float | str | None]:
    low, middle, high = target.ends or (None, None, None)
    return {"expected_variance": middle, "expected_low": low, "expected_high": high}
