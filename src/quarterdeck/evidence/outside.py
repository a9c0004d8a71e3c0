"""Rows of trials that are not in the study table. Finance also books what is no trial, so they are loaded and counted, and said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from quarterdeck.evidence.contracts import load_contracts
from quarterdeck.evidence.workbench import Workbench
from quarterdeck.vocabulary.wording import listing, money, number, plural

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

# The books: tables that name a trial without being bound to the study table, what a row is, and its amount.
BOOKS = {
    "budget_line": ("budget line", "COALESCE(budget_current, budget_baseline)"),
    "contract": ("contract", "value"),
    "purchase_order": ("purchase order", "value"),
    "invoice": ("invoice", "amount"),
}
SHOWN = 5


def find_outside(workbench: Workbench, known: Mapping[str, str], brought: Collection[str]) -> list[str]:
    """One sentence for each table of the books with such rows, and one for the rows that stay of trials which are gone from the study table.

    Only of what this load brought: another load does not say it again.
    """
    if "study" not in known:
        return []
    notices = []
    for table in BOOKS:
        if table in known and not {table, "study"}.isdisjoint(brought):
            rows = workbench.execute(_ask_books(table, known[table], known["study"])).fetchall()
            notices += [_say_books(table, rows)] if rows else []
    return notices + (_find_left_behind(workbench, known) if "study" in brought else [])


def codes_outside(snapshot: Snapshot, tables: Iterable[str]) -> list[str]:
    """The codes in these tables of the books that are not in the study table; none where no study was ever loaded. Kept with the snapshot."""

    def ask(table: str) -> list[str]:
        rows = snapshot.query(_ask_books(table, table, "study")).to_pylist() if "study" in snapshot.tables else []
        return [str(row["study_id"]) for row in rows]

    found = [snapshot.cached(("evidence.outside", table), partial(ask, table)) for table in tables if table in BOOKS]
    return sorted({code for codes in found for code in codes})


def _ask_books(table: str, rows: str, study: str) -> str:
    return (
        f"SELECT study_id, currency, count(*) AS n, sum({BOOKS[table][1]}) AS amount FROM {rows} t WHERE {_is_outside(study)} "
        "GROUP BY ALL ORDER BY ALL"
    )


def _is_outside(study: str) -> str:
    return f"t.study_id IS NOT NULL AND t.study_id <> '' AND NOT EXISTS (SELECT 1 FROM {study} s WHERE s.study_id = t.study_id)"


def _say_books(table: str, rows: list[tuple[Any, ...]]) -> str:
    sums: dict[str, Any] = defaultdict(int)
    for _, currency, _, amount in rows:
        if amount is not None and currency:
            sums[currency] += amount
    count = sum(row[2] for row in rows)
    amounts = f", {listing([money(amount, currency) for currency, amount in sorted(sums.items())])}" if sums else ""
    return (
        f"{plural(count, BOOKS[table][0])} of {_name(sorted({row[0] for row in rows}))}, not in the study table{amounts}: loaded, and counted in "
        "totals of money, for finance also books what is no trial. Correct the number if it is mistyped, or load the trial"
    )


def _find_left_behind(workbench: Workbench, known: Mapping[str, str]) -> list[str]:
    counts: dict[str, int] = {}
    codes: set[str] = set()
    for table, contract in load_contracts().items():
        if table in known and table != "study" and table not in BOOKS and "study_id" in contract.column_names:
            sql = f"SELECT study_id, count(*) FROM {known[table]} t WHERE {_is_outside(known['study'])} GROUP BY ALL"
            rows = workbench.execute(sql).fetchall()
            if rows:
                counts[table] = sum(row[1] for row in rows)
                codes |= {row[0] for row in rows}
    if not counts:
        return []
    stay = listing([f"{number(count)} of {table.replace('_', ' ')}" for table, count in counts.items()])
    return [
        f"Rows stay of {_name(sorted(codes))}, not in the study table: {stay}. They count as before; a full extract of their own source without "
        "them takes them out"
    ]


def _name(codes: list[str]) -> str:
    more = f" and {len(codes) - SHOWN} more" if len(codes) > SHOWN else ""
    return ", ".join(codes[:SHOWN]) + more
