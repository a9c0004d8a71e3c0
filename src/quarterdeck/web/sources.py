"""Where the facts come from and how fresh they are: by source its newest fact, its rhythm, and whether it is late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from quarterdeck.risks.detectors.oversight import detect
from quarterdeck.vocabulary.errors import BadInput

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

FEED = "feed/source/"  # how findings about silent sources are named


def row_href(table: str, key: Sequence[str]) -> str:
    """The page of one row. A part of a key may hold any sign, so each is packed by itself before they are joined.

    >>> row_href("visit", ["ABC-1", "Week 1/2"])
    '/evidence/rows/visit?key=ABC-1/Week%25201%252F2'
    """
    return f"/evidence/rows/{table}?key={quote('/'.join(quote(part, safe='') for part in key))}"


def split_key(key: str, count: int) -> list[str]:
    """The parts of a key as `row_href` packs them. Raises BadInput for another number of parts."""
    parts = [unquote(part) for part in key.split("/", count - 1)]
    if len(parts) != count:
        raise BadInput("The key of a row has another number of parts", thing=key, allowed=f"{count} parts with / between them")
    return parts


@dataclass(frozen=True, slots=True)
class Source:
    """One source. `newest` is its newest fact where it is silent, else the day up to which it says that it is complete."""

    name: str
    connector: str
    newest: date
    age: int
    rhythm: float | None
    is_late: bool
    last_arrival: datetime | None

    @property
    def state(self) -> str:
        """The one word for it, on pages and in commands: by its newest fact against the day up to which facts are known."""
        return "out of date" if self.is_late else "as expected"


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
        loaded = entry.get("loaded_at")
        arrived = datetime.fromisoformat(str(loaded)) if loaded else None
        every = None if rhythm is None else float(str(rhythm))
        sources.append(Source(name, str(entry.get("connector", "")), newest, age, every, is_late, arrived))
    return sources
