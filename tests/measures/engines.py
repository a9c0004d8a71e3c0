"""The same random rows in DuckDB and in PostgreSQL, and one way to ask both."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import ibis

from measures.memory import MemorySnapshot
from quarterdeck.evidence.contracts import LINEAGE_TYPES, Column, get_contract, load_contracts
from quarterdeck.measures.aggregate import build_aggregate, build_counted, build_limited, build_presence
from quarterdeck.measures.facts import Context
from quarterdeck.measures.queries import QUERIES

CUT = date(2026, 6, 30)
ENGINES = ("duckdb", "postgres")
POSTGRES_TYPES = {"VARCHAR": "text", "DOUBLE": "double precision", "VARCHAR[]": "text[]"}
SPECIAL = {
    "milestone_type": ["site_activation", "Site Activation", "database_lock"],
    "role": ["cra", "com"],
    "metric": ["total_enrolled", "total_randomized", "total_screened"],
}


STEPS = {"counted": build_counted, "presence": build_presence, "limited": build_limited}
# What a step asks about: some of the trials and sites that are drawn, and one that is not.
ASKED_ROWS = [(f"st{trial}", f"si{site}") for trial in (0, 1, 4, 99) for site in range(4)]


def iterate_expressions() -> Iterator[tuple[str, Any]]:
    """Every query summed up (with values where it has them), in steps where few rows count, and row by row."""
    for name, query in sorted(QUERIES.items()):
        parts = query.function(Context(CUT, query.parameters))
        has_values = all("value" in part.expression.columns for part in parts)
        sums = parts if has_values else query.function(Context(CUT, query.parameters, by_subject=True))
        yield f"{name}.sums", build_aggregate(sums, with_values=has_values)
        for step, build in STEPS.items() if query.few_count else ():
            yield f"{name}.{step}.sums", build(sums[0])
        for part in parts:
            yield f"{name}.{part.table}", part.expression


def compile_to(engine: str, expression: Any) -> str:
    """The SQL of an engine."""
    return str(ibis.to_sql(expression, dialect=engine)) + "\n"


def draw_tables(seed: int, n: int = 60) -> dict[str, list[dict[str, Any]]]:
    """Rows for every table: small pools of identifiers so that joins meet, a fifth of all values missing."""
    rng = random.Random(seed)
    return {name: draw_rows(rng, name, n) for name in load_contracts()}


def draw_rows(rng: random.Random, name: str, n: int) -> list[dict[str, Any]]:
    contract = get_contract(name)
    rows = {}
    for _ in range(n):
        row = {column.name: draw_value(rng, column) for column in contract.columns}
        rows[tuple(row[key] for key in contract.key)] = row
    return list(rows.values())


def draw_value(rng: random.Random, column: Column) -> Any:
    if not column.is_key and rng.random() < 0.2:
        return None
    if column.name in SPECIAL and column.type == "text":
        return rng.choice(SPECIAL[column.name])
    if column.codes:
        return rng.choice(column.codes)
    day = date(2025, 7, 1) + timedelta(days=rng.randrange(500))
    drawn: Mapping[str, Any] = {
        "integer": rng.randrange(0, 40),
        "decimal": rng.randrange(0, 400) / 4,
        "money": rng.randrange(0, 4000) / 4,
        "rate": rng.randrange(1, 400) / 100,
        "date": day,
        "timestamp": datetime(day.year, day.month, day.day, rng.randrange(24), rng.randrange(60), rng.randrange(60)),  # noqa: DTZ001
        "boolean": rng.random() < 0.5,
        "list": ["a"],
        "country": rng.choice(["GB", "DE"]),
        "currency": rng.choice(["GBP", "USD"]),
    }
    return drawn.get(column.type, f"{column.name[:2]}{rng.randrange(12 if column.is_key else 6)}")


def fill_asked(execute: Callable[[str], Any]) -> None:
    """Creates the table of what is asked about; elsewhere it comes with the question."""
    execute("CREATE TABLE asked (study_id VARCHAR, site_id VARCHAR)")
    execute(f"INSERT INTO asked VALUES {', '.join(map(str, ASKED_ROWS))}")


def fill_postgres(connection: Any, tables: Mapping[str, list[dict[str, Any]]]) -> None:
    """Creates all contract tables and the same rows, lineage included."""
    for name, contract in load_contracts().items():
        types = {column.name: column.duckdb_type for column in contract.columns} | LINEAGE_TYPES
        columns = ", ".join(f'"{column}" {POSTGRES_TYPES.get(kind, kind)}' for column, kind in types.items())
        connection.execute(f'CREATE TABLE "{name}" ({columns})')
        for line, row in enumerate(tables[name], start=2):
            values = {**row, "_source": "test", "_file": f"{name}.csv", "_sheet": "", "_line": line}
            names, marks = ", ".join(f'"{column}"' for column in values), ", ".join("%s" for _ in values)
            connection.execute(f'INSERT INTO "{name}" ({names}) VALUES ({marks})', list(values.values()))


def ask_duckdb(snapshot: MemorySnapshot, sql: str) -> list[tuple[Any, ...]]:
    answer = snapshot.query(sql)
    return sort_rows([tuple(row.values()) for row in answer.to_pylist()])


def ask_postgres(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    return sort_rows(connection.execute(sql).fetchall())


def sort_rows(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows with numbers as rounded floats, in one order."""
    plain = [tuple(normalise(value) for value in row) for row in rows]
    return sorted(plain, key=lambda row: tuple((value is not None, str(value)) for value in row))


def normalise(value: Any) -> Any:
    if isinstance(value, bool) or value is None or isinstance(value, str | date):
        return value.date() if isinstance(value, datetime) and value.time() == datetime.min.time() else value
    return round(float(value), 6) + 0.0
