"""Batches against their contracts: every row is either good, or in quarantine with the reason. Nothing is repaired on the way.

All work is done in DuckDB, on whole columns. Three stages follow one another: each row by itself (`check_batch`; `judging.check` is the quick
way to the same), rows among each other (`duplicates.part_duplicates`), rows against other tables (`part_orphans`, in the load, since it
needs the snapshot before).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from quarterdeck.evidence.batch import PLAIN, Batch
from quarterdeck.evidence.contracts import LINEAGE, Column, Contract, get_contract, referenced_key
from quarterdeck.evidence.problems import Problem, find_problems, one_condition
from quarterdeck.evidence.quarantine import QUARANTINE_TYPES
from quarterdeck.evidence.snapshot import quote
from quarterdeck.evidence.values import SCALE, bare, cleaned, is_rounded, is_serial, text, typed
from quarterdeck.evidence.workbench import Workbench
from quarterdeck.vocabulary.wording import plural


@dataclass(frozen=True, slots=True)
class Checked:
    """A batch after its check: `relation` holds the good rows, typed, with lineage; `given` = good + quarantined."""

    batch: Batch
    relation: str
    given: int
    quarantined: int
    notices: tuple[str, ...] = ()


def create_quarantine(workbench: Workbench) -> None:
    """The table of rows that break a contract, empty."""
    columns = ", ".join(f"{quote(name)} {kind}" for name, kind in QUARANTINE_TYPES.items())
    workbench.execute(f"CREATE TABLE _quarantine ({columns})")


def check_batch(workbench: Workbench, batch: Batch, today: date) -> Checked:
    """Types each row, and moves those that break the contract to `_quarantine`. `today` is when the load takes place.

    Raises nothing for bad rows: that is what quarantine is for.
    """
    contract = get_contract(batch.table)
    described = {row[0]: row[1] for row in workbench.execute(f"DESCRIBE {batch.relation}").fetchall()}
    present = find_present(contract, described, batch)
    is_text = find_read_from_text(present, described, batch)
    problems = find_problems(contract, present, is_text, today, batch.rules)
    bad = one_condition(problems)
    source = f"COALESCE(_source, {text(batch.source)})" if "_source" in described else text(batch.source)
    lineage = {"_source": source, "_file": "_file", "_sheet": "_sheet", "_line": "_line::BIGINT"}
    rows = typed_select(batch, present, is_text, lineage)
    if not any(is_text.values()) and not problems:
        relation = workbench.name("typed")
        workbench.execute(f"CREATE VIEW {relation} AS {rows}")
        given = workbench.scalar(f"SELECT count(*) FROM {relation}")
        return Checked(batch, _good_view(workbench, contract, present, relation), given, 0)
    relation, remarked = _read_once(workbench, rows, bad, remarked_columns(present, is_text, batch))
    given, n_bad = workbench.execute(f"SELECT count(*), count(*) FILTER (_is_bad) FROM {relation}").fetchall()[0]
    if n_bad:
        _quarantine_problems(workbench, contract, f"({rows})", problems, bad, is_text)
    good_rows = _good_view(workbench, contract, present, relation, " WHERE NOT _is_bad" if n_bad else "")
    return Checked(batch, good_rows, given, n_bad, tuple(remarks(contract, remarked)))


def find_present(contract: Contract, names: Collection[str], batch: Batch) -> list[Column]:
    """The contract's columns for which a batch with columns of these names has values."""
    return [column for column in contract.columns if column.name in names or batch.rules.get(column.name, PLAIN).constant is not None]


def find_read_from_text(present: Sequence[Column], types: Mapping[str, str], batch: Batch) -> dict[str, bool]:
    """Which columns pass through the reader of values; text for a text column does where it must be one of a list, or a rule changes it."""
    return {
        column.name: (types.get(column.name, "VARCHAR") == "VARCHAR" and column.duckdb_type != "VARCHAR")
        or bool(column.codes)
        or column.type in ("country", "currency", "list")
        or not batch.rules.get(column.name, PLAIN).is_plain
        for column in present
    }


