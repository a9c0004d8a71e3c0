"""Bringing new facts through the browser: files are checked, kept, and loaded as a job that counts."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from quarterdeck.record.jobs import Progress, Work, add_job
from quarterdeck.vocabulary import wording
from quarterdeck.web.security import MAX_UPLOAD
from quarterdeck.web.uploads import SUFFIXES, keep_upload
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.web.deck import Deck

router = APIRouter()


@router.get("/evidence/upload")
def show_upload(view: View = permit("evidence.load")) -> Response:
    """The form."""
    megabytes = MAX_UPLOAD // 1_000_000
    return view.page(
        "evidence/upload.html", finding="Bring new facts", needs_facts=False, suffixes=SUFFIXES, megabytes=megabytes, cites=[megabytes]
    )


@router.post("/evidence/upload")
async def upload(request: Request, view: View = permit("evidence.load")) -> Response:
    """Keeps the files and starts the load. Refusals keep nothing."""
    form = await request.form(max_files=100)
    files = [entry for entry in form.getlist("files") if isinstance(entry, UploadFile) and entry.filename]
    folder = keep_upload(view.settings.home, [(str(file.filename), file.file) for file in files])
    job_id = add_job(
        view.record,
        "evidence.load",
        {"folder": folder.name, "files": sorted(str(f.filename) for f in files), "actor": view.actor.id},
        view.actor.id,
        view.now(),
    )
    if view.deck.worker is not None:
        view.deck.worker.wake()
    return view.redirect(f"/jobs/{job_id}")


def load_work(deck: Deck) -> Work:
    """The work of a load. Loading the same files twice changes nothing, so it may be resumed from the start."""

    def work(arguments: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
        from quarterdeck.connectors.load import load_paths
        from quarterdeck.record import audit
        from quarterdeck.record.permissions import ROLES, Actor, GrantedRole

        folder = _folder(deck, str(arguments["folder"]))
        files = sorted(folder.iterdir())
        # The number of steps is known only once it is over: reading, then checking and merging each table. It is counted as it goes.
        counted = _Counter(progress, len(files))
        counted(f"Reading {wording.plural(len(files), 'file')}")
        result = load_paths(deck.store, files, datetime.now(UTC), actor=str(arguments["actor"]), report=counted)
        actor = Actor(str(arguments["actor"]), str(arguments["actor"]), tuple(GrantedRole(role) for role in ROLES))
        snapshot_id = result.snapshot.id if result.snapshot else ""
        detail = {"files": arguments["files"], "rows": result.loaded, "quarantined": result.quarantined}
        with audit.write(deck.record, actor, audit.Act("evidence.load", "snapshot", snapshot_id, "uploaded", detail=detail)):
            pass
        shutil.rmtree(folder, ignore_errors=True)
        return _answer(result, snapshot_id)

    return work


def _answer(result: Any, snapshot_id: str) -> dict[str, Any]:
    aside = f"{wording.plural(result.quarantined, 'row')} {'is' if result.quarantined == 1 else 'are'} in quarantine."
    summary = f"{wording.plural(result.loaded, 'row')} loaded, of {wording.number(result.given)} given. {aside}"
    if not result.is_new:
        summary += " Nothing changed, so the facts are as they were."
    links = [["Look at these facts now", f"/as-of/{snapshot_id}?back=/"], ["What changed", f"/evidence/snapshots/{snapshot_id}"]]
    if result.quarantined:
        links.append(["The rows in quarantine", f"/evidence/quarantine?as_of={snapshot_id}"])
    return {"summary": summary, "links": links, "notices": [str(notice) for notice in result.notices][:50], "snapshot": snapshot_id}


class _Counter:
    """Turns the notes of a load into steps done; the total grows while more is found to do."""

    def __init__(self, progress: Progress, files: int) -> None:
        self._progress, self._done, self._expected = progress, 0, 2 + 2 * files

    def __call__(self, note: str) -> None:
        self._done += 1
        self._expected = max(self._expected, self._done + 1)
        self._progress.report(self._done, self._expected, f"{note[:1].upper()}{note[1:]}.")


def _folder(deck: Deck, name: str) -> Path:
    folder = deck.settings.home / "uploads" / name
    if not folder.is_dir() or folder.parent != deck.settings.home / "uploads":
        from quarterdeck.vocabulary.errors import NotFound

        raise NotFound("The uploaded files are no longer there", thing=name, next_step="Upload them again.")
    return folder


JOBS = {"evidence.load": load_work}
APART = ("evidence.load",)
