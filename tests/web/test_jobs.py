"""Jobs: counted, cancelled, resumed by another worker after a crash, and still there after a restart."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from quarterdeck.record.database import Record, open_record_at
from quarterdeck.record.jobs import (
    LEASE,
    MAX_ATTEMPTS,
    Cancelled,
    Progress,
    Worker,
    add_job,
    cancel_job,
    claim_job,
    get_job,
    list_jobs,
    run_job,
)
from quarterdeck.vocabulary.errors import BadInput

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture
def record(tmp_path: Path):  # type: ignore[no-untyped-def]
    opened = open_record_at(f"sqlite:///{tmp_path / 'record.sqlite'}")
    yield opened
    opened.close()


def add(record: Record, kind: str = "count") -> str:
    return add_job(record, kind, {"to": 3}, "ada", NOW)


def test_a_job_is_claimed_once_and_in_order(record: Record) -> None:
    first, second = add(record), add_job(record, "count", {}, "ada", NOW + timedelta(seconds=1))
    claimed = [claim_job(record, owner, ("count",), NOW) for owner in "abc"]
    assert [job.id if job else None for job in claimed] == [first, second, None]


def test_a_worker_takes_only_the_kinds_it_knows(record: Record) -> None:
    add(record, "other")
    assert claim_job(record, "a", ("count",), NOW) is None


def test_progress_is_counted_and_the_result_kept(record: Record) -> None:
    job = claim_job(record, "a", ("count",), NOW) if add(record) else None
    assert job
    run_job(
        record,
        job,
        "a",
        lambda arguments, progress: ([progress.report(i, 3, f"step {i}") for i in range(1, 4)] and {"sum": arguments["to"]}) or {},
    )
    done = get_job(record, job.id)
    assert (done.state, done.done, done.total, done.note, done.result) == ("done", 3, 3, "step 3", {"sum": 3})


def test_progress_is_written_every_two_seconds_and_a_wish_to_cancel_noticed_at_each_report(record: Record) -> None:
    add(record)
    job = claim_job(record, "a", ("count",), NOW)
    assert job
    seconds = 0.0
    progress = Progress(record, job.id, "a", clock=lambda: seconds)
    seen = []
    for step in range(1, 6):
        progress.report(step, 5)
        seen.append(get_job(record, job.id).done)
        seconds += 0.9
    assert seen == [1, 1, 1, 4, 4]
    cancel_job(record, job.id, NOW)
    with pytest.raises(Cancelled):
        progress.report(5, 5)


def test_a_lease_that_lapsed_is_taken_over_and_the_first_worker_notices(record: Record) -> None:
    add(record)
    job = claim_job(record, "dead", ("count",), NOW)
    assert job
    assert claim_job(record, "b", ("count",), NOW + LEASE / 2) is None
    again = claim_job(record, "b", ("count",), NOW + LEASE * 2)
    assert again
    assert again.id == job.id
    run_job(record, job, "dead", lambda arguments, progress: progress.report(1, 1) or {})
    assert get_job(record, job.id).state == "running"


def test_a_job_that_stops_again_and_again_is_given_up(record: Record) -> None:
    job_id = add(record)
    for attempt in range(MAX_ATTEMPTS + 1):
        claim_job(record, f"w{attempt}", ("count",), NOW + LEASE * 2 * attempt)
    assert get_job(record, job_id).state == "failed"


def test_cancelling_ends_a_waiting_job_at_once_and_a_running_one_at_its_next_report(record: Record) -> None:
    waiting = add(record)
    cancel_job(record, waiting, NOW)
    assert get_job(record, waiting).state == "cancelled"
    running = add(record)
    job = claim_job(record, "a", ("count",), NOW)
    assert job
    cancel_job(record, running, NOW)
    run_job(record, job, "a", lambda arguments, progress: progress.report(1, 3) or {})
    assert get_job(record, running).state == "cancelled"


def test_a_users_mistake_is_kept_as_its_message_and_a_defect_by_its_name_only(record: Record) -> None:
    def fail(error: Exception) -> Callable[..., dict[str, object]]:
        def work(arguments: object, progress: Progress) -> dict[str, object]:
            raise error

        return work

    for error, words in (
        (BadInput("The file cannot be read", thing="a.csv"), "The file cannot be read: a.csv."),
        (ValueError("/secret/path"), "a defect in the program (ValueError)"),
    ):
        add(record)
        job = claim_job(record, "a", ("count",), NOW)
        assert job
        run_job(record, job, "a", fail(error))
        assert words in get_job(record, job.id).error
        assert "/secret" not in get_job(record, job.id).error


def test_a_worker_does_the_work_and_a_second_one_resumes_what_it_left(record: Record) -> None:
    started, let_go = threading.Event(), threading.Event()

    def stuck(arguments: object, progress: Progress) -> dict[str, object]:
        started.set()
        let_go.wait(60)
        progress.report(1, 1)
        return {"resumed": False}

    job_id = add(record)
    first = Worker(record, {"count": stuck}, 0.05)
    first.start()
    assert started.wait(10)
    first.stop(timeout=0.1)
    with record.transaction() as session:  # as if the process had died: its lease has run out
        from quarterdeck.record.models.accounts import Job

        row = session.get(Job, job_id)
        assert row
        row.lease_until = datetime.now(UTC) - LEASE
    second = Worker(record, {"count": lambda arguments, progress: {"resumed": True}}, 0.05)
    second.start()
    deadline = time.monotonic() + 20
    while not get_job(record, job_id).is_finished and time.monotonic() < deadline:
        time.sleep(0.05)
    let_go.set()
    second.stop()
    first.stop(timeout=10)
    assert get_job(record, job_id).result == {"resumed": True}


def test_the_list_is_of_one_person_or_of_all(record: Record) -> None:
    add(record)
    add_job(record, "count", {}, "bob", NOW)
    assert len(list_jobs(record)) == 2
    assert [job.person_id for job in list_jobs(record, "bob")] == ["bob"]
