"""Guidance and law by designation: what may be named, and what a newer text has replaced."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from quarterdeck.data_files import read_yaml
from quarterdeck.papers.extraction import squeeze
from quarterdeck.vocabulary.errors import BadInput

_KEYS = {"designation", "title", "issuer", "status", "replaced_by", "also"}
STATUSES = ("current", "draft", "superseded")


@dataclass(frozen=True, slots=True)
class Guidance:
    """One text that an inspector could look up."""

    designation: str
    title: str
    issuer: str
    status: str
    replaced_by: str = ""


@cache
def load_guidance() -> dict[str, Guidance]:
    """Texts by squeezed designation, other spellings and titles included. Unknown keys are refused by name."""
    known: dict[str, Guidance] = {}
    for entry in read_yaml(Path(__file__).with_name("guidance.yaml")):
        if unknown := set(entry) - _KEYS:
            raise BadInput(
                "Unknown key in guidance.yaml", thing=f"{entry.get('designation')}: {', '.join(sorted(unknown))}", allowed=sorted(_KEYS)
            )
        if entry["status"] not in STATUSES:
            raise BadInput("Unknown status in guidance.yaml", thing=f"{entry['designation']}: {entry['status']}", allowed=STATUSES)
        also = entry.pop("also", [])
        guidance = Guidance(**entry)
        for name in (guidance.designation, guidance.title, *also):
            known[squeeze(name)] = guidance
    return known


@cache
def guidance_ids() -> frozenset[str]:
    """Squeezed names of texts that may be cited today."""
    return frozenset(name for name, guidance in load_guidance().items() if guidance.status != "superseded")
