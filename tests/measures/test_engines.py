"""Queries are written once: the SQL of each engine is kept, and both engines give equal results on the same rows."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from measures.engines import CUT, ENGINES, ask_duckdb, ask_postgres, compile_to, draw_tables, fill_asked, fill_postgres, iterate_expressions
from measures.memory import MemorySnapshot
from postgres import find_binary, run_server
from quarterdeck.measures.aggregate import build_aggregate, build_counted, build_limited, build_presence
from quarterdeck.measures.catalogue import load_definitions
from quarterdeck.measures.facts import Context
from quarterdeck.measures.methods import METHODS
from quarterdeck.measures.queries import QUERIES
from quarterdeck.measures.sql import A_COUNT, COUNTED, get_counted, get_limited, get_presence, get_rows, get_sums

GOLDEN = Path(__file__).parent / "golden"
EXPRESSIONS = dict(iterate_expressions())
SEED = 20261122


@pytest.mark.parametrize("engine", ENGINES)
def test_sql_of_every_query_is_as_kept(engine: str) -> None:
    """QUARTERDECK_WRITE_GOLDEN=1 writes the files anew; the difference is then for a person to read."""
    for name, expression in EXPRESSIONS.items():
        if not name.endswith(".sums"):
            continue
        path, sql = GOLDEN / f"{name.removesuffix('.sums')}.{engine}.sql", compile_to(engine, expression)
        if os.environ.get("QUARTERDECK_WRITE_GOLDEN"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(sql, encoding="utf-8")
        assert _in_one_order(path.read_text(encoding="utf-8")) == _in_one_order(sql), f"the SQL of {name} has changed for {engine}"


def _in_one_order(sql: str) -> str:
    """The columns that a join leaves out come from a set, so their order changes from run to run; it means nothing."""
    return re.sub(
        r"EXCLUDE\s*\(([^)]*)\)", lambda found: f"EXCLUDE ({', '.join(sorted(name.strip() for name in found[1].split(',')))})", sql
    )


def test_no_kept_sql_is_left_over() -> None:
    expected = {f"{name.removesuffix('.sums')}.{engine}.sql" for name in EXPRESSIONS if name.endswith(".sums") for engine in ENGINES}
    assert {path.name for path in GOLDEN.iterdir()} == expected


@pytest.mark.parametrize("cut", [date(2026, 6, 30), date(2024, 2, 29), date(2023, 12, 31)])
def test_the_kept_sql_of_any_day_is_the_sql_compiled_for_that_day(cut: date) -> None:
    for definition in load_definitions().values():
        query, parameters = definition.query, definition.parameters
        parts = QUERIES[query].function(Context(cut, parameters))
        kept = get_rows(query, parameters, cut)
        assert [_lay_out(rows.sql) for rows in kept] == [_lay_out(compile_to("duckdb", part.expression)) for part in parts]
        assert [rows.columns for rows in kept] == [tuple(part.expression.columns) for part in parts]
        if METHODS[definition.method.name].estimator:
            with_values = METHODS[definition.method.name].with_values
            facts = QUERIES[query].function(Context(cut, parameters, by_subject=not with_values))
            sums = build_aggregate(facts, with_values=with_values)
            told = A_COUNT.sub(COUNTED, compile_to("duckdb", sums))
            assert _lay_out(get_sums(query, parameters, cut, with_values=with_values)) == _lay_out(told)


def test_the_kept_sql_of_a_step_is_the_sql_compiled_for_that_day() -> None:
    query = next(name for name, query in QUERIES.items() if query.few_count)
    (part,) = QUERIES[query].function(Context(CUT, QUERIES[query].parameters, by_subject=True))
    for get, build in ((get_counted, build_counted), (get_presence, build_presence), (get_limited, build_limited)):
        told = A_COUNT.sub(COUNTED, compile_to("duckdb", build(part)))
        assert _lay_out(told) in _lay_out(get(query, QUERIES[query].parameters, CUT))


def test_the_sql_that_is_run_gives_the_rows_of_the_sql_that_is_kept() -> None:
    snapshot = MemorySnapshot(draw_tables(SEED), CUT)
    assert A_COUNT.search(compile_to("duckdb", EXPRESSIONS["visits_due.sums"]))
    for name, query in QUERIES.items():
        with_values = all("value" in rows.columns for rows in get_rows(name, query.parameters, CUT))
        run = get_sums(name, query.parameters, CUT, with_values=with_values)
        assert ask_duckdb(snapshot, run) == ask_duckdb(snapshot, compile_to("duckdb", EXPRESSIONS[f"{name}.sums"])), name


def _lay_out(sql: str) -> str:
    """In one order and without line breaks: where a line breaks depends on the length of a date."""
    return re.sub(r"\s+", "", _in_one_order(sql))


@pytest.fixture(scope="module")
def engines() -> Iterator[tuple[MemorySnapshot, Any]]:
    import psycopg

    if find_binary("initdb") is None:
        pytest.skip("no PostgreSQL server binaries on this machine")
    tables = draw_tables(SEED)
    with run_server() as address, psycopg.connect(address.replace("postgresql+psycopg", "postgresql"), autocommit=True) as connection:
        fill_postgres(connection, tables)
        snapshot = MemorySnapshot(tables, CUT)
        for engine in (connection, snapshot._connection):
            fill_asked(engine.execute)
        yield snapshot, connection


@pytest.mark.postgres
def test_both_engines_give_equal_rows(engines: tuple[MemorySnapshot, Any]) -> None:
    snapshot, connection = engines
    for name, expression in EXPRESSIONS.items():
        ours, theirs = ask_duckdb(snapshot, compile_to("duckdb", expression)), ask_postgres(connection, compile_to("postgres", expression))
        assert ours == theirs, name


@pytest.mark.postgres
def test_the_random_rows_reach_every_query(engines: tuple[MemorySnapshot, Any]) -> None:
    snapshot, _ = engines
    empty = {name for name, expression in EXPRESSIONS.items() if not snapshot.execute(expression).num_rows}
    assert not empty
