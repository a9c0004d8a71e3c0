"""Takes documents in: from files and folders by `import`, from sources by `watch`. Both run the same parsers and end in the same health rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from quarterdeck.record.database import Record
from quarterdeck.record.models.regulation import Retrieval, SourceHealth
from quarterdeck.record.permissions import Actor
from quarterdeck.regulation.client import Client
from quarterdeck.regulation.parsers import parse
from quarterdeck.regulation.parsers.common import SIZE_LIMIT, Parsed, Payload
from quarterdeck.regulation.received import Received, Taken, get_source, mark_lag, record_health, take_in
from quarterdeck.regulation.sources import Source, load_sources
from quarterdeck.vocabulary.errors import NotFound, QuarterdeckError
from quarterdeck.vocabulary.settings import Settings

SKIPPED = (".sha256", ".lock", ".ds_store")
FIRST_LOOK_DAYS = 30  # how far back a source is asked the first time


@dataclass(frozen=True, slots=True)
class Watched:
    """What one source gave: well, unchanged, or the reason why nothing came."""

    source: str
    state: str
    documents: int
    note: str = ""


def import_paths(
    record: Record,
    settings: Settings,
    actor: Actor,
    paths: Iterable[Path],
    now: datetime,
    source: str = "",
    progress: Callable[[str], None] | None = None,
) -> Taken:
    """Recorded payloads, PDFs, HTML and texts from files and folders. Raises NotFound for a path that is not there."""
    if source:
        get_source(source)
    return take_in(record, settings.home, actor, _receive(list_files(paths), source), now, progress)


def list_files(paths: Iterable[Path]) -> list[Path]:
    """All files of the paths, folders walked, hidden files left out, in order."""
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise NotFound("There is no such file or folder", thing=str(path), next_step="Check the path.")
        found = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        files += [p for p in found if not p.name.startswith(".") and not p.name.lower().endswith(SKIPPED)]
    return files


def _receive(files: Iterable[Path], source: str) -> Iterable[Received]:
    for path in files:
        if path.stat().st_size > SIZE_LIMIT:
            parsed = Parsed()
            parsed.problem("size", path.name, f"{path.stat().st_size:,} bytes; up to {SIZE_LIMIT:,} are read")
            yield Received(Payload(path.name, b""), "page", parsed, path.name, source)
            continue
        payload = Payload(path.name, path.read_bytes())
        parser, parsed = parse(payload)
        yield Received(payload, parser, parsed, path.name, source)


def import_text(record: Record, settings: Settings, actor: Actor, title: str, text: str, now: datetime) -> Taken:
    """A pasted text, under a title that the person gives."""
    payload = Payload(f"{title}.txt", f"{title}\n\n{text}".encode())
    parser, parsed = parse(payload, "page")
    return take_in(record, settings.home, actor, [Received(payload, parser, parsed, f"pasted: {title}")], now)


def watch(
    record: Record,
    settings: Settings,
    actor: Actor,
    client: Client,
    now: datetime,
    names: Iterable[str] = (),
    progress: Callable[[str], None] | None = None,
) -> list[Watched]:
    """Asks every source with an address (or those named) what is new. One source that fails leaves the others alone."""
    chosen = [get_source(name) for name in names] or [s for s in load_sources().values() if s.address]
    results = []
    for source in chosen:
        results.append(_watch_one(record, settings, actor, client, source, now))
        if progress:
            progress(source.id)
    mark_lag(record, now)
    return results


def _watch_one(record: Record, settings: Settings, actor: Actor, client: Client, source: Source, now: datetime) -> Watched:
    since, etag, modified = _last_state(record, source.id, now)
    address = source.get_address(since)
    try:
        answer = client.fetch(source, address, etag, modified)
    except QuarterdeckError as error:
        _note_failure(record, source.id, error.message, now)
        return Watched(source.id, "failed", 0, error.message)
    if answer.is_unchanged:
        _note_unchanged(record, source.id, now)
        return Watched(source.id, "unchanged", 0)
    payload = Payload(address, answer.content, answer.media_type)
    parser, parsed = parse(payload, source.parser if source.parser != "page" else "")
    if source.parser not in ("page", parser):
        parsed.problem("payload", source.id, f"expected {source.parser}, looks like {parser}")
    received = Received(payload, parser, parsed, address, source.id, answer.status, answer.etag, answer.last_modified)
    taken = take_in(record, settings.home, actor, [received], now)
    return Watched(source.id, "well" if not taken.problems else "drifted", taken.documents, "; ".join(taken.problems[:2]))


def _last_state(record: Record, source: str, now: datetime) -> tuple[Any, str, str]:
    with record.session() as session:
        health = session.get(SourceHealth, source)
        last = session.scalars(select(Retrieval).where(Retrieval.source == source).order_by(Retrieval.id.desc()).limit(1)).first()
        since = (
            health.last_success - timedelta(days=2) if health and health.last_success else now - timedelta(days=FIRST_LOOK_DAYS)
        ).date()
        return since, (last.etag if last else ""), (last.last_modified if last else "")


def _note_failure(record: Record, source: str, note: str, now: datetime) -> None:
    parsed = Parsed()
    parsed.problem("request", source, note)
    with record.transaction() as session:
        record_health(session, source, parsed, now, succeeded=False, note=note)


def _note_unchanged(record: Record, source: str, now: datetime) -> None:
    with record.transaction() as session:
        record_health(session, source, Parsed(), now, succeeded=True, note="nothing changed")


def watch_job(
    settings: Settings, record: Record, actor: Actor, now: Callable[[], datetime]
) -> Callable[[Mapping[str, Any], Any], dict[str, Any]]:
    """The watch as a job: `arguments` may name sources; progress counts them."""

    def work(arguments: Mapping[str, Any], progress: Any) -> dict[str, Any]:
        names = list(arguments.get("sources") or [s.id for s in load_sources().values() if s.address])
        client, states = Client(settings), {}
        for number, name in enumerate(names):
            progress.report(number, len(names), name)
            states[name] = watch(record, settings, actor, client, now(), [name])[0].state
        return states

    return work
