"""From what was found for each thing to its reading, all things at once: arrays until the last step, which makes the objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from quarterdeck.measures.judge import derive_chances, derive_verdicts
from quarterdeck.measures.start import derive_shared, get_tables
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.bulk import build_many
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.provenance import Provenance
from quarterdeck.vocabulary.reading import Reading, Scope
from quarterdeck.vocabulary.verdict import NotAssessed

if TYPE_CHECKING:
    from quarterdeck.measures.estimate import Estimates, Floats
    from quarterdeck.measures.model import Definition
    from quarterdeck.measures.source import Source

Drivers = tuple[tuple[str, float], ...]
Objects = NDArray[np.object_]
Numbers = NDArray[np.number[Any]]


@dataclass(frozen=True)
class Rows:
    """How many source rows each thing has, how many of them could be judged, and how many count towards the reading."""

    all: Numbers
    collected: Numbers
    counted: Numbers


def build_all(
    definition: Definition, source: Source, level: str, names: list[str], rows: Rows, found: Estimates, told: Mapping[int, Drivers]
) -> list[Reading]:
    """One reading per name, in their order; `told` holds the drivers of those things that have some."""
    n = len(names)
    is_assessed = (found.total > 0) & (found.total >= definition.minimum) & np.isfinite(found.value) & (rows.collected != 0)
    is_closed = is_assessed & np.isfinite(found.low) & np.isfinite(found.high)
    chance = derive_chances(definition.target, found.chance)
    verdict = np.array(derive_verdicts(definition.target, found.value, chance), dtype=object)
    verdict[~is_assessed] = None
    columns: dict[str, Objects] = {
        "value": _where(is_assessed, found.value),
        "numerator": _where(rows.collected != 0, found.count),
        "denominator": _where(rows.collected != 0, found.total),
        "interval": _build_intervals(definition, found, is_closed),
        "verdict": verdict,
        "p_target": _where(is_assessed & np.isfinite(chance), chance),
        "not_assessed": np.full(n, None, dtype=object),
        "reason": np.full(n, "", dtype=object),
        "details": np.array([{} for _ in names], dtype=object),
    }
    for i in np.flatnonzero(~is_assessed).tolist():
        columns["not_assessed"][i], columns["reason"][i] = _give_reason(definition, rows, found, i)
    for i in np.flatnonzero(is_assessed & ~is_closed).tolist():
        columns["details"][i] = {"low": float(found.low[i]) if np.isfinite(found.low[i]) else None, "high": "not reached"}
    drivers = [told.get(i, ()) if counts else () for i, counts in enumerate(is_assessed.tolist())] if told else repeat(())
    snapshot = source.snapshot.id
    return build_many(
        Reading,
        n,
        scope=build_many(Scope, n, level=repeat(level), key=names),
        provenance=build_many(
            Provenance, n, snapshot=repeat(snapshot), tables=repeat(get_tables(definition)), n_rows=rows.counted.astype(int).tolist()
        ),
        drivers=drivers,
        **{name: column.tolist() for name, column in columns.items()},
        **{name: repeat(value) for name, value in derive_shared(definition, source, definition.unit).items()},
    )


def _where(known: NDArray[np.bool_], numbers: Floats) -> Objects:
    """The numbers as they are in readings: nothing where there is none."""
    out = numbers.astype(object)
    out[~known] = None
    return out


def _build_intervals(definition: Definition, found: Estimates, is_closed: NDArray[np.bool_]) -> Objects:
    """The interval of each thing, which always holds the value; none where an end is open."""
    value, low, high = (ends[is_closed] for ends in (found.value, found.low, found.high))
    ends = {"low": np.minimum(low, value).tolist(), "high": np.maximum(high, value).tolist()}
    out = np.full(len(is_closed), None, dtype=object)
    out[is_closed] = build_many(Interval, len(value), **ends, level=repeat(definition.method.level))
    return out


def _give_reason(definition: Definition, rows: Rows, found: Estimates, i: int) -> tuple[NotAssessed, str]:
    """Why a thing has no value."""
    total = float(found.total[i])
    if rows.all[i] == 0:
        return NotAssessed.NOT_COLLECTED, "the tables behind it hold no row for this"
    if rows.collected[i] == 0:
        return NotAssessed.NOT_COLLECTED, "the source does not fill the columns it needs"
    if total <= 0:
        return definition.empty, f"no {definition.denominator[0].lower()}{definition.denominator[1:]}".rstrip(".")
    if total < definition.minimum:
        return NotAssessed.TOO_FEW, f"{wording.number(total)} of at least {wording.number(definition.minimum)} needed"
    return NotAssessed.NOT_YET_DUE, f"the median is not reached: {wording.of(float(found.count[i]), total)} have ended"
