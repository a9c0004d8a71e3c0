"""A throw-away PostgreSQL server on a local socket, run as an unprivileged user because the server refuses to be root."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def find_binary(name: str) -> str | None:
    """A server binary from the PATH or from Debian's versioned folders, newest first."""
    if found := shutil.which(name):
        return os.path.realpath(found)
    return next((str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)), None)


@contextmanager
def run_server() -> Iterator[str]:
    """Starts a server with an empty database and yields its SQLAlchemy address; stops and removes it at the end."""
    initdb, control = find_binary("initdb"), find_binary("pg_ctl")
    assert initdb is not None
    assert control is not None
    folder = Path(tempfile.mkdtemp(prefix="qd-pg-"))
    prefix: list[str] = []
    if os.geteuid() == 0:
        user = "postgres" if subprocess.run(["id", "postgres"], capture_output=True, check=False).returncode == 0 else "nobody"
        shutil.chown(folder, user)
        prefix = ["runuser", "-u", user, "--"]

    def run(*command: str) -> None:
        subprocess.run([*prefix, *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

    data = folder / "data"
    run(initdb, "-D", str(data), "-U", "quarterdeck", "--auth=trust", "--encoding=UTF8", "--no-sync")
    run(control, "-D", str(data), "-w", "-o", f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off", "start")
    try:
        yield f"postgresql+psycopg://quarterdeck@/postgres?host={folder}"
    finally:
        run(control, "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
