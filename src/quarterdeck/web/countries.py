"""Names of countries by their two-letter code."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import quarterdeck.evidence

LIST = Path(quarterdeck.evidence.__file__).parent / "lists" / "countries.txt"


@cache
def country_names() -> dict[str, str]:
    """Code to the first of its names."""
    lines = [line.split("|") for line in LIST.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return {parts[0]: parts[2].split(";")[0] for parts in lines if len(parts) >= 3}


def country_name(code: str | None) -> str:
    """The name of a country, or its code where it has none here."""
    return country_names().get(code or "", code or "country not stated")
