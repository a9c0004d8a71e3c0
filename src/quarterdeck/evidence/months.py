"""Tables of monthly rows: a second row of the same month, on another day, would count the month twice. It is set aside."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.evidence.contracts import Contract
from quarterdeck.evidence.ingest import leave_out, quarantine_rows
from quarterdeck.evidence.snapshot import quote
from quarterdeck.evidence.values import text
from quarterdeck.evidence.workbench import Workbench


def part_months(workbench: Workbench, contract: Contract, relation: str, parent: str, full: Sequence[str]) -> str:
    """The rows that stand alone in their month, or on the day of a row they replace; the others go to quarantine.

    `parent` is the relation of the rows there were, of which those of `full` sources will vanish.
    """
    if not (name := contract.monthly):
        return relation
    day = quote(name)
    others = [quote(key) for key in contract.key if key != name]
    found = f"SELECT {', '.join(others)}, {day}, _file, _line FROM {relation}"
    if parent:
        gone = f" WHERE _source NOT IN ({', '.join(map(text, full))})" if full else ""
        found += f" UNION ALL SELECT {', '.join(others)}, {day}, _file, _line FROM {parent}{gone}"
    month = ", ".join([*others, f"date_trunc('month', {day})"])
    months = workbench.name("months")
    workbench.execute(
        f"CREATE TABLE {months} AS SELECT {', '.join(others)}, date_trunc('month', {day}) AS _month, min({day}) AS _first, max({day}) AS _last, "
        f"arg_min(_file || ' line ' || _line, {day}) AS _at_first, arg_max(_file || ' line ' || _line, {day}) AS _at_last "
        f"FROM ({found}) GROUP BY {month} HAVING min({day}) <> max({day})"
    )
    if not workbench.scalar(f"SELECT count(*) FROM {months}"):
        return relation
    same = " AND ".join(f"m.{key} = t.{key}" for key in others) + f" AND m._month = date_trunc('month', t.{day})"
    doubled = workbench.name("doubled")
    workbench.execute(
        f"CREATE TABLE {doubled} AS SELECT t.*, CASE WHEN t.{day} = m._first THEN m._last ELSE m._first END AS _other, "
        f"CASE WHEN t.{day} = m._first THEN m._at_last ELSE m._at_first END AS _where FROM {relation} t JOIN {months} m ON {same}"
    )
    why = (
        "'this month is also there as ' || _other::VARCHAR || ' (' || _where || '), and would count twice: write the last day of the month, "
        "or take the other out (`extent: full`)'"
    )
    quarantine_rows(workbench, contract, doubled, "duplicate", name, why)
    return leave_out(workbench, contract, relation, doubled)
