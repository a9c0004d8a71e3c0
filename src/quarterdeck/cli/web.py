"""The commands `serve`, `jobs` and `accounts`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quarterdeck.cli.common import HomeOption, JsonOption, get_settings, print_json, print_table, progress

if TYPE_CHECKING:
    from fastapi import FastAPI


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("serve")(serve)
    app.command("jobs")(jobs)
    app.add_typer(accounts, name="accounts", help="Who may sign in, and their roles.")


accounts = typer.Typer(no_args_is_help=True)


def serve(
    home: HomeOption = None,
    host: Annotated[str, typer.Option(help="Address to bind. Any but this machine's own needs accounts.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to bind; 0 takes a free one.")] = 8765,
    name: Annotated[list[str] | None, typer.Option("--name", help="A further host name to answer to, behind a proxy.")] = None,
    trust_proxy: Annotated[bool, typer.Option(help="Believe a proxy on this machine about scheme and client address.")] = False,
) -> None:
    """Serve the pages, and print their address."""
    import socket

    import uvicorn

    from quarterdeck.record import accounts as people
    from quarterdeck.vocabulary.errors import NotPermitted, Unavailable
    from quarterdeck.web.app import LOOPBACK_HOSTS, create_app
    from quarterdeck.web.security import is_loopback

    needs_accounts = not is_loopback(host) or bool(name)
    app = create_app(get_settings(home), require_accounts=needs_accounts, hosts=_hosts(host, name or [], LOOPBACK_HOSTS), prepare=True)
    if needs_accounts and not people.has_accounts(app.state.deck.record):
        raise NotPermitted(
            "An address that others can reach needs accounts", thing=host,
            next_step="Open one first: `quarterdeck accounts add YOUR-NAME --role administrator`; or serve on 127.0.0.1.",
        )  # fmt: skip
    _check_facts(app)
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise Unavailable("The address cannot be bound", thing=f"{host}:{port}", next_step="Choose another with --port.") from error
    _prepare_first_page(app)
    shown = f"[{host}]" if ":" in host else host
    typer.echo(f"Quarterdeck is at http://{shown}:{listener.getsockname()[1]}/ (stop it with Ctrl-C)")
    config = uvicorn.Config(app, log_level="warning", proxy_headers=trust_proxy, server_header=False, timeout_graceful_shutdown=5)
    uvicorn.Server(config).run(sockets=[listener])


def _check_facts(app: FastAPI) -> None:
    """Refuses to show facts that are not as they were sealed."""
    store = app.state.deck.store
    if store.current_id():
        with progress("Comparing the facts with their seal", None):
            store.open().check_seal()


def _prepare_first_page(app: FastAPI) -> None:
    """Computes the Bridge before anyone is told where it is; the other pages follow while it is read."""
    from quarterdeck.web.prepare import get_inside

    if app.state.deck.store.current_id():
        with progress("Preparing the first page", None):
            get_inside(app, "/", "")


def _hosts(host: str, names: list[str], loopback: tuple[str, ...]) -> tuple[str, ...]:
    # A server bound to every address cannot know the names that lead to it; the sign-in protects it instead.
    return ("*",) if host in ("0.0.0.0", "::") and not names else (*loopback, host, *names)  # noqa: S104


def jobs(home: HomeOption = None, json: JsonOption = False) -> None:
    """Long work started in the browser: what it is, how far, how it ended."""
    from quarterdeck.record.database import open_record
    from quarterdeck.record.jobs import list_jobs

    found = list_jobs(open_record(get_settings(home)))
    if json:
        print_json(found)
        return
    print_table(
        ["Job", "Kind", "By", "State", "Done", "Note"],
        [
            (job.id, job.kind, job.person_id, job.state, f"{job.done:,.0f} of {job.total:,.0f}", job.error or job.note or "-")
            for job in found
        ],
    )


@accounts.command("list")
def list_accounts(home: HomeOption = None, json: JsonOption = False) -> None:
    """All accounts and their roles."""
    from quarterdeck.record.accounts import list_accounts as read

    found = read(_record(home))
    if json:
        print_json(found)
        return
    roles = ", ".join
    print_table(
        ["Name", "Person", "Open", "Roles"],
        [(a.id, a.name, "yes" if a.is_active else "no", roles(f"{g.role} for {g.scope}" for g in a.grants) or "none") for a in found],
    )


@accounts.command("add")
def add_account(
    name: Annotated[str, typer.Argument(help="What the person signs in with.")],
    home: HomeOption = None,
    person: Annotated[str, typer.Option(help="The person's full name.")] = "",
    role: Annotated[str, typer.Option(help="reader, analyst, director, quality or administrator.")] = "reader",
    scope: Annotated[str, typer.Option(help="portfolio, programme:NAME or study:ID.")] = "portfolio",
    password_file: Annotated[Path | None, typer.Option(help="Read the password from this file instead of asking for it.")] = None,
    sso_subject: Annotated[str | None, typer.Option(help="The person's subject at the organisation's single sign-on.")] = None,
) -> None:
    """Open an account, or give someone a new password (which ends their sessions)."""
    from datetime import UTC, datetime

    from quarterdeck.record.accounts import INSTALLER, grant_role, open_account

    if password_file:
        password = password_file.read_text(encoding="utf-8").strip("\r\n")
    elif sso_subject:
        password = ""
    else:
        password = typer.prompt("Password (12 characters or more)", hide_input=True, confirmation_prompt=True)
    record, now = _record(home), datetime.now(UTC)
    open_account(record, INSTALLER, name, person or name, password, now, sso_subject)
    grant_role(record, INSTALLER, name, role, _scope(scope), now)
    typer.echo(f"{name} may sign in as {role} for {scope}.")


@accounts.command("grant")
def grant(
    name: str,
    role: str,
    scope: Annotated[str, typer.Option(help="portfolio, programme:NAME or study:ID.")] = "portfolio",
    home: HomeOption = None,
) -> None:
    """Give a role."""
    from datetime import UTC, datetime

    from quarterdeck.record.accounts import INSTALLER, grant_role

    grant_role(_record(home), INSTALLER, name, role, _scope(scope), datetime.now(UTC))
    typer.echo(f"{name} is {role} for {scope}.")


@accounts.command("withdraw")
def withdraw(
    name: str,
    role: str,
    scope: Annotated[str, typer.Option(help="portfolio, programme:NAME or study:ID.")] = "portfolio",
    home: HomeOption = None,
) -> None:
    """Withdraw a role."""
    from datetime import UTC, datetime

    from quarterdeck.record.accounts import INSTALLER, withdraw_role

    withdraw_role(_record(home), INSTALLER, name, role, _scope(scope), datetime.now(UTC))
    typer.echo(f"{name} is no longer {role} for {scope}.")


@accounts.command("close")
def close(name: str, home: HomeOption = None) -> None:
    """Close an account; its sessions end at once."""
    from datetime import UTC, datetime

    from quarterdeck.record.accounts import INSTALLER, close_account

    close_account(_record(home), INSTALLER, name, datetime.now(UTC))
    typer.echo(f"{name} can no longer sign in.")


@accounts.command("end-sessions")
def end(name: str, home: HomeOption = None) -> None:
    """End all sessions of a person."""
    from datetime import UTC, datetime

    from quarterdeck.record.accounts import INSTALLER, end_sessions

    typer.echo(f"{end_sessions(_record(home), INSTALLER, name, datetime.now(UTC))} sessions ended.")


def _record(home: Path | None):  # type: ignore[no-untyped-def]
    from quarterdeck.record.database import open_record

    return open_record(get_settings(home))


def _scope(text: str):  # type: ignore[no-untyped-def]
    from quarterdeck.vocabulary.reading import Scope

    level, _, key = text.partition(":")
    return Scope(level, key)
