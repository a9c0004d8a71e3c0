"""Sentences about cells that several places say alike."""

from __future__ import annotations

from quarterdeck.risks.cells import Cell
from quarterdeck.risks.indicators import load_indicators
from quarterdeck.vocabulary import wording


def describe_cell(cell: Cell) -> str:
    """'Site 0027 of QD-009: adverse events by participant and visit, 10 where 93 were to be expected'."""
    name = load_indicators()[cell.indicator].name.lower()
    seen, expected = wording.number(round(cell.numerator or 0)), wording.number(round(cell.expected or 0))
    return f"Site {cell.group} of {cell.study}: {name}, {seen} where {expected} were to be expected"
