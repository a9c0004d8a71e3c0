"""Single cells of contract tables as facts, and how many rows there are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from quarterdeck.papers.facts import Fact, Value

_CODE = re.compile(r"[a-z]+(?:_[a-z0-9]+)+")  # such as last_participant_in: a word of the data, told as words


class RowProvider:
    """Single cells of contract tables: `row:table/key|key#column`."""

    prefix = "row"

    def __init__(self, snapshot: Any, keys: Mapping[str, Sequence[str]], units: Mapping[tuple[str, str], str]) -> None:
        self._snapshot, self._keys, self._units = snapshot, keys, units
        self._kept: dict[str, Fact | None] = {}

    def rows(self, table: str, where: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Rows of a contract table, equal to `where`, in key order. Table and column names must be the contract's own."""
        if table not in self._keys:
            return []
        chosen = where or {}
        if not all(self.knows(table, column) for column in chosen):
            return []
        condition = " AND ".join(self._condition(table, column) for column in chosen)
        order = ", ".join(f'"{key}"' for key in self._keys[table])
        query = f'SELECT * FROM "{table}"{f" WHERE {condition}" if condition else ""} ORDER BY {order}'
        return [dict(row) for row in self._snapshot.query(query, list(chosen.values())).to_pylist()]

    def knows(self, table: str, column: str) -> bool:
        """Whether rows can be chosen by this column: the table has it, or the contract that its rows name."""
        return self._has(table, column) or (self._has(table, "contract_id") and self._has("contract", column))

    def row_id(self, table: str, row: Mapping[str, Any]) -> str:
        """The id of one row."""
        return f"row:{table}/{'|'.join(str(row[key]) for key in self._keys[table])}"

    def fact_id(self, table: str, row: Mapping[str, Any], column: str) -> str:
        """The id of one cell."""
        return f"{self.row_id(table, row)}#{column}"

    def find(self, key: str) -> Fact | None:
        """A row as a fact whose parts are its cells."""
        if key not in self._kept:
            table, _, values = key.partition("/")
            names = self._keys.get(table, ())
            chosen = dict(zip(names, values.split("|"), strict=False))
            rows = self._typed_rows(table, chosen) if len(chosen) == len(names) and names else []
            self._kept[key] = self._fact(table, key, rows[0]) if rows else None
        return self._kept[key]

    def offer(self, table: str, row: Mapping[str, Any]) -> Fact:
        """Keep a row that was read already."""
        key = f"{table}/{'|'.join(str(row[name]) for name in self._keys[table])}"
        fact = self._kept[key] = self._fact(table, key, row)
        return fact

    def facts(self) -> Iterable[Fact]:
        """Names of trials and vendors, so that the check knows them."""
        for table, columns in (("study", ("study_id", "nickname", "product")), ("vendor", ("vendor_name", "name", "vendor_id"))):
            for row in self.rows(table):
                fact = self.offer(table, row)
                yield from (fact.part(column) for column in columns if column in fact.parts)

    def _has(self, table: str, column: str) -> bool:
        return (table, column) in self._units

    def _condition(self, table: str, column: str) -> str:
        own = f'"{column}" = ?'
        return own if self._has(table, column) else f"contract_id IN (SELECT contract_id FROM contract WHERE {own})"

    def _typed_rows(self, table: str, chosen: Mapping[str, str]) -> list[dict[str, Any]]:
        condition = " AND ".join(f'CAST("{column}" AS VARCHAR) = ?' for column in chosen)
        return [dict(row) for row in self._snapshot.query(f'SELECT * FROM "{table}" WHERE {condition}', list(chosen.values())).to_pylist()]

    def _fact(self, table: str, key: str, row: Mapping[str, Any]) -> Fact:
        currency = str(row.get("currency") or "")
        parts = {
            name: _cell(value, self._units.get((table, name), ""), currency)
            for name, value in row.items()
            if value is not None and not name.startswith("_")
        }
        place = f"{row['_file']}, line {row['_line']}" if row.get("_file") else f"table {table}"
        return Fact(
            f"row:{key}",
            f"{table.replace('_', ' ')} {key.partition('/')[2].replace('|', ' ')}",
            key.partition("/")[2],
            "name",
            parts=parts,
            snapshot=self._snapshot.id,
            source=place,
        )


def _cell(value: Any, unit: str, currency: str) -> tuple[Value, str]:
    if isinstance(value, datetime | date):
        return value, "date"
    if isinstance(value, bool):
        return ("yes" if value else "no"), "text"
    if isinstance(value, str):
        is_code = unit == "code" or _CODE.fullmatch(value) is not None
        return (value.replace("_", " "), "text") if is_code else (value, "name" if unit == "name" else "text")
    if isinstance(value, list):
        return ", ".join(map(str, value)), "text"
    return float(value), currency if unit == "money" and currency else unit or "number"


class CountProvider:
    """How many rows of a contract table are equal to given values: `count:site?study_id=QD-007&site_status=active`."""

    prefix = "count"

    def __init__(self, rows: RowProvider, snapshot_id: str) -> None:
        self._rows, self._snapshot = rows, snapshot_id
        self._kept: dict[str, Fact] = {}

    def find(self, key: str) -> Fact | None:
        """The count, 0 included."""
        if key not in self._kept:
            table, _, conditions = key.partition("?")
            where = dict(pair.split("=", 1) for pair in conditions.split("&") if "=" in pair)
            self._kept[key] = Fact(
                f"count:{key}",
                f"number of {table.replace('_', ' ')} rows",
                float(len(self._rows.rows(table, where))),
                "number",
                snapshot=self._snapshot,
                source=f"table {table}",
            )
        return self._kept[key]

    def facts(self) -> Iterable[Fact]:
        """None are offered unasked."""
        return self._kept.values()
