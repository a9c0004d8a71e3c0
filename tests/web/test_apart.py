"""Work in a process of its own: the job is the same row with the same lease, whatever becomes of that process."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from builders import build_snapshot
from quarterdeck.evidence.store import Store
from quarterdeck.record.database import Record, open_record_at
from quarterdeck.record.jobs import MAX_ATTEMPTS, JobInfo, Launch, Worker, add_job, cancel_job, claim_job, get_job
from quarterdeck.record.models.accounts import Job
from quarterdeck.record.models.base import AuditEvent
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from tests_web import form_token  # type: ignore[import-not-found]

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
STEPS = """
import sys, time
from quarterdeck.record.database import open_record_at
from quarterdeck.record.jobs import get_job, run_job
record = open_record_at(sys.argv[1])
def count(arguments, progress):
    for step in range(arguments["to"]):
        progress.report(step, arguments["to"])
        time.sleep(0.02)
    return {"counted": True}
run_job(record, get_job(record, sys.argv[2]), sys.argv[3], count)
record.close()
"""


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    opened = open_record_at(f"sqlite:///{tmp_path / 'record.sqlite'}")
    yield opened
    opened.close()


class Counting:
    """Launches a process that counts; `crashes` times it dies instead, as if killed."""

    def __init__(self, record: Record, crashes: int = 0) -> None:
        self._address, self.launched, self._crashes = record.engine.url.render_as_string(), 0, crashes

    def __call__(self, job_id: str, owner: str) -> Launch:
        self.launched += 1
        script = "import os; os._exit(9)" if self.launched <= self._crashes else STEPS
        return Launch([sys.executable, "-c", script, self._address, job_id, owner], os.environ)


def wait_for(record: Record, job_id: str, is_so: Callable[[JobInfo], bool], seconds: float = 60) -> JobInfo:
    deadline = time.monotonic() + seconds
    while not is_so(job := get_job(record, job_id)):
        assert time.monotonic() < deadline, job
        time.sleep(0.02)
    return job


@pytest.fixture
def start() -> Iterator[Callable[[Record, Counting], Worker]]:
    """Starts workers, and stops them at the end."""
    workers: list[Worker] = []

    def begin(record: Record, counting: Counting) -> Worker:
        workers.append(Worker(record, {}, 0.05, apart={"count": counting}))
        workers[-1].start()
        return workers[-1]

    yield begin
    for worker in workers:
        worker.stop(timeout=20)


Start = Callable[[Record, Counting], Worker]


def test_the_process_reports_and_ends_the_job_in_its_workers_name(record: Record, start: Start) -> None:
    job_id = add_job(record, "count", {"to": 5}, "ada", NOW)
    start(record, Counting(record))
    done = wait_for(record, job_id, lambda job: job.is_finished)
    assert (done.state, done.done, done.total, done.result) == ("done", 5, 5, {"counted": True})


def test_a_process_that_dies_leaves_the_job_to_be_taken_up_again_at_once(record: Record, start: Start) -> None:
    job_id = add_job(record, "count", {"to": 2}, "ada", NOW)
    counting = Counting(record, crashes=1)
    start(record, counting)
    assert wait_for(record, job_id, lambda job: job.is_finished, seconds=25).state == "done"  # sooner than its lease would lapse
    assert counting.launched == 2


def test_a_job_whose_process_dies_again_and_again_is_given_up(record: Record, start: Start) -> None:
    job_id = add_job(record, "count", {"to": 2}, "ada", NOW)
    counting = Counting(record, crashes=100)
    start(record, counting)
    failed = wait_for(record, job_id, lambda job: job.is_finished)
    assert failed.state == "failed"
    assert counting.launched == MAX_ATTEMPTS


def test_a_wish_to_cancel_reaches_the_process(record: Record, start: Start) -> None:
    job_id = add_job(record, "count", {"to": 10_000}, "ada", NOW)
    start(record, Counting(record))
    wait_for(record, job_id, lambda job: job.total > 0)
    cancel_job(record, job_id, NOW)
    assert wait_for(record, job_id, lambda job: job.is_finished).state == "cancelled"


def test_a_worker_that_stops_ends_its_process_and_the_next_worker_resumes_at_once(record: Record, start: Start) -> None:
    job_id = add_job(record, "count", {"to": 10_000}, "ada", NOW)
    first = start(record, Counting(record))
    wait_for(record, job_id, lambda job: job.total > 0)
    first.stop(timeout=20)
    left = get_job(record, job_id)
    assert left.state == "running"
    time.sleep(0.1)
    assert get_job(record, job_id).done == left.done
    assert claim_job(record, "another", ("count",), datetime.now(UTC)) is not None


def upload(client: TestClient, content: bytes) -> str:
    """The id of the job that loads a study file."""
    answer = client.post(
        "/evidence/upload", data={"form_token": form_token(client)}, files={"files": ("study.csv", content)}, follow_redirects=False
    )
    assert answer.status_code == 303
    return str(answer.headers["location"].rsplit("/", 1)[-1])


def test_an_upload_is_loaded_by_another_process_into_the_same_installation(tmp_path: Path) -> None:
    build_snapshot(tmp_path, {"study": [{"study_id": "A1"}]})
    settings = Settings(home=tmp_path / "home", database_url=f"sqlite:///{tmp_path / 'elsewhere.sqlite'}")
    app = create_app(settings)
    record = app.state.deck.record
    with TestClient(app) as client:
        before = Store(settings.evidence_dir).current_id()
        job = wait_for(record, upload(client, b"study_id,phase,status\nNEW-1,P2,planned\n"), lambda job: job.is_finished)
        assert job.state == "done", job.error
        assert Store(settings.evidence_dir).current_id() not in ("", before)
        ended = client.get(f"/jobs/{job.id}").text
        assert "1 row loaded, of 1 given" in ended
        assert job.note
        assert job.note not in ended  # the last step of work that has ended says nothing any more
        with record.session() as session:
            assert [event.action for event in session.query(AuditEvent)] == ["evidence.load"]
        assert not list((settings.home / "uploads").iterdir())


def test_an_upload_that_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    app = create_app(Settings(home=tmp_path / "home"))
    with TestClient(app) as client:
        job = wait_for(app.state.deck.record, upload(client, b"nothing,known\n1,2\n"), lambda job: job.is_finished)
    assert (job.state, "can be loaded" in job.error) == ("failed", True)


def test_the_relative_folder_of_an_installation_is_the_same_for_the_other_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from quarterdeck.vocabulary.settings import read_settings
    from quarterdeck.web.apart import launcher

    monkeypatch.chdir(tmp_path)
    given = Settings(home=Path("home"), organisation="A & B", offline=False, language_model_budget=2.5)
    launch = launcher(given, "a.module")("job", "owner")
    assert read_settings(environment=launch.environment) == Settings(
        home=tmp_path / "home", organisation="A & B", offline=False, language_model_budget=2.5
    )


def test_giving_back_leaves_a_job_that_has_ended_as_it_is(record: Record, start: Start) -> None:
    job_id = add_job(record, "count", {"to": 1}, "ada", NOW)
    worker = start(record, Counting(record))
    wait_for(record, job_id, lambda job: job.is_finished)
    worker.stop(timeout=20)
    with record.session() as session:
        row = session.get(Job, job_id)
        assert row
        assert (row.state, row.lease_until) == ("done", None)
