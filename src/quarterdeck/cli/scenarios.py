"""`quarterdeck scenario`: levers, runs side by side, goal seeking, portfolio choice, promotion to plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterdeck.cli.common import AsOfOption, HomeOption, JsonOption, get_settings, open_snapshot, print_json, print_table, progress
from quarterdeck.vocabulary import worth

if TYPE_CHECKING:
    from quarterdeck.scenarios.run import Comparison

StudyArgument = Annotated[str, typer.Argument(help="The trial.")]
SeedOption = Annotated[int | None, typer.Option(help="Seed; default: the installation's.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="What could we do? Levers on the forecast, compared with the same luck.")
    for name, command in (
        ("levers", levers),
        ("run", run),
        ("seek", seek),
        ("choose", choose),
        ("grid", grid),
        ("kept", kept),
        ("promote", promote),
        ("rule", rule),
    ):
        group.command(name)(command)
    app.add_typer(group, name="scenario")


def levers(as_json: JsonOption = False) -> None:
    """The levers, their values and what their effect rests on; and what can be said in plain English."""
    from quarterdeck.scenarios.grammar import FORMS
    from quarterdeck.scenarios.levers import load_levers

    found = load_levers()
    if as_json:
        print_json(
            [{"id": x.id, "label": x.label, "question": x.question, "parameters": x.parameters, "basis": x.basis} for x in found.values()]
        )
        return
    print_table(["lever", "question", "values"], [[x.id, x.question, ", ".join(p.name for p in x.parameters)] for x in found.values()])
    typer.echo("\nIn plain English:")
    for form in FORMS:
        typer.echo(f"  {form}")


def run(
    study: StudyArgument,
    say: Annotated[
        list[str],
        typer.Option(
            "--say",
            help='A scenario in plain English, as "add 10 sites in Spain from March". Repeat to compare. With a language model set, in your own words.',
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Take what a model read from your words without asking.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the scenarios in the record, so that one can be promoted.")] = False,
    replicates: Annotated[int, typer.Option(help="Joint futures to simulate.", min=200, max=200_000)] = 10_000,
    seed: SeedOption = None,
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play scenarios through, side by side, with the same luck; what was read from each sentence is shown back."""
    from quarterdeck.record.database import open_record
    from quarterdeck.record.permissions import SINGLE_USER
    from quarterdeck.scenarios.read import ReadBack, read_free_text
    from quarterdeck.scenarios.run import run_scenarios

    def confirm(found: Sequence[ReadBack]) -> bool:
        for back in found:
            typer.echo(f"Read by {back.author} as: {back.description}", err=True)
            if back.unread:
                typer.echo(f"Not taken up, because no lever fits: {'; '.join(back.unread)}", err=True)
        return yes or typer.confirm("Is this what you meant?", err=True)

    settings, snapshot = get_settings(home), open_snapshot(home, as_of)
    chosen = settings.random_seed if seed is None else seed
    record = open_record(settings)
    try:
        scenarios = read_free_text(say, snapshot, study, settings, record, SINGLE_USER, datetime.now(UTC), confirm)
    finally:
        record.close()
    comparison = run_scenarios(snapshot, study, scenarios, chosen, replicates)
    ids = _keep(home, comparison) if keep else {}
    if as_json:
        print_json({"comparison": comparison, "kept": ids})
    else:
        _show(comparison, ids)


