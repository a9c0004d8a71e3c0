"""The installation's choices reach whatever is computed, because a snapshot is opened with them."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import quarterdeck
from builders import build_snapshot
from quarterdeck.evidence.store import Store
from quarterdeck.measures.evaluate import evaluate
from quarterdeck.vocabulary.choices import Choices
from quarterdeck.vocabulary.settings import Settings

DAY = date(2026, 3, 31)


def line(study: str, currency: str) -> dict[str, object]:
    return {
        "study_id": study, "wbs": "fees", "period": DAY, "currency": currency, "cost_category": "cro_fees",
        "budget_baseline": 100, "budget_current": 100, "actual": 100, "accrual": 0, "forecast": 100,
    }  # fmt: skip


def test_a_measure_is_shown_in_the_currency_of_the_installation_without_being_asked(tmp_path: Path) -> None:
    rates = [{"rate_dt": date(2026, 1, 1), "from_currency": "EUR", "to_currency": "USD", "rate": 1.25, "rate_type": "budget"}]
    build_snapshot(tmp_path, {"budget_line": [line("A", "USD"), line("B", "EUR")], "fx_rate": rates}, DAY)
    settings = Settings(home=tmp_path / "home", base_currency="USD")
    (reading,) = evaluate("estimate_at_completion", Store(settings.evidence_dir, settings.choices).open(), "portfolio")
    assert (reading.unit, reading.value) == ("USD", 225)


def test_two_installations_of_other_choices_do_not_share_what_is_kept_of_a_snapshot(tmp_path: Path) -> None:
    snapshot = build_snapshot(tmp_path, {"study": [{"study_id": "A"}]}, DAY)
    other = Store(tmp_path / "home" / "evidence", Choices(currency="EUR")).open()
    assert other.id == snapshot.id
    assert other.cached("kept", lambda: other.choices.currency) != snapshot.cached("kept", lambda: snapshot.choices.currency)


def test_every_store_of_an_installation_is_opened_with_its_choices() -> None:
    source = Path(quarterdeck.__file__).parent
    forgotten = re.compile(r"\bStore\(.*evidence_dir\)(?!\.current_id)")
    assert [path.name for path in source.rglob("*.py") if forgotten.search(path.read_text(encoding="utf-8"))] == []
