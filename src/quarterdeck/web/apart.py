"""Work that a process of its own does, so that readers' pages need not take turns with it: `python -m quarterdeck.web.apart MODULE JOB OWNER`.

The job stays a row with a lease: the server's worker claims it and holds the lease, this process does the work in its name and reports
to the same row. Settings come through the environment, each of them, so that both are of one installation.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib import import_module

from quarterdeck.record.jobs import Launch, get_job, run_job
from quarterdeck.vocabulary.settings import ENVIRONMENT_PREFIX, Settings, read_settings
from quarterdeck.web.deck import Deck

NICENESS = 10  # readers' pages go before loads


def launcher(settings: Settings, module: str) -> Callable[[str, str], Launch]:
    """How the work that this module of pages offers is started for a job of an owner."""

    def launch(job_id: str, owner: str) -> Launch:
        command = [sys.executable, "-m", "quarterdeck.web.apart", module, job_id, owner]
        return Launch(command, {**os.environ, **_as_environment(settings)})

    return launch


def _as_environment(settings: Settings) -> Mapping[str, str]:
    absolute = asdict(settings) | {"home": settings.home.absolute()}
    return {f"{ENVIRONMENT_PREFIX}{name.upper()}": str(value) for name, value in absolute.items()}


def main(module: str, job_id: str, owner: str) -> None:
    """Does the work of a job that `owner` has claimed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, whose worker ends this process
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    deck = Deck(read_settings())
    try:
        job = get_job(deck.record, job_id)
        run_job(deck.record, job, owner, import_module(module).JOBS[job.kind](deck))
    finally:
        deck.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
