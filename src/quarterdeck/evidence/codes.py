"""Countries and currencies: the closed lists of ISO 3166-1 and ISO 4217, and the English names a source may use."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def load_countries() -> dict[str, str]:
    """Lower-case spelling (code of two or three letters, or name) to ISO 3166-1 alpha-2."""
    spellings: dict[str, str] = {}
    for line in _lines("countries.txt"):
        code, *names = line.split("|")
        spellings |= {name.strip().lower(): code for name in (code, *names)}
    return spellings


@cache
def load_country_names() -> dict[str, str]:
    """ISO 3166-1 alpha-2 to the first of its English names."""
    lines = [line.split("|") for line in _lines("countries.txt")]
    return {parts[0]: parts[2].split(";")[0].strip() for parts in lines if len(parts) > 2}


@cache
def load_currencies() -> dict[str, str]:
    """Lower-case code to ISO 4217 code."""
    return {code.lower(): code for line in _lines("currencies.txt") for code in line.split()}


def _lines(name: str) -> list[str]:
    content = files(__package__).joinpath("lists", name).read_text(encoding="utf-8")
    return [line for line in content.splitlines() if line and not line.startswith("#")]
