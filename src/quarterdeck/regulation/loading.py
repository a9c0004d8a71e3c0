"""Loads this room's knowledge from YAML and refuses unknown keys by file, key and allowed values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from quarterdeck import data_files
from quarterdeck.vocabulary.errors import BadInput

HERE = Path(__file__).parent


def read_yaml(path: Path) -> Any:
    """The content of a definition file. Raises BadInput with file and line where it is not YAML."""
    try:
        return data_files.read_yaml(path)
    except yaml.YAMLError as error:
        raise BadInput("A definition cannot be read", thing=f"{path.name}: {error}", next_step="Correct the YAML.") from error


def check_keys(entry: object, where: str, required: Collection[str], optional: Collection[str] = ()) -> Mapping[str, Any]:
    """The entry as a mapping, once it has all required keys and no unknown one. Raises BadInput that names them."""
    if not isinstance(entry, dict):
        raise BadInput("A definition must be a table of keys and values", thing=where)
    allowed = sorted({*required, *optional})
    if unknown := sorted(set(entry) - set(allowed), key=str):
        raise BadInput("Unknown key in a definition", thing=f"{where}: {', '.join(map(str, unknown))}", allowed=allowed)
    if missing := sorted(set(required) - set(entry)):
        raise BadInput("A definition lacks a key", thing=f"{where}: {', '.join(missing)}", allowed=allowed)
    return entry


def check_value(value: object, where: str, allowed: Collection[str]) -> str:
    """The value, if it is one of the allowed words. Raises BadInput."""
    if value not in allowed:
        raise BadInput("A definition has a value that is not known", thing=f"{where}: {value!r}", allowed=sorted(allowed))
    return str(value)
