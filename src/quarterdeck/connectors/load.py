"""Loading paths: unpack, ask each connector which files are its own, extract, check, merge, seal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from quarterdeck.connectors.discovery import get_connector, load_connectors
from quarterdeck.connectors.protocol import Connector, Context
from quarterdeck.evidence.arrivals import Arrival, unpack
from quarterdeck.evidence.batch import SourceExtract
from quarterdeck.evidence.load import LoadResult, Report, seal
from quarterdeck.evidence.mapping import SourceMapping
from quarterdeck.evidence.rhythm import note_arrival
from quarterdeck.evidence.store import Store
from quarterdeck.evidence.workbench import Workbench, open_workbench
from quarterdeck.vocabulary.errors import BadInput

SIDE_FILES = (".md", ".yaml", ".yml", ".pdf", ".html", ".log", ".toml", ".sha256")


def load_paths(
    store: Store,
    paths: Sequence[Path],
    now: datetime,
    cut: date | None = None,
    mapping: SourceMapping | None = None,
    connector: str = "",
    actor: str = "",
    dry_run: bool = False,
    report: Report = lambda note: None,
) -> LoadResult:
    """Loads folders, archives and files into the store as one snapshot; on a dry run only says what would happen.

    `now` is the time of the load (UTC). `cut` is the data cut of what is handed in. `connector` insists on one; else each file goes to the
    first connector that recognises it. Raises BadInput where nothing in the paths can be loaded.
    """
    with store.staging() as staging, open_workbench(staging) as workbench:
        store.sweep()
        arrivals = unpack(paths, staging)
        context = Context(now, store.archive_dir, cut, mapping, dry_run)
        shared = _share_out(arrivals, connector or (mapping.connector if mapping else ""))
        extracts: list[SourceExtract] = []
        for chosen, files in shared:
            report(f"reading {len(files)} files of {chosen.title}")
            extracts += chosen.extract(files, workbench, context)
        notices = _left_over(arrivals, shared)
        _insist_on_something(paths, extracts, notices)
        reason = "loaded " + ", ".join(sorted({extract.source for extract in extracts if extract.batches}))
        result = seal(store, workbench, [e for e in extracts if e.batches], now, cut, actor, reason, dry_run, report)
        if not dry_run:
            note_arrival(store, sorted({extract.source for extract in extracts if extract.batches}), now)
        result.notices += [*notices, *(notice for extract in extracts if not extract.batches for notice in extract.notices)]
        if dry_run:
            result.proposal = _propose(workbench, arrivals, extracts)
        return result


def _share_out(arrivals: Sequence[Arrival], wanted: str) -> list[tuple[Connector, list[Arrival]]]:
    """Each file to the first connector that recognises it."""
    candidates = [get_connector(wanted)] if wanted else list(load_connectors().values())
    shared: list[tuple[Connector, list[Arrival]]] = []
    rest = [arrival for arrival in arrivals if not arrival.name.lower().endswith(SIDE_FILES)]
    for connector in candidates:
        if own := connector.recognise(rest):
            shared.append((connector, own))
            rest = [arrival for arrival in rest if arrival not in own]
    return shared


def _left_over(arrivals: Sequence[Arrival], shared: Sequence[tuple[Connector, list[Arrival]]]) -> list[str]:
    taken = {arrival.name for _, files in shared for arrival in files}
    return [f"{arrival.name} was not loaded: no connector reads such a file" for arrival in arrivals if arrival.name not in taken]


def _insist_on_something(paths: Sequence[Path], extracts: Sequence[SourceExtract], notices: Sequence[str]) -> None:
    if not any(extract.batches for extract in extracts):
        reasons = [notice for extract in extracts for notice in extract.notices] + list(notices)
        raise BadInput(
            "Nothing there can be loaded",
            thing=", ".join(str(path) for path in paths) + (f" ({'; '.join(reasons[:3])})" if reasons else ""),
            next_step="`quarterdeck templates --out DIR` writes the tables to fill; a mapping (--mapping FILE) renames columns.",
        )


def _propose(workbench: Workbench, arrivals: Sequence[Arrival], extracts: Sequence[SourceExtract]) -> str:
    from quarterdeck.evidence.proposals import propose_mapping

    own = [extract for extract in extracts if extract.connector == "folder"]
    return propose_mapping(workbench, arrivals, own[0]) if own else ""
