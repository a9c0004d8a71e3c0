"""`quarterdeck development`: the director's own growth, from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quarterdeck.cli.common import AsOfOption, HomeOption, JsonOption, print_json, print_table

if TYPE_CHECKING:
    from datetime import date

    from quarterdeck.development.discuss.plan import Entry, Plan

development = typer.Typer(
    no_args_is_help=True,
    help="Discover, discuss, deliver, demonstrate: competence, plan, practice and evidence. Quarterdeck is not an awarding organisation "
    "or approved centre; award decisions belong to one.",
)
role = typer.Typer(no_args_is_help=True, help="Role models: competencies with targets, as data.")
development.add_typer(role, name="role")
evidence = typer.Typer(no_args_is_help=True, help="Evidence: what is kept, what was withdrawn, and standards of your own.")
development.add_typer(evidence, name="evidence")


def register(app: typer.Typer) -> None:
    """Put the commands under `quarterdeck development`."""
    app.add_typer(development, name="development")


@development.command("score")
def score_answers(
    answers: Annotated[Path, typer.Argument(help="A YAML file: answers: [{id, question, text, claims?}].")], as_json: JsonOption = False
) -> None:
    """Score interview answers: what was found, with the sentence that shows it. This steers; it certifies nothing."""
    from quarterdeck.development.discover.answers import NOTE, score_file

    scores = score_file(answers)
    if as_json:
        print_json(scores)
        return
    print_table(
        ("answer", "question", "x", "band", "found", "not found"),
        [
            (
                name,
                s["question"],
                f"{s['x']:.2f}",
                s["band"],
                ", ".join(s["found"]) or "nothing",
                ", ".join(n["id"] for n in s["not_found"]) or "nothing",
            )
            for name, s in scores.items()
        ],
    )
    typer.echo(NOTE)


@role.command("import")
def import_role(
    document: Annotated[Path, typer.Argument(help="A job description: .txt, .md, .docx, .pdf or .html.")],
    output: Annotated[
        Path | None, typer.Option("--output", help="Also write the proposal to this file, to be corrected and confirmed.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read a job description into a proposed role model, with the sentence behind each entry. A person confirms it."""
    import json

    from quarterdeck.development.roles.propose import propose_role

    proposal = propose_role(document)
    if output is not None:
        output.write_text(json.dumps(proposal, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if as_json:
        print_json(proposal)
        return
    typer.echo(f"Proposed role model: {proposal['role']}")
    print_table(
        ("id", "competency", "target", "word", "line", "sentence"),
        [(c["id"], c["name"], c["target"], c["word"], c["line"], c["sentence"][:90]) for c in proposal["competencies"]],
    )
    for part in (
        "purpose",
        "metrics",
        "traits",
        "responsibilities",
        "decision_authority",
        "emerging_skills",
        "qualifications",
        "neurodiversity",
    ):
        typer.echo(f"{part.replace('_', ' ')}: {len(proposal[part])}")
    if proposal["missing_parts"]:
        typer.echo(f"Not found in the document: {', '.join(proposal['missing_parts'])}.")
    typer.echo("Nothing counts until a named person confirms it: quarterdeck development role confirm FILE.json")


@role.command("list")
def list_roles(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """The role models there are, and who confirmed them."""
    from quarterdeck.cli.common import get_settings
    from quarterdeck.development.roles.library import list_role_models
    from quarterdeck.record.database import open_record

    roles = list_role_models(open_record(get_settings(home)))
    if as_json:
        print_json(roles)
        return
    print_table(("id", "role", "competencies", "status"), [(r["id"], r["role"], r["competencies"], r["status"]) for r in roles])


@role.command("confirm")
def confirm_role(
    proposal: Annotated[Path, typer.Argument(help="The proposal (JSON) that `role import --output` wrote, corrected where need be.")],
    reason: Annotated[str, typer.Option("--reason", help="What you checked.")],
    home: HomeOption = None,
) -> None:
    """Confirm a proposed role model in your own name. From then on it can be used for assessment and plans."""
    from quarterdeck.cli.common import get_settings
    from quarterdeck.development.roles.library import confirm_role_model, read_proposal
    from quarterdeck.record.database import open_record
    from quarterdeck.record.permissions import SINGLE_USER

    confirmed = confirm_role_model(open_record(get_settings(home)), SINGLE_USER, read_proposal(proposal), reason)
    typer.echo(f"Confirmed: {confirmed.role}, {len(confirmed.competencies)} competencies.")


@development.command("conversations")
def list_conversations(as_json: JsonOption = False) -> None:
    """The authored practice conversations, four for each of ten types."""
    from quarterdeck.development.deliver.scenario import load_scenarios, load_types

    scenarios, types = load_scenarios(), load_types()
    rows = [(s.id, types[s.type].name, s.title, s.level, types[s.type].minutes, " ".join(s.competencies)) for s in scenarios.values()]
    if as_json:
        print_json([dict(zip(("id", "type", "title", "level", "minutes", "competencies"), row, strict=True)) for row in rows])
        return
    print_table(("id", "type", "title", "level", "minutes", "competencies"), rows)


@development.command("practise")
def practise(
    conversation: Annotated[
        str, typer.Argument(help="An id from `conversations`, or live-board, live-inspection, live-negotiation, live-negotiation-VENDOR.")
    ],
    home: HomeOption = None,
    as_of: AsOfOption = None,
    level: Annotated[int | None, typer.Option("--level", min=1, max=3, help="1 with hints, 2 some, 3 none unless asked.")] = None,
    resume: Annotated[str | None, typer.Option("--resume", help="The number of a conversation that you paused or left.")] = None,
) -> None:
    """Hold a practice conversation in the terminal. “pause” and “stop” always work; nothing is timed."""
    from datetime import UTC, datetime

    from quarterdeck.cli.common import get_settings, open_snapshot
    from quarterdeck.development import actions
    from quarterdeck.development.deliver.generate import find_session
    from quarterdeck.development.deliver.scenario import load_types
    from quarterdeck.development.deliver.score import score_session
    from quarterdeck.evidence.store import Store
    from quarterdeck.record.database import open_record
    from quarterdeck.record.permissions import SINGLE_USER

    record = open_record(get_settings(home))
    if resume is not None:
        identifier, session = resume, actions.go_on_with(record, SINGLE_USER, resume, datetime.now(UTC))
    else:
        has_facts = bool(Store(get_settings(home).evidence_dir).current_id())
        scenario = find_session(conversation, open_snapshot(home, as_of) if has_facts else None)
        identifier, session = actions.open_conversation(
            record, SINGLE_USER, scenario, datetime.now(UTC), level, get_settings(home).random_seed
        )
    typer.echo(f"Conversation {identifier}. Write “hint”, “pause” or “stop” at any time.")
    for entry in session.state["log"][-6:]:
        typer.echo(f"  {entry['who']}: {entry['text']}")
    while session.state["status"] == "running":
        try:
            text = typer.prompt("  you", default="", show_default=False)
        except typer.Abort:
            text = "pause"
        session, lines = actions.speak(record, SINGLE_USER, identifier, text, datetime.now(UTC))
        for line in lines:
            typer.echo(f"  {line.who}: {line.text}")
    result = score_session(session)
    score = f"score {result.score:.2f}, unaided {result.unaided:.2f}" if load_types()[session.scenario.type].scored else "no score"
    typer.echo(f"{session.state['status']}: {score}. {result.note}")
    if session.state["status"] in ("paused", "left"):
        typer.echo(f"Go on: quarterdeck development practise {conversation} --resume {identifier}")


@development.command("map")
def show_map(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """The skills-gap map: every cell with its interval and the number of answers behind it."""
    from datetime import UTC, datetime

    from quarterdeck.cli.common import get_settings
    from quarterdeck.development.discover.heat_map import build_cells
    from quarterdeck.development.learner import read_assessment, read_contests
    from quarterdeck.record.database import open_record
    from quarterdeck.record.permissions import SINGLE_USER

    record = open_record(get_settings(home))
    cells = build_cells(read_assessment(record, SINGLE_USER.id, datetime.now(UTC)), read_contests(record, SINGLE_USER.id))
    if as_json:
        print_json(cells)
        return
    print_table(
        ("code", "competency", "target", "level", "80% interval", "gap", "answers"),
        [
            (
                c.competency,
                c.name,
                c.target,
                f"{c.level:.1f}",
                f"{c.interval.low:.1f} to {c.interval.high:.1f}",
                (c.size if c.answers else "not asked yet") + (" (contested)" if c.is_contested else ""),
                c.answers,
            )
            for c in cells
        ],
    )
    typer.echo("A first map: single levels are known to about one level either way. Practice and evidence narrow it.")


@development.command("plan")
def make_plan(
    home: HomeOption = None,
    start: Annotated[str | None, typer.Option("--start", help="First day, e.g. 2026-12-01. Default: next Monday.")] = None,
    free: Annotated[
        list[str] | None, typer.Option("--free", help='Free time every week, e.g. --free "Tuesday 12:30 40". May be repeated.')
    ] = None,
    busy: Annotated[Path | None, typer.Option("--busy", help="Your calendar as .ics: its busy times stay free of sessions.")] = None,
    calendar: Annotated[Path | None, typer.Option("--calendar", help="Write the plan as .ics to this file.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Plan again from today what was missed. Calendars are updated, not doubled.")
    ] = False,
    new: Annotated[
        bool, typer.Option("--new", help="Begin twelve new weeks. What was done keeps its mark; calendars are updated.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the plan inside your free hours; the first time, make it. It changes only with --again, --new, or other hours (--free, --busy)."""
    from dataclasses import replace
    from datetime import UTC, datetime

    from quarterdeck.cli.common import get_settings, open_snapshot
    from quarterdeck.development import actions
    from quarterdeck.development.discuss import calendar as calendars
    from quarterdeck.development.discuss import plan as plans
    from quarterdeck.development.learner import get_profile, read_current_plan
    from quarterdeck.development.planning import work_out
    from quarterdeck.evidence.store import Store
    from quarterdeck.record.database import open_record
    from quarterdeck.record.permissions import SINGLE_USER

    settings, now = get_settings(home), datetime.now(UTC)
    record = open_record(settings)
    plan, first_day = read_current_plan(record, SINGLE_USER.id), _first_day(start)
    _check_options(plan is not None, first_day is not None, again, new)
    taken = calendars.read_busy(busy.read_bytes()) if busy else []
    if free:
        actions.keep_profile(record, SINGLE_USER, replace(get_profile(record, SINGLE_USER.id), windows=tuple(free)), now)
    if plan is None or again or new or free or busy:
        snapshot = open_snapshot(home, None) if Store(settings.evidence_dir).current_id() else None
        plan = actions.keep_plan(record, SINGLE_USER, work_out(record, SINGLE_USER.id, now, snapshot, taken, first_day, new), now)
    if calendar is not None:
        calendar.write_bytes(calendars.render_calendar(plan, get_profile(record, SINGLE_USER.id).zone, now))
    if as_json:
        print_json(plans.to_content(plan))
    else:
        _print_plan(plan)


def _check_options(has_plan: bool, has_start: bool, again: bool, new: bool) -> None:
    from quarterdeck.vocabulary.errors import BadInput

    if again and new:
        raise BadInput("Two ways to change the plan at once", thing="--again --new", allowed="one of them")
    if has_plan and has_start and not (again or new):
        raise BadInput(
            "There is a plan already",
            thing="--start",
            next_step="Add --again to plan the rest of it from that day, or --new to begin twelve new weeks then.",
        )


def _first_day(start: str | None) -> date | None:
    # The day asked for; None: a first plan begins next Monday, the rest of one today.
    from datetime import date

    from quarterdeck.vocabulary.errors import BadInput

    try:
        return date.fromisoformat(start) if start else None
    except ValueError as error:
        raise BadInput("The day cannot be read", thing=str(start), allowed="a date such as 2026-12-01") from error


def _print_plan(plan: Plan) -> None:
    open_entries = [e for e in plan.entries if e.status == "planned"]
    held = [e for e in plan.sessions if e.status == "done"]
    print_table(
        ("week", "when", "minutes", "what"),
        [(e.week + 1, _when(e), e.minutes or "", e.title) for e in open_entries],
    )
    typer.echo(f"{len(held)} of {len(plan.sessions)} sessions are done.")
    typer.echo(
        f"In focus: {', '.join(plan.focus) or 'nothing, every target is met'}. Did not fit into these hours: {len(plan.not_fitted)} competencies."
    )
    for note in plan.notes:
        typer.echo(note)


def _when(entry: Entry) -> str:
    if entry.start is None:
        return "in that week"
    return f"{entry.start:%Y-%m-%d %H:%M}" if entry.minutes else f"by {entry.start:%Y-%m-%d}"


@development.command("matrix")
def show_matrix(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """The competency matrix: status by evidence, never by a machine's word."""
    from datetime import UTC, datetime

    from quarterdeck.cli.common import get_settings
    from quarterdeck.development.learner import read_matrix
    from quarterdeck.record.database import open_record
    from quarterdeck.record.permissions import SINGLE_USER

    rows = read_matrix(open_record(get_settings(home)), SINGLE_USER.id, datetime.now(UTC))
    if as_json:
        print_json(rows)
        return
    print_table(
        ("code", "competency", "target", "items", "status", "missing"),
        [(r.competency, r.name, r.target, sum(r.counts.values()), r.status, "; ".join(r.missing) or "nothing") for r in rows],
    )


@development.command("export")
def export_portfolio(
    output: Annotated[Path, typer.Argument(help="The zip to write.")], home: HomeOption = None,
    standard: Annotated[Path | None, typer.Option("--standard", help="A standard of your own, for this export: framework, units with code, title, criteria.")] = None,
    as_of: AsOfOption = None,
) -> None:  # fmt: skip
    """Write the portfolio: tagged PDF, JSON-LD, credentials, transcripts, xAPI, CASE, Moodle, and a manifest whose hashes form a signed chain."""
    from datetime import UTC, datetime

    from quarterdeck.cli.common import get_settings, open_snapshot
    from quarterdeck.development.demonstrate.badges import fingerprint, public_part, read_key
    from quarterdeck.development.demonstrate.export import export
    from quarterdeck.development.demonstrate.standards import read_own_standard
    from quarterdeck.evidence.store import Store
    from quarterdeck.record.database import open_record
    from quarterdeck.record.permissions import SINGLE_USER

    settings = get_settings(home)
    snapshot = open_snapshot(home, as_of) if as_of or Store(settings.evidence_dir).current_id() else None
    units = read_own_standard(standard) if standard else ()
    path = export(open_record(settings), SINGLE_USER, settings, output, datetime.now(UTC), snapshot, units)
    key = fingerprint(public_part(read_key(settings.home)))
    typer.echo(f"Written: {path}, signed with the key {key}. Check it at any time: quarterdeck development verify {path} --key {key}")


@development.command("verify")
def verify(
    portfolio: Annotated[Path, typer.Argument(help="A portfolio zip.")],
    key: Annotated[str, typer.Option("--key", help="The key it must be signed with, as its owner told you.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Recompute hashes, chain and signatures of a portfolio, offline, and name the first break."""
    from quarterdeck.development.demonstrate.portfolio import verify_portfolio

    found = verify_portfolio(portfolio, key)
    if as_json:
        print_json(found)
        return
    typer.echo(
        f"Nothing was changed: {found['files']} files, {found['credentials']} signed credentials, made at {found['made_at']}, "
        f"signed with the key {found['key']}. {found['note']}"
    )


@evidence.command("list")
def list_evidence(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """What is kept as evidence and practice, and what was withdrawn."""
    from quarterdeck.cli.common import get_settings
    from quarterdeck.development.learner import read_items
    from quarterdeck.record.database import open_record
    from quarterdeck.record.permissions import SINGLE_USER

    items = read_items(open_record(get_settings(home)), SINGLE_USER.id, with_withdrawn=True)
    if as_json:
        print_json(items)
        return
    print_table(
        ("id", "day", "kind", "title", "for", "log"),
        [
            (
                i.id,
                f"{i.happened_on}",
                i.kind.replace("_", " "),
                i.title,
                ", ".join(i.competencies),
                f"withdrawn {i.withdrawn_on}: {i.withdrawn_because}" if i.withdrawn_on else "kept",
            )
            for i in items
        ],
    )


@evidence.command("withdraw")
def withdraw_evidence(
    identifier: Annotated[str, typer.Argument(help="An id from `evidence list`.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, in one sentence.")],
    home: HomeOption = None,
) -> None:
    """Withdraw an item: it counts no longer, and the log keeps it with your reason."""
    from datetime import UTC, datetime

    from quarterdeck.cli.common import get_settings
    from quarterdeck.development.demonstrate.keeping import withdraw_evidence as withdraw
    from quarterdeck.record.database import open_record
    from quarterdeck.record.permissions import SINGLE_USER

    withdraw(open_record(get_settings(home)), SINGLE_USER, identifier, reason, datetime.now(UTC))
    typer.echo(f"Withdrawn: {identifier}. The log keeps it.")


@evidence.command("standard")
def add_standard(
    file: Annotated[Path, typer.Argument(help="A standard of your own: framework, units with code, title, criteria.")],
    home: HomeOption = None,
) -> None:
    """Keep a standard of your own: evidence may name its criteria from now on."""
    from datetime import UTC, datetime

    from quarterdeck.cli.common import get_settings
    from quarterdeck.development.demonstrate.keeping import keep_units
    from quarterdeck.development.demonstrate.standards import read_own_standard
    from quarterdeck.record.database import open_record
    from quarterdeck.record.permissions import SINGLE_USER

    units = read_own_standard(file)
    keep_units(open_record(get_settings(home)), SINGLE_USER, units, datetime.now(UTC))
    typer.echo(f"Kept: {', '.join(unit['code'] for unit in units)}.")


@development.command("delete")
def delete_all(home: HomeOption = None, yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False) -> None:
    """Delete everything the record holds about your development. The audit chain keeps only that it happened."""
    from datetime import UTC, datetime

    from quarterdeck.cli.common import get_settings
    from quarterdeck.development.actions import delete_store
    from quarterdeck.record.database import open_record
    from quarterdeck.record.permissions import SINGLE_USER

    if not yes and not typer.confirm("Delete your answers, plan, conversations and evidence?"):
        typer.echo("Nothing was deleted.")
        return
    typer.echo(f"Deleted: {delete_store(open_record(get_settings(home)), SINGLE_USER, datetime.now(UTC))} rows.")


@development.command("team")
def show_team(
    home: HomeOption = None, roles: Annotated[list[str] | None, typer.Option("--role", help="A critical role. May be repeated.")] = None, as_json: JsonOption = False
) -> None:  # fmt: skip
    """Succession cover and readiness, as far as each person shares it."""
    from datetime import UTC, datetime

    from quarterdeck.cli.common import get_settings
    from quarterdeck.development.demonstrate.team import find_cover, read_team
    from quarterdeck.record.database import open_record

    members = read_team(open_record(get_settings(home)), datetime.now(UTC))
    wanted = roles or sorted({role_name for m in members for role_name in m.successor_for})
    cover = find_cover(members, wanted)
    if as_json:
        print_json({"members": members, "cover": cover})
        return
    if not members:
        typer.echo("Nobody shares anything yet. Each person decides what is shared.")
        return
    print_table(
        ("critical role", "ready now", "in development"),
        [(c.role, ", ".join(c.ready) or "nobody", ", ".join(c.developing) or "nobody") for c in cover],
    )


@role.command("use")
def use_role(identifier: Annotated[str, typer.Argument(help="An id from `role list`.")], home: HomeOption = None) -> None:
    """Work towards this role model from now on: assessment, plan and portfolio follow it."""
    from dataclasses import replace
    from datetime import UTC, datetime

    from quarterdeck.cli.common import get_settings
    from quarterdeck.development.actions import keep_profile
    from quarterdeck.development.learner import get_profile
    from quarterdeck.development.roles.library import get_role_model
    from quarterdeck.record.database import open_record
    from quarterdeck.record.permissions import SINGLE_USER

    record = open_record(get_settings(home))
    chosen = get_role_model(record, identifier)
    keep_profile(record, SINGLE_USER, replace(get_profile(record, SINGLE_USER.id), role_id=chosen.id), datetime.now(UTC))
    typer.echo(f"You work towards: {chosen.role}.")
