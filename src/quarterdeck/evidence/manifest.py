"""The manifest of a snapshot: what was sealed, when, by whom, from which files, and which snapshot it follows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class PartInfo:
    """One sealed file: its rows, and the SHA-256 of its bytes, which is also its name."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class FileLoaded:
    """What became of one file or sheet of a load.

    `given` are the rows in it, `loaded` the rows of the snapshot that lead back to it (fewer where a connector counts rows into one),
    `quarantined` those set aside; `ignored` are its columns without a place; `location` is where it lay.
    """

    name: str
    sha256: str
    sheet: str = ""
    source: str = ""
    size: int = 0
    given: int = 0
    loaded: int = 0
    quarantined: int = 0
    tables: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    location: str = ""


@dataclass(frozen=True, slots=True)
class SnapshotInfo:
    """A sealed snapshot as its manifest describes it. `cuts` is the data cut of each source; `data_cut` is "today" of the facts."""

    id: str
    parent: str
    taken_at: datetime
    data_cut: date
    actor: str
    reason: str
    tables: dict[str, PartInfo]
    quarantine: PartInfo | None = None
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: tuple[FileLoaded, ...] = ()
    notices: tuple[str, ...] = ()
    engine: str = ""

    @property
    def short_id(self) -> str:
        """The first twelve letters, as people are shown it."""
        return self.id[:12]

    @property
    def rows(self) -> int:
        """Rows in all tables."""
        return sum(part.rows for part in self.tables.values())


def write_manifest(info: SnapshotInfo) -> bytes:
    """The manifest as canonical JSON: the same content gives the same bytes. The id is not in it, for it is their SHA-256."""
    document = {
        "parent": info.parent,
        "taken_at": info.taken_at.isoformat(),
        "data_cut": info.data_cut.isoformat(),
        "actor": info.actor,
        "reason": info.reason,
        "tables": {name: _part(part) for name, part in sorted(info.tables.items())},
        "quarantine": _part(info.quarantine) if info.quarantine else None,
        "sources": info.sources,
        "files": [{name: getattr(entry, name) for name in FileLoaded.__slots__} for entry in info.files],
        "notices": list(info.notices),
        "engine": info.engine,
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1).encode()


def read_manifest(content: bytes) -> SnapshotInfo:
    """A manifest from its bytes; its id is their SHA-256, so a changed manifest has another id."""
    document = json.loads(content)
    files = tuple(
        FileLoaded(**{**entry, "tables": tuple(entry["tables"]), "ignored": tuple(entry["ignored"])}) for entry in document["files"]
    )
    return SnapshotInfo(
        id=hashlib.sha256(content).hexdigest(),
        parent=document["parent"],
        taken_at=datetime.fromisoformat(document["taken_at"]),
        data_cut=date.fromisoformat(document["data_cut"]),
        actor=document["actor"],
        reason=document["reason"],
        tables={name: PartInfo(**part) for name, part in document["tables"].items()},
        quarantine=PartInfo(**document["quarantine"]) if document["quarantine"] else None,
        sources=document["sources"],
        files=files,
        notices=tuple(document["notices"]),
        engine=document["engine"],
    )


def _part(part: PartInfo) -> dict[str, Any]:
    return {"rows": part.rows, "sha256": part.sha256}
