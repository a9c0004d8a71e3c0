"""The store of sealed snapshots: parts named by their content, a chain of manifests, and one pointer that is moved last.

A crash at any moment leaves the pointer where it was, so the last good snapshot stays readable. Writers take turns by a file lock
that the operating system releases when a process dies.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from quarterdeck.evidence.locking import hold, is_alive, sync_folder
from quarterdeck.evidence.manifest import PartInfo, SnapshotInfo, read_manifest, write_manifest
from quarterdeck.evidence.seal import hash_file
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.vocabulary.choices import Choices
from quarterdeck.vocabulary.errors import BadInput, IntegrityBroken, NotFound

MOST_LATE = timedelta(hours=12)  # a load may begin so long before another one that is sealed earlier
IDENTITY = re.compile(r"[0-9a-f]{64}")  # a snapshot's id
KEPT_OPEN = 8  # snapshots whose computed values stay in memory
_open_snapshots: OrderedDict[tuple[str, str, Choices], Snapshot] = OrderedDict()
_open_lock = threading.Lock()


class Store:
    """The evidence folder of one installation, whose choices every snapshot carries."""

    def __init__(self, directory: Path, choices: Choices = Choices()) -> None:
        self.directory = Path(directory)
        self.choices = choices
        self.parts_dir = self.directory / "parts"
        self.snapshots_dir = self.directory / "snapshots"
        self.staging_dir = self.directory / "staging"
        self.archive_dir = self.directory / "archive"
        self._pointer = self.directory / "current"

    def open(self, as_of: str | date | datetime | None = None) -> Snapshot:
        """The latest snapshot, or the one named by id, first letters of an id, or the last one taken at or before a date or instant.

        Raises NotFound where there is none.
        """
        info = self._find(as_of)
        key = (str(self.directory.absolute()), info.id, self.choices)
        with _open_lock:
            if key not in _open_snapshots:
                _open_snapshots[key] = Snapshot(info, self.parts_dir, self.choices)
                while len(_open_snapshots) > KEPT_OPEN:
                    _open_snapshots.popitem(last=False)
            _open_snapshots.move_to_end(key)
            return _open_snapshots[key]

    def snapshots(self) -> list[SnapshotInfo]:
        """All published snapshots, newest last. A manifest that was never published (a killed load) is not among them."""
        chain: list[SnapshotInfo] = []
        wanted = self.current_id()
        while wanted:
            chain.append(self.read_info(wanted))
            wanted = chain[-1].parent
        return chain[::-1]

    def current_id(self) -> str:
        """The id the pointer names; empty where nothing was loaded yet."""
        if not self._pointer.exists():
            return ""
        named = self._pointer.read_text(encoding="ascii", errors="replace").strip()
        if not IDENTITY.fullmatch(named):
            raise IntegrityBroken(
                "The pointer to the latest snapshot is damaged",
                thing=str(self._pointer),
                next_step="Restore the evidence folder from its backup.",
            )
        return named

    def latest(self) -> SnapshotInfo | None:
        """The manifest of the latest snapshot, if any."""
        wanted = self.current_id()
        return self.read_info(wanted) if wanted else None

    def read_info(self, snapshot_id: str) -> SnapshotInfo:
        """The manifest of that id, checked against it."""
        path = self.snapshots_dir / f"{snapshot_id}.json"
        if not path.exists():
            raise IntegrityBroken("A manifest is missing", thing=str(path), next_step="Restore the evidence folder from its backup.")
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != snapshot_id:
            raise IntegrityBroken("A manifest was changed after it was sealed", thing=str(path), next_step="Restore it from the backup.")
        return read_manifest(content)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Holds the only right to publish. Others wait; the lock dies with its process."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with hold(self.directory / "lock"):
            yield

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A folder for work in progress on the same disk, removed at the end. What a killed load left is swept at the next."""
        self.staging_dir.mkdir(parents=True, exist_ok=True)
        mine = self.staging_dir / f"{os.getpid()}-{threading.get_ident()}-{os.urandom(4).hex()}"
        mine.mkdir()
        try:
            yield mine
        finally:
            shutil.rmtree(mine, ignore_errors=True)

    def sweep(self) -> None:
        """Removes the staging folders of processes that no longer live."""
        for folder in self.staging_dir.glob("*-*-*"):
            process = folder.name.split("-")[0]
            if process.isdigit() and not is_alive(int(process)):
                shutil.rmtree(folder, ignore_errors=True)

    def add_part(self, staged: Path, rows: int) -> PartInfo:
        """Moves a finished file to its content's name. A part that is already there is left alone."""
        digest = hash_file(staged)
        target = self.parts_dir / f"{digest}.parquet"
        if not target.exists():
            self.parts_dir.mkdir(parents=True, exist_ok=True)
            with staged.open("rb") as handle:
                os.fsync(handle.fileno())
            staged.replace(target)
            sync_folder(self.parts_dir)
        return PartInfo(rows, digest)

    def publish(self, info: SnapshotInfo) -> SnapshotInfo:
        """Seals the manifest and moves the pointer, in that order. Call it while `writing`.

        Where nothing differs from the parent but time, person and reason, the parent is returned and nothing is written.
        """
        parent = self.latest()
        if parent is not None:
            if _content(info) == _content(parent):
                return parent
            if parent.taken_at - info.taken_at > MOST_LATE:
                raise BadInput(
                    "A snapshot cannot be older than the one it follows",
                    thing=f"{info.taken_at.isoformat()}, after {parent.taken_at.isoformat()}",
                    next_step="Check the clock of this machine.",
                )
            # Of two loads at once, the one that began first may be sealed last.
            info = replace(info, taken_at=max(info.taken_at, parent.taken_at))
        info = replace(info, parent=parent.id if parent else "")
        content = write_manifest(info)
        info = replace(info, id=hashlib.sha256(content).hexdigest())
        self.snapshots_dir.mkdir(parents=True, exist_ok=True)
        _write_durably(self.snapshots_dir / f"{info.id}.json", content)
        _write_durably(self._pointer, info.id.encode())
        return info

    def _find(self, as_of: str | date | datetime | None) -> SnapshotInfo:
        latest = self.latest()
        if latest is None:
            raise NotFound("There is no evidence yet", thing=str(self.directory), next_step="Load extracts with `quarterdeck load PATH`.")
        if as_of is None:
            return latest
        chain = self.snapshots()
        moment = _read_moment(as_of)
        if moment is None:
            found = [info for info in chain if info.id.startswith(str(as_of).lower())] if len(str(as_of)) >= 4 else []
        else:
            found = [info for info in chain if info.taken_at <= moment][-1:]
        if len(found) == 1:
            return found[0]
        raise NotFound(
            "No snapshot fits" if not found else "Several snapshots fit",
            thing=str(as_of),
            allowed="an id or its first letters (4 or more), a date such as 2026-03-14, or an instant",
            next_step="See `quarterdeck snapshots`.",
        )


def _content(info: SnapshotInfo) -> tuple[object, ...]:
    cuts = {name: (source.get("cut"), source.get("extent")) for name, source in info.sources.items()}
    return info.tables, info.quarantine, info.data_cut, cuts


def _read_moment(as_of: str | date | datetime) -> datetime | None:
    """The last instant meant: the end of a day for a date. None where it is not a date, so an id."""
    if isinstance(as_of, str):
        if not re.match(r"\d{4}-\d{2}-\d{2}", as_of):
            return None
        try:
            as_of = date.fromisoformat(as_of) if len(as_of) == 10 else datetime.fromisoformat(as_of)
        except ValueError as error:
            raise BadInput("This is no date", thing=str(as_of), allowed="2026-03-14 or 2026-03-14T09:00") from error
    if not isinstance(as_of, datetime):
        return datetime.combine(as_of, time.max, UTC)
    return as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC)


def _write_durably(path: Path, content: bytes) -> None:
    """Content on disk before the name points to it: a crash leaves the old file or the new, never half of one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(path)
    sync_folder(path.parent)
