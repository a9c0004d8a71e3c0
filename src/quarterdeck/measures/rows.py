"""The rows behind a reading: each with its table, key, what it added, and the file and line it was read from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from quarterdeck.measures.catalogue import get_definition
from quarterdeck.measures.methods import METHODS
from quarterdeck.measures.scopes import OWN_COLUMN, SITE_FACTS
from quarterdeck.measures.source import Source
from quarterdeck.measures.special import SPECIAL
from quarterdeck.measures.special.added import Added
from quarterdeck.measures.sql import RowQuery
from quarterdeck.vocabulary.provenance import SourceRow
from quarterdeck.vocabulary.reading import Reading
from quarterdeck.vocabulary.verdict import NotAssessed

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class RowBehind:
    """One source row. `numerator`, `denominator` are what it adds; `value` its duration where the measure has one."""

    table: str
    key: tuple[str, ...]
    source: SourceRow
    happened: date | None
    numerator: float
    denominator: float
    value: float | None


def rows_behind(reading: Reading, snapshot: Snapshot, limit: int | None = None) -> list[RowBehind]:
    """The rows that count towards a reading, in order of table and key; at most `limit`.

    A row counts where it adds to numerator or denominator, which are their sums. Totals kept beside their parts (enrolment counts) all
    appear. Nothing stands behind a reading that is hidden to protect people.
    """
    definition = get_definition(reading.measure)
    source = Source.of(snapshot)
    if reading.as_of is not None:
        source = source.at(reading.as_of, reading.period)
    if reading.not_assessed is NotAssessed.SUPPRESSED:
        return []
    if definition.method.name in SPECIAL:
        added = SPECIAL[definition.method.name].list_rows(definition, source, reading.scope.level, reading.scope.key)
        return sorted((_build_added(entry) for entry in added), key=lambda row: (row.table, row.key))[:limit]
    out: list[RowBehind] = []
    for query in source.get_rows(definition):
        remaining = None if limit is None else limit - len(out)
        if remaining is None or remaining > 0:
            out += _read_table(query, reading, snapshot, remaining, METHODS[definition.method.name].with_values)
    return out


def _build_added(entry: Added) -> RowBehind:
    keys = [column for column in entry.row if column.startswith("key_")]
    amounts = {"numerator": entry.numerator, "denominator": entry.denominator, "value": None}
    return _build_row(entry.table, keys, {**entry.row, **amounts})


def _read_table(query: RowQuery, reading: Reading, snapshot: Snapshot, limit: int | None, is_of_durations: bool) -> list[RowBehind]:
    columns, facts = query.columns, query.sql
    keys = [column for column in columns if column.startswith("key_")]
    adds = [name for name in ("numerator", "denominator") if name in columns]
    where = ["collected", "(" + " OR ".join(f"{name}::DOUBLE <> 0" for name in adds) + ")"]
    values: list[Any] = []
    _limit_to_scope(reading, columns, where, values)
    if reading.period is not None and "happened" in columns:
        where.append("happened BETWEEN ? AND ?")
        values += [reading.period.first, reading.period.last]
    order = ", ".join(keys) + (f" LIMIT {int(limit)}" if limit is not None else "")
    if "study_id" in columns:  # as in the sums: a trial whose source never fills the column is not collected
        facts = f"SELECT *, bool_or(filled) OVER (PARTITION BY study_id) AS is_used FROM ({facts}) AS plain"
        where.append("is_used")
    sql = f"SELECT * FROM ({facts}) AS facts WHERE {' AND '.join(where)} ORDER BY {order}"
    rows = snapshot.query(sql, values).to_pylist()
    if is_of_durations:  # on top stand those that have ended
        rows = [row | {"numerator": float(row["denominator"]) * (row.get("observed") is not False)} for row in rows]
    return [_build_row(query.table, keys, row) for row in rows]


def _limit_to_scope(reading: Reading, columns: tuple[str, ...], where: list[str], values: list[Any]) -> None:
    level, key = reading.scope.level, reading.scope.key
    own = OWN_COLUMN.get(level, "")
    if level == "portfolio":
        return
    if own and own in columns:
        where.append(f"{own} = ?")
        values.append(key)
    elif level in ("site", "country") and {"study_id", "site_id"} & set(columns) == {"study_id", "site_id"}:
        study, _, rest = key.partition("/")
        here = "(study_id, site_id) IN (SELECT (study_id, site_id) FROM site WHERE country = ?)"
        where.append("study_id = ?")
        where.append("site_id = ?" if level == "site" else f"({here} OR country = ?)" if "country" in columns else here)
        values += [study, rest] if level == "site" or "country" not in columns else [study, rest, rest]
    elif level in SITE_FACTS and "site_id" in columns:
        where.append(f"(study_id, site_id) IN (SELECT (study_id, site_id) FROM site WHERE {SITE_FACTS[level]} = ?)")
        values.append(key)
    else:
        where.append("FALSE")


def _build_row(table: str, keys: list[str], row: dict[str, Any]) -> RowBehind:
    return RowBehind(
        table=table,
        key=tuple("" if row[key] is None else str(row[key]) for key in keys),
        source=SourceRow(row["_file"] or "unknown", int(row["_line"] or 0), row["_sheet"] or ""),
        happened=row.get("happened"),
        numerator=float(row.get("numerator") or 0.0),
        denominator=float(row.get("denominator") or 0.0),
        value=row.get("value"),
    )
