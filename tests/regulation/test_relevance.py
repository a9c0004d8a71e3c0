"""Relevance: three bands, a reason for each, and a model that moves with people's labels only as far as they ask."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from quarterdeck.regulation.lexicon import find_topics, load_lexicon
from quarterdeck.regulation.relevance import judge, learn_from, load_model, read_model, write_model
from quarterdeck.vocabulary.errors import BadInput


@pytest.mark.parametrize(
    ("title", "grade"),
    [
        ("Good clinical practice: guidance for sponsors on oversight of clinical trials", 2),
        ("Institutional review boards: one review for cooperative research in clinical investigations", 2),
        ("Asthma: developing drugs for treatment; draft guidance for industry", 1),
        ("New animal drugs; withdrawal of approval for swine feed", 0),
        ("User fee rates for the fiscal year", 0),
        ("Class 2 medicines recall: eye drops, company led recall", 0),
    ],
)
def test_a_title_gets_its_grade(title: str, grade: int) -> None:
    assert judge(title).grade == grade


def test_the_bands_follow_the_score() -> None:
    model = load_model()
    found = judge("Pulmonary hypertension: developing drugs for treatment; guidance for industry")
    assert found.band == "in"
    assert found.score >= model.in_from > model.review_from
    assert found.why


def test_topics_are_found_by_phrases_of_the_trade() -> None:
    assert next(iter(find_topics("Informed consent for research in emergencies"))) == "consent"


def test_a_phrase_does_not_match_inside_another_word() -> None:
    assert "animal" not in {name for name, group in load_lexicon().noise.items() if group.is_in("animalistic art")}


def test_a_label_moves_the_document_it_was_given_for() -> None:
    title, body = "Notice about balloon regattas", "Boats and balloons on the river."
    before = judge(title, body)
    after = judge(title, body, learn_from(load_model(), [(title, body, 2)] * 6))
    assert before.band == "out"
    assert after.score > before.score + 0.2


def test_a_label_leaves_far_documents_alone() -> None:
    title = "Good clinical practice for sponsors of clinical trials"
    learnt = learn_from(load_model(), [("Notice about balloon regattas", "Boats and balloons on the river.", 0)])
    assert abs(judge(title, "", learnt).score - judge(title).score) < 0.05


def test_a_learnt_model_survives_being_written(tmp_path: Path) -> None:
    learnt = learn_from(load_model(), [("Balloon regattas", "Boats.", 1)])
    again = read_model(json.loads(write_model(learnt, tmp_path).read_text()))
    assert judge("Balloon regattas", "Boats.", again) == judge("Balloon regattas", "Boats.", learnt)


def test_a_model_without_its_parts_is_refused() -> None:
    with pytest.raises(BadInput, match="relevance model cannot be read"):
        read_model({"idf": {}})


def test_no_text_of_the_training_documents_is_shipped() -> None:
    longest = max(load_model().any.idf, key=lambda term: len(term.split()))
    assert len(longest.removeprefix("t:").split()) <= 2
