"""Where pages stand in the navigation: the groups in the order in which facts become decisions."""

from __future__ import annotations

from dataclasses import dataclass

GROUPS = ("Bridge", "Trials", "Forecasts", "Risks", "Vendors", "Regulation", "Papers", "Development", "Evidence")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its word, its address, its group, and what the page answers (shown on the group's page and found by search).

    The entry whose label is the group's name, or else the first, is what the group's word leads to.
    """

    label: str
    href: str
    group: str
    question: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """One result of a search: its words, where it leads, and what kind of thing it is."""

    label: str
    href: str
    kind: str
    detail: str = ""
