"""The journey of a new user through the pages, and what each accommodation changes on them."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from builders import build_snapshot
from quarterdeck.development import actions
from quarterdeck.development.deliver.scenario import get_scenario
from quarterdeck.development.discover.rubrics import get_rubric
from quarterdeck.development.discuss.accommodations import load_switches
from quarterdeck.development.learner import Profile, newest_answer
from quarterdeck.record.database import open_record
from quarterdeck.record.permissions import Actor, GrantedRole
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app

STORY = "In 2024 I compared the turnaround of our CRO with the SLA, 6.5 days against 3. I offered a longer term in exchange for a named team. By March it fell to 2.8 days."


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One installation for the tests that only look."""
    with TestClient(create_app(Settings(home=tmp_path_factory.mktemp("shared") / "home"), work=False)) as client:
        yield client


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new installation, made once and copied for each test."""
    home = tmp_path_factory.mktemp("blank") / "home"
    open_record(Settings(home=home)).close()
    return home


@pytest.fixture
def client(blank: Path, tmp_path: Path) -> Iterator[TestClient]:
    shutil.copytree(blank, tmp_path / "home")
    with TestClient(create_app(Settings(home=tmp_path / "home"), work=False)) as client:
        yield client


def token(client: TestClient) -> str:
    """The token that a form carries."""
    found = re.search(r'name="form_token" value="([^"]+)"', client.get("/development/support").text)
    assert found
    return found[1]


def heading(text: str) -> str:
    """The h1."""
    return re.search(r"<h1>(.*?)</h1>", text)[1]  # type: ignore[index]


def send(client: TestClient, path: str, **fields: object) -> str:
    """A form sent, and the page it leads to."""
    answer = client.post(path, data={"form_token": token(client), **fields}, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return answer.text


def begin(client: TestClient, scenario: str, level: int = 1) -> str:
    """A conversation begun; its address."""
    answer = client.post(f"/development/practise/{scenario}", data={"form_token": token(client), "level": level}, follow_redirects=True)
    return answer.url.path


def test_the_whole_journey_of_a_new_user(client: TestClient) -> None:
    assert "start the assessment" in heading(client.get("/development").text)
    page = client.get("/development/assessment").text
    stories = 0
    for _ in range(80):
        item = re.search(r'name="item" value="([^"]+)"', page)
        if item is None:
            break
        if "interview" in item[1]:
            stories += 1
            assert "Is it here?" in send(client, "/development/assessment/answer", item=item[1], text=STORY)
            page = send(client, "/development/assessment/claim", item=item[1])
            assert (f"Part {stories} is done." in page) == (stories < 3)
        else:
            page = send(client, "/development/assessment/answer", item=item[1], outcome="1")
    assert stories == 3
    assert "map is ready" in heading(page)
    assert "you may answer again" in page
    assert "have a large expected gap" in heading(client.get("/development/map").text)
    assert "sessions are done" in heading(send(client, "/development/plan"))
    assert client.get("/development/plan.ics").text.startswith("BEGIN:VCALENDAR")
    address = begin(client, "socratic-oversight")
    for _ in range(16):
        page = send(client, address, text="The responsibility stays with the sponsor, and oversight depends on the risk of the task.")
        if "What came of it" in page:
            break
    assert "What came of it" in page
    assert "Practice: What stays with the sponsor" in client.get("/development/portfolio").text
    assert client.get("/development/portfolio.zip").content[:2] == b"PK"
    assert client.get(f"{address}/transcript").text.startswith("What stays with the sponsor")


def test_a_cycle_later_the_next_step_is_to_see_where_one_stands_now(client: TestClient, tmp_path: Path) -> None:
    send(client, "/development/assessment/answer", item="check:T1:3", outcome="1")
    assert "go on with the assessment" in heading(client.get("/development").text)
    record = open_record(Settings(home=tmp_path / "home"))
    with record.session() as session, session.begin():
        row = newest_answer(session, "local", "check:T1:3")
        assert row is not None
        row.answered_at -= timedelta(weeks=12)
    record.close()
    page = client.get("/development").text
    assert "see where you stand now" in heading(page)
    assert "still counts, with less weight" in page
    assert "Part 1 of 3. 0 of at most 70 answered." in client.get("/development/assessment").text


def test_a_conversation_shows_one_thing_and_resumes_after_a_pause(client: TestClient) -> None:
    address = begin(client, "inspection-tmf")
    page = send(client, address, pause="yes", text="")
    assert "Paused" in page
    assert "Go on where you stopped" in client.get("/development").text
    page = send(client, address, text="We compare the file each month with the expected document list; completeness is 91%.")
    assert "Found: a measure of completeness" in page
    assert page.count("<textarea") == 1


def test_the_session_page_states_steps_and_minutes_before_it_begins(shared: TestClient) -> None:
    page = shared.get("/development/practise/board-audit").text
    assert re.search(r"Steps: \d+", page)
    assert re.search(r"About \d+ minutes", page)
    assert "What counts" in page


def test_an_offer_is_made_by_choice(client: TestClient) -> None:
    address = begin(client, "negotiation-change-orders")
    page = send(
        client,
        address,
        offer="yes",
        text="",
        **{"offer-price": "low", "offer-timing": "lock", "offer-team": "named", "offer-pipeline": "none"},
    )
    assert "Not yet. I could live with this" in page


def test_the_map_claims_no_gap_before_anything_was_answered(client: TestClient) -> None:
    page = client.get("/development/map").text
    assert heading(page) == "Nothing is known yet: no question was answered"
    assert page.count("Nothing asked yet; the role asks for") == 40
    assert "Nothing was asked yet, so nothing comes first." in page
    send(client, "/development/assessment/answer", item="check:T1:3", outcome="1")
    page = client.get("/development/map").text
    assert heading(page).endswith("competencies asked about have a large expected gap")
    assert page.count("Nothing asked yet; the role asks for") == 39
    assert re.search(r'href="/development/map/T1[^>]*>[^<]+</a>\s*<span>[A-Z][a-z ]+: level \d\.\d of 5, between', page)


def test_what_moved_a_cell_adds_up_to_its_level(client: TestClient) -> None:
    for item, outcome in (("check:T1:3", "1"), ("self:T2", "5"), ("check:T4:4", "0")):
        send(client, "/development/assessment/answer", item=item, outcome=outcome)
    page = client.get("/development/map/T1").text
    assert "All questions about other competencies" in page
    moves = [float(m.replace("−", "-").replace("+", "")) for m in re.findall(r'<td class="n">([+−]?\d\.\d\d)</td>', page)]
    assert len(moves) == 2
    assert f"level {3 + sum(moves):.1f} against" in page


def test_after_a_few_answers_the_next_step_is_to_go_on(client: TestClient) -> None:
    send(client, "/development/assessment/answer", item="check:T1:3", outcome="1")
    assert heading(client.get("/development").text) == "Your next step: go on with the assessment"
    end = client.get("/development/assessment?end=1").text
    assert "Undo the last answer" in end


def test_a_story_has_one_probe_whose_answer_is_added_to_it(client: TestClient, tmp_path: Path) -> None:
    item = "interview:vendor:T4"
    send(client, "/development/assessment/answer", item=item, text="I offered a longer term in exchange for a named team.")
    page = client.get(f"/development/assessment/found?item={item}").text
    assert get_rubric("vendor").probe in html.unescape(page)
    send(client, "/development/assessment/claim", item=item, more="By March 2025 the turnaround fell from 6.5 to 2.8 days.")
    page = html.unescape(client.get(f"/development/assessment/found?item={item}").text)
    assert "fell from 6.5 to 2.8 days" in page
    assert get_rubric("vendor").probe not in page


def test_a_cell_can_be_contested_with_a_reason(client: TestClient) -> None:
    page = send(client, "/development/map/T4/contest", reason="I led three rebids.")
    assert "You contest this cell" in page
    assert "I led three rebids." in page


@pytest.mark.parametrize("switch", sorted(load_switches()))
def test_every_switch_keeps_every_page_alive(shared: TestClient, switch: str) -> None:
    client = shared
    send(client, "/development/support", switch=switch)
    address = begin(client, "roleplay-manager")
    assert "<textarea" in client.get(address).text
    for path in (
        "/development",
        "/development/assessment",
        "/development/map",
        "/development/plan",
        "/development/practise/roleplay-manager",
        address,
        "/development/portfolio",
    ):
        assert client.get(path).status_code == 200, path


def test_switches_change_what_the_page_does(client: TestClient) -> None:
    address = begin(client, "roleplay-resignation", 2)
    before = client.get(address).text
    assert "Mood of the other person" not in before
    assert "Thoughts for later" not in before
    for start in ("adhd", "autism", "dyslexia"):
        send(client, "/development/support", start=start)
    after = client.get(f"{address}?as=html").text
    page = client.get("/preferences").text
    assert 'data-reading="spaced"' in page
    assert 'data-theme="calm"' in page
    assert "Mood of the other person" in after
    assert "Thoughts for later" in after


def test_the_text_view_of_the_map_has_no_table(client: TestClient) -> None:
    send(client, "/development/support", switch="text_view")
    text = client.get("/development/map").text
    assert "<table" not in text
    assert 'href="/development/map/T4"' in text  # where one can go from there is still to be had


def test_a_starting_set_is_not_stored_by_name(client: TestClient, tmp_path: Path) -> None:
    send(client, "/development/support", start="autism")
    stored = (tmp_path / "home" / "record.sqlite").read_bytes() + b"".join(
        p.read_bytes() for p in (tmp_path / "home").glob("record.sqlite-*")
    )
    assert b"autism" not in stored
    assert b"rubric_first" in stored


def test_a_person_who_shares_nothing_is_not_shown(client: TestClient) -> None:
    assert client.get("/development/people/local").status_code == 403
    assert "Nobody shares anything yet" in client.get("/development/team").text
    send(client, "/development/support", share="status", successor_for="Head of region")
    assert "Head of region" in client.get("/development/team").text
    assert client.get("/development/people/local").status_code == 200


def test_evidence_entered_by_hand_is_not_authentic_until_a_witness_confirms(client: TestClient) -> None:
    page = send(
        client,
        "/development/evidence",
        title="Vendor rescue",
        kind="work_product",
        happened_on="2026-05-01",
        competency="T4",
        own_action="I led it.",
    )
    assert "Vendor rescue" in page
    assert "2 more authentic item" in page


@pytest.mark.parametrize("path", ["/development/practise/nothing", "/development/map/Z9", "/development/conversations/none"])
def test_unknown_things_give_a_page_with_a_message(shared: TestClient, path: str) -> None:
    build_snapshot(shared.app.state.deck.settings.home.parent, {"study": [{"study_id": f"QD-{len(path)}"}]})  # type: ignore[attr-defined]
    answer = shared.get(path)
    assert answer.status_code == 404
    assert "Unknown" in answer.text


def test_each_part_is_shared_for_itself(client: TestClient) -> None:
    send(client, "/development/support", share="status")
    text = client.get("/development/people/local").text
    assert "Competency matrix" in text
    assert "Best practice, unaided" not in text  # levels are the map's, and that is not shared
    assert "The map, as the person sees it" not in text
    send(client, "/development/support", share="heat_map")
    text = client.get("/development/people/local").text
    assert "The map, as the person sees it" in text
    assert "Competency matrix" not in text
    assert "See the map" in client.get("/development/team").text


def test_dictation_stands_beside_every_long_field(client: TestClient) -> None:
    address = begin(client, "roleplay-manager")
    assert "Windows key and H" not in client.get(address).text
    send(client, "/development/support", switch="voice")
    for path in (address, "/development/map/T4", "/development/portfolio"):
        assert "Windows key and H" in client.get(path).text, path


def test_company_says_how_many_others_who_asked_for_it_practise_now(client: TestClient) -> None:
    address = begin(client, "roleplay-manager")
    send(client, "/development/support", switch="company")
    assert "Nobody else who asked for company practises now" in client.get(address).text
    deck = client.app.state.deck  # type: ignore[attr-defined]
    other = Actor("ana", "Ana", (GrantedRole("director"),))
    actions.keep_profile(deck.record, other, Profile(switches=("company",)), deck.now())
    actions.open_conversation(deck.record, other, get_scenario("board-audit"), deck.now(), 1, 1)
    assert "1 other who asked for company practises now" in client.get(address).text
    deck.now = lambda: datetime.now(UTC) + timedelta(hours=1)
    assert "Nobody else who asked for company practises now" in client.get(f"{address}?later=1").text


def test_without_facts_the_live_sessions_are_an_example_and_say_so(client: TestClient) -> None:
    assert "Built from an invented example portfolio" in client.get("/development/practise").text
    text = client.get("/development/practise/live-board").text
    assert "Example: Board meeting about an invented portfolio" in text
    assert "No facts are loaded" in text
    page = send(client, begin(client, "live-negotiation"), text="What matters to you this year?")
    assert "Example: Negotiation with Harbourline" in page
