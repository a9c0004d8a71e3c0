"""The SQL of a query, compiled once per process: the facts do not shape it, and of the day asked for it holds only the dates.

To build an expression and its SQL takes longer than most answers. A query is therefore compiled as of a day centuries before
any fact, and its dates are then moved to the day asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import ibis

from quarterdeck.measures.aggregate import build_aggregate, build_counted, build_limited, build_presence
from quarterdeck.measures.facts import Context, Part, Relation
from quarterdeck.measures.queries import QUERIES

# Every date of that time in the SQL is this day or counted from it: no fact is so old, and no parameter reaches so far.
LONG_AGO = date(1650, 7, 1)
A_DATE_OF_THEN = re.compile(r"\bMAKE_(DATE|TIMESTAMP)\((1[56]\d\d), (\d+), (\d+)")
# DuckDB counts by its own count_if up to a tenth faster than by a filter, which is how other engines are told.
# It gives a wide number, and none at all where the condition is nowhere known.
A_COUNT = re.compile(r'COUNT\(\*\) FILTER\(WHERE\s+("t\d+"\."\w+"(?: AND "t\d+"\."\w+")?)\)')
COUNTED = r"CAST(COALESCE(COUNT_IF(\1), 0) AS BIGINT)"

# Gives the table `asked` to a question about some sites or trials.
ASKING = "WITH asked AS (SELECT unnest(?::VARCHAR[]) AS study_id, unnest(?::VARCHAR[]) AS site_id) SELECT * FROM ({}) AS answer"

Parameters = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class RowQuery:
    """The rows of one table as facts: its SQL, and the columns that this gives (as `facts` describes them)."""

    table: str
    columns: tuple[str, ...]
    sql: str


def get_sums(query: str, parameters: Mapping[str, Any], cut: date, *, with_values: bool, monthly: bool = False) -> str:
    """The SQL that sums the facts of a query up as known on a day, in DuckDB's words; its answer as `build_aggregate` gives it."""
    return _move(_compile_sums(query, tuple(parameters.items()), with_values, monthly), cut)


def get_counted(query: str, parameters: Mapping[str, Any], cut: date) -> str:
    """The SQL of `build_counted`, for a query of which few rows count."""
    return _move(_compile_step(build_counted, query, tuple(parameters.items())), cut)


def get_presence(query: str, parameters: Mapping[str, Any], cut: date) -> str:
    """The SQL of `build_presence`; its parameters are the trials and the sites asked about, two lists of equal length."""
    return ASKING.format(_move(_compile_step(build_presence, query, tuple(parameters.items())), cut))


def get_limited(query: str, parameters: Mapping[str, Any], cut: date) -> str:
    """The SQL of `build_limited`; its parameters are the trials asked about, twice."""
    return ASKING.format(_move(_compile_step(build_limited, query, tuple(parameters.items())), cut))


def get_rows(query: str, parameters: Mapping[str, Any], cut: date) -> list[RowQuery]:
    """The facts of a query row by row as known on a day, in DuckDB's words; one entry per table."""
    compiled = _compile_rows(query, tuple(parameters.items()))
    return [RowQuery(rows.table, rows.columns, _move(rows.sql, cut)) for rows in compiled]


def _move(sql: str, cut: date) -> str:
    """The same SQL as known on another day."""

    def move(found: re.Match[str]) -> str:
        day = cut + (date(*(int(found[place]) for place in (2, 3, 4))) - LONG_AGO)
        return f"MAKE_{found[1]}({day.year}, {day.month}, {day.day}"

    return A_DATE_OF_THEN.sub(move, sql)


@cache
def _compile_sums(query: str, parameters: Parameters, with_values: bool, monthly: bool) -> str:
    parts = _build_parts(query, parameters, by_subject=not with_values)
    return A_COUNT.sub(COUNTED, _compile(build_aggregate(parts, with_values=with_values, monthly=monthly)))


@cache
def _compile_step(build: Callable[[Part], Relation], query: str, parameters: Parameters) -> str:
    (part,) = _build_parts(query, parameters, by_subject=True)
    return A_COUNT.sub(COUNTED, _compile(build(part)))


@cache
def _compile_rows(query: str, parameters: Parameters) -> tuple[RowQuery, ...]:
    parts = _build_parts(query, parameters, by_subject=False)
    return tuple(RowQuery(part.table, tuple(part.expression.columns), _compile(part.expression)) for part in parts)


def _build_parts(query: str, parameters: Parameters, by_subject: bool) -> list[Part]:
    return QUERIES[query].function(Context(LONG_AGO, dict(parameters), by_subject))


def _compile(expression: Any) -> str:
    return str(ibis.to_sql(expression, dialect="duckdb"))
