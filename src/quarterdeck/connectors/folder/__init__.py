"""Files that stand in our own tables, or that a mapping brings there: CSV, XLSX and Parquet, from any system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

from quarterdeck.connectors.protocol import Context
from quarterdeck.evidence.arrivals import Arrival
from quarterdeck.evidence.batch import Batch, ColumnRule, FileRead, SourceExtract
from quarterdeck.evidence.contracts import get_contract
from quarterdeck.evidence.mapping import FileMapping, SourceMapping
from quarterdeck.evidence.matching import find_table, match_headers
from quarterdeck.evidence.snapshot import quote
from quarterdeck.evidence.values import NUMBERS
from quarterdeck.evidence.workbench import READABLE, Sheet, Workbench
from quarterdeck.vocabulary.errors import BadInput

CORRECTION = ("_file", "_sheet", "_line")


class FolderConnector:
    """Canonical templates, and anything a mapping leads to them."""

    name = "folder"
    title = "Files in canonical tables"
    note = "One file or sheet per table, named like it, with our column names; or any file with a mapping."

    def recognise(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Every file of a readable kind."""
        return [arrival for arrival in arrivals if arrival.suffix in READABLE]

    def extract(self, arrivals: Sequence[Arrival], workbench: Workbench, context: Context) -> list[SourceExtract]:
        """One extract of the source that the mapping names, else of the source `folder`."""
        mapping = context.mapping or SourceMapping(source="folder")
        batches: list[Batch] = []
        files: list[FileRead] = []
        notices: list[str] = []
        for arrival in arrivals:
            chosen = [entry for entry in mapping.files if entry.fits(arrival.name)]
            try:
                sheets = _read(workbench, arrival, chosen)
            except BadInput as error:
                if len(arrivals) == 1:
                    raise
                notices.append(f"{arrival.name} was not loaded. {error.message}")
                continue
            for sheet in sheets:
                entries: list[FileMapping | None] = [entry for entry in chosen if fnmatch(sheet.sheet.lower(), entry.sheet.lower())] or [
                    None
                ]
                made = [_make_batch(workbench, sheet, entry, mapping.source) for entry in entries]
                batches += [batch for batch, _ in made if batch]
                files.append(_describe(sheet, made))
                notices += [note for _, note in made if isinstance(note, str)]
                notices += _notes(sheet, any(batch for batch, _ in made))
        return [
            SourceExtract(
                source=mapping.source,
                connector=self.name,
                batches=tuple(batches),
                files=tuple(files),
                extent=mapping.extent,
                cut=mapping.cut,
                rhythm_days=mapping.rhythm_days,
                notices=tuple(notices),
            )
        ]

    def sample(self, folder: Path) -> None:
        """A study and a site."""
        (folder / "study.csv").write_text("study_id,phase,status\nABC-001,P3,enrolling\n", encoding="utf-8")
        (folder / "site.csv").write_text(
            "study_id,site_id,country,site_status\nABC-001,101,GB,active\nABC-001,102,DE,active\n", encoding="utf-8"
        )


CONNECTOR = FolderConnector()


def _read(workbench: Workbench, arrival: Arrival, chosen: Sequence[FileMapping]) -> list[Sheet]:
    """The sheets of a file. Where no mapping says how, the headers are looked for."""
    first = chosen[0] if chosen else FileMapping("*", "", header_row=0)
    return workbench.read(arrival, first.encoding, first.delimiter, first.header_row)


def _notes(sheet: Sheet, is_used: bool) -> list[str]:
    """What to say of a sheet that is loaded: how it was read, and that it is empty."""
    if not is_used:
        return []
    empty = [] if sheet.rows or sheet.malformed else [f"{sheet.name} holds no row below its headers"]
    return [*sheet.notes, *empty]


