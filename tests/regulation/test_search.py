"""Search finds what regulators print when people ask in their own words, in both spellings of English."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from quarterdeck.regulation.answers import build_index, read_files
from quarterdeck.regulation.search import Entry, Index
from quarterdeck.regulation.thesaurus import expand, load_thesaurus, to_american

LIBRARY = [
    Entry("dmc", "Use of data monitoring committees in clinical trials", "Charters and members."),
    Entry("dct", "Decentralized clinical trials for drugs", "Remote visits and local health care providers."),
    Entry("ea", "Expanded access to investigational drugs for treatment use", "Individual patients."),
    Entry("consent", "Informed consent: guidance for review boards and sponsors", "What a form must hold."),
    Entry("tumour", "Pediatric oncology: randomized trials in children with tumors", "Small numbers."),
    Entry("cats", "Anthelmintics for cats", "Dosing of kittens in trials."),
]


@pytest.fixture
def index() -> Index:
    found = Index()
    found.add(LIBRARY)
    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("safety board that sees unblinded data", "dmc"),
        ("visits at home by a nurse", "dct"),
        ("unapproved medicine for a dying patient", "ea"),
        ("ICF wording", "consent"),
        ("paediatric tumours, randomised", "tumour"),
    ],
)
def test_the_first_hit_answers_the_question(index: Index, query: str, expected: str) -> None:
    assert index.search(query)[0].id == expected


def test_a_hit_says_which_parts_of_the_question_it_answers(index: Index) -> None:
    assert "dmc" in index.search("DSMB")[0].matched


def test_an_empty_question_finds_nothing(index: Index) -> None:
    assert index.search("") == []


@pytest.mark.parametrize("query", ['"', "AND OR NOT", "title:x *", "a" * 3000, "NEAR(", "é ü 漢字", "';--"])
def test_no_question_breaks_the_index(index: Index, query: str) -> None:
    assert isinstance(index.search(query), list)


def test_the_thesaurus_holds_several_hundred_entries() -> None:
    concepts, spelling = load_thesaurus()
    assert len(concepts) > 200
    assert sum(len(concept.find) for concept in concepts) > 400
    assert len(spelling) > 40


def test_british_words_are_sought_in_american_spelling_too() -> None:
    assert to_american("randomised programme, paediatric tumours, exercise") == "randomized program, pediatric tumors, exercise"


def test_a_concept_is_found_although_its_words_stand_apart() -> None:
    assert "confidentiality_cert" in {unit.label for unit in expand("records that are confidential in research")}


def test_search_over_a_plain_file_ranks_the_development_questions(shared_data: Path) -> None:
    documents, _ = read_files([shared_data / "regulatory/fr_fda_2020_2026.jsonl"])
    index = build_index(documents)
    scores = []
    for line in (shared_data / "regulatory/eval/retrieval_dev.jsonl").read_text().splitlines():
        row = json.loads(line)
        ids = [hit.id for hit in index.search(row["query"], 10)]
        gain = sum(1 / math.log2(rank + 2) for rank, found in enumerate(ids) if found in row["relevant"])
        scores.append(gain / sum(1 / math.log2(rank + 2) for rank in range(min(10, len(row["relevant"])))))
    assert sum(scores) / len(scores) >= 0.80
