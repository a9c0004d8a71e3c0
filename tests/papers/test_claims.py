"""Sentences bound to facts, and what the grammar refuses."""

from __future__ import annotations

import pytest

from paper_builders import make_reading, sample_facts
from quarterdeck.papers.claims import ClaimRefused, Slot, check_bounds, claim, unbound_tokens
from quarterdeck.papers.derived import derived_id
from quarterdeck.papers.strength import load_strengths, outlook
from quarterdeck.vocabulary.errors import NotFound

VARIANCE = "reading:budget_variance_year/portfolio/"


def facts_with(p_target: float = 0.5, **more: object):  # type: ignore[no-untyped-def]
    return sample_facts(readings=[make_reading("budget_variance_year", value=0.062, p_target=p_target)], findings=[], **more)


def test_a_claim_binds_every_value_it_shows() -> None:
    line = claim(facts_with(), "{measure} was {value}.", measure="measure:budget_variance_year", value=VARIANCE)
    assert line.text.startswith("Budget variance was 6.2%.")
    assert unbound_tokens(line) == []
    check_bounds(line)


def test_an_estimate_never_stands_without_its_interval() -> None:
    line = claim(facts_with(), "It was {value}.", value=VARIANCE)
    assert "between 4.9% and 7.5% (90% interval)" in line.text


def test_an_interval_that_is_shown_is_not_said_twice() -> None:
    line = claim(facts_with(), "It was {value}, {interval}.", value=VARIANCE, interval=Slot(VARIANCE, "interval"))
    assert line.text.count("interval") == 1


def test_on_track_is_refused_below_its_probability() -> None:
    with pytest.raises(ClaimRefused, match="does not carry"):
        claim(facts_with(0.79), "It is on track at {p}.", "", f"{VARIANCE}#p_target", p=Slot(f"{VARIANCE}#p_target", "chance"))


def test_on_track_is_allowed_at_its_probability() -> None:
    assert (
        "on track"
        in claim(facts_with(0.8), "It is on track at {p}.", "", f"{VARIANCE}#p_target", p=Slot(f"{VARIANCE}#p_target", "chance")).text
    )


def test_a_word_of_strength_without_probability_is_refused() -> None:
    with pytest.raises(ClaimRefused, match="without a probability"):
        claim(facts_with(), "All is on track.")


def test_a_number_in_the_pattern_is_refused() -> None:
    with pytest.raises(ClaimRefused, match="no fact is bound"):
        claim(facts_with(), "There are 24 trials.")


def test_a_superseded_benchmark_is_refused() -> None:
    facts = facts_with(benchmarks={"OLD": {"metric": "cost of a day", "value": "4,000,000", "status": "SUPERSEDED", "grade": "D"}})
    with pytest.raises(ClaimRefused, match="cannot be cited"):
        claim(facts, "A day costs {value}.", value=Slot("benchmark:OLD", "text"))


def test_a_fact_that_is_not_there_is_named() -> None:
    with pytest.raises(NotFound, match="no_such"):
        claim(facts_with(), "It was {value}.", value="reading:no_such/portfolio/")


def test_a_derived_value_is_computed_again_from_its_parts() -> None:
    facts = sample_facts()
    ids = ["finding:enrolment/study/QD-001#money", "finding:vendor/V-02#money"]
    total = facts.fact(derived_id("sum", ids))
    assert total.value == pytest.approx(sum(float(facts.fact(i).value) for i in ids))
    assert total.unit == "GBP"


def test_values_of_two_units_do_not_add() -> None:
    facts = sample_facts()
    assert facts.find(derived_id("sum", ["finding:enrolment/study/QD-001#money", "finding:enrolment/study/QD-001#days"])) is None


@pytest.mark.parametrize("p", [i / 100 for i in range(101)])
def test_the_outlook_of_any_probability_is_allowed_by_the_grammar(p: float) -> None:
    allowed = {s.phrase: s for s in load_strengths()}
    word = outlook(p)
    assert word not in allowed or allowed[word].allows(p)
