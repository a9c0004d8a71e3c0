"""The invented source systems: how each writes its extract, and the mapping with which a user would load it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from quarterdeck.evidence.contracts import get_contract


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
    content = yaml.safe_load((Path(__file__).parent / "systems.yaml").read_text(encoding="utf-8"))
    return {
        name: System(name=name, **{**entry, "tables": {table: SystemTable(table, **spec) for table, spec in entry["tables"].items()}})
        for name, entry in content.items()
    }


def find_system(table: str) -> System:
    """The system that delivers this table."""
    return next(system for system in load_systems().values() if table in system.tables)


def derive_mapping(system: System, columns: dict[str, list[str]]) -> dict[str, Any]:
    """The mapping file of a system, given the columns that its tables hold: what a user would write for this extract."""
    tables = []
    for table, spec in system.tables.items():
        rules = {name: rule for name in columns[table] if (rule := _derive_rule(system, spec, name))}
        entry: dict[str, Any] = {"file": spec.file, "table": table}
        if spec.sheet:
            entry["sheet"] = spec.sheet
        tables.append({**entry, "columns": rules})
    return {"source": system.name, "rhythm_days": system.rhythm_days, "extent": "full", "tables": tables}


def _derive_rule(system: System, spec: SystemTable, name: str) -> dict[str, Any]:
    kind = get_contract(spec.table).column(name).type
    rule: dict[str, Any] = {}
    if name in spec.headers:
        rule["source"] = spec.headers[name]
    if kind == "date" and system.dates not in ("native", "%Y-%m-%d"):
        rule["date_format"] = system.dates
    if kind in ("decimal", "money", "rate") and system.decimal != ".":
        rule["decimal"] = system.decimal
    if name in spec.codes:
        rule["codes"] = {word: code for code, word in spec.codes[name].items()}
    return rule
