"""Standards that the learner adds, and whether a criterion that evidence names exists in a known standard or in one of these."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from quarterdeck.development.definitions import check_keys, read_definitions
from quarterdeck.development.roles.load import load_standards
from quarterdeck.development.roles.model import Standard
from quarterdeck.vocabulary.errors import BadInput

# Criteria of the shipped units are numbered P1… (performance) and K1… (knowledge); their wording has no open licence and is not shipped.
SHIPPED_CRITERION = re.compile(r"[PK][1-9]\d?")

OwnUnit = Mapping[str, Any]  # framework, code, title, criteria (without the code of the unit)


def read_own_standard(path: Path) -> tuple[OwnUnit, ...]:
    """The units of a standard that the user adds: framework, and units with code, title and criteria. Never verified by the product."""
    content = read_definitions(path)
    check_keys(content, path.name, ("framework", "units"), ("checked_on",))
    units = []
    for unit in content["units"]:
        check_keys(unit, f"{path.name}, {unit.get('code', '?') if isinstance(unit, Mapping) else '?'}", ("code", "title"), ("criteria",))
        units.append(
            make_unit(str(content["framework"]), str(unit["code"]), str(unit["title"]), [str(c) for c in unit.get("criteria", ())])
        )
    return tuple(units)


def make_unit(framework: str, code: str, title: str, criteria: Sequence[str]) -> OwnUnit:
    """A unit of the user's own. Raises BadInput where a part is missing or the code is that of a shipped unit."""
    parts = {"framework": framework.strip(), "code": code.strip(), "title": title.strip()}
    if missing := [name for name, value in parts.items() if not value]:
        raise BadInput("A unit of your own needs a framework, a code and a title", thing=", ".join(missing))
    if "/" in code or "," in code:
        raise BadInput("The code of a unit holds neither a stroke nor a comma", thing=code)
    if parts["code"] in load_standards():
        raise BadInput(
            "This unit is known already", thing=parts["code"], next_step="Name its criteria as they are, for example CFAM&LEA4/P3."
        )
    return {**parts, "criteria": list(dict.fromkeys(c.strip() for c in criteria if c.strip()))}


def build_standards(units: Iterable[OwnUnit]) -> tuple[dict[str, Standard], dict[str, tuple[str, ...]]]:
    """The user's units as standards, and the criteria of each as evidence names them; a unit without criteria is its own."""
    units = tuple(units)
    standards = {u["code"]: Standard(u["framework"], u["code"], u["title"], False) for u in units}
    return standards, {u["code"]: tuple(f"{u['code']}/{c}" for c in u["criteria"]) or (u["code"],) for u in units}


def check_criteria(criteria: Iterable[str], units: Iterable[OwnUnit]) -> tuple[str, ...]:
    """The criteria as their standards write them. Raises BadInput for one that no known standard and no own unit has.

    >>> check_criteria(["cfam&lea4/p3"], ())
    ('CFAM&LEA4/P3',)
    """
    own = {u["code"]: tuple(u["criteria"]) for u in units}
    return tuple(dict.fromkeys(_check(c.strip(), own) for c in criteria if c.strip()))


def _check(criterion: str, own: Mapping[str, Sequence[str]]) -> str:
    code, _, part = criterion.partition("/")
    if code in own:
        if part in own[code] or (not part and not own[code]):
            return criterion
        raise BadInput("The unit has no such criterion", thing=criterion, allowed=[f"{code}/{c}" for c in own[code]] or code)
    shipped = {name.rstrip("?").upper(): name for name in load_standards()}
    name = shipped.get(code.rstrip("?").upper())
    if name is None:
        raise BadInput(
            "No known standard has this criterion",
            thing=criterion,
            allowed="a unit of a known standard with its criterion, such as CFAM&LEA4/P3, or a unit that you have added",
            next_step="Look at “Readiness by unit” for the codes, or add a unit of your own below it.",
        )
    if part and not SHIPPED_CRITERION.fullmatch(part.upper()):
        raise BadInput("The unit has no such criterion", thing=criterion, allowed=f"{name}/P1 and following, {name}/K1 and following")
    return f"{name}/{part.upper()}" if part else name
