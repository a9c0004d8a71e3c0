"""Accommodations as single switches: what each changes in plan, page and conversation. Kept per person, never as a diagnosis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from quarterdeck.development.definitions import HERE, check_keys, check_known, read_definitions

FILE = HERE / "discuss" / "accommodations.yaml"
BLOCK_MINUTES = 40


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch and the behaviours it changes."""

    id: str
    name: str
    what: str
    plan: Mapping[str, Any] = field(default_factory=dict)
    page: tuple[str, ...] = ()
    conversation: Mapping[str, Any] = field(default_factory=dict)


@cache
def load_switches() -> dict[str, Switch]:
    """All switches by id."""
    content = read_definitions(FILE)
    check_keys(content, FILE.name, ("switches", "starts", "for_all"))
    switches = {}
    for key, entry in content["switches"].items():
        check_keys(entry, f"{FILE.name}, {key}", ("name", "what"), ("plan", "page", "conversation"))
        switches[key] = Switch(
            key, entry["name"], entry["what"], entry.get("plan", {}), tuple(entry.get("page", ())), entry.get("conversation", {})
        )
    for start, names in content["starts"].items():
        check_known(names, switches, f"{FILE.name}, {start}")
    return switches


def starting_set(name: str) -> tuple[str, ...]:
    """The switches of a starting set (adhd, dyslexia, autism). Only the switches are kept, not the name."""
    starts = read_definitions(FILE)["starts"]
    check_known([name], starts, "starting set")
    return tuple(starts[name])


def block_minutes(switches: Iterable[str]) -> int:
    """Length of a session block."""
    return min([int(load_switches()[s].plan.get("block_minutes", BLOCK_MINUTES)) for s in switches] or [BLOCK_MINUTES])


def plan_settings(switches: Iterable[str]) -> tuple[int, bool]:
    """What the switches ask of a plan: where it changes, the plan is worked out again."""
    chosen = list(switches)
    return block_minutes(chosen), is_on(chosen, "plan", "fixed_order")


def page_behaviours(switches: Iterable[str]) -> frozenset[str]:
    """What pages do differently for these switches."""
    return frozenset(b for s in switches if s in load_switches() for b in load_switches()[s].page)


def is_on(switches: Iterable[str], part: str, key: str) -> bool:
    """Whether any switch sets `key` in `plan` or `conversation`."""
    return any(getattr(load_switches()[s], part).get(key) for s in switches if s in load_switches())
