"""Evaluate measures on a snapshot: a definition in, one reading per thing out. One query per measure serves all levels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from quarterdeck.measures import drivers
from quarterdeck.measures.catalogue import get_definition, load_definitions
from quarterdeck.measures.estimate import Cells, Estimates
from quarterdeck.measures.judge import derive_chance, derive_verdict
from quarterdeck.measures.methods import METHODS
from quarterdeck.measures.model import Definition
from quarterdeck.measures.rows import RowBehind, rows_behind
from quarterdeck.measures.scopes import choose_grain, derive_clusters, derive_keys, list_keys, read_register
from quarterdeck.measures.source import Choices, Source
from quarterdeck.measures.start import start_reading
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.reading import Reading
from quarterdeck.vocabulary.verdict import NotAssessed

if TYPE_CHECKING:
    import pyarrow as pa

    from quarterdeck.evidence.snapshot import Snapshot

__all__ = ["Choices", "RowBehind", "Source", "evaluate", "evaluate_all", "evaluate_from", "rows_behind"]


def evaluate(measure_id: str, snapshot: Snapshot, level: str = "study", choices: Choices | None = None) -> list[Reading]:
    """Readings of one measure at one level, one per thing in order of its key, kept with the snapshot.

    Raises NotFound for an unknown measure and BadInput for a level the measure does not have.
    """
    return evaluate_from(get_definition(measure_id), Source.of(snapshot, choices), level)


def evaluate_all(snapshot: Snapshot, choices: Choices | None = None, levels: Iterable[str] | None = None) -> list[Reading]:
    """Readings of every measure at every level it has (or at these levels).

    Where a measure's tables hold no row at all, only its coarsest level says so.
    """
    source = Source.of(snapshot, choices)
    wanted = set(levels) if levels is not None else None
    out: list[Reading] = []
    for definition in load_definitions().values():
        chosen = [level for level in definition.levels if wanted is None or level in wanted]
        for level in chosen if source.has_rows(definition) else chosen[:1]:
            out += evaluate_from(definition, source, level)
    return out


def evaluate_from(definition: Definition, source: Source, level: str) -> list[Reading]:
    """Readings of a definition from a source (which may stop at an earlier day), kept with the snapshot."""
    if level not in definition.levels:
        raise BadInput("The measure has no such level", thing=f"{definition.id} at {level}", allowed=definition.levels)
    key = ("measures", "readings", definition.hash, level, source.cut, source.period, source.choices)
    return list(source.snapshot.cached(key, lambda: tuple(_evaluate(definition, source, level))))


def _evaluate(definition: Definition, source: Source, level: str) -> list[Reading]:
    kind = METHODS[definition.method.name]
    if kind.special is not None:
        return kind.special(definition, source, level)
    answer = source.read_sums(definition, kind.with_values)
    return build_readings(definition, source, level, answer)


def build_readings(definition: Definition, source: Source, level: str, answer: pa.Table) -> list[Reading]:
    """Readings from the sums of a query; `answer` as `build_aggregate` gives it."""
    register = read_register(source.snapshot)
    keys = derive_keys(answer, level, register)
    use = choose_grain(answer, level) & (keys != None)  # noqa: E711
    names = sorted({str(key) for key in keys[use]} | set(list_keys(source.snapshot, level)))
    number = {name: i for i, name in enumerate(names)}
    group = np.array([number[str(key)] for key in keys[use]], dtype=np.intp)
    # A site is its own cluster; text is slow to sort, so it is not asked for twice.
    clusters = keys[use] if level == "site" else derive_clusters(answer, level, register)[use]
    cluster = group if level == "site" else np.unique(clusters.astype(str), return_inverse=True)[1].astype(np.intp)
    cells = _build_cells(answer, use, group, cluster)
    counts = [np.bincount(group, _column(answer, name)[use], len(names)) for name in ("n_rows", "n_collected", "n_counted")]
    kind = METHODS[definition.method.name]
    assert kind.estimator is not None
    target = definition.target.value if definition.target else np.nan
    found = kind.estimator(cells, len(names), definition.method, target)
    told = drivers.derive_drivers(definition, level, cells, clusters, len(names), found)
    readings = []
    for i, name in enumerate(names):
        base = start_reading(definition, source, level, name, int(counts[2][i]))
        readings.append(_finish(base, definition, found, i, counts[0][i], counts[1][i], told.get(i, ())))
    return readings


def _finish(
    base: Reading, definition: Definition, found: Estimates, i: int, rows: float, collected: float, told: tuple[tuple[str, float], ...]
) -> Reading:
    count, total, value = float(found.count[i]), float(found.total[i]), float(found.value[i])
    if rows == 0:
        return replace(base, not_assessed=NotAssessed.NOT_COLLECTED, reason="the tables behind it hold no row for this")
    if collected == 0:
        return replace(base, not_assessed=NotAssessed.NOT_COLLECTED, reason="the source does not fill the columns it needs")
    if total <= 0 or total < definition.minimum or not np.isfinite(value):
        return _give_reason(replace(base, numerator=count, denominator=total), definition, count, total)
    chance = derive_chance(definition.target, float(found.chance[i]))
    low, high = float(found.low[i]), float(found.high[i])
    is_closed = np.isfinite(low) and np.isfinite(high)
    details: dict[str, float | str | None] = {} if is_closed else {"low": low if np.isfinite(low) else None, "high": "not reached"}
    return replace(
        base,
        value=value,
        numerator=count,
        denominator=total,
        not_assessed=None,
        interval=Interval(min(low, value), max(high, value), definition.method.level) if is_closed else None,
        verdict=derive_verdict(definition.target, value, chance),
        p_target=chance,
        drivers=told,
        details=details,
    )


def _give_reason(base: Reading, definition: Definition, count: float, total: float) -> Reading:
    if total <= 0:
        return replace(base, reason=f"no {definition.denominator[0].lower()}{definition.denominator[1:]}".rstrip("."))
    if total < definition.minimum:
        least = f"{wording.number(total)} of at least {wording.number(definition.minimum)} needed"
        return replace(base, not_assessed=NotAssessed.TOO_FEW, reason=least)
    return replace(base, not_assessed=NotAssessed.NOT_YET_DUE, reason=f"the median is not reached: {wording.of(count, total)} have ended")


def _build_cells(answer: pa.Table, use: np.ndarray, group: np.ndarray, cluster: np.ndarray) -> Cells:
    has_values = "value" in answer.column_names
    sums = [_column(answer, name)[use] for name in ("numerator", "denominator")]
    value, observed = (_column(answer, name)[use] for name in ("value", "observed")) if has_values else (None, None)
    return Cells(group, cluster, sums[0], sums[1], value, observed)


def _column(answer: pa.Table, name: str) -> np.ndarray:
    return np.asarray(answer.column(name).cast("float64").fill_null(np.nan if name == "value" else 0.0).to_numpy(zero_copy_only=False))
