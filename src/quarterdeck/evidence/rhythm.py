"""What is late: each source against the rhythm in which its extracts are expected."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from quarterdeck.evidence.store import Store

GRACE = 0.5  # of a rhythm: an extract is late when half a rhythm has passed beyond its day


@dataclass(frozen=True, slots=True)
class SourceState:
    """When a source last arrived, when it is next expected, and by how many days it is late (0 when it is not)."""

    source: str
    last_arrival: datetime
    rhythm_days: float | None
    expected: datetime | None
    days_late: float

    @property
    def is_late(self) -> bool:
        """Whether it is late beyond the grace."""
        return self.days_late > 0


def note_arrival(store: Store, sources: Iterable[str], now: datetime) -> None:
    """Remembers that an extract arrived, also where it changed nothing and so made no snapshot."""
    path = _log(store)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as handle:
        for source in sources:
            handle.write(json.dumps({"source": source, "at": now.astimezone(UTC).isoformat()}) + "\n")


def read_rhythms(store: Store, now: datetime) -> list[SourceState]:
    """The state of every source that was ever loaded, latest in need first. Without a stated rhythm nothing is late."""
    latest = store.latest()
    if latest is None:
        return []
    arrivals = {name: datetime.fromisoformat(str(entry["loaded_at"])) for name, entry in latest.sources.items()}
    for source, moment in _read_log(store):
        if source in arrivals:
            arrivals[source] = max(arrivals[source], moment)
    states = [_state(name, arrivals[name], latest.sources[name].get("rhythm_days"), now) for name in arrivals]
    return sorted(states, key=lambda state: (-state.days_late, state.source))


def _state(source: str, last: datetime, rhythm: float | None, now: datetime) -> SourceState:
    if rhythm is None:
        return SourceState(source, last, None, None, 0.0)
    expected = last + timedelta(days=rhythm)
    late = (now - expected) / timedelta(days=1)
    return SourceState(source, last, rhythm, expected, late if late > GRACE * rhythm else 0.0)


def _log(store: Store) -> Path:
    return store.directory / "arrivals.jsonl"


def _read_log(store: Store) -> list[tuple[str, datetime]]:
    path = _log(store)
    if not path.exists():
        return []
    entries = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue  # the last line of a process that was killed while it wrote
        entries.append((entry["source"], datetime.fromisoformat(entry["at"])))
    return entries
