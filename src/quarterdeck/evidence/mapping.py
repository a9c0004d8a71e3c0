"""The mapping of a source: a YAML file that says which file fills which table, and how each column is read.

source: ctms
rhythm: 7 days
extent: full
files:
  - match: "sites*.csv"
    table: site
    date_format: "%d/%m/%Y"
    constants: {study_id: ABC-001}
    columns:
      site_id: Site No
      site_status: {from: Status, codes: {Open: active, Shut: closed}}
      site_active_dt: {from: Green light, partial: first}
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from quarterdeck.data_files import read_yaml
from quarterdeck.evidence.batch import ColumnRule
from quarterdeck.evidence.contracts import get_contract
from quarterdeck.vocabulary.errors import BadInput, NotFound

IN_FOLDER = "mapping.yaml"  # in a source's folder, it says how the files beside and below it are read
PARTIAL = ("first", "middle", "last")
EXTENTS = ("changes", "full")
READING = ("date_format", "partial", "missing", "decimal", "thousands")  # may stand for a whole file, or for one column
SOURCE_KEYS = ("source", "connector", "rhythm", "extent", "cut", "files")
FILE_KEYS = ("match", "sheet", "table", "header_row", "encoding", "delimiter", "constants", "columns", "keep", *READING)
COLUMN_KEYS = ("from", "codes", "multiply", "constant", *READING)
UNITS = {"day": 1.0, "days": 1.0, "week": 7.0, "weeks": 7.0, "month": 30.4375, "months": 30.4375}


@dataclass(frozen=True, slots=True)
class FileMapping:
    """How the files (or sheets) of one name pattern fill one table."""

    match: str
    table: str
    sheet: str = "*"
    header_row: int = 1
    encoding: str = ""
    delimiter: str = ""
    keep_last: bool = False
    rules: dict[str, ColumnRule] = field(default_factory=dict)
    reading: ColumnRule = ColumnRule()

    def fits(self, name: str) -> bool:
        """Whether a file of this name (path within what was handed in) is meant."""
        return fnmatch(name.lower(), self.match.lower()) or fnmatch(PurePosixPath(name).name.lower(), self.match.lower())


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """What a mapping file says of one source."""

    source: str
    connector: str = ""
    extent: str = "changes"
    cut: date | None = None
    rhythm_days: float | None = None
    files: tuple[FileMapping, ...] = ()


def read_mappings(paths: Iterable[Path]) -> list[SourceMapping]:
    """The mappings in these YAML files and folders of them, each for a source of its own. Raises NotFound and BadInput."""
    found: dict[str, SourceMapping] = {}
    for path in paths:
        if not path.exists():
            raise NotFound("There is no such mapping", thing=str(path), allowed="a YAML file, or a folder of them")
        files = sorted(entry for entry in path.iterdir() if entry.suffix in (".yaml", ".yml")) if path.is_dir() else [path]
        if not files:
            raise NotFound("The folder holds no mapping", thing=str(path), allowed="files that end in .yaml")
        for file in files:
            mapping = read_mapping(file)
            if mapping.source in found:
                raise BadInput("Two mappings are for one source", thing=f"{file.name}: {mapping.source}", next_step="Put them in one file.")
            found[mapping.source] = mapping
    return list(found.values())


def read_mapping(path: Path, name: str = "") -> SourceMapping:
    """The mapping in a YAML file. An unknown key is refused by file and key, with the keys that are allowed.

    `name` is what a person calls the file, where its own name does not say (one out of an archive).
    """
    name = name or path.name
    try:
        document = read_yaml(path)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput("The mapping cannot be read", thing=f"{name}: {error}") from error
    if not isinstance(document, dict):
        raise BadInput("The mapping is empty", thing=name, allowed=SOURCE_KEYS)
    _refuse_unknown(name, document, SOURCE_KEYS)
    extent = str(document.get("extent", "changes"))
    if extent not in EXTENTS:
        raise BadInput("The mapping has a wrong value", thing=f"{name}: extent = {extent}", allowed=EXTENTS)
    return SourceMapping(
        source=str(document.get("source") or _name_source(name)),
        connector=str(document.get("connector", "")),
        extent=extent,
        cut=_read_date(name, document.get("cut")),
        rhythm_days=read_rhythm(document.get("rhythm")),
        files=tuple(_read_file(name, entry) for entry in document.get("files") or ()),
    )


def read_rhythm(value: Any) -> float | None:
    """Days between two extracts: a number of days, or '7 days', '2 weeks', '1 month'.

    >>> read_rhythm("2 weeks")
    14.0
    """
    if value is None or value == "":
        return None
    found = re.fullmatch(r"([0-9.]+)\s*([a-z]*)", str(value).strip().lower())
    if not found or (found[2] and found[2] not in UNITS):
        raise BadInput("A rhythm cannot be read", thing=str(value), allowed="7, 7 days, 2 weeks or 1 month")
    return float(found[1]) * UNITS.get(found[2], 1.0)


def _read_file(file: str, entry: MappingType[str, Any]) -> FileMapping:
    _refuse_unknown(f"{file}, files", entry, FILE_KEYS)
    if "table" not in entry:
        raise BadInput("The mapping does not say which table a file fills", thing=f"{file}: {entry.get('match', '?')}")
    contract = get_contract(str(entry["table"]))
    where = f"{file}, {contract.name}"
    reading = _read_reading(where, entry)
    rules: dict[str, ColumnRule] = {}
    for name, value in (entry.get("constants") or {}).items():
        contract.column(name)
        rules[name] = replace(reading, constant=str(value))
    for name, options in (entry.get("columns") or {}).items():
        contract.column(name)
        rules[name] = _read_column(f"{where}, {name}", options, reading)
    return FileMapping(
        match=str(entry.get("match", "*")),
        table=contract.name,
        sheet=str(entry.get("sheet", "*")),
        header_row=int(entry.get("header_row", 1)),
        encoding=str(entry.get("encoding", "")),
        delimiter={"tab": "\t", "\\t": "\t"}.get(str(entry.get("delimiter", "")), str(entry.get("delimiter", ""))),
        keep_last=str(entry.get("keep", "")) == "last",
        rules=rules,
        reading=reading,
    )


def _read_column(where: str, options: Any, reading: ColumnRule) -> ColumnRule:
    if not isinstance(options, dict):
        return replace(reading, source=_plain(options))
    _refuse_unknown(where, options, COLUMN_KEYS)
    multiply = options.get("multiply")
    if multiply is not None and not isinstance(multiply, int | float):
        raise BadInput("The mapping has a wrong value", thing=f"{where}: multiply = {multiply}", allowed="a number, such as 7 or -1")
    own = _read_reading(where, options, reading)
    return replace(
        own,
        source=_plain(options.get("from", "")),
        constant=None if options.get("constant") is None else str(options["constant"]),
        multiply=None if multiply is None else float(multiply),
        codes={_plain(key): _plain(value) for key, value in (options.get("codes") or {}).items()},
    )


def _read_reading(where: str, options: MappingType[str, Any], above: ColumnRule | None = None) -> ColumnRule:
    above = above or ColumnRule()
    formats = options.get("date_format", above.date_format)
    partial = str(options.get("partial", above.partial))
    if partial and partial not in PARTIAL:
        raise BadInput("The mapping has a wrong value", thing=f"{where}: partial = {partial}", allowed=PARTIAL)
    missing = options.get("missing", above.missing)
    return ColumnRule(
        date_format=(formats,) if isinstance(formats, str) else tuple(formats),
        partial=partial,
        missing=(missing,) if isinstance(missing, str) else tuple(str(value) for value in missing),
        decimal=str(options.get("decimal", above.decimal)),
        thousands=str(options.get("thousands", above.thousands)),
    )


def _name_source(file: str) -> str:
    """A mapping without a source is called like its file; one that lies in the source's folder like the folder."""
    path = PurePosixPath(file)
    return path.parent.name if path.name == IN_FOLDER and path.parent.name else path.stem


def _plain(value: Any) -> str:
    """YAML reads Yes and No as true and false; a person who writes a header or a code means the words."""
    return {True: "Yes", False: "No"}[value] if isinstance(value, bool) else str(value)


def _read_date(where: str, value: Any) -> date | None:
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise BadInput("The mapping has a wrong date", thing=f"{where}: cut = {value}", allowed="2026-03-14") from error


def _refuse_unknown(where: str, entry: MappingType[str, Any], allowed: tuple[str, ...]) -> None:
    if unknown := sorted(str(key) for key in set(entry) - set(allowed)):
        raise BadInput("The mapping has an unknown key", thing=f"{where}: {', '.join(unknown)}", allowed=allowed)
