"""Rows that break a contract: kept whole, with file, sheet, line, column, value and reason, until they are corrected."""

from __future__ import annotations

# `row_json` is the row as given, by the column names of the contract; `kind` is one of KINDS; `n_problems` counts all of the row's problems.
QUARANTINE_TYPES = {
    "table_name": "VARCHAR",
    "_source": "VARCHAR",
    "_file": "VARCHAR",
    "_sheet": "VARCHAR",
    "_line": "BIGINT",
    "kind": "VARCHAR",
    "column_name": "VARCHAR",
    "value": "VARCHAR",
    "reason": "VARCHAR",
    "n_problems": "BIGINT",
    "row_json": "VARCHAR",
}
KINDS = ("structure", "type", "code", "range", "missing_key", "missing_currency", "date_order", "part_of", "repeat", "duplicate", "orphan")
