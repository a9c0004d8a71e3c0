"""The start of every reading: what it is of, where it comes from, and a reason for having no value until one is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.measures.queries import QUERIES
from quarterdeck.measures.scopes import get_scope
from quarterdeck.vocabulary.provenance import Provenance
from quarterdeck.vocabulary.reading import Reading

if TYPE_CHECKING:
    from quarterdeck.measures.model import Definition
    from quarterdeck.measures.source import Source


def start_reading(definition: Definition, source: Source, level: str, key: str, n_rows: int, unit: str = "") -> Reading:
    """A reading that is not assessed yet; `n_rows` source rows count towards it."""
    unit = unit or definition.unit
    return Reading(
        measure=definition.id,
        scope=get_scope(level, key),
        unit=unit,
        not_assessed=definition.empty,
        target=definition.target.in_words(unit) if definition.target else "",
        period=source.period,
        as_of=source.cut,
        snapshot=source.snapshot.id,
        definition=definition.reference,
        provenance=Provenance(source.snapshot.id, QUERIES[definition.query].tables, n_rows),
    )
