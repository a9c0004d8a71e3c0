"""Rows of trials that are not in the study table: loaded and counted, and said where they come and where they count."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from builders import build_snapshot, write_rows
from quarterdeck.connectors.load import load_paths
from quarterdeck.evidence.load import LoadResult
from quarterdeck.evidence.mapping import SourceMapping
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.evidence.store import Store
from quarterdeck.measures.evaluate import evaluate


def line(study: str, amount: int, currency: str = "GBP") -> dict[str, Any]:
    return {"study_id": study, "wbs": "1", "period": date(2026, 2, 28), "currency": currency, "budget_current": amount, "actual": amount}


def load(tmp_path: Path, table: str, rows: list[dict[str, Any]], snapshot: Snapshot, extent: str = "changes") -> LoadResult:
    folder = tmp_path / "next"
    folder.mkdir(exist_ok=True)
    write_rows(folder / f"{table}.csv", table, rows)
    store = Store(tmp_path / "home" / "evidence")
    return load_paths(store, [folder], snapshot.taken_at, mapping=SourceMapping(source="folder", extent=extent))


def test_budget_lines_of_an_unknown_trial_load_with_count_amounts_and_names(tmp_path: Path) -> None:
    snapshot = build_snapshot(tmp_path, {"study": [{"study_id": "A"}]})
    result = load(tmp_path, "budget_line", [line("A", 100), line("ZZ-9", 7_000_000), line("ZZ-9", 500, "EUR")], snapshot)
    (notice,) = [notice for notice in result.notices if "study table" in notice]
    assert notice.startswith("2 budget lines of ZZ-9, not in the study table, €500 and £7.0 million: loaded")
    assert (result.loaded, result.quarantined) == (3, 0)


def test_nothing_is_said_where_no_study_was_ever_loaded_or_every_trial_is_known(tmp_path: Path) -> None:
    snapshot = build_snapshot(tmp_path, {"budget_line": [line("ZZ-9", 5)]})
    assert not [notice for notice in snapshot.info.notices if "study table" in notice]
    result = load(tmp_path, "study", [{"study_id": "ZZ-9"}], snapshot)
    assert not [notice for notice in result.notices if "study table" in notice]


def test_a_contract_without_a_trial_is_no_matter(tmp_path: Path) -> None:
    snapshot = build_snapshot(tmp_path, {"study": [{"study_id": "A"}], "contract": [{"contract_id": "MSA"}]})
    assert not [notice for notice in snapshot.info.notices if "study table" in notice]


def test_rows_that_stay_of_a_removed_trial_are_counted_by_table(tmp_path: Path) -> None:
    sites = [{"study_id": study, "site_id": "1"} for study in ("A", "B")]
    snapshot = build_snapshot(tmp_path, {"study": [{"study_id": "A"}, {"study_id": "B"}], "site": sites, "budget_line": [line("B", 9)]})
    result = load(tmp_path, "study", [{"study_id": "A"}], snapshot, extent="full")
    assert any(notice.startswith("Rows stay of B, not in the study table: 1 of site.") for notice in result.notices)
    assert any(notice.startswith("1 budget line of B, not in the study table, £9: loaded") for notice in result.notices)


def test_totals_of_money_name_the_codes_they_count(tmp_path: Path) -> None:
    snapshot = build_snapshot(tmp_path, {"study": [{"study_id": "A"}], "budget_line": [line("A", 100), line("ZZ-9", 700)]})
    (total,) = evaluate("estimate_at_completion", snapshot, "portfolio")
    assert total.value == 800
    assert total.details["not_in_study_table"] == "ZZ-9"
    assert all("not_in_study_table" not in reading.details for reading in evaluate("estimate_at_completion", snapshot, "study"))
