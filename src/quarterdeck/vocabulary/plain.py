"""Values as JSON can hold them: the one way from frozen values to an answer of the command line, the API or a stored row."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any


def to_plain(value: Any) -> Any:
    """A value as JSON can hold it: dataclasses by field, dates in ISO form, enums by value, no NaN."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(entry) for key, entry in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | Path):
        return str(value) if isinstance(value, Path) else float(value)
    if isinstance(value, str | int | bool) or value is None:
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if hasattr(value, "tolist"):
        return to_plain(value.tolist())
    if isinstance(value, Iterable):
        return [to_plain(entry) for entry in value]
    return str(value)
