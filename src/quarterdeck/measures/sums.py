"""Ask for the sums of a query: all at once, or in steps, where a table is long and few of its rows count.

The rows that do not count tell no more than why a site has no reading: no row, nothing collected, or nothing due. They need
a look only for sites that have no row that counts. The answer in steps therefore holds the true counted rows, numerators
and denominators, and of n_rows, n_collected (of a site) and n_filled (of a trial) what is asked of them: whether there are any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from quarterdeck.measures import sql
from quarterdeck.measures.queries import QUERIES

if TYPE_CHECKING:
    import pyarrow as pa

    from quarterdeck.measures.model import Definition
    from quarterdeck.measures.source import Source

# From about here on the further questions cost less than the first one saves.
MANY_ROWS = 2_000_000
NO_TRIAL = ""
# Levels at which a row of no known participant belongs to something.
WITHOUT_SITES = ("portfolio", "study")


def pays_in_steps(source: Source, definition: Definition) -> bool:
    """Whether few rows of a definition's table count, and there are many."""
    query = QUERIES[definition.query]
    return query.few_count and query.needs[0] in source.snapshot.tables and source.snapshot.tables[query.needs[0]].rows >= MANY_ROWS


def ask_at_once(source: Source, definition: Definition, with_values: bool = False, monthly: bool = False) -> pa.Table:
    """The sums of all facts."""
    asked = sql.get_sums(definition.query, definition.parameters, source.cut, with_values=with_values, monthly=monthly)
    return source.snapshot.query(asked)


def ask_in_steps(source: Source, definition: Definition) -> pa.Table:
    """The sums of the rows that count; then what sites without any have instead; and all of the trials that are not seen to verify.

    Trials of which no row counts and no participant is known are for `add_strangers`.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    answer = _ask(source, definition, sql.get_counted)
    settled = _list_settled(answer)
    known = answer.filter(_is_among(answer, settled))
    has_rows = pc.greater(known.column("n_rows"), 0)
    missing = known.filter(pc.and_(pc.invert(has_rows), known.column("site_id").is_valid()))
    pieces = [known.filter(has_rows)]
    if missing.num_rows:
        sites = [missing.column(name).to_pylist() for name in ("study_id", "site_id")]
        pieces.append(_ask(source, definition, sql.get_presence, sites))
    if trials := sorted(_list_trials(answer) - settled - {NO_TRIAL}):
        pieces.append(_ask(source, definition, sql.get_limited, [trials, trials]))
    return pa.concat_tables(pieces)


def add_strangers(source: Source, definition: Definition, answer: pa.Table) -> pa.Table:
    """The answer in steps with all trials that have a row, at the price of one look at the trial of every row."""
    import pyarrow as pa

    table = QUERIES[definition.query].needs[0]
    trials = _list_trials(source.snapshot.query(f'SELECT DISTINCT study_id FROM "{table}"'))
    strangers = sorted(trials - _list_trials(answer))
    if NO_TRIAL in strangers:  # rows that no question about trials would find
        return ask_at_once(source, definition)
    return pa.concat_tables([answer, _ask(source, definition, sql.get_limited, [strangers, strangers])]) if strangers else answer


def _ask(source: Source, definition: Definition, get: Callable[..., str], parameters: list[list[str]] | None = None) -> pa.Table:
    """An answer with columns of one type, whichever question it is to: a sum of sums comes wider than a sum."""
    import pyarrow as pa

    answer = source.snapshot.query(get(definition.query, definition.parameters, source.cut), parameters)
    kinds = {name: pa.string() if name.endswith("_id") else pa.float64() for name in answer.column_names}
    return answer.cast(pa.schema(kinds))


def _list_settled(answer: pa.Table) -> set[str]:
    """The trials that are seen to fill the column that says "done"."""
    filled = answer.group_by("study_id").aggregate([("n_filled", "sum")])
    return {row["study_id"] for row in filled.to_pylist() if row["study_id"] and row["n_filled_sum"]}


def _list_trials(answer: pa.Table) -> set[str]:
    return {study or NO_TRIAL for study in answer.column("study_id").unique().to_pylist()}


def _is_among(answer: pa.Table, studies: Iterable[str]) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.is_in(answer.column("study_id"), pa.array(studies, pa.string()))
