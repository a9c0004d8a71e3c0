"""Sums asked for in steps give the readings of sums asked for at once, wherever rows, columns, sites or trials are missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measures.engines import CUT, draw_tables
from measures.memory import build_memory_snapshot
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.measures import sums
from quarterdeck.measures.catalogue import get_definition, load_definitions
from quarterdeck.measures.evaluate import Source, evaluate_from
from quarterdeck.measures.queries import QUERIES
from quarterdeck.vocabulary.reading import Reading
from quarterdeck.vocabulary.verdict import NotAssessed

IN_STEPS = [definition for definition in load_definitions().values() if QUERIES[definition.query].few_count]
Tables = dict[str, list[dict[str, Any]]]


@pytest.fixture
def always_in_steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """However short a table is; gives the names of the questions that are asked."""
    asked: list[str] = []
    for name in ("get_counted", "get_presence", "get_limited", "get_sums"):
        get = getattr(sums.sql, name)
        monkeypatch.setattr(sums.sql, name, lambda *a, _get=get, _name=name, **k: asked.append(_name) or _get(*a, **k))
    monkeypatch.setattr(sums, "MANY_ROWS", 0)
    return asked


def read_both(tables: Tables) -> tuple[list[Reading], list[Reading]]:
    """The readings of every level on two days, in steps and at once, on two snapshots that keep nothing of each other."""
    found = []
    for many in (0, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sums, "MANY_ROWS", many)
            found.append(list(_read(build_memory_snapshot(tables, CUT))))
    return found[0], found[1]


def _read(snapshot: Snapshot) -> Iterator[Reading]:
    for definition in IN_STEPS:
        for level in definition.levels:
            yield from evaluate_from(definition, Source.of(snapshot), level)
            yield from evaluate_from(definition, Source.of(snapshot).at(date(2026, 1, 31)), level)


def page(study: str, subject: str, number: int, **columns: Any) -> dict[str, Any]:
    entered = datetime(2026, 5, 1) + timedelta(days=number)  # noqa: DTZ001
    return {"study_id": study, "subject_id": subject, "visit": f"V{number}", "form": "F", "first_entered_ts": entered, **columns}


# What a participant's pages are like: (must be verified, entered, verified), or no page at all.
KINDS = st.sampled_from(
    [None, (True, True, True), (True, True, False), (False, True, False), (None, True, False), (True, False, False), (None, True, True)]
)
PAGES = st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 5), KINDS), max_size=14)
# The site of each participant: none where the participant is unknown, an empty one where the site is.
PLACES = st.lists(st.sampled_from(["unknown", None, "1", "2", "3"]), min_size=12, max_size=12)
REGISTERED = st.sets(st.tuples(st.sampled_from("ABC"), st.sampled_from("123")))


def build_tables(pages: list[Any], places: list[str | None], registered: set[tuple[str, str]]) -> Tables:
    people = [(study, f"p{number}", places[6 * i + number]) for i, study in enumerate("AB") for number in range(6)]
    done = datetime(2026, 5, 30)  # noqa: DTZ001
    return {
        "study": [{"study_id": study} for study in sorted({study for study, _ in registered})],
        "site": [
            {"study_id": study, "site_id": site, "country": "GB" if site == "1" else "DE", "vendor_id": f"v{site}"}
            for study, site in sorted(registered)
        ],
        "vendor": [{"vendor_id": "v1"}],
        "subject": [{"study_id": study, "subject_id": subject, "site_id": site} for study, subject, site in people if site != "unknown"],
        "data_page": [
            page(study, f"p{subject}", number, sdv_required=kind[0], sdv_done_ts=done if kind[2] else None)
            | ({} if kind[1] else {"first_entered_ts": None})
            for number, (study, subject, kind) in enumerate(pages)
            if kind is not None
        ],
    }


@settings(deadline=None, max_examples=40)
@given(PAGES, PLACES, REGISTERED)
def test_steps_give_the_readings_of_one_question(pages: list[Any], places: list[str | None], registered: set[tuple[str, str]]) -> None:
    in_steps, at_once = read_both(build_tables(pages, places, registered))
    assert in_steps == at_once


@pytest.mark.parametrize("seed", range(4))
def test_steps_give_the_readings_of_one_question_on_random_rows(seed: int) -> None:
    drawn = draw_tables(seed, 150)
    in_steps, at_once = read_both({name: drawn[name] for name in ("study", "site", "vendor", "subject", "data_page")})
    assert in_steps == at_once
    assert any(reading.is_assessed for reading in at_once)


def build_sites() -> Tables:
    """Three sites of trial A: one where pages count, one where none must be verified, one that does not say; trial B never verifies."""
    say = {"1": True, "2": False, "3": None}
    people = [(study, f"{site}-{number}", site) for study in "AB" for site in say for number in range(2)]
    done = datetime(2026, 6, 1)  # noqa: DTZ001
    return {
        "study": [{"study_id": study} for study in "AB"],
        "site": [{"study_id": study, "site_id": site} for study in "AB" for site in (*say, "4")],
        "subject": [{"study_id": study, "subject_id": subject, "site_id": site} for study, subject, site in people],
        "data_page": [
            page(study, subject, number, sdv_required=say[site], sdv_done_ts=done if study == "A" and number else None)
            for study, subject, site in people
            for number in range(3)
        ],
    }


def test_a_site_without_rows_that_count_says_why(always_in_steps: list[str]) -> None:
    snapshot = build_memory_snapshot(build_sites(), CUT)
    found = {reading.scope.key: reading for reading in evaluate_from(get_definition("sdv_backlog"), Source.of(snapshot), "site")}
    assert found["A/1"].value == pytest.approx(1 / 3)
    assert found["A/2"].not_assessed is NotAssessed.NOT_YET_DUE
    assert (found["A/3"].not_assessed, found["A/3"].reason) == (NotAssessed.NOT_COLLECTED, "the source does not fill the columns it needs")
    assert (found["A/4"].not_assessed, found["A/4"].reason) == (NotAssessed.NOT_COLLECTED, "the tables behind it hold no row for this")
    assert {found[f"B/{site}"].not_assessed for site in "123"} == {NotAssessed.NOT_COLLECTED}
    assert always_in_steps == ["get_counted", "get_presence", "get_limited"]


def test_no_further_question_is_asked_where_every_site_has_rows_that_count(always_in_steps: list[str]) -> None:
    tables = build_sites()
    tables["data_page"] = [row | {"sdv_required": True} for row in tables["data_page"] if row["study_id"] == "A"]
    tables["subject"] = [row for row in tables["subject"] if row["study_id"] == "A"]
    evaluate_from(get_definition("sdv_backlog"), Source.of(build_memory_snapshot(tables, CUT)), "site")
    assert always_in_steps == ["get_counted"]


def test_rows_of_no_trial_are_asked_for_with_all_others(always_in_steps: list[str]) -> None:
    tables = build_sites()
    tables["data_page"].append(page("", "1-0", 9, sdv_required=False))
    evaluate_from(get_definition("sdv_backlog"), Source.of(build_memory_snapshot(tables, CUT)), "study")
    assert always_in_steps[-1] == "get_sums"


def test_a_trial_without_known_participants_is_asked_for_where_it_shows(always_in_steps: list[str]) -> None:
    tables = build_sites()
    tables["data_page"].append(page("C", "1-0", 9, sdv_required=False))
    snapshot = build_memory_snapshot(tables, CUT)
    evaluate_from(get_definition("sdv_backlog"), Source.of(snapshot), "site")
    assert always_in_steps.count("get_limited") == 1
    found = {reading.scope.key: reading for reading in evaluate_from(get_definition("sdv_backlog"), Source.of(snapshot), "study")}
    assert always_in_steps.count("get_limited") == 2
    assert found["C"].reason == "the source does not fill the columns it needs"


def test_a_short_table_is_asked_for_at_once() -> None:
    snapshot = build_memory_snapshot(build_sites(), CUT)
    assert IN_STEPS
    assert not any(sums.pays_in_steps(Source.of(snapshot), definition) for definition in IN_STEPS)
