"""Numbers, dates, money and probabilities read as a British director expects."""

from __future__ import annotations

import doctest
from datetime import date
from decimal import Decimal
from importlib import import_module
from pkgutil import iter_modules

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck import vocabulary
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.money import Money
from quarterdeck.vocabulary.period import Period
from quarterdeck.vocabulary.reading import Reading, Scope
from quarterdeck.vocabulary.verdict import NotAssessed


@pytest.mark.parametrize("module", [module.name for module in iter_modules(vocabulary.__path__)])
def test_the_examples_in_docstrings_are_true(module: str) -> None:
    assert doctest.testmod(import_module(f"quarterdeck.vocabulary.{module}")).failed == 0


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (457, "£457"),
        (12300, "£12,300"),
        (18_400_000, "£18.4 million"),
        (999_960, "£1.0 million"),
        (-2_000_000, "−£2.0 million"),
        (1.2e9, "£1.20 billion"),
    ],
)
def test_money_reads_in_the_unit_a_person_would_say(amount: float, text: str) -> None:
    assert wording.money(amount, "GBP") == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.021, "2.1%"), (-0.03, "−3.0%"), (0.99996, "over 99.9%"), (0.00001, "under 0.1%"), (0, "0.0%"), (1, "100.0%")]
)
def test_a_share_is_never_rounded_to_a_certainty_it_has_not(value: float, text: str) -> None:
    assert wording.share(value) == text


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0.0, "under 1%"), (0.004, "under 1%"), (0.01, "1%"), (0.5, "50%"), (0.99, "99%"), (0.997, "over 99%"), (1.0, "over 99%")],
)
def test_a_chance_is_never_called_certain_though_every_draw_agreed(probability: float, text: str) -> None:
    assert wording.chance(probability) == text
    assert wording.in_unit(probability, "probability") == text


def test_periods_are_named_as_people_name_them() -> None:
    assert wording.period(Period.quarter(2026, 3)) == "Q3 2026 (Jul to Sep)"
    assert wording.period(Period.year(2026)) == "2026"
    assert wording.period(Period.month(2026, 11)) == "November 2026"


@pytest.mark.parametrize(
    ("days", "text"), [(0, "on time"), (3, "3 days late"), (-14, "14 days early"), (304, "10 months late"), (900, "2.5 years late")]
)
def test_slips_read_in_words(days: float, text: str) -> None:
    assert wording.late(days) == text


@given(st.floats(0, 1))
def test_every_probability_has_a_word_and_rises_with_it(p: float) -> None:
    words = [word for _, word in wording.LADDER]
    assert words.index(wording.likelihood(p)) <= words.index(wording.likelihood(min(1.0, p + 0.2)))


@given(st.floats(-1e12, 1e12))
def test_no_number_shows_a_negative_zero_or_an_ascii_minus(x: float) -> None:
    text = wording.number(x)
    assert "-" not in text
    assert text != "−0"


def test_two_currencies_never_add() -> None:
    with pytest.raises(BadInput, match="GBP and EUR"):
        Money(Decimal(1), "GBP") + Money(Decimal(1), "EUR")


def test_a_reading_needs_a_value_or_a_reason_and_not_both() -> None:
    with pytest.raises(BadInput):
        Reading("m", Scope(), "days")
    with pytest.raises(BadInput):
        Reading("m", Scope(), "days", value=1.0, not_assessed=NotAssessed.TOO_FEW)


def test_an_interval_runs_upwards_and_has_a_level() -> None:
    with pytest.raises(BadInput):
        Interval(2, 1)
    with pytest.raises(BadInput):
        Interval(1, 2, 1.0)


@given(st.dates(date(2000, 1, 1), date(2050, 12, 31)))
def test_every_day_lies_in_its_quarter(day: date) -> None:
    assert day in Period.quarter_of(day)
    assert day in Period.twelve_months_to(day)
    assert Period.twelve_months_to(day).days in (365, 366)


@pytest.mark.parametrize(
    ("noun", "text"), [("country", "2 countries"), ("trial day", "2 trial days"), ("entry", "2 entries"), ("site", "2 sites")]
)
def test_several_things_are_written_as_english_writes_them(noun: str, text: str) -> None:
    assert wording.plural(2, noun) == text
