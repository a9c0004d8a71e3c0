"""Sections that show rows of the evidence base as they are, every cell bound to its source file and line."""

from __future__ import annotations

from typing import Any

from quarterdeck.papers.claims import Line, Slot, plain
from quarterdeck.papers.compose.drafting import Drafting
from quarterdeck.papers.derived import derived_id
from quarterdeck.papers.model import Block, Paragraph, Section, Table
from quarterdeck.papers.providers.rows import RowProvider
from quarterdeck.papers.template import SectionPlan


def compose_records(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """Rows of one contract table, for the paper's subject, as a table."""
    provider = drafting.facts.providers.get("row")
    table = str(plan.options["table"])
    if not isinstance(provider, RowProvider):
        drafting.lack(plan.id, plan.topic, "no evidence base is open")
        return None
    where = {key: str(value) for key, value in plan.options.get("where", {}).items()} | _subject(drafting, table, provider)
    rows = provider.rows(table, where)
    if not rows:
        drafting.lack(plan.id, plan.topic, f"no {table.replace('_', ' ')} is loaded")
        return None
    order = plan.options.get("newest_by")
    if order:
        rows.sort(key=lambda row: (row.get(order) is not None, str(row.get(order))), reverse=True)
    limit = int(plan.options.get("limit", 8))
    columns: dict[str, str] = plan.options["columns"]
    cells = tuple(_row(drafting, provider, table, row, plan) for row in rows[:limit])
    count = f"count:{table}{'?' if where else ''}{'&'.join(f'{k}={v}' for k, v in where.items())}"
    noun = plan.options.get("noun", "row")
    slots = {"count": Slot(count, "count", noun)}
    words = "{count} on record."
    if len(rows) > limit:
        words = "{count} on record; the newest {shown} are shown." if order else "{count} on record; the first {shown} are shown."
        slots["shown"] = Slot(derived_id("count", [provider.row_id(table, row) for row in rows[:limit]]), "number")
    line = drafting.say(words, f"{plan.id}/count", **slots)
    blocks: list[Block] = [Paragraph(line)] if line else []
    numeric = frozenset(
        i
        for i, column in enumerate(columns)
        if all(isinstance(row.get(column), int | float) or row.get(column) is None for row in rows[:limit])
    )
    blocks.append(
        Table(plain(plan.topic), tuple(columns.values()), cells, numeric - {0}, tuple(_weight(rows[:limit], column) for column in columns))
    )
    return Section(plan.id, plain(plan.topic), tuple(blocks), (_source(drafting, table),), plan.annex)


def _row(drafting: Drafting, provider: RowProvider, table: str, row: dict[str, Any], plan: SectionPlan) -> tuple[Line, ...]:
    provider.offer(table, row)
    own_unit = set(plan.options.get("in_unit", ()))
    return tuple(
        _in_unit(drafting, provider, table, row, column) if column in own_unit else drafting.cell(provider.fact_id(table, row, column))
        for column in plan.options["columns"]
    )


def _in_unit(drafting: Drafting, provider: RowProvider, table: str, row: dict[str, Any], column: str) -> Line:
    """A value in the unit that its own row names."""
    fact, unit = provider.fact_id(table, row, column), str(row.get("unit") or "")
    if fact not in drafting.facts or not unit:
        return drafting.cell(fact)
    if unit.split()[0] == "share":
        return drafting.cell(fact, "share")
    return drafting.cell(fact) + Line(" ") + drafting.cell(provider.fact_id(table, row, "unit"), "text")


def _weight(rows: list[dict[str, Any]], column: str) -> float:
    longest = max((len(str(row.get(column) or "")) for row in rows), default=1)
    return 0.8 if longest < 12 else 1.3 if longest < 30 else 2.4


def _subject(drafting: Drafting, table: str, provider: RowProvider) -> dict[str, str]:
    column = {"study": "study_id", "vendor": "vendor_id"}.get(drafting.about.level)
    return {column: drafting.about.key} if column and provider.knows(table, column) else {}


def _source(drafting: Drafting, table: str) -> Line:
    line = drafting.say(f"Source: table {table.replace('_', ' ')}, snapshot {{snapshot}}.", "", snapshot="context:snapshot")
    return line or Line("")