def _read_once(workbench: Workbench, rows: str, bad: str, remarked: dict[str, str]) -> tuple[str, dict[str, int]]:
    """A table of typed rows with `_is_bad`, and how many values of each column are to be remarked on.

    The text as it came is not kept: only rows that break the contract are read again, for their place in quarantine.
    """
    relation = workbench.name("typed")
    flags = "".join(f", {condition} AS {quote('_remark_' + name)}" for name, condition in remarked.items())
    workbench.execute(
        f"CREATE TABLE {relation} AS SELECT COLUMNS(lambda name: NOT starts_with(name, '_raw_')), {bad} AS _is_bad{flags} FROM ({rows})"
    )
    if not remarked:
        return relation, {}
    counts = ", ".join(f"count(*) FILTER ({quote('_remark_' + name)})" for name in remarked)
    return relation, dict(zip(remarked, workbench.execute(f"SELECT {counts} FROM {relation}").fetchall()[0], strict=True))


def _good_view(workbench: Workbench, contract: Contract, present: Sequence[Column], relation: str, where: str = "") -> str:
    good = workbench.name("good")
    columns = [quote(c.name) if c in present else f"NULL::{c.duckdb_type} AS {quote(c.name)}" for c in contract.columns]
    workbench.execute(f"CREATE VIEW {good} AS SELECT {', '.join([*columns, *LINEAGE])} FROM {relation}{where}")
    return good


def part_orphans(workbench: Workbench, contract: Contract, relation: str, known: dict[str, str]) -> str:
    """The rows whose references are found; the others go to quarantine.

    `known` gives, by table, the relation of all rows there will be. A table without any rows is not consulted: it was never loaded.
    """
    conditions: list[tuple[Column, str]] = []
    for column in contract.columns:
        there = known.get(column.references) if column.references else None
        if there is None:
            continue
        pairs = referenced_key(contract, column)
        match = " AND ".join(f"there.{quote(b)} = here.{quote(a)}" for a, b in pairs)
        asked = " AND ".join(f"here.{quote(a)} IS NOT NULL AND here.{quote(a)}::VARCHAR <> ''" for a, _ in pairs)
        conditions.append((column, f"{asked} AND NOT EXISTS (SELECT 1 FROM {there} there WHERE {match})"))
    for column, condition in conditions:
        count = workbench.scalar(f"SELECT count(*) FROM {relation} here WHERE {condition}")
        if not count:
            continue
        orphans = workbench.name("orphans")
        workbench.execute(f"CREATE TABLE {orphans} AS SELECT * FROM {relation} here WHERE {condition}")
        why = f"there is no such {column.references.replace('_', ' ')}"
        quarantine_rows(workbench, contract, orphans, "orphan", column.name, text(why))
        relation = leave_out(workbench, contract, relation, orphans)
    return relation


def leave_out(workbench: Workbench, contract: Contract, relation: str, others: str) -> str:
    """The rows of a relation without those of another; what was held in memory, and in order, stays so."""
    if (content := workbench.held.get(relation)) is not None:
        lines = workbench.relation(f"SELECT _line FROM {others}").to_arrow_table()["_line"]
        return workbench.hold(content.filter(~np.isin(np.asarray(content["_line"]), np.asarray(lines))), "kept")
    kept = workbench.name("kept")
    keys = " AND ".join(f"o.{quote(key)} = here.{quote(key)}" for key in contract.key)
    workbench.execute(f"CREATE VIEW {kept} AS SELECT * FROM {relation} here WHERE NOT EXISTS (SELECT 1 FROM {others} o WHERE {keys})")
    return kept


def quarantine_rows(workbench: Workbench, contract: Contract, relation: str, kind: str, column: str, why: str) -> None:
    """Typed rows to quarantine, for one reason (SQL)."""
    row_json = _json({name: _as_text(contract.column(name), quote(name)) for name in contract.column_names})
    workbench.execute(
        f"INSERT INTO _quarantine BY NAME SELECT {text(contract.name)} AS table_name, {', '.join(LINEAGE)}, {text(kind)} AS kind, "
        f"{text(column)} AS column_name, {_as_text(contract.column(column), quote(column))} AS value, {why} AS reason, 1 AS n_problems, "
        f"{row_json} AS row_json FROM {relation}"
    )


