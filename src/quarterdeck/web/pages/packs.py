"""Packs: generate the board pack as a job, download its files, verify any file that was handed round."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from quarterdeck.record.jobs import Progress, Work, add_job, get_job, list_jobs
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.web.navigation import Entry
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.uploads import check_name_of_paper
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.web.deck import Deck

router = APIRouter()
NAVIGATION = (Entry("Packs", "/packs", "Papers", "Where is the board pack, and is it untouched?"),)
TYPES = {
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation", "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "html": "text/html; charset=utf-8",
}  # fmt: skip
MAX_PAPER = 50_000_000


@router.get("/packs")
def show_packs(view: View = permit("portfolio.read")) -> Response:
    """Packs that were generated here, the newest first."""
    jobs = [job for job in list_jobs(view.record, limit=200) if job.kind == "pack.board"]
    done = [job for job in jobs if job.state == "done"]
    rows = [
        {
            "pack": Cell(job.id, "Board pack", sub=f"snapshot {str(job.arguments.get('snapshot', ''))[:12]}"), "when": job.finished_at or job.created_at, "by": job.person_id,
            "state": Cell(job.state, "checked and ready" if job.state == "done" else job.state, href=f"/jobs/{job.id}"),
            "files": Cell(len(job.result.get("files", [])), wording.plural(len(job.result.get("files", [])), "file"), href=f"/packs/{job.id}") if job.state == "done" else "none yet",
        }
        for job in jobs
    ]  # fmt: skip
    columns = [Column("pack", "Pack"), Column("when", "When"), Column("by", "By"), Column("state", "State"), Column("files", "Files")]
    finding = (
        f"{wording.plural(len(done), 'board pack')} {'is' if len(done) == 1 else 'are'} ready"
        if done
        else "No board pack was generated yet"
    )
    return view.page(
        "packs/index.html",
        finding=finding,
        tables=[Table("packs", "Packs, the newest first", columns, rows, empty="Generate the first one below.")],
        cites=[len(done)],
    )


@router.post("/packs")
def generate(view: View = permit("pack.generate")) -> Response:
    """Starts the work on the facts that the reader looks at."""
    job_id = add_job(view.record, "pack.board", {"snapshot": view.snapshot.id, "actor": view.actor.id}, view.actor.id, view.now())
    if view.deck.worker is not None:
        view.deck.worker.wake()
    return view.redirect(f"/jobs/{job_id}")


@router.get("/packs/{job_id}")
def show_pack(job_id: str, view: View = permit("portfolio.read")) -> Response:
    """The files of one pack."""
    job = get_job(view.record, job_id)
    files = list(job.result.get("files", []))
    rows = [{"file": Cell(name, href=f"/packs/{job_id}/files/{name}"), "size": _size(_folder(view.deck, job_id) / name)} for name in files]
    return view.page(
        "packs/pack.html", finding=f"A board pack of {wording.plural(len(files), 'file')}, every number checked",
        tables=[Table("files", "Files", [Column("file", "File"), Column("size", "Size", is_number=True)], rows, empty="This pack has no files. Look at its job.")], job=job, cites=[len(files)],
    )  # fmt: skip


@router.get("/packs/{job_id}/files/{name}")
def download(job_id: str, name: str, view: View = permit("portfolio.read")) -> Response:
    """One file of a pack. Only names that the pack lists are served."""
    if name not in get_job(view.record, job_id).result.get("files", []):
        raise NotFound("The pack has no such file", thing=name[:200])
    path = _folder(view.deck, job_id) / name
    if not path.is_file():
        raise NotFound("The file is no longer there", thing=name, next_step="Generate the pack again.")
    kind = TYPES.get(path.suffix.lower().removeprefix("."), "application/octet-stream")
    return Response(path.read_bytes(), media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})


@router.get("/papers/verify")
def show_verify(view: View = permit("portfolio.read")) -> Response:
    """The form that takes a file to verify."""
    return view.page("packs/verify.html", finding="Is this paper untouched?", result=None, name="", table_name="")


@router.post("/papers/verify")
async def verify(request: Request, view: View = permit("portfolio.read")) -> Response:
    """Reads the file back and evaluates every number in it again. The file is not kept."""
    upload = (await request.form()).get("file")
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise BadInput("No file was chosen", next_step="Choose a file and send the form again.")
    name, content = check_name_of_paper(upload.filename), await upload.read()
    if len(content) > MAX_PAPER:
        raise BadInput("The file is too large", thing=name, allowed=f"up to {MAX_PAPER // 1_000_000} MB")
    return await run_in_threadpool(_show_result, view, name, content)


def _show_result(view: View, name: str, content: bytes) -> Response:
    from quarterdeck.papers.desk import check_content

    result = check_content(content, name, view.settings)
    rows = [
        {"place": f.place, "kind": f.kind.replace("_", " "), "found": f.found or "nothing", "message": f.message} for f in result.findings
    ]
    columns = [Column("place", "Where"), Column("kind", "What"), Column("found", "Found"), Column("message", "Why it matters")]
    verdict = (
        "The paper is untouched: every number still holds"
        if result.is_clean
        else f"{wording.plural(len(result.errors), 'thing')} in this paper {'does' if len(result.errors) == 1 else 'do'} not hold"
    )
    return view.page(
        "packs/verify.html",
        finding=verdict,
        tables=[Table("findings", "What the check found", columns, rows, empty="Nothing.")],
        result=result,
        name=name,
        cites=[len(result.errors), name],
    )


def board_work(deck: Deck) -> Work:
    """The work of generating a pack. Writing it again replaces what a broken attempt left."""

    def work(arguments: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
        from quarterdeck.papers.board import PACK, write_board_pack

        total, done = float(sum(1 + len(formats) for _, formats in PACK) + 1), 0

        def advance(note: str) -> None:
            nonlocal done
            done += 1
            progress.report(min(float(done), total), total, f"{note}.")

        progress.report(0, total, "Gathering facts.")
        written = write_board_pack(deck.settings, _folder(deck, progress.job_id), as_of=str(arguments["snapshot"]), advance=advance)
        names = [path.name for path in written]
        summary = f"{wording.plural(len(names), 'file')} written, read back and checked. Every number in them holds."
        return {"files": names, "summary": summary, "links": [["The files", f"/packs/{progress.job_id}"]]}

    return work


JOBS = {"pack.board": board_work}


def paths(snapshot: Snapshot) -> list[str]:
    """Pages to walk."""
    return ["/packs", "/papers/verify"]


def _folder(deck: Deck, job_id: str) -> Path:
    return deck.settings.home / "packs" / PurePosixPath(job_id).name


def _size(path: Path) -> Cell | str:
    if not path.is_file():
        return "no longer there"
    size = path.stat().st_size
    return Cell(size, f"{wording.number(round(size / 1000))} kB")
