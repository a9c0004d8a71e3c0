"""What goes out: templates, exports, and what is late."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from builders import build_snapshot
from quarterdeck.connectors.load import load_paths
from quarterdeck.connectors.watch import watch
from quarterdeck.evidence.contracts import load_contracts
from quarterdeck.evidence.export import export_table
from quarterdeck.evidence.mapping import SourceMapping
from quarterdeck.evidence.rhythm import read_rhythms
from quarterdeck.evidence.store import Store
from quarterdeck.evidence.templates import write_templates
from quarterdeck.vocabulary.errors import NotPermitted

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def test_templates_cover_every_column_and_explain_it(tmp_path: Path) -> None:
    write_templates(tmp_path)
    for contract in load_contracts().values():
        book = openpyxl.load_workbook(tmp_path / f"{contract.subject}.xlsx")
        assert [cell.value for cell in book[contract.name][1]] == list(contract.column_names)
        assert all(cell.comment for cell in book[contract.name][1])
        with (tmp_path / "csv" / f"{contract.name}.csv").open(encoding="utf-8") as handle:
            assert next(csv.reader(handle)) == list(contract.column_names)
        book.close()


def test_a_filled_template_loads(tmp_path: Path) -> None:
    write_templates(tmp_path / "out", "xlsx", ["study", "study_country"])
    book = openpyxl.load_workbook(tmp_path / "out" / "studies.xlsx")
    book["study"].append(["ABC-001", "Alpha"])
    book["study_country"].append(["ABC-001", "GB"])
    book.save(tmp_path / "out" / "studies.xlsx")
    book.close()
    result = load_paths(Store(tmp_path / "evidence"), [tmp_path / "out"], NOW)
    assert {name: count.loaded for name, count in result.tables.items()} == {"study": 1, "study_country": 1}


def test_an_export_leaves_out_the_special_category_and_runs_no_formula(tmp_path: Path) -> None:
    rows = [{"study_id": "A", "subject_id": "=1+1", "race_ethnicity": "x", "sex": "F"}]
    snapshot = build_snapshot(tmp_path, {"subject": rows})
    count, left_out = export_table(snapshot, "subject", tmp_path / "subject.csv")
    content = (tmp_path / "subject.csv").read_text(encoding="utf-8-sig")
    assert count == 1
    assert "race_ethnicity" in left_out
    assert "race_ethnicity" not in content
    assert "'=1+1" in content
    with pytest.raises(NotPermitted, match=r"subject\.race_ethnicity"):
        export_table(snapshot, "subject", tmp_path / "x.csv", ["race_ethnicity"])
    export_table(snapshot, "subject", tmp_path / "x.csv", ["race_ethnicity"], with_special=True)
    assert (tmp_path / "x.csv").read_text(encoding="utf-8-sig").splitlines() == ["race_ethnicity", "x"]


def test_a_source_is_late_half_a_rhythm_after_its_day(tmp_path: Path) -> None:
    (tmp_path / "site.csv").write_text("study_id,site_id\nA,1\n", encoding="utf-8")
    store = Store(tmp_path / "evidence")
    load_paths(store, [tmp_path / "site.csv"], NOW, mapping=SourceMapping("ctms", rhythm_days=7.0))
    assert not read_rhythms(store, NOW + timedelta(days=10))[0].is_late
    (state,) = read_rhythms(store, NOW + timedelta(days=12))
    assert (state.source, state.is_late, state.days_late) == ("ctms", True, 5.0)


def test_an_extract_that_holds_nothing_new_still_arrived(tmp_path: Path) -> None:
    (tmp_path / "site.csv").write_text("study_id,site_id\nA,1\n", encoding="utf-8")
    store = Store(tmp_path / "evidence")
    for day in (0, 11):
        load_paths(store, [tmp_path / "site.csv"], NOW + timedelta(days=day), mapping=SourceMapping("ctms", rhythm_days=7.0))
    assert len(store.snapshots()) == 1
    assert not read_rhythms(store, NOW + timedelta(days=12))[0].is_late


def test_the_watch_loads_what_has_stopped_growing_once_and_says_what_fails(tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    (folder / "ctms").mkdir(parents=True)
    (folder / "ctms" / "site.csv").write_text("study_id,site_id\nA,1\n", encoding="utf-8")
    (folder / "ctms" / "mapping.yaml").write_text("source: ctms\nrhythm: 7 days\n", encoding="utf-8")
    (folder / "broken.zip").write_bytes(b"no zip")
    clock = [NOW]

    def wait(seconds: float) -> None:
        clock[0] += timedelta(days=4)
        with (folder / "growing.csv").open("a", encoding="utf-8") as handle:
            handle.write("study_id,site_id\n")

    seen = list(watch(Store(tmp_path / "evidence"), folder, lambda: clock[0], rounds=5, wait=wait))
    assert [[path.name for path, _ in look.loaded] for look in seen] == [[], ["ctms"], [], [], []]
    assert [[path.name for path, _ in look.failed] for look in seen] == [[], ["broken.zip"], [], [], []]
    assert [state.is_late for state in seen[-1].states] == [True]
