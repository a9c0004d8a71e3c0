"""Loading paths: unpack, ask each connector which files are its own, extract, check, merge, seal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from quarterdeck.connectors.discovery import get_connector, load_connectors
from quarterdeck.connectors.protocol import Connector, Context
from quarterdeck.connectors.share import share_by_mapping
from quarterdeck.evidence.arrivals import Arrival, unpack
from quarterdeck.evidence.batch import SourceExtract
from quarterdeck.evidence.load import LoadResult, Report, seal
from quarterdeck.evidence.mapping import IN_FOLDER, SourceMapping
from quarterdeck.evidence.rhythm import note_arrival
from quarterdeck.evidence.store import Store
from quarterdeck.evidence.workbench import Workbench, open_workbench
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.wording import plural

SIDE_FILES = (".md", ".yaml", ".yml", ".pdf", ".html", ".log", ".toml", ".sha256")


def load_paths(
    store: Store,
    paths: Sequence[Path],
    now: datetime,
    cut: date | None = None,
    mapping: SourceMapping | Sequence[SourceMapping] | None = None,
    connector: str = "",
    actor: str = "",
    dry_run: bool = False,
    report: Report = lambda note: None,
) -> LoadResult:
    """Loads folders, archives and files into the store as one snapshot; on a dry run only says what would happen.

    `now` is the time of the load (UTC). `cut` is the data cut of what is handed in. `connector` insists on one; else each file goes to the
    first connector that recognises it. `mapping` is how the columns of the source, or of each of several, are read. Raises BadInput where
    nothing in the paths can be loaded.
    """
    mappings = [mapping] if isinstance(mapping, SourceMapping) else list(mapping or ())
    with _staging(store, dry_run) as staging, open_workbench(staging) as workbench:
        if not dry_run:
            store.sweep()
        arrivals = unpack(paths, staging, unreadable := list[str]())
        shared: list[tuple[Connector, list[Arrival]]] = []
        extracts: list[SourceExtract] = []
        for own, files in share_by_mapping(arrivals, mappings):
            context = Context(now, store.archive_dir, cut, own, dry_run)
            for chosen, theirs in _share_out(files, connector or _get_wanted(own)):
                shared.append((chosen, theirs))
                report(f"reading {plural(len(theirs), 'file')}{f' of {own.source}' if own else ''}")
                extracts += chosen.extract(theirs, workbench, context)
        notices = [*unreadable, *_left_over(arrivals, shared)]
        proposal = _propose(workbench, arrivals, extracts) if dry_run else ""
        if not proposal:  # a dry run that proposes how to read the files has its answer
            _insist_on_something(paths, extracts, notices)
        reason = "loaded " + ", ".join(sorted({extract.source for extract in extracts if extract.batches}))
        result = seal(store, workbench, [e for e in extracts if e.batches], now, cut, actor, reason, dry_run, report)
        if not dry_run:
            note_arrival(store, sorted({extract.source for extract in extracts if extract.batches}), now)
        result.notices += [*notices, *(notice for extract in extracts if not extract.batches for notice in extract.notices)]
        result.proposal = proposal
        return result


@contextmanager
def _staging(store: Store, dry_run: bool) -> Iterator[Path]:
    """Where the work in progress stands: beside the facts, or for a dry run nowhere near them."""
    if not dry_run:
        with store.staging() as folder:
            yield folder
    else:
        with TemporaryDirectory(prefix="quarterdeck-") as name:
            yield Path(name)


def _get_wanted(mapping: SourceMapping | None) -> str:
    """A mapping that names files is read by the connector it names, else by that of plain files."""
    return "" if mapping is None else mapping.connector or ("folder" if mapping.files else "")


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
    left = [arrival for arrival in arrivals if arrival.name not in taken and PurePosixPath(arrival.name).name != IN_FOLDER]
    return [f"{arrival.name} was not loaded: no connector reads such a file" for arrival in left]


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
    return "\n".join(proposal for extract in own if (proposal := propose_mapping(workbench, arrivals, extract)))
