"""In real Chromium: a conversation is held by keyboard, left and gone on with, taken back, and an offer is understood."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from tests_web import follow, serving  # type: ignore[import-not-found]

pytestmark = pytest.mark.chromium
NewPage = Callable[..., Any]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A fresh installation without facts."""
    with serving(create_app(Settings(home=tmp_path_factory.mktemp("talk") / "home"), work=False)) as address:
        yield address


def begin(page: Any, address: str, scenario: str) -> None:
    """The first page of a conversation."""
    page.goto(f"{address}/development/practise/{scenario}")
    press(page, "Begin")


def press(page: Any, name: str) -> None:
    """A button, and the page it leads to."""
    follow(page.get_by_role("button", name=name, exact=True))


def say(page: Any, text: str) -> None:
    """One turn."""
    page.get_by_label("Your turn").fill(text)
    press(page, "Say it")


def said(page: Any) -> str:
    """The last lines."""
    return str(page.locator("#last").inner_text())


def test_the_field_has_the_focus_after_each_turn_and_ctrl_enter_sends(new_page: NewPage, address: str) -> None:
    page = new_page()
    begin(page, address, "roleplay-manager")
    for turn in ("Good evening.", "It depends on the range."):
        page.wait_for_function("document.activeElement.name === 'text'")
        page.keyboard.type(turn)
        with page.expect_navigation():
            page.keyboard.press("Control+Enter")
        assert f"You: {turn}" in said(page)


def test_letters_typed_beside_the_field_do_not_leave_the_conversation(new_page: NewPage, address: str) -> None:
    page = new_page()
    begin(page, address, "roleplay-manager")
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(1200)
    place = page.url
    page.keyboard.type("ge?gb")
    page.wait_for_timeout(300)
    assert page.url == place


def test_letters_typed_right_after_a_page_came_do_not_leave_it(new_page: NewPage, address: str) -> None:
    page = new_page()
    page.goto(f"{address}/development/practise", wait_until="commit")
    page.wait_for_load_state("domcontentloaded")
    page.keyboard.type("ge")
    page.wait_for_timeout(1200)
    assert page.url.endswith("/development/practise")
    page.keyboard.type("ge")
    page.wait_for_url("**/evidence")


def test_the_first_question_of_the_assessment_has_the_focus(new_page: NewPage, address: str) -> None:
    page = new_page()
    page.goto(f"{address}/development/assessment")
    page.wait_for_function("['outcome', 'text'].includes(document.activeElement.name)")


def test_a_hint_keeps_the_words_begun_and_changes_nothing(new_page: NewPage, address: str) -> None:
    page = new_page()
    begin(page, address, "roleplay-manager")
    page.get_by_label("Your turn").fill("I noticed")
    press(page, "Hint")
    assert "Coach: There is something you do not know yet." in said(page)
    assert page.get_by_label("Your turn").input_value() == "I noticed"


def test_who_leaves_goes_on_at_the_same_place(new_page: NewPage, address: str) -> None:
    page = new_page(width=390)
    begin(page, address, "board-late-trial")
    say(page, "The flagship trial will finish five months later than planned, in March.")
    press(page, "Leave")
    assert page.get_by_role("heading", name="What came of it so far").count() == 1
    page.goto(f"{address}/development/practise")
    follow(page.get_by_role("link", name="The flagship trial is late").first)
    press(page, "Go on from here")
    assert "Last quarter you promised that it was on track. What changed?" in said(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")


def test_a_turn_is_taken_back_into_the_field(new_page: NewPage, address: str) -> None:
    page = new_page()
    begin(page, address, "roleplay-manager")
    assert page.get_by_role("button", name="Undo my last turn").count() == 0
    say(page, "It is your fault.")
    press(page, "Undo my last turn")
    assert "You: It is your fault." not in said(page)
    assert page.get_by_label("Your turn").input_value() == "It is your fault."


def test_an_offer_that_was_missed_is_completed_and_their_counter_offer_accepted(new_page: NewPage, address: str) -> None:
    page = new_page()
    begin(page, address, "negotiation-headcount")
    assert page.locator("#table-points tbody tr").count() == 10
    say(page, "We propose two monitors until end of September.")
    press(page, "That was an offer")
    assert page.locator("select[name=offer-until]").input_value() == "september"
    page.locator("select[name=offer-language]").select_option("none")
    press(page, "Offer this")
    assert "I could live with this" in said(page)
    assert page.get_by_text("your walk-away is 38 points").count() == 1
    press(page, "Accept their offer")
    assert "Counterpart: Agreed" in said(page)


def test_coaching_ends_without_a_score(new_page: NewPage, address: str) -> None:
    page = new_page()
    begin(page, address, "coaching-delegate")
    say(page, "I want the weekly report to take two hours by 30 June.")
    press(page, "Leave")
    words = page.locator("main").inner_text()
    assert "There is no score. 1 of 5 parts of the conversation are there." in words
    assert "Score" not in words
    assert "A way to say it" not in words
