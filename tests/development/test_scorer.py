"""The free-text scorer steers: it finds elements with their sentence, forgives spelling, and is not fooled by lists or length."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from development.answers import ANSWERS, Answer
from quarterdeck.cli.main import app
from quarterdeck.development.discover.answers import score_file
from quarterdeck.development.discover.rubrics import known_words, load_rubrics, score_interview
from quarterdeck.methods.free_text import (
    Element,
    compile_cue,
    edit_distance,
    is_spelling_of,
    matches,
    score_answer,
    split_sentences,
    split_words,
)
from quarterdeck.vocabulary.errors import BadInput, NotFound

OWN_ACTION = (
    "In 2024 I compared the turnaround of our CRO with the SLA, 6.5 days against 3, and offered a longer term in exchange for a named team."
)


def agreement(answers: list[tuple[str, str, set[str]]]) -> tuple[float, float]:
    """Precision and recall over answers of (question, text, elements)."""
    right = wrong = missed = 0
    for question, text, want in answers:
        got = set(score_interview(question, text).elements)
        right, wrong, missed = right + len(got & want), wrong + len(got - want), missed + len(want - got)
    return right / (right + wrong), right / (right + missed)


def test_precision_and_recall_hold_on_the_development_answers(shared_data: Path) -> None:
    answers = yaml.safe_load((shared_data / "role" / "answers_dev.yaml").read_text(encoding="utf-8"))["answers"]
    precision, recall = agreement([(a["question"], a["text"], set(a["elements"])) for a in answers if a["kind"] != "paraphrased"])
    assert precision >= 0.85
    assert recall >= 0.9


def test_precision_and_recall_hold_on_answers_written_after_the_cues() -> None:
    precision, recall = agreement([(a.question, a.text, set(a.elements)) for a in ANSWERS])
    assert precision >= 0.85
    assert recall >= 0.9


def test_misspelt_answers_score_within_a_tenth_of_their_corrected_form(shared_data: Path) -> None:
    answers = yaml.safe_load((shared_data / "role" / "answers_dev.yaml").read_text(encoding="utf-8"))["answers"]
    twins = [(a["question"], a["text"], a["corrected"]) for a in answers if "corrected" in a]
    assert twins
    for question, text, corrected in twins:
        assert abs(score_interview(question, text).x - score_interview(question, corrected).x) <= 0.1


@pytest.mark.parametrize("answer", [a for a in ANSWERS if a.kind == "stuffed"], ids=lambda a: a.id)
def test_a_list_of_terms_stays_in_the_lowest_bands(answer: Answer) -> None:
    assert score_interview(answer.question, answer.text).band <= 1


@pytest.mark.parametrize("joint", [", ", ". ", " and ", " ", "; ", "\n- "])
def test_every_cue_strung_together_stays_in_the_lowest_bands_however_it_is_joined(joint: str) -> None:
    for rubric in load_rubrics().values():
        terms = [
            alternative.split("|")[0].replace("_", " ").strip("*#. ")
            for e in rubric.elements
            for c in e.cues[:3]
            for alternative in [c.source.split(" .. ")[0]]
        ]
        text = joint.join(term for term in terms if term)
        assert score_interview(rubric.id, f"{text}{joint}100%").band <= 1, rubric.id


def test_an_answer_to_another_question_never_passes_the_middle(shared_data: Path) -> None:
    answers = yaml.safe_load((shared_data / "role" / "answers_dev.yaml").read_text(encoding="utf-8"))["answers"]
    above = [
        (a["id"], q)
        for a in answers
        for q in ("vendor", "inspection", "decision", "talent")
        if q != a["question"] and score_interview(q, a["text"]).x > 0.5
    ]
    assert above == []


def test_saying_it_twice_adds_nothing() -> None:
    once, twice = score_interview("vendor", OWN_ACTION), score_interview("vendor", f"{OWN_ACTION} {OWN_ACTION}")
    assert twice.coverage == once.coverage
    assert twice.star == once.star


def test_a_we_only_answer_is_capped_because_nobody_knows_who_did_it() -> None:
    ours = score_interview("vendor", OWN_ACTION.replace(" I ", " we "))
    assert ours.x <= 0.30 < score_interview("vendor", OWN_ACTION).x


def test_text_alone_never_reaches_the_top_of_the_scale() -> None:
    assert max(score_interview(a.question, a.text).band for a in ANSWERS) <= 4


def test_each_found_element_comes_with_a_sentence_of_the_answer() -> None:
    for answer in ANSWERS:
        for found in score_interview(answer.question, answer.text).found:
            assert found.sentence.rstrip(".") in answer.text


def test_an_honest_claim_counts_less_than_a_found_element_and_a_foreign_sentence_counts_nothing() -> None:
    text = "In 2023 I rang their boss every fortnight about our CRO. Late reports went from 40 to 12."
    without = score_interview("vendor", text)
    assert "interests" in without.missing
    with_claim = score_interview("vendor", text, {"interests": "In 2023 I rang their boss every fortnight about our CRO."})
    foreign = score_interview("vendor", text, {"interests": "I knew their walk-away point and offered 5%."})
    assert without.x < with_claim.x < 1
    assert foreign.x == without.x


def test_a_rambler_who_claims_everything_stays_at_two() -> None:
    rambler = next(a for a in ANSWERS if a.kind == "rambling")
    sentence = split_sentences(rambler.text)[-2].text
    claims = {e.id: sentence for e in load_rubrics()[rambler.question].elements}
    assert score_interview(rambler.question, rambler.text, claims).band <= 2


@pytest.mark.parametrize(
    ("word", "pattern"),
    [("atrition", "attrition"), ("imediately", "immediate*"), ("sistemic", "systemic*"), ("recieved", "received"), ("couse", "cause*")],
)
def test_a_slip_of_spelling_is_forgiven(word: str, pattern: str) -> None:
    assert is_spelling_of(word, pattern)


@pytest.mark.parametrize(("word", "pattern"), [("trade", "trace"), ("kpa", "kpi"), ("mission", "omission"), ("12", "13"), ("cap", "capa")])
def test_a_different_word_is_not_taken_for_a_slip(word: str, pattern: str) -> None:
    assert not is_spelling_of(word, pattern)


def test_a_word_that_is_spelt_as_meant_is_not_a_misspelling() -> None:
    assert "trade" in known_words() or "trial" in known_words()
    assert not matches(compile_cue("trades"), ["trader"], {"trader"})


@given(st.text("abcdef", max_size=7), st.text("abcdef", max_size=7))
def test_the_edit_distance_is_symmetric_and_bounded(a: str, b: str) -> None:
    assert edit_distance(a, b) == edit_distance(b, a) <= max(len(a), len(b))
    assert (edit_distance(a, b) == 0) == (a == b)


@given(st.text(max_size=300))
def test_any_text_gets_a_score_between_nought_and_one(text: str) -> None:
    score = score_interview("decision", text)
    assert 0 <= score.x <= 1
    assert 0 <= score.band <= 4


def test_a_gap_of_seven_words_matches_and_one_of_eight_does_not() -> None:
    cue = compile_cue("fell .. #")
    assert matches(cue, split_words("it fell a b c d e f 7"))
    assert not matches(cue, split_words("it fell a b c d e f g h 7"))


def test_an_outcome_without_a_number_counts_half() -> None:
    outcome = Element("outcome", "a result", (compile_cue("fell|improved"),), 1.0, True)
    assert score_answer([outcome], "In May I changed it and turnover fell.").partial[0].quality == 0.5
    assert score_answer([outcome], "In May I changed it and turnover fell to 7%.").found[0].quality == 1.0


def test_a_negated_deed_is_no_deed() -> None:
    element = Element("audit", "an audit", (compile_cue("audited"),))
    assert not score_answer([element], "We have not audited them.").found


def test_the_rubrics_have_the_promised_size() -> None:
    rubrics = load_rubrics()
    assert 12 <= len(rubrics) <= 16
    for rubric in rubrics.values():
        assert len(rubric.elements) == 7, rubric.id
        assert all(5 <= len(e.cues) <= 16 for e in rubric.elements), rubric.id


def test_the_command_answers_with_found_elements_x_and_band(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text(yaml.safe_dump({"answers": [{"id": "a", "question": "vendor", "text": OWN_ACTION}]}), encoding="utf-8")
    result = CliRunner().invoke(app, ["development", "score", str(path), "--json"])
    answer = json.loads(result.output)["a"]
    assert set(answer["found"]) >= {"baseline", "trade"}
    assert all(entry["sentence"] == OWN_ACTION for entry in answer["elements"])
    assert 0 <= answer["x"] <= 1


def test_an_unknown_question_names_the_questions_there_are(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text("answers: [{id: a, question: weather, text: fine}]", encoding="utf-8")
    with pytest.raises(NotFound, match="vendor"):
        score_file(path)


def test_a_file_without_answers_says_what_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text("hello: 1", encoding="utf-8")
    with pytest.raises(BadInput, match="list of answers"):
        score_file(path)
