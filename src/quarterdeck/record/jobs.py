"""Long work as rows with leases: progress that counts, cancelling, and resuming where a worker or the server died.

A kind of work is a function registered by name; its arguments are JSON. Nothing is pickled, so a new version reads old rows.
"""

from __future__ import annotations

import secrets
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from quarterdeck.record.database import Record
from quarterdeck.record.models.accounts import Job
from quarterdeck.vocabulary.errors import NotFound, QuarterdeckError

LEASE = timedelta(seconds=30)
REPORT_SECONDS = 2.0
CHILD_SECONDS = 0.1  # how often a worker looks whether the process that works for it has ended
MAX_ATTEMPTS = 3
UNFINISHED = ("waiting", "running")


class Cancelled(Exception):
    """Raised inside the work, at its next report, once someone has asked it to stop."""


@dataclass(frozen=True, slots=True)
class JobInfo:
    """A job as a page shows it."""

    id: str
    kind: str
    person_id: str
    state: str
    done: float
    total: float
    note: str
    result: dict[str, Any]
    error: str
    created_at: datetime
    finished_at: datetime | None
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.state not in UNFINISHED


class Progress:
    """What the work is given to report with. Reporting renews the lease and notices a wish to cancel.

    A wish to cancel is looked for at each report; how far the work is gets written every two seconds, because writers of the record take
    turns.
    """

    def __init__(self, record: Record, job_id: str, owner: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._record, self._id, self._owner, self._clock = record, job_id, owner, clock
        self._written = -REPORT_SECONDS
        self._latest = (0.0, 0.0, "")

    @property
    def job_id(self) -> str:
        """The id of the job: a stable name for files that the work writes."""
        return self._id

    def report(self, done: float, total: float, note: str = "") -> None:
        """How far the work is. Raises Cancelled where someone asked for that, or where another worker holds the lease by now."""
        with self._record.session() as session:
            self._get(session)
        self._latest = done, total, note or self._latest[2]
        if self._clock() - self._written < REPORT_SECONDS:
            return
        with self._record.transaction() as session:
            job = self._get(session)
            job.lease_until = datetime.now(UTC) + LEASE
            self.write_to(job)
        self._written = self._clock()

    def write_to(self, job: Job) -> None:
        """What was reported last, on the row."""
        done, total, note = self._latest
        job.done, job.total, job.note = done, total, note or job.note

    def _get(self, session: Session) -> Job:
        job = session.get(Job, self._id)
        if job is None or job.is_cancel_wanted or job.lease_owner != self._owner:
            raise Cancelled
        return job


Work = Callable[[Mapping[str, Any], Progress], dict[str, Any]]


def add_job(record: Record, kind: str, arguments: Mapping[str, Any], person_id: str, now: datetime) -> str:
    """A new row that waits for a worker. Returns its id."""
    job_id = secrets.token_hex(8)
    with record.transaction() as session:
        session.add(Job(id=job_id, kind=kind, arguments=dict(arguments), person_id=person_id, result={}, created_at=now))
    return job_id


def get_job(record: Record, job_id: str) -> JobInfo:
    """One job. Raises NotFound."""
    with record.session() as session:
        job = session.get(Job, job_id)
        if job is None:
            raise NotFound("There is no such job", thing=job_id)
        return _info(job)


def list_jobs(record: Record, person_id: str | None = None, limit: int = 50) -> list[JobInfo]:
    """The newest first; of one person or of everyone."""
    query = select(Job).order_by(Job.created_at.desc()).limit(limit)
    with record.session() as session:
        return [_info(job) for job in session.scalars(query if person_id is None else query.where(Job.person_id == person_id))]


def cancel_job(record: Record, job_id: str, now: datetime) -> None:
    """Asks the work to stop at its next report; a job that still waits stops at once. Finished jobs stay as they are."""
    with record.transaction() as session:
        job = session.get(Job, job_id)
        if job is None:
            raise NotFound("There is no such job", thing=job_id)
        if job.state == "waiting":
            job.state, job.finished_at = "cancelled", now
        job.is_cancel_wanted = True


def claim_job(record: Record, owner: str, kinds: tuple[str, ...], now: datetime) -> JobInfo | None:
    """The oldest job that waits, or whose worker let its lease lapse, now leased to `owner`. None where there is none."""
    with record.transaction() as session:
        if session.get_bind().dialect.name != "postgresql":
            session.connection().exec_driver_sql("BEGIN IMMEDIATE")  # two workers must not claim the same row
        free = or_(Job.state == "waiting", (Job.state == "running") & (Job.lease_until < now))
        query = select(Job).where(free, Job.kind.in_(kinds)).order_by(Job.created_at).limit(1)
        job = session.scalars(query.with_for_update(skip_locked=True)).first()
        if job is None:
            return None
        job.attempts += 1
        if job.is_cancel_wanted or job.attempts > MAX_ATTEMPTS:
            job.state, job.finished_at = ("cancelled", now) if job.is_cancel_wanted else ("failed", now)
            job.error = job.error or ("" if job.is_cancel_wanted else f"The work stopped {MAX_ATTEMPTS} times without an end.")
            return None
        job.state, job.lease_owner, job.lease_until = "running", owner, now + LEASE
        return _info(job)


def run_job(record: Record, job: JobInfo, owner: str, work: Work) -> None:
    """Does the work of a claimed job and records how it ended. A message for a person is kept; a defect is kept by its name only."""
    state, result, error = "done", {}, ""
    progress = Progress(record, job.id, owner)
    try:
        result = work(job.arguments, progress)
    except Cancelled:
        state = "cancelled"
    except QuarterdeckError as problem:
        state, error = "failed", problem.message
    except Exception as problem:
        state, error = "failed", f"The work met a defect in the program ({type(problem).__name__}). What was there before is unaffected."
    with record.transaction() as session:
        row = session.get(Job, job.id)
        if row is not None and row.lease_owner == owner:
            row.state, row.result, row.error, row.finished_at = state, result, error, datetime.now(UTC)
            row.lease_until = None
            progress.write_to(row)
            if state == "done":
                row.done = row.total = row.total or 1.0


def give_back(record: Record, job_id: str, owner: str) -> None:
    """Ends the lease of a job that was left without an end, so that it is taken up again now. One that has ended stays as it is."""
    with record.transaction() as session:
        job = session.get(Job, job_id)
        if job is not None and job.state == "running" and job.lease_owner == owner:
            job.lease_until = datetime.now(UTC) - timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Launch:
    """How a process is started that does the work of one job: its command, and all of its environment."""

    command: list[str]
    environment: Mapping[str, str]


class Worker:
    """A thread that works off jobs of the kinds it knows, one after another, and renews the lease of the one it works on.

    For a kind in `apart`, which says how to launch a process for a job and its owner, that process does the work in this worker's name.
    """

    def __init__(
        self,
        record: Record,
        kinds: Mapping[str, Work],
        poll_seconds: float = 0.5,
        apart: Mapping[str, Callable[[str, str], Launch]] = MappingProxyType({}),
    ) -> None:
        self._record, self._kinds, self._poll, self._apart = record, dict(kinds), poll_seconds, dict(apart)
        self._owner = secrets.token_hex(8)
        self._stop, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="quarterdeck-jobs", daemon=True)

    def start(self) -> None:
        """Begins working."""
        self._thread.start()

    def wake(self) -> None:
        """A job was added: look now."""
        self._wake.set()

    def stop(self, timeout: float = 5.0) -> None:
        """Ends after the present report. A job in hand keeps its row and resumes at the next start."""
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stop.is_set():
            job = claim_job(self._record, self._owner, (*self._kinds, *self._apart), datetime.now(UTC))
            if job is None:
                self._wake.wait(self._poll)
                self._wake.clear()
                continue
            ended = threading.Event()
            keeper = threading.Thread(target=self._keep_lease, args=(job.id, ended), daemon=True)
            keeper.start()
            if job.kind in self._apart:
                self._run_apart(job, self._apart[job.kind](job.id, self._owner))
            else:
                run_job(self._record, job, self._owner, self._kinds[job.kind])
            ended.set()
            keeper.join()

    def _run_apart(self, job: JobInfo, launch: Launch) -> None:
        """Waits for the process that does the work. Where it died, or this worker stops, the job goes back to be taken up again."""
        child = subprocess.Popen(launch.command, env=dict(launch.environment), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # noqa: S603
        while child.poll() is None and not self._stop.wait(CHILD_SECONDS):
            pass
        if child.poll() is None:
            child.terminate()
            child.wait()
        give_back(self._record, job.id, self._owner)

    def _keep_lease(self, job_id: str, ended: threading.Event) -> None:
        while not ended.wait(LEASE.total_seconds() / 3):
            with self._record.transaction() as session:
                job = session.get(Job, job_id)
                if job is not None and job.lease_owner == self._owner and job.state == "running":
                    job.lease_until = datetime.now(UTC) + LEASE


def _info(job: Job) -> JobInfo:
    return JobInfo(
        job.id, job.kind, job.person_id, job.state, job.done, job.total, job.note, dict(job.result), job.error, job.created_at, job.finished_at, dict(job.arguments)
    )  # fmt: skip
