"""Author tests over all conversations: five bots walk each, ladders are complete, bubbles are short, nothing is timed."""

from __future__ import annotations

import inspect
import json
from collections import Counter

import pytest

from quarterdeck.development.deliver import engine, negotiate
from quarterdeck.development.deliver.back import can_take_back, go_on, take_back
from quarterdeck.development.deliver.bots import BOTS, play, speak
from quarterdeck.development.deliver.engine import Session, current_state, is_shown, resume, start, take_turn
from quarterdeck.development.deliver.moves import is_help_request
from quarterdeck.development.deliver.scenario import Scenario, build_scenario, get_scenario, load_scenarios, load_types, sentences_in
from quarterdeck.development.deliver.score import next_level, score_session
from quarterdeck.development.roles.load import load_role
from quarterdeck.methods.free_text import split_sentences
from quarterdeck.vocabulary.errors import BadInput, NotFound

ALL = list(load_scenarios().values())
scenarios = pytest.mark.parametrize("scenario", ALL, ids=lambda s: s.id)


def test_there_are_four_or_more_of_each_of_ten_types() -> None:
    counts = Counter(s.type for s in ALL)
    assert set(counts) == set(load_types())
    assert len(counts) == 10
    assert min(counts.values()) >= 4
    assert len(ALL) >= 40


@scenarios
def test_every_bot_reaches_the_end_and_gets_what_it_deserves(scenario: Scenario) -> None:
    results = {bot: play(scenario, bot) for bot in BOTS}
    assert all(session.is_over for session, _ in results.values())
    assert results["expert"][1].score >= 0.8
    assert results["silent"][1].score <= 0.1
    assert results["stuffed"][1].score <= 0.3
    assert results["weak"][1].score < results["expert"][1].score
    assert results["first"][1].score <= 0.5


@scenarios
@pytest.mark.parametrize("level", [1, 2, 3])
def test_it_ends_at_every_level_within_its_turns(scenario: Scenario, level: int) -> None:
    for bot in BOTS:
        session, _ = play(scenario, bot, level, seed=7)
        assert session.is_over
        assert session.state["turn"] <= load_types()[scenario.type].max_turns


@scenarios
def test_the_model_answer_of_each_element_contains_it(scenario: Scenario) -> None:
    for expectation in scenario.expectations.values():
        if not expectation.test:
            assert is_shown(expectation, split_sentences(expectation.told), expectation.told), expectation.id


@scenarios
def test_ladders_are_complete_and_no_bubble_is_longer_than_three_sentences(scenario: Scenario) -> None:
    for expectation in scenario.expectations.values():
        assert expectation.hint
        assert expectation.prompt
        assert expectation.told
    for bot in BOTS:
        session, _ = play(scenario, bot)
        for entry in session.state["log"]:
            assert entry["who"] == "learner" or sentences_in(entry["text"]) <= 3, entry["text"]


@scenarios
def test_every_state_is_reached_by_the_expert(scenario: Scenario) -> None:
    session, _ = play(scenario, "expert")
    seen = {entry["state"] for entry in session.state["log"]}
    asked = {name for name, s in scenario.states.items() if s.kind.startswith("ask")}
    skipped = {name for name in asked - seen if all(e in session.state["credit"] for e in scenario.states[name].expects)}
    assert asked <= seen | skipped


@scenarios
def test_competencies_exist_and_no_text_names_the_clock(scenario: Scenario) -> None:
    role = load_role()
    for competency in scenario.competencies:
        role.get(competency)
    assert "seconds left" not in str(scenario.content)


def test_a_session_resumes_exactly_where_it_stopped() -> None:
    scenario = get_scenario("inspection-tmf")
    whole, parts = start(scenario), start(scenario)
    for turn in range(4):
        text, _ = speak(whole, "expert", turn)
        take_turn(whole, text)
        take_turn(parts, "pause")
        assert parts.state["status"] == "paused"
        parts = resume(scenario, parts.state)
        take_turn(parts, text)
    spoken = [e["text"] for e in parts.state["log"] if e["text"] != "pause" and not e["text"].startswith("Paused")]
    assert spoken == [e["text"] for e in whole.state["log"]]
    assert parts.state["credit"] == whole.state["credit"]


