"""What each type accepts, and that nothing else is accepted."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from quarterdeck.evidence.batch import ColumnRule
from quarterdeck.evidence.contracts import Column
from quarterdeck.evidence.values import cleaned, text, typed
from quarterdeck.evidence.workbench import open_workbench


def moment_of(hour: int, minute: int) -> datetime:
    """An instant as parts hold it: UTC without a zone."""
    return datetime(2026, 3, 14, hour, minute)  # noqa: DTZ001


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with open_workbench(tmp_path_factory.mktemp("bench")) as bench:

        def read_value(value: str, kind: str, rule: ColumnRule | None = None, codes: tuple[str, ...] = ()) -> Any:
            column, rule = Column("x", kind, codes=codes), rule or ColumnRule()
            relation = f"(SELECT {cleaned(column, 'v', rule)} AS c FROM (SELECT {text(value)} AS v))"
            return bench.scalar(f"SELECT {typed(column, 'c', rule)} FROM {relation}")

        yield read_value


@pytest.mark.parametrize(("value", "number"), [("12", 12), ("12.0", 12), ("-3", -3), ("+5", 5), ("007", 7), (" 12 ", 12)])
def test_whole_numbers(read: Any, value: str, number: int) -> None:
    assert read(value, "integer") == number


@pytest.mark.parametrize("value", ["12.5", "0x10", "1_000", "1e3", "1,300", "twelve", "NaN", "99999999999999999999"])
def test_no_whole_number_is_guessed(read: Any, value: str) -> None:
    assert read(value, "integer") is None


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-03-14", date(2026, 3, 14)),
        ("20260314", date(2026, 3, 14)),
        ("14-Mar-2026", date(2026, 3, 14)),
        ("14 MAR 2026", date(2026, 3, 14)),
        ("2026-03-14T09:30", date(2026, 3, 14)),
        ("2026-03-14 09:30:01", date(2026, 3, 14)),
        ("46095", date(2026, 3, 14)),
        ("46095.5", date(2026, 3, 14)),
    ],
)
def test_dates(read: Any, value: str, day: date) -> None:
    assert read(value, "date") == day


@pytest.mark.parametrize(
    "value", ["14/03/2026", "03/04/2026", "2026-02-30", "2026-03", "2026", "infinity", "soon", "2026-3-14", "123", "2026-03-14 BC"]
)
def test_no_date_is_guessed(read: Any, value: str) -> None:
    assert read(value, "date") is None


@pytest.mark.parametrize(
    ("value", "partial", "day"),
    [
        ("2026-02", "first", date(2026, 2, 1)),
        ("2026-02", "middle", date(2026, 2, 15)),
        ("2026-02", "last", date(2026, 2, 28)),
        ("2026", "middle", date(2026, 7, 1)),
        ("2026", "last", date(2026, 12, 31)),
        ("2026-UN-UN", "first", date(2026, 1, 1)),
        ("2026-02-14", "first", date(2026, 2, 14)),
    ],
)
def test_partial_dates_are_read_as_the_mapping_says(read: Any, value: str, partial: str, day: date) -> None:
    assert read(value, "date", ColumnRule(partial=partial)) == day


def test_a_stated_format_is_the_only_one_read(read: Any) -> None:
    rule = ColumnRule(date_format=("%d/%m/%Y", "%d.%m.%y"))
    assert read("03/04/2026", "date", rule) == date(2026, 4, 3)
    assert read("03.04.26", "date", rule) == date(2026, 4, 3)
    assert read("2026-04-03", "date", rule) is None


def test_serial_numbers_of_both_excel_calendars(read: Any) -> None:
    assert read("46095", "date", ColumnRule(date_format=("excel",))) == date(2026, 3, 14)
    assert read("44633", "date", ColumnRule(date_format=("excel1904",))) == date(2026, 3, 14)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-03-14T09:30:00Z", moment_of(9, 30)),
        ("2026-03-14T09:30:00+02:00", moment_of(7, 30)),
        ("2026-03-14T09:30-0530", moment_of(15, 0)),
        ("2026-03-14", moment_of(0, 0)),
        ("46095.5", moment_of(12, 0)),
    ],
)
def test_instants_become_utc(read: Any, value: str, moment: datetime) -> None:
    assert read(value, "timestamp") == moment


@pytest.mark.parametrize(("value", "flag"), [("Yes", True), ("n", False), ("TRUE", True), ("0", False), ("maybe", None)])
def test_flags(read: Any, value: str, flag: bool | None) -> None:
    assert read(value, "boolean") is flag


def test_a_flag_may_be_translated(read: Any) -> None:
    assert read("Ja", "boolean", ColumnRule(codes={"ja": "yes", "nein": "no"})) is True


@pytest.mark.parametrize(
    ("value", "amount"),
    [("1234.50", Decimal("1234.5")), ("-7", Decimal(-7)), ("£12", None), ("1,234.50", None), ("1e3", None), ("NA", None)],
)
def test_amounts(read: Any, value: str, amount: Decimal | None) -> None:
    assert read(value, "money") == amount


def test_decimal_commas_signs_and_units_by_mapping(read: Any) -> None:
    assert read("1.234,50", "money", ColumnRule(decimal=",", thousands=".")) == Decimal("1234.5")
    assert read("250", "money", ColumnRule(multiply=-1.0)) == Decimal(-250)
    assert read("6", "integer", ColumnRule(multiply=7.0)) == 42
    assert read("0.5", "integer", ColumnRule(multiply=7.0)) is None


def test_codes_in_any_spelling_of_case_and_blanks_and_no_others(read: Any) -> None:
    codes = ("active", "enrolment_closed")
    assert read("Active", "text", codes=codes) == "active"
    assert read("Enrolment closed", "text", codes=codes) == "enrolment_closed"
    assert read("opened", "text", codes=codes) is None
    assert read("Open", "text", ColumnRule(codes={"open": "active"}), codes) == "active"


@pytest.mark.parametrize(("value", "code"), [("GB", "GB"), ("gbr", "GB"), ("United Kingdom", "GB"), ("NA", "NA"), ("Atlantis", None)])
def test_countries(read: Any, value: str, code: str | None) -> None:
    assert read(value, "country") == code


@pytest.mark.parametrize(("value", "code"), [("eur", "EUR"), ("GBP", "GBP"), ("€", None), ("XYZ", None)])
def test_currencies(read: Any, value: str, code: str | None) -> None:
    assert read(value, "currency") == code


def test_text_may_well_be_na_and_lists_are_divided(read: Any) -> None:
    assert read("NA", "text") == "NA"
    assert read("a; b;;c ", "list") == ["a", "b", "c"]
