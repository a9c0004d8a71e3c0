"""What differs between operating systems when several processes share one folder: locks, living processes, and folders on disk."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

WAIT = 0.05  # seconds between two tries where the system cannot wait for us


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Holds an exclusive lock on the file; others wait. The operating system releases it when the process dies."""
    with path.open("a+b") as handle:
        release = _lock(handle)
        try:
            yield
        finally:
            release(handle)


def is_alive(process: int) -> bool:
    """Whether a process of that number runs. Where asking would end it (Windows), every process counts as alive."""
    if os.name == "nt":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def sync_folder(folder: Path) -> None:
    """Brings a folder's list of names to the disk, where the system lets a folder be opened."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _lock(handle: IO[bytes]) -> Any:
    try:
        return _lock_posix(importlib.import_module("fcntl"), handle)
    except ImportError:
        return _lock_windows(importlib.import_module("msvcrt"), handle)


def _lock_posix(fcntl: Any, handle: IO[bytes]) -> Any:
    fcntl.flock(handle, fcntl.LOCK_EX)
    return lambda held: fcntl.flock(held, fcntl.LOCK_UN)


def _lock_windows(msvcrt: Any, handle: IO[bytes]) -> Any:
    """One byte at the beginning is locked; the system refuses at once, so we ask again until it is free."""
    while True:
        handle.seek(0)
        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
            break
        except OSError:
            time.sleep(WAIT)

    def release(held: IO[bytes]) -> None:
        held.seek(0)
        msvcrt.locking(held.fileno(), msvcrt.LK_UNLCK, 1)

    return release
