"""Where the facts come from and how fresh they are: by source its newest fact, its rhythm, and whether it is late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from quarterdeck.risks.detectors.oversight import detect

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

FEED = "feed/source/"  # how findings about silent sources are named


@dataclass(frozen=True, slots=True)
class Source:
    """One source. `newest` is its newest fact where it is silent, else the day up to which it says that it is complete."""

    name: str
    connector: str
    newest: date
    age: int
    rhythm: float | None
    is_late: bool


def read_sources(snapshot: Snapshot) -> list[Source]:
    """All sources by name, kept with the facts. Late is one whose data cut is old, and one that a detector found silent."""
    return snapshot.cached("web.sources", lambda: _read(snapshot))


def _read(snapshot: Snapshot) -> list[Source]:
    silent = {found.facts["source"]: int(float(found.facts["age in days"])) for found in detect(snapshot) if found.id.startswith(FEED)}
    sources = []
    for name, entry in sorted(snapshot.info.sources.items()):
        cut = date.fromisoformat(str(entry.get("cut", snapshot.data_cut.isoformat())))
        age = max((snapshot.data_cut - cut).days, silent.get(name, 0))
        rhythm = entry.get("rhythm_days")
        is_late = name in silent or (rhythm is not None and age > float(str(rhythm)))
        newest = date.fromordinal(snapshot.data_cut.toordinal() - age)
        sources.append(Source(name, str(entry.get("connector", "")), newest, age, None if rhythm is None else float(str(rhythm)), is_late))
    return sources
