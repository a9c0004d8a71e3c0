"""The reader's own pages: signing in and out, preferences, which facts to look at, keyboard help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from quarterdeck.record import accounts
from quarterdeck.vocabulary.errors import NotPermitted, Unavailable
from quarterdeck.web import security
from quarterdeck.web.navigation import Entry
from quarterdeck.web.preferences import CHOICES, forget_preferences, set_preferences
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit, reading_roles

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
NAVIGATION: tuple[Entry, ...] = ()
PUBLIC = ("/sign-in", "/keyboard")  # the only pages without a permission

BEING_PREPARED_SECONDS = 600
SWITCHES = (
    ("theme", "Colours", "", {"device": "As my device", "light": "Light", "dark": "Dark", "calm": "Calm"}),
    (
        "reading",
        "Letters",
        "Spaced: a typeface made for easy reading, larger, with more room between letters, words and lines.",
        {"ordinary": "Ordinary", "spaced": "Spaced"},
    ),
    (
        "quiet",
        "Quiet",
        "One part of a page at a time, the next step always in the same place, and nothing moves.",
        {"off": "Off", "on": "On"},
    ),
    (
        "chunks",
        "Amount at once",
        "Short: two sentences to a paragraph and 10 rows to a table. Long: 100 rows.",
        {"short": "Short", "ordinary": "Ordinary", "long": "Long"},
    ),
    (
        "view",
        "Page",
        "Plain text leaves out pictures and writes each table row as a sentence, for reading aloud.",
        {"full": "Full", "text": "Plain text"},
    ),
)


@router.get("/preferences")
def show_preferences(view: View = permit("page.read", any_scope=True)) -> Response:
    """The switches, each with what it does."""
    return view.page("reader/preferences.html", finding="How I like to read", needs_facts=False, switches=SWITCHES, cites=[10, 100])


@router.post("/preferences")
async def change_preferences(request: Request, view: View = permit("preference.set", any_scope=True)) -> Response:
    """Keeps the switches, or forgets them all."""
    form = await request.form()
    if "forget" in form:
        forget_preferences(view.record, view.actor.id)
    else:
        set_preferences(view.record, view.actor.id, **{name: str(form[name]) for name in CHOICES if name in form})
    return view.redirect("/preferences")


@router.get("/as-of")
def choose_facts(clear: int = 0, back: str = "/", view: View = permit("page.read", any_scope=True)) -> Response:
    """The snapshots to choose from; `clear` returns to the latest."""
    if clear:
        response = view.redirect(_local(back))
        response.delete_cookie(security.AS_OF_COOKIE)
        return response
    infos = list(reversed(view.deck.store.snapshots()))
    columns = [
        Column("taken", "Taken"),
        Column("cut", "Facts as at"),
        Column("reason", "Why"),
        Column("rows", "Rows", is_number=True),
        Column("look", "Look", is_sortable=False),
    ]
    rows = [
        {
            "taken": info.taken_at, "cut": info.data_cut, "reason": info.reason or "not stated", "rows": info.rows,
            "look": Cell(info.id, "Look at these facts", href=f"/as-of/{info.id}?back={_local(back)}"),
        }
        for info in infos
    ]  # fmt: skip
    finding = f"{len(infos)} {'choice' if len(infos) == 1 else 'choices'} of facts, the newest first"
    return view.page(
        "reader/as_of.html", finding=finding, tables=[Table("snapshots", "Snapshots", columns, rows)], back=_local(back), cites=[len(infos)]
    )


@router.get("/as-of/{snapshot_id}")
def look_at(snapshot_id: str, back: str = "/", view: View = permit("page.read", any_scope=True)) -> Response:
    """Every page from now on shows these facts, until the reader goes back to the latest."""
    chosen = view.deck.store.open(snapshot_id)
    response = view.redirect(_local(back))
    if chosen.id == view.deck.facts_id:
        response.delete_cookie(security.AS_OF_COOKIE)
    else:
        # The newest facts, where they are still being prepared, are what everyone sees soon: a choice of them need not outlive that.
        lasts = BEING_PREPARED_SECONDS if chosen.id == view.deck.store.current_id() else None
        is_secure = view.request.url.scheme == "https"
        response.set_cookie(security.AS_OF_COOKIE, chosen.id, max_age=lasts, httponly=True, samesite="lax", secure=is_secure)
    return response


@router.post("/as-of")
def look_at_date(
    snapshot: Annotated[str, Form()], back: Annotated[str, Form()] = "/", view: View = permit("page.read", any_scope=True)
) -> Response:
    """The facts as known on a day."""
    return look_at(view.deck.store.open(snapshot).id, back, view)


@router.get("/keyboard")
def show_keyboard(request: Request) -> Response:
    """Which keys do what."""
    return View(request).page("reader/keyboard.html", finding="Keys that save time", needs_facts=False)


@router.get("/sign-in")
def show_sign_in(request: Request, next: str = "/") -> Response:
    """The form; where there are no accounts there is nothing to sign in to."""
    view = View(request)
    if not view.needs_login:
        return view.redirect("/")
    return view.page("reader/sign_in.html", finding="Sign in", needs_facts=False, wanted=_local(next), problem="", sso=_has_sso(request))


@router.post("/sign-in")
def sign_in(
    request: Request, name: Annotated[str, Form()], password: Annotated[str, Form()], next: Annotated[str, Form()] = "/"
) -> Response:
    """A session, or the same words whatever was wrong."""
    view = View(request)
    address = request.client.host if request.client else ""
    try:
        token = accounts.sign_in(view.record, name.strip(), password, address, view.now())
    except (NotPermitted, Unavailable) as error:
        status = 429 if isinstance(error, Unavailable) else 403
        return view.page(
            "reader/sign_in.html",
            finding="Sign in",
            needs_facts=False,
            wanted=_local(next),
            problem=error.message,
            sso=_has_sso(request),
            status=status,
        )
    return with_session(view, token, _local(next))


@router.post("/sign-out")
def sign_out(request: Request, view: View = permit("account.sign_in", any_scope=True)) -> Response:
    """The session ends on the server."""
    accounts.end_session(view.record, request.cookies.get(security.SESSION_COOKIE, ""))
    response = view.redirect("/sign-in")
    response.delete_cookie(security.SESSION_COOKIE)
    return response


@router.get("/account")
def show_account(view: View = permit("page.read", any_scope=True)) -> Response:
    """Who I am here and what I may do."""
    return view.page(
        "reader/account.html",
        finding=f"You are signed in as {view.actor.name}",
        needs_facts=False,
        roles=reading_roles(view.actor),
        cites=[view.actor.name],
    )


def with_session(view: View, token: str, address: str) -> Response:
    """A redirect that carries a new session's cookie."""
    response = view.redirect(address)
    secure = view.request.url.scheme == "https"
    response.set_cookie(
        security.SESSION_COOKIE, token, httponly=True, samesite="lax", secure=secure, max_age=int(accounts.SESSION_LASTS.total_seconds())
    )
    return response


def paths(snapshot: Snapshot) -> list[str]:
    """Pages to walk."""
    return ["/preferences", "/as-of", "/keyboard"]


def _local(address: str) -> str:
    # Only an address of ours: "//elsewhere" and "/\\elsewhere" would lead away.
    return (
        address
        if address.startswith("/") and not address.startswith(("//", "/\\")) and "\n" not in address and "\r" not in address
        else "/"
    )


def _has_sso(request: Request) -> bool:
    return getattr(request.app.state, "sso", None) is not None
