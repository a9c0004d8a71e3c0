"""The portfolio as a person walks it: from proposed work to evidence, corrected or withdrawn, with one score everywhere."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from pypdf import PdfReader
from starlette.testclient import TestClient

from quarterdeck.development import learner
from quarterdeck.development.demonstrate.portfolio import verify_portfolio
from quarterdeck.record import audit
from quarterdeck.record.accounts import INSTALLER, grant_role, open_account
from quarterdeck.record.permissions import SINGLE_USER
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
TURNS = (
    "It was to bring the forecast error to 10% by 30 June 2026.",
    "I sealed the forecast myself in March and compared it each month.",
    "The error fell from 25% to 9%.",
    "Because we compared it with the plan each month, we saw the slip early; next time I would start a month earlier.",
    "On 3 December 2026 I seal the next one.",
    "The head of biostatistics was there and could confirm it.",
)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(home=tmp_path / "home"), work=False)) as client:
        yield client


def send(client: TestClient, path: str, status: int = 200, **fields: object) -> str:
    """A form sent, and the page it leads to."""
    token = re.search(r'name="form_token" value="([^"]+)"', client.get("/development/support").text)
    assert token
    answer = client.post(path, data={"form_token": token[1], **fields}, follow_redirects=True)
    assert answer.status_code == status, answer.text
    return unescape(answer.text)


def seal_forecast(client: TestClient) -> None:
    """A forecast sealed by the reader."""
    deck = client.app.state.deck  # type: ignore[attr-defined]
    with audit.write(deck.record, SINGLE_USER, audit.Act("forecast.seal", "snapshot", "6" * 64, detail={"entries": 12}), NOW):
        pass


def add(client: TestClient, status: int = 200, **fields: object) -> str:
    """A piece of work entered by hand."""
    base = {"title": "Vendor rescue", "kind": "work_product", "happened_on": "2026-05-01", "competency": "T4", "own_action": "I led it."}
    return send(client, "/development/evidence", status, **{**base, **fields})


def test_a_sealed_forecast_is_debriefed_and_kept_after_a_pause_too(client: TestClient) -> None:
    seal_forecast(client)
    page = unescape(client.get("/development/portfolio").text)
    assert "Forecasts sealed: 12 forecasts" in page
    link = re.search(r'href="(/development/practise/[^"]+artefact=[^"]+)"', page)
    assert link
    assert "A piece of work you have finished" in client.get(link[1]).text
    answer = client.post(
        link[1].split("?")[0],
        data={
            "form_token": re.search(r'name="form_token" value="([^"]+)"', client.get("/development/support").text)[1],
            "level": 1,
            "artefact": "audit:1",
        },  # type: ignore[index]
        follow_redirects=True,
    )
    address = answer.url.path
    assert "About: Forecasts sealed: 12 forecasts" in answer.text
    send(client, address, pause="yes", text="")
    assert f'href="{address}"' in client.get("/development").text  # the way back knows what the debrief is about
    for turn in (*TURNS, *("It is as I said." for _ in range(12))):
        page = send(client, address, text=turn)
        if "Map it as evidence" in page:
            break
    choices = re.findall(r'name="competency" value="([^"]+)"> ([^<]+)<', page)
    assert choices
    assert all(name != code for code, name in choices)
    page = send(client, f"{address}/evidence", competency=[code for code, _ in choices], own_action="I sealed it.")
    assert "Proposed from your work" not in page
    assert "no longer proposed" in client.get(address).text


def test_work_that_is_not_ones_own_cannot_be_debriefed(client: TestClient) -> None:
    assert "not proposed to you" in send(client, "/development/practise/debrief-work", 404, level=1, artefact="audit:99")


def test_where_people_sign_in_nobody_names_an_owner(client: TestClient) -> None:
    send(client, "/development/support", owner_id="P043")
    deck = client.app.state.deck  # type: ignore[attr-defined]
    assert learner.get_profile(deck.record, "local").owner_id == "P043"
    open_account(deck.record, INSTALLER, "ana", "Ana", "a long password for ana", NOW)
    grant_role(deck.record, INSTALLER, "ana", "director", Scope(), NOW)
    token = re.search(r'name="form_token" value="([^"]+)"', client.get("/sign-in").text)
    assert token
    client.post("/sign-in", data={"name": "ana", "password": "a long password for ana", "form_token": token[1]})
    page = unescape(client.get("/development/support").text)
    assert "“ana”, the identifier of your account" in page
    assert 'name="owner_id"' not in page
    send(client, "/development/support", owner_id="P043")
    assert learner.get_profile(deck.record, "ana").owner_id == ""


def test_numbers_in_the_profile_are_understood_or_refused_by_name(client: TestClient) -> None:
    send(client, "/development/support", years_at_level="2,5", team="12 people", budget_gbp="£2,000,000", degree="1")
    deck = client.app.state.deck  # type: ignore[attr-defined]
    kept = {"years_at_level": 2.5, "team": 12.0, "budget_gbp": 2e6, "degree": 1.0}
    assert learner.get_profile(deck.record, "local").experience == kept
    assert 'value="2,000,000"' in client.get("/development/support").text
    assert "“People in my team” cannot be read: a dozen" in send(client, "/development/support", 400, team="a dozen")
    send(client, "/development/support", start="adhd")
    assert learner.get_profile(deck.record, "local").experience == kept


def test_a_criterion_must_exist_in_a_known_standard_or_in_one_that_was_added(client: TestClient) -> None:
    assert "No known standard has this criterion" in add(client, 400, criteria="hello")
    add(client, criteria="CFAM&LEA4/P3")
    page = send(client, "/development/standard", framework="Our house", code="H1", title="Our unit", criteria="P1, P2")
    assert "Our unit" in page
    assert "Vendor two" in add(client, title="Vendor two", criteria="H1/P2")
    assert "H1/P1" in add(client, 400, criteria="H1/P9")


def test_an_item_is_corrected_and_withdrawn_and_the_log_is_shown(client: TestClient) -> None:
    page = add(client)
    item = re.search(r'href="(/development/evidence/[^"?]+)"', page)
    assert item
    assert "Correct it" in client.get(item[1]).text
    page = send(client, f"{item[1]}/correct", title="Vendor rescue", own_action="I led half of it.", reason="too much")
    assert "Corrected: too much" in page
    newer = next(a for a in re.findall(r'href="(/development/evidence/[^"?]+)"', page) if a != item[1])
    assert "I led half of it." in client.get(newer).text
    assert "needs a reason" in send(client, f"{newer}/withdraw", 400, reason=" ")
    assert "It was not mine." in send(client, f"{newer}/withdraw", reason="It was not mine.")
    assert "counts no longer" in client.get(newer).text
    master = json.loads(zipfile.ZipFile(io.BytesIO(client.get("/development/portfolio.zip").content)).read("portfolio.jsonld"))
    assert (len(master["evidence"]), len(master["withdrawn"])) == (0, 2)


@pytest.mark.parametrize("artefact", ["audit:1", "capa:CAPA-0057"])
def test_work_in_the_record_is_kept_through_its_debrief_only(client: TestClient, artefact: str) -> None:
    assert "through its debrief" in add(client, 400, artefact=artefact)


def test_the_page_and_the_zip_give_the_same_score(client: TestClient, tmp_path: Path) -> None:
    assert "There is no score yet" in client.get("/development/portfolio").text
    send(client, "/development/support", team="12 people")
    send(client, "/development/assessment/answer", item="check:T1:3", outcome="1")
    page = unescape(client.get("/development/portfolio").text)
    said = re.search(r"Career progression score [^<]+ of its weights\.", page)
    assert said
    path = tmp_path / "portfolio.zip"
    path.write_bytes(client.get("/development/portfolio.zip").content)
    verify_portfolio(path)
    with zipfile.ZipFile(path) as archive:
        text = " ".join(p.extract_text() for p in PdfReader(io.BytesIO(archive.read("index.pdf"))).pages)
        score = json.loads(archive.read("portfolio.jsonld"))["progression"]["score"]
    assert said[0] in " ".join(text.split())
    assert f"score {score:.0f} of 100" in said[0]
