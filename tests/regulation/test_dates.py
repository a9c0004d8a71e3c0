"""Dates are typed by their own words; ranges, moves and history are told apart; nothing is invented."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.regulation.dates import extract_dates, find_conflicts
from quarterdeck.regulation.mentions import find_mentions

CLOSE, EFFECTIVE, MEETING, UNTIL, APPLIES = "comment_close", "effective", "meeting", "applicable_until", "applies_from"
CASES = [
    ("DATES: Please send what you think of the plan, as comments, by 3 March 2031.", [(CLOSE, "2031-03-03")]),
    ("DATES: The rule takes effect on June 2, 2031.", [(EFFECTIVE, "2031-06-02")]),
    ("DATES: The start of the rule printed on May 1, 2031 is delayed from June 2, 2031, to July 9, 2031; the effective date moves.", []),
    ("DATES: The effective date is delayed from June 2, 2031 to July 9, 2031.", [(EFFECTIVE, "2031-07-09")]),
    (
        "DATES: The closure is effective 1 p.m., June 2, 2031, through 2400 hours, December 31, 2031.",
        [(EFFECTIVE, "2031-06-02"), (UNTIL, "2031-12-31")],
    ),
    ("DATES: This rule is effective from 8 a.m. until 3 p.m. on June 2, 2031.", [(EFFECTIVE, "2031-06-02")]),
    (
        "DATES: The comment period for the proposal published May 6, 2031 (96 FR 37456), is extended from July 5, 2031, to July 22, 2031.",
        [(CLOSE, "2031-07-22")],
    ),
    (
        "DATES: The period of the notice, which closed on July 31, 2031, for comment is reopened until September 15, 2031.",
        [(CLOSE, "2031-09-15")],
    ),
    ("DATES: Nominations received on or before July 15, 2031, will be looked at first.", []),
    ("DATES: Applications are due May 20, 2031.", []),
    (
        "DATES: The workshop will be held on May 20 and 21, 2031. Comments must be submitted by June 21, 2031.",
        [(MEETING, "2031-05-20"), (CLOSE, "2031-06-21")],
    ),
    ("DATES: Thursday, May 8, 2031, 6:00 p.m.", [(MEETING, "2031-05-08")]),
    ("DATES: Applicable May 3, 2031.", [(EFFECTIVE, "2031-05-03")]),
    (
        "DATES: Effective August 12, 2031. Compliance date: The compliance date is February 12, 2033.",
        [(EFFECTIVE, "2031-08-12"), (APPLIES, "2033-02-12")],
    ),
    ("This consultation closes at 11:45pm on 14 March 2031.", [(CLOSE, "2031-03-14")]),
    ("This Regulation shall apply from 31 January 2031.", [(EFFECTIVE, "2031-01-31")]),
    ("These Regulations come into force on 28th April 2031.", [(EFFECTIVE, "2031-04-28")]),
    (
        "DATES: This rule is effective August 5, 2031 without further action, unless adverse comment is received by July 5, 2031.",
        [(EFFECTIVE, "2031-08-05"), (CLOSE, "2031-07-05")],
    ),
    (
        "DATES: The waiver is effective January 1, 2031 and expires on December 31, 2031.",
        [(EFFECTIVE, "2031-01-01"), (UNTIL, "2031-12-31")],
    ),
    ("DATES: The order is revoked as of January 16, 2031.", [(EFFECTIVE, "2031-01-16")]),
    ("The study was published on 4 May 2031.", []),
    ("DATES: You may comment at any time.", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text[7:60] for text, _ in CASES])
def test_a_date_gets_the_kind_that_its_words_say(text: str, expected: list[tuple[str, str]]) -> None:
    assert sorted((f.kind, str(f.date)) for f in extract_dates(text) if f.date) == sorted(expected)


def test_the_span_leads_back_to_the_words() -> None:
    text = "DATES: The rule is effective June 2, 2031."
    (fact,) = extract_dates(text)
    assert fact.span.of(text) == "June 2, 2031"
    assert "is effective" in fact.phrase


def test_a_relative_deadline_stays_an_expression_and_shows_its_sum() -> None:
    text = "DATES: Comments must be received no later than 30 days after date of publication in the Federal Register."
    (unknown,) = extract_dates(text)
    assert unknown.date is None
    assert unknown.computed is None
    (known,) = extract_dates(text, published=date(2031, 1, 10))
    assert known.date is None
    assert known.computed == date(2031, 2, 9)
    assert known.formula == "publication 2031-01-10 + 30 days"


def test_a_british_instrument_counts_from_the_day_it_was_made() -> None:
    (fact,) = extract_dates(
        "Made: 28th April 2031\n\n(2) These Regulations come into force 12 months after the day on which they are made."
    )
    assert (fact.kind, fact.date, fact.computed, fact.formula) == ("effective", None, date(2032, 4, 28), "made 2031-04-28 + 12 months")


def test_two_effective_dates_in_one_document_are_a_conflict_to_be_shown() -> None:
    facts = extract_dates("The rule comes into force on 28 April 2031. Elsewhere: the rule comes into force on 10 April 2031.")
    assert find_conflicts(facts) == {"effective": [date(2031, 4, 10), date(2031, 4, 28)]}


def test_only_the_paragraph_of_dates_is_read_also_on_one_line() -> None:
    text = "SUMMARY: Rules in effect since May 1, 2020. DATES: Effective June 2, 2031. ADDRESSES: Comments by July 9, 2031 go to the docket. SUPPLEMENTARY INFORMATION: The rule is effective May 3, 2033."
    assert [(f.kind, str(f.date)) for f in extract_dates(text)] == [(EFFECTIVE, "2031-06-02")]


def test_a_date_without_a_year_takes_the_year_that_follows() -> None:
    assert [m.first for m in find_mentions("June 15 through June 18, 2031")] == [date(2031, 6, 15), date(2031, 6, 18)]


def test_the_thirty_first_of_february_is_no_date() -> None:
    assert find_mentions("on February 31, 2031") == []


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=300))
def test_no_text_breaks_the_extractor_and_every_span_lies_inside(text: str) -> None:
    for fact in extract_dates(f"DATES: {text}"):
        assert 0 <= fact.span.start <= fact.span.end <= len(text) + 7


@settings(deadline=None, max_examples=60)
@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2099, 12, 31)))
def test_every_day_is_read_in_three_spellings(day: date) -> None:
    for text in (f"{day:%B} {day.day}, {day.year}", f"{day.day} {day:%B} {day.year}", day.isoformat()):
        assert [m.first for m in find_mentions(text)] == [day]


def test_the_development_set_is_met(shared_data: Path) -> None:
    rows = [json.loads(line) for line in (shared_data / "regulatory/eval/dates_dev.jsonl").read_text().splitlines()]
    right = sum(
        {(g["type"], g["date"]) for g in row["gold"]} == {(f.kind, str(f.date)) for f in extract_dates(row["text"]) if f.date}
        for row in rows
    )
    assert right >= 0.97 * len(rows)
