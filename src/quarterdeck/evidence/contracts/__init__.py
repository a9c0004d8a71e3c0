"""The contracts: which tables and columns there are, of which type and unit, with which keys, references, codes and privacy class.

The contracts themselves are the YAML files beside this module, grouped by subject.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any

from quarterdeck.data_files import read_yaml
from quarterdeck.vocabulary.errors import BadInput, NotFound

TYPES = ("text", "integer", "decimal", "money", "rate", "date", "timestamp", "boolean", "list", "country", "currency")
PRIVACY = ("open", "commercial", "personal", "pseudonymous", "special")
LINEAGE = ("_source", "_file", "_sheet", "_line")

# Money is exact; other decimals are measurements. Instants are UTC without a zone.
DUCKDB_TYPES = {
    "text": "VARCHAR",
    "country": "VARCHAR",
    "currency": "VARCHAR",
    "integer": "BIGINT",
    "decimal": "DOUBLE",
    "money": "DECIMAL(18,4)",
    "rate": "DECIMAL(18,8)",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "boolean": "BOOLEAN",
    "list": "VARCHAR[]",
}
LINEAGE_TYPES = {"_source": "VARCHAR", "_file": "VARCHAR", "_sheet": "VARCHAR", "_line": "BIGINT"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `privacy` is open, commercial, personal (staff and investigators), pseudonymous (participants) or special (health, ethnicity).

    `references` names the table whose last key column this one points to; the key columns before it have the same name here.
    `codes` is the closed list of allowed values, empty where the list is open. `is_planned` marks dates that lie in the future by nature.
    """

    name: str
    type: str
    unit: str = ""
    is_key: bool = False
    is_nullable: bool = True
    references: str = ""
    codes: tuple[str, ...] = ()
    privacy: str = "open"
    note: str = ""
    may_be_empty: bool = False
    is_planned: bool = False
    minimum: float | None = None
    maximum: float | None = None

    @property
    def duckdb_type(self) -> str:
        """The type of the column in a part and in every query."""
        return DUCKDB_TYPES[self.type]


@dataclass(frozen=True, slots=True)
class Contract:
    """One table: its columns in order, its key, the dates that cannot run backwards, the counts that cannot exceed another.

    `monthly` is the date of the key that stands for its whole month, so that the other keys have one row in a month.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    note: str
    subject: str = ""
    order: tuple[tuple[str, ...], ...] = ()
    part_of: tuple[tuple[str, str], ...] = ()
    monthly: str = ""

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names in contract order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise NotFound("Unknown column", thing=f"{self.name}.{name}", allowed=self.column_names)


@cache
def load_contracts() -> dict[str, Contract]:
    """All contracts by table name, in the order of the files. Each is checked: a wrong key names its file, table and the allowed ones."""
    contracts: dict[str, Contract] = {}
    for path in sorted(files(__package__).iterdir(), key=lambda entry: entry.name):
        if path.name.endswith(".yaml"):
            document = read_yaml(path)
            for table, entry in document.items():
                contracts[table] = _read_contract(path.name, table, entry)
    for contract in contracts.values():
        _check_references(contract, contracts)
    return contracts


def get_contract(name: str) -> Contract:
    """The contract of one table."""
    contracts = load_contracts()
    if name not in contracts:
        raise NotFound("Unknown table", thing=name, allowed=sorted(contracts), next_step="See `quarterdeck contracts`.")
    return contracts[name]


def referenced_key(contract: Contract, column: Column) -> tuple[tuple[str, str], ...]:
    """(column here, key column there) pairs of a reference.

    >>> referenced_key(get_contract("subject"), get_contract("subject").column("site_id"))
    (('study_id', 'study_id'), ('site_id', 'site_id'))
    """
    there = get_contract(column.references).key
    return (*((name, name) for name in there[:-1]), (column.name, there[-1]))


def _read_contract(file: str, table: str, entry: Mapping[str, Any]) -> Contract:
    allowed = {"note", "key", "columns", "order", "part_of", "monthly"}
    _refuse_unknown(file, table, entry, allowed)
    key = tuple(entry["key"])
    columns = tuple(_read_column(f"{file}, {table}", name, options, key) for name, options in entry["columns"].items())
    order = tuple(tuple(chain) for chain in entry.get("order", ()))
    part_of = tuple((pair[0], pair[1]) for pair in entry.get("part_of", ()))
    monthly = str(entry.get("monthly", ""))
    contract = Contract(table, columns, key, entry["note"], file.removesuffix(".yaml"), order, part_of, monthly)
    for name in (*key, *filter(None, (monthly,)), *(name for chain in (*order, *part_of) for name in chain)):
        contract.column(name)
    return contract


def _read_column(where: str, name: str, options: Mapping[str, Any], key: tuple[str, ...]) -> Column:
    allowed = {field.name for field in fields(Column)} - {"name", "is_key", "is_nullable"}
    _refuse_unknown(where, name, options, allowed)
    for option, choices in (("type", TYPES), ("privacy", PRIVACY)):
        if options.get(option, choices[0]) not in choices:
            raise BadInput("A contract has a wrong value", thing=f"{where}, {name}: {option} = {options[option]}", allowed=choices)
    values = {**options, "codes": tuple(str(code) for code in options.get("codes", ())), "type": options["type"]}
    is_key = name in key
    return Column(name=name, is_key=is_key, is_nullable=not is_key, **values)


def _refuse_unknown(file: str, thing: str, entry: Mapping[str, Any], allowed: set[str]) -> None:
    if unknown := sorted(set(entry) - allowed):
        raise BadInput("A contract has an unknown key", thing=f"{file}, {thing}: {', '.join(unknown)}", allowed=sorted(allowed))


def _check_references(contract: Contract, contracts: Mapping[str, Contract]) -> None:
    for column in contract.columns:
        if column.references and column.references not in contracts:
            raise BadInput("A contract refers to an unknown table", thing=f"{contract.name}.{column.name} -> {column.references}")
