"""Single sign-on with OpenID Connect: the `sso` extra. The provider says who it is; the account here says what they may do."""

from __future__ import annotations

import json
import os
import secrets
from importlib import import_module
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from quarterdeck.record import accounts
from quarterdeck.vocabulary.errors import NotPermitted, PartMissing, Unavailable
from quarterdeck.web import security
from quarterdeck.web.pages.reader import _local, with_session
from quarterdeck.web.view import View

router = APIRouter()
STATE_COOKIE = "quarterdeck_sso"
PUBLIC = ("/sso", "/sso/return")
ALGORITHMS = ["RS256", "PS256", "ES256"]  # signed by a key that only the provider has; no shared secrets, never "none"


class Provider:
    """One OpenID Connect provider: code flow with PKCE, state and nonce, its signature checked against its published keys."""

    def __init__(self, issuer: str, client_id: str, client_secret: str) -> None:
        self.issuer, self.client_id, self.client_secret = issuer.rstrip("/"), client_id, client_secret
        self._known: dict[str, Any] = {}

    def authorisation_address(self, return_to: str, state: str, nonce: str, verifier: str) -> str:
        """Where the browser is sent to sign in."""
        with self._client() as client:
            address, _ = client.create_authorization_url(
                self.metadata()["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier, redirect_uri=return_to
            )
        return str(address)

    def subject(self, response_address: str, return_to: str, state: str, nonce: str, verifier: str) -> str:
        """The subject that the provider vouches for. Raises NotPermitted where the answer does not hold."""
        from authlib.common.errors import AuthlibBaseError

        try:
            with self._client(state) as client:
                token = client.fetch_token(
                    self.metadata()["token_endpoint"],
                    authorization_response=response_address,
                    code_verifier=verifier,
                    redirect_uri=return_to,
                )
            claims = self._decode(token["id_token"], nonce)
        except (AuthlibBaseError, JoseError, KeyError, ValueError) as error:
            raise NotPermitted("The single sign-on did not succeed", next_step="Try again.") from error
        return str(claims["sub"])

    def metadata(self) -> dict[str, Any]:
        """What the provider publishes about itself."""
        if "authorization_endpoint" not in self._known:
            self._known = self._get(f"{self.issuer}/.well-known/openid-configuration")
            if self._known.get("issuer", "").rstrip("/") != self.issuer:
                raise NotPermitted("The provider names another issuer", thing=str(self._known.get("issuer")))
        return self._known

    def _decode(self, id_token: str, nonce: str) -> dict[str, Any]:
        published: Any = self._get(self.metadata()["jwks_uri"])
        claims = jwt.decode(id_token, KeySet.import_key_set(published), algorithms=ALGORITHMS).claims
        JWTClaimsRegistry(
            leeway=60,  # seconds by which clocks may differ
            iss={"essential": True, "value": self.metadata()["issuer"]},
            aud={"essential": True, "value": self.client_id},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
            exp={"essential": True},
        ).validate(claims)
        return claims

    def _client(self, state: str | None = None) -> Any:
        client: Any = import_module("authlib.integrations.httpx_client").OAuth2Client
        return client(self.client_id, self.client_secret, scope="openid", code_challenge_method="S256", state=state)

    @staticmethod
    def _get(address: str) -> dict[str, Any]:
        import httpx

        try:
            answer = httpx.get(address, timeout=10)
            answer.raise_for_status()
            return dict(answer.json())
        except (httpx.HTTPError, json.JSONDecodeError) as error:
            raise Unavailable("The provider of the single sign-on does not answer", thing=address) from error


def provider_from_environment() -> Provider | None:
    """The provider named by QUARTERDECK_SSO_ISSUER, _CLIENT_ID and _CLIENT_SECRET; None without an issuer."""
    issuer = os.environ.get("QUARTERDECK_SSO_ISSUER", "")
    if not issuer:
        return None
    try:
        import authlib.oauth2  # noqa: F401
    except ImportError as error:
        raise PartMissing("Single sign-on needs an extra", thing="authlib", next_step="Install quarterdeck[sso].") from error
    return Provider(issuer, os.environ.get("QUARTERDECK_SSO_CLIENT_ID", ""), os.environ.get("QUARTERDECK_SSO_CLIENT_SECRET", ""))


@router.get("/sso")
def start(request: Request, next: str = "/") -> Response:
    """To the provider, with what the way back must carry kept in a short-lived cookie."""
    provider = _provider(request)
    kept = {
        "state": secrets.token_urlsafe(24),
        "nonce": secrets.token_urlsafe(24),
        "verifier": secrets.token_urlsafe(48),
        "next": _local(next),
    }
    response = View(request).redirect(
        provider.authorisation_address(_return_address(request), kept["state"], kept["nonce"], kept["verifier"])
    )
    # Lax, so that it comes along on the way back from the provider; ten minutes, and for these two pages only.
    response.set_cookie(
        STATE_COOKIE,
        json.dumps(kept).encode().hex(),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        max_age=600,
        path="/sso",
    )
    return response


@router.get("/sso/return")
def finish(request: Request) -> Response:
    """Back from the provider: a session for the account that carries this subject."""
    provider, view = _provider(request), View(request)
    kept = _read_cookie(request.cookies.get(STATE_COOKIE, ""))
    if not kept or not secrets.compare_digest(kept["state"], request.query_params.get("state", "")):
        raise NotPermitted("The single sign-on was not started in this browser", next_step="Start again from the sign-in page.")
    subject = provider.subject(str(request.url), _return_address(request), kept["state"], kept["nonce"], kept["verifier"])
    person_id = accounts.find_by_sso(view.record, subject)
    if person_id is None:
        raise NotPermitted(
            "Nobody here has this single sign-on",
            thing=subject,
            next_step="An administrator opens the account: `quarterdeck accounts add NAME --sso-subject SUBJECT`.",
        )
    response = with_session(view, accounts.start_session(view.record, person_id, view.now()), _local(kept["next"]))
    response.delete_cookie(STATE_COOKIE, path="/sso")
    return response


def _provider(request: Request) -> Provider:
    provider = getattr(request.app.state, "sso", None)
    if provider is None:
        raise PartMissing("Single sign-on is not set up here", next_step="See docs/how-to/web-accounts.md.")
    return provider  # type: ignore[no-any-return]


def _return_address(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers['host']}/sso/return"


def _read_cookie(text: str) -> dict[str, str]:
    try:
        kept = json.loads(bytes.fromhex(text))
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) and {"state", "nonce", "verifier", "next"} <= set(kept) else {}


__all__ = ["Provider", "provider_from_environment", "router", "security"]
