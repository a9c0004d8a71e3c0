"""In real Chromium: a change order is uploaded, matched line by line, and becomes a position note whose every figure is verified."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from builders import build_snapshot
from quarterdeck.cli import papers
from quarterdeck.evidence.store import Store
from quarterdeck.papers.readers.read import read_document
from quarterdeck.vendors.contracts import get_contract
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from tests_web import follow, serving  # type: ignore[import-not-found]
from vendor_records import make_change_order

pytestmark = pytest.mark.chromium


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two vendors with two trials each, contracts with units of the same names, and a budget of this year."""
    studies = [
        {"study_id": f"S{i}", "phase": "P3", "status": "enrolling", "base_currency": "GBP", "num_plan_subj": 100} for i in range(1, 5)
    ]
    vendors = [{"vendor_id": v, "name": n, "vendor_type": "cro"} for v, n in (("V1", "Quick and Sons"), ("V2", "Slow Ltd"))]
    contracts = [
        {"contract_id": f"C{i}", "vendor_id": "V1" if i < 3 else "V2", "study_id": f"S{i}", "contract_type": "unit_based", "start_dt": date(2025, 1, 1), "end_dt": date(2027, 1, 1),
         "value": 2_400_000, "currency": "GBP", "termination_notice": 90}
        for i in range(1, 5)
    ]  # fmt: skip
    units = [
        {"deliverable_id": f"U{i}-{k}", "contract_id": f"C{i}", "study_id": f"S{i}", "name": name, "unit_type": kind, "planned_units": planned, "actual_units": planned * 0.9, "unit_price": price, "currency": "GBP"}
        for i in range(1, 5)
        for k, (name, kind, planned, price) in enumerate((("Project management month", "month", 24, 60_000), ("Monitoring visit", "unit", 400, 2_400 + 50 * i)))
    ]  # fmt: skip
    budget = [
        {"study_id": f"S{i}", "wbs": "fees", "period": date(2026, 3, 31), "currency": "GBP", "cost_category": "cro_fees", "budget_baseline": 1e6, "budget_current": 1e6, "actual": 9e5, "accrual": 0, "forecast": 1e6}
        for i in range(1, 5)
    ]  # fmt: skip
    build_snapshot(
        tmp_path,
        {"study": studies, "vendor": vendors, "contract": contracts, "deliverable": units, "budget_line": budget},
        data_cut=date(2026, 6, 30),
    )
    return tmp_path / "home"


def test_an_uploaded_change_order_becomes_a_verified_position_note(new_page: Callable[..., Any], home: Path, tmp_path: Path) -> None:
    settings = Settings(home=home)
    contract = get_contract(Store(settings.evidence_dir).open(), "C4")
    workbook = make_change_order(tmp_path / "change-order-7.xlsx", contract)
    with serving(create_app(settings)) as address:
        page = new_page(accept_downloads=True)
        page.goto(f"{address}/vendors/change-orders")
        page.get_by_label("Contract", exact=True).select_option("C4")
        page.get_by_label(re.compile("The change order")).set_input_files(str(workbook))
        follow(page.get_by_role("button", name="Match it to the contract"))
        title = page.locator("h1").inner_text()
        assert re.search(r"£[\d,]+ of £[\d,]+ may be disputed", title)
        rows = page.locator("#table-lines tbody tr").all_inner_texts()
        assert len(rows) == 4
        assert "the contract price of 'Monitoring visit' is" in rows[0]
        follow(page.get_by_role("button", name="Write the position note"))
        follow(page.get_by_role("link", name="The paper"), 150_000)
        assert "Change-order position note: Slow Ltd" in page.locator("h1").inner_text()
        with page.expect_download() as waiting:
            page.get_by_role("link", name="DOCX").click()
        note = tmp_path / "note.docx"
        waiting.value.save_as(note)
    text = read_document(note).text
    for amount in re.findall(r"£[\d,]+", title):
        assert amount in text
    for words in (
        "Dear colleague",
        "change-order-7.xlsx under contract C4",
        "Rework of monitoring reports",
        "Middle price of earlier contracts",
        "budget of this year",
    ):
        assert words in text, words
    app = typer.Typer()
    papers.register(app)
    verified = CliRunner().invoke(app, ["verify-paper", str(note), "--home", str(home), "--json"])
    answer = json.loads(verified.stdout)
    assert verified.exit_code == 0, answer["findings"]
    assert answer["clean"]
    assert answer["sealed"]
