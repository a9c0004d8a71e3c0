"""Files of any common kind: encodings, separators, workbooks, Parquet, archives; and archives that must not be trusted."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.evidence import arrivals
from quarterdeck.evidence.arrivals import unpack
from quarterdeck.evidence.delimited import _read_careful, _read_fast, sniff
from quarterdeck.evidence.workbench import open_workbench
from quarterdeck.vocabulary.errors import BadInput, NotFound


def read(path: Path, tmp_path: Path) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Header and rows (with lines) of the first sheet in a path."""
    (arrival,) = unpack([path], tmp_path)
    with open_workbench(tmp_path / "bench") as bench:
        sheet = bench.read(arrival)[0]
        return sheet.header, bench.execute(f"SELECT * FROM {sheet.relation} ORDER BY _line").fetchall()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_separators_are_found(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"site{delimiter}city\r\n1{delimiter}Zürich\r\n2{delimiter}Genève\r\n".encode(encoding))
    assert read(path, tmp_path) == (("site", "city"), [("1", "Zürich", 2), ("2", "Genève", 3)])


def test_east_asian_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(("番号,市\n" + "1,東京都千代田区丸の内一丁目\n" * 30).encode("shift_jis"))
    header, found = read(path, tmp_path)
    assert header == ("番号", "市")
    assert found[0] == ("1", "東京都千代田区丸の内一丁目", 2)


def test_a_line_break_within_a_field_does_not_shift_the_lines_below(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,note\n1,"two\nlines"\n\n2,"said ""yes"""\n', encoding="utf-8")
    assert read(path, tmp_path)[1] == [("1", "two\nlines", 2), ("2", 'said "yes"', 5)]


def test_a_repeated_header_is_not_taken_for_the_first(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,date,date,\n1,a,b,c\n", encoding="utf-8")
    assert read(path, tmp_path)[0] == ("id", "date", "date (2)", "column 4")


def test_workbooks_with_dates_numbers_and_empty_rows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "when", "stamp", "number", "flag"])
    sheet.append([1, date(2026, 3, 14), datetime(2026, 3, 14, 9, 30), 2.5, True])  # noqa: DTZ001
    sheet.append([])
    sheet.append(["0496", 46095, None, 3.0, False])
    book.save(tmp_path / "a.xlsx")
    assert read(tmp_path / "a.xlsx", tmp_path)[1] == [
        ("1", "2026-03-14", "2026-03-14T09:30:00", "2.5", "true", 2),
        ("0496", "46095", None, "3", "false", 4),
    ]


def test_parquet_with_types_and_lists(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": ["1"], "when": [date(2026, 3, 14)], "tags": [["a", "b"]]}), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet", tmp_path)[1] == [("1", "2026-03-14", "a;b", 1)]


def test_gzip_and_zips_within_zips(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("deep/site.csv.gz", gzip.compress(b"id\n1\n"))
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.writestr("inner.zip", inner.getvalue())
        archive.writestr("__MACOSX/._site.csv", "rubbish")
    (found,) = unpack([tmp_path / "outer.zip"], tmp_path)
    assert found.name == "outer.zip/inner.zip/deep/site.csv.gz"
    assert (found.stem, found.suffix, found.path.read_bytes()) == ("site", ".csv", b"id\n1\n")


@pytest.mark.parametrize("name", ["../evil.csv", "/etc/evil.csv", "a/../../evil.csv", "..\\evil.csv", "C:/evil.csv"])
def test_an_archive_cannot_write_outside_itself(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), "x")
    with pytest.raises(BadInput, match="outside itself"):
        unpack([tmp_path / "a.zip"], tmp_path)


def test_a_zip_bomb_is_refused_while_it_unpacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "RATIO_FROM", 1 << 20)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * (8 << 20))
    with pytest.raises(BadInput, match="far more than it holds"):
        unpack([tmp_path / "a.zip"], tmp_path)


def test_the_sum_over_all_archives_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "MAX_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", b"0" * 800)
        archive.writestr("b.csv", b"0" * 800)
    with pytest.raises(BadInput, match="more than is allowed"):
        unpack([tmp_path / "a.zip"], tmp_path)


def test_archives_too_deep_are_refused(tmp_path: Path) -> None:
    content = b"id\n1\n"
    for level in range(5):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("a.csv" if level == 0 else "a.zip", content)
        content = buffer.getvalue()
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(BadInput, match="too deep"):
        unpack([tmp_path / "a.zip"], tmp_path)


@pytest.mark.parametrize(("name", "content"), [("a.zip", b"no zip"), ("a.csv.gz", b"no gzip")])
def test_damaged_files_give_a_message(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput):
        unpack([tmp_path / name], tmp_path)


def test_an_empty_file_and_a_picture_give_a_message(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"")
    (tmp_path / "b.csv").write_bytes(bytes(range(256)) * 20)
    for name in ("a.csv", "b.csv"):
        with pytest.raises(BadInput):
            read(tmp_path / name, tmp_path)


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        unpack([tmp_path / "nowhere"], tmp_path)


def test_two_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for folder in ("east", "west"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "site.csv").write_text("id\n1\n", encoding="utf-8")
    assert [found.name for found in unpack([tmp_path / "east", tmp_path / "west"], tmp_path)] == ["east/site.csv", "west/site.csv"]


FIELD = st.text(alphabet=st.sampled_from(list("ab1 ,;\"'\n\té=")), max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(FIELD, min_size=2, max_size=2), max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_the_fast_reader_agrees_with_the_careful_one_or_steps_aside(tmp_path: Path, table: list[list[str]], ending: str) -> None:
    path = tmp_path / "twin.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle, lineterminator=ending).writerows([["a", "b"], *table])
    dialect = sniff(path)
    connection = duckdb.connect()
    malformed = _read_careful(connection, path, dialect, "careful", [0, 1])
    assert malformed == []
    if _read_fast(connection, path, dialect, "fast", [0, 1]):
        fast = connection.execute("SELECT c0, c1, rowid + 2 FROM fast").fetchall()
        assert fast == connection.execute("SELECT c0, c1, _line FROM careful").fetchall()
