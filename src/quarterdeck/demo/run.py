"""The demo from nothing to sealed snapshots: write the extracts, then load each day's through the door that users' files come by."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

from quarterdeck.connectors.load import load_paths
from quarterdeck.demo.options import DemoOptions
from quarterdeck.demo.write import Written, write_demo
from quarterdeck.evidence.load import LoadResult
from quarterdeck.evidence.mapping import read_mappings
from quarterdeck.evidence.store import Store
from quarterdeck.vocabulary.errors import BadInput

TAKEN_AT = time(18, 0)  # every demo snapshot is taken at six in the evening of its day


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What was written and what each load did, oldest first."""

    written: Written
    loads: tuple[LoadResult, ...]


def make_demo(options: DemoOptions, out: Path, store: Store, report: Callable[[str], object] = lambda _: None) -> DemoResult:
    """Write the extracts below `out` and load one snapshot per day into `store`."""
    report(f"Writing the extracts of {options.trials} invented trials")
    written = write_demo(options, out)
    loads = []
    for day, folder in written.extracts:
        report(f"Loading the extracts of {day.isoformat()}")
        loads.append(_load_day(store, folder, written.mappings, datetime.combine(day, TAKEN_AT, UTC)))
    return DemoResult(written, tuple(loads))


def clear_demo(out: Path) -> None:
    """Remove an earlier demo below `out`. Raises BadInput where the folder holds something that is no demo: nobody's files are deleted."""
    if not out.exists():
        return
    if not out.is_dir() or (any(out.iterdir()) and not (out / "truth.json").exists()):
        raise BadInput("This is not a demo folder, so it is not replaced", thing=str(out), next_step="Choose another --out.")
    for name in ("extracts", "mappings", "home", "pack"):
        shutil.rmtree(out / name, ignore_errors=True)
    (out / "truth.json").unlink(missing_ok=True)


def _load_day(store: Store, folder: Path, mappings: Path, now: datetime) -> LoadResult:
    """All systems of one day as one snapshot. Each has its own mapping, as it would have for a user."""
    return load_paths(store, [folder], now, now.date(), read_mappings([mappings]), actor="quarterdeck")
