"""Single sign-on against a small provider on this machine: the whole code flow, and the ways in which it must fail."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI, Request
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.testclient import TestClient

from quarterdeck.record import accounts
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from quarterdeck.web.pages.sso import Provider
from tests_web import serving  # type: ignore[import-not-found]

pytest.importorskip("authlib", reason="the sso extra is not installed")
NOW = datetime.now(UTC)


class FakeProvider:
    """Signs whatever subject a test wants; remembers the nonce it was asked with."""

    def __init__(self) -> None:
        self.key: Any = RSAKey.generate_key(2048)
        self.signing_key = self.key
        self.address, self.subject, self.nonce = "", "ada-at-work", ""
        self.audience: str | list[str] = "deck"
        self.app = FastAPI()
        self.app.get("/.well-known/openid-configuration")(self.metadata)
        self.app.get("/keys")(lambda: {"keys": [self.key.as_dict(private=False)]})
        self.app.post("/token")(self.token)

    def metadata(self) -> dict[str, str]:
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorise",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
        }

    async def token(self, request: Request) -> dict[str, Any]:
        assert (await request.form())["code_verifier"]
        claims = {
            "iss": self.address,
            "aud": self.audience,
            "sub": self.subject,
            "nonce": self.nonce,
            "exp": int(time.time()) + 60,
            "iat": int(time.time()),
        }
        return {"access_token": "x", "token_type": "Bearer", "id_token": jwt.encode({"alg": "RS256"}, claims, self.signing_key)}


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    fake = FakeProvider()
    with serving(fake.app) as address:
        fake.address = address
        yield fake


@pytest.fixture
def client(provider: FakeProvider, tmp_path: Path) -> TestClient:
    app = create_app(Settings(home=tmp_path), require_accounts=True, work=False, sso=Provider(provider.address, "deck", "secret"))
    record = app.state.deck.record
    accounts.open_account(record, accounts.INSTALLER, "ada", "Ada", "", NOW, sso_subject="ada-at-work")
    accounts.grant_role(record, accounts.INSTALLER, "ada", "reader", Scope(), NOW)
    return TestClient(app)


def sign_in(client: TestClient, provider: FakeProvider, state: str = "", nonce: str = "") -> Any:
    sent = client.get("/sso?next=/preferences", follow_redirects=False)
    query = parse_qs(urlsplit(sent.headers["location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    provider.nonce = nonce or query["nonce"][0]
    return client.get(f"/sso/return?code=abc&state={state or query['state'][0]}", follow_redirects=False)


def test_the_sign_in_page_offers_it(client: TestClient) -> None:
    assert "/sso?next=" in client.get("/sign-in").text


def test_a_known_subject_is_signed_in_and_led_back(client: TestClient, provider: FakeProvider) -> None:
    answer = sign_in(client, provider)
    assert (answer.status_code, answer.headers["location"]) == (303, "/preferences")
    assert "How I like to read" in client.get("/preferences").text


def test_a_token_for_several_audiences_holds_where_ours_is_among_them(client: TestClient, provider: FakeProvider) -> None:
    provider.audience = ["elsewhere", "deck"]
    try:
        assert sign_in(client, provider).status_code == 303
    finally:
        provider.audience = "deck"


def test_an_unknown_subject_has_no_way_in(client: TestClient, provider: FakeProvider) -> None:
    provider.subject = "someone-else"
    try:
        assert sign_in(client, provider).status_code == 403
    finally:
        provider.subject = "ada-at-work"


@pytest.mark.parametrize("wrong", [{"state": "forged"}, {"nonce": "forged"}])
def test_a_forged_state_or_nonce_is_refused(client: TestClient, provider: FakeProvider, wrong: dict[str, str]) -> None:
    assert sign_in(client, provider, **wrong).status_code == 403


def test_a_token_for_another_audience_or_of_another_key_is_refused(client: TestClient, provider: FakeProvider) -> None:
    provider.audience = "elsewhere"
    try:
        assert sign_in(client, provider).status_code == 403
    finally:
        provider.audience = "deck"
    provider.signing_key = RSAKey.generate_key(2048)
    try:
        assert sign_in(client, provider).status_code == 403
    finally:
        provider.signing_key = provider.key
