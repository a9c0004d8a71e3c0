"""A measure over time, for control charts: each period's reading, worked out from the dates of events in one snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from quarterdeck.measures.catalogue import get_definition
from quarterdeck.measures.evaluate import build_readings, evaluate_from
from quarterdeck.measures.methods import METHODS
from quarterdeck.measures.source import Choices, Source
from quarterdeck.methods import control
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.period import Period
from quarterdeck.vocabulary.reading import Reading

if TYPE_CHECKING:
    import pyarrow as pa

    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.measures.model import Definition


def get_periods(kind: str, count: int, until: date) -> list[Period]:
    """The last `count` whole months or quarters that ended by `until`, oldest first."""
    if kind not in ("month", "quarter"):
        raise BadInput("Unknown kind of period", thing=kind, allowed="month, quarter")
    found: list[Period] = []
    day = until + timedelta(days=1)
    while len(found) < count:
        last = date(day.year, day.month, 1) - timedelta(days=1)
        period = Period.month(last.year, last.month) if kind == "month" else Period.quarter_of(last)
        if period.last > until:  # the quarter is not over
            day = period.first
            continue
        found.append(period)
        day = period.first
    return found[::-1]


def history(
    measure_id: str, snapshot: Snapshot, level: str = "portfolio", periods: Sequence[Period] = (), choices: Choices | None = None
) -> list[Reading]:
    """Readings of each period in order of period, then of key. Without periods: the last twelve whole months.

    Measures of what happens (flow) count what happened within a period; measures of a state are read as of its last day.
    Raises BadInput for a measure without history.
    """
    definition = get_definition(measure_id)
    if definition.history == "none":
        raise BadInput("The measure has no history", thing=measure_id, next_step="Compare two snapshots instead.")
    chosen = list(periods) or get_periods("month", 12, snapshot.data_cut)
    source = Source.of(snapshot, choices)
    key = ("measures", "history", definition.hash, level, tuple(chosen), source.choices)
    read = _read_flow if definition.history == "flow" else _read_states
    return list(snapshot.cached(key, lambda: tuple(read(definition, source, level, chosen))))


def _read_states(definition: Definition, source: Source, level: str, periods: list[Period]) -> list[Reading]:
    return [reading for period in periods for reading in evaluate_from(definition, source.at(period.last), level)]


def _read_flow(definition: Definition, source: Source, level: str, periods: list[Period]) -> list[Reading]:
    answer = source.read_sums(definition, METHODS[definition.method.name].with_values, monthly=True)
    months = np.array(answer.column("month").to_pylist(), dtype="datetime64[D]")
    out: list[Reading] = []
    for period in periods:
        within = (months >= np.datetime64(period.first)) & (months <= np.datetime64(period.last))
        out += build_readings(definition, replace(source, period=period), level, _take(answer, within))
    return out


def _take(answer: pa.Table, within: np.ndarray) -> pa.Table:
    import pyarrow as pa

    return answer.filter(pa.array(within))


def fit_control_chart(readings: Sequence[Reading]) -> control.ControlChart | None:
    """The control chart of one thing's history; periods that were not assessed are left out. None for fewer than two."""
    known = [reading for reading in readings if reading.value is not None]
    if len(known) < 2:
        return None
    method = get_definition(known[0].measure).method
    counts = [(reading.numerator or 0.0, reading.denominator or 0.0) for reading in known]
    if method.name == "share":
        return control.fit_shares(*zip(*counts, strict=True))
    if method.name == "rate":
        return control.fit_rates([k for k, _ in counts], [t / method.per for _, t in counts])
    return control.fit_individuals([reading.value for reading in known if reading.value is not None])
