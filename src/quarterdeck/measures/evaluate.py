"""Evaluate measures on a snapshot: a definition in, one reading per thing out. One query per measure serves all levels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from quarterdeck.evidence.outside import codes_outside
from quarterdeck.measures import drivers
from quarterdeck.measures.build import Rows, build_all
from quarterdeck.measures.catalogue import get_definition, load_definitions
from quarterdeck.measures.estimate import Cells
from quarterdeck.measures.methods import METHODS
from quarterdeck.measures.model import Definition
from quarterdeck.measures.rows import RowBehind, rows_behind
from quarterdeck.measures.scopes import Keys, choose_grain, derive_clusters, derive_keys, list_keys
from quarterdeck.measures.source import Choices, Source
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.reading import Reading

if TYPE_CHECKING:
    import pyarrow as pa

    from quarterdeck.evidence.snapshot import Snapshot

OUTSIDE = "not_in_study_table"  # in details: codes that a total of money counts although they are no trial that was loaded

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
        return _note_outside(source, kind.special(definition, source, level))
    answer = source.read_sums(definition, kind.with_values, level=level)
    return build_readings(definition, source, level, answer)


def _note_outside(source: Source, readings: list[Reading]) -> list[Reading]:
    """Totals of the portfolio say which codes they count that are not in the study table."""
    tables = {table for reading in readings if reading.provenance for table in reading.provenance.tables}
    codes = ", ".join(codes_outside(source.snapshot, sorted(tables)))
    return [replace(r, details={**r.details, OUTSIDE: codes}) if codes and r.scope.level == "portfolio" else r for r in readings]


def build_readings(definition: Definition, source: Source, level: str, answer: pa.Table) -> list[Reading]:
    """Readings from the sums of a query; `answer` as `build_aggregate` gives it."""
    keys = derive_keys(answer, level, source.snapshot)
    use = choose_grain(answer, level) & (keys.place >= 0)
    names, group = _number(keys.take(use), list_keys(source.snapshot, level))
    clusters = keys.take(use) if level == "site" else derive_clusters(answer, level, source.snapshot).take(use)
    cells = _build_cells(answer, use, group, clusters.place)
    counts = [np.bincount(group, _column(answer, name)[use], len(names)) for name in ("n_rows", "n_collected", "n_counted")]
    kind = METHODS[definition.method.name]
    assert kind.estimator is not None
    target = definition.target.value if definition.target else np.nan
    found = kind.estimator(cells, len(names), definition.method, target)
    told = drivers.derive_drivers(definition, level, cells, clusters.names, len(names), found)
    return build_all(definition, source, level, names, Rows(*counts), found, told)


def _number(keys: Keys, known: list[str]) -> tuple[list[str], np.ndarray]:
    """The things that occur or are known, in order of name, and the number of each row's thing among them."""
    occurring = np.flatnonzero(np.bincount(keys.place, minlength=len(keys.names)))
    names = sorted({keys.names[place] for place in occurring.tolist()}.union(known))
    number = {name: i for i, name in enumerate(names)}
    return names, np.array([number.get(name, -1) for name in keys.names], dtype=np.intp)[keys.place]


def _build_cells(answer: pa.Table, use: np.ndarray, group: np.ndarray, cluster: np.ndarray) -> Cells:
    has_values = "value" in answer.column_names
    sums = [_column(answer, name)[use] for name in ("numerator", "denominator")]
    value, observed = (_column(answer, name)[use] for name in ("value", "observed")) if has_values else (None, None)
    return Cells(group, cluster, sums[0], sums[1], value, observed)


def _column(answer: pa.Table, name: str) -> np.ndarray:
    numbers = answer.column(name).cast("float64").combine_chunks()
    return np.asarray(numbers.fill_null(np.nan if name == "value" else 0.0).to_numpy(zero_copy_only=False))
