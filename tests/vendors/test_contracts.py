"""Contracts worked by hand: split, delay incentive, burn, exit; change orders line by line; bids; allocation; negotiation."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from quarterdeck.methods.phrase_matching import match_phrases
from quarterdeck.vendors.allocation import Offer, WorkPackage, allocate
from quarterdeck.vendors.change_orders import Line, find_cause, read_lines, review_change_order
from quarterdeck.vendors.contracts import Contract, Unit, measure_burn, measure_concentration, price_delay, price_exit, split_value
from quarterdeck.vendors.negotiation import Outlook, prepare_position, value_package
from quarterdeck.vendors.selection import Assumptions, Bid, compare_bids
from quarterdeck.vocabulary.errors import BadInput, NotFound


def unit(name: str, kind: str, planned: float, price: float, actual: float = 0) -> Unit:
    return Unit(name, name, kind, Decimal(str(planned)), Decimal(str(actual)), Decimal(str(price)))


def by_hand() -> Contract:
    """£2,400,000 over 24 months: £60,000 a month is £1,440,000 by time (60%), 400 visits at £2,400 are £960,000 (40%)."""
    start = date(2025, 1, 1)
    return Contract(
        "C-1", "V1", "S1", "GBP", Decimal(2_400_000), start, date.fromordinal(start.toordinal() + round(24 * 30.4375)),
        (unit("Project management month", "month", 24, 60_000, 12), unit("Monitoring visit", "unit", 400, 2_400, 180)),
        invoiced=Decimal(1_000_000), notice_days=61,
    )  # fmt: skip


def test_a_sixty_forty_contract_pays_sixty_thousand_a_month_of_slip() -> None:
    split, incentive = split_value(by_hand()), price_delay(by_hand())
    assert (split.time, split.unit, split.fixed) == (0.6, 0.4, 0.0)
    assert float(incentive.per_month.amount) == pytest.approx(60_000, rel=1e-3)
    assert incentive.share_of_value == pytest.approx(0.025, rel=1e-3)
    assert [name for name, _ in incentive.carried_by] == ["Project management month"]


def test_work_done_against_invoices_gives_the_accrual() -> None:
    burn = measure_burn(by_hand())
    assert burn.work_done.amount == 12 * 60_000 + 180 * 2_400
    assert burn.accrual.amount == Decimal(1_152_000 - 1_000_000)


def test_leaving_costs_the_notice_months_and_the_work_not_invoiced() -> None:
    cost = price_exit(by_hand(), date(2026, 1, 1))
    assert float(cost.amount) == pytest.approx(60_000 * 61 / 30.4375 + 152_000, rel=1e-3)


@pytest.mark.parametrize(
    ("words", "way"),
    [
        ("month", "time"),
        ("Monthly fee", "time"),
        ("per_month", "time"),
        ("milestone", "fixed"),
        ("pass_through", "pass_through"),
        ("visit", "unit"),
    ],
)
def test_unit_types_are_read_by_their_first_words(words: str, way: str) -> None:
    assert unit("x", words, 1, 1).paid_by == way


def test_a_currency_without_a_stated_rate_is_left_out_of_concentration() -> None:
    euro = Contract("C-2", "V2", "S2", "EUR", Decimal(100), None, None, ())
    yen = Contract("C-3", "V3", "S3", "JPY", Decimal(10_000), None, None, ())
    shares, index = measure_concentration([by_hand(), euro, yen], {"EUR": Decimal("0.5")}, "GBP", date(2025, 6, 1))
    assert {entry.vendor_id for entry in shares} == {"V1", "V2"}
    assert index == pytest.approx(1, abs=1e-3)


def line(description: str, quantity: float, price: float, amount: float | None = None, reason: str = "") -> Line:
    total = Decimal(str(amount)) if amount is not None else Decimal(str(quantity)) * Decimal(str(price))
    return Line(2, description, Decimal(str(quantity)), Decimal(str(price)), total, reason)


def test_units_still_unused_in_the_contract_are_disputed_once() -> None:
    lines = [line("Monitoring visits", 200, 2_400), line("Extra monitoring visit", 100, 2_400)]
    review = review_change_order(by_hand(), lines)
    covered = [entry.disputable for entry in review.lines]
    assert covered == [200 * 2_400, 20 * 2_400]  # 220 of 400 are unused: 200 to the first line, 20 left for the second


def test_a_price_above_the_contract_is_disputed_by_the_difference() -> None:
    used_up = Contract(**{**_fields(by_hand()), "units": (unit("Monitoring visit", "unit", 400, 2_400, 400),)})
    review = review_change_order(used_up, [line("Monitoring visit", 10, 3_000)])
    assert review.lines[0].disputable == 6_000
    assert review.lines[0].objections[0].kind == "price"


def test_work_done_again_after_an_error_is_disputed_whole() -> None:
    review = review_change_order(by_hand(), [line("Retraining of monitors", 1, 20_000, reason="Rework after data transfer error")])
    assert review.lines[0].cause == "vendor_error"
    assert review.disputable.amount == 20_000


def test_a_repeated_line_and_a_wrong_sum_are_found() -> None:
    review = review_change_order(
        by_hand(), [line("Biostatistics support", 2, 500), line("Biostatistics support", 2, 500), line("Travel", 3, 100, 450)]
    )
    assert [sorted(o.kind for o in entry.objections) for entry in review.lines] == [[], ["repeated"], ["arithmetic"]]
    assert review.lines[2].disputable == 150


def test_no_line_is_disputed_for_more_than_it_asks() -> None:
    for entry in review_change_order(by_hand(), [line("Monitoring visit", 1_000, 9_000, reason="error")]).lines:
        assert 0 <= entry.disputable <= entry.line.amount


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("Protocol amendment 3 adds an assessment", "protocol_amendment"),
        ("Trial extended by four months", "timeline"),
        ("CPI indexation", "inflation_fx"),
        ("", "other"),
    ],
)
def test_causes_are_read_from_the_justification(reason: str, cause: str) -> None:
    assert find_cause(line("Work", 1, 1, reason=reason))[0] == cause


def test_a_change_order_in_another_currency_is_refused() -> None:
    with pytest.raises(BadInput, match="USD"):
        review_change_order(by_hand(), [line("Work", 1, 1)], currency="USD")


def test_abbreviations_and_spelling_still_match() -> None:
    offered = ["Site initiation visit", "Monitoring visit", "Project management month", "Data page reviewed"]
    positions, likeness = match_phrases(["SIVs", "Montioring visits", "PM months", "eCRF pages review", "Catering"], offered)
    assert list(positions[:4]) == [0, 1, 2, 3]
    assert likeness[4] < 0.38


def test_a_change_order_file_with_totals_is_read_and_totals_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "co.csv"
    path.write_text(
        "Task;Qty;Unit price;Total;Justification\nMonitoring visit;10;2,400;24,000;New sites\nTotal;;;24,000;\n", encoding="utf-8"
    )
    lines, _, notices = read_lines(path)
    assert [(entry.quantity, entry.amount) for entry in lines] == [(10, 24_000)]
    assert len(notices) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n", "columns"),
        ("description,amount\nWork,lots\n", "line 2, amount: 'lots'"),
        ("", "no rows"),
        ("description,amount,currency\nA,1,GBP\nB,2,EUR\n", "one currency"),
    ],
)
def test_a_file_that_is_no_change_order_is_refused_with_the_place(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "co.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match=message):
        read_lines(path)
    with pytest.raises(NotFound):
        read_lines(tmp_path / "absent.xlsx")


def test_a_damaged_workbook_is_refused_without_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "co.xlsx"
    path.write_bytes(b"PK\x03\x04 not a workbook")
    with pytest.raises(BadInput, match="cannot be read"):
        read_lines(path)


ASSUMED = Assumptions(months=24, sites=40, participants=300)


def bid(vendor: str, **changes: object) -> Bid:
    return Bid(
        **{
            "vendor": vendor,
            "currency": "GBP",
            "fixed": 2e5,
            "per_month": 3e4,
            "per_site_month": 600.0,
            "per_visit": 900.0,
            "per_participant": 800.0,
            "pass_through": 3e5,
            **changes,
        }
    )  # type: ignore[arg-type]


def test_bids_priced_for_a_shorter_trial_are_brought_to_the_same_length() -> None:
    result = compare_bids([bid("A"), bid("B", assumed_months=18.0)], ASSUMED, {"cost": 1})
    short = next(outcome for outcome in result.outcomes if outcome.vendor == "B")
    assert short.as_bid.amount < short.normalised.amount
    assert any("18 months" in notice for notice in result.notices)


def test_equal_bids_have_equal_futures() -> None:
    a, b = compare_bids([bid("A"), bid("B")], ASSUMED, {"cost": 1, "time": 1}).outcomes
    assert a.cost_median == b.cost_median
    assert a.months_high == b.months_high


def test_the_choice_flips_where_the_weights_say_so() -> None:
    cheap_and_slow, dear_and_quick = bid("Cheap", per_month=2e4, slip_factor=2.5), bid("Quick", per_month=4e4, slip_factor=0.6)
    result = compare_bids([cheap_and_slow, dear_and_quick], ASSUMED, {"cost": 0.95, "time": 0.05})
    flips = {name: (weight, leader) for name, weight, leader in result.flips}
    assert result.outcomes[0].vendor == "Cheap"
    assert flips["time"][1] == "Quick"
    moved = compare_bids(
        [cheap_and_slow, dear_and_quick], ASSUMED, {"cost": 1 - float(flips["time"][0] or 0), "time": float(flips["time"][0] or 0)}
    )
    assert moved.outcomes[0].vendor == "Quick"


def test_a_bid_that_is_not_qualified_is_left_out_and_named() -> None:
    result = compare_bids([bid("A"), bid("B"), bid("C", is_qualified=False)], ASSUMED, {"cost": 1})
    assert result.left_out == (("C", "not qualified"),)
    with pytest.raises(BadInput, match="two qualified"):
        compare_bids([bid("A"), bid("B", is_qualified=False)], ASSUMED, {"cost": 1})


def test_allocation_finds_what_trying_everything_finds() -> None:
    """Slow twin: all assignments of five packages to three vendors."""
    rng = np.random.default_rng(5)
    packages = [WorkPackage(f"P{i}", 1.0, "A" if i < 2 else "") for i in range(5)]
    offers = [
        Offer("A", 2),
        Offer("B", 3, start_cost=5, is_new=True, switching_cost=2),
        Offer("C", 5, start_cost=9, is_new=True, switching_cost=1),
    ]
    cost, qualified = rng.uniform(5, 20, (5, 3)), rng.random((5, 3)) > 0.15
    best = np.inf
    for chosen in itertools.product(range(3), repeat=5):
        if not all(qualified[i, k] for i, k in enumerate(chosen)):
            continue
        counts = np.bincount(chosen, minlength=3)
        if (counts > [2, 3, 3]).any():  # C is bound by the largest share of 60 %
            continue
        total = sum(
            cost[i, k] + (offers[k].switching_cost if packages[i].incumbent not in ("", offers[k].vendor) else 0)
            for i, k in enumerate(chosen)
        )
        best = min(best, total + sum(offers[k].start_cost for k in set(chosen)))
    assert allocate(packages, offers, cost, qualified, largest_share=0.6).cost == pytest.approx(best, rel=0.01)


def test_an_impossible_allocation_says_what_is_in_the_way() -> None:
    packages, offers = [WorkPackage("P1", 5), WorkPackage("P2", 5)], [Offer("A", 5), Offer("B", 2)]
    with pytest.raises(BadInput, match="No allocation fits"):
        allocate(packages, offers, np.ones((2, 2)), np.ones((2, 2), dtype=bool))
    with pytest.raises(BadInput, match="P2"):
        allocate(packages, offers, np.ones((2, 2)), np.array([[True, True], [False, False]]))


def test_levers_are_priced_on_the_contract_and_delay_levers_count_once() -> None:
    position = prepare_position(by_hand(), Outlook(slip_months=np.array([2.0, 4.0, 6.0])), date(2026, 1, 1))
    values = {lever.name: float(lever.value.amount) for lever in position.levers}
    assert values["unit cap"] == pytest.approx(60_000 * 4 * 0.5, rel=0.02)
    assert values["milestone share"] == pytest.approx(60_000 * 4 * 0.3, rel=0.02)
    both = value_package(position, ["unit cap", "milestone share"])
    assert float(both.value.amount) == pytest.approx(values["unit cap"], rel=1e-6)


def _fields(contract: Contract) -> dict[str, object]:
    return {name: getattr(contract, name) for name in Contract.__slots__}
