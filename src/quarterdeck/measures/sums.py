"""Ask for the sums of a query: all at once, or in steps, where a table is long and few of its rows count.

The rows that do not count tell no more than why a site has no reading: no row, nothing collected, or nothing due. They need
a look only for sites that have no row that counts. The answer in steps therefore holds the true counted rows, numerators
and denominators, and of n_rows, n_collected and n_filled what is asked of them: whether a site, or a trial, has any.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from quarterdeck.measures import sql
from quarterdeck.measures.queries import QUERIES

if TYPE_CHECKING:
    import pyarrow as pa

    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.measures.model import Definition
    from quarterdeck.measures.source import Source

# From about here on the further questions cost less than the first one saves.
MANY_ROWS = 2_000_000
NO_TRIAL = ""


def pays_in_steps(source: Source, definition: Definition) -> bool:
    """Whether few rows of a definition's table count, and there are many."""
    query = QUERIES[definition.query]
    return query.few_count and query.needs[0] in source.snapshot.tables and source.snapshot.tables[query.needs[0]].rows >= MANY_ROWS


def ask_at_once(source: Source, definition: Definition, with_values: bool = False, monthly: bool = False) -> pa.Table:
    """The sums of all facts."""
    asked = sql.get_sums(definition.query, definition.parameters, source.cut, with_values=with_values, monthly=monthly)
    return source.snapshot.query(asked)


def ask_in_steps(source: Source, definition: Definition) -> pa.Table:
    """The sums of the rows that count; then what sites without any have instead; and all of the trials that are still open."""
    import pyarrow as pa
    import pyarrow.compute as pc

    snapshot, query = source.snapshot, (definition.query, definition.parameters, source.cut)
    answer = _ask(snapshot, sql.get_counted(*query))
    settled = _list_settled(answer)
    trials = sorted(_list_trials(snapshot, QUERIES[definition.query].needs[0]) - settled)
    if NO_TRIAL in trials:  # rows that no question about trials would find
        return ask_at_once(source, definition)
    known = answer.filter(_is_among(answer, settled))
    has_rows = pc.greater(known.column("n_rows"), 0)
    missing = known.filter(pc.and_(pc.invert(has_rows), known.column("site_id").is_valid()))
    pieces = [known.filter(has_rows)]
    if missing.num_rows:
        sites = [missing.column(name).to_pylist() for name in ("study_id", "site_id")]
        pieces.append(_ask(snapshot, sql.get_presence(*query), sites))
    if trials:
        pieces.append(_ask(snapshot, sql.get_limited(*query), [trials, trials]))
    return pa.concat_tables(pieces)


def _ask(snapshot: Snapshot, question: str, parameters: list[list[str]] | None = None) -> pa.Table:
    """An answer with columns of one type, whichever question it is to: a sum of sums comes wider than a sum."""
    import pyarrow as pa

    answer = snapshot.query(question, parameters)
    kinds = {name: pa.string() if name.endswith("_id") else pa.float64() for name in answer.column_names}
    return answer.cast(pa.schema(kinds))


def _list_settled(answer: pa.Table) -> set[str]:
    """The trials that are seen to fill the column that says "done"."""
    filled = answer.group_by("study_id").aggregate([("n_filled", "sum")])
    return {row["study_id"] for row in filled.to_pylist() if row["study_id"] and row["n_filled_sum"]}


def _list_trials(snapshot: Snapshot, table: str) -> set[str]:
    """The trials that have any row in a table, kept with the snapshot."""

    def read() -> set[str]:
        return {study or NO_TRIAL for study in snapshot.query(f'SELECT DISTINCT study_id FROM "{table}"').column(0).to_pylist()}

    return snapshot.cached(("measures", "trials", table), read)


def _is_among(answer: pa.Table, studies: Iterable[str]) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.is_in(answer.column("study_id"), pa.array(studies, pa.string()))
