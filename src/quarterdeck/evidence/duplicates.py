"""Rows that share a key: one of identical ones stays, conflicting ones are all set aside."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.evidence.contracts import LINEAGE, Contract
from quarterdeck.evidence.ingest import Checked, quarantine_rows
from quarterdeck.evidence.ordering import sort_by_key
from quarterdeck.evidence.snapshot import quote
from quarterdeck.evidence.workbench import Workbench


def part_duplicates(workbench: Workbench, contract: Contract, checked: Sequence[Checked]) -> str:
    """The good rows of one table with each key once; the others go to quarantine.

    Of identical repeats the first stays. Rows that differ under one key are all set aside, for none can be trusted, unless the source is a
    log whose later rows replace earlier ones. A relation that is held in memory afterwards is in order of key.
    """
    held = workbench.held.get(checked[0].relation) if len(checked) == 1 else None
    if held is not None and (ordered := sort_by_key(held, contract.key)) is not None:
        return workbench.hold(ordered, "ordered")
    union = " UNION ALL BY NAME ".join(f"SELECT * FROM {entry.relation}" for entry in checked)
    keys = ", ".join(quote(name) for name in contract.key)
    together = workbench.name("together")
    workbench.execute(f"CREATE VIEW {together} AS {union}")
    # Equal keys have equal hashes, so this never misses a duplicate; a chance collision only costs the slower way.
    rows, keys_there = workbench.execute(f"SELECT count(*), count(DISTINCT hash({keys})) FROM {together}").fetchall()[0]
    if rows == keys_there:
        return together
    keep_last = any(entry.batch.keep_last for entry in checked)
    return _separate_duplicates(workbench, contract, together, keep_last)


def _separate_duplicates(workbench: Workbench, contract: Contract, together: str, keep_last: bool) -> str:
    keys = ", ".join(quote(name) for name in contract.key)
    values = ", ".join(quote(name) for name in contract.column_names)
    order = "_file DESC, _sheet DESC, _line DESC" if keep_last else "_file, _sheet, _line"
    ranked = workbench.name("ranked")
    # Only rows whose key occurs more than once are ranked: they are few.
    repeated = f"SELECT {keys} FROM {together} GROUP BY {keys} HAVING count(*) > 1"
    same = " AND ".join(f"r.{quote(key)} = t.{quote(key)}" for key in contract.key)
    workbench.execute(
        f"CREATE TABLE {ranked} AS SELECT t.*, count(DISTINCT hash({', '.join('t.' + quote(n) for n in contract.column_names)})) OVER key AS _versions, "
        f"row_number() OVER (key ORDER BY {order}) AS _rank, first_value(_file || ' line ' || _line) OVER (key ORDER BY {order}) AS _first "
        f"FROM {together} t JOIN ({repeated}) r ON {same} WINDOW key AS (PARTITION BY {', '.join('t.' + quote(k) for k in contract.key)})"
    )
    repeat = "_versions = 1 AND _rank > 1" if not keep_last else "_rank > 1"
    column = contract.key[-1]
    why = "'the same row stands in ' || _first" if not keep_last else "'replaced by ' || _first"
    quarantine_rows(workbench, contract, f"(SELECT * FROM {ranked} WHERE {repeat})", "repeat", column, why)
    if not keep_last:
        conflict = "'another row with this key differs: see ' || _first || ' and ' || (_versions - 1) || ' more'"
        quarantine_rows(workbench, contract, f"(SELECT * FROM {ranked} WHERE _versions > 1)", "duplicate", column, conflict)
    kept = "_rank = 1" if keep_last else "_versions = 1 AND _rank = 1"
    single = workbench.name("single")
    workbench.execute(
        f"CREATE VIEW {single} AS SELECT {values}, {', '.join(LINEAGE)} FROM {together} t "
        f"WHERE NOT EXISTS (SELECT 1 FROM {ranked} r WHERE {same}) UNION ALL SELECT {values}, {', '.join(LINEAGE)} FROM {ranked} WHERE {kept}"
    )
    return single
