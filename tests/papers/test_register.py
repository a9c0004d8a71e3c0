"""The AI register and its bias checks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from builders import build_snapshot
from quarterdeck.papers.ai_register import enter_system, read_systems
from quarterdeck.papers.fairness import check_forecast_errors, check_order, compare_groups
from quarterdeck.record.database import Record, open_record
from quarterdeck.record.permissions import MACHINE, SINGLE_USER
from quarterdeck.vocabulary.errors import BadInput, NotPermitted
from quarterdeck.vocabulary.settings import Settings

NOW = datetime(2026, 7, 1, tzinfo=UTC)
TOOL = {
    "name": "Chat helper",
    "purpose": "Answers questions",
    "owner": "IT",
    "risk_class": "limited",
    "oversight": "Reviewed monthly",
    "review_date": date(2027, 1, 31),
}


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    opened = open_record(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


def test_own_models_state_what_an_inspector_asks(record: Record) -> None:
    for system in read_systems(None, Settings(), record):
        assert all((system.purpose, system.owner, system.data, system.validation, system.limits, system.risk_class, system.oversight))


def test_a_language_model_is_in_the_register_as_soon_as_it_is_set(record: Record) -> None:
    names = [s.name for s in read_systems(None, Settings(language_model="openai-compatible:llama3"), record)]
    assert "Language model openai-compatible:llama3" in names


def test_an_own_tool_is_entered_and_a_later_entry_supersedes_it(record: Record) -> None:
    enter_system(record, SINGLE_USER, TOOL, NOW)
    enter_system(record, SINGLE_USER, TOOL | {"owner": "Quality"}, NOW)
    entered = [s for s in read_systems(None, Settings(), record) if s.origin == "entered by hand"]
    assert [(s.name, s.owner, s.review_date) for s in entered] == [("Chat helper", "Quality", date(2027, 1, 31))]


@pytest.mark.parametrize(
    ("change", "message"),
    [({"colour": "red"}, "colour"), ({"oversight": ""}, "oversight"), ({"risk_class": "fine"}, "fine"), ({"review_date": "soon"}, "soon")],
)
def test_what_the_register_cannot_take_is_named(record: Record, change: dict[str, str], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        enter_system(record, SINGLE_USER, TOOL | change, NOW)


def test_a_machine_enters_nothing(record: Record) -> None:
    with pytest.raises(NotPermitted):
        enter_system(record, MACHINE, TOOL, NOW)


def test_even_flags_pass_and_lopsided_ones_are_named() -> None:
    even = compare_groups("country", {"GB": (10, 100), "DE": (11, 100)}, "sites with a concern")
    lopsided = compare_groups("country", {"GB": (5, 100), "DE": (40, 100)}, "sites with a concern")
    assert even.p is not None
    assert lopsided.p is not None
    assert even.p > 0.5 > 0.001 > lopsided.p
    assert "look at the reasons" in lopsided.sentence


def test_small_groups_are_pooled_and_too_few_are_not_tested() -> None:
    pooled = compare_groups("country", {"GB": (10, 100), "MT": (1, 2), "LU": (0, 3)}, "sites")
    assert [name for name, _, _ in pooled.groups] == ["GB", "others"]
    assert compare_groups("country", {"GB": (1, 4)}, "sites").p is None


def test_the_register_of_an_installation_checks_sites_by_country(tmp_path: Path, record: Record) -> None:
    sites = [{"study_id": "S", "site_id": f"{i:03d}", "country": "GB" if i % 2 else "DE", "site_status": "active"} for i in range(12)]
    snapshot = build_snapshot(tmp_path, {"study": [{"study_id": "S"}], "site": sites})
    signals = next(s for s in read_systems(snapshot, Settings(), record) if s.id == "site-signals")
    assert [b.attribute for b in signals.bias] == ["country", "site size", "vendor", "sex", "age band", "ranking stability"]


def test_without_a_forecast_come_due_the_reason_is_given(tmp_path: Path, record: Record) -> None:
    snapshot = build_snapshot(tmp_path, {"study": [{"study_id": "S"}]})
    assert [c.sentence for c in check_forecast_errors(snapshot, record)] == [
        "Forecast error by country, trial size and vendor: no forecast has been sealed yet."
    ]


def test_forecasts_that_miss_more_often_for_one_vendor_are_named(tmp_path: Path, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    from quarterdeck.forecasts import ledger, scores

    sites = [
        {"study_id": f"S{i}", "site_id": "1", "country": "GB", "vendor_id": "V1" if i < 20 else "V2", "site_status": "active"}
        for i in range(40)
    ]
    snapshot = build_snapshot(tmp_path, {"study": [{"study_id": f"S{i}"} for i in range(40)], "site": sites})
    entries = [ledger.Entry(f"S{i}", "database_lock", "days", date(2026, 1, 1), "s", 1, {0.5: 10.0}) for i in range(40)]
    monkeypatch.setattr(ledger, "read_entries", lambda record: entries)
    missed = lambda i: i >= 20 and i % 4 != 0  # noqa: E731  three in four of the second vendor's
    monkeypatch.setattr(
        scores,
        "score_entries",
        lambda given, snapshot: [scores.Score(e, 12.0, 0.0, 1.0, 1.0, 0.5, {0.9: not missed(i)}, None, {}) for i, e in enumerate(given)],
    )
    by = {check.attribute: check for check in check_forecast_errors(snapshot, record)}
    assert by["vendor"].p is not None
    assert by["vendor"].p < 0.001
    assert "look at the reasons" in by["vendor"].sentence
    assert by["country"].p is None  # one country: nothing to compare


def test_a_clear_order_is_stable_and_equal_costs_are_not() -> None:
    from paper_builders import sample_findings
    from quarterdeck.risks.needs_me import Matter

    finding = sample_findings()[0]
    clear = check_order([Matter(finding, cost, "") for cost in (1e6, 1e5, 1e4, 1e3, 100.0, 10.0)])
    level = check_order([Matter(finding, 1e6, "") for _ in range(6)])
    assert "stay first in 100% of cases, and 5.0 of the first 5" in clear.sentence
    assert "stay first in 1" in level.sentence
    assert check_order([]).sentence.endswith("too few to rank.")
