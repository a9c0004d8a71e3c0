"""The application: pages and JSON API collected from their folders, with one way to refuse and one way to fail."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from quarterdeck import __version__
from quarterdeck.record.jobs import Worker
from quarterdeck.vocabulary import errors
from quarterdeck.vocabulary.errors import QuarterdeckError
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web import security
from quarterdeck.web.apart import launcher
from quarterdeck.web.deck import Deck
from quarterdeck.web.discovery import api_modules, page_modules
from quarterdeck.web.kept_pages import KeptPages
from quarterdeck.web.pages.sso import Provider, provider_from_environment
from quarterdeck.web.render import STATIC, render
from quarterdeck.web.view import SignInNeeded, View

_log = logging.getLogger(__name__)
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1", "testserver")
STATUS: dict[type[QuarterdeckError], int] = {
    errors.BadInput: 400,
    errors.NotFound: 404,
    errors.NotPermitted: 403,
    errors.PartMissing: 501,
    errors.Unavailable: 503,
    errors.FindingsRemain: 409,
    errors.IntegrityBroken: 500,
}


def create_app(
    settings: Settings,
    *,
    require_accounts: bool = False,
    hosts: tuple[str, ...] = LOOPBACK_HOSTS,
    work: bool = True,
    prepare: bool = False,
    sso: Provider | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> FastAPI:
    """The application for one installation.

    `require_accounts` asks everyone to sign in; `hosts` are the names it answers to; `work` starts the worker for long work;
    `prepare` computes the views of a new snapshot before readers are shown it; `sso` is the provider of single sign-on.
    """
    deck = Deck(settings, require_accounts, now)
    app = FastAPI(
        title="Quarterdeck", version=__version__, openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None,
        dependencies=[Depends(security.check_form_token)], lifespan=_lifespan(deck, work, prepare),
    )  # fmt: skip
    app.state.deck = deck
    app.state.secret = security.get_secret(deck.record)
    app.state.sso = sso if sso is not None else provider_from_environment()
    for module in page_modules():
        app.include_router(module.router, include_in_schema=False)
    for module in api_modules():
        app.include_router(module.router, prefix="/api/v1")
    app.mount("/static", _KeptFiles(directory=STATIC), name="static")
    _handle_errors(app)
    app.add_middleware(KeptPages, deck=deck, secret=app.state.secret)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(security.HostAndSize, hosts=hosts)
    app.add_middleware(security.SecureHeaders)
    return app


def _lifespan(deck: Deck, work: bool, prepare: bool) -> Any:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if work:
            deck.worker = _make_worker(deck)
            deck.worker.start()
        preparer = None
        if prepare:
            from quarterdeck.web.prepare import Preparer

            deck.pictures.draw_elsewhere()
            preparer = Preparer(app, deck)
            preparer.start()
        yield
        if preparer is not None:
            preparer.stop()
        deck.close()

    return lifespan


def _make_worker(deck: Deck) -> Worker:
    """Knows every kind of work that a module of pages offers; what one says to be done apart is done in a process of its own."""
    here, apart = {}, {}
    for module in page_modules():
        for name, job in getattr(module, "JOBS", {}).items():
            if name in getattr(module, "APART", ()):
                apart[name] = launcher(deck.settings, module.__name__)
            else:
                here[name] = job(deck)
    return Worker(deck.record, here, apart=apart)


class _KeptFiles(StaticFiles):
    """Static files whose address carries their digest may be kept for a year."""

    async def get_response(self, path: str, scope: Any) -> Response:
        response = await super().get_response(path, scope)
        kept = b"v=" in scope.get("query_string", b"")
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if kept else "public, max-age=300"
        return response


def _handle_errors(app: FastAPI) -> None:
    @app.exception_handler(SignInNeeded)
    async def _sign_in(request: Request, error: SignInNeeded) -> Response:
        if request.url.path.startswith("/api/"):
            return _problem(401, "Sign in first", "This installation has accounts.")
        from urllib.parse import quote

        return Response(status_code=303, headers={"location": f"/sign-in?next={quote(error.wanted, safe='/')}"})

    @app.exception_handler(QuarterdeckError)
    async def _known(request: Request, error: QuarterdeckError) -> Response:
        status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
        if request.url.path.startswith("/api/"):
            return _problem(status, error.what, error.message)
        if isinstance(error, errors.NotFound) and request.method == "GET" and not request.app.state.deck.store.current_id():
            return _show(request, "empty.html", 200, "No facts have been loaded yet")
        return _show(request, "error.html", status, error.what, message=error.message)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        detail = "; ".join(f"{'.'.join(str(part) for part in entry['loc'][1:])}: {entry['msg']}" for entry in error.errors())
        if request.url.path.startswith("/api/"):
            return _problem(422, "The request cannot be understood", detail)
        return _show(request, "error.html", 400, "The request cannot be understood", message=f"{detail}. Go back and correct it.")

    @app.exception_handler(security.BodyTooLarge)
    async def _large(request: Request, error: security.BodyTooLarge) -> Response:
        return _show(request, "error.html", 413, "The file or form is too large", message="More came than is allowed. Nothing was kept.")

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        if request.url.path.startswith("/api/"):
            return _problem(error.status_code, str(error.detail), str(error.detail), error.headers)
        if error.status_code == 404:
            return _show(
                request,
                "error.html",
                404,
                "There is no such page",
                message=f"Nothing is at {request.url.path}. Use the navigation or the search.",
            )
        return _show(request, "error.html", error.status_code, "This was not understood", message=str(error.detail))

    @app.exception_handler(Exception)
    async def _defect(request: Request, error: Exception) -> Response:
        _log.exception("a defect at %s", request.url.path)
        if request.url.path.startswith("/api/"):
            return _problem(500, "A defect in the program", "The request could not be answered. Nothing was changed.")
        message = "This page could not be made, because of a defect in the program. Facts and decisions are unaffected. The server's log has the details."
        return _show(request, "error.html", 500, "This page could not be made", message=message)


def _problem(status: int, title: str, detail: str, headers: Any = None) -> JSONResponse:
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(content, status_code=status, media_type="application/problem+json", headers=headers)


def _show(request: Request, template: str, status: int, finding: str, message: str = "") -> Response:
    view = View(request)
    try:
        _ = view.has_facts and view.snapshot
    except QuarterdeckError:
        view.as_of = None  # the wished-for snapshot was the problem; the frame of the page shows the latest
    context = {"view": view, "finding": finding, "message": message, "tables": {}, "charts": {}, "status": status}
    return HTMLResponse(render(template, context), status_code=status)
