"""A vendor room's record for tests: a reviewed change order, promises kept and broken, a meeting, a selection from the bid room."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.record.database import Record
from quarterdeck.record.permissions import SINGLE_USER
from quarterdeck.vendors import actions
from quarterdeck.vendors.change_orders import read_lines, review_change_order
from quarterdeck.vendors.contracts import Contract, read_contracts
from quarterdeck.vendors.selection import Assumptions, Bid, compare_bids
from quarterdeck.vocabulary.plain import to_plain


def make_change_order(path: Path, contract: Contract) -> Path:
    """An XLSX of four lines against a contract: too dear, a repeated mistake, work in the contract, and new work."""
    from openpyxl import Workbook

    unit = next(u for u in contract.units if u.paid_by == "unit")
    month = next(u for u in contract.units if u.paid_by == "time")
    rows = [
        ("Description", "Quantity", "Unit price", "Amount", "Justification"),
        (unit.name, 20, float(unit.price) * 1.3, float(unit.price) * 26, "Additional sites"),
        ("Rework of monitoring reports", 1, 9_500, 9_500, "Correction of vendor error"),
        (month.name, 2, float(month.price), float(month.price) * 2, "Extension: site activation was late"),
        ("Translation of the patient diary", 3, 4_200, 12_600, "Amendment of the protocol"),
    ]
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def review_one(record: Record, snapshot: Snapshot, vendor: str, folder: Path, now: datetime) -> str:
    """A change order of a vendor's first contract with units, matched and kept; its id."""
    contract = next(c for c in read_contracts(snapshot, vendor) if {"unit", "time"} <= {u.paid_by for u in c.units})
    path = make_change_order(folder / "change-order-7.xlsx", contract)
    lines, currency, notices = read_lines(path)
    review = review_change_order(contract, lines, read_contracts(snapshot), currency)
    return actions.record_change_order(record, SINGLE_USER, review, path, {**to_plain(review), "file_notices": notices}, snapshot.id, now)


def promise_two(record: Record, vendor: str, now: datetime) -> str:
    """A meeting with two promises, one kept and one broken; its id."""
    meeting = actions.record_review(record, SINGLE_USER, vendor, date(2026, 8, 3), "Reports come late since two monitors left.", "", now)
    for words, state in (("Monitoring reports within 15 days", "broken"), ("A named back-up monitor in each country", "kept")):
        promise = actions.Promise(vendor, "vendor", words, "Vendor lead", date(2026, 10, 1))
        name = actions.record_promise(record, SINGLE_USER, promise, now, meeting)
        actions.settle_promise(record, SINGLE_USER, name, state, "As the figures of October show.", now)
    actions.record_promise(
        record, SINGLE_USER, actions.Promise(vendor, "sponsor", "Pay invoices in 30 days", "Finance", date(2027, 1, 31)), now, meeting
    )
    return meeting


def select_one(record: Record, vendor: str, now: datetime) -> str:
    """A selection decided on three bids; its id."""
    bids = [
        Bid(vendor, "GBP", 400_000, 30_000, 700, 900, 1_500, 300_000, quality=0.6), Bid("Second bidder", "GBP", 900_000, 12_000, 650, 950, 1_700, 280_000, quality=0.5),
        Bid("Third bidder", "GBP", 500_000, 38_000, 800, 880, 1_400, 310_000, quality=0.8, slip_factor=0.7),
    ]  # fmt: skip
    result = compare_bids(bids, Assumptions(30, 40, 300), {"cost": 0.5, "time": 0.2, "risk": 0.1, "quality": 0.2})
    decision = {
        "title": "The next phase 3 trial", "chosen_vendor": vendor, "rationale": "Its team is known to us and its bid holds under delay.", "risk_tier": "medium",
        "oversight_plan": "Agreed measures each month, one audit in the first year.", "subcontractors": "A central laboratory",
    }  # fmt: skip
    return actions.decide_selection(record, SINGLE_USER, decision, to_plain(result), now + timedelta(seconds=1))


def fill_vendor_record(record: Record, snapshot: Snapshot, vendor: str, folder: Path, now: datetime) -> dict[str, str]:
    """All of the above about one vendor; the facts that papers may rest on, by kind."""
    return {
        "review": f"review:{review_one(record, snapshot, vendor, folder, now)}",
        "meeting": f"meeting:{promise_two(record, vendor, now)}",
        "selection": f"selection:{select_one(record, vendor, now)}",
    }