def test_stop_keeps_the_words_and_ends() -> None:
    session = start(get_scenario("board-ai"))
    take_turn(session, "I propose a pilot of nine months for twelve trials.")
    take_turn(session, "stop")
    assert session.state["status"] == "left"
    assert any("pilot" in e["text"] for e in session.state["log"])
    assert take_turn(session, "more") == []


def test_who_left_comes_back_to_the_exact_place() -> None:
    session = start(get_scenario("board-ai"))
    take_turn(session, "I propose a pilot of nine months for twelve trials.")
    at, credit = session.state["at"], dict(session.state["credit"])
    take_turn(session, "stop")
    again = resume(session.scenario, json.loads(json.dumps(session.state)))
    lines = go_on(again)
    assert (again.state["status"], again.state["at"], again.state["credit"]) == ("running", at, credit)
    assert lines[-1].text == session.scenario.states[at].say[-1]
    assert take_turn(again, "Our forecasts miss the end date by seven months on average.")


def test_a_turn_taken_back_leaves_the_state_as_it_was_and_stays_in_the_log() -> None:
    session = start(get_scenario("roleplay-manager"))
    before = {k: v for k, v in session.state.items() if k not in ("log", "past", "draft")}
    before = json.loads(json.dumps(before))
    take_turn(session, "It is your fault.")
    assert session.state["variables"] != before["variables"]
    take_back(session)
    assert {k: v for k, v in session.state.items() if k not in ("log", "past", "draft")} == before
    assert session.state["draft"] == "It is your fault."
    assert [e["text"] for e in session.state["log"] if e["who"] == "learner" and e["undone"]] == ["It is your fault."]
    assert take_back(session) == []


def test_help_that_was_seen_stays_seen_when_a_turn_is_taken_back() -> None:
    scenario = get_scenario("socratic-oversight")
    session = start(scenario, 1)
    take_turn(session, "I am not sure about that one.")
    take_back(session)
    take_turn(session, scenario.expectations["account"].told)
    assert session.state["credit"]["account"] == 0.7


def test_an_ended_conversation_takes_nothing_back() -> None:
    session, _ = play(get_scenario("board-ai"), "expert")
    assert not can_take_back(session)
    assert take_back(session) == []


@pytest.mark.parametrize("kind", sorted(load_types()))
def test_a_hint_comes_from_the_coach_and_costs_no_turn_in_every_type(kind: str) -> None:
    for scenario in (s for s in ALL if s.type == kind):
        session = start(scenario, 3)
        variables = dict(session.state["variables"])
        lines = take_turn(session, "Hint")
        assert [line.who for line in lines] == ["coach"], scenario.id
        assert (session.state["turn"], session.state["stall"], session.state["variables"]) == (0, 0, variables)


def test_the_hint_for_a_figure_says_how_it_is_worked_out() -> None:
    session = start(get_scenario("case-dct"), 1)
    assert take_turn(session, "hint")[0].text.startswith("Divide dropped by enrolled, then multiply by 100.")
    take_turn(session, f"It is {session.state['figures']['rate']:.2f} percent.")
    assert session.state["figures_right"] == {"rate": True}


def test_help_me_understand_is_a_question_to_the_other_person() -> None:
    assert not is_help_request("Help me understand what happened.")
    assert all(is_help_request(t) for t in ("hint", "Help!", "Give me a hint, please.", "Another clue please", "I’m stuck"))


@scenarios
def test_only_the_coach_gives_briefs_hints_and_model_answers(scenario: Scenario) -> None:
    for bot in ("weak", "silent"):
        session, _ = play(scenario, bot)
        for entry in session.state["log"]:
            if entry.get("kind") in ("brief", "hint", "prompt", "told", "praise", "note"):
                assert entry["who"] == "coach"


def test_thinking_about_it_is_no_commitment_and_an_own_deed_is() -> None:
    for words, ends in (("I will think about all that by Friday.", False), ("I will move both countries to Ana by Friday.", True)):
        session = start(get_scenario("roleplay-manager"))
        session.state["facts"] = ["load", "home"]
        take_turn(session, words)
        assert session.is_over is ends
        assert ("commitment" in session.state["marks"]) is ends


