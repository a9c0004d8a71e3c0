"""What was handed in: folders, archives and files, laid out as plain files to read. Archives are opened with care.

An archive may not write outside its staging folder, may not grow beyond stated limits (counted while unpacking, never believed from its
header), and may hold archives only a few levels deep.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from quarterdeck.vocabulary.errors import BadInput, NotFound

MAX_DEPTH = 3  # archives within archives
MAX_MEMBERS = 20_000
MAX_BYTES = 32 * 2**30
RATIO_FROM = 64 * 2**20  # below this size a high ratio is harmless
MAX_RATIO = 500
CHUNK = 1 << 20
HASHED = 1 << 23  # bytes at a time: between them the thread waits for others
SKIPPED = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")
WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".ods")  # archives by form, files by meaning


class _Unreadable(BadInput):
    """An archive that is damaged or locked: a loss, but no danger."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One file to read: where its bytes lie, what it is called (path within what was handed in), and its digest as handed in."""

    path: Path
    name: str
    digest: Future[str]
    size: int
    origin: Path

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file as handed in. It is worked out beside other work: who asks early waits."""
        return self.digest.result()

    @property
    def suffix(self) -> str:
        """The suffix that says how to read it, gz left out."""
        name = self.name.lower()
        return PurePosixPath(name.removesuffix(".gz")).suffix

    @property
    def stem(self) -> str:
        """The name without folders and suffixes."""
        name = PurePosixPath(self.name).name
        return PurePosixPath(name.removesuffix(".gz").removesuffix(".GZ")).stem


def unpack(paths: Iterable[Path], staging: Path, unreadable: list[str] | None = None) -> list[Arrival]:
    """All files in these folders, archives and files, archives unpacked into `staging`; in order of name.

    An archive that is damaged or encrypted is named in `unreadable`, where that is given, and the others are unpacked. Raises NotFound for a
    path that does not exist and BadInput for an archive that is not safe to open.
    """
    found: list[Arrival] = []
    budget = _Budget(unreadable)
    try:
        for path in paths:
            if not path.exists():
                raise NotFound("There is no such file or folder", thing=str(path))
            files = sorted(entry for entry in path.rglob("*") if entry.is_file()) if path.is_dir() else [path]
            for file in files:
                name = file.relative_to(path).as_posix() if path.is_dir() else file.name
                if not _is_skipped(name):
                    found += _open(file, name, file, staging, budget, 0)
    finally:
        budget.hashing.shutdown(wait=False)  # what was asked of it is still done
    return _with_distinct_names(found)


class _Budget:
    """Bytes and members that one call has taken, and the thread that works out its digests."""

    def __init__(self, unreadable: list[str] | None) -> None:
        self.bytes, self.members, self.unreadable = 0, 0, unreadable
        self.hashing = ThreadPoolExecutor(1, "sha256")

    def spend(self, amount: int, thing: str) -> None:
        self.bytes += amount
        if self.bytes > MAX_BYTES:
            raise BadInput("An archive unpacks to more than is allowed", thing=thing, allowed=f"{MAX_BYTES // 2**30} GiB in one load")


def _is_skipped(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part in SKIPPED or part.startswith(("._", "~$", ".")) for part in parts)


def _open(file: Path, name: str, origin: Path, staging: Path, budget: _Budget, depth: int) -> list[Arrival]:
    try:
        return _open_any(file, name, origin, staging, budget, depth)
    except _Unreadable as error:
        if budget.unreadable is None:
            raise
        budget.unreadable.append(f"{name} was not loaded. {error.message}")
        return []


def _open_any(file: Path, name: str, origin: Path, staging: Path, budget: _Budget, depth: int) -> list[Arrival]:
    lower = name.lower()
    if lower.endswith(".zip"):
        return list(_unzip(file, name, origin, staging, budget, depth))
    if lower.endswith(WORKBOOKS):
        _check_workbook(file, name)
    if lower.endswith(".gz"):
        return [_gunzip(file, name, origin, staging, budget)]
    return [Arrival(file, name, budget.hashing.submit(_hash, file), file.stat().st_size, origin)]


def _unzip(file: Path, name: str, origin: Path, staging: Path, budget: _Budget, depth: int) -> Iterator[Arrival]:
    if depth >= MAX_DEPTH:
        raise BadInput("Archives lie too deep within archives", thing=name, allowed=f"{MAX_DEPTH} levels")
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError) as error:
        raise _Unreadable("The archive cannot be opened", thing=f"{name}: {error}", next_step="Ask for it again.") from error
    with archive:
        for member in sorted(archive.infolist(), key=lambda entry: entry.filename):
            _check_member(member, name)
            if member.is_dir() or _is_skipped(member.filename):
                continue
            budget.members += 1
            if budget.members > MAX_MEMBERS:
                raise BadInput("An archive holds too many files", thing=name, allowed=f"{MAX_MEMBERS:,}")
            target = staging / f"unpacked-{budget.members}{PurePosixPath(member.filename).suffix}"
            try:
                with archive.open(member) as source:
                    _copy(source, target, member.compress_size, f"{name}/{member.filename}", budget)
            except (zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error) as error:
                raise _Unreadable(
                    "The archive is damaged", thing=f"{name}/{member.filename}: {error}", next_step="Ask for it again."
                ) from error
            yield from _open(target, f"{name}/{member.filename}", origin, staging, budget, depth + 1)


def _check_member(member: zipfile.ZipInfo, name: str) -> None:
    inside = PurePosixPath(member.filename.replace("\\", "/"))
    if inside.is_absolute() or ".." in inside.parts or ":" in member.filename.split("/")[0]:
        raise BadInput("An archive names a file outside itself", thing=f"{name}: {member.filename}", next_step="Do not trust this archive.")
    if member.flag_bits & 0x1:
        raise _Unreadable("The archive is encrypted", thing=f"{name}/{member.filename}", next_step="Unpack it first.")


def _gunzip(file: Path, name: str, origin: Path, staging: Path, budget: _Budget) -> Arrival:
    budget.members += 1
    target = staging / f"unpacked-{budget.members}"
    digest = budget.hashing.submit(_hash, file)
    try:
        with gzip.open(file) as source:
            _copy(source, target, file.stat().st_size, name, budget)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _Unreadable("The file cannot be unpacked", thing=f"{name}: {error}", next_step="Ask for it again.") from error
    return Arrival(target, name, digest, file.stat().st_size, origin)


def _copy(source: IO[bytes] | gzip.GzipFile, target: Path, packed: int, thing: str, budget: _Budget) -> None:
    written = 0
    with target.open("wb") as out:
        while chunk := source.read(CHUNK):
            written += len(chunk)
            budget.spend(len(chunk), thing)
            if written > RATIO_FROM and written > MAX_RATIO * max(packed, 1):
                raise BadInput("An archive unpacks to far more than it holds", thing=thing, allowed=f"{MAX_RATIO} times its size")
            out.write(chunk)


def _check_workbook(file: Path, name: str) -> None:
    if not zipfile.is_zipfile(file):
        return  # no archive, so no bomb: who reads it says what is wrong with it
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise _Unreadable("The workbook cannot be opened", thing=f"{name}: {error}", next_step="Save it again as XLSX.") from error
    if size > RATIO_FROM * 16 and size > MAX_RATIO * file.stat().st_size:
        raise BadInput("A workbook unpacks to far more than it holds", thing=name, allowed=f"{MAX_RATIO} times its size")


def _hash(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as handle:
        while chunk := handle.read(HASHED):
            digest.update(chunk)
    return digest.hexdigest()


def _with_distinct_names(found: list[Arrival]) -> list[Arrival]:
    """Two files of one name get the folder they came from before it, so that a line leads to one file only."""
    seen: dict[str, int] = {}
    for arrival in found:
        seen[arrival.name] = seen.get(arrival.name, 0) + 1
    return [Arrival(a.path, f"{a.origin.parent.name}/{a.name}", a.digest, a.size, a.origin) if seen[a.name] > 1 else a for a in found]


def keep_copy(arrival: Arrival, folder: Path, name: str) -> Path:
    """A copy of the file as handed in, kept under its content's name; one that is there already is left alone."""
    target = folder / name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.draft")
        shutil.copyfile(arrival.path, draft)
        draft.replace(target)
    return target
