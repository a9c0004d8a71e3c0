"""Where an indicator's figure comes from: formula, version of the definition, snapshot, and the rows behind it with file and line."""

from __future__ import annotations

from urllib.parse import quote

from fastapi.responses import Response

from quarterdeck.risks.indicators import CUMULATIVE_EVENTS, Indicator, get_indicator
from quarterdeck.risks.rows import add_rows_behind, read_rows_behind
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.reading import Reading
from quarterdeck.web.tables import Cell, Column, Table, words
from quarterdeck.web.view import View

SHOWN = 500  # rows listed on the page
METHODS = {
    "binary": "The share of each group is judged by what the other groups predict: a beta-binomial with the spread between groups. The score is the normal quantile of the mid-p.",
    "rate": "The rate of each group is judged by what the other groups predict: a gamma-Poisson with the spread between groups. The score is the normal quantile of the mid-p.",
    "identity": "The count itself is compared with fixed cuts, as the reference does; nothing is tested.",
    "cumulative": "Each participant's events are compared with what the other sites' participants had by the same visit: a negative-binomial likelihood ratio.",
}


def show_indicator_number(view: View, reading: Reading, thing: str) -> Response:
    """One indicator of one thing, from its words down to the lines it was read from."""
    indicator = get_indicator(reading.measure)
    count, top, below = view.snapshot.cached(("web.sums", reading.id), lambda: add_rows_behind(reading, view.snapshot))
    rows = view.snapshot.cached(("web.rows", reading.id), lambda: read_rows_behind(reading, view.snapshot, SHOWN))
    table = Table(
        "rows", "Rows behind this number",
        [
            Column("row", "Row"), Column("table", "Table"), Column("happened", "When"), Column("numerator", "Adds to the top", is_number=True),
            Column("denominator", "Adds to the bottom", is_number=True), Column("source", "File and line"),
        ],
        [
            {
                "row": Cell("/".join(row.key), href=f"/evidence/rows/{row.table}?key={quote('/'.join(row.key))}"), "table": row.table.replace("_", " "),
                "happened": row.happened or "no date", "numerator": row.numerator, "denominator": row.denominator, "source": str(row.source),
            }
            for row in rows
        ],
        empty="No row adds to this number.", size=50,
    )  # fmt: skip
    method, facts = METHODS[indicator.kind], _facts(reading)
    return view.page(
        "risks/number.html", finding=f"{indicator.name}: {words(reading)}", tables=[table, _table_of(facts)], readings=[reading], reading=reading, definition=indicator, thing=thing, method=method,
        rows_in_all=count, top=top, below=below, shown=SHOWN, source_of_counts=_source(indicator),
        cites=[count, top, below, SHOWN, indicator.name, indicator.question, indicator.numerator, indicator.denominator, indicator.version, indicator.hash, method, reading.reason, *facts.values()],
    )  # fmt: skip


def _facts(reading: Reading) -> dict[str, str]:
    found = {}
    for key, label, places in (
        ("expected", "Expected from the others", 1),
        ("score", "Score", 2),
        ("q", "q over all indicators of the trial", 4),
    ):
        value = reading.details.get(key)
        if isinstance(value, (int, float)):
            is_tiny = key == "q" and value < 1e-4
            found[label] = "below 0.0001" if is_tiny else wording.number(value, places, signed=key == "score")
    flagged = reading.details.get("snapshots flagged")
    if isinstance(flagged, (int, float)):
        found["Snapshots flagged in a row"] = wording.number(flagged)
    return found


def _table_of(facts: dict[str, str]) -> Table:
    rows = [{"what": what, "value": value} for what, value in facts.items()]
    return Table("facts", "How it was judged", [Column("what", "What"), Column("value", "Value", is_number=True)], rows, empty="It was not assessed.")  # fmt: skip


def _source(indicator: Indicator) -> str:
    if indicator.query == CUMULATIVE_EVENTS:
        return "By participant and visit; a participant's events and visits are cut where nobody else was followed any longer."
    return "The sums of the rows below."
