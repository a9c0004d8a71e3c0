"""Where a number comes from: formula, version of the definition, snapshot, and the rows behind it with file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import Response

from quarterdeck.risks.indicators import load_indicators
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.reading import Reading
from quarterdeck.web.matters import readings_of
from quarterdeck.web.risk_number import show_indicator_number
from quarterdeck.web.sources import row_href
from quarterdeck.web.tables import Cell, Column, Table, words
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
SHOWN = 500  # rows listed on the page; a reading may rest on a million


@router.get("/number")
def show_number(id: str, view: View = permit("page.read", any_scope=True)) -> Response:
    """One reading, from its words down to the lines it was read from."""
    from quarterdeck.measures.catalogue import get_definition
    from quarterdeck.measures.evaluate import rows_behind

    reading = find_reading(view.snapshot, id)
    check_readable(view, reading)
    if reading.measure in load_indicators():
        return show_indicator_number(view, reading, name_of_scope(reading))
    definition = get_definition(reading.measure)
    behind = view.snapshot.cached(("web.rows", reading.id), lambda: rows_behind(reading, view.snapshot, SHOWN))
    columns = [
        Column("row", "Row"), Column("table", "Table"), Column("happened", "When"), Column("numerator", "Adds to the top", is_number=True),
        Column("denominator", "Adds to the bottom", is_number=True), Column("source", "File and line"),
    ]  # fmt: skip
    rows = [
        {
            "row": Cell(" / ".join(filter(None, row.key)), href=row_href(row.table, row.key)), "table": row.table.replace("_", " "), "happened": row.happened or "no date",
            "numerator": row.numerator, "denominator": row.denominator, "source": str(row.source),
        }
        for row in behind
    ]  # fmt: skip
    table = Table(
        "rows",
        f"Rows behind this number, in {currency} at the budget rates"
        if (currency := reading.details.get("currency"))
        else "Rows behind this number",
        columns,
        rows,
        empty="No row adds to this number. It is missing, or it is worked out from other readings.",
    )
    return view.page(
        "measures/number.html",
        finding=f"{definition.name}: {words(reading)}",
        tables=[table, *_drivers(reading)],
        readings=[reading],
        reading=reading,
        definition=definition,
        thing=name_of_scope(reading),
        top=_amount(reading, reading.numerator),
        bottom=_amount(reading, reading.denominator),
        is_cut=len(rows) == SHOWN,
        shown=SHOWN,
        cites=[SHOWN, _amount(reading, reading.numerator), _amount(reading, reading.denominator), definition.version, definition.question, definition.numerator, definition.denominator, definition.limits, definition.method.name, definition.hash, definition.name,
               definition.minimum, 100 * definition.method.level, str(definition.target and definition.target.in_words(definition.unit)), str(definition.reviewed), str(definition.target and definition.target.horizon)],
    )  # fmt: skip


def _amount(reading: Reading, value: float | None) -> str:
    """What stands on top or below, with its currency where it is money."""
    if value is None:
        return ""
    currency = reading.details.get("currency")
    return wording.money(value, str(currency)) if currency else wording.number(value)


def find_reading(snapshot: Snapshot, reading_id: str) -> Reading:
    """A reading of these facts by its id. Raises NotFound or BadInput."""
    parts = reading_id.split("@")[0].split("/", 2)
    if len(parts) != 3:
        raise BadInput("This is not the name of a reading", thing=reading_id[:200], allowed="measure/level/key")
    measure, level, key = parts
    readings = readings_of(snapshot, measure, level)
    if not readings:
        raise NotFound("There is no such measure at this level", thing=f"{measure} at {level}")
    reading = readings.get(key)
    if reading is None:
        raise NotFound("There is no such reading in these facts", thing=reading_id[:200], next_step="It may exist in another snapshot.")
    return reading


def check_readable(view: View, reading: Reading) -> None:
    """Raises NotPermitted where no role of the reader covers what the reading is about."""
    if view.covers_portfolio:
        return
    study_id = reading.scope.key.split("/")[0] if reading.scope.level in ("study", "country", "site") else ""
    if not study_id or not view.may_read_study(study_id):
        view.require("portfolio.read")


def name_of_scope(reading: Reading) -> str:
    """What the reading is about, in words."""
    if reading.scope.level == "portfolio":
        return "the whole portfolio"
    return {"study": "trial"}.get(reading.scope.level, reading.scope.level) + f" {reading.scope.key}"


def _drivers(reading: Reading) -> list[Table]:
    if not reading.drivers:
        return []
    rows = [{"what": what, "share": Cell(amount, wording.in_unit(amount, reading.unit, signed=True))} for what, amount in reading.drivers]
    return [
        Table(
            "drivers", "What drives it, the largest first", [Column("what", "What"), Column("share", "Contribution", is_number=True)], rows
        )
    ]
