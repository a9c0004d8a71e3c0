"""Sessions from the live portfolio speak of its own figures, can be won by someone who knows them, and say so where there is nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from builders import build_snapshot
from quarterdeck.development.deliver.bots import play
from quarterdeck.development.deliver.engine import is_shown, start, take_turn
from quarterdeck.development.deliver.generate import KINDS, find_session, generate
from quarterdeck.development.deliver.topics import expect_cause, expect_record, expect_step, load_topics
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.methods.free_text import compile_cue, matches, split_sentences, split_words
from quarterdeck.vocabulary.errors import BadInput, NotFound

CUT = date(2026, 6, 30)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Two overdue CAPA, a late trial, a dominant vendor with change orders, a gap in the TMF."""
    tables = {
        "study": [{"study_id": "QD-001", "nickname": "NORTH", "status": "enrolling"}],
        "milestone": [{"milestone_id": "M1", "study_id": "QD-001", "milestone_type": "db_lock", "baseline_finish": date(2026, 9, 1), "forecast_finish": date(2027, 2, 1)}],
        "capa": [{"capa_id": f"C{n}", "source_type": "deviation", "owner_id": "x", "due_dt": date(2026, 5, n), "status": "open"} for n in (1, 20)],
        "vendor": [{"vendor_id": "V1", "name": "Northwind", "vendor_type": "cro"}, {"vendor_id": "V2", "name": "Lumen", "vendor_type": "lab"}],
        "contract": [{"contract_id": "K1", "vendor_id": "V1", "study_id": "QD-001", "value": 900, "currency": "GBP"}, {"contract_id": "K2", "vendor_id": "V2", "study_id": "QD-001", "value": 100, "currency": "GBP"}],
        "change_order": [{"co_id": "O1", "contract_id": "K1", "value": 1_900_000, "currency": "GBP", "status": "negotiation", "reason_code": "scope_add"}],
        "tmf_document": [{"tmf_item_id": f"T{n}", "study_id": "QD-001", "expected_dt": date(2026, 3, 1), "status": "missing"} for n in range(7)],
    }  # fmt: skip
    return build_snapshot(tmp_path_factory.mktemp("live"), tables, CUT)


def test_the_board_asks_about_the_own_figures(snapshot: Snapshot) -> None:
    scenario = generate("board", snapshot)
    asked = " ".join(line for s in scenario.states.values() for line in s.say)
    assert "NORTH is 5 months late" in asked
    assert "2 CAPA actions are overdue" in asked
    assert "Northwind holds 90% of the contract value" in asked


def test_the_inspector_knows_the_open_items_and_expects_the_true_figure(snapshot: Snapshot) -> None:
    scenario = generate("inspection", snapshot)
    fact = scenario.expectations["fact_2"]
    assert "7 documents of QD-001" in fact.told
    assert is_shown(fact, split_sentences("There are 7 documents missing in the TMF."), "There are 7 documents missing in the TMF.")
    assert not is_shown(fact, split_sentences("There are 3 documents missing in the TMF."), "There are 3 documents missing in the TMF.")


def test_the_negotiation_is_about_the_own_change_orders(snapshot: Snapshot) -> None:
    scenario = generate("negotiation", snapshot)
    assert "Northwind asks for 1 open change order of together £1.9 million" in scenario.brief


@pytest.mark.parametrize("kind", KINDS)
def test_generated_sessions_pass_the_author_tests(kind: str, snapshot: Snapshot) -> None:
    scenario = generate(kind, snapshot)
    assert play(scenario, "expert")[1].score >= 0.8
    assert play(scenario, "silent")[1].score <= 0.1
    assert play(scenario, "stuffed")[1].score <= 0.3


def test_the_same_snapshot_gives_the_same_session(snapshot: Snapshot) -> None:
    assert generate("board", snapshot).content == generate("board", snapshot).content