@pytest.mark.parametrize("words", ["We accept.", "I accept your package.", "Fine, we accept your offer.", "Agreed.", "It’s a deal!"])
def test_a_counter_offer_is_accepted_by_word(words: str) -> None:
    session = countered()
    counter = dict(session.state["counter"])
    take_turn(session, words)
    assert session.state["deal"] == counter


@pytest.mark.parametrize(
    "words",
    ["We accept if you pay earlier.", "I cannot accept your package.", "I accept that you need predictability.", "Would you accept?"],
)
def test_a_condition_or_a_no_is_not_an_acceptance(words: str) -> None:
    session = countered()
    take_turn(session, words)
    assert session.state["deal"] is None


def test_accepting_where_nothing_was_offered_is_answered() -> None:
    assert "nothing on the table" in take_turn(start(get_scenario("negotiation-headcount")), "We accept.")[0].text


def countered() -> Session:
    """A negotiation in which the other side made a counter-offer."""
    session = start(get_scenario("negotiation-headcount"))
    take_turn(session, "We offer this.", {"people": "two", "until": "september", "language": "none", "story": "none"})
    assert session.state["counter"]
    return session


def test_an_offer_is_read_without_the_names_of_the_issues() -> None:
    scenario = get_scenario("negotiation-headcount")
    assert negotiate.read_offer(scenario, "We offer three, until end of September, both, with a joint message today.") == {
        "people": "three", "until": "september", "language": "both", "story": "joint",
    }  # fmt: skip
    assert negotiate.read_offer(scenario, "Two or three? End of September, both, a joint message today.") is None


def test_points_are_whole_and_add_up_to_the_worth_of_a_package() -> None:
    for scenario in (s for s in ALL if s.type == "negotiation"):
        factors = negotiate.jitter_issues(scenario, 11)
        for package in negotiate.packages(scenario.issues)[::7]:
            listed = sum(negotiate.points(o.you, factors[i.id][0]) for i in scenario.issues for o in i.options if package[i.id] == o.id)
            assert negotiate.worth(scenario.issues, package, factors)[0] == listed


def test_coaching_is_not_scored() -> None:
    assert [kind.id for kind in load_types().values() if not kind.scored] == ["coaching"]


def test_no_wall_clock_exists_in_the_engine() -> None:
    for module in (engine, negotiate):
        source = inspect.getsource(module)
        assert "import time" not in source
        assert "datetime" not in source


def test_hints_come_after_one_miss_at_level_one_after_two_at_level_two_and_only_on_request_at_level_three() -> None:
    scenario = get_scenario("socratic-oversight")
    first = [take_turn(start(scenario, level), "I am not sure about that one.") for level in (1, 2, 3)]
    assert [lines[-1].kind for lines in first] == ["hint", "pump", "pump"]
    asked = start(scenario, 3)
    assert take_turn(asked, "Give me a clue, please.")[-1].kind == "hint"


def test_what_is_not_asked_yet_is_not_credited() -> None:
    session = start(get_scenario("board-late-trial"))
    take_turn(session, "I ask you to approve £1.2 million today for two additional countries.")
    assert "ask" not in session.state["credit"]


def test_not_to_know_is_an_answer_to_an_inspector_only_once() -> None:
    session = start(get_scenario("inspection-tmf"), 3)
    for _ in range(3):
        take_turn(session, "I do not know; I will find out by Friday.")
    assert sum(credit > 0 for credit in session.state["credit"].values()) == 1


def test_help_lowers_the_credit() -> None:
    scenario = get_scenario("socratic-oversight")
    session = start(scenario, 1)
    take_turn(session, "I am not sure about that one.")
    take_turn(session, scenario.expectations["account"].told)
    assert session.state["credit"]["account"] == 0.7


