"""The plain-text view: nothing runs together, a picture speaks once, folded data keep silent, and whatever a page can do can still be done."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from quarterdeck.development.discuss.accommodations import page_behaviours, starting_set
from quarterdeck.web.plain_text import find_forms, find_links, to_text
from tests_web import form_token  # type: ignore[import-not-found]


def read(body: str) -> str:
    return to_text(f"<main><h1>Title</h1>{body}</main>")


def test_a_value_and_the_line_under_it_are_kept_apart() -> None:
    row = '<tr><th><a href="/s">0045</a><span class="sub">active</span></th><td>September 2031<span class="sub">4.3 years late</span></td></tr>'
    table = f"<table><thead><tr><th>Site</th><th>Last participant</th></tr></thead><tbody>{row}</tbody></table>"
    assert read(table).strip() == "Site: 0045, active. Last participant: September 2031, 4.3 years late."


def test_a_share_and_what_it_is_of_are_kept_apart() -> None:
    assert read('<p><a href="/n">8.7%</a><small>5 of 57.7</small></p>').strip() == "8.7%, 5 of 57.7"


def test_a_word_with_a_mark_after_it_stays_whole() -> None:
    assert read('<p>See <a href="/n">this</a>, and <strong>that</strong>.</p>').strip() == "See this, and that."


PICTURE = '<div class="wide"><svg role="img" aria-label="Late by far."><text>Late</text></svg></div>'
FIGURE = (
    f"<figure>{PICTURE}{PICTURE.replace('wide', 'narrow')}<figcaption>Late by far. Source: the plan.</figcaption>"
    "<details><summary>Data</summary><table><tr><td>Observed</td><td>not yet due</td></tr></table></details></figure>"
)


def test_a_picture_speaks_once_and_the_data_folded_under_it_not_at_all() -> None:
    assert read(FIGURE).split("\n\n") == ["Picture: Late by far.", "Source: the plan.\n"]


def test_a_picture_that_is_still_to_be_drawn_speaks_too() -> None:
    assert read('<div class="waiting"><noscript><img src="/p" alt="Late by far."></noscript></div>').strip() == "Picture: Late by far."


def test_marks_for_the_eye_and_repeated_link_texts_keep_silent() -> None:
    text = read(
        '<p><span aria-hidden="true">▲</span> Concern</p><p><a href="/x">See it<span class="vh">: the whole headline</span></a></p>'
    )
    assert text == "Concern\nSee it\n"


def test_links_keep_the_words_that_tell_them_apart() -> None:
    html = '<main><a href="/x">See it<span class="vh">: QD-007</span></a><table><thead><tr><th><a href="?sort=a">A</a></th></tr></thead></table></main>'
    assert find_links(html) == [("See it: QD-007", "/x")]


def test_each_form_stays_as_it_is_with_what_it_is_about() -> None:
    form = '<form action="/a"><input name="q">\n<button>Go</button></form>'
    rows = f"<table><tbody><tr><td>Row one</td><td>{form}</td></tr></tbody></table>"
    found = find_forms(f'<form action="/search"></form><main><h2><span aria-hidden="true">▲</span> First</h2><p>{form}</p>{rows}</main>')
    assert [(f.about, f.html) for f in found] == [("First", form), ("Row one", form)]


@pytest.fixture
def listener(demo_client: TestClient) -> Iterator[TestClient]:
    """A reader who listens to pages."""

    def choose(view: str) -> None:
        assert demo_client.post("/preferences", data={"view": view, "form_token": form_token(demo_client)}).status_code == 200

    choose("text")
    yield demo_client
    choose("full")


@pytest.mark.parametrize("path", ["/risks", "/risks/register", "/evidence/upload", "/papers/new", "/risks/limits", "/trials"])
def test_all_that_a_page_can_do_can_be_done_while_it_is_read_out(listener: TestClient, path: str) -> None:
    whole, spoken = (main_of(listener.get(f"{path}?as={kind}").text) for kind in ("full", "text"))
    assert '<pre class="text"' in spoken
    assert '<pre class="text"' in main_of(listener.get(path).text)
    assert count_forms(spoken) == count_forms(whole) > 0


def test_the_page_where_listening_is_switched_off_is_never_read_out(listener: TestClient) -> None:
    page = main_of(listener.get("/preferences").text)
    assert '<pre class="text"' not in page
    assert 'name="view"' in page


def test_no_page_runs_a_number_into_the_next_one(demo_client: TestClient) -> None:
    for path in ("/", "/trials", "/trials/QD-001", "/vendors", "/measures"):
        text = re.search(r"<pre[^>]*>(.*?)</pre>", demo_client.get(f"{path}?as=text").text, re.DOTALL)
        assert text
        assert not re.search(r"%\d|\b20\d\d\d|[a-z]\d+ of |\d(active|closed|and)\b|[▲●]", text.group(1)), path


def test_starting_with_dyslexia_in_mind_keeps_pages_whole() -> None:
    assert "text_view" not in page_behaviours(starting_set("dyslexia"))


def main_of(html: str) -> str:
    return html[html.index("<main") : html.index("</main>")]


def count_forms(html: str) -> int:
    return html.count("<form")
