"""The invented source systems: how each writes its extract, and the mapping with which a user would load it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from quarterdeck.data_files import read_yaml


@dataclass(frozen=True, slots=True)
class SystemTable:
    """One table in one file (or sheet). `headers` names columns as the system does; `codes` gives the system's word for our code."""

    table: str
    file: str
    sheet: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class System:
    """A source system and its habits. `dates` is a strftime pattern, or "native" for cells of a workbook."""

    name: str
    format: str
    dates: str
    rhythm_days: int
    tables: dict[str, SystemTable]
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."


@cache
def load_systems() -> dict[str, System]:
    """All systems by name, from systems.yaml."""
    content = read_yaml(Path(__file__).parent / "systems.yaml")
    return {
        name: System(name=name, **{**entry, "tables": {table: SystemTable(table, **spec) for table, spec in entry["tables"].items()}})
        for name, entry in content.items()
    }


def find_system(table: str) -> System:
    """The system that delivers this table."""
    return next(system for system in load_systems().values() if table in system.tables)


def derive_mapping(system: System) -> dict[str, Any]:
    """The mapping file of a system: what a user would write for this extract. Headers named as in the contract need no line."""
    return {
        "source": system.name,
        "rhythm": f"{system.rhythm_days} days",
        "extent": "full",
        "files": [_derive_file(system, spec) for spec in system.tables.values()],
    }


def _derive_file(system: System, spec: SystemTable) -> dict[str, Any]:
    entry: dict[str, Any] = {"match": spec.file, "table": spec.table}
    if spec.sheet:
        entry["sheet"] = spec.sheet
    if system.format == "csv":
        entry |= {"encoding": system.encoding, "delimiter": "tab" if system.delimiter == "\t" else system.delimiter}
    if system.dates not in ("native", "%Y-%m-%d"):
        entry["date_format"] = system.dates
    if system.decimal != ".":
        entry["decimal"] = system.decimal
    columns: dict[str, Any] = dict(spec.headers)
    for name, words in spec.codes.items():
        columns[name] = {"from": spec.headers.get(name, name), "codes": {word: code for code, word in words.items()}}
    return {**entry, "columns": columns} if columns else entry
