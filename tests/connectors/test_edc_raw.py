"""The traps of raw listings, on the real study and on a small one."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.connectors.edc_raw import CONNECTOR
from quarterdeck.connectors.load import load_paths
from quarterdeck.evidence.load import LoadResult
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.evidence.store import Store
from quarterdeck.vocabulary.errors import BadInput

NOW = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def loaded(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[LoadResult, Snapshot]:
    store = Store(tmp_path_factory.mktemp("clindata"))
    return load_paths(store, [shared_data / "extracts" / "clindata"], NOW), store.open()


def one(snapshot: Snapshot, sql: str) -> Any:
    (row,) = snapshot.query(sql).to_pylist()
    return next(iter(row.values())) if len(row) == 1 else row


def test_rows_of_the_real_study(loaded: tuple[LoadResult, Snapshot]) -> None:
    result, _ = loaded
    assert {name: count.loaded for name, count in result.tables.items()} == {
        "study": 1, "site": 190, "subject": 2387, "visit": 28_091, "adverse_event": 4_854, "lab_result_count": 1_301, "protocol_deviation": 4_646,
        "eligibility_violation": 0, "query": 42_259, "data_page": 247_462, "data_point_count": 1_301, "metric_definition": 26,
    }  # fmt: skip


def test_the_one_visit_that_stands_there_twice_is_set_aside(loaded: tuple[LoadResult, Snapshot]) -> None:
    assert [(r["kind"], r["_line"]) for r in loaded[0].rejects] == [("duplicate", 23673), ("duplicate", 23674)]


def test_the_cut_is_the_day_of_extraction_and_later_milestones_have_not_happened(loaded: tuple[LoadResult, Snapshot]) -> None:
    result, snapshot = loaded
    assert snapshot.data_cut == date(2019, 10, 26)
    assert one(snapshot, "SELECT est_lplv, act_lplv, act_fpfv FROM study") == {
        "est_lplv": date(2021, 6, 1),
        "act_lplv": None,
        "act_fpfv": date(2003, 1, 1),
    }
    assert any("act_lplv is 2021-06-01, after the data cut" in notice for notice in result.notices)


def test_identifiers_are_text(loaded: tuple[LoadResult, Snapshot]) -> None:
    assert one(loaded[1], "SELECT count(*) FROM subject WHERE subject_id = '0496'") == 1


def test_enrolment_and_screening(loaded: tuple[LoadResult, Snapshot]) -> None:
    sql = "SELECT count(*) FILTER (enrollyn) AS enrolled, count(*) FILTER (NOT enrollyn) AS failed, count(screen_fail_reason) AS reasons FROM subject"
    assert one(loaded[1], sql) == {"enrolled": 1301, "failed": 1086, "reasons": 1086}


def test_fourteen_sites_only_screened(loaded: tuple[LoadResult, Snapshot]) -> None:
    result, snapshot = loaded
    assert one(snapshot, "SELECT count(*) FROM site WHERE site_status IS NULL") == 14
    assert any(notice.startswith("14 sites are not in ctms_site") for notice in result.notices)
    assert one(snapshot, "SELECT list(DISTINCT country ORDER BY country) FROM site") == ["CN", "JP", "US"]


def test_deviations_join_on_the_enrolment_number(loaded: tuple[LoadResult, Snapshot]) -> None:
    sql = "SELECT count(*) AS n, count(*) FILTER (site_id IS NULL) AS without, count(*) FILTER (deemedimportant) AS important FROM protocol_deviation"
    assert one(loaded[1], sql) == {"n": 4646, "without": 173, "important": 517}


def test_edc_files_join_on_the_subject_name(loaded: tuple[LoadResult, Snapshot]) -> None:
    for table in ("query", "data_page", "data_point_count"):
        assert (
            one(loaded[1], f"SELECT count(*) FROM {table} t WHERE NOT EXISTS (SELECT 1 FROM subject s WHERE s.subject_id = t.subject_id)")
            == 0
        )


def test_counts_agree_with_a_slow_reading_of_the_files(loaded: tuple[LoadResult, Snapshot], shared_data: Path) -> None:
    import csv

    graded = severe = 0
    with gzip.open(shared_data / "extracts" / "clindata" / "rawplus_lb.csv.gz", "rt", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            if row["subjid"] == "0496" and row["toxgrg_nsv"]:
                graded += 1
                severe += row["toxgrg_nsv"] in ("3", "4")
    found = one(loaded[1], "SELECT n_graded, n_grade3plus FROM lab_result_count WHERE subject_id = '0496'")
    assert found == {"n_graded": graded, "n_grade3plus": severe}
    assert one(loaded[1], "SELECT sum(n_points)::INTEGER FROM data_point_count") == 2_114_862


def test_masked_words_keep_their_meaning_and_severity_is_a_grade(loaded: tuple[LoadResult, Snapshot]) -> None:
    rows = loaded[1].query("SELECT aetoxgr, count(*) AS n FROM adverse_event GROUP BY 1 ORDER BY 1").to_pylist()
    assert [(row["aetoxgr"], row["n"]) for row in rows] == [(1, 3717), (2, 1015), (3, 110), (4, 12)]
    assert one(loaded[1], "SELECT count(*) FROM subject WHERE study_disc_reason LIKE 'out of bound%'") == 0


def test_leavers_count_once_also_where_they_stand_in_two_phases(loaded: tuple[LoadResult, Snapshot]) -> None:
    sql = "SELECT count(*) FILTER (study_disc_dt IS NOT NULL) AS study, count(*) FILTER (treatment_disc_dt IS NOT NULL) AS treatment FROM subject"
    found = one(loaded[1], sql)
    assert found["study"] == 122
    assert 120 <= found["treatment"] <= 131


def test_no_name_birth_date_or_ethnicity_is_taken(loaded: tuple[LoadResult, Snapshot]) -> None:
    ignored = {column for file in loaded[1].info.files for column in file.ignored}
    assert {"brthdat", "race", "ethnic", "pi_last_name"} <= ignored
    assert one(loaded[1], "SELECT count(race_ethnicity) FROM subject") == 0


def test_lineage_leads_to_the_very_line(loaded: tuple[LoadResult, Snapshot]) -> None:
    _, snapshot = loaded
    row = one(snapshot, "SELECT _file, _line, ae_id FROM adverse_event ORDER BY ae_id LIMIT 1")
    (file,) = [file for file in snapshot.info.files if file.name == row["_file"]]
    with gzip.open(file.location, "rt", encoding="utf-8") as handle:
        line = handle.readlines()[row["_line"] - 1]
    assert f'"{row["ae_id"]}"' in line


def test_a_randomisation_whose_time_is_unknown_keeps_its_day(loaded: tuple[LoadResult, Snapshot]) -> None:
    assert one(loaded[1], "SELECT rand_dt FROM subject WHERE subject_id = '1016'") == date(2014, 12, 27)


def test_a_second_study_does_not_replace_the_first(tmp_path: Path) -> None:
    store = Store(tmp_path / "evidence")
    for name in ("DEMO-01", "DEMO-02"):
        folder = tmp_path / name
        folder.mkdir()
        CONNECTOR.sample(folder)
        for path in folder.iterdir():
            path.write_text(path.read_text(encoding="utf-8").replace("DEMO-01", name), encoding="utf-8")
        load_paths(store, [folder], NOW)
    assert one(store.open(), "SELECT count(DISTINCT study_id) FROM subject") == 2


def test_a_listing_without_some_columns_loads_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "rawplus_ae.csv").write_text("studyid,subjid,recordid,aeser\nX,0001,1,Y\n", encoding="utf-8")
    assert load_paths(Store(tmp_path / "evidence"), [tmp_path / "rawplus_ae.csv"], NOW).tables["adverse_event"].loaded == 1


def test_listings_of_two_studies_in_one_folder_are_refused(tmp_path: Path) -> None:
    for name, study in (("rawplus_ae", "X"), ("rawplus_visdt", "Y")):
        (tmp_path / f"{name}.csv").write_text(f"studyid,subjid,recordid\n{study},1,1\n", encoding="utf-8")
    with pytest.raises(BadInput, match="several studies"):
        load_paths(Store(tmp_path / "evidence"), [tmp_path], NOW)