def seek(
    study: StudyArgument,
    by: Annotated[str, typer.Option(help="The date by which the last participant is to be in, YYYY-MM-DD.")],
    chance: Annotated[float, typer.Option(help="How likely it is to be, 0 to 1.")] = 0.8,
    country: Annotated[str, typer.Option(help="Where the sites are added.")] = "",
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """How many more sites make a date likely enough?"""
    from datetime import date

    from quarterdeck.scenarios.countries import country_code
    from quarterdeck.scenarios.seek import seek_sites
    from quarterdeck.vocabulary import wording
    from quarterdeck.vocabulary.errors import BadInput

    try:
        day = date.fromisoformat(by)
    except ValueError as error:
        raise BadInput("Not a date", thing=by, allowed="YYYY-MM-DD") from error
    found = seek_sites(open_snapshot(home, as_of), study, day, chance, country_code(country) if country else "")
    if as_json:
        print_json(found)
        return
    now, then = wording.chance(found.p_now), wording.chance(found.p_then)
    if found.sites is None:
        typer.echo(f"Not even 400 more sites: the chance would rise from {now} to {then}.")
    else:
        typer.echo(f"{wording.plural(found.sites, 'more site')}: the chance by {wording.day(day)} rises from {now} to {then}.")


def choose(
    budget: Annotated[float | None, typer.Option(help="Cap on what is spent now, in the base currency.")] = None,
    people: Annotated[float | None, typer.Option(help="Cap on full-time equivalents.")] = None,
    day_value: Annotated[float, typer.Option(help="What a day earlier is worth.")] = worth.DAY,
    seed: SeedOption = None,
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Which packages, for which trials, under a cap? The best set, and the frontier over budgets."""
    from quarterdeck.scenarios.choose import choose_options, trace_frontier, weigh_options
    from quarterdeck.vocabulary import wording

    settings, snapshot = get_settings(home), open_snapshot(home, as_of)
    options = weigh_options(snapshot, settings.random_seed if seed is None else seed, day_value)
    best, frontier = choose_options(options, budget, people), trace_frontier(options, people)
    if as_json:
        print_json({"best": best, "frontier": frontier, "options": options})
        return
    base = settings.base_currency
    print_table(
        ["trial", "package", "cost now", "people", "days gained"],
        [[o.study_id, o.name, wording.money(o.cost, base), f"{o.people:g}", f"{o.days:.0f}"] for o in best.chosen],
    )
    typer.echo(f"Cost {wording.money(best.cost, base)}, people {best.people:g}, gain {wording.money(best.gain, base)}.")
    print_table(["budget", "gain"], [[wording.money(c.cost, base), wording.money(c.gain, base)] for c in frontier], "Efficient frontier")


def grid(
    say: Annotated[list[str], typer.Option("--say", help="A scenario in plain English; repeat.")],
    workers: Annotated[int, typer.Option(help="Local processes.", min=1, max=64)] = 1,
    cluster: Annotated[str, typer.Option(help="Address of a dask scheduler (extra `cluster`).")] = "",
    replicates: Annotated[int, typer.Option(help="Joint futures.", min=200, max=200_000)] = 10_000,
    seed: SeedOption = None,
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every trial in every scenario, on local processes or a cluster; the digest is the same whatever ran it."""
    from quarterdeck.forecasts.inputs import prepare_all
    from quarterdeck.scenarios.executor import DaskCluster, Executor, Here, LocalProcesses, run_grid
    from quarterdeck.scenarios.prepare import apply_uses, open_draft
    from quarterdeck.scenarios.read import read_for_all

    settings, snapshot = get_settings(home), open_snapshot(home, as_of)
    drafts = {s: open_draft(snapshot, s) for s in prepare_all(snapshot)}
    cases = {("As forecast", s): draft.trial for s, draft in drafts.items()}
    for found in read_for_all(say, snapshot, list(drafts)):
        cases[found.name, found.study_id] = apply_uses(drafts[found.study_id], found.uses).trial
    executor: Executor = DaskCluster.connect(cluster) if cluster else LocalProcesses(workers) if workers > 1 else Here()
    with progress("Playing scenarios through", len(cases)) as advance:
        result = run_grid(cases, settings.random_seed if seed is None else seed, replicates, executor, advance)
    if as_json:
        print_json({"digest": result.digest, "results": list(result.results.values())})
        return
    rows = [[s, t, f"{r.last_participant_in[2]:.1f}", f"{r.cost[2]:,.0f}"] for (s, t), r in result.results.items()]
    print_table(["scenario", "trial", "months to last participant in", "cost"], rows)
    typer.echo(f"digest {result.digest}")


def rule(
    change: Annotated[
        str | None, typer.Argument(help="A rule of the regulation room, as uk-si-2025-538; without it, all that touch a trial.")
    ] = None,
    replicates: Annotated[int, typer.Option(help="Joint futures to simulate.", min=200, max=200_000)] = 2000,
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """What a change of the rules does to the trials it touches: verdict, days of start-up, money, and what that moves."""
    from quarterdeck.record.database import open_record
    from quarterdeck.regulation.queries import list_answers
    from quarterdeck.scenarios.rules import read_effects
    from quarterdeck.scenarios.run import run_effects
    from quarterdeck.vocabulary import wording

    settings, snapshot = get_settings(home), open_snapshot(home, as_of)
    record = open_record(settings)
    answers = list_answers(record)
    record.close()
    effects = [e for e in read_effects(snapshot, answers) if change in (None, e.change.id)]
    if change is None:
        effects = [e for e in effects if any(e.days)]
    moved = run_effects(snapshot, effects, settings.random_seed, replicates)
    if as_json:
        print_json(
            [
                {"rule": e.change.id, "trial": e.study_id, "verdict": e.verdict, "because": e.because, "days": e.days, "countries": e.countries,
                 "start": e.start, "amount": e.amount, "last_participant_in": r.days, "cost": r.money}
                for e, r in zip(effects, moved, strict=True)
            ]
        )  # fmt: skip
        return
    rows = [
        [
            e.change.id,
            e.study_id,
            e.verdict.word,
            f"{e.days[0]:g} to {e.days[1]:g}",
            f"{wording.number(e.amount[0], 0)} to {wording.number(e.amount[1], 0)}",
            f"{wording.number(r.days.mean, 0, signed=True)} ± {wording.number(2 * r.days.error, 1)}",
            wording.number(r.money.mean, 0, signed=True),
        ]
        for e, r in zip(effects, moved, strict=True)
    ]
    print_table(["rule", "trial", "verdict", "start-up, days", "work, base currency", "last participant in, days", "cost at lock"], rows)
    if not rows:
        typer.echo("It touches no running trial." if change else "No rule that touches a running trial changes its start-up.")


def kept(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Scenarios that were kept, and which became the plan."""
    from quarterdeck.record.database import open_record
    from quarterdeck.scenarios.actions import read_kept

    record = open_record(get_settings(home))
    rows = [{"id": k.id, "study_id": k.study_id, "name": k.name, "kept_at": k.kept_at, "decision": plan} for k, plan in read_kept(record)]
    record.close()
    if as_json:
        print_json(rows)
    else:
        print_table(
            ["id", "trial", "scenario", "plan"], [[r["id"], r["study_id"], r["name"], r["decision"] or "not the plan"] for r in rows]
        )


def promote(
    scenario: Annotated[str, typer.Argument(help="Id of a kept scenario.")],
    reason: Annotated[str, typer.Option(help="Why, for the decision record.")],
    home: HomeOption = None,
) -> None:
    """Make a kept scenario the plan, with its decision record."""
    from quarterdeck.evidence.store import Store
    from quarterdeck.record.database import open_record
    from quarterdeck.record.permissions import SINGLE_USER
    from quarterdeck.scenarios.actions import promote_scenario

    settings = get_settings(home)
    record = open_record(settings)
    try:
        decision = promote_scenario(
            record, SINGLE_USER, scenario, reason, datetime.now(UTC), Store(settings.evidence_dir, settings.choices).open
        )
        typer.echo(f"Decision {decision} recorded; its forecast is sealed in the ledger.")
    finally:
        record.close()


def _keep(home: Any, comparison: Comparison) -> dict[str, str]:
    from quarterdeck.record.database import open_record
    from quarterdeck.record.permissions import SINGLE_USER
    from quarterdeck.scenarios.actions import keep_scenario

    record = open_record(get_settings(home))
    now = datetime.now(UTC)
    ids = {r.name: keep_scenario(record, SINGLE_USER, comparison, r.name, now) for r in comparison.results[1:]}
    record.close()
    return ids


def _show(comparison: Comparison, ids: dict[str, str]) -> None:
    from quarterdeck.vocabulary import wording

    rows = []
    for r in comparison.results:
        date = r.last_participant_in[0.5]
        change = (
            ""
            if r is comparison.results[0]
            else f"{wording.number(r.days.mean, 0, signed=True)} ± {wording.number(2 * r.days.error, 1)} days"
        )
        money = "" if r is comparison.results[0] else wording.money(r.money.mean, comparison.currency, signed=True)
        plan = "no plan" if r.p_by_plan is None else wording.chance(r.p_by_plan)
        rows.append(
            [
                r.description,
                str(date or "not reached"),
                change,
                plan,
                wording.money(r.cost[0.5], comparison.currency),
                money,
                ids.get(r.name, ""),
            ]
        )
    print_table(["read as", "last participant in", "difference", "by plan", "cost", "difference in cost", "kept as"], rows)
    for r in comparison.results:
        for note in r.notes:
            typer.echo(f"{r.name}: {note}")
