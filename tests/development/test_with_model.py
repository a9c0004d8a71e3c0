"""With a model: it words given lines and quotes given text; the rules take over wherever it does more."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from quarterdeck.assistant.contract import Answer
from quarterdeck.development.deliver import with_model
from quarterdeck.development.deliver.engine import Line, start, take_turn
from quarterdeck.development.deliver.scenario import get_scenario
from quarterdeck.development.deliver.with_model import Quote, Worded, judge_line, keep_verbatim, word_line
from quarterdeck.record.database import open_record
from quarterdeck.record.permissions import SINGLE_USER
from quarterdeck.vocabulary.settings import Settings

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
GIVEN = "We have not been paid since February. I cannot explain that to my hospital."


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Nothing has been paid since February, and my hospital asks me why.", False),
        ("We have waited for 9 months.", True),
        ("Pay us by Friday.", True),
        ("I shall tell Doctor Miller about it.", True),
        ("One. Two. Three. Four.", True),
    ],
)
def test_a_worded_line_may_say_only_what_was_given(text: str, wrong: bool) -> None:
    assert bool(judge_line(GIVEN, Worded(text=text))) is wrong


def test_a_quote_that_is_no_substring_is_dropped() -> None:
    text = "I rang their boss every fortnight."
    quotes = [
        Quote(element="governance", quote="I rang their boss", confidence=0.9),
        Quote(element="trade", quote="I cut the price", confidence=0.9),
        Quote(element="x", quote="I rang", confidence=1),
    ]
    assert keep_verbatim(quotes, text, {"governance": "", "trade": ""}) == {"governance": "I rang their boss"}


def test_without_a_model_the_rules_speak(settings: Settings) -> None:
    session = start(get_scenario("roleplay-investigator"))
    assert word_line(settings, open_record(settings), SINGLE_USER, session, Line("partner", GIVEN), NOW) == (GIVEN, "rules")


def test_a_model_changes_words_and_nothing_else(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(with_model, "is_configured", lambda _: True)
    monkeypatch.setattr(
        with_model, "ask", lambda *_: Answer(Worded(text="My hospital asks why nothing was paid."), "used", model="test-model")
    )
    session = start(get_scenario("roleplay-investigator"))
    lines = take_turn(session, "I see that this is hard. What happened?")
    before = {k: v for k, v in session.state.items() if k != "log"}
    worded = word_line(settings, open_record(settings), SINGLE_USER, session, lines[0], NOW)
    assert worded == ("My hospital asks why nothing was paid.", "test-model")
    assert {k: v for k, v in session.state.items() if k != "log"} == before


def test_a_refused_answer_leaves_the_rule(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(with_model, "is_configured", lambda _: True)
    monkeypatch.setattr(with_model, "ask", lambda *_: Answer(None, "refused", "states 9"))
    session = start(get_scenario("roleplay-investigator"))
    assert word_line(settings, open_record(settings), SINGLE_USER, session, Line("partner", GIVEN), NOW) == (GIVEN, "rules")
