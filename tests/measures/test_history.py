"""A measure month by month: what happened in it, what it added, or how things stood at its end."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from builders import build_snapshot
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.measures.catalogue import build_definition, get_definition, load_definitions
from quarterdeck.measures.evaluate import evaluate
from quarterdeck.measures.history import fit_control_chart, get_periods, history
from quarterdeck.vocabulary.errors import BadInput

CUT = date(2026, 6, 30)
CONTRACT = {"contract_id": "C1", "vendor_id": "V1", "start_dt": "2025-06-30", "value": 1000, "currency": "GBP"}


def changed(tmp_path: Path) -> Snapshot:
    """One contract, with a change order in February and two in April."""
    days = ["2026-02-10", "2026-04-01", "2026-04-20"]
    orders = [{"co_id": f"O{i}", "contract_id": "C1", "requested_dt": day, "status": "executed"} for i, day in enumerate(days)]
    return build_snapshot(tmp_path, {"vendor": [{"vendor_id": "V1"}], "contract": [CONTRACT], "change_order": orders}, data_cut=CUT)


def test_what_a_month_added_sums_to_what_there_is(tmp_path: Path) -> None:
    snapshot = changed(tmp_path)
    months = history("change_order_rate", snapshot, periods=get_periods("month", 12, CUT))
    whole = evaluate("change_order_rate", snapshot, "portfolio")[0]
    assert [reading.numerator for reading in months][-5:] == [1, 0, 2, 0, 0]
    assert sum(reading.numerator or 0 for reading in months) == whole.numerator
    assert sum(reading.denominator or 0 for reading in months) == pytest.approx(whole.denominator)


def test_a_month_of_audits_holds_the_audits_reported_in_it(tmp_path: Path) -> None:
    audits = [
        {"audit_id": f"A{i}", "audit_type": "vendor", "vendor_id": "V1", "report_dt": f"2026-0{month}-15"}
        for i, month in enumerate((1, 3, 3, 5))
    ]
    findings = [{"audit_id": "A1", "finding_id": "F1", "grade": "major"}, {"audit_id": "A3", "finding_id": "F2", "grade": "major"}]
    snapshot = build_snapshot(tmp_path, {"vendor": [{"vendor_id": "V1"}], "audit": audits, "audit_finding": findings}, data_cut=CUT)
    months = history("major_findings_per_audit", snapshot, periods=get_periods("month", 6, CUT))
    assert [reading.value for reading in months] == [0, None, 0.5, None, 1, None]
    assert fit_control_chart(months) is not None


def test_every_measure_has_a_history_or_a_reason(tmp_path: Path) -> None:
    snapshot = changed(tmp_path)
    for definition in load_definitions().values():
        if definition.history == "none":
            with pytest.raises(BadInput, match=definition.history_reason[:30]):
                history(definition.id, snapshot)
        else:
            assert not definition.history_reason


def test_a_measure_is_checked_by_somebody_else() -> None:
    for definition in load_definitions().values():
        assert definition.checker not in (definition.owner, definition.author, "")


def test_a_definition_checked_by_its_owner_is_refused() -> None:
    import yaml

    from quarterdeck.measures.catalogue import FOLDER

    content = yaml.safe_load((FOLDER / "query_age.yaml").read_text(encoding="utf-8"))
    content["checker"] = get_definition("query_age").owner
    with pytest.raises(BadInput, match="somebody other than owner and author"):
        build_definition(content, "query_age.yaml")


def test_amounts_without_a_rate_are_not_guessed(tmp_path: Path) -> None:
    invoice = {"vendor_id": "V1", "received_dt": "2026-06-01", "due_dt": "2026-06-15", "status": "approved", "amount": 100}
    rows = [{"invoice_id": "I1", "currency": "EUR", **invoice}, {"invoice_id": "I2", "currency": "USD", **invoice}]
    snapshot = build_snapshot(tmp_path, {"vendor": [{"vendor_id": "V1"}], "invoice": rows}, data_cut=CUT)
    reading = evaluate("invoices_overdue_amount", snapshot, "portfolio")[0]
    assert reading.value is None
    assert reading.reason == "no budget rate from EUR to GBP, USD to GBP"
