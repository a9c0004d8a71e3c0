"""`quarterdeck kri` on plain files: exact keys, both modes, and a reason for everything that cannot be judged."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from quarterdeck.cli.main import app

KEYS = {"group", "numerator", "denominator", "metric", "expected", "ratio", "score", "p_value", "q_value", "flag", "not_assessed_reason"}


def run(tmp_path: Path, text: str, *options: str) -> list[dict[str, Any]]:
    path = tmp_path / "counts.csv"
    path.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["kri", str(path), *options, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


def counts(*rows: tuple[object, ...], header: str = "GroupID,Numerator,Denominator") -> str:
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


@pytest.mark.parametrize("kind", ["binary", "rate"])
@pytest.mark.parametrize("mode", ["gsm", "robust"])
def test_every_row_has_the_promised_keys(tmp_path: Path, kind: str, mode: str) -> None:
    rows = run(tmp_path, counts(("A", 1, 10), ("B", 3, 10), ("C", 5, 0)), "--type", kind, "--mode", mode)
    assert [row["group"] for row in rows] == ["A", "B", "C"]
    assert all(set(row) >= KEYS for row in rows)
    assert rows[2]["not_assessed_reason"] == "nothing to count against"


def test_three_absurd_countries_are_flagged_where_the_reference_sees_nothing(tmp_path: Path) -> None:
    text = counts(("X", 1, 1000), ("Y", 1, 1000), ("Z", 900, 1000))
    assert [row["flag"] for row in run(tmp_path, text, "--type", "binary", "--mode", "gsm")] == [0, 0, 0]
    robust = run(tmp_path, text, "--type", "binary", "--mode", "robust")
    assert all(row["flag"] for row in robust)
    assert [row["score"] > 0 for row in robust] == [False, False, True]


@pytest.mark.shared_data
def test_site_0x126_is_flagged_low_by_rate_and_by_patient(tmp_path: Path, shared_data: Path) -> None:
    import gzip

    with (shared_data / "kri" / "clindata_gsm_results.csv").open(encoding="utf-8") as stream:
        events = [row for row in csv.DictReader(stream) if row["MetricID"] == "Analysis_kri0001"]
    by_rate = run(tmp_path, counts(*((r["GroupID"], r["Numerator"], r["Denominator"]) for r in events)), "--type", "rate")
    with gzip.open(shared_data / "kri" / "clindata_cumcount.csv.gz", "rt", encoding="utf-8") as stream:
        visits = [(r["study_id"], r["site_id"], r["patient_id"], r["visit"], r["n_event"]) for r in csv.DictReader(stream)]
    by_patient = run(tmp_path, counts(*visits, header="study,site,patient,visit,count"), "--type", "cumulative")
    for rows in (by_rate, by_patient):
        assert next(row for row in rows if row["group"] == "0X126")["flag"] < 0
    assert all(row["study"] == "A" for row in by_patient)


@pytest.mark.parametrize("mode", ["gsm", "robust"])
@pytest.mark.parametrize("kind", ["binary", "rate"])
@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("B", "", 10), "not collected"),
        (("B", "abc", 10), "the numerator is not a number: abc"),
        (("B", -1, 10), "a count is below 0"),
        (("B", 0, 0), "nothing to count against"),
        (("B", "inf", 10), "the count is not a usable number"),
        (("B", 1, "nan"), "the count is not a usable number"),
        (("", 1, 10), "the group has no name"),
    ],
)
def test_a_bad_row_gets_a_reason_and_spoils_no_other(tmp_path: Path, mode: str, kind: str, row: tuple[object, ...], reason: str) -> None:
    rows = run(tmp_path, counts(("A", 3, 20), row, ("C", 5, 20), ("D", 4, 25)), "--type", kind, "--mode", mode)
    assert rows[1]["not_assessed_reason"] == reason
    assert rows[1]["score"] is None
    assert all(row["score"] is not None for i, row in enumerate(rows) if i != 1)


def test_numerators_above_denominators_have_a_reason(tmp_path: Path) -> None:
    text = counts(("A", 9, 3), ("B", 1, 3), ("C", 1, 4))
    assert run(tmp_path, text, "--type", "binary")[0]["not_assessed_reason"] == "the numerator is above the denominator"
    assert {row["not_assessed_reason"] for row in run(tmp_path, text, "--type", "binary", "--mode", "gsm")} == {
        "the numerators together are above the denominators together"
    }


@pytest.mark.parametrize("mode", ["gsm", "robust"])
def test_one_site_says_that_there_is_nobody_to_compare_with(tmp_path: Path, mode: str) -> None:
    (row,) = run(tmp_path, counts(("A", 5, 100)), "--mode", mode)
    assert row["not_assessed_reason"] == "no other group to compare with"


@pytest.mark.parametrize("mode", ["gsm", "robust"])
@pytest.mark.parametrize("kind", ["binary", "rate"])
def test_all_equal_and_huge_counts_give_no_flag(tmp_path: Path, mode: str, kind: str) -> None:
    for rows in (counts(*((f"S{i}", 10, 100) for i in range(5))), counts(*((f"S{i}", 10**9, 2 * 10**9) for i in range(5)))):
        assert [row["flag"] for row in run(tmp_path, rows, "--type", kind, "--mode", mode)] == [0] * 5


def test_all_denominators_zero_is_no_crash(tmp_path: Path) -> None:
    assert {row["not_assessed_reason"] for row in run(tmp_path, counts(("A", 0, 0), ("B", 2, 0)))} == {"nothing to count against"}


def test_a_file_without_rows_has_no_groups(tmp_path: Path) -> None:
    assert run(tmp_path, "GroupID,Numerator,Denominator\n") == []


def test_the_previous_snapshot_is_the_previous_by_date_whatever_the_order(tmp_path: Path) -> None:
    months = ["2026-03-31", "2026-01-31", "2026-02-28"]
    rows = [(f"S{i}", (60 if month > "2026-02" else 20) if i == 0 else 20, 200, "T", month) for month in months for i in range(12)]
    found = run(tmp_path, counts(*rows, header="GroupID,Numerator,Denominator,StudyID,SnapshotDate"))
    mine = {row["snapshot_date"]: row for row in found if row["group"] == "S0"}
    assert mine["2026-03-31"]["previous_score"] == mine["2026-02-28"]["score"]
    assert mine["2026-02-28"]["previous_score"] == mine["2026-01-31"]["score"]
    assert [mine[m]["snapshots_flagged"] for m in ("2026-01-31", "2026-02-28", "2026-03-31")] == [0, 1, 2]
    assert mine["2026-03-31"]["study"] == "T"


def test_a_group_given_twice_is_summed(tmp_path: Path) -> None:
    rows = run(tmp_path, counts(("A", 1, 10), ("B", 4, 20), ("A", 2, 10)))
    assert [(row["group"], row["numerator"], row["denominator"]) for row in rows] == [("A", 3, 20), ("B", 4, 20)]


def test_cumulative_rows_that_cannot_be_read_give_their_site_a_reason(tmp_path: Path) -> None:
    visits = [("T", f"S{i}", f"p{i}{j}", v, v) for i in range(4) for j in range(3) for v in range(1, 5)] + [("T", "S9", "p", "two", 1)]
    rows = {row["group"]: row for row in run(tmp_path, counts(*visits, header="study,site,patient,visit,count"), "--type", "cumulative")}
    assert rows["S9"]["not_assessed_reason"] == "not a number: two"
    assert rows["S0"]["score"] is not None
    assert rows["S0"]["denominator"] == 12


def test_two_patients_of_one_name_at_two_sites_are_two_people(tmp_path: Path) -> None:
    visits = [("T", f"S{i}", f"p{j}", v, v) for i in range(3) for j in range(3) for v in range(1, 5)]
    rows = run(tmp_path, counts(*visits, header="study,site,patient,visit,count"), "--type", "cumulative")
    assert {row["denominator"] for row in rows} == {12}


@pytest.mark.parametrize(("name", "text", "message"), [("counts.csv", "a,b\n1,2\n", "lacks columns"), ("none.csv", None, "no such file")])
def test_a_file_that_cannot_be_used_gives_a_message(tmp_path: Path, name: str, text: str | None, message: str) -> None:
    from quarterdeck.vocabulary.errors import QuarterdeckError

    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["kri", str(tmp_path / name)])
    assert isinstance(result.exception, QuarterdeckError)
    assert message in str(result.exception)


def test_accrual_and_cuts_may_be_chosen(tmp_path: Path) -> None:
    text = counts(("A", 1, 10), ("B", 30, 60), ("C", 10, 60), ("D", 11, 60))
    rows = run(tmp_path, text, "--mode", "gsm", "--accrual", "30", "--accrual-on", "denominator", "--cuts", "-1,1", "--flags", "-1,0,1")
    assert rows[0]["not_assessed_reason"] == "too few to show"
    assert rows[1]["flag"] == 1
