"""A measure over time, for control charts: each period's reading, worked out from the dates of events in one snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from quarterdeck.measures.aggregate import SUMS
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

    Measures of what happens (flow) count what happened within a period; measures of a state are read as of its last day; of measures that only
    grow (growth), a period has what was added in it. Raises BadInput for a measure without history.
    """
    definition = get_definition(measure_id)
    if definition.history == "none":
        raise BadInput("The measure has no history", thing=measure_id, next_step=definition.history_reason)
    chosen = list(periods) or get_periods("month", 12, snapshot.data_cut)
    source = Source.of(snapshot, choices)
    key = ("measures", "history", definition.hash, level, tuple(chosen), source.choices)
    read = {"flow": _read_flow, "growth": _read_growth, "state": _read_states}[definition.history]
    return list(snapshot.cached(key, lambda: tuple(read(definition, source, level, chosen))))


def _read_states(definition: Definition, source: Source, level: str, periods: list[Period]) -> list[Reading]:
    return [reading for period in periods for reading in evaluate_from(definition, source.at(period.last), level)]


def _read_flow(definition: Definition, source: Source, level: str, periods: list[Period]) -> list[Reading]:
    kind = METHODS[definition.method.name]
    if kind.special is not None:
        return [reading for period in periods for reading in evaluate_from(definition, source.at(period.last, period), level)]
    answer = source.read_sums(definition, kind.with_values, monthly=True)
    months = np.array(answer.column("month").to_pylist(), dtype="datetime64[D]")
    out: list[Reading] = []
    for period in periods:
        within = (months >= np.datetime64(period.first)) & (months <= np.datetime64(period.last))
        out += build_readings(definition, replace(source, period=period), level, _take(answer, within))
    return out


def _read_growth(definition: Definition, source: Source, level: str, periods: list[Period]) -> list[Reading]:
    """Sums at the end of each period less those at its beginning."""
    import pyarrow as pa

    out: list[Reading] = []
    for period in periods:
        before = source.at(period.first - timedelta(days=1)).read_sums(definition, with_values=False)
        after = source.at(period.last).read_sums(definition, with_values=False)
        answer = pa.concat_tables([_turn(after, 1.0), _turn(before, -1.0)])
        out += build_readings(definition, replace(source, period=period), level, answer)
    return out


def _turn(answer: pa.Table, sign: float) -> pa.Table:
    """Sums to be added, or taken off. Rows stay counted once, in those to be added."""
    import pyarrow as pa
    import pyarrow.compute as pc

    signs = dict.fromkeys(SUMS, max(sign, 0.0)) | dict.fromkeys(("n_counted", "numerator", "denominator"), sign)
    for name, factor in signs.items():
        turned = pc.multiply(answer.column(name).cast(pa.float64()), factor)
        answer = answer.set_column(answer.schema.get_field_index(name), name, turned)
    return answer


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
    if method.name in ("rate", "audit_findings"):
        return control.fit_rates([k for k, _ in counts], [t / method.per for _, t in counts])
    return control.fit_individuals([reading.value for reading in known if reading.value is not None])
