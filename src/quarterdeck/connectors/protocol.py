"""What a connector is: it recognises the files of its source system, and turns them into batches of canonical rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from quarterdeck.evidence.arrivals import Arrival
from quarterdeck.evidence.batch import SourceExtract
from quarterdeck.evidence.mapping import SourceMapping
from quarterdeck.evidence.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Context:
    """What a connector may know beside the files: the load's time, an explicit data cut, the mapping, and a folder for what it keeps."""

    now: datetime
    archive: Path
    cut: date | None = None
    mapping: SourceMapping | None = None
    is_dry_run: bool = False


@runtime_checkable
class Connector(Protocol):
    """One source system. `name` is how it is asked for, `title` what people call it, `note` what its extracts look like."""

    name: str
    title: str
    note: str

    def recognise(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Those of the files that are this system's, judged by name and content. Fast: a look at the beginning of each."""
        ...

    def extract(self, arrivals: Sequence[Arrival], workbench: Workbench, context: Context) -> list[SourceExtract]:
        """The canonical rows in these files, one extract per source. Raises BadInput where they cannot be read."""
        ...

    def sample(self, folder: Path) -> None:
        """Writes a small, complete example of its files: what the contract test loads."""
        ...