def test_a_blamer_gets_no_deal_and_the_expert_gets_a_pareto_deal() -> None:
    for scenario in (s for s in ALL if s.type == "negotiation"):
        blamer = start(scenario)
        for _ in range(20):
            take_turn(blamer, "It is your fault. You always do this. Or else we will terminate.")
        assert blamer.is_over
        assert blamer.state["deal"] is None
        session, result = play(scenario, "expert", seed=3)
        factors = {k: tuple(v) for k, v in session.state["factors"].items()}
        assert negotiate.judge(scenario, session.state["deal"], factors)["pareto"] == 1.0
        assert result.parts["walkaway"] == 1.0


def test_the_counterpart_never_accepts_less_than_its_reservation() -> None:
    scenario = get_scenario("negotiation-lab-renewal")
    factors = negotiate.jitter_issues(scenario, 5)
    for package in negotiate.packages(scenario.issues):
        accepted, _ = negotiate.answer_offer(scenario, package, factors, turn=40, trust=10, tension=0)
        if accepted:
            assert negotiate.worth(scenario.issues, package, factors)[1] >= scenario.reservation["them"]


def test_an_offer_in_words_is_read() -> None:
    scenario = get_scenario("negotiation-headcount")
    offer = negotiate.read_offer(
        scenario, "Monitors lent: two; until: end of September; Spanish speakers: both; announcement: joint message today"
    )
    assert offer == {"people": "two", "until": "september", "language": "both", "story": "joint"}
    assert negotiate.read_offer(scenario, "Monitors lent: two") is None


def test_an_inspector_answers_an_absolute_claim_with_a_counter_example() -> None:
    session = start(get_scenario("inspection-tmf"))
    lines = take_turn(session, "All our reports are always filed on time, without exception.")
    assert any("74 days late" in line.text for line in lines)
    assert "overclaim" in session.state["marks"]


def test_the_chair_asks_for_the_headline() -> None:
    session = start(get_scenario("board-late-trial"))
    assert any("headline" in line.text for line in take_turn(session, "Good morning everybody, nice to be here."))


def test_the_listener_asks_what_a_jargon_word_means() -> None:
    session = start(get_scenario("teachback-qtl-cra"))
    assert any("What does “rbqm” mean" in line.text for line in take_turn(session, "In RBQM the QTL matters a lot for us."))


def test_case_figures_differ_by_seed_and_are_checked_within_five_percent() -> None:
    scenario = get_scenario("case-rescue")
    figures = {tuple(start(scenario, seed=n).state["figures"].values()) for n in range(8)}
    assert len(figures) > 3
    session = start(scenario, seed=1)
    right = session.state["figures"]["months"]
    take_turn(session, f"It takes {right * 1.04:.2f} months.")
    assert session.state["figures_right"] == {"months": True}
    wrong = start(scenario, seed=1)
    take_turn(wrong, f"It takes {right * 1.2:.2f} months.")
    assert wrong.state["figures_right"] == {}


def test_two_good_sessions_lift_the_level_and_two_poor_ones_lower_it() -> None:
    assert next_level(1, [0.8, 0.7]) == 2
    assert next_level(2, [0.1, 0.2]) == 1
    assert next_level(3, [0.9, 0.9]) == 3
    assert next_level(2, [0.9, 0.2]) == 2


def test_an_unknown_key_in_a_scenario_is_refused_with_its_place() -> None:
    content = {**get_scenario("board-ai").content, "soundtrack": "loud"}
    with pytest.raises(BadInput, match="soundtrack"):
        build_scenario(content, "mine.yaml, board-ai")


def test_a_condition_may_not_be_an_expression() -> None:
    content = {**get_scenario("board-ai").content}
    content["states"] = {**content["states"], "headline": {**content["states"]["headline"], "branch": [{"when": {"trust > 2": True}}]}}
    with pytest.raises(BadInput, match="trust > 2"):
        build_scenario(content, "mine.yaml")


def test_an_unknown_conversation_says_where_to_look() -> None:
    with pytest.raises(NotFound, match="conversations"):
        get_scenario("nothing")


def test_the_current_state_of_an_ended_session_is_none() -> None:
    session, _ = play(get_scenario("board-ai"), "expert")
    assert current_state(session) is None
    assert score_session(session).note.startswith("Practice is not evidence")
