"""Watching a folder: what arrives complete is loaded, and what is late is said."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from quarterdeck.connectors.load import load_paths
from quarterdeck.evidence.load import LoadResult
from quarterdeck.evidence.mapping import IN_FOLDER, SourceMapping, read_mapping
from quarterdeck.evidence.rhythm import SourceState, read_rhythms
from quarterdeck.evidence.store import Store
from quarterdeck.vocabulary.errors import NotFound, QuarterdeckError


@dataclass(frozen=True, slots=True)
class Round:
    """One look at the folder: what was loaded, what could not be (path, why), and how each source stands."""

    loaded: tuple[tuple[Path, LoadResult], ...]
    failed: tuple[tuple[Path, str], ...]
    states: tuple[SourceState, ...]


def watch(
    store: Store,
    folder: Path,
    clock: Callable[[], datetime],
    interval: float = 30.0,
    rounds: int | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[Round]:
    """Looks into the folder again and again. Each entry in it (file, archive or folder of one source) is loaded when it has stopped growing.

    An entry is complete when size and time of its files did not change between two looks. One that fails is tried again when it changes.
    """
    if not folder.is_dir():
        raise NotFound("There is no such folder", thing=str(folder))
    seen: dict[Path, tuple[tuple[str, int, int], ...]] = {}
    done: dict[Path, tuple[tuple[str, int, int], ...]] = {}
    number = 0
    while rounds is None or number < rounds:
        number += 1
        current = {entry: _marks(entry) for entry in sorted(folder.iterdir()) if not entry.name.startswith(".") and entry.name != IN_FOLDER}
        ready = [entry for entry, marks in current.items() if marks and seen.get(entry) == marks and done.get(entry) != marks]
        seen = current
        yield _load_ready(store, folder, ready, {entry: current[entry] for entry in ready}, done, clock)
        if rounds is None or number < rounds:
            wait(interval)


def _load_ready(
    store: Store,
    folder: Path,
    ready: list[Path],
    marks: dict[Path, tuple[tuple[str, int, int], ...]],
    done: dict[Path, tuple[tuple[str, int, int], ...]],
    clock: Callable[[], datetime],
) -> Round:
    loaded, failed = [], []
    for entry in ready:
        done[entry] = marks[entry]
        try:
            loaded.append((entry, load_paths(store, [entry], clock(), mapping=_mapping(folder, entry), actor="watch")))
        except QuarterdeckError as error:
            failed.append((entry, error.message))
    return Round(tuple(loaded), tuple(failed), tuple(read_rhythms(store, clock())))


def _mapping(folder: Path, entry: Path) -> SourceMapping | None:
    for candidate in ((entry / IN_FOLDER) if entry.is_dir() else entry.with_suffix(".mapping.yaml"), folder / IN_FOLDER):
        if candidate.exists():
            return read_mapping(candidate, f"{entry.name}/{candidate.name}" if candidate.parent == entry else "")
    return None


def _marks(entry: Path) -> tuple[tuple[str, int, int], ...]:
    files = sorted(path for path in entry.rglob("*") if path.is_file()) if entry.is_dir() else [entry]
    marks = []
    for path in files:
        if path.suffix not in (".part", ".tmp", ".crdownload", ".yaml"):
            status = path.stat()
            marks.append((str(path), status.st_size, status.st_mtime_ns))
    return tuple(marks)
