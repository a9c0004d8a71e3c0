"""Two writers take turns, on any operating system."""

from __future__ import annotations

import importlib
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from quarterdeck.evidence import locking


class Windows:
    """What `msvcrt` does: it refuses at once where another handle holds the byte."""

    LK_NBLCK, LK_UNLCK = 2, 0

    def __init__(self) -> None:
        self.holder: int | None = None
        self.refused = 0

    def locking(self, handle: int, mode: int, count: int) -> None:
        assert count == 1
        if mode == self.LK_UNLCK:
            assert self.holder == handle
            self.holder = None
        elif self.holder is None:
            self.holder = handle
        else:
            self.refused += 1
            raise OSError("the byte is locked")


def take_turns(path: Path) -> list[str]:
    """What two threads write down that both want the lock."""
    said: list[str] = []
    inside = threading.Event()

    def first() -> None:
        with locking.hold(path):
            inside.set()
            time.sleep(0.2)
            said.append("first done")

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(5)
    with locking.hold(path):
        said.append("second in")
    thread.join()
    return said


def test_the_second_writer_waits_for_the_first(tmp_path: Path) -> None:
    assert take_turns(tmp_path / "lock") == ["first done", "second in"]


def test_the_second_writer_waits_without_the_locks_of_posix_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    windows, real = Windows(), importlib.import_module

    def import_module(name: str) -> Any:
        if name == "fcntl":
            raise ImportError(name)
        return windows if name == "msvcrt" else real(name)

    monkeypatch.setattr(locking, "importlib", SimpleNamespace(import_module=import_module))
    assert take_turns(tmp_path / "lock") == ["first done", "second in"]
    assert windows.refused
    assert windows.holder is None


def test_a_lock_is_released_when_its_holder_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locking.hold(tmp_path / "lock"):
        _ = 1 / 0
    assert take_turns(tmp_path / "lock")
