"""Reading the knowledge files of this room: unknown and missing keys are refused by file, key and allowed values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from quarterdeck.data_files import read_yaml
from quarterdeck.vocabulary.errors import BadInput

HERE = Path(__file__).parent


def read_definitions(path: Path) -> Any:
    """The content of a YAML file. Raises BadInput that names the file and the place."""
    try:
        return read_yaml(path)
    except FileNotFoundError as error:
        raise BadInput("The file does not exist", thing=str(path)) from error
    except UnicodeDecodeError as error:
        raise BadInput("The file is not text in UTF-8", thing=str(path)) from error
    except yaml.YAMLError as error:
        raise BadInput("The file is not valid YAML", thing=f"{path}: {error}") from error


def check_keys(entry: Any, where: str, required: Collection[str], optional: Collection[str] = ()) -> Mapping[str, Any]:
    """The entry, if it is a mapping with exactly the keys that it may have."""
    if not isinstance(entry, Mapping):
        raise BadInput("A mapping was expected", thing=where, allowed=sorted([*required, *optional]))
    if unknown := sorted(str(key) for key in set(entry) - set(required) - set(optional)):
        raise BadInput("Unknown key", thing=f"{where}: {', '.join(unknown)}", allowed=sorted([*required, *optional]))
    if missing := sorted(set(required) - set(entry)):
        raise BadInput("A key is missing", thing=f"{where}: {', '.join(missing)}", allowed=sorted([*required, *optional]))
    return entry


def check_known(values: Collection[Any], known: Collection[Any], where: str) -> None:
    """Raises BadInput where a value refers to something that does not exist."""
    if unknown := sorted({str(value) for value in values} - {str(value) for value in known}):
        raise BadInput("A reference leads nowhere", thing=f"{where}: {', '.join(unknown)}", allowed=", ".join(sorted(map(str, known))[:60]))
