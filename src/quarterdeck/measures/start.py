"""The start of every reading: what it is of, where it comes from, and a reason for having no value until one is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from quarterdeck.measures.queries import QUERIES
from quarterdeck.vocabulary.provenance import Provenance
from quarterdeck.vocabulary.reading import Reading, Scope

if TYPE_CHECKING:
    from quarterdeck.measures.model import Definition
    from quarterdeck.measures.source import Source

# Gives the reading of a thing, from its key, how many source rows count towards it, and what was found.
BuildReading = Callable[..., Reading]


def start_readings(definition: Definition, source: Source, level: str, unit: str = "") -> BuildReading:
    """A function (key, n_rows, **found) that builds the readings of a level: what they share is looked up once for thousands of them."""
    unit = unit or definition.unit
    snapshot, tables = source.snapshot.id, QUERIES[definition.query].tables
    shared = {
        "measure": definition.id,
        "unit": unit,
        "target": definition.target.in_words(unit) if definition.target else "",
        "period": source.period,
        "as_of": source.cut,
        "snapshot": snapshot,
        "definition": definition.reference,
    }

    def build(key: str, n_rows: int, **found: object) -> Reading:
        return Reading(scope=Scope(level, key), provenance=Provenance(snapshot, tables, n_rows), **shared, **found)  # type: ignore[arg-type]

    return build


def start_reading(definition: Definition, source: Source, level: str, key: str, n_rows: int, unit: str = "") -> Reading:
    """A reading that is not assessed yet; `n_rows` source rows count towards it."""
    return start_readings(definition, source, level, unit)(key, n_rows, not_assessed=definition.empty)
