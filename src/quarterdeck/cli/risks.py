"""`quarterdeck risks`, `signals`, `register`, `needs-me`, `blast-radius`: what was found, what is done about it, what hangs on what."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterdeck.cli.common import AsOfOption, HomeOption, JsonOption, get_settings, open_snapshot, print_json, print_table, progress

if TYPE_CHECKING:
    from quarterdeck.record.database import Record

ReasonOption = Annotated[str, typer.Option("--reason", help="Why. Every move says so.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("risks")(show_risks)
    app.command("needs-me")(show_needs_me)
    app.command("blast-radius")(show_blast_radius)
    signals = typer.Typer(no_args_is_help=True, help="Signals: from triage to action to measured effect.")
    signals.command("list")(list_signals)
    signals.command("open")(open_all)
    signals.command("move")(move)
    signals.command("measure")(measure)
    signals.command("show")(show_signal)
    signals.command("figures")(figures)
    app.add_typer(signals, name="signals")
    book = typer.Typer(no_args_is_help=True, help="The register of risks, issues, opportunities, assumptions and dependencies.")
    book.command("list")(list_items)
    book.command("quantify")(quantify)
    book.command("import")(import_items)
    book.command("export")(export_items)
    book.command("close")(close_item)
    book.command("scores")(scores)
    app.add_typer(book, name="register")


def show_risks(
    study: Annotated[str, typer.Option(help="Only this trial.")] = "",
    opportunities: Annotated[bool, typer.Option("--opportunities", help="Only opportunities.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Also what is ordinary.")] = False,
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """What stands out in the portfolio, with what doing nothing is expected to cost."""
    from quarterdeck.risks.findings import findings
    from quarterdeck.risks.needs_me import expected_cost
    from quarterdeck.vocabulary.verdict import Verdict

    found = [
        f
        for f in findings(open_snapshot(home, as_of))
        if (f.verdict is not Verdict.ORDINARY or every) and (f.opportunity or not opportunities)
    ]
    found = [f for f in found if not study or f.scope.key.split("/")[0] == study]
    found.sort(key=lambda f: (f.opportunity, -expected_cost(f.consequence), f.id))
    if as_json:
        print_json([{"expected_cost": expected_cost(f.consequence), "finding": f} for f in found])
        return
    print_table(["verdict", "finding", "what"], [[f"{f.verdict.shape} {f.verdict.word}", f.id, f.headline] for f in found])


def show_needs_me(home: HomeOption = None, as_of: AsOfOption = None, as_json: JsonOption = False) -> None:
    """Three to seven matters, ranked by the expected cost of doing nothing."""
    from quarterdeck.matters import gather_matters

    snapshot = open_snapshot(home, as_of)
    with progress("Looking through the facts for what needs somebody", None):
        matters = gather_matters(snapshot, _record(home))
    if as_json:
        print_json(
            [
                {"rank": i, "cost": m.cost, "why": m.why, "finding": m.finding, "also": [f.id for f in m.also]}
                for i, m in enumerate(matters, 1)
            ]
        )
        return
    if not matters:
        typer.echo("Nothing needs you in these facts.")
    for i, matter in enumerate(matters, 1):
        typer.echo(f"{i}. {matter.finding.headline}\n   Doing nothing: {matter.why}\n   Suggested: {matter.finding.suggested_action}")


def show_blast_radius(
    kind: Annotated[str, typer.Argument(help="vendor, site, country, person, system, investigator or organisation.")],
    key: Annotated[str, typer.Argument(help="Its identifier; a site's is TRIAL/SITE.")],
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """The trials, money, milestones, participants and reporting clocks that hang on a thing."""
    from quarterdeck.risks.blast_radius import find_blast_radius
    from quarterdeck.vocabulary.wording import day, money, number

    radius = find_blast_radius(open_snapshot(home, as_of), kind, key)
    if as_json:
        print_json(radius)
        return
    rows: list[list[object]] = [
        ["trials", f"{len(radius.trials)}, of which {len(radius.running)} are running"],
        ["sites", number(radius.sites)],
        ["participants in a trial", number(radius.participants)],
        ["money", money(radius.money)],
        ["cost of a day", money(radius.daily_cost)],
    ]
    rows += [[f"milestone of {study}", f"{name.replace('_', ' ')}, {day(due)}"] for study, name, due in radius.milestones]
    rows += [[f"clock of {study}", f"event {event}, report by {day(due)}"] for study, event, due in radius.clocks]
    print_table(["what hangs on it", ""], rows, f"{radius.name} ({kind} {key})")


def list_signals(
    state: Annotated[str, typer.Option(help="Only signals in this state.")] = "", home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Signals, newest first."""
    from quarterdeck.risks.loop import read_signals

    found = read_signals(_record(home), state)
    if as_json:
        print_json([_plain(s) for s in found])
        return
    print_table(["signal", "state", "what"], [[s.id, s.state.replace("_", " "), s.headline] for s in found])
    if not found:
        typer.echo("No signal was opened yet. Open them with: quarterdeck signals open")


