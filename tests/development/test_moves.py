"""Moves are told apart by patterns: what a turn does, not how well it is written."""

from __future__ import annotations

import pytest

from quarterdeck.development.deliver.moves import classify_moves, count_options, has_date, load_moves

LABELLED = (
    ("What happened on that day?", {"ask_open"}), ("How did the team take it?", {"ask_open"}), ("Tell me about the last visit.", {"ask_open"}),
    ("Help me understand what blocks you.", {"ask_open"}), ("Why did the reports stop?", {"ask_open"}), ("What would make it work for you?", {"ask_open"}),
    ("Did you send the report?", {"ask_closed"}), ("Is that enough?", {"ask_closed"}), ("Can you do it by then?", {"ask_closed"}),
    ("I can see that this is hard.", {"acknowledge"}), ("That sounds frustrating.", {"acknowledge"}), ("I understand.", {"acknowledge"}), ("You are right.", {"acknowledge"}),
    ("That makes sense.", {"acknowledge"}), ("So you are saying that nobody asked.", {"summarise"}), ("If I understand you correctly, the payment is late.", {"summarise"}),
    ("It is your fault.", {"blame"}), ("You always do this.", {"blame"}), ("The vendor did that.", {"blame"}), ("They were to blame.", {"blame"}), ("You never listen.", {"blame"}),
    ("Take it or leave it.", {"threat"}), ("We will terminate the contract.", {"threat", "commit"}), ("This is your last chance.", {"threat"}),
    ("Yes, but the deadline stands.", {"yes_but"}), ("I see, but it was late.", {"yes_but"}), ("You should delegate more.", {"advice"}), ("Why don't you call them?", {"advice", "ask_open"}),
    ("I will send the list on Friday.", {"commit"}), ("Let us meet next week.", {"commit"}), ("We'll pay by the 12th.", {"commit"}),
    ("We offer a longer term.", {"offer"}), ("In return we could accept the price.", {"offer"}), ("What if we paid earlier?", {"offer", "ask_open"}),
    ("I am sorry, that was our fault.", {"apologise"}), ("I apologise for the delay.", {"apologise"}), ("Thank you for telling me.", {"thank"}),
    ("I cannot promise that.", {"boundary"}), ("That is not acceptable.", {"boundary"}), ("When reports come late, sites wait.", {"feedback"}), ("I noticed that three plans were late.", {"feedback"}),
    ("Give me a clue, please.", {"ask_help"}), ("hint", {"ask_help"}), ("I do not know.", {"dont_know"}), ("I would have to check.", {"dont_know"}), ("stop", {"stop"}), ("pause", {"pause"}),
)  # fmt: skip


def test_there_are_at_least_fifteen_moves() -> None:
    assert len(load_moves()) >= 15


def test_precision_and_recall_of_the_moves() -> None:
    right = wrong = missed = 0
    for text, want in LABELLED:
        got = classify_moves(text)
        right, wrong, missed = right + len(got & want), wrong + len(got - want), missed + len(want - got)
    assert right / (right + wrong) >= 0.9
    assert right / (right + missed) >= 0.77


@pytest.mark.parametrize(
    "text", ["by Friday", "on 2026-05-01", "next week", "in two weeks", "before the end of the month", "tomorrow at ten"]
)
def test_a_deadline_is_recognised(text: str) -> None:
    assert has_date(f"I will do it {text}.")


def test_soon_is_no_deadline() -> None:
    assert not has_date("I will do it soon.")


def test_options_are_counted() -> None:
    assert count_options("First, move two monitors. Second, call the vendor. Third, wait.") == 3
    assert count_options("Wait.") < 3
