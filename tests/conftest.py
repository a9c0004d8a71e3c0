"""Shared fixtures: where the real data lie, an installation in a temporary folder, and no network."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from postgres import find_binary, run_server
from quarterdeck.vocabulary.settings import Settings

SHARED_DATA = Path(os.environ.get("QUARTERDECK_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
LOCAL = ("127.0.0.1", "::1", "localhost")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the repository. Tests that need it are skipped, with this line, where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real data are absent: no folder {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a real PostgreSQL server of this run. Tests that need it are skipped, with this line, where there are no binaries."""
    if find_binary("initdb") is None:
        pytest.skip("PostgreSQL server binaries are absent")
    with run_server() as url:
        yield url


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An empty installation."""
    return Settings(home=tmp_path / "home")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any connection to another machine fails the test that tries it."""
    connect = socket.socket.connect

    def connect_locally(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in LOCAL:
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connect_locally)