def open_all(home: HomeOption = None, as_of: AsOfOption = None, as_json: JsonOption = False) -> None:
    """Open a signal for every site indicator that asks for one and has none open."""
    from quarterdeck.record.permissions import MACHINE
    from quarterdeck.risks.actions import open_signals

    opened = open_signals(_record(home), MACHINE, open_snapshot(home, as_of), datetime.now(UTC))
    if as_json:
        print_json(opened)
    else:
        typer.echo(f"{len(opened)} signals opened.")


def move(
    signal: Annotated[str, typer.Argument(help="The signal.")],
    to: Annotated[
        str,
        typer.Argument(help="The state: under_review, false_positive, explained, confirmed, escalated, action, done, closed, reopened."),
    ],
    reason: ReasonOption,
    root_cause: Annotated[str, typer.Option(help="Needed to confirm or escalate.")] = "",
    action: Annotated[str, typer.Option(help="What is to be done; needed for the state action.")] = "",
    owner: Annotated[str, typer.Option(help="Who does it.")] = "",
    due: Annotated[str, typer.Option(help="By when, YYYY-MM-DD.")] = "",
    criterion: Annotated[str, typer.Option(help="How one will know that it helped.")] = "",
    judged_on: Annotated[str, typer.Option(help="At which data cut that is judged, YYYY-MM-DD.")] = "",
    home: HomeOption = None,
) -> None:
    """Take a signal one step further."""
    from quarterdeck.record.permissions import SINGLE_USER
    from quarterdeck.risks.actions import PlannedAction, move_signal

    planned = PlannedAction(action, owner, _date("--due", due), criterion, _date("--judged-on", judged_on)) if action else None
    move_signal(_record(home), SINGLE_USER, signal, to, reason, datetime.now(UTC), root_cause, planned)
    typer.echo(f"{signal} is now: {to.replace('_', ' ')}.")


