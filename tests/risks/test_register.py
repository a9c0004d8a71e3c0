"""The register: cause, event, effect; quantified pictures; workbooks there and back; probabilities scored when they close."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from world import NOW

from quarterdeck.methods import quantified_risk as quant
from quarterdeck.record.database import Record, open_record_at
from quarterdeck.record.permissions import SINGLE_USER
from quarterdeck.risks import actions, register
from quarterdeck.vocabulary.errors import BadInput, NotPermitted

ITEM: dict[str, Any] = {
    "kind": "risk", "title": "Comparator runs out", "cause": "One supplier", "event": "The batch fails", "effect": "Sites stop dosing", "category": "supply",
    "owner": "P1", "probability": 3, "impact_time": 4, "impact_cost": 2, "detectability": 2, "p_annual": 0.2, "cost_p05": 100_000.0, "cost_p95": 900_000.0,
    "days_p05": 10.0, "days_p95": 90.0, "currency": "GBP", "treatment": "mitigate", "treatment_cost": 20_000.0, "residual_p_annual": 0.05,
}  # fmt: skip


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return open_record_at(f"sqlite:///{tmp_path / 'record.sqlite'}")


def add(record: Record, **changes: Any) -> str:
    return actions.raise_item(record, SINGLE_USER, ITEM | changes, "workshop", NOW)


def test_the_quantified_picture_is_that_of_the_exact_law(record: Record) -> None:
    add(record)
    found = register.quantify(register.read_items(record), 1, "GBP")
    assert found is not None
    exact = quant.expected_loss(0.2, quant.Severity.from_percentiles(100_000, 900_000))
    assert abs(found.money.mean - exact) < 3 * found.money.error
    assert found.mitigations[0][1] == pytest.approx(exact * 0.75 - 20_000)
    assert found.tornado[0][0] == "Comparator runs out"


def test_what_has_happened_leaves_the_curve(record: Record) -> None:
    item = add(record)
    actions.move_item(record, SINGLE_USER, item, "materialised", "the batch failed", NOW)
    assert register.quantify(register.read_items(record), 1, "GBP") is None


def test_other_currencies_are_named_not_added(record: Record) -> None:
    add(record)
    other = add(record, currency="USD")
    found = register.quantify(register.read_items(record), 1, "GBP", 1000)
    assert found is not None
    assert found.left_out == (other,)


def test_probabilities_are_scored_when_items_close(record: Record) -> None:
    for i, happened in enumerate([True, False, False, False]):
        item = add(record, p_annual=0.9 if i == 0 else 0.2, owner="P1" if i < 2 else "P2")
        actions.move_item(record, SINGLE_USER, item, "materialised" if happened else "closed", "over", NOW)
    scores = {score.who: score for score in register.score_probabilities(register.read_items(record))}
    assert scores["all"].brier == pytest.approx((0.01 + 3 * 0.04) / 4)
    assert scores["all"].brier_of_base_rate == pytest.approx(0.1875)
    assert scores["P2"].closed == 2
    assert register.bin_reliability(register.read_items(record)) == [(pytest.approx(0.2), 0.0, 3), (pytest.approx(0.9), 1.0, 1)]


def test_a_workbook_goes_out_and_comes_back(record: Record, tmp_path: Path) -> None:
    first = add(record, title="=1+1")
    register.write_workbook(register.read_items(record), tmp_path / "register.xlsx")
    other = open_record_at(f"sqlite:///{tmp_path / 'other.sqlite'}")
    assert register.import_workbook(other, SINGLE_USER, tmp_path / "register.xlsx", NOW) == (1, 0)
    assert register.import_workbook(other, SINGLE_USER, tmp_path / "register.xlsx", NOW) == (0, 0)
    item, _ = register.read_item(other, first)
    assert (item.title, item.p_annual, item.impact_time) == ("=1+1", 0.2, 4)


def test_a_changed_workbook_changes_the_item_and_its_history(record: Record, tmp_path: Path) -> None:
    item = add(record)
    register.write_workbook(register.read_items(record), tmp_path / "r.xlsx")
    actions.change_item(record, SINGLE_USER, item, {"p_annual": 0.5}, "news", NOW)
    assert register.import_workbook(record, SINGLE_USER, tmp_path / "r.xlsx", NOW) == (0, 1)
    history = register.read_item(record, item)[1]
    assert [(h.field, h.old, h.new) for h in history[1:]] == [("p_annual", "0.2", "0.5"), ("p_annual", "0.5", "0.2")]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "worry"}, "Unknown kind"), ({"probability": 6}, "from 1 to 5"), ({"p_annual": 1.2}, "between 0 and 1"), ({"cause": " "}, "cause, event and effect"),
        ({"cost_p05": 10.0, "cost_p95": 5.0}, "5th and 95th"), ({"category": "weather"}, "Unknown category"), ({"colour": "red"}, "Unknown field"),
    ],
)  # fmt: skip
def test_items_that_make_no_sense_are_refused(record: Record, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        add(record, **changes)


def test_an_acceptance_has_an_end_and_shows_up_when_it_is_over(record: Record) -> None:
    item = add(record)
    with pytest.raises(BadInput, match="day on which it ends"):
        actions.move_item(record, SINGLE_USER, item, "accepted", "we live with it", NOW)
    actions.move_item(record, SINGLE_USER, item, "accepted", "we live with it", NOW, date(2026, 9, 1))
    assert register.due_for_review(register.read_items(record), date(2026, 8, 1)) == []
    assert len(register.due_for_review(register.read_items(record), date(2026, 9, 2))) == 1


def test_a_closed_item_does_not_move_by_itself(record: Record) -> None:
    item = add(record)
    actions.move_item(record, SINGLE_USER, item, "closed", "over", NOW)
    with pytest.raises(NotPermitted, match="not possible"):
        actions.move_item(record, SINGLE_USER, item, "treating", "again", NOW)


def test_the_priority_is_the_product_and_the_rank_uses_the_largest_impact(record: Record) -> None:
    item, _ = register.read_item(record, add(record))
    assert register.priority_number(item) == 3 * 4 * 2
    assert register.rank_qualitatively(item) == pytest.approx(10 * 12 / 25)
