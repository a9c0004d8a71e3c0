"""Parsers of recorded payloads: one module per format, found by looking at the payload itself.

Each module has `matches(payload) -> bool` on what `sniff` found, and `parse(payload) -> Parsed`. No parser reaches the network.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from quarterdeck.regulation.parsers.common import Parsed, Payload

# In order: the first that matches takes the payload, so the particular come before the general.
NAMES = (
    "regulation_markdown",
    "federal_register_xml",
    "federal_register_api",
    "federal_register_toc",
    "regulations_gov",
    "ecfr",
    "fda_guidance_catalogue",
    "fda_dashboard",
    "govuk",
    "legislation",
    "cellar",
    "ema_documents",
    "ctis",
    "clinicaltrials_gov",
    "fda_inspections",
    "corpus",
    "feed",
    "page",
)


def get_parser(name: str) -> ModuleType:
    """The module of one format."""
    return import_module(f"quarterdeck.regulation.parsers.{name}")


def parse(payload: Payload, name: str = "") -> tuple[str, Parsed]:
    """The parser's name and what it read. A broken payload gives problems, never an exception, so that a health row can show it."""
    chosen = name or next(candidate for candidate in NAMES if get_parser(candidate).matches(payload))
    try:
        return chosen, get_parser(chosen).parse(payload)
    except Exception as error:  # the payload is somebody else's; whatever it does must end in a health row
        parsed = Parsed()
        parsed.problem("payload", payload.name, f"cannot be read as {chosen}: {type(error).__name__}: {error}"[:300])
        return chosen, parsed
