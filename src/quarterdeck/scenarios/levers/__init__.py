"""One module per lever; each offers LEVER. A new lever is a new module, and nothing else changes."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from quarterdeck.scenarios.model import Lever
from quarterdeck.vocabulary.errors import NotFound


@cache
def load_levers() -> dict[str, Lever]:
    """All levers by id, in the order of their names."""
    found: dict[str, Lever] = {}
    for name in sorted(module.name for module in iter_modules(__path__)):
        lever = getattr(import_module(f"{__name__}.{name}"), "LEVER", None)
        if lever is not None:
            found[lever.id] = lever
    return found


def get_lever(lever: str) -> Lever:
    """The lever of this id. Raises NotFound with those there are."""
    levers = load_levers()
    if lever not in levers:
        raise NotFound("No such lever", thing=lever, allowed=levers)
    return levers[lever]
