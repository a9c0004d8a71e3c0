"""Finds the modules of pages and of the JSON API, and what each of them offers."""

from __future__ import annotations

import logging
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from quarterdeck.web import api, pages
from quarterdeck.web.navigation import GROUPS, Entry

_log = logging.getLogger(__name__)


@cache
def page_modules() -> tuple[ModuleType, ...]:
    """Every module of web/pages by name."""
    return _modules(pages)


@cache
def api_modules() -> tuple[ModuleType, ...]:
    """Every module of web/api by name."""
    return _modules(api)


@cache
def navigation() -> tuple[tuple[Entry, tuple[Entry, ...]], ...]:
    """The groups that have a page, each with the entry its word leads to and all its entries."""
    entries = [entry for module in page_modules() for entry in getattr(module, "NAVIGATION", ())]
    grouped = []
    for group in GROUPS:
        mine = sorted((entry for entry in entries if entry.group == group), key=lambda entry: entry.label != group)
        if mine:
            grouped.append((mine[0], tuple(mine)))
    return tuple(grouped)


def _modules(package: ModuleType) -> tuple[ModuleType, ...]:
    modules = (import_module(f"{package.__name__}.{found.name}") for found in iter_modules(package.__path__))
    return tuple(module for module in modules if hasattr(module, "router"))
