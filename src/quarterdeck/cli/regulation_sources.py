"""Commands about the sources of rules: take documents in, watch for new ones, answer what rules ask, learn from triage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from quarterdeck.cli.common import HomeOption, JsonOption, print_json, print_table, progress
from quarterdeck.cli.regulation import app, open_room, print_problems


def register(main: typer.Typer) -> None:
    """Adds these to the group `regulation`."""
    app.command(name="import")(import_)
    for command in (watch, sources, answer, learn):
        app.command()(command)


def import_(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders: recorded payloads, PDFs, HTML, texts.")],
    source: Annotated[str, typer.Option(help="The source they belong to. Default: found from the payload.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take documents in from files: the same parsers and checks as the watch, nothing leaves the machine."""
    from datetime import UTC, datetime

    from quarterdeck.record.permissions import SINGLE_USER
    from quarterdeck.regulation.intake import import_paths, list_files

    with open_room(home) as (record, settings), progress("Reading", len(list_files(paths))) as advance:
        taken = import_paths(record, settings, SINGLE_USER, paths, datetime.now(UTC), source, lambda name: advance(1, name[:40]))
    if as_json:
        print_json(taken)
        return
    typer.echo(f"{taken.payloads} payloads, {taken.documents:,} documents read: {taken.new:,} new, {taken.changed:,} with a new version.")
    print_problems(taken.problems)


def watch(
    source: Annotated[list[str] | None, typer.Option(help="Only this source; may be given several times.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the sources what is new. Needs `offline = false`; schedule it, or start it as a job from the page of sources."""
    from datetime import UTC, datetime

    from quarterdeck.record.permissions import MACHINE
    from quarterdeck.regulation.client import Client
    from quarterdeck.regulation.intake import watch as watch_sources
    from quarterdeck.vocabulary.errors import NotPermitted

    with open_room(home) as (record, settings):
        if settings.offline:
            raise NotPermitted(
                "This installation is offline",
                thing="regulation watch",
                next_step="Set offline = false in quarterdeck.toml, or import files: quarterdeck regulation import PATH.",
            )
        results = watch_sources(record, settings, MACHINE, Client(settings), datetime.now(UTC), source or ())
    if as_json:
        print_json(results)
        return
    print_table(("source", "state", "documents", "note"), [(r.source, r.state, r.documents, r.note[:90]) for r in results])


def sources(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Every source with its health: last success, newest document, drift and silence."""
    from quarterdeck.regulation.queries import list_health

    with open_room(home) as (record, _):
        rows = list_health(record)
    if as_json:
        print_json(rows)
        return
    print_table(
        ("source", "state", "last success", "newest", "documents", "note"),
        [
            (
                h.source.id,
                h.state,
                f"{h.last_success:%Y-%m-%d}" if h.last_success else "never",
                h.newest or "not known",
                h.documents,
                h.note[:70],
            )
            for h in rows
        ],
    )


def answer(
    attribute: Annotated[str, typer.Argument(help="The attribute that a rule asks for, such as uses_ai.")],
    value: Annotated[str, typer.Argument(help="The answer: yes, no, or a list such as edc,irt.")],
    trial: Annotated[str, typer.Option(help="The trial. Default: all.")] = "*",
    home: HomeOption = None,
) -> None:
    """Answer a question that a rule asks about a trial, or about all."""
    from datetime import UTC, datetime

    from quarterdeck.record.permissions import SINGLE_USER
    from quarterdeck.regulation.actions import answer_question

    with open_room(home) as (record, _):
        answer_question(record, SINGLE_USER, trial, attribute, value, datetime.now(UTC))
    typer.echo(f"Noted: {attribute} of {'all trials' if trial == '*' else trial} is {value}.")


def learn(home: HomeOption = None) -> None:
    """Learn relevance from the grades that people gave in the inbox, and judge again what nobody has graded."""
    from datetime import UTC, datetime

    from quarterdeck.record.permissions import SINGLE_USER
    from quarterdeck.regulation import actions

    with open_room(home) as (record, settings):
        labels, moved = actions.learn(record, settings.home, SINGLE_USER, datetime.now(UTC))
    typer.echo(f"Learnt from {labels} grades; {moved} documents moved to another band.")
