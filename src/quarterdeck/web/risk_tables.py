"""Tables and small readers that several pages of the risks share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from math import isfinite
from typing import Any
from urllib.parse import quote

from fastapi.responses import Response

from quarterdeck.risks import loop
from quarterdeck.risks.cells import Cell as Indicated
from quarterdeck.risks.indicators import load_indicators
from quarterdeck.risks.kri import as_reading, judge, surprise
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View

SIGNAL_LIMIT = 0.05
SIGNS = {"GBP": "£", "EUR": "€", "USD": "$"}
BACK = "Go back in the browser: what you filled in is still there."


def plain_page(view: View, title: str, texts: Sequence[str], tables: Sequence[Table], cites: Iterable[object] = ()) -> Response:
    return view.page("risks/tables.html", finding=title, tables=tables, texts=list(texts), cites=[*texts, *cites])


def cell_table(name: str, caption: str, cells: Sequence[Indicated], empty: str, snapshot: str) -> Table:
    """Cells of sites; every figure leads to where it comes from."""
    columns = [
        Column("site", "Site"),
        Column("indicator", "Indicator"),
        Column("seen", "Seen", is_number=True),
        Column("expected", "Expected", is_number=True),
        Column("ratio", "Seen to expected", is_number=True),
        Column("score", "Score", is_number=True),
        Column("flagged", "Snapshots flagged", is_number=True),
        Column("verdict", "Verdict"),
    ]
    return Table(name, caption, columns, [_row_of(cell, snapshot) for cell in cells], empty=empty, size=40)


def _row_of(cell: Indicated, snapshot: str) -> dict[str, object]:
    reading = as_reading(cell, "site", snapshot)
    source = f"/number?id={quote(reading.id, safe='')}"
    reason = cell.not_assessed_reason
    return {
        "site": Cell(cell.group, href=f"/risks/sites/{cell.study}/{cell.group}"),
        "indicator": load_indicators()[cell.indicator].name,
        "seen": Cell("not collected") if cell.numerator is None else Cell(cell.numerator, wording.number(cell.numerator), href=source),
        "expected": Cell(cell.expected or 0.0, reason or wording.number(cell.expected or 0, 1), href=source),
        "ratio": Cell("–") if cell.ratio is None else Cell(cell.ratio, wording.number(cell.ratio, 2), sub=_interval(cell), href=source),
        "score": Cell("–") if cell.score is None else Cell(surprise(cell), wording.number(cell.score, 1, signed=True), href=source),
        "flagged": cell.snapshots_flagged,
        "verdict": judge(cell) if cell.score is not None else (reason or "not assessed"),
    }


def _interval(cell: Indicated) -> str:
    return (
        ""
        if cell.ratio_low is None or cell.ratio_high is None
        else f"{wording.number(cell.ratio_low, 2)} to {wording.number(cell.ratio_high, 2)}"
    )


def signals_table(name: str, signals: Sequence[Any], empty: str) -> Table:
    rows = [
        {
            "signal": Cell(s.id, href=f"/risks/signals/{s.id}"),
            "what": s.headline,
            "state": s.state.replace("_", " "),
            "opened": s.opened_at,
            "effect": s.effect.replace("_", " ") or "not measured yet",
        }
        for s in signals
    ]
    return Table(
        name,
        "Signals, newest first",
        [
            Column("signal", "Signal"),
            Column("what", "What"),
            Column("state", "State"),
            Column("opened", "Opened"),
            Column("effect", "Effect"),
        ],
        rows,
        empty=empty,
        size=25,
    )


def signals_of(view: View, key: str) -> Table:
    signals = [s for s in loop.read_signals(view.record) if f"{s.study_id}/{s.group_id}" == key]
    return signals_table("opened", signals, "No signal of this site was opened.")


def read_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput("The date cannot be read", thing=repr(text), allowed="YYYY-MM-DD") from error


def read_probability(label: str, text: str) -> float:
    """A probability as people write it: 0.2 or 20%. Raises BadInput that names the field as the form does."""
    bare = text.strip()
    value = _read(bare.removesuffix("%"))
    if value is not None and bare.endswith("%"):
        value /= 100
    if value is None or not 0 <= value <= 1:
        raise BadInput(
            "This is not a probability", thing=f"{label}: {text!r}", allowed="0 to 1, or 0% to 100%, such as 0.2 or 20%", next_step=BACK
        )
    return value


def read_amount(label: str, text: str, currency: str = "") -> float:
    """An amount as people write it: 500000, 500,000 or with the sign or code of `currency`. Raises BadInput that names the field as the form does."""
    bare = text.strip().upper()
    for sign in filter(None, (currency, SIGNS.get(currency, ""))):
        bare = bare.removeprefix(sign).removesuffix(sign).strip()
    value = _read(bare)
    if value is None:
        allowed = f"digits, such as 500,000{f' or {SIGNS.get(currency, currency)}500,000: amounts are in {currency}' if currency else ''}"
        raise BadInput("This is not a number", thing=f"{label}: {text!r}", allowed=allowed, next_step=BACK)
    return value


def _read(text: str) -> float | None:
    try:
        value = float(text.replace(",", "").replace(" ", ""))
    except ValueError:
        return None
    return value if isfinite(value) else None
