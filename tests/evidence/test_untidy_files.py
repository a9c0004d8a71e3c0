"""Files as people send them: titles above the headers, formulas without values, other kinds of content, quotation marks left open."""

from __future__ import annotations

import codecs
import io
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest

from quarterdeck.connectors.load import load_paths
from quarterdeck.evidence.load import LoadResult
from quarterdeck.evidence.store import Store
from quarterdeck.vocabulary.errors import BadInput

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STUDY = "study_id,phase,status\nABC-1,P3,enrolling\n"


def load(tmp_path: Path, **contents: str | bytes) -> LoadResult:
    """What a load makes of a folder of these files; `site_csv` is site.csv."""
    folder = tmp_path / "in"
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / name.replace("_", ".")).write_bytes(content if isinstance(content, bytes) else content.encode())
    result = load_paths(Store(tmp_path / "evidence"), [folder], NOW)
    assert result.given == result.loaded + result.quarantined
    return result


def workbook(*rows: list[object], sheet: str = "Sites", merge: str = "") -> bytes:
    """A workbook of one sheet."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    for row in rows:
        page.append(row)
    if merge:
        page.merge_cells(merge)
    out = io.BytesIO()
    book.save(out)
    book.close()
    return out.getvalue()


def reasons(result: LoadResult) -> dict[str, str]:
    """By value, why a row was set aside."""
    return {str(reject["value"]): str(reject["reason"]) for reject in result.rejects}


@pytest.mark.parametrize(
    "content",
    [
        STUDY.replace(",", ";").replace("ABC-1", "Müller’s €1").encode("cp1252"),
        STUDY.replace(",", "\t").encode("utf-16"),
        codecs.BOM_UTF8 + STUDY.encode(),
        STUDY.replace("\n", "\r").encode(),
    ],
    ids=["Windows with semicolons", "UTF-16 with tabs", "byte order mark", "old line ends"],
)
def test_one_table_in_any_writing_is_one_row(tmp_path: Path, content: bytes) -> None:
    assert load(tmp_path, study_csv=content).tables["study"].loaded == 1


def test_headers_below_a_merged_title_are_found_and_said(tmp_path: Path) -> None:
    content = workbook(
        ["Sites, exported 3 April 2026"], ["Confidential"], [], ["Study ID", "Site ID", "Country", "Selected dt"],
        ["ABC-1", "101", "GB", date(2025, 4, 1)], ["ABC-1", "102", "DE", 45800], merge="A1:D1",
    )  # fmt: skip
    result = load(tmp_path, study_csv=STUDY, sites_xlsx=content)
    assert result.tables["site"].loaded == 2
    assert any("headers stand in row 4" in notice for notice in result.notices)
    assert Store(tmp_path / "evidence").open().query("SELECT max(_line) AS l FROM site").to_pylist() == [{"l": 6}]


def test_headers_below_a_title_line_of_text_are_found(tmp_path: Path) -> None:
    result = load(tmp_path, study_csv=STUDY, site_csv="Site report;;\n\nStudy ID;Site ID;Country\nABC-1;101;GB\n")
    assert result.tables["site"].loaded == 1


def test_a_formula_that_was_never_calculated_is_set_aside_not_read_as_nothing(tmp_path: Path) -> None:
    content = workbook(["study_id", "site_id", "country", "num_plan_subj"], ["ABC-1", "101", "GB", "=2+3"], ["ABC-1", "102", "GB", 4])
    result = load(tmp_path, study_csv=STUDY, site_xlsx=content)
    assert result.tables["site"].quarantined == 1
    assert "=2+3" in reasons(result)
    assert any("1 formula without a calculated value" in notice for notice in result.notices)


def test_an_error_in_a_cell_is_set_aside(tmp_path: Path) -> None:
    content = workbook(["study_id", "site_id", "country", "num_plan_subj"], ["ABC-1", "101", "GB", "=1/0"])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(out, "w") as made:
        for name in given.namelist():
            cell = given.read(name).replace(b'<c r="D2"><f>1/0</f><v></v>', b'<c r="D2" t="e"><f>1/0</f><v>#DIV/0!</v>')
            made.writestr(name, cell)
    result = load(tmp_path, study_csv=STUDY, site_xlsx=out.getvalue())
    assert "#DIV/0!" in reasons(result)


def test_the_reason_for_a_date_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    days = ["03/04/2026", "31/02/2026", "2026-03", "2026-02-30", "soon", "45800"]
    rows = "".join(f"ABC-1,{number},GB,{day}\n" for number, day in enumerate(days))
    told = reasons(load(tmp_path, study_csv=STUDY, site_csv=f"study_id,site_id,country,selected_dt\n{rows}"))
    assert "day or month first" in told["03/04/2026"]
    assert told["31/02/2026"] == told["2026-02-30"] == "there is no such day"
    assert "without its day" in told["2026-03"]
    assert "write it as 2026-03-14" in told["soon"]
    assert "45800" not in told


def test_an_open_quotation_mark_does_not_swallow_the_rows_below(tmp_path: Path) -> None:
    content = 'study_id,phase,status,protocol\nABC-1,P3,enrolling,"open\nABC-2,P3,enrolling,"two\nlines"\nABC-3,P3,enrolling,c\n'
    result = load(tmp_path, study_csv=content)
    assert (result.given, result.loaded) == (3, 2)
    assert any("never closed" in reason for reason in reasons(result).values())


def test_a_line_with_too_few_fields_says_how_many_there_should_be(tmp_path: Path) -> None:
    assert "2 fields where the header has 3" in reasons(load(tmp_path, study_csv=STUDY + "ABC-2,P3\n")).values()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("study_csv", b"%PDF-1.7\n%\xe2\xe3\n1 0 obj\n", "a PDF, not a table"),
        ("study_csv", b"PK\x03\x04junk", "a workbook or an archive"),
        ("study_csv", b"<html><table>", "a web page"),
        ("study_csv", b"", "The file is empty"),
        ("study_xlsx", b"", "The file is empty"),
        ("study_xlsx", STUDY.encode(), "not a workbook"),
        ("study_csv", b"study_id:phase\nABC:P3\n", "is another sign the separator"),
    ],
)
def test_another_kind_of_content_is_refused_by_name(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        load(tmp_path, **{name: content})


def test_an_empty_file_among_good_ones_is_said_and_the_rest_loads(tmp_path: Path) -> None:
    result = load(tmp_path, study_csv=STUDY, site_csv=b"")
    assert result.loaded == 1
    assert any(notice.startswith("site.csv was not loaded. The file is empty") for notice in result.notices)


def test_headers_without_a_row_below_are_said(tmp_path: Path) -> None:
    assert "study.csv holds no row below its headers" in load(tmp_path, study_csv="study_id,phase\n").notices


def test_a_cell_that_starts_like_a_formula_is_text(tmp_path: Path) -> None:
    result = load(tmp_path, study_csv="study_id,phase,status\n=1+1,P3,enrolling\n<script>alert(1)</script>,P3,enrolling\n")
    assert result.loaded == 2