def _make_batch(workbench: Workbench, sheet: Sheet, entry: FileMapping | None, source: str) -> tuple[Batch | None, str | tuple[str, ...]]:
    """The batch of one sheet and its ignored headers; or no batch, and why."""
    table = entry.table if entry else find_table(sheet.sheet, sheet.header) or find_table(sheet.arrival.stem, sheet.header)
    if not table:
        return None, f"{sheet.name} was not loaded: no table is named like it or has its columns. {_seen(sheet)}"
    rules = _rules(sheet, table, entry)
    contract = get_contract(table)
    missing = [key for key in contract.key if key not in rules and not contract.column(key).may_be_empty]
    if missing:
        return None, f"{sheet.name} was not loaded into {table}: it has no column for {', '.join(missing)}. {_seen(sheet)}"
    absent = [rule.source for rule in rules.values() if rule.constant is None and rule.source not in sheet.header]
    if absent:
        return None, f"{sheet.name} was not loaded into {table}: the mapping names columns it does not have: {', '.join(absent)}"
    is_correction = set(CORRECTION) <= set(sheet.header)
    relation = _rename(workbench, sheet, rules, is_correction)
    rules = {name: _doubt_point(rule, contract.column(name).type, sheet, is_correction) for name, rule in rules.items()}
    used = {rule.source for rule in rules.values()}
    ignored = tuple(header for header in sheet.header if header not in used and not header.startswith("_"))
    malformed = tuple((sheet.arrival.name, sheet.sheet, entry) for entry in sheet.malformed)
    keep_last = entry.keep_last if entry else False
    plain = {name: replace(rule, source="") for name, rule in rules.items()}
    return Batch(table, relation, source, plain, keep_last, is_correction, malformed), ignored


def _seen(sheet: Sheet) -> str:
    """The headers that were read, and the way out."""
    if len(sheet.header) == 1 and not sheet.sheet:
        return f"Its only header is {sheet.header[0][:120]!r}: is another sign the separator? Name `delimiter` in a mapping"
    shown = ", ".join(name[:40] for name in sheet.header[:8]) + (" ..." if len(sheet.header) > 8 else "")
    return f"Its {'header is' if len(sheet.header) == 1 else 'headers are'} {shown}; `--dry-run` proposes a mapping"


def _rules(sheet: Sheet, table: str, entry: FileMapping | None) -> dict[str, ColumnRule]:
    """The mapping's rules, and certain matches for what it does not name."""
    reading = entry.reading if entry else ColumnRule()
    rules = {column: replace(reading, source=header) for column, header in match_headers(table, sheet.header).certain.items()}
    return rules | (entry.rules if entry else {})


def _doubt_point(rule: ColumnRule, kind: str, sheet: Sheet, is_correction: bool) -> ColumnRule:
    """Who parts fields by semicolons writes decimals with a comma, and often thousands with a point, unless the mapping says how.

    A row that was set aside for that stays so until its value is corrected. (The export writes amounts that could be read with more decimals.)
    """
    is_open = rule.constant is None and not rule.decimal and not rule.thousands
    may_doubt = kind in NUMBERS if sheet.delimiter == ";" else is_correction and kind in NUMBERS and kind != "decimal"
    return replace(rule, doubts_point=True) if is_open and may_doubt else rule


def _rename(workbench: Workbench, sheet: Sheet, rules: dict[str, ColumnRule], is_correction: bool) -> str:
    headers = {name: rule.source for name, rule in rules.items() if rule.constant is None}
    if not is_correction:
        return workbench.pick(sheet, headers)
    # A corrected quarantine keeps the lines its rows first stood on. The mark against formulas that the export set comes off again.
    columns = [f"regexp_replace({quote(header)}, '^''([=+@\\t\\r-])', '\\1') AS {quote(name)}" for name, header in headers.items()]
    source = ", _source" if "_source" in sheet.header else ""
    lineage = f"_file{source}, COALESCE(_sheet, '') AS _sheet, TRY_CAST({quote('_line given')} AS BIGINT) AS _line"
    relation = workbench.name("mapped")
    workbench.execute(f"CREATE VIEW {relation} AS SELECT {', '.join([*columns, lineage])} FROM {sheet.relation}")
    return relation


def _describe(sheet: Sheet, made: Sequence[tuple[Batch | None, str | tuple[str, ...]]]) -> FileRead:
    tables = tuple(batch.table for batch, _ in made if batch)
    ignored = tuple(name for batch, names in made if batch and isinstance(names, tuple) for name in names)
    arrival = sheet.arrival
    return FileRead(
        name=arrival.name,
        sha256=arrival.sha256,
        size=arrival.size,
        location=str(arrival.origin.absolute()),
        sheet=sheet.sheet,
        given=sheet.rows + len(sheet.malformed),
        tables=tables,
        ignored=ignored,
        used=bool(tables),
        is_correction=any(batch.is_correction for batch, _ in made if batch),
    )