def measure(
    signal: Annotated[str, typer.Argument(help="The signal.")],
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the effect of a signal's action at the snapshot that was set."""
    from quarterdeck.record.permissions import SINGLE_USER
    from quarterdeck.risks.actions import measure_effect

    effect = measure_effect(_record(home), SINGLE_USER, signal, open_snapshot(home, as_of), datetime.now(UTC))
    if as_json:
        print_json({"signal": signal, "effect": effect})
    else:
        typer.echo(f"{signal}: {effect.replace('_', ' ')}.")


def show_signal(signal: Annotated[str, typer.Argument(help="The signal.")], home: HomeOption = None, as_json: JsonOption = False) -> None:
    """A signal with its moves and actions."""
    from quarterdeck.risks.loop import read_signal

    found, moves, actions = read_signal(_record(home), signal)
    if as_json:
        print_json({"signal": _plain(found), "moves": [_plain(m) for m in moves], "actions": [_plain(a) for a in actions]})
        return
    typer.echo(found.headline)
    print_table(["when", "from", "to", "who", "why"], [[m.moved_at.date(), m.before or "–", m.after, m.actor_id, m.reason] for m in moves])
    for item in actions:
        typer.echo(f"{item.id}: {item.description}; {item.owner}, due {item.due}, judged on {item.judged_on} by: {item.criterion}")


def figures(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """The loop in figures, and which indicators cry wolf."""
    from quarterdeck.risks.loop import FIELD_ANCHOR, count_loop, review_thresholds
    from quarterdeck.vocabulary.wording import share

    record = _record(home)
    found, reviews = count_loop(record, datetime.now(UTC).date()), review_thresholds(record)
    if as_json:
        print_json({"figures": found, "share_improved": found.share_improved, "field_anchor": FIELD_ANCHOR, "thresholds": reviews})
        return
    improved = (
        "no effect measured yet"
        if found.share_improved is None
        else f"{share(found.share_improved, 0)} improved (field: {share(FIELD_ANCHOR, 0)})"
    )
    typer.echo(f"{found.opened} signals opened, {found.waiting} waiting, {found.confirmed} confirmed; {improved}.")
    print_table(
        ["indicator", "triaged", "false positives", "suggestion"],
        [[r.indicator, r.triaged, r.false_positives, r.suggestion] for r in reviews],
    )


def list_items(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """All items of the register."""
    from quarterdeck.risks.register import read_items

    items = read_items(_record(home))
    if as_json:
        print_json([_plain(item) for item in items])
        return
    print_table(
        ["item", "kind", "status", "probability", "title"],
        [[i.id, i.kind, i.status, "–" if i.p_annual is None else i.p_annual, i.title] for i in items],
    )


def quantify(
    draws: Annotated[int, typer.Option(help="How many draws.")] = 100_000,
    seed: Annotated[int | None, typer.Option(help="Seed; default: that of the installation.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Exceedance of money and days, tornado, and the value of each mitigation."""
    from quarterdeck.risks.register import quantify as compute
    from quarterdeck.risks.register import read_items
    from quarterdeck.vocabulary.wording import money, number

    settings = get_settings(home)
    found = compute(read_items(_record(home)), settings.random_seed if seed is None else seed, settings.base_currency, draws)
    if as_json:
        print_json(found)
        return
    if found is None:
        typer.echo("No live item of the register is quantified.")
        return
    rows = [
        [name, money(getattr(found.money, name), found.currency), f"{number(getattr(found.days, name), 0)} days"]
        for name in ("mean", "p50", "p80", "p90", "p95")
    ]
    print_table(["", "money", "days"], rows)
    print_table(
        ["tornado", "expected money", "expected days"], [[name, money(m, found.currency), number(d, 1)] for name, m, d in found.tornado]
    )


def import_items(workbook: Annotated[Path, typer.Argument(help="XLSX as `register export` writes it.")], home: HomeOption = None) -> None:
    """Raise and change items from a workbook."""
    from quarterdeck.record.permissions import SINGLE_USER
    from quarterdeck.risks.register import import_workbook

    raised, changed = import_workbook(_record(home), SINGLE_USER, workbook, datetime.now(UTC))
    typer.echo(f"{raised} items raised, {changed} changed.")


def export_items(workbook: Annotated[Path, typer.Argument(help="Where to write the XLSX.")], home: HomeOption = None) -> None:
    """Write the register as a workbook."""
    from quarterdeck.risks.register import read_items, write_workbook

    items = read_items(_record(home))
    write_workbook(items, workbook)
    typer.echo(f"{len(items)} items written to {workbook}.")


def close_item(
    item: Annotated[str, typer.Argument(help="The item.")],
    happened: Annotated[bool, typer.Option("--happened/--did-not-happen", help="Whether it came true.")],
    reason: ReasonOption,
    home: HomeOption = None,
) -> None:
    """Close an item; its probability is scored by what happened."""
    from quarterdeck.record.permissions import SINGLE_USER
    from quarterdeck.risks.actions import move_item

    move_item(_record(home), SINGLE_USER, item, "materialised" if happened else "closed", reason, datetime.now(UTC))
    typer.echo(f"{item} is closed.")


def scores(
    by: Annotated[str, typer.Option(help="owner or category.")] = "owner", home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """How good the probabilities of closed items were."""
    from quarterdeck.risks.register import bin_reliability, read_items, score_probabilities

    items = read_items(_record(home))
    found = score_probabilities(items, by)
    if as_json:
        print_json({"scores": found, "reliability": bin_reliability(items)})
        return
    print_table(
        [by, "closed", "Brier", "base rate's", "stated", "happened"],
        [
            [s.who, s.closed, f"{s.brier:.3f}", f"{s.brier_of_base_rate:.3f}", f"{s.mean_stated:.2f}", f"{s.share_happened:.2f}"]
            for s in found
        ],
    )


def _record(home: Path | None) -> Record:
    from quarterdeck.record.database import open_record

    return open_record(get_settings(home))


def _plain(row: Any) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns}


def _date(option: str, text: str) -> date:
    from quarterdeck.vocabulary.errors import BadInput

    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput("The date cannot be read", thing=f"{option} {text!r}", allowed="YYYY-MM-DD") from error
