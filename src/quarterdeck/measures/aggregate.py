"""Sum facts up: one query per measure for all groups, as counts that add, or as a histogram of durations where ranks matter."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Any

import ibis
import numpy as np
import pyarrow as pa

from quarterdeck.evidence.tables import table
from quarterdeck.measures.facts import SCOPES, Part, Relation

SUMS = ("n_rows", "n_collected", "n_filled", "n_counted", "numerator", "denominator")
# What the facts are asked about, given with the question: sites, or trials.
ASKED = ibis.table({"study_id": "string", "site_id": "string"}, name="asked")


def build_aggregate(parts: list[Part], *, with_values: bool, monthly: bool = False) -> Relation:
    """One expression over all parts, grouped by every scope they name (and by value, and by month, if asked).

    Columns: the scopes, `month` (first day) if monthly, `value` and `observed` if with_values, then `n_rows`,
    `n_collected`, `n_filled`, `n_counted` (rows that add something), `numerator`, `denominator`.
    """
    scopes = [scope for scope in SCOPES if any(scope in part.expression.columns for part in parts)]
    pieces = [_aggregate(part, scopes, with_values, monthly) for part in parts]
    return ibis.union(*pieces) if len(pieces) > 1 else pieces[0]


def _aggregate(part: Part, scopes: list[str], with_values: bool, monthly: bool) -> Relation:
    rows = part.expression
    keys = {scope: rows[scope] if scope in rows.columns else ibis.null("string") for scope in scopes}
    if monthly:
        keys["month"] = rows.happened.truncate("M").cast("date")
    if with_values:
        keys |= {"value": rows.value} | ({"observed": rows.observed} if "observed" in rows.columns else {})
    adds = tuple(name for name in part.adds if not (with_values and name == "numerator"))
    answer = rows.group_by(**keys).aggregate(**_build_sums(part, rows, adds))
    if with_values and "observed" not in keys:  # told afterwards: a key that is always the same costs as much as any other
        answer = answer.select(*keys, *SUMS, observed=ibis.literal(True)).relocate("observed", after="value")
    return _join_sites(answer, list(keys)) if part.by_subject else answer


def _build_sums(part: Part, rows: Relation, adds: tuple[str, ...]) -> dict[str, Any]:
    """The sums of a part. Conditions are counted, not summed, and what a query does not judge is not tested row by row."""
    known = rows.collected if "collected" in part.may_lack else None
    conditions = {name: rows[name] if rows[name].type().is_boolean() else rows[name] != 0 for name in adds}
    counted = conditions["denominator"] if part.is_share else reduce(or_, conditions.values())

    def count(condition: Any) -> Any:
        return rows.count(where=condition if known is None else condition & known)

    def add(name: str) -> Any:
        if name not in adds:
            return ibis.literal(0).cast("float64")
        return (count(rows[name]) if rows[name].type().is_boolean() else rows[name].sum(where=known)).cast("float64")

    return {
        "n_rows": rows.count().cast("int64"),
        "n_collected": rows.count(where=known).cast("int64"),
        "n_filled": rows.count(where=rows.filled if "filled" in part.may_lack else None).cast("int64"),
        "n_counted": count(counted).cast("int64"),
        "numerator": add("numerator"),
        "denominator": add("denominator"),
    }


def _join_sites(answer: Relation, keys: list[str]) -> Relation:
    """Sums by participant, as held in `site_id`, become sums by site."""
    subject = table("subject").select("study_id", subject_id="subject_id", own_site="site_id")
    rows = answer.left_join(subject, [answer.study_id == subject.study_id, answer.site_id == subject.subject_id])
    by_site = {key: rows.own_site if key == "site_id" else rows[key] for key in keys}
    return rows.group_by(**by_site).aggregate(**{name: rows[name].sum().cast(answer[name].type()) for name in SUMS})


def build_counted(part: Part) -> Relation:
    """The sums of `build_aggregate`, but of the rows that count alone: n_rows and n_collected are of these too, n_filled of those seen done.

    A site that has participants but no row that counts is there, with 0 rows.
    """
    rows, subject = part.counted, _read_subjects()
    assert rows is not None
    by_subject = rows.group_by("study_id", "site_id").aggregate(n_rows=rows.count(), numerator=rows.count(where=rows.numerator))
    joined = by_subject.outer_join(subject, [by_subject.study_id == subject.own_study, by_subject.site_id == subject.subject_id])
    sums = {name: joined[name].sum().coalesce(0) for name in ("n_rows", "numerator")}
    answer = joined.group_by(study_id=joined.study_id.coalesce(joined.own_study), site_id=joined.own_site).aggregate(**sums)
    again = dict.fromkeys(("n_collected", "n_counted", "denominator"), answer.n_rows)
    return _order_sums(answer.mutate(**again, n_filled=answer.n_rows - answer.numerator))


def build_presence(part: Part) -> Relation:
    """What `build_counted` leaves out for the sites in the table `asked`: n_rows and n_collected of all their rows."""
    facts, subject = part.expression, _read_subjects()
    subject = subject.semi_join(ASKED, [subject.own_study == ASKED.study_id, subject.own_site == ASKED.site_id])
    rows = facts.inner_join(subject, [facts.study_id == subject.own_study, facts.site_id == subject.subject_id])
    sums = {name: amount for name, amount in _build_sums(part, rows, part.adds).items() if name in ("n_rows", "n_collected")}
    answer = rows.group_by(study_id=rows.study_id, site_id=rows.own_site).aggregate(**sums)
    return _order_sums(answer.mutate(**dict.fromkeys(("n_filled", "n_counted", "numerator", "denominator"), ibis.literal(0))))


def build_limited(part: Part) -> Relation:
    """`build_aggregate` for the trials in the table `asked` alone."""
    return _order_sums(build_aggregate([replace(part, expression=part.expression.semi_join(ASKED, "study_id"))], with_values=False))


def _read_subjects() -> Relation:
    return table("subject").select(own_study="study_id", subject_id="subject_id", own_site="site_id")


def _order_sums(answer: Relation) -> Relation:
    """Keys and sums in one order, so that answers can follow one another."""
    return answer.select("study_id", "site_id", *SUMS)


def drop_unfilled(answer: pa.Table) -> pa.Table:
    """The answer with every trial set to "not collected" whose source never fills the column that says "done".

    Without this a source that simply lacks the column would read as "nothing was ever done".
    """
    if "study_id" not in answer.column_names or not answer.num_rows:
        return answer
    by_study = answer.group_by("study_id").aggregate([("n_filled", "sum")]).to_pylist()
    empty = {row["study_id"] for row in by_study if not row["n_filled_sum"]}
    if not empty:
        return answer
    kept = np.array([study not in empty for study in answer.column("study_id").to_pylist()])
    for name in ("n_collected", "n_counted", "numerator", "denominator"):
        place, column = answer.schema.get_field_index(name), answer.column(name)
        values = np.where(kept, column.fill_null(0).to_numpy(zero_copy_only=False), 0)
        answer = answer.set_column(place, name, pa.array(values, column.type))
    return answer
