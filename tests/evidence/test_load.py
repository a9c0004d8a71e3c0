"""A load: what becomes of good rows, bad rows, repeats, orphans, corrections, and of the snapshot before."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.connectors.load import load_paths
from quarterdeck.evidence import workbench
from quarterdeck.evidence.load import LoadResult
from quarterdeck.evidence.mapping import SourceMapping
from quarterdeck.evidence.quarantine import export_quarantine, read_quarantine
from quarterdeck.evidence.store import Store
from quarterdeck.vocabulary.errors import BadInput, NotPermitted

NOW = datetime(2026, 7, 1, tzinfo=UTC)
STUDY = "study_id,phase\nA,P3\nB,P2\n"
SITE = "study_id,site_id,country,site_active_dt\nA,1,GB,2025-01-01\nA,2,DE,2025-02-01\n"


def load(tmp_path: Path, files: dict[str, str], now: datetime = NOW, **options: Any) -> LoadResult:
    """Writes the files and loads them, each call from a folder of its own."""
    folder = tmp_path / "in" / str(len(list(tmp_path.glob("in/*"))))
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return load_paths(Store(tmp_path / "evidence"), [folder], now, **options)


def rows(tmp_path: Path, sql: str) -> list[dict[str, Any]]:
    return Store(tmp_path / "evidence").open().query(sql).to_pylist()


def reasons(result: LoadResult) -> list[tuple[Any, Any, Any]]:
    return [(reject["_line"], reject["kind"], reject["column_name"]) for reject in result.rejects]


def test_loading_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    first = load(tmp_path, {"study.csv": STUDY, "site.csv": SITE + "A,1,XX,\n"})
    again = load(tmp_path, {"study.csv": STUDY, "site.csv": SITE + "A,1,XX,\n"}, now=datetime(2026, 8, 1, tzinfo=UTC))
    assert first.snapshot
    assert again.snapshot
    assert again.snapshot.id == first.snapshot.id
    assert not again.is_new
    assert len(Store(tmp_path / "evidence").snapshots()) == 1


def test_a_row_knows_its_file_and_line(tmp_path: Path) -> None:
    load(tmp_path, {"study.csv": STUDY, "site.csv": SITE})
    assert rows(tmp_path, "SELECT _file, _line FROM site WHERE site_id = '2'") == [{"_file": "site.csv", "_line": 3}]


def test_a_later_row_with_the_same_key_replaces_and_others_stay(tmp_path: Path) -> None:
    load(tmp_path, {"site.csv": SITE})
    load(tmp_path, {"site_update.csv": "study_id,site_id,country\nA,2,FR\nA,3,ES\n"})
    assert rows(tmp_path, "SELECT site_id, country FROM site ORDER BY 1") == [
        {"site_id": "1", "country": "GB"},
        {"site_id": "2", "country": "FR"},
        {"site_id": "3", "country": "ES"},
    ]


def test_rows_missing_from_a_full_extract_vanish_but_only_those_of_its_source(tmp_path: Path) -> None:
    full = SourceMapping(source="ctms", extent="full")
    load(tmp_path, {"site.csv": SITE}, mapping=full)
    load(tmp_path, {"site.csv": "study_id,site_id\nB,9\n"}, mapping=SourceMapping(source="other"))
    result = load(tmp_path, {"site.csv": "study_id,site_id,country\nA,1,GB\n"}, mapping=full)
    assert result.tables["site"].vanished == 1
    assert [row["site_id"] for row in rows(tmp_path, "SELECT site_id FROM site ORDER BY 1")] == ["1", "9"]


def test_a_row_whose_new_version_is_bad_keeps_its_last_good_one(tmp_path: Path) -> None:
    full = SourceMapping(source="ctms", extent="full")
    load(tmp_path, {"site.csv": SITE}, mapping=full)
    load(tmp_path, {"site.csv": SITE.replace("DE", "Nowhere")}, mapping=full)
    assert rows(tmp_path, "SELECT country FROM site WHERE site_id = '2'") == [{"country": "DE"}]


def test_each_way_to_break_a_contract_is_named(tmp_path: Path) -> None:
    result = load(
        tmp_path,
        {
            "study.csv": "study_id,phase,act_lplv,db_lock_dt\nA,P3,2026-03-01,2026-02-01\nB,P9,,\n,P1,,\nC,P1,2062-01-01,\nD,P1,1066-10-14,\n",
            "invoice.csv": "invoice_id,amount,currency\n1,12.50,\n2,12.50,ZZZ\n3,twelve,EUR\n4,5,GBP\n",
            "data_point_count.csv": "study_id,subject_id,snapshot_date,n_points,n_points_changed\nA,1,2026-01-01,5,9\nA,2,2026-01-01,-5,\n",
        },
    )
    assert reasons(result) == [
        (2, "part_of", "n_points_changed"),
        (3, "range", "n_points"),
        (2, "missing_currency", "amount"),
        (3, "code", "currency"),
        (4, "type", "amount"),
        (2, "date_order", "db_lock_dt"),
        (3, "code", "phase"),
        (4, "missing_key", "study_id"),
        (5, "range", "act_lplv"),
        (6, "range", "act_lplv"),
    ]


def test_identical_repeats_are_kept_once_and_conflicting_ones_not_at_all(tmp_path: Path) -> None:
    result = load(tmp_path, {"site.csv": SITE + "A,1,GB,2025-01-01\nA,2,FR,2025-02-01\n"})
    assert sorted((line, kind) for line, kind, _ in reasons(result)) == [(3, "duplicate"), (4, "repeat"), (5, "duplicate")]
    assert rows(tmp_path, "SELECT site_id, _line FROM site") == [{"site_id": "1", "_line": 2}]


def test_an_orphan_waits_until_what_it_refers_to_arrives(tmp_path: Path) -> None:
    load(tmp_path, {"study.csv": "study_id\nA\n"})
    waiting = load(tmp_path, {"site.csv": "study_id,site_id,country\nZ,7,GB\n"})
    assert reasons(waiting) == [(2, "orphan", "study_id")]
    assert rows(tmp_path, "SELECT * FROM site") == []
    arrived = load(tmp_path, {"study_more.csv": "study_id,phase\nZ,P1\n"})
    assert arrived.tables["site"].readmitted == 1
    assert rows(tmp_path, "SELECT site_id, country, _file, _line FROM site") == [
        {"site_id": "7", "country": "GB", "_file": "site.csv", "_line": 2}
    ]
    assert read_quarantine(Store(tmp_path / "evidence").open()) == []


def test_a_table_that_was_never_loaded_makes_no_orphans(tmp_path: Path) -> None:
    assert load(tmp_path, {"site.csv": SITE}).quarantined == 0


def test_a_corrected_file_reloads_only_what_was_wrong(tmp_path: Path) -> None:
    load(tmp_path, {"site.csv": SITE + "A,3,Nowhere,\nA,4,ES,31/12/2025\n"})
    store = Store(tmp_path / "evidence")
    export_quarantine(store.open(), tmp_path / "fix")
    fixed = (tmp_path / "fix" / "site.csv").read_text(encoding="utf-8-sig").replace("A,3,,,Nowhere", "A,3,,,NO")
    result = load(tmp_path, {"site.csv": fixed})
    assert (result.given, result.loaded, result.quarantined) == (2, 1, 1)
    assert rows(tmp_path, "SELECT country, _file, _line FROM site WHERE site_id = '3'") == [
        {"country": "NO", "_file": "site.csv", "_line": 4}
    ]
    assert [(entry["_line"], entry["value"]) for entry in read_quarantine(store.open())] == [(5, "31/12/2025")]


def test_a_correction_of_some_rows_leaves_the_others_in_quarantine(tmp_path: Path) -> None:
    load(tmp_path, {"site.csv": SITE + "A,3,Nowhere,\nA,4,Nowhere,\n"})
    load(tmp_path, {"site.csv": "study_id,site_id,country,_file,_sheet,_line\nA,3,NO,site.csv,,4\n"})
    assert [entry["_line"] for entry in read_quarantine(Store(tmp_path / "evidence").open())] == [5]


def test_a_corrected_row_in_a_new_file_leaves_quarantine(tmp_path: Path) -> None:
    load(tmp_path, {"site.csv": SITE + "A,3,Nowhere,\n"})
    load(tmp_path, {"site_second.csv": "study_id,site_id,country\nA,3,NO\n"})
    assert read_quarantine(Store(tmp_path / "evidence").open()) == []


def test_an_exported_quarantine_holds_no_formula_and_comes_back_unchanged(tmp_path: Path) -> None:
    load(tmp_path, {"vendor.csv": "vendor_id,name,vendor_type\nV1,=HYPERLINK(1),nobody\n"})
    store = Store(tmp_path / "evidence")
    (path,) = export_quarantine(store.open(), tmp_path / "fix")
    assert "'=HYPERLINK(1)" in path.read_text(encoding="utf-8-sig")
    load(tmp_path, {"vendor.csv": path.read_text(encoding="utf-8-sig").replace("nobody,,", "cro,,")})
    assert rows(tmp_path, "SELECT name, vendor_type FROM vendor") == [{"name": "=HYPERLINK(1)", "vendor_type": "cro"}]


def test_special_category_data_leave_only_when_asked_for(tmp_path: Path) -> None:
    load(tmp_path, {"adverse_event.csv": "study_id,subject_id,ae_id,aeser\nA,1,1,perhaps\n"})
    snapshot = Store(tmp_path / "evidence").open()
    with pytest.raises(NotPermitted, match=r"adverse_event\.aeser"):
        export_quarantine(snapshot, tmp_path / "fix")
    assert export_quarantine(snapshot, tmp_path / "fix", with_special=True)


def test_mixed_currencies_are_said(tmp_path: Path) -> None:
    result = load(
        tmp_path,
        {
            "contract.csv": "contract_id,value,currency\nK1,100,EUR\n",
            "change_order.csv": "co_id,contract_id,value,currency\nC1,K1,10,USD\n",
            "budget_line.csv": "study_id,wbs,period,currency,actual\nA,1,2026-01-31,EUR,5\nA,1,2026-01-31,GBP,5\n",
        },
    )
    assert "1 change orders are in another currency than their contract, first K1: USD, not EUR" in result.notices
    assert any("more than one currency" in notice for notice in result.notices)
    other = load(tmp_path, {"study.csv": STUDY, "site.csv": SITE})
    assert not [notice for notice in other.notices if "currency" in notice]  # said by the load that brought them
    contract = load(tmp_path, {"contract.csv": "contract_id,value,currency\nK1,110,EUR\n"})
    assert [notice for notice in contract.notices if "currency" in notice] == [
        "1 change orders are in another currency than their contract, first K1: USD, not EUR"
    ]


def test_columns_without_a_place_are_reported_not_lost_in_silence(tmp_path: Path) -> None:
    assert load(tmp_path, {"site.csv": "study_id,site_id,shoe size\nA,1,43\n"}).files[0].ignored == ("shoe size",)


def test_a_dry_run_counts_proposes_and_writes_nothing(tmp_path: Path) -> None:
    result = load(
        tmp_path, {"site.csv": SITE + "A,9,XX,\n", "export.csv": "Protocol No,Site No,Green light\nA,5,31/12/2025\n"}, dry_run=True
    )
    assert result.is_dry_run
    assert (result.given, result.loaded, result.quarantined) == (3, 2, 1)
    assert "date_format: '%d/%m/%Y'" in result.proposal
    assert "site_id: Site No" in result.proposal
    assert not (tmp_path / "evidence").exists()


def test_a_dry_run_of_files_that_all_need_a_mapping_proposes_one(tmp_path: Path) -> None:
    sheet = "Protocol;Site Number;Country;Status;Green light\nABC-101;003;France;Open;03/04/2026\n"
    result = load(tmp_path, {"sites_2026.csv": sheet}, dry_run=True)
    assert "site_id: Site Number" in result.proposal
    assert result.loaded == 0
    assert not (tmp_path / "evidence").exists()
    with pytest.raises(BadInput, match="--mapping"):
        load(tmp_path, {"sites_2026.csv": sheet})


def test_nothing_to_load_is_an_error_that_names_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="templates"):
        load(tmp_path, {"unknown.csv": "a,b\n1,2\n"})


def test_the_data_cut_is_the_option_else_the_latest_fact_and_never_runs_back(tmp_path: Path) -> None:
    derived = load(tmp_path, {"site.csv": SITE, "study.csv": "study_id,est_db_lock_dt\nA,2031-01-01\n"})
    assert derived.snapshot
    assert derived.snapshot.data_cut == date(2025, 2, 1)
    stated = load(tmp_path, {"site.csv": SITE}, cut=date(2026, 6, 30))
    assert stated.snapshot
    assert stated.snapshot.data_cut == date(2026, 6, 30)
    later = load(tmp_path, {"site.csv": SITE + "A,7,GB,2025-03-01\n"})
    assert later.snapshot
    assert later.snapshot.data_cut == date(2026, 6, 30)


CELL = st.sampled_from(
    ["", "A", "B", "1", "2", "GB", "XX", "active", "2025-01-01", "31/12/2025", "45658", "=1+1", " ", "é", '"q"', "a,b", "x\ny", "NA", "-1"]
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELL, min_size=4, max_size=6), max_size=12), st.booleans())
def test_whatever_is_given_is_loaded_or_quarantined(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], with_study: bool
) -> None:
    import csv

    folder = tmp_path_factory.mktemp("given")
    with (folder / "site.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["study_id", "site_id", "country", "site_status", "site_active_dt"])
        writer.writerow(["A", "fixed", "GB", "active", ""])
        writer.writerows(table)
    if with_study:
        (folder / "study.csv").write_text("study_id\nA\n", encoding="utf-8")
    written = 1 + sum(any(cell.strip() for cell in row) or len(row) != 5 for row in table)
    store = Store(folder / "evidence")
    result = load_paths(store, [folder / name for name in ("site.csv", "study.csv") if (folder / name).exists()], NOW)
    count = result.tables["site"]
    assert count.given == count.loaded + count.quarantined
    blank = sum(len(row) == 5 and not any(cell.strip() for cell in row) and any(row) for row in table)
    assert written <= count.given <= written + blank
    snapshot = store.open()
    assert snapshot.query("SELECT count(*) AS n FROM site").to_pylist() == [{"n": count.loaded}]
    assert snapshot.query("SELECT count(*) AS n FROM quarantine").to_pylist() == [{"n": count.quarantined}]


@pytest.mark.parametrize("large", [0, workbench.LARGE], ids=["held as columns", "a table of DuckDB"])
def test_lines_are_right_in_a_file_large_enough_to_be_read_in_parallel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: int) -> None:
    monkeypatch.setattr(workbench, "LARGE", large)
    lines = [f"S{n % 7},{(n * 7919) % 700_000:07d},{n},2025-01-{n % 28 + 1:02d},performed" for n in range(700_000)]
    load(tmp_path, {"visit.csv": "study_id,subject_id,visit,visit_dt,visit_status\n" + "\n".join(lines) + "\n"})
    assert rows(tmp_path, "SELECT count(*) AS n, count(*) FILTER (_line <> visit::INTEGER + 2) AS wrong FROM visit") == [
        {"n": 700_000, "wrong": 0}
    ]


@pytest.mark.parametrize(
    "files",
    [
        {
            "visit.csv": "study_id,subject_id,visit,visit_dt\nA,P1,V1, 2025-01-01\nA,P1,V2,soon\nA,P1,V2,2025-01-03\nA,P1,V3,45000\n,P2,V1,\n"
        },
        {"visit.csv": "study_id,subject_id,visit,visit_dt\nA,P1,V1,2025-01-01\n,,,\nA,P1,V1,2025-01-01\nA,P1,V2,2025-01-03"},
        {"study.csv": STUDY, "site.csv": SITE + "A,3,Atlantis,\nA,4,France,2025-03-01\n"},
        {"visit.csv": 'study_id,subject_id,visit\nA,P1,"V\n1"\nA,P1,V2\n'},
        {"visit.csv": "study_id,subject_id,visit\nA,P1,V1,too many\nA,P1,V2\n"},
        {"study.csv": STUDY, "visit.csv": "study_id,subject_id,visit\nB,P1,V1\nZ,P1,V1\nA,P2,V1\n"},
        {"study.csv": STUDY, "visit.csv": "study_id,subject_id,visit\nA,P1,V1\nA,P2,V1\nA,P2,V1\nB,P1,V1\n B,P1,V1\n"},
        {"study.csv": STUDY, "visit.csv": "study_id,subject_id,visit\nY,P1,V1\nZ,P1,V1\n"},
        {"data_point_count.csv": "study_id,subject_id,snapshot_date,n_points\nA,1,2026-01-01,-5\nA,1,2026-02-01,-6\n"},
        {"visit.csv": "study_id,subject_id,visit\nA,P1,V1,\nA,P1,V2,,\nA,P1,V3\n"},
    ],
    ids=[
        "bad rows",
        "blank row",
        "names of countries",
        "line break in a field",
        "malformed line",
        "orphan",
        "repeated keys",
        "only orphans",
        "only bad rows",
        "empty fields too many",
    ],
)
def test_a_large_file_held_as_columns_gives_what_a_table_of_duckdb_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]
) -> None:
    found = []
    for large in (0, workbench.LARGE):
        monkeypatch.setattr(workbench, "LARGE", large)
        home = tmp_path / str(large)
        result = load(home, files)
        tables = [rows(home, f"SELECT * FROM {name.split('.')[0]} ORDER BY ALL") for name in files]
        found.append((tables, rows(home, "SELECT * FROM quarantine ORDER BY ALL"), result.given, result.notices))
    assert found[0] == found[1]
