"""A tender as a YAML file: assumptions, weights and bids. Unknown keys are refused by name."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from quarterdeck.data_files import read_yaml
from quarterdeck.vendors.selection import CRITERIA, Assumptions, Bid
from quarterdeck.vocabulary.errors import BadInput, NotFound

T = TypeVar("T", Assumptions, Bid)
KEYS = ("base_currency", "assumptions", "weights", "bids")


def read_bids(path: Path) -> tuple[list[Bid], Assumptions, dict[str, float], str]:
    """Bids, assumptions, weights and base currency. Raises NotFound or BadInput with file, key and what is allowed."""
    if not path.exists():
        raise NotFound("There is no such file", thing=str(path))
    try:
        content = read_yaml(path)
    except yaml.YAMLError as error:
        raise BadInput("The file is not YAML", thing=f"{path.name}: {error}") from error
    if not isinstance(content, dict):
        raise BadInput("The file is empty", thing=path.name, allowed=KEYS)
    if unknown := set(content) - set(KEYS):
        raise BadInput("Unknown key", thing=f"{path.name}: {', '.join(sorted(unknown))}", allowed=KEYS)
    bids = [_make(path.name, Bid, entry) for entry in content.get("bids") or ()]
    assumptions = _make(path.name, Assumptions, content.get("assumptions") or {})
    weights = {str(key): float(value) for key, value in (content.get("weights") or dict.fromkeys(CRITERIA, 1.0)).items()}
    return bids, assumptions, weights, str(content.get("base_currency", "GBP"))


def _make(file: str, kind: type[T], entry: dict[str, Any]) -> T:
    allowed = [field.name for field in fields(kind)]
    if unknown := set(entry) - set(allowed):
        raise BadInput("Unknown key", thing=f"{file}, {kind.__name__}: {', '.join(sorted(unknown))}", allowed=allowed)
    try:
        return kind(**entry)
    except TypeError as error:
        raise BadInput(
            "Something is missing", thing=f"{file}, {kind.__name__} {entry.get('vendor', '')}: {error}", allowed=allowed
        ) from error
