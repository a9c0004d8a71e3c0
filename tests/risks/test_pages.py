"""The pages: matters first, a funnel with the doubtful few named, and the whole loop walked through forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from world import SILENT, build_world

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.evidence.store import Store
from quarterdeck.risks.indicators import load_indicators
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from quarterdeck.web.pages.risks import paths


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    build_world(folder)
    return folder / "home"


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(home=home), work=False)) as client:
        yield client


def snapshot_of(home: Path) -> Snapshot:
    return Store(home / "evidence").open()


def send(client: TestClient, page: str, target: str, **fields: str) -> int:
    token = re.search(r'name="form_token" value="([^"]+)"', client.get(page).text)
    assert token, page
    return client.post(target, data={"form_token": token[1], **fields}).status_code


def test_every_page_answers(client: TestClient, home: Path) -> None:
    for path in paths(snapshot_of(home)):
        assert client.get(path).status_code == 200, path


def test_the_first_page_names_the_silent_site_and_what_doing_nothing_costs(client: TestClient) -> None:
    text = client.get("/risks").text
    assert "Site S1 of T1 reported 0 adverse events" in text
    assert "Doing nothing" in text


def test_a_matter_that_was_accepted_leaves_the_list(client: TestClient) -> None:
    found = re.search(r'name="finding" value="([^"]+)"', client.get("/risks").text)
    assert found
    finding = found[1]
    assert send(client, "/risks", "/risks/choose", finding=finding, choice="accept", reason="agreed with the board") == 200
    page = client.get("/risks").text
    assert f'name="finding" value="{finding}"' not in page
    assert "What was decided, and when it comes back" in page
    assert "agreed with the board" in page
    assert "Accepted until" in client.get("/decisions").text


def test_the_page_confirms_what_was_chosen_and_where_it_stands(client: TestClient) -> None:
    page = client.get("/risks").text
    form = {
        "form_token": re.findall(r'name="form_token" value="([^"]+)"', page)[0],
        "finding": re.findall(r'name="finding" value="([^"]+)"', page)[0],
    }
    said = client.post("/risks/choose", data={**form, "choice": "delegate", "to": "P012", "reason": "leads the trial"}).text
    assert re.search(r'role="status"><strong>Delegated to P012, until [^<]+:</strong>', said)


def test_a_decision_about_a_finding_settles_its_subject(client: TestClient) -> None:
    page = client.get("/risks").text
    finding = re.findall(r'name="finding" value="([^"]+)"', page)[0]
    assert send(client, f"/finding?id={finding}", "/finding/decide", id=finding, outcome="We pay for it", reason="the board agreed") == 200
    page = client.get("/risks").text
    assert f'name="finding" value="{finding}"' not in page
    assert "Decided on" in page


def test_every_indicator_answers_also_where_nothing_could_be_assessed(client: TestClient) -> None:
    unassessed = 0
    for indicator in load_indicators():
        answer = client.get(f"/risks/indicators?study=T1&indicator={indicator}")
        assert answer.status_code == 200, indicator
        unassessed += 'id="chart-funnel"' not in answer.text
    assert unassessed
    assert client.get("/risks/history?study=T1").status_code == 200


def test_the_funnel_says_what_was_assessed(client: TestClient) -> None:
    text = client.get("/risks/indicators?study=T1&indicator=kri0001c").text
    assert "flagged of 6 assessed, 0 not assessed" in text
    assert "site S1 stands out" in text


def test_the_loop_is_walked_through_the_pages(client: TestClient) -> None:
    assert send(client, "/risks/signals", "/risks/signals/open") == 200
    text = client.get("/risks/signals").text
    signal = re.search(r"/risks/signals/(SIG-[0-9a-f]+)", text)
    assert signal
    page = f"/risks/signals/{signal[1]}"
    move = f"{page}/move"
    assert send(client, page, move, after="under_review", reason="looks odd") == 200
    assert send(client, page, move, after="confirmed", reason="seen there", root_cause="nobody asks") == 200
    fields = {"action": "Retrain", "owner": "P1", "due": "2099-01-10", "criterion": "ratio above 0.7", "judged_on": "2099-02-10"}
    assert send(client, page, move, after="action", reason="agreed", **fields) == 200
    assert send(client, page, move, after="done", reason="held") == 200
    assert send(client, page, f"{page}/measure") == 400  # the facts that were set are not there yet
    assert "Retrain" in client.get(page).text


def test_an_item_is_raised_and_closed_through_the_pages(client: TestClient) -> None:
    fields = {"title": "Comparator runs out", "cause": "one supplier", "event": "a batch fails", "effect": "dosing stops", "kind": "risk", "category": "supply", "p_annual": "0.2", "cost_p05": "100,000", "cost_p95": "900,000", "reason": "workshop"}  # fmt: skip
    assert send(client, "/risks/register", "/risks/register/raise", **fields) == 200
    text = client.get("/risks/register").text
    assert "Comparator runs out" in text
    assert "How likely a loss of each size is" in text
    item = re.search(r"/risks/register/(REG-[0-9a-f]+)", text)
    assert item
    assert send(client, f"/risks/register/{item[1]}", f"/risks/register/{item[1]}/move", after="closed", reason="second supplier") == 200
    assert "20.0%" in client.get("/risks/register").text


def test_a_site_page_shows_all_its_indicators(client: TestClient) -> None:
    study, site = SILENT.split("/")
    text = client.get(f"/risks/sites/{study}/{site}").text
    assert "Adverse events by participant and visit" in text
    assert "nothing to count against" in text or "not assessed" in text


@pytest.mark.parametrize(
    "path", ["/risks/sites/T9/S9", "/risks/signals/SIG-none", "/risks/register/REG-none", "/risks/blast-radius?kind=vendor&key=V9"]
)
def test_what_does_not_exist_says_so(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


ITEM = {
    "title": "Comparator runs out",
    "cause": "One supplier",
    "event": "the batch fails",
    "effect": "sites stop",
    "kind": "risk",
    "category": "supply",
    "reason": "seen",
}


def test_the_register_takes_a_probability_and_money_as_people_write_them(client: TestClient) -> None:
    more = {"p_annual": "20%", "cost_p05": "£500,000", "cost_p95": "2 000 000 GBP"}
    assert send(client, "/risks/register", "/risks/register/raise", **ITEM, **more) == 200
    page = client.get("/risks/register").text
    assert "20.0%" in page


@pytest.mark.parametrize(
    ("field", "text", "label", "allowed"),
    [
        ("p_annual", "often", "Probability in a year", "such as 0.2 or 20%"),
        ("p_annual", "120%", "Probability in a year", "0% to 100%"),
        ("cost_p05", "$500", "Cost, 5th percentile", "amounts are in GBP"),
        ("days_p95", "nan", "Days, 95th percentile", "digits"),
    ],
)
def test_a_number_that_cannot_be_read_is_refused_in_the_words_of_the_form(
    client: TestClient, field: str, text: str, label: str, allowed: str
) -> None:
    token = re.search(r'name="form_token" value="([^"]+)"', client.get("/risks/register").text)
    assert token
    answer = client.post("/risks/register/raise", data={"form_token": token[1], **ITEM, field: text})
    assert answer.status_code == 400
    assert label in answer.text
    assert allowed in answer.text
    assert "Go back in the browser" in answer.text
