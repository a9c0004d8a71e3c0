"""A mapping proposed for files whose headers are not ours: what looks like which column, and how its dates are written. Never used unasked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

from quarterdeck.evidence.arrivals import Arrival
from quarterdeck.evidence.batch import FileRead, SourceExtract
from quarterdeck.evidence.contracts import Column, get_contract
from quarterdeck.evidence.headers import LOOKED_AT, guess_header_row
from quarterdeck.evidence.matching import match_headers, normal, propose_table
from quarterdeck.evidence.snapshot import quote
from quarterdeck.evidence.workbench import Sheet, Workbench
from quarterdeck.vocabulary.errors import QuarterdeckError

SAMPLE = 500
DATE_PATTERNS = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%d/%m/%y")


def propose_mapping(workbench: Workbench, arrivals: Sequence[Arrival], extract: SourceExtract) -> str:
    """YAML to save, correct and hand to `--mapping`; empty where every header already has its place."""
    entries = []
    by_name = {arrival.name: arrival for arrival in arrivals}
    for file in extract.files:
        if (not file.used or file.ignored) and file.name in by_name:
            entries += _propose_file(workbench, by_name[file.name], file)
    if not entries:
        return ""
    document = {"source": extract.source, "files": entries}
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=140)


def _propose_file(workbench: Workbench, arrival: Arrival, file: FileRead) -> list[dict[str, Any]]:
    try:
        sheets = [sheet for sheet in workbench.read(arrival, header_row=0) if sheet.sheet == file.sheet]
        sheets = [_below_titles(workbench, sheet) for sheet in sheets]
    except QuarterdeckError:
        return []
    return [entry for sheet in sheets if (entry := _propose_sheet(workbench, sheet, file.tables))]


def _below_titles(workbench: Workbench, sheet: Sheet) -> Sheet:
    """The sheet with its headers where they seem to stand: in the first row that is about as wide as the widest."""
    columns = ", ".join(f"COALESCE({quote(name)}, '')" for name in sheet.header)
    rows = workbench.execute(f"SELECT {columns}, _line FROM {sheet.relation} ORDER BY _line LIMIT {LOOKED_AT}").fetchall()
    # A title row makes a narrow table: the rows below it are then wider than its headers, and stand among the malformed.
    wider = [entry.line for entry in sheet.malformed]
    named = [name if not re.fullmatch(r"column [0-9]+", name) else "" for name in sheet.header]
    place = guess_header_row([named, *(row[:-1] for row in rows)])
    line = wider[0] if wider and len(wider) > len(rows) else rows[place - 2][-1] if place > 1 else sheet.header_row
    if line == sheet.header_row:
        return sheet
    return next((again for again in workbench.read(sheet.arrival, header_row=line) if again.sheet == sheet.sheet), sheet)


def _propose_sheet(workbench: Workbench, sheet: Sheet, tables: Sequence[str]) -> dict[str, Any] | None:
    table = tables[0] if tables else propose_table(sheet.header)
    match = match_headers(table, sheet.header)
    columns: dict[str, Any] = {}
    for column, header in {**match.certain, **match.likely}.items():
        options = _options(workbench, sheet, get_contract(table).column(column), header)
        if options or column in match.likely:
            columns[column] = {"from": header, **options} if options else header
    if not columns and not (set(match.certain) and not tables):
        return None
    entry: dict[str, Any] = {"match": sheet.arrival.name, "table": table}
    if sheet.sheet:
        entry["sheet"] = sheet.sheet
    if sheet.header_row > 1:
        entry["header_row"] = sheet.header_row
    found = set(match.certain) | set(match.likely)
    if needed := [key for key in get_contract(table).key if key not in found]:
        entry["constants"] = dict.fromkeys(needed, "FILL IN")
    return entry | {"columns": columns}


def _options(workbench: Workbench, sheet: Sheet, column: Column, header: str) -> dict[str, Any]:
    rows = workbench.execute(
        f"SELECT DISTINCT trim({quote(header)}) AS v FROM {sheet.relation} WHERE trim({quote(header)}) <> '' ORDER BY v LIMIT {SAMPLE}"
    ).fetchall()
    values = [row[0] for row in rows]
    if column.type in ("date", "timestamp"):
        return _date_options(values)
    if column.codes:
        return _code_options(column, values)
    if column.type in ("money", "decimal") and any(re.fullmatch(r"-?[0-9.]*,[0-9]{1,2}", value) for value in values):
        return {"decimal": ",", "thousands": "."}
    if column.type in ("money", "decimal", "integer") and any(
        re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", value) for value in values
    ):
        return {"thousands": ","}
    return {}


def _date_options(values: Sequence[str]) -> dict[str, Any]:
    from datetime import datetime

    partial = [value for value in values if re.fullmatch(r"[0-9]{4}(-[0-9]{2})?", value)]
    whole = [value for value in values if value not in partial and not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{5}(\.|$)", value)]
    options: dict[str, Any] = {"partial": "middle"} if partial else {}
    for pattern in DATE_PATTERNS if whole else ():
        try:
            for value in whole:
                datetime.strptime(value, pattern)  # noqa: DTZ007 - only whether it fits
        except ValueError:
            continue
        return options | {"date_format": pattern}
    return options


def _code_options(column: Column, values: Sequence[str]) -> dict[str, Any]:
    plain = {normal(code) for code in column.codes}
    unknown = [value for value in values if normal(value) not in plain]
    if not unknown or len(unknown) > 40:
        return {}
    return {"codes": {value: _nearest(column, value) for value in unknown}}


def _nearest(column: Column, value: str) -> str:
    from difflib import get_close_matches

    found = get_close_matches(normal(value), [normal(code) for code in column.codes], n=1, cutoff=0.6)
    return next((code for code in column.codes if found and normal(code) == found[0]), f"FILL IN: {' | '.join(column.codes)}")
