"""Mappings: what they may say, what they do, and what they refuse by name."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml

from quarterdeck.connectors.load import load_paths
from quarterdeck.evidence.mapping import read_mapping, read_rhythm
from quarterdeck.evidence.matching import find_table, match_headers
from quarterdeck.evidence.store import Store
from quarterdeck.vocabulary.errors import BadInput, NotFound

NOW = datetime(2026, 7, 1, tzinfo=UTC)
MAPPING = """
source: ctms
rhythm: 1 week
extent: full
cut: 2026-05-31
files:
  - match: "sites*.csv"
    table: site
    date_format: "%d/%m/%Y"
    missing: ["n/k"]
    constants: {study_id: ABC-001}
    columns:
      site_id: Site No
      country: Land
      site_status: {from: Status, codes: {Open: active, Shut: closed}}
      site_active_dt: {from: Green light, partial: first}
      num_plan_subj: {from: Plan (dozens), multiply: 12}
  - match: "ledger.xlsx"
    sheet: "Book*"
    header_row: 3
    table: invoice
    decimal: ","
    columns:
      invoice_id: No
      amount: {from: Credit, multiply: -1}
      currency: {constant: EUR}
"""


def write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def test_a_mapping_renames_translates_converts_and_fills_in(tmp_path: Path) -> None:
    import openpyxl

    (tmp_path / "in").mkdir()
    write(
        tmp_path / "in" / "sites_2026.csv",
        "Site No;Land;Status;Green light;Plan (dozens)\n101;Germany;Open;14/03/2026;2\n102;FR;Shut;2026-02;1\n103;GB;active;n/k;\n104;GB;Ajar;;\n",
    )
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Booked"
    for row in (["Ledger"], [], ["No", "Credit"], ["I1", "-1234,50"]):
        sheet.append(row)
    book.save(tmp_path / "in" / "ledger.xlsx")
    result = load_paths(Store(tmp_path), [tmp_path / "in"], NOW, mapping=read_mapping(write(tmp_path / "ctms.yaml", MAPPING)))
    snapshot = Store(tmp_path).open()
    assert snapshot.query("SELECT study_id, site_id, country, site_status, site_active_dt, num_plan_subj FROM site").to_pylist() == [
        {
            "study_id": "ABC-001",
            "site_id": "101",
            "country": "DE",
            "site_status": "active",
            "site_active_dt": date(2026, 3, 14),
            "num_plan_subj": 24,
        },
        {
            "study_id": "ABC-001",
            "site_id": "102",
            "country": "FR",
            "site_status": "closed",
            "site_active_dt": date(2026, 2, 1),
            "num_plan_subj": 12,
        },
        {"study_id": "ABC-001", "site_id": "103", "country": "GB", "site_status": "active", "site_active_dt": None, "num_plan_subj": None},
    ]
    (invoice,) = snapshot.query("SELECT amount, currency, _sheet, _line FROM invoice").to_pylist()
    assert (float(invoice["amount"]), invoice["currency"], invoice["_sheet"], invoice["_line"]) == (1234.5, "EUR", "Booked", 4)
    assert [(reject["_line"], reject["value"]) for reject in result.rejects] == [(5, "Ajar")]
    assert snapshot.data_cut == date(2026, 5, 31)
    assert snapshot.info.sources["ctms"]["rhythm_days"] == 7.0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sauce": "x"}, "sauce"),
        ({"extent": "half"}, "extent = half"),
        ({"files": [{"table": "site", "match": "*", "colour": 1}]}, "colour"),
        ({"files": [{"table": "site", "columns": {"site_id": {"form": "x"}}}]}, "form"),
        ({"files": [{"table": "site", "partial": "some"}]}, "partial = some"),
        ({"files": [{"match": "*"}]}, "which table"),
        ({"rhythm": "now and then"}, "now and then"),
        ({"files": [{"table": "site", "columns": {"site_id": {"from": "x", "multiply": "two"}}}]}, "multiply = two"),
    ],
)
def test_a_wrong_mapping_is_refused_by_file_and_key(tmp_path: Path, change: dict[str, object], says: str) -> None:
    path = write(tmp_path / "m.yaml", yaml.safe_dump({"source": "x", **change}))
    with pytest.raises(BadInput, match=says):
        read_mapping(path)


def test_unknown_tables_and_columns_are_refused(tmp_path: Path) -> None:
    for entry in ({"table": "sites"}, {"table": "site", "columns": {"site_no": "x"}}, {"table": "site", "constants": {"nothing": 1}}):
        with pytest.raises(NotFound):
            read_mapping(write(tmp_path / "m.yaml", yaml.safe_dump({"files": [entry]})))


def test_yes_and_no_in_a_code_table_mean_the_words(tmp_path: Path) -> None:
    path = write(
        tmp_path / "m.yaml", "files:\n- table: site\n  columns:\n    site_status: {from: Open, codes: {Yes: active, No: closed}}\n"
    )
    assert read_mapping(path).files[0].rules["site_status"].codes == {"Yes": "active", "No": "closed"}


def test_rhythms() -> None:
    assert [read_rhythm(value) for value in (7, "2 weeks", "1 month", None)] == [7.0, 14.0, 30.4375, None]


@pytest.mark.parametrize(
    ("stem", "headers", "table"),
    [
        ("site", ["study_id", "site_id"], "site"),
        ("Sites", ["study_id", "site_id"], "site"),
        ("ctms_site_2026-03-14", ["study_id", "site_id", "country"], "site"),
        ("export", ["study_id", "site_id", "country", "site_status", "site_active_dt"], "site"),
        ("website", ["a", "b"], ""),
        ("budget lines", ["study_id", "wbs", "period", "currency"], "budget_line"),
    ],
)
def test_a_file_finds_its_table_by_name_or_columns(stem: str, headers: list[str], table: str) -> None:
    assert find_table(stem, headers) == table


def test_likely_headers_are_proposed_and_not_used() -> None:
    match = match_headers("site", ["Study ID", "Site No", "Country__v", "Shoe size"])
    assert match.certain == {"study_id": "Study ID", "country": "Country__v"}
    assert match.likely == {"site_id": "Site No"}
    assert match.missing_keys == ("site_id",)
