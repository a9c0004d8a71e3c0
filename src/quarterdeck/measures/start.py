"""The start of every reading: what it is of, where it comes from, and a reason for having no value until one is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quarterdeck.measures.queries import QUERIES
from quarterdeck.vocabulary.provenance import Provenance
from quarterdeck.vocabulary.reading import Reading, Scope

if TYPE_CHECKING:
    from quarterdeck.measures.model import Definition
    from quarterdeck.measures.source import Source


def start_reading(definition: Definition, source: Source, level: str, key: str, n_rows: int, unit: str = "") -> Reading:
    """A reading that is not assessed yet; `n_rows` source rows count towards it."""
    provenance = Provenance(source.snapshot.id, get_tables(definition), n_rows)
    shared = derive_shared(definition, source, unit or definition.unit)
    return Reading(scope=Scope(level, key), provenance=provenance, not_assessed=definition.empty, **shared)


def derive_shared(definition: Definition, source: Source, unit: str) -> dict[str, Any]:
    """What all readings of a measure from a source have in common, by field."""
    return {
        "measure": definition.id,
        "unit": unit,
        "target": definition.target.in_words(unit) if definition.target else "",
        "period": source.period,
        "as_of": source.cut,
        "snapshot": source.snapshot.id,
        "definition": definition.reference,
    }


def get_tables(definition: Definition) -> tuple[str, ...]:
    """Every table that a reading of a measure may rest on."""
    return QUERIES[definition.query].tables