@pytest.mark.parametrize("kind", ["board", "inspection"])
@pytest.mark.parametrize("level", [1, 2, 3])
def test_who_answers_only_the_first_question_gets_only_its_worth(kind: str, level: int, snapshot: Snapshot) -> None:
    for scenario in (generate(kind, snapshot), find_session(f"live-{kind}", None)):
        worth = len(scenario.first.expects) / len(scenario.expectations)
        assert worth < 0.4
        assert play(scenario, "first", level)[1].score <= worth + 0.01


def test_one_sentence_is_credited_to_the_question_it_answers_and_to_no_other(snapshot: Snapshot) -> None:
    scenario = generate("inspection", snapshot)
    session = start(scenario, 2)
    take_turn(session, "2 CAPA actions are overdue. I own the action and will close it by 15 December.")
    take_turn(session, "In the CAPA log, rows 12 and 18.")
    assert set(session.state["credit"]) == {"fact_1", "action_1", "document_1"}
    take_turn(session, "I own the action and will close it by 15 December.")
    assert set(session.state["credit"]) == {"fact_1", "action_1", "document_1"}


def test_a_step_about_another_topic_is_no_step_about_this_one(snapshot: Snapshot) -> None:
    expectations = generate("inspection", snapshot).expectations
    sentence = "The medical monitor decides on the deviations by the end of June."
    assert not any(is_shown(e, split_sentences(sentence), sentence) for e in expectations.values())


def test_no_two_questions_of_a_generated_session_expect_the_same_thing(snapshot: Snapshot) -> None:
    for kind in ("board", "inspection"):
        expected = [
            e.what
            for e in generate(kind, snapshot).expectations.values()
            if e.id.rpartition("_")[0] in ("cause", "step", "action", "document")
        ]
        assert len(expected) == len(set(expected))


def test_every_topic_holds_its_own_model_answers() -> None:
    for topic in load_topics().values():
        for entry in (
            expect_step(topic),
            *([expect_cause(topic)] if topic.cause else ()),
            *([expect_record(topic)] if topic.record else ()),
        ):
            cues = [compile_cue(cue) for cue in entry["cues"]]
            assert any(matches(cue, split_words(entry["assert"])) for cue in cues), (topic.id, entry["what"])


@pytest.mark.parametrize("kind", KINDS)
def test_without_data_it_says_what_to_load(kind: str, tmp_path: Path) -> None:
    empty = build_snapshot(tmp_path, {"study": [{"study_id": "QD-001", "status": "planned"}]}, CUT)
    with pytest.raises(NotFound, match="authored session"):
        generate(kind, empty)


def test_another_kind_is_refused(snapshot: Snapshot) -> None:
    with pytest.raises(BadInput, match="board"):
        generate("drill", snapshot)


@pytest.mark.parametrize("kind", KINDS)
def test_without_facts_an_example_stands_in_and_says_so(kind: str) -> None:
    scenario = find_session(f"live-{kind}", None)
    assert scenario.title.startswith("Example: ")
    assert "your own" not in scenario.title
    assert scenario.brief.startswith("This is an invented example portfolio, not yours.")
    assert play(scenario, "expert")[1].score >= 0.8
    assert play(scenario, "silent")[1].score <= 0.1


def test_facts_that_hold_nothing_of_a_kind_give_the_example_too(tmp_path: Path) -> None:
    empty = build_snapshot(tmp_path, {"study": [{"study_id": "QD-001", "status": "planned"}]}, CUT)
    assert find_session("live-inspection", empty).title.startswith("Example: ")


def test_a_rehearsal_may_be_with_one_vendor(snapshot: Snapshot) -> None:
    assert find_session("live-negotiation-V2", snapshot).title == "Negotiation with Lumen"
    with pytest.raises(NotFound, match="V9"):
        find_session("live-negotiation-V9", snapshot)
    with pytest.raises(BadInput, match="board"):
        find_session("live-board-V2", snapshot)
