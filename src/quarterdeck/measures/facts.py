"""Facts: the row-level answer of a query, one row per thing counted, from which any level and any method can be fed.

A query gives one or more parts. Each part is an Ibis expression over contract tables, with the columns below; nothing in
it is of one engine. Identifiers of scope that a part lacks are simply absent.

| column | meaning |
|---|---|
| study_id, site_id, country, vendor_id, person_id, team_id | whose it is |
| grain | for tables that hold totals beside their parts: study, country or site |
| happened | the day it counts on, for history |
| numerator, denominator | what it adds to each: an amount, or a condition, which adds 1 where it holds and nothing where it is unknown |
| value, observed | a duration in whole units, and whether it has ended (not: still running, censored) |
| collected | whether the source recorded enough to judge it |
| filled | whether the column that says "done" is filled; a trial where it never is does not collect it |
| key_… | the primary key of the source row |
| _file, _sheet, _line | where that row was read |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import and_
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis.expr.operations import And

from quarterdeck.evidence.contracts import get_contract
from quarterdeck.evidence.tables import table

# A table expression. Ibis exports its class in a way that type checkers cannot see.
Relation = Any

SCOPES = ("study_id", "site_id", "country", "vendor_id", "person_id", "team_id", "grain")
BY_SUBJECT = "_by_subject"
LINEAGE = ("_file", "_sheet", "_line")
ADDED = ("numerator", "denominator")
NUMBERS = (*ADDED, "value", "observed")


@dataclass(frozen=True)
class Context:
    """What a query may lean on: the day up to which facts are known, and the definition's parameters.

    `by_subject` asks for facts by participant instead of site: summed up first and joined to sites afterwards, tens of
    millions of rows meet the join as some thousands.
    """

    cut: date
    parameters: Mapping[str, Any]
    by_subject: bool = False

    def __getitem__(self, name: str) -> Any:
        return self.parameters[name]

    @property
    def day(self) -> ir.DateValue:
        """The cut as an expression."""
        return ibis.date(self.cut.year, self.cut.month, self.cut.day)

    @property
    def end_of_day(self) -> Any:
        """Midnight after the cut, as an expression: an instant before it was known."""
        return ibis.literal(datetime.combine(self.cut + timedelta(days=1), time()), type="timestamp")

    def days_before(self, days: float) -> ir.DateValue:
        """The day so many days before the cut."""
        day = self.cut - timedelta(days=int(days))
        return ibis.date(day.year, day.month, day.day)


@dataclass(frozen=True)
class Part:
    """Rows of one table as facts.

    `site_id` holds the participant where `by_subject`; `may_lack` names which of collected and filled the query judges;
    `adds` which of numerator and denominator are not always 0. Where `is_share`, whatever adds to the numerator adds to the denominator.
    `counted` are the rows of a share by participant that count: study_id, site_id, and as numerator what that asks for beyond the denominator.
    """

    table: str
    expression: Relation
    by_subject: bool = False
    may_lack: tuple[str, ...] = ()
    adds: tuple[str, ...] = ("numerator", "denominator")
    is_share: bool = False
    counted: Relation | None = None


@dataclass(frozen=True)
class Query:
    """A named query: its function, the parameters it knows with their usual values, the tables it needs rows in, and all it reads.

    `few_count` says that many rows of its one table, a long one, usually count towards nothing, and that whatever counts, but not in the
    numerator, fills the column that says "done".
    """

    function: Callable[[Context], list[Part]]
    parameters: Mapping[str, Any]
    needs: tuple[str, ...]
    also_reads: tuple[str, ...] = ()
    few_count: bool = False

    @property
    def tables(self) -> tuple[str, ...]:
        """Every table that a reading of it may rest on."""
        return self.needs + self.also_reads


def build_part(name: str, relation: Relation, **columns: Any) -> Part:
    """A part from a relation that holds the key columns of table `name`.

    Conditions stay conditions, other numbers become doubles, `happened` a date.
    """
    chosen: dict[str, Any] = {f"key_{key}": relation[key] for key in get_contract(name).key}
    chosen |= {column: relation[column] for column in LINEAGE}
    for column, expression in columns.items():
        value = ibis.literal(expression) if isinstance(expression, bool | int) else expression
        if column in NUMBERS and not value.type().is_boolean():
            value = value.cast("float64")
        elif column == "happened":
            value = value.cast("date")
        elif column in SCOPES:
            value = value.cast("string")
        chosen[column] = value
    may_lack = tuple(column for column in ("collected", "filled") if column in columns)
    chosen = {"collected": ibis.literal(True), "filled": ibis.literal(True)} | chosen
    adds = tuple(column for column in ADDED if not isinstance(columns.get(column, 0), int))
    beyond = _list_beyond(columns["numerator"].op(), columns["denominator"].op()) if adds == ADDED else None
    is_by_subject = BY_SUBJECT in relation.columns
    counted = _choose_counted(relation, columns, beyond) if beyond and is_by_subject else None
    return Part(name, relation.select(**chosen), is_by_subject, may_lack, adds, beyond is not None, counted)


def _list_beyond(condition: Any, other: Any) -> list[Any] | None:
    """What a condition asks for beyond another one; None where it is not written as that one and something more."""
    if condition == other:
        return []
    if not isinstance(condition, And) or (before := _list_beyond(condition.left, other)) is None:
        return None
    return [*before, condition.right]


def _choose_counted(relation: Relation, columns: Mapping[str, Any], beyond: list[Any]) -> Relation:
    """The rows of a share that count, chosen before anything else is worked out of them."""
    counts = columns["denominator"] & columns.get("collected", ibis.literal(True))
    numerator = reduce(and_, [condition.to_expr() for condition in beyond])
    return relation.filter(counts).select(study_id=columns["study_id"], site_id=columns["site_id"], numerator=numerator)


def join_site(relation: Relation, context: Context) -> Relation:
    """The relation with `site_id` of its participant, empty where the participant is unknown."""
    if context.by_subject:
        return relation.mutate(site_id=relation.subject_id, **{BY_SUBJECT: True})
    subject = table("subject").select("study_id", "subject_id", "site_id")
    return relation.left_join(subject, ["study_id", "subject_id"])


def count_days(start: Any, end: Any) -> Any:
    """Whole days from one date to another."""
    return end.cast("date").delta(start.cast("date"), unit="day")


def count_hours(start: Any, end: Any) -> Any:
    """Whole hours between two instants, rounded down; the same on every engine."""
    return ((end.epoch_seconds() - start.epoch_seconds()) / 3600).floor()
