"""Versions are compared by provision: editorial differences stay quiet, normative ones and obligations are shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.methods.text_matching import align, distance, fold_text, likeness, simhash
from quarterdeck.regulation.comparison import classify, compare_paragraphs, compare_texts
from quarterdeck.regulation.editions import compare_files
from quarterdeck.regulation.obligations import find_obligations
from quarterdeck.regulation.provisions import split_provisions

BEFORE = "§ 9.1 Reports.\n\n(a) The sponsor must report to the agency within 15 days.\n\n(b) Records are kept.\n\n(1) For two years.\n\n(2) On paper."
AFTER = "§ 9.1 Reports.\n\n(a) The sponsor must report to the agency within 7 days.\n\n(b) Records are kept –\n\n(1) For two years.\n\n(2) On paper.\n\n(c) The investigator must not begin before approval."


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("The sponsor may report.", "The sponsor must report.", "normative"),
        ("within 15 days", "within 7 days", "normative"),
        ("Docket No. 12–34", "Docket No. 12-34", "editorial"),
        ("a “quoted” word", 'a "quoted"  word', "editorial"),
        ("Reports, records.", "Reports records", "punctuation"),
        ("a large hospital", "a big hospital", "wording"),
        (None, "New words.", "added"),
        ("Old words.", None, "removed"),
    ],
)
def test_a_difference_gets_its_class(before: str | None, after: str | None, kind: str) -> None:
    assert classify(before, after) == kind


def test_only_what_matters_is_shown() -> None:
    result = compare_texts(BEFORE, AFTER)
    assert [(d.kind, d.path) for d in result.substantive] == [("normative", "9.1(a)"), ("added", "9.1(c)")]
    assert {o.time_limit for o in result.obligations_added} == {"within 7 days", ""}
    assert [o.time_limit for o in result.obligations_removed] == ["within 15 days"]


def test_a_text_does_not_differ_from_itself() -> None:
    assert compare_texts(BEFORE, BEFORE).differences == ()


def test_a_paragraph_that_moved_is_editorial() -> None:
    result = compare_paragraphs(["One thing.", "Another thing.", "A third matter."], ["A third matter.", "One thing.", "Another thing."])
    assert result.substantive == ()
    assert result.moved == 1


def test_provisions_have_the_addresses_of_the_law() -> None:
    assert [p.path for p in split_provisions(BEFORE)] == ["9.1", "9.1(a)", "9.1(b)", "9.1(b)(1)", "9.1(b)(2)"]


def test_every_provision_leads_back_to_its_words() -> None:
    for provision in split_provisions(BEFORE):
        assert provision.span.of(BEFORE).split() == provision.text.split()


@pytest.mark.parametrize(
    ("text", "actor", "modality", "limit"),
    [
        ("The sponsor must report to the FDA within 15 calendar days.", "sponsor", "must", "within 15 calendar days"),
        ("An investigator shall not begin before approval.", "investigator", "must_not", ""),
        ("Sponsors should consider remote visits.", "sponsor", "should", ""),
        ("Records must be kept by the investigator for a period of 2 years.", "investigator", "must", "for a period of 2 years"),
        ("Each IRB may not approve such research.", "IRB", "must_not", ""),
    ],
)
def test_an_obligation_has_actor_force_and_limit(text: str, actor: str, modality: str, limit: str) -> None:
    (found,) = find_obligations(text)
    assert (found.actor, found.modality, found.time_limit) == (actor, modality, limit)
    assert found.span.of(text)


def test_an_obligation_says_when() -> None:
    assert find_obligations("If a breach occurs, the sponsor must notify the authority immediately.")[0].trigger == "If a breach occurs"


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=400))
def test_no_text_breaks_provisions_or_obligations(text: str) -> None:
    for provision in split_provisions(text):
        find_obligations(provision.text, provision.path)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=200))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold_text(fold_text(text)) == fold_text(text)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from(["a b c", "d e f", "g h i", "a b x", "z"]), max_size=8),
    st.lists(st.sampled_from(["a b c", "d e f", "q", "a b x"]), max_size=8),
)
def test_alignment_uses_every_paragraph_once(before: list[str], after: list[str]) -> None:
    pairs = align(before, after)
    assert sorted(i for i, _ in pairs if i is not None) == list(range(len(before)))
    assert sorted(j for _, j in pairs if j is not None) == list(range(len(after)))


def test_near_duplicates_have_near_fingerprints() -> None:
    text = "The agency announces the availability of a final guidance for industry on safety reporting in clinical investigations."
    assert distance(simhash(text), simhash(text.replace("final", "revised final"))) < distance(
        simhash(text), simhash("Milk and cream; petition about yogurt.")
    )
    assert likeness(text, text) == 1.0


def test_two_editions_of_one_issue_hold_no_substantive_difference(shared_data: Path) -> None:
    folder = shared_data / "regulatory/samples/us_federal_register"
    answer = compare_files(folder / "FR-2024-02-12.current.xml.gz", folder / "FR-2024-02-12.updated.xml.gz")
    assert answer["documents"] == 95
    assert answer["substantive"] == 0
    assert answer["counts"]["editorial"] > 500


def test_the_old_and_the_coming_text_of_a_part_differ_in_substance(shared_data: Path) -> None:
    folder = shared_data / "regulatory/samples/us_cfr"
    answer = compare_files(folder / "21cfr-part-820.md", folder / "21cfr-part-820-qmsr.md")
    assert answer["substantive"] > 20
    assert answer["obligations_removed"]
