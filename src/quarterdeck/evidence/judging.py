"""A batch held in memory against its contract: each distinct value is judged once, by the same SQL that judges row by row.

Rows that break the contract go the careful way (`ingest.check_batch`), which says why.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from quarterdeck.evidence.batch import PLAIN, Batch
from quarterdeck.evidence.columns import Codes, as_table, codes_of, decode, repeat, whole
from quarterdeck.evidence.contracts import LINEAGE, Column, Contract, get_contract
from quarterdeck.evidence.ingest import (
    Checked,
    check_batch,
    find_present,
    find_read_from_text,
    remarked_columns,
    remarks,
    typed_select,
)
from quarterdeck.evidence.problems import column_problems, one_condition, row_problems
from quarterdeck.evidence.snapshot import quote
from quarterdeck.evidence.workbench import Workbench

Flags = np.ndarray[Any, np.dtype[np.bool_]]  # one for each row, or a single one for all


@dataclass(frozen=True, slots=True)
class Judged:
    """One column: its typed values, whether each row's value breaks the contract, and how many are to be remarked on."""

    column: Any
    is_bad: Flags
    remarked: int


def check(workbench: Workbench, batch: Batch, today: date) -> Checked:
    """A batch against its contract, by distinct values where it is held in memory, else row by row. `today` is when the load takes place."""
    content = workbench.held.get(batch.relation)
    return check_batch(workbench, batch, today) if content is None else _check_held(workbench, batch, content, today)


def _check_held(workbench: Workbench, batch: Batch, content: Any, today: date) -> Checked:
    contract = get_contract(batch.table)
    present = find_present(contract, content.column_names, batch)
    if not {key for key in contract.key if not contract.column(key).may_be_empty} <= {column.name for column in present}:
        return check_batch(workbench, batch, today)
    judged = {column.name: _judge(workbench, batch, column, content, today) for column in present}
    typed = _assemble(workbench, batch, contract, judged, content)
    is_bad = _find_bad_rows(workbench, contract, set(judged), typed)
    for entry in judged.values():
        is_bad = is_bad | entry.is_bad
    n_bad = int(is_bad.sum())
    if n_bad:
        bad = workbench.from_arrow(decode(content.filter(is_bad)), "bad")
        careful = check_batch(workbench, replace(batch, relation=bad), today)
        assert careful.quarantined == n_bad, "the quick check and the careful one differ"
        if n_bad == content.num_rows:
            return replace(careful, batch=batch)
        typed = typed.filter(~is_bad)
    notices = remarks(contract, {name: entry.remarked for name, entry in judged.items()})
    return Checked(batch, workbench.hold(typed, "good"), content.num_rows, n_bad, tuple(notices))


def _judge(workbench: Workbench, batch: Batch, column: Column, content: Any, today: date) -> Judged:
    rule = batch.rules.get(column.name, PLAIN)
    given = whole(content, column.name) if rule.constant is None else repeat(rule.constant, content.num_rows)
    values = given.dictionary
    asked = workbench.hold(as_table({column.name: values, "_place": np.arange(len(values))}), "asked")
    one = replace(batch, relation=asked)
    is_text = find_read_from_text([column], {column.name: "VARCHAR"}, batch)
    bad = one_condition(column_problems(column, is_text[column.name], today, rule))
    remark = remarked_columns([column], is_text, batch).get(column.name, "false")
    rows = typed_select(one, [column], is_text, {"_place": "_place"})
    answer = workbench.relation(
        f"SELECT {quote(column.name)} AS value, {bad} AS is_bad, COALESCE({remark}, false) AS is_remarked FROM ({rows}) ORDER BY _place"
    ).to_arrow_table()
    workbench.release(asked)
    codes = codes_of(given)
    typed, is_bad, is_remarked = (whole(answer, name) for name in ("value", "is_bad", "is_remarked"))
    return Judged(_replace_values(column, given, typed), _by_row(is_bad, codes), int(_by_row(is_remarked, codes).sum()))


def _by_row(flags: Any, codes: Codes) -> Flags:
    """What holds for each distinct value, for each row; all rows at once where it holds for none."""
    of_values = np.asarray(flags)
    return of_values[codes] if of_values.any() else np.zeros(1, bool)


def _replace_values(column: Column, given: Any, typed: Any) -> Any:
    """The column with typed values in place of its texts. In a key and among texts each stands once, for they are told apart by their codes."""
    import pyarrow as pa

    if typed.equals(given.dictionary):
        return given
    if not column.is_key and column.duckdb_type != "VARCHAR":
        return pa.DictionaryArray.from_arrays(given.indices, typed)
    distinct = typed.dictionary_encode(null_encoding="encode")
    return pa.DictionaryArray.from_arrays(distinct.indices.take(given.indices), distinct.dictionary)


def _assemble(workbench: Workbench, batch: Batch, contract: Contract, judged: dict[str, Judged], content: Any) -> Any:
    """All columns of the contract, those that the file lacks without values, and lineage."""
    absent = [column for column in contract.columns if column.name not in judged]
    nothing = ", ".join(f"NULL::{column.duckdb_type} AS {quote(column.name)}" for column in absent) or "1"
    empty = workbench.relation(f"SELECT {nothing}").to_arrow_table()
    columns = {
        name: judged[name].column if name in judged else repeat(whole(empty, name), content.num_rows) for name in contract.column_names
    }
    columns["_source"] = repeat(batch.source, content.num_rows)
    return as_table(columns | {name: content[name] for name in LINEAGE if name != "_source"})


def _find_bad_rows(workbench: Workbench, contract: Contract, names: set[str], typed: Any) -> Flags:
    """Rows in which one column contradicts another."""
    problems = row_problems(contract, names)
    if not problems:
        return np.zeros(1, bool)
    relation = workbench.hold(typed, "typed")
    # Whether a currency could not be read was asked before: here one that is not there is enough.
    raw = ", currency AS _raw_currency" if "currency" in names else ""
    bad = workbench.relation(f"SELECT _line FROM (SELECT *{raw} FROM {relation}) WHERE {one_condition(problems)}").to_arrow_table()
    workbench.release(relation)
    return np.isin(np.asarray(whole(typed, "_line")), np.asarray(whole(bad, "_line")))
