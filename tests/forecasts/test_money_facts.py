"""Money of forecasts: one currency, the rates of the measures, and no trial left out without a word."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from builders import build_snapshot
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.evidence.store import Store
from quarterdeck.forecasts.facts import read_facts
from quarterdeck.forecasts.learnt import learn
from quarterdeck.forecasts.ledger import Entry
from quarterdeck.forecasts.money_facts import read_money
from quarterdeck.forecasts.portfolio import forecast_portfolio
from quarterdeck.forecasts.scores import score_entries
from quarterdeck.forecasts.words import portfolio_money_words
from quarterdeck.measures.evaluate import evaluate
from quarterdeck.vocabulary.choices import Choices
from trial_builders import TODAY, merge_rows, trial_rows

SEED, FEW = 5, 400
RATE = {"rate_dt": date(2025, 1, 1), "rate_type": "budget"}
RATES = [
    {**RATE, "from_currency": "EUR", "to_currency": "GBP", "rate": 0.8},
    {**RATE, "from_currency": "USD", "to_currency": "EUR", "rate": 0.5},
]


def trial_in(currency: str, study_id: str) -> dict[str, list[dict[str, Any]]]:
    rows = trial_rows(study_id)
    return rows | {"budget_line": [line | {"currency": currency} for line in rows["budget_line"]]}


def build(tmp_path: Path, rates: list[dict[str, Any]], **more: list[dict[str, Any]]) -> Snapshot:
    trials = merge_rows(trial_in("GBP", "T1"), trial_in("EUR", "T2"), trial_in("USD", "T3"), {"fx_rate": rates}, more)
    return build_snapshot(tmp_path, trials, TODAY)


def contract(contract_id: str, study_id: str | None = "T1") -> dict[str, Any]:
    return {"contract_id": contract_id, "study_id": study_id, "vendor_id": "V1", "currency": "GBP", "value": 1}


def order(co_id: str, currency: str, reason: str = "scope_add", contract_id: str = "C1") -> dict[str, Any]:
    return {
        "co_id": co_id, "contract_id": contract_id, "value": 100, "currency": currency, "status": "executed",
        "reason_code": reason, "executed_dt": date(2026, 1, 31),
    }  # fmt: skip


def test_budgets_in_three_currencies_add_up_as_the_measures_add_them(tmp_path: Path) -> None:
    snapshot = build(tmp_path, RATES)
    approved = {study.study_id: study.budget.approved for study in read_facts(snapshot).studies if study.budget}
    assert approved == pytest.approx({"T1": 4_800_000, "T2": 3_840_000, "T3": 1_920_000})  # dollars over euros: 0.5 * 0.8
    (reading,) = evaluate("estimate_at_completion", snapshot, "portfolio")
    assert (reading.unit, reading.denominator) == (read_facts(snapshot).currency, pytest.approx(sum(approved.values())))


def test_the_currency_is_the_one_the_installation_chose(tmp_path: Path) -> None:
    build(tmp_path, RATES)
    snapshot = Store(tmp_path / "home" / "evidence", Choices(currency="USD")).open()
    study = read_facts(snapshot).study("T3")
    assert study.budget is not None
    assert (study.budget.currency, study.budget.approved) == ("USD", pytest.approx(4_800_000))


def test_a_portfolio_with_one_currency_only_is_shown_in_it_as_by_the_measures(tmp_path: Path) -> None:
    snapshot = build_snapshot(tmp_path, trial_in("JPY", "T1"), TODAY)
    assert read_facts(snapshot).currency == evaluate("estimate_at_completion", snapshot, "portfolio")[0].unit == "JPY"


def test_a_trial_without_a_rate_is_named_with_the_reason_and_the_total_says_how_many_it_holds(tmp_path: Path) -> None:
    whole = forecast_portfolio(build(tmp_path, RATES[:1]), SEED, FEW)
    assert whole.unpriced == {"no budget rate from USD to GBP": ("T3",)}
    words = portfolio_money_words(whole)
    assert words.startswith("2 of 3 running trials together cost £")
    assert words.endswith("Not included: T3 (no budget rate from USD to GBP).")


def test_a_budget_half_of_which_has_no_rate_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    rows = trial_rows("T1")
    rows["budget_line"][0]["currency"] = "JPY"
    assert read_facts(build_snapshot(tmp_path, rows, TODAY)).study("T1").unpriced == "no budget rate from JPY to GBP"


def test_the_target_of_the_fiscal_year_is_not_assessed_where_a_trial_cannot_be_counted(tmp_path: Path) -> None:
    target = forecast_portfolio(build(tmp_path, RATES[:1]), SEED, FEW).targets[0]
    assert (target.probability, target.reason) == (None, "Not assessed: no budget rate from USD to GBP (T3).")


def test_change_orders_are_counted_at_their_budget_rate(tmp_path: Path) -> None:
    orders = [order("1", "GBP"), order("2", "EUR"), order("3", "JPY"), order("5", "GBP", "timeline")]
    snapshot = build(
        tmp_path, RATES, contract=[contract("C1"), contract("C2", None)], change_order=[*orders, order("6", "GBP", contract_id="C2")]
    )
    assert read_money(snapshot).change_orders == {"T1": (100, 80, None)}
    assert learn(snapshot).change_order_size == 90


def test_monthly_fees_are_a_share_of_prices_in_one_currency(tmp_path: Path) -> None:
    unit = {"contract_id": "C1", "study_id": "T1", "planned_units": 10, "unit_price": 100}
    units = [
        unit | {"deliverable_id": "1", "name": "Project management", "unit_type": "month", "currency": "GBP"},
        unit | {"deliverable_id": "2", "name": "Visits monitored", "unit_type": "visit", "currency": "EUR"},
    ]
    vendor = [{"vendor_id": "V1", "vendor_type": "cro"}]
    snapshot = build(tmp_path, RATES, vendor=vendor, contract=[contract("C1")], deliverable=units)
    budget = read_facts(snapshot).study("T1").budget
    assert budget is not None
    assert budget.monthly_fee_share == pytest.approx(100 / 180)


def test_a_cost_sealed_in_another_currency_is_scored_in_that_currency(tmp_path: Path) -> None:
    rows = merge_rows(trial_rows("T1"), {"fx_rate": RATES})
    rows["study"][0] |= {"status": "locked", "db_lock_dt": TODAY, "act_lpfv": date(2026, 1, 31)}
    snapshot = build_snapshot(tmp_path, rows, TODAY)
    entry = Entry("T1", "cost_at_lock", "EUR", date(2025, 12, 31), "then", 1, dict.fromkeys((0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95), 1.0))
    budget = read_facts(snapshot).study("T1").budget
    assert budget is not None
    (score,) = score_entries([entry], snapshot)
    assert score.actual == pytest.approx(budget.spent / 0.8)