def typed_select(batch: Batch, present: Sequence[Column], is_text: dict[str, bool], lineage: Mapping[str, str]) -> str:
    """SQL for the batch with typed columns, `_raw_<name>` beside those that were read from text, and lineage."""
    raws, columns = [], []
    for column in present:
        rule = batch.rules.get(column.name, PLAIN)
        source = text(rule.constant) if rule.constant is not None else quote(column.name)
        if is_text[column.name]:
            raws.append(f"{cleaned(column, source, rule)} AS {quote('_raw_' + column.name)}")
            value = typed(column, quote("_raw_" + column.name), rule)
            columns.append(quote("_raw_" + column.name))
        elif column.duckdb_type == "VARCHAR":
            raws.append(source + f" AS {quote(column.name)}" if rule.constant is not None else source)
            value = bare(quote(column.name))
        else:
            raws.append(source)
            value = f"{quote(column.name)}::{column.duckdb_type}"
        columns.append(f"{f'COALESCE({value}, {text(str())})' if column.may_be_empty else value} AS {quote(column.name)}")
    inner = f"SELECT {', '.join(raws)}, {', '.join(f'{value} AS {name}' for name, value in lineage.items())} FROM {batch.relation}"
    return f"SELECT {', '.join(columns)}, {', '.join(lineage)} FROM ({inner})"


def _quarantine_problems(
    workbench: Workbench, contract: Contract, relation: str, problems: Sequence[Problem], bad: str, is_text: dict[str, bool]
) -> None:
    """One quarantine row per bad row: its first problem, and how many it has."""
    entries = ", ".join(
        f"CASE WHEN COALESCE({p.condition}, false) THEN {{'kind': {text(p.kind)}, 'column_name': {text(p.column)}, 'value': {p.value}, 'reason': {p.reason}}} END"
        for p in problems
    )
    values = {}
    for column in contract.columns:
        if column.name in is_text:
            shown = _as_text(column, quote(column.name))
            values[column.name] = f"COALESCE({shown}, {quote('_raw_' + column.name)})" if is_text[column.name] else shown
            if is_text[column.name] and column.may_be_empty:
                values[column.name] = f"COALESCE(NULLIF({shown}, ''), {quote('_raw_' + column.name)})"
    found = f"SELECT *, list_filter([{entries}], lambda x: x IS NOT NULL) AS _problems FROM {relation} WHERE {bad}"
    workbench.execute(
        f"INSERT INTO _quarantine BY NAME SELECT {text(contract.name)} AS table_name, {', '.join(LINEAGE)}, _problems[1].kind AS kind, "
        f"_problems[1].column_name AS column_name, _problems[1].value AS value, _problems[1].reason AS reason, len(_problems) AS n_problems, "
        f"{_json(values)} AS row_json FROM ({found})"
    )


def _json(values: dict[str, str]) -> str:
    """A JSON object of text values, empty ones left out of sight by null."""
    return "json_object(" + ", ".join(f"{text(name)}, {value}" for name, value in values.items()) + ")::VARCHAR"


def _as_text(column: Column, value: str) -> str:
    return f"array_to_string({value}, ';')" if column.type == "list" else f"{value}::VARCHAR"


def remarked_columns(present: Sequence[Column], is_text: dict[str, bool], batch: Batch) -> dict[str, str]:
    """By column, whether a value was read in a way that is to be said, as SQL: an Excel serial number, an amount or rate that was rounded."""
    conditions = {}
    for column in present:
        rule, raw = batch.rules.get(column.name, PLAIN), quote("_raw_" + column.name)
        if not is_text[column.name]:
            continue
        if column.type in ("date", "timestamp") and not rule.date_format:
            conditions[column.name] = f"length({raw}) <> 10 AND {quote(column.name)} IS NOT NULL AND {is_serial(raw)}"
        elif column.type in SCALE and rule.multiply is None:
            conditions[column.name] = f"{quote(column.name)} IS NOT NULL AND {is_rounded(column, raw, rule)}"
    return conditions


def remarks(contract: Contract, counts: Mapping[str, int]) -> list[str]:
    """What to say of values that were read in such a way."""
    return [_remark(contract.name, contract.column(name), count) for name, count in counts.items() if count]


def _remark(table: str, column: Column, count: int) -> str:
    if column.type in SCALE:
        return f"{table}.{column.name}: {plural(count, 'value')} rounded to {SCALE[column.type]} decimals, which is what is kept"
    return f"{table}.{column.name}: {plural(count, 'Excel serial number')} read as {'a date' if count == 1 else 'dates'}"
