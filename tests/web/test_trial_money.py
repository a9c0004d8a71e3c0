"""The money of a trial's page adds up over currencies, and says what it leaves out."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from builders import build_snapshot
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app

PAST, FUTURE = date(2026, 5, 31), date(2026, 12, 31)
RATE = {"rate_dt": date(2026, 1, 1), "from_currency": "EUR", "to_currency": "GBP", "rate": 0.5, "rate_type": "budget"}


def line(wbs: str, currency: str, period: date, approved: float, actual: float | None = None) -> dict[str, Any]:
    return {
        "study_id": "A1", "wbs": wbs, "period": period, "currency": currency, "cost_category": wbs, "budget_baseline": approved, "budget_current": approved,
        "actual": actual,
    }  # fmt: skip


def read_page(folder: Path, **tables: list[dict[str, Any]]) -> str:
    build_snapshot(folder, {"study": [{"study_id": "A1"}], **tables}, data_cut=date(2026, 6, 30))
    with TestClient(create_app(Settings(home=folder / "home"), work=False)) as client:
        return client.get("/trials/A1").text


LINES = [
    line("lab", "GBP", PAST, 1_000_000, 900_000),
    line("lab", "GBP", FUTURE, 1_000_000),
    line("site_grants", "EUR", PAST, 2_000_000, 2_400_000),
    line("site_grants", "EUR", FUTURE, 2_000_000),
]


def test_amounts_in_several_currencies_add_up_at_budget_rates(tmp_path: Path) -> None:
    text = read_page(tmp_path, budget_line=LINES, fx_rate=[RATE])
    assert "£2.1 million is spent or accrued; the plan had £2.0 million by now, of £4.0 million approved" in text
    assert "held in EUR" in text
    assert "converted at their budget rates" in text


def test_a_currency_without_a_budget_rate_is_named(tmp_path: Path) -> None:
    text = read_page(tmp_path, budget_line=LINES)
    assert "£900,000 is spent or accrued" in text
    assert "Amounts without a budget rate are left out (EUR to GBP)" in text


def test_a_trial_in_one_currency_is_shown_in_it(tmp_path: Path) -> None:
    text = read_page(tmp_path, budget_line=[entry for entry in LINES if entry["currency"] == "EUR"])
    assert "€2.4 million is spent or accrued; the plan had €2.0 million by now, of €4.0 million approved" in text
    assert "converted" not in text.split('id="table-money"')[-1].split("</table>")[0]


def test_without_budget_lines_it_says_so(tmp_path: Path) -> None:
    assert "No budget line of this trial was loaded yet" in read_page(tmp_path)
