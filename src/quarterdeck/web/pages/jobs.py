"""Long work in the browser: how far it is, cancelling, and what came of it, also after a restart of the server."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from quarterdeck.record.jobs import JobInfo, cancel_job, get_job, list_jobs
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import NotPermitted
from quarterdeck.web.render import render
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

router = APIRouter()
KINDS = {"evidence.load": "Loading uploaded files", "pack.board": "Generating a board pack"}
STATES = {"waiting": "waiting", "running": "running", "done": "finished", "failed": "failed", "cancelled": "cancelled"}


@router.get("/jobs")
def show_jobs(view: View = permit("job.manage", any_scope=True)) -> Response:
    """One's own work; administrators see everyone's."""
    jobs = list_jobs(view.record, None if view.may("account.manage") else view.actor.id)
    running = sum(not job.is_finished for job in jobs)
    columns = [Column("what", "Work"), Column("state", "State"), Column("done", "Done"), Column("by", "By"), Column("at_time", "Started")]
    rows = [
        {
            "what": Cell(title_of(job), href=f"/jobs/{job.id}"),
            "state": STATES[job.state],
            "done": amount(job),
            "by": job.person_id,
            "at_time": job.created_at,
        }
        for job in jobs
    ]
    table = Table(
        "jobs", "Work, the newest first", columns, rows, empty="No work was started yet. Uploading files and generating packs appear here."
    )
    finding = (
        f"{wording.plural(running, 'piece')} of work {'is' if running == 1 else 'are'} under way" if running else "No work is under way"
    )
    return view.page("jobs/index.html", finding=finding, tables=[table], needs_facts=False, cites=[running])


@router.get("/jobs/{job_id}")
def show_job(job_id: str, part: int = 0, view: View = permit("job.manage", any_scope=True)) -> Response:
    """One piece of work. With `part` only its state, which the page asks for each second."""
    job = _own(view, job_id)
    context: dict[str, Any] = {"job": job, "title": title_of(job), "amount": amount(job), "state": STATES[job.state]}
    if part:
        return HTMLResponse(render("jobs/state.html", {"view": view, **context}), headers={"HX-Refresh": "true"} if job.is_finished else {})
    return view.page(
        "jobs/job.html",
        finding=f"{title_of(job)}: {STATES[job.state]}",
        needs_facts=False,
        cites=[job.done, job.total, str(job.result), job.note],
        **context,
    )


@router.post("/jobs/{job_id}/cancel")
def cancel(job_id: str, view: View = permit("job.manage", any_scope=True)) -> Response:
    """The work stops at its next report; nothing half-done is kept."""
    _own(view, job_id)
    cancel_job(view.record, job_id, view.now())
    return view.redirect(f"/jobs/{job_id}")


def title_of(job: JobInfo) -> str:
    """What the work is, in words."""
    return KINDS.get(job.kind, job.kind.replace(".", ": ").replace("_", " ").capitalize())


def amount(job: JobInfo) -> str:
    """How much is done, in words."""
    return f"{wording.number(job.done)} of {wording.number(job.total)}" if job.total else "not counted yet"


def _own(view: View, job_id: str) -> JobInfo:
    job = get_job(view.record, job_id)
    if job.person_id != view.actor.id and not view.may("account.manage"):
        raise NotPermitted("This work was started by someone else", thing=job_id)
    return job
