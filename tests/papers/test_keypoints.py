"""From bullets to a draft in three lengths, without a language model."""

from __future__ import annotations

import pytest

from paper_builders import make_reading, sample_facts
from quarterdeck.papers.keypoints import LENGTHS, draft_points, read_points, weigh_points
from quarterdeck.papers.plain_language import score_text
from quarterdeck.vocabulary.reading import Scope

BULLETS = [
    "Please approve 2 more monitors",
    "The budget variance is worrying",
    "It could cost us more later",
    "Enrolment against plan of QD-001 has stalled",
    "An option is to close silent sites",
]


def facts():  # type: ignore[no-untyped-def]
    return sample_facts(
        readings=[
            make_reading("budget_variance_year", value=0.062),
            make_reading("enrolment_against_plan", Scope("study", "QD-001"), value=0.31),
        ],
        findings=[],
    )


def test_bullets_lose_their_marks() -> None:
    assert read_points("- one\n• two\n3. three\n\n") == ["one", "two", "three"]


def test_dictation_is_cut_into_sentences() -> None:
    spoken = "We are late in enrolment because of the sites in two countries that never opened. The money is fine for now. I would like the board to agree to close those sites early."
    assert len(read_points(spoken)) == 3


def test_points_are_ordered_answer_first_and_ask_last() -> None:
    parts = [p.part for p in weigh_points(BULLETS, facts())]
    assert parts[0] == "answer"
    assert parts[-1] == "ask"


def test_a_point_finds_its_evidence_and_offers_a_choice() -> None:
    point = next(p for p in weigh_points(BULLETS, facts()) if "QD-001" in p.text)
    assert point.evidence[0].fact == "reading:enrolment_against_plan/study/QD-001"
    assert point.evidence[0].shown == "31.0%"


def test_a_point_that_the_evidence_contradicts_is_flagged_with_the_evidence() -> None:
    draft = draft_points(["The budget variance is 2.0%"], facts())
    assert draft.points[0].contradicted == ("2.0%",)
    assert "The evidence says otherwise" in draft.lines[0].text
    assert "6.2%" in draft.lines[0].text
    assert draft.notes


def test_a_number_nobody_stored_is_flagged() -> None:
    assert weigh_points(["We met 17 ministers"], facts())[0].unresolved == ("17",)


@pytest.mark.parametrize("length", LENGTHS)
def test_each_length_keeps_its_words(length: str) -> None:
    draft = draft_points(BULLETS * 1, facts(), length)
    words = sum(len(line.text.split()) for line in draft.lines)
    assert words <= max(LENGTHS[length], len(draft.lines[0].text.split()))


def test_the_short_form_keeps_answer_and_ask() -> None:
    draft = draft_points(BULLETS, facts(), "30s")
    text = " ".join(line.text for line in draft.lines)
    assert "approve" in text


def test_lengths_say_the_same_thing_at_growing_length() -> None:
    counts = [sum(len(line.text.split()) for line in draft_points(BULLETS, facts(), length).lines) for length in LENGTHS]
    assert counts == sorted(counts)


def test_the_author_chooses_among_the_evidence() -> None:
    draft = draft_points(["The budget variance is worrying"], facts(), chosen={"The budget variance is worrying": ""})
    assert draft.lines[0].text == "The budget variance is worrying."


def test_short_plain_sentences_score_better_than_long_ones() -> None:
    plain = score_text(["We are late. Two sites are shut. Please help."])
    hard = score_text(
        [
            "Notwithstanding considerable organisational difficulties, operational stakeholders anticipate substantial improvements across multinational implementation activities throughout subsequent reporting periods and possibly considerably beyond those."
        ]
    )
    assert plain.score > 80 > 30 > hard.score
    assert not plain.long_sentences
