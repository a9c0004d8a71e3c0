"""Documents are taken in once, from files and from sources; health rows show drift, silence and failure; the client is polite."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.record.audit import verify_chain
from quarterdeck.record.database import Record, open_record
from quarterdeck.record.permissions import MACHINE, SINGLE_USER, Actor, GrantedRole
from quarterdeck.regulation.actions import label_document, learn
from quarterdeck.regulation.client import Client
from quarterdeck.regulation.intake import import_paths, import_text, watch
from quarterdeck.regulation.queries import (
    count_documents,
    get_document,
    get_grade,
    list_health,
    list_inbox,
    list_labels,
    list_signals,
    list_versions,
    open_index,
)
from quarterdeck.regulation.received import mark_lag
from quarterdeck.regulation.sources import load_sources
from quarterdeck.vocabulary.errors import BadInput, NotFound, NotPermitted
from quarterdeck.vocabulary.settings import Settings

NOW = datetime(2031, 6, 2, 9, tzinfo=UTC)


@pytest.fixture
def record(settings: Settings) -> Iterator[Record]:
    opened = open_record(settings)
    yield opened
    opened.close()


def api(*rows: dict[str, Any]) -> str:
    return json.dumps({"count": len(rows), "results": list(rows)})


def row(number: str, title: str, **more: Any) -> dict[str, Any]:
    return {"document_number": number, "title": title, "type": "Notice", "publication_date": "2031-06-01", "abstract": title, **more}


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


GCP = row("2031-1", "Good clinical practice; draft guidance for industry", comments_close_on="2031-08-01")
MILK = row("2031-2", "Milk and cream; food additive petition")


def test_taking_in_twice_changes_nothing(record: Record, settings: Settings, tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", api(GCP, MILK))
    first = import_paths(record, settings, SINGLE_USER, [path], NOW)
    second = import_paths(record, settings, SINGLE_USER, [path], NOW + timedelta(days=1))
    assert (first.new, second.new, second.changed) == (2, 0, 0)
    assert len(list_versions(record, "fr:2031-1")) == 1
    verify_chain(record)


def test_a_changed_text_is_a_new_version_and_an_editorial_one_is_not(record: Record, settings: Settings, tmp_path: Path) -> None:
    for number, text in enumerate(("The sponsor may report.", "The sponsor  may report.", "The sponsor must report.")):
        import_paths(record, settings, SINGLE_USER, [write(tmp_path, f"{number}.json", api(row("2031-9", "Reports", abstract=text)))], NOW)
    assert [text for _, _, text in list_versions(record, "fr:2031-9")] == ["The sponsor may report.", "The sponsor must report."]


def test_two_channels_of_one_document_meet(record: Record, settings: Settings, tmp_path: Path) -> None:
    import_paths(record, settings, SINGLE_USER, [write(tmp_path, "a.json", api(GCP))], NOW)
    other = {
        "data": [
            {
                "id": "FDA-2031-D-1-0001",
                "type": "documents",
                "attributes": {
                    "frDocNum": "2031-1",
                    "title": "Good clinical practice",
                    "docketId": "FDA-2031-D-1",
                    "commentEndDate": "2031-09-02T03:59:59Z",
                },
            }
        ]
    }
    import_paths(record, settings, SINGLE_USER, [write(tmp_path, "b.json", json.dumps(other))], NOW)
    document = get_document(record, "fr:2031-1")
    assert document.docket == ("FDA-2031-D-1",)
    assert {f.date for f in document.dates} == {date(2031, 8, 1), date(2031, 9, 1)}  # the conflict stays visible


def test_a_changed_record_of_another_trial_is_a_signal(record: Record, settings: Settings, tmp_path: Path) -> None:
    for number, state in enumerate(("RECRUITING", "TERMINATED")):
        study = {
            "protocolSection": {
                "identificationModule": {"nctId": "NCT00000001", "briefTitle": "A trial"},
                "statusModule": {"overallStatus": state, "lastUpdatePostDateStruct": {"date": f"2031-05-0{number + 1}"}},
            }
        }
        import_paths(record, settings, SINGLE_USER, [write(tmp_path, f"{number}.json", json.dumps(study))], NOW)
    assert [(name, what) for name, _, _, what in list_signals(record)] == [
        ("nct:NCT00000001", "2031-05-02: status from recruiting to terminated")
    ]


def test_relevance_sorts_into_bands_and_nothing_is_dropped(record: Record, settings: Settings, tmp_path: Path) -> None:
    import_paths(record, settings, SINGLE_USER, [write(tmp_path, "a.json", api(GCP, MILK))], NOW)
    assert [r.id for r in list_inbox(record, NOW.date())] == ["fr:2031-1"]
    assert sum(count_documents(record).values()) == 2
    index = open_index(record, settings)
    assert "fr:2031-2" in {hit.id for hit in index.search("milk petition")}
    index.close()


def test_a_label_outranks_the_model_and_teaches_it(record: Record, settings: Settings, tmp_path: Path) -> None:
    import_paths(record, settings, SINGLE_USER, [write(tmp_path, "a.json", api(GCP, MILK))], NOW)
    label_document(record, SINGLE_USER, "fr:2031-1", 0, "not ours", NOW)
    assert get_grade(record, "fr:2031-1")[:2] == (0, "out")
    assert list_inbox(record, NOW.date()) == []
    assert list_labels(record) == [("2031-1", 0)]
    assert learn(record, settings.home, SINGLE_USER, NOW)[0] == 1
    assert get_grade(record, "fr:2031-1")[1] == "out"


def test_a_machine_may_take_in_but_never_label(record: Record, settings: Settings, tmp_path: Path) -> None:
    import_paths(record, settings, MACHINE, [write(tmp_path, "a.json", api(GCP))], NOW)
    with pytest.raises(NotPermitted):
        label_document(record, MACHINE, "fr:2031-1", 2, "", NOW)


def test_a_reader_may_not_take_in(record: Record, settings: Settings, tmp_path: Path) -> None:
    reader = Actor("r", "Reader", (GrantedRole("reader"),))
    with pytest.raises(NotPermitted):
        import_paths(record, settings, reader, [write(tmp_path, "a.json", api(GCP))], NOW)


def test_a_pasted_text_is_kept_with_its_dates(record: Record, settings: Settings) -> None:
    import_text(record, settings, SINGLE_USER, "A notice", "The rules come into force on 1 May 2032.", NOW)
    assert [f.date for f in get_document(record, "page:a-notice-txt").dates] == [date(2032, 5, 1)]


def test_a_path_that_is_not_there_is_named(record: Record, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nowhere\.json"):
        import_paths(record, settings, SINGLE_USER, [tmp_path / "nowhere.json"], NOW)


def test_drift_is_visible_in_the_health_of_the_source(record: Record, settings: Settings, tmp_path: Path) -> None:
    import_paths(record, settings, SINGLE_USER, [write(tmp_path, "a.json", api(GCP, {"document_number": "2031-8"}))], NOW)
    health = {h.source.id: h for h in list_health(record)}
    assert health["federal-register"].state == "drifted"
    assert "missing" in health["federal-register"].note
    assert health["ecfr"].state == "never"


def test_a_silent_source_raises_an_alarm(record: Record, settings: Settings, tmp_path: Path) -> None:
    import_paths(record, settings, SINGLE_USER, [write(tmp_path, "a.json", api(GCP))], NOW)
    assert mark_lag(record, NOW + timedelta(days=3)) == []
    assert [name for name, _ in mark_lag(record, NOW + timedelta(days=20))] == ["federal-register"]


class Host:
    """Answers in the order given and remembers what it was asked."""

    def __init__(self, *answers: tuple[int, Mapping[str, str], bytes] | OSError) -> None:
        self.answers, self.asked = list(answers), []  # type: ignore[var-annotated]

    def __call__(
        self, method: str, address: str, headers: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        self.asked.append((method, address, dict(headers), body))
        answer = self.answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer


def client(settings: Settings, host: Host, naps: list[float], **environment: str) -> Client:
    return Client(replace(settings, offline=False), transport=host, sleep=naps.append, clock=lambda: 0.0, environment=environment)


def test_an_offline_installation_asks_nobody(settings: Settings) -> None:
    host = Host()
    with pytest.raises(NotPermitted, match="offline"):
        Client(settings, transport=host).fetch(load_sources()["ema-rss"], "https://x")
    assert host.asked == []


def test_the_watch_takes_in_and_asks_the_second_time_only_for_news(record: Record, settings: Settings) -> None:
    host = Host((200, {"etag": "v1"}, api(GCP).encode()), (304, {}, b""))
    asking = client(settings, host, [])
    first = watch(record, settings, MACHINE, asking, NOW, ["federal-register"])
    second = watch(record, settings, MACHINE, asking, NOW + timedelta(days=1), ["federal-register"])
    assert [(w.state, w.documents) for w in (*first, *second)] == [("well", 1), ("unchanged", 0)]
    assert host.asked[1][2]["If-None-Match"] == "v1"
    assert "2031-05-31" in host.asked[1][1]


def test_a_busy_host_is_asked_again_after_a_growing_pause(record: Record, settings: Settings) -> None:
    naps: list[float] = []
    host = Host((503, {}, b""), OSError("reset"), (200, {}, api(GCP).encode()))
    assert watch(record, settings, MACHINE, client(settings, host, naps), NOW, ["federal-register"])[0].state == "well"
    pauses = [nap for nap in naps if nap != load_sources()["federal-register"].seconds_between_requests]
    assert len(pauses) == 2
    assert 0.5 <= pauses[0] <= 1.5 <= 2 * pauses[1]


def test_requests_to_one_host_keep_their_distance(settings: Settings) -> None:
    naps: list[float] = []
    asking = client(settings, Host((200, {}, b"a"), (200, {}, b"b")), naps)
    source = load_sources()["ema-rss"]
    asking.fetch(source, "https://host/1")
    asking.fetch(source, "https://host/2")
    assert naps == [source.seconds_between_requests]


def test_a_failing_source_leaves_the_others_alone_and_shows(record: Record, settings: Settings) -> None:
    host = Host(
        (404, {}, b""), (200, {}, b"<rss><channel><title>E</title><item><title>News</title><link>https://e/1</link></item></channel></rss>")
    )
    results = watch(record, settings, MACHINE, client(settings, host, []), NOW, ["federal-register", "ema-rss"])
    assert [w.state for w in results] == ["failed", "well"]
    health = {h.source.id: h for h in list_health(record)}
    assert "HTTP 404" in health["federal-register"].note


def test_a_source_without_its_key_says_which_one(record: Record, settings: Settings) -> None:
    (result,) = watch(record, settings, MACHINE, client(settings, Host(), []), NOW, ["regulations-gov"])
    assert "QUARTERDECK_REGULATIONS_GOV_KEY" in result.note


def test_a_key_goes_into_its_header_and_nowhere_else(record: Record, settings: Settings) -> None:
    host = Host((200, {}, b'{"data": [{"id": "X-1", "type": "documents", "attributes": {"title": "T"}}]}'))
    watch(record, settings, MACHINE, client(settings, host, [], QUARTERDECK_REGULATIONS_GOV_KEY="secret"), NOW, ["regulations-gov"])
    assert host.asked[0][2]["X-Api-Key"] == "secret"
    assert "secret" not in host.asked[0][1]


def test_another_shape_than_expected_is_drift(record: Record, settings: Settings) -> None:
    (result,) = watch(
        record, settings, MACHINE, client(settings, Host((200, {}, b"<html><body><p>Moved</p></body></html>")), []), NOW, ["ema-rss"]
    )
    assert result.state != "well"


def test_a_grade_outside_the_scale_is_refused(record: Record) -> None:
    with pytest.raises(BadInput, match="A grade is 0, 1 or 2"):
        label_document(record, SINGLE_USER, "x", 3, "", NOW)
