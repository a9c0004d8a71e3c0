"""Mixed currencies: money that is compared or summed in the books although its currencies differ. Said, not changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from quarterdeck.evidence.workbench import Workbench
from quarterdeck.vocabulary.wording import plural

# (table, what it is, column that leads to the other table, the other table, its key)
PAIRS = (
    ("change_order", "change orders", "contract_id", "contract", "contract_id"),
    ("deliverable", "deliverables", "contract_id", "contract", "contract_id"),
    ("purchase_order", "purchase orders", "contract_id", "contract", "contract_id"),
    ("invoice", "invoices", "po_number", "purchase_order", "po_number"),
)


def find_mixed_currencies(workbench: Workbench, known: Mapping[str, str], brought: Collection[str]) -> list[str]:
    """One sentence for each pair of tables in which a row's currency differs from that of the row it belongs to.

    Only of tables that this load brought: the load that brings them says it, the next one of another table does not say it again.
    """
    notices = []
    for table, words, column, other, key in PAIRS:
        if table in known and other in known and not {table, other}.isdisjoint(brought):
            rows = workbench.execute(
                f"SELECT t.{column}, t.currency, o.currency FROM {known[table]} t JOIN {known[other]} o ON t.{column} = o.{key} "
                "WHERE t.currency <> o.currency ORDER BY ALL"
            ).fetchall()
            if rows:
                first = rows[0]
                notices.append(
                    f"{len(rows):,} {words} are in another currency than their {other.replace('_', ' ')}, first {first[0]}: {first[1]}, not {first[2]}"
                )
    if "budget_line" in known and "budget_line" in brought:
        rows = workbench.execute(
            f"SELECT study_id, string_agg(DISTINCT currency, ', ' ORDER BY currency) FROM {known['budget_line']} GROUP BY 1 HAVING count(DISTINCT currency) > 1 ORDER BY 1"
        ).fetchall()
        if rows:
            notices.append(
                f"{plural(len(rows), 'trial has', 'trials have')} a budget in more than one currency, first {rows[0][0]}: {rows[0][1]}; they are summed at stated rates only"
            )
    return notices
