"""The vendor pages show what the figures say, and a change order goes from upload to a figure per line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from builders import build_snapshot
from quarterdeck.papers.readers.read import read_document
from quarterdeck.record.database import open_record
from quarterdeck.record.permissions import MACHINE, SINGLE_USER
from quarterdeck.vendors import actions
from quarterdeck.vocabulary.errors import BadInput, NotFound, NotPermitted
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    trials = [{"study_id": f"S{i}", "phase": "P3", "therapeutic_area": "Oncology", "num_plan_subj": 100} for i in range(8)]
    vendors = [{"vendor_id": v, "name": n, "vendor_type": "cro"} for v, n in (("V1", "Quick & Co <b>"), ("V2", "Slow Ltd"))]
    sites = [
        {
            "study_id": f"S{i}", "site_id": f"{k:03d}", "country": "GB", "vendor_id": "V1" if i < 4 else "V2", "selected_dt": date(2025, 1, 1),
            "site_active_dt": date(2025, 3, 1 + k) if i < 4 else date(2025, 9, 1 + k), "site_status": "active",
        }
        for i in range(8)
        for k in range(6)
    ]  # fmt: skip
    contract = {
        "contract_id": "C1",
        "vendor_id": "V2",
        "study_id": "S4",
        "contract_type": "unit_based",
        "start_dt": date(2025, 1, 1),
        "end_dt": date(2027, 1, 1),
        "value": 2_400_000,
        "currency": "GBP",
    }
    units = [
        {"deliverable_id": "U1", "contract_id": "C1", "study_id": "S4", "name": "Project management month", "unit_type": "month", "planned_units": 24, "actual_units": 12, "unit_price": 60_000, "currency": "GBP"},
        {"deliverable_id": "U2", "contract_id": "C1", "study_id": "S4", "name": "Monitoring visit", "unit_type": "unit", "planned_units": 400, "actual_units": 400, "unit_price": 2_400, "currency": "GBP"},
    ]  # fmt: skip
    build_snapshot(tmp_path, {"study": trials, "vendor": vendors, "site": sites, "contract": [contract], "deliverable": units})
    with TestClient(create_app(Settings(home=tmp_path / "home"), work=False)) as opened:
        yield opened


def test_the_comparison_page_names_the_slow_vendor_and_escapes_names(client: TestClient) -> None:
    page = client.get("/vendors/metrics/selection_to_activation_days").text
    assert "Slow Ltd" in page
    assert "<b>" not in page.split("<main")[1].split("Quick")[1][:40]
    assert "Quick &amp; Co" in page


def test_the_contract_page_prices_a_month_of_slip(client: TestClient) -> None:
    assert "A month of slip earns Slow Ltd £60,0" in client.get("/vendors/contracts/C1").text


def test_an_unknown_vendor_or_contract_is_a_clear_404(client: TestClient) -> None:
    for path in ("/vendors/V99", "/vendors/contracts/C99", "/vendors/metrics/nonsense", "/vendors/change-orders/none"):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert "Traceback" not in answer.text


def token(client: TestClient, path: str) -> str:
    return client.get(path).text.split('name="form_token" value="')[1].split('"')[0]


def test_an_uploaded_change_order_becomes_a_review_with_a_figure_per_line(client: TestClient) -> None:
    content = b"description,quantity,unit price,amount,reason\nMonitoring visits,10,3000,30000,New sites\nRework of reports,1,5000,5000,Correction of vendor error\n"
    answer = client.post(
        "/vendors/change-orders",
        data={"contract": "C1", "form_token": token(client, "/vendors/change-orders")},
        files={"file": ("co.csv", content)},
    )
    assert answer.status_code == 200
    assert "£11,000 of £35,000 may be disputed" in answer.text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("co.exe", b"MZ"),
        ("co.csv", b"nothing,here\n1,2\n"),
        ("co.xlsx", b"not a workbook"),
        ("../../co.csv", b"description,amount\nA,lots\n"),
    ],
)
def test_a_file_that_is_no_change_order_is_refused_with_a_reason(client: TestClient, name: str, content: bytes) -> None:
    answer = client.post(
        "/vendors/change-orders",
        data={"contract": "C1", "form_token": token(client, "/vendors/change-orders")},
        files={"file": (name, content)},
    )
    assert answer.status_code in (400, 422)
    assert "Traceback" not in answer.text


def test_bids_pasted_into_the_bid_room_are_compared(client: TestClient) -> None:
    bid = (
        "{{vendor: {0}, currency: GBP, fixed: 1000, per_month: {1}, per_site_month: 1, per_visit: 1, per_participant: 1, pass_through: 0}}"
    )
    tender = f"assumptions: {{months: 20, sites: 10, participants: 50}}\nweights: {{cost: 1}}\nbids:\n  - {bid.format('A', 100)}\n  - {bid.format('B', 900)}\n"
    answer = client.post("/vendors/bids", data={"content": tender, "form_token": token(client, "/vendors/bids")})
    assert "A leads with these weights" in answer.text


def test_a_promise_is_settled_once_and_only_by_a_person(tmp_path: Path) -> None:
    record = open_record(Settings(home=tmp_path / "home"))
    promise = actions.Promise("V1", "vendor", "Reports in 15 days", "Lead", date(2026, 9, 1))
    name = actions.record_promise(record, SINGLE_USER, promise, NOW)
    with pytest.raises(NotPermitted):
        actions.settle_promise(record, MACHINE, name, "kept", "All on time", NOW)
    with pytest.raises(BadInput):
        actions.settle_promise(record, SINGLE_USER, name, "kept", " ", NOW)
    actions.settle_promise(record, SINGLE_USER, name, "kept", "All on time", NOW)
    with pytest.raises(NotPermitted, match="settled"):
        actions.settle_promise(record, SINGLE_USER, name, "broken", "No", NOW)
    with pytest.raises(NotFound):
        actions.settle_promise(record, SINGLE_USER, "VC-none", "kept", "x", NOW)
    assert [entry.state for entry in actions.read_promises(record, "V1")] == ["kept"]
    record.close()


@pytest.mark.parametrize("state", ["kept", "broken", "withdrawn"])
def test_no_settled_state_leads_anywhere(state: str) -> None:
    assert actions.TRANSITIONS[state] == ()
    assert state in actions.TRANSITIONS["open"]


def test_a_survey_with_too_few_answers_is_refused_with_its_line(tmp_path: Path) -> None:
    record = open_record(Settings(home=tmp_path / "home"))
    path = tmp_path / "survey.csv"
    path.write_text(
        "vendor_id,asked_on,side,question,mean_score,n_answers\nV1,2026-05-01,site,Clear contacts,4.1,12\nV1,2026-05-01,vendor,Fair,3.9,2\n"
    )
    with pytest.raises(BadInput, match="line 3"):
        actions.import_survey(record, SINGLE_USER, path, 5, NOW)
    assert actions.read_surveys(record, "V1") == []
    record.close()


def test_a_change_order_kept_by_command_carries_the_position_note(client: TestClient, tmp_path: Path) -> None:
    import typer
    from typer.testing import CliRunner

    from quarterdeck.cli import papers
    from quarterdeck.cli.vendors import vendors

    app = typer.Typer()
    papers.register(app)
    app.add_typer(vendors, name="vendors")
    path, home = tmp_path / "co.csv", str(tmp_path / "home")
    path.write_text(
        "description,quantity,unit price,amount,reason\nMonitoring visits,10,3000,30000,New sites\nRework of reports,1,5000,5000,Correction of vendor error\n"
    )
    run = CliRunner()
    kept = run.invoke(app, ["vendors", "change-order", str(path), "--contract", "C1", "--keep", "--home", home, "--json"])
    assert kept.exit_code == 0, kept.output
    review = json.loads(kept.stdout)["kept"]
    written = run.invoke(
        app,
        [
            "paper",
            "change-order",
            "--about",
            "vendor:V2",
            "--basis",
            f"review:{review}",
            "--format",
            "docx",
            "--out",
            str(tmp_path),
            "--home",
            home,
            "--json",
        ],
    )
    assert written.exit_code == 0, written.output
    text = read_document(Path(json.loads(written.stdout)["files"][0])).text
    assert "We may dispute £11,000 of the £35,000 that Slow Ltd asks for, and accept £24,000." in text
    unknown = run.invoke(
        app, ["paper", "change-order", "--about", "vendor:V2", "--basis", "review:CO-none", "--out", str(tmp_path), "--home", home]
    )
    assert unknown.exit_code != 0


def test_a_selection_is_decided_in_the_bid_room_and_kept_with_its_bids(client: TestClient) -> None:
    bid = (
        "{{vendor: {0}, currency: GBP, fixed: 1000, per_month: {1}, per_site_month: 1, per_visit: 1, per_participant: 1, pass_through: 0}}"
    )
    tender = f"assumptions: {{months: 20, sites: 10, participants: 50}}\nweights: {{cost: 1}}\nbids:\n  - {bid.format('V1', 100)}\n  - {bid.format('V2', 900)}\n"
    decision = {
        "content": tender,
        "title": "The next trial",
        "chosen_vendor": "V1",
        "rationale": "It is the cheapest.",
        "risk_tier": "low",
        "oversight_plan": "Monthly measures.",
    }
    form = {"form_token": token(client, "/vendors/bids")}
    answer = client.post("/vendors/selections", data=decision | form)
    assert "was chosen for The next trial" in answer.text
    assert "Write the selection rationale" in answer.text
    assert "The next trial" in client.get("/vendors/bids").text
    refused = client.post("/vendors/selections", data=decision | form | {"chosen_vendor": "V9"})
    assert refused.status_code in (400, 422)
    assert "no qualified bid" in refused.text


def test_a_meeting_and_its_promises_lead_to_the_summary_that_goes_round(client: TestClient) -> None:
    form = {"form_token": token(client, "/vendors/V2")}
    client.post("/vendors/V2/meeting", data=form | {"held_on": "2026-06-20", "summary": "Reports come late."})
    page = client.get("/vendors/V2").text
    assert "Write the after-meeting summary of 20 June 2026" in page
    meeting = re.search(r'value="meeting:(VR-[0-9a-f]+)"', page)
    assert meeting
    client.post(
        "/vendors/V2/promise",
        data=form | {"words": "Reports in 15 days", "owner": "Lead", "due": "2026-09-01", "meeting": meeting.group(1)},
    )
    assert "Reports in 15 days" in client.get("/vendors/V2").text
    assert client.post("/vendors/V2/meeting", data=form | {"held_on": "soon", "summary": "x"}).status_code in (400, 422)


def test_a_negotiation_is_rehearsed_only_with_a_vendor_under_contract(client: TestClient) -> None:
    assert "live-negotiation" not in client.get("/vendors/V1").text
    assert "/development/practise/live-negotiation-V2" in client.get("/vendors/V2").text
    assert client.get("/development/practise/live-negotiation-V2").status_code == 200
