"""Numbers that could be read in two ways, are rounded, count twice or lie below nought: refused with the way out, or said."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from quarterdeck.connectors.load import load_paths
from quarterdeck.evidence import workbench
from quarterdeck.evidence.load import LoadResult
from quarterdeck.evidence.mapping import SourceMapping, read_mappings
from quarterdeck.evidence.quarantine import export_quarantine
from quarterdeck.evidence.store import Store

NOW = datetime(2026, 7, 1, tzinfo=UTC)
HEADER = "study_id;wbs;period;currency;actual\n"


def load(tmp_path: Path, name: str, content: str, mapping: str = "", extent: str = "changes") -> LoadResult:
    folder = tmp_path / f"in{len(list(tmp_path.glob('in*')))}"
    folder.mkdir()
    (folder / name).write_text(content, encoding="utf-8")
    if mapping:
        (tmp_path / "m.yaml").write_text(mapping, encoding="utf-8")
        return load_paths(Store(tmp_path / "evidence"), [folder], NOW, mapping=read_mappings([tmp_path / "m.yaml"]))
    return load_paths(Store(tmp_path / "evidence"), [folder], NOW, mapping=SourceMapping(source="folder", extent=extent))


def actuals(tmp_path: Path) -> list[float]:
    found = Store(tmp_path / "evidence").open().query("SELECT actual FROM budget_line ORDER BY study_id, wbs, period").to_pylist()
    return [float(row["actual"]) for row in found]


@pytest.mark.parametrize("large", [0, workbench.LARGE], ids=["held in memory", "row by row"])
def test_a_point_that_may_part_thousands_is_refused_beside_semicolons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: int) -> None:
    monkeypatch.setattr(workbench, "LARGE", large)
    lines = "".join(f"A;{n};2026-01-31;EUR;{value}\n" for n, value in enumerate(("50.000", "-1.234", "50", "50.25", "0.125", "1234.567")))
    result = load(tmp_path, "budget_line.csv", HEADER + lines)
    assert [reject["value"] for reject in result.rejects] == ["50.000", "-1.234"]
    assert all("does a point part thousands here" in str(reject["reason"]) for reject in result.rejects)
    assert actuals(tmp_path) == [50, 50.25, 0.125, 1234.567]


@pytest.mark.parametrize(("stated", "amount"), [('decimal: "."', 50.0), ('decimal: ","\n    thousands: "."', 50_000.0)])
def test_a_mapping_says_what_the_point_is(tmp_path: Path, stated: str, amount: float) -> None:
    mapping = f"source: finance\nfiles:\n  - match: '*'\n    table: budget_line\n    {stated}\n"
    assert load(tmp_path, "ledger.csv", HEADER + "A;1;2026-01-31;EUR;50.000\n", mapping).loaded == 1
    assert actuals(tmp_path) == [amount]


def test_a_point_is_not_in_doubt_beside_commas(tmp_path: Path) -> None:
    assert load(tmp_path, "budget_line.csv", (HEADER + "A;1;2026-01-31;EUR;50.000\n").replace(";", ",")).loaded == 1


def test_a_doubted_amount_that_was_not_corrected_stays_aside(tmp_path: Path) -> None:
    load(tmp_path, "budget_line.csv", HEADER + "A;1;2026-01-31;EUR;50.000\n")
    (written,) = export_quarantine(Store(tmp_path / "evidence").open(), tmp_path / "fix")
    again = load(tmp_path, "budget_line.csv", written.read_text(encoding="utf-8-sig"))
    assert (again.loaded, again.quarantined) == (0, 1)
    corrected = load(tmp_path, "budget_line.csv", written.read_text(encoding="utf-8-sig").replace("50.000,", "50000,", 1))
    assert corrected.loaded == 1
    assert actuals(tmp_path) == [50_000]


@pytest.mark.parametrize("value", ["50000,00", "1.234,50", "50 000", "50'000"])
def test_the_refusal_of_a_comma_or_blank_names_the_way_out(tmp_path: Path, value: str) -> None:
    (reject,) = load(tmp_path, "budget_line.csv", HEADER + f"A;1;2026-01-31;EUR;{value}\n").rejects
    assert "state `decimal:` and `thousands:` in a mapping" in str(reject["reason"])


@pytest.mark.parametrize("large", [0, workbench.LARGE], ids=["held in memory", "row by row"])
def test_rounding_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: int) -> None:
    monkeypatch.setattr(workbench, "LARGE", large)
    rates = "rate_dt,from_currency,to_currency,rate,rate_type\n2026-01-01,EUR,GBP,0.123456789012,budget\n2026-01-01,USD,GBP,0.5000000000,budget\n2026-01-01,CHF,GBP,0.9000000000000001,budget\n"
    assert "fx_rate.rate: 1 value rounded to 8 decimals, which is what is kept" in load(tmp_path, "fx_rate.csv", rates).notices


def test_a_credit_may_be_booked(tmp_path: Path) -> None:
    assert load(tmp_path, "budget_line.csv", HEADER + "A;1;2026-01-31;EUR;-1500\n").loaded == 1


def test_a_second_day_of_the_same_month_is_set_aside(tmp_path: Path) -> None:
    load(tmp_path, "budget_line.csv", HEADER + "A;1;2026-01-31;EUR;10\nA;1;2026-02-28;EUR;20\n")
    result = load(tmp_path, "budget_line_2.csv", HEADER + "A;1;2026-01-01;EUR;11\nA;1;2026-02-28;EUR;21\nA;2;2026-01-01;EUR;30\n")
    (reject,) = result.rejects
    assert (reject["_line"], reject["kind"]) == (2, "duplicate")
    assert "also there as 2026-01-31 (budget_line.csv line 2), and would count twice" in str(reject["reason"])
    assert actuals(tmp_path) == [10, 21, 30]


def test_two_days_of_one_month_in_one_file_are_both_set_aside(tmp_path: Path) -> None:
    result = load(tmp_path, "budget_line.csv", HEADER + "A;1;2026-01-01;EUR;11\nA;1;2026-01-31;EUR;10\nA;2;2026-01-31;EUR;5\n")
    assert (result.loaded, result.quarantined) == (1, 2)


def test_a_full_extract_may_move_its_days(tmp_path: Path) -> None:
    load(tmp_path, "budget_line.csv", HEADER + "A;1;2026-01-01;EUR;11\n", extent="full")
    assert load(tmp_path, "budget_line.csv", HEADER + "A;1;2026-01-31;EUR;10\n", extent="full").loaded == 1
    assert actuals(tmp_path) == [10]
