"""Bad input gets a clear refusal: forged forms, foreign hosts, too much, the wrong kind, bombs, paths, scripts, formulas."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from starlette.testclient import TestClient

from builders import build_snapshot
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web import security
from quarterdeck.web.app import create_app
from quarterdeck.web.tables import Column, Table, write_csv, write_xlsx
from tests_web import form_token  # type: ignore[import-not-found]

SCRIPT = '<script>alert("x")</script>'


@pytest.fixture
def client(tmp_path: Path):  # type: ignore[no-untyped-def]
    build_snapshot(
        tmp_path,
        {"study": [{"study_id": "A1", "nickname": SCRIPT, "product": "=HYPERLINK(1)", "num_plan_subj": 10}]},
        data_cut=date(2026, 6, 30),
    )
    with TestClient(create_app(Settings(home=tmp_path / "home"), work=False)) as test_client:
        yield test_client


def upload(client: TestClient, name: str, content: bytes, follow: bool = False):  # type: ignore[no-untyped-def]
    return client.post(
        "/evidence/upload", data={"form_token": form_token(client)}, files={"files": (name, content)}, follow_redirects=follow
    )


def test_every_answer_carries_the_secure_headers(client: TestClient) -> None:
    for path in ("/", "/nothing", "/static/quarterdeck.css", "/api/v1/trials", "/trials?table=trials&as=csv"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"


def test_a_form_without_its_token_is_refused(client: TestClient) -> None:
    client.get("/preferences")
    assert client.post("/preferences", data={"theme": "dark"}).status_code == 403
    assert client.post("/preferences", data={"theme": "dark", "form_token": "0" * 64}).status_code == 403


def test_a_form_from_another_site_is_refused_even_with_a_token(client: TestClient) -> None:
    token = form_token(client)
    for headers in ({"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}):
        assert client.post("/preferences", data={"theme": "dark", "form_token": token}, headers=headers).status_code == 403


def test_the_token_of_one_browser_does_not_serve_another(client: TestClient) -> None:
    token = form_token(client)
    client.cookies.clear()
    client.get("/preferences")
    assert client.post("/preferences", data={"theme": "dark", "form_token": token}).status_code == 403


def test_a_foreign_host_name_is_refused(client: TestClient) -> None:
    assert client.get("/", headers={"host": "attacker.example"}).status_code == 400


def test_a_body_that_is_too_large_is_refused_before_it_is_read(client: TestClient) -> None:
    assert client.post("/preferences", headers={"content-length": str(security.MAX_BODY + 1)}).status_code == 413
    assert client.post("/evidence/upload", headers={"content-length": str(security.MAX_UPLOAD + 1)}).status_code == 413


def test_more_than_was_declared_is_refused(client: TestClient) -> None:
    def endless():  # type: ignore[no-untyped-def]
        for _ in range(security.MAX_BODY // 100_000 + 2):
            yield b"x" * 100_000

    answer = client.post("/preferences", content=endless(), headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("site.exe", b"MZ", "Files of this type are not loaded"),
        ("site.xlsx", b"study_id,site_id\n", "not a workbook"),
        ("site.csv", b"\x00\x01\x02\x03", "not a text file"),
        ("site.parquet", b"study_id,site_id\n", "not a Parquet file"),
        ("site.csv", b"", "The file is empty"),
        ("site.csv", b"%PDF-1.7\n1 0 obj", "The content is a PDF"),
        ("other.yaml", b"source: ctms\n", "has a fixed name"),
        ("mapping.yaml", b"sauce: ctms\n", "unknown key"),
    ],
)
def test_a_file_of_the_wrong_type_is_refused_with_the_reason(client: TestClient, name: str, content: bytes, words: str) -> None:
    answer = upload(client, name, content)
    assert answer.status_code == 400
    assert words in answer.text


@pytest.mark.parametrize("name", ["../../etc/passwd.csv", "..\\..\\boot.csv", "C:site.csv", ".hidden.csv"])
def test_a_file_name_with_a_path_is_refused(client: TestClient, tmp_path: Path, name: str) -> None:
    from quarterdeck.vocabulary.errors import BadInput
    from quarterdeck.web.uploads import keep_upload

    with pytest.raises(BadInput, match="may not hold a path"):
        keep_upload(tmp_path, [(name, io.BytesIO(b"study_id\nA\n"))])
    assert not list((tmp_path / "uploads").glob("*"))


def test_an_archive_that_points_outside_itself_is_refused(client: TestClient) -> None:
    assert "names a file outside itself" in upload(client, "extract.zip", _archive({"../../site.csv": b"a"})).text


def test_a_zip_bomb_is_refused(client: TestClient) -> None:
    answer = upload(client, "extract.zip", _archive({"site.csv": b"0" * 60_000_000}))
    assert answer.status_code == 400
    assert "far more than it holds" in answer.text


def test_nothing_of_a_refused_upload_is_kept(client: TestClient, tmp_path: Path) -> None:
    upload(client, "site.xlsx", b"no workbook")
    assert not list((tmp_path / "home" / "uploads").glob("*"))


def test_a_script_in_a_cell_is_shown_as_text(client: TestClient) -> None:
    for path in ("/trials", "/trials/A1", "/search?q=script"):
        page = client.get(path).text
        assert SCRIPT not in page
        assert "&lt;script&gt;" in page


def test_a_script_in_an_address_is_shown_as_text(client: TestClient) -> None:
    assert SCRIPT not in client.get("/search", params={"q": SCRIPT}).text
    assert SCRIPT not in client.get(f"/trials/{SCRIPT}").text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"])
def test_a_formula_in_a_cell_is_disarmed_in_exports(text: str) -> None:
    table = Table("t", "T", [Column("a", "A")], [{"a": text}])
    (_, row) = csv.reader(io.StringIO(write_csv(table).decode("utf-8-sig"), newline=""))
    assert row[0] == "'" + text
    cell = openpyxl.load_workbook(io.BytesIO(write_xlsx(table)))["Table"]["A2"]
    assert cell.data_type != "f"


def test_numbers_stay_numbers_in_exports() -> None:
    table = Table("t", "T", [Column("a", "A")], [{"a": -1.5}])
    assert b"\r\n-1.5\r\n" in write_csv(table)
    assert openpyxl.load_workbook(io.BytesIO(write_xlsx(table)))["Table"]["A2"].value == -1.5


@pytest.mark.parametrize("address", ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)"])
def test_no_redirect_leads_away(client: TestClient, address: str) -> None:
    assert client.get("/as-of", params={"clear": 1, "back": address}, follow_redirects=False).headers["location"] == "/"


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2f..%2frecord.sqlite", "/packs/..%2f..%2f/files/record.sqlite"]
)
def test_files_outside_the_static_folder_are_not_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (400, 404)


def test_the_as_of_of_a_snapshot_that_does_not_exist_is_refused(client: TestClient) -> None:
    assert client.get("/trials?as_of=feedbeef").status_code == 404


def _archive(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()
