"""What a load says without being asked: an archive it could not open, an encoding it assumed, a hidden sheet, and a table that shrank."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from quarterdeck.cli.main import app
from quarterdeck.connectors.load import load_paths
from quarterdeck.evidence.load import LoadResult
from quarterdeck.evidence.mapping import SourceMapping
from quarterdeck.evidence.store import Store
from quarterdeck.vocabulary.errors import BadInput

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
VENDOR = "vendor_id,name\nV1,Zażółć Köln\n"


def load(tmp_path: Path, contents: dict[str, bytes], extent: str = "changes") -> LoadResult:
    folder = tmp_path / f"in{len(list(tmp_path.glob('in*')))}"
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return load_paths(Store(tmp_path / "home" / "evidence"), [folder], NOW, mapping=SourceMapping(source="ctms", extent=extent))


def archive(content: bytes = VENDOR.encode()) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("vendor.csv", content)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"notzip", archive(VENDOR.encode() * 50)[:60] + bytes(20) + archive(VENDOR.encode() * 50)[80:], archive()[:40]],
    ids=["no archive", "damaged within", "cut short"],
)
def test_a_bad_archive_is_named_and_the_others_load(tmp_path: Path, content: bytes) -> None:
    result = load(tmp_path, {"bad.zip": content, "study.csv": b"study_id\nA\n"})
    assert result.loaded == 1
    assert any(notice.startswith("bad.zip was not loaded. The archive") for notice in result.notices)


def test_a_bad_archive_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"bad\.zip was not loaded"):
        load(tmp_path, {"bad.zip": b"notzip"})


def test_an_archive_that_is_not_safe_still_stops_everything(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("../evil.csv", "x")
    with pytest.raises(BadInput, match="outside itself"):
        load(tmp_path, {"bad.zip": out.getvalue(), "study.csv": b"study_id\nA\n"})


@pytest.mark.parametrize(
    ("encoding", "is_said"), [("utf-8", False), ("utf-8-sig", False), ("utf-16", False), ("cp1250", True), ("iso8859-2", True)]
)
def test_an_encoding_that_was_assumed_is_said(tmp_path: Path, encoding: str, is_said: bool) -> None:
    result = load(tmp_path, {"vendor.csv": VENDOR.encode(encoding)})
    assert any("vendor.csv is not UTF-8: it was read as cp1252" in notice for notice in result.notices) == is_said


def test_a_hidden_sheet_is_said_to_be_hidden(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "study"  # type: ignore[union-attr]
    book.active.append(["study_id"])  # type: ignore[union-attr]
    hidden = book.create_sheet("site")
    hidden.sheet_state = "hidden"
    for row in (["study_id", "site_id"], ["A", "1"]):
        hidden.append(row)
    out = io.BytesIO()
    book.save(out)
    book.close()
    notices = load(tmp_path, {"tracker.xlsx": out.getvalue()}).notices
    assert [notice for notice in notices if "hidden" in notice] == [
        "tracker.xlsx, sheet site: this sheet is hidden in the workbook, and is read like the others"
    ]


def test_a_damaged_parquet_file_is_named_without_our_query(tmp_path: Path) -> None:
    (notice,) = [n for n in load(tmp_path, {"x.parquet": b"PAR1xx", "study.csv": b"study_id\nA\n"}).notices if "Parquet" in n]
    assert "SELECT" not in notice
    assert "read_parquet" not in notice


@pytest.mark.parametrize(("kept", "is_warned"), [(0, True), (5, True), (6, False)])
def test_a_full_extract_that_loses_more_than_a_third_warns_first(tmp_path: Path, kept: int, is_warned: bool) -> None:
    def sites(count: int) -> bytes:
        return ("study_id,site_id\n" + "".join(f"A,{n}\n" for n in range(count))).encode()

    before = load(tmp_path, {"site.csv": sites(9)}, "full").snapshot
    assert before
    notices = load(tmp_path, {"site.csv": sites(kept)}, "full").notices
    wanted = f"WARNING: site loses {9 - kept} of 9 rows of ctms"
    assert any(notice.startswith(wanted) and f"--as-of {before.short_id}" in notice for notice in notices[:1]) == is_warned


def test_the_way_back_is_the_whole_extract_again(tmp_path: Path) -> None:
    whole = {"site.csv": b"study_id,site_id\nA,1\nA,2\n"}
    load(tmp_path, whole, "full")
    load(tmp_path, {"site.csv": b"study_id,site_id\n"}, "full")
    load(tmp_path, whole, "full")
    assert Store(tmp_path / "home" / "evidence").open().tables["site"].rows == 2


@pytest.mark.parametrize(
    ("value", "hint"),
    [("03/04/2025", "Write 2025-04-03 or 2025-03-04, or name date_format"), ("05.05.2025", "write it as 2025-05-05, or name date_format")],
)
def test_an_ambiguous_date_is_given_back_in_both_readings(tmp_path: Path, value: str, hint: str) -> None:
    (reject,) = load(tmp_path, {"site.csv": f"study_id,site_id,selected_dt\nA,1,{value}\n".encode()}).rejects
    assert hint in str(reject["reason"])


def test_headers_in_two_rows_are_refused_with_the_way_out(tmp_path: Path) -> None:
    rejects = load(tmp_path, {"site.csv": b"study_id,site_id,country\nplan,actual\nA,1,GB\nA,2\n"}).rejects
    assert ["header_row" in str(reject["reason"]) for reject in rejects] == [True, False]


def test_the_commands_say_how_many_problems_a_row_has(tmp_path: Path) -> None:
    (tmp_path / "site.csv").write_text("study_id,site_id,country,selected_dt\nA,1,XX,2025-13-01\n", encoding="utf-8")
    run, home = CliRunner(), str(tmp_path / "home")
    assert "(and 1 more problem in this row)" in run.invoke(app, ["load", str(tmp_path / "site.csv"), "--home", home]).output
    listed = run.invoke(app, ["quarantine", "--home", home]).output
    assert "problems in the row" in listed
    assert listed.rstrip().endswith("  2")
