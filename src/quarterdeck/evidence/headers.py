"""Where the headers stand in a table of cells: people put titles, dates and blank rows above them."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.evidence.matching import find_table, match_headers

LOOKED_AT = 20  # rows from the top in which headers are looked for


def find_header_row(rows: Sequence[Sequence[str]], names: Sequence[str]) -> int:
    """The first row (from 1) that has the key columns of the table which the file or sheet fills; 1 where there is none.

    Below the first row at least half of the cells must be columns of that table: a page of explanations may name one of them too.

    `names` are what the sheet and the file are called.

    >>> find_header_row([["Sites, exported 3 April"], [], ["Study ID", "Site ID", "Country"]], ["Sites"])
    3
    """
    for number, row in enumerate(rows[:LOOKED_AT], start=1):
        if has_keys(row, names, least=0.0 if number == 1 else 0.5):
            return number
    return 1


def guess_header_row(rows: Sequence[Sequence[str]]) -> int:
    """The first row that is about as wide as the widest: a proposal for headers nobody knows."""
    widths = [sum(1 for cell in row if cell.strip()) for row in rows[:LOOKED_AT]]
    return next((number for number, width in enumerate(widths, start=1) if width and width >= 0.8 * max(widths)), 1)


def has_keys(row: Sequence[str], names: Sequence[str], least: float) -> bool:
    """Whether these cells are the headers of a table: all its key columns are among them, and `least` of them are its columns."""
    headers = [cell.strip() for cell in row if cell.strip()]
    if len(headers) < 2:
        return False
    table = next((found for name in names if name and (found := find_table(name, headers))), "") or find_table("", headers)
    if not table:
        return False
    match = match_headers(table, headers)
    return not match.missing_keys and len(match.certain) >= least * len(headers)
