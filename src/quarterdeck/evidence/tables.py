"""The contract tables as unbound Ibis tables, for measures that are written once and compiled to any engine's SQL."""

from __future__ import annotations

from functools import cache
from typing import Any

from quarterdeck.evidence.contracts import LINEAGE_TYPES, get_contract

IBIS_TYPES = {
    "VARCHAR": "string",
    "BIGINT": "int64",
    "DOUBLE": "float64",
    "DECIMAL(18,4)": "decimal(18, 4)",
    "DECIMAL(18,8)": "decimal(18, 8)",
    "DATE": "date",
    "TIMESTAMP": "timestamp(6)",
    "BOOLEAN": "boolean",
    "VARCHAR[]": "array<string>",
}


@cache
def table(name: str) -> Any:
    """The unbound table of a contract, lineage columns included.

    >>> table("site").site_id.type()
    String(length=None, nullable=True)
    """
    import ibis

    contract = get_contract(name)
    schema = {column.name: IBIS_TYPES[column.duckdb_type] for column in contract.columns}
    return ibis.table(schema | {name: IBIS_TYPES[kind] for name, kind in LINEAGE_TYPES.items()}, name=name)
