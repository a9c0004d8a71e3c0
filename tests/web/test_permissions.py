"""Who may use which route: a truth table over every route and every role, and roles that hold for one trial or programme only."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from builders import build_snapshot
from quarterdeck.record import accounts
from quarterdeck.record.permissions import ROLES, load_permissions
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web import discovery
from quarterdeck.web.app import create_app
from quarterdeck.web.view import Permit
from tests_web import form_token  # type: ignore[import-not-found]

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
PASSWORD = "a long and quiet password"
PUBLIC = {path for module in discovery.page_modules() for path in getattr(module, "PUBLIC", ())}
VALUES = {
    "study_id": "A1",
    "site_id": "01",
    "country": "GB",
    "snapshot_id": "none",
    "table": "study",
    "measure_id": "screen_failure",
    "job_id": "none",
    "view_id": "1",
}


def routes() -> list[tuple[str, str, Permit | None]]:
    """Every page and API route with its method and its permission."""
    found = []
    for module in (*discovery.page_modules(), *discovery.api_modules()):
        prefix = "/api/v1" if module in discovery.api_modules() else ""
        for route in module.router.routes:
            assert isinstance(route, APIRoute)
            permits = [d.call for d in route.dependant.dependencies if isinstance(d.call, Permit)]
            found += [(method, prefix + route.path, permits[0] if permits else None) for method in sorted(route.methods)]
    return found


ROUTES = routes()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """An installation with one account per role, and two that hold for one trial or programme."""
    home = tmp_path_factory.mktemp("roles")
    studies = [{"study_id": "A1", "product": "QX", "num_plan_subj": 10}, {"study_id": "B2", "product": "QY", "num_plan_subj": 10}]
    sites = [{"study_id": study, "site_id": "01", "country": "GB"} for study in ("A1", "B2")]
    build_snapshot(home, {"study": studies, "site": sites}, data_cut=date(2026, 6, 30))
    application = create_app(Settings(home=home / "home"), require_accounts=True, work=False, now=lambda: NOW)
    record = application.state.deck.record
    people = [(role, role, Scope()) for role in ROLES] + [
        ("one-trial", "reader", Scope("study", "A1")),
        ("programme", "reader", Scope("programme", "QX")),
    ]
    for name, role, scope in people:
        accounts.open_account(record, accounts.INSTALLER, name, name.capitalize(), PASSWORD, NOW)
        accounts.grant_role(record, accounts.INSTALLER, name, role, scope, NOW)
    return application


@pytest.fixture(scope="module")
def clients(app: FastAPI) -> dict[str, TestClient]:
    """A signed-in browser for each of them, and one that nobody signed in to."""
    found = {"nobody": TestClient(app)}
    for name in (*ROLES, "one-trial", "programme"):
        client = TestClient(app)
        token = form_token(client, "/sign-in")
        assert (
            client.post("/sign-in", data={"name": name, "password": PASSWORD, "form_token": token}, follow_redirects=False).status_code
            == 303
        )
        found[name] = client
    return found


def ask(client: TestClient, method: str, path: str) -> Any:
    """The route with plausible values; a change carries its token, so that only the permission can refuse it."""
    address = path
    for name, value in VALUES.items():
        address = address.replace("{" + name + "}", value)
    address = re.sub(r"\{[^}]+\}", "x", address)
    data = {"form_token": form_token(client, "/preferences")} if method == "POST" else None
    return client.request(method, address, data=data, follow_redirects=False)


def test_every_route_states_its_permission_or_is_public_by_name() -> None:
    assert {path for _, path, wanted in ROUTES if wanted is None} <= PUBLIC
    assert len(ROUTES) > 40


def test_every_permission_of_a_route_has_its_sentence() -> None:
    permissions = load_permissions()
    for _, path, wanted in ROUTES:
        if wanted is not None:
            assert permissions[wanted.action].sentence.endswith("."), path


@pytest.mark.parametrize("role", ROLES)
def test_each_role_reaches_exactly_the_routes_its_sentence_allows(clients: dict[str, TestClient], role: str) -> None:
    permissions = load_permissions()
    wrong = []
    for method, path, wanted in ROUTES:
        if wanted is None:
            continue
        refused, allowed = ask(clients[role], method, path).status_code == 403, role in permissions[wanted.action].roles
        # A thing may have a further rule of its own (one's own person, one's own job), so a role may still be refused there.
        if refused == allowed and (refused is False or "{" not in path) and path != "/sign-out":
            wrong.append((method, path, wanted.action, refused))
        if path == "/sign-out":
            token = form_token(clients[role], "/sign-in")
            clients[role].post("/sign-in", data={"name": role, "password": PASSWORD, "form_token": token})
    assert not wrong


def test_nobody_reaches_anything_but_the_public_routes(clients: dict[str, TestClient]) -> None:
    for method, path, wanted in ROUTES:
        if wanted is None or method != "GET":
            continue
        answer = clients["nobody"].get(path.replace("{study_id}", "A1").split("{")[0], follow_redirects=False)
        assert answer.status_code in (303, 401, 404, 307), (path, answer.status_code)
        assert answer.headers.get("location", "/sign-in").startswith(("/sign-in", "http"))


@pytest.mark.parametrize("name", ["one-trial", "programme"])
def test_a_role_for_one_trial_or_programme_sees_that_and_nothing_else(clients: dict[str, TestClient], name: str) -> None:
    client = clients[name]
    assert client.get("/trials/A1").status_code == 200
    assert client.get("/trials/B2").status_code == 403
    assert client.get("/trials/B2/sites/01").status_code == 403
    assert client.get("/api/v1/trials/B2").status_code == 403
    listed = client.get("/trials").text
    assert "/trials/A1" in listed
    assert "/trials/B2" not in listed
    assert [trial["study_id"] for trial in client.get("/api/v1/trials").json()["items"]] == ["A1"]
    assert "B2" not in client.get("/search?q=b2").text.split("<main")[1].split("Words")[1].replace("b2", "")
    assert client.get("/measures").status_code == 403
    assert client.get("/evidence/rows/site?key=B2/01").status_code == 403


def test_a_role_that_is_withdrawn_ends_with_the_next_request(app: FastAPI, clients: dict[str, TestClient]) -> None:
    record = app.state.deck.record
    accounts.withdraw_role(record, accounts.INSTALLER, "analyst", "analyst", Scope(), NOW)
    try:
        assert clients["analyst"].get("/trials").status_code == 403
    finally:
        accounts.grant_role(record, accounts.INSTALLER, "analyst", "analyst", Scope(), NOW)
    assert clients["analyst"].get("/trials").status_code == 200
