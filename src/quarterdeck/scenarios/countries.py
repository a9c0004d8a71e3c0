"""Countries and days in words, as scenarios read and say them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from quarterdeck.evidence.codes import load_country_names
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput


@cache
def _countries() -> dict[str, str]:
    """Names and codes, lower case, to ISO alpha-2."""
    found: dict[str, str] = {
        "uk": "GB",
        "the uk": "GB",
        "britain": "GB",
        "usa": "US",
        "the us": "US",
        "the usa": "US",
        "the united states": "US",
    }
    for line in files("quarterdeck.evidence").joinpath("lists/countries.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or line.count("|") < 2:
            continue
        code, three, names = line.split("|", 2)
        found |= {name.strip().lower(): code for name in [code, three, *re.split(r"[|;]", names)] if name.strip()}
    return found


def country_code(name: str) -> str:
    """ISO alpha-2 of a country's name or code. Raises BadInput for one that is not known."""
    code = _countries().get(name.strip().lower())
    if code is None:
        raise BadInput("Not a country", thing=repr(name), allowed="a name as in ISO 3166, or its two letters")
    return code


def country_name(code: str) -> str:
    """The name of a country; a code that is not known stays as it is."""
    return load_country_names().get(code, code)


def where(values: Mapping[str, Any], key: str = "country") -> str:
    """' in Spain', or nothing."""
    return f" in {country_name(str(values[key]))}" if values[key] else ""


def since(values: Mapping[str, Any], word: str = "from") -> str:
    """' from 1 March 2027', or nothing."""
    return f" {word} {wording.day(date.fromisoformat(str(values['start'])))}" if values["start"] else ""
