"""`quarterdeck forecast`, `ledger` and `backtest`: what will happen, and how well we have said so before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterdeck.cli.common import AsOfOption, HomeOption, JsonOption, get_settings, open_snapshot, print_json, print_table, progress

if TYPE_CHECKING:
    from quarterdeck.forecasts.model import TrialForecast
    from quarterdeck.forecasts.scores import Score

SeedOption = Annotated[int | None, typer.Option(help="Seed; default: the installation's.")]
ReplicatesOption = Annotated[int, typer.Option(help="Joint futures to simulate.", min=200, max=200_000)]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("forecast")(forecast)
    app.command("ledger")(ledger)
    app.command("backtest")(backtest)
    app.command("forecast-design")(forecast_design)


def forecast(
    study: Annotated[str | None, typer.Argument(help="A trial; without it, the portfolio.")] = None,
    seal: Annotated[bool, typer.Option("--seal", help="Seal what is forecast into the ledger.")] = False,
    seed: SeedOption = None,
    replicates: ReplicatesOption = 10_000,
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Milestones and money of a trial, or of the portfolio: dates by probability, drivers of the slip, evidence."""
    from quarterdeck.forecasts.portfolio import forecast_portfolio
    from quarterdeck.forecasts.trial import forecast_trial

    settings, snapshot = get_settings(home), open_snapshot(home, as_of)
    chosen = settings.random_seed if seed is None else seed
    answer: Any
    answer = forecast_trial(snapshot, study, chosen, replicates) if study else forecast_portfolio(snapshot, chosen, replicates)
    if seal:
        _seal(home, as_of, chosen, [study] if study else [])
    if as_json:
        print_json(answer)
    elif study:
        _show_trial(answer)
    else:
        _show_portfolio(answer)


def ledger(home: HomeOption = None, as_of: AsOfOption = None, as_json: JsonOption = False) -> None:
    """Every sealed forecast scored by what is known now: coverage, error, and skill against plan, straight line, vendor and override."""
    from quarterdeck.forecasts.ledger import read_entries
    from quarterdeck.forecasts.scores import score_entries
    from quarterdeck.record.database import open_record

    record = open_record(get_settings(home))
    entries = read_entries(record)
    record.close()
    if not entries:
        typer.echo("The ledger is empty. `quarterdeck forecast --seal` seals what is forecast now." if not as_json else "[]")
        return
    scores = score_entries(entries, open_snapshot(home, as_of))
    _show_scores(scores, as_json, f"{len(entries)} sealed forecasts, {len(scores)} scored")


def backtest(seed: SeedOption = None, replicates: ReplicatesOption = 2000, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Replay the past as it was known then, snapshot by snapshot, and print the record."""
    from quarterdeck.evidence.store import Store
    from quarterdeck.forecasts.replay import replay

    settings = get_settings(home)
    store = Store(settings.evidence_dir, settings.choices)
    with progress("Replaying snapshots", len(store.snapshots())) as advance:
        scores = replay(store, settings.random_seed if seed is None else seed, replicates, lambda note: advance(1, note))
    _show_scores(scores, as_json, f"{len(scores)} forecasts replayed and scored")


def forecast_design(
    phase: Annotated[str, typer.Option(help="1, 1/2, 2, 2/3, 3, 4 or NA.")] = "NA",
    area: Annotated[str, typer.Option(help="Therapeutic area, as Oncology.")] = "",
    sponsor: Annotated[str, typer.Option(help="INDUSTRY, OTHER, GOV or NETWORK.")] = "INDUSTRY",
    participants: Annotated[float | None, typer.Option(help="Planned participants.")] = None,
    sites: Annotated[float | None, typer.Option(help="Planned sites.")] = None,
    countries: Annotated[float | None, typer.Option(help="Planned countries.")] = None,
    arms: Annotated[float | None, typer.Option(help="Arms.")] = None,
    title: Annotated[str, typer.Option(help="Title and conditions, as registered.")] = "",
    year: Annotated[float | None, typer.Option(help="Year of the start.")] = None,
    planned_days: Annotated[float | None, typer.Option(help="Planned days from start to primary completion, to forecast the slip.")] = None,
    as_json: JsonOption = False,
) -> None:
    """What a design alone says, for a planned or a competitor's trial: duration, slip, risk of being stopped."""
    from quarterdeck.forecasts.design import Design
    from quarterdeck.forecasts.design import forecast_design as forecast_it
    from quarterdeck.vocabulary import wording

    design = Design(phase, area, sponsor, participants, sites, countries, arms, title=title, start_year=year)
    found = forecast_it(design, planned_days)
    if as_json:
        print_json(found)
        return
    words = [wording.duration(days) for days in (found.duration, found.duration_low, found.duration_high)]
    typer.echo(f"Start to primary completion: {words[0]}, between {words[1]} and {words[2]} (80% interval).")
    if found.slip is not None and found.slip_low is not None and found.slip_high is not None:
        ends = f"{wording.late(found.slip_low)} and {wording.late(found.slip_high)}"
        typer.echo(f"Against the plan: {wording.late(found.slip)} on average, between {ends} (80% interval).")
    typer.echo(f"Risk of being stopped early: {wording.chance(found.termination_risk)}.")


def _seal(home: Any, as_of: str | None, seed: int, studies: list[str]) -> None:
    from datetime import UTC, datetime

    from quarterdeck.forecasts.ledger import seal_forecasts
    from quarterdeck.record.database import open_record
    from quarterdeck.record.permissions import SINGLE_USER

    record = open_record(get_settings(home))
    added = seal_forecasts(record, SINGLE_USER, open_snapshot(home, as_of), seed, datetime.now(UTC), studies)
    record.close()
    typer.echo(f"{added} forecasts sealed.", err=True)


def _show_trial(trial: TrialForecast) -> None:
    from quarterdeck.vocabulary import wording

    if trial.reason:
        typer.echo(f"{trial.study_id}: {trial.reason}")
        return
    typer.echo(
        f"{trial.study_id}: {trial.enrolled} of {trial.target} participants on {wording.day(trial.today)}. Evidence: {trial.evidence}."
    )
    print_table(["milestone", "planned", "5%", "likely (50%)", "95%", "by plan"], [_milestone_row(m) for m in trial.milestones])
    if trial.events:
        from quarterdeck.forecasts.words import event_words

        typer.echo(event_words(trial.events))
    if trial.design:
        spans = [wording.duration(d) for d in (trial.design.duration, trial.design.duration_low, trial.design.duration_high)]
        typer.echo(f"From its design alone: {spans[0]} from start to primary completion, between {spans[1]} and {spans[2]} (80% interval).")
    if trial.drivers:
        rows = [[name, f"{wording.number(days, 0, signed=True)} days"] for name, days in trial.drivers]
        print_table(["driver of the slip", "gained at plan"], rows)
    if trial.money:
        m = trial.money
        words = {p: wording.money(v, m.currency) for p, v in m.quantiles.items()}
        typer.echo(
            f"Cost at lock: {words[0.5]} ({words[0.05]} to {words[0.95]}, 90% interval); approved {wording.money(m.approved, m.currency)}; "
            f"within 5%: {wording.chance(m.p_within)}; over: {wording.chance(m.p_over)}; "
            f"contingency for 80%: {wording.money(m.contingency_needed, m.currency)}."
        )
    elif trial.no_money:
        typer.echo(f"The cost cannot be forecast: {trial.no_money}.")


def _milestone_row(m: Any) -> list[str]:
    from quarterdeck.vocabulary import wording

    if m.actual is not None:
        return [m.label, str(m.planned or "not planned"), "", f"{m.actual} (reached)", "", ""]
    dates = ["not reached" if m.quantiles.get(p) is None else str(m.quantiles[p]) for p in (0.05, 0.5, 0.95)]
    return [m.label, str(m.planned or "not planned"), *dates, "no plan" if m.p_by_plan is None else wording.chance(m.p_by_plan)]


def _show_portfolio(answer: Any) -> None:
    from quarterdeck.forecasts.words import portfolio_money_words
    from quarterdeck.vocabulary import wording

    rows = []
    for trial in answer.trials:
        m = trial.milestone("last_participant_in")
        money = (
            f"{wording.money(trial.money.quantiles[0.5], trial.money.currency)} of {wording.money(trial.money.approved, trial.money.currency)}"
            if trial.money
            else trial.no_money
        )
        if trial.reason or m is None or m.actual is not None:
            lock = trial.milestone("database_lock")
            rows.append([trial.study_id, trial.status, trial.reason or f"lock likely {lock.median if lock else 'unknown'}", "", "", money])
            continue
        slip = "not reached" if m.slip_days is None else wording.late(m.slip_days)
        rows.append([trial.study_id, trial.status, f"{trial.enrolled} of {trial.target}", str(m.median or "not reached"), slip, money])
    print_table(["trial", "status", "enrolled", "last participant in", "against plan", "cost"], rows)
    for target in answer.targets:
        said = target.reason or f"{wording.chance(target.probability)}. {target.detail}"
        typer.echo(f"{target.question} {said} [{target.source}]")
    typer.echo(portfolio_money_words(answer))


def _show_scores(scores: list[Score], as_json: bool, head: str) -> None:
    from quarterdeck.forecasts.ledger import what_words
    from quarterdeck.forecasts.replay import kinds
    from quarterdeck.forecasts.scores import summarise

    summaries = [summarise(scores, what) for what in ["", *kinds(scores)]]
    if as_json:
        print_json(summaries)
        return
    typer.echo(head)
    rows = []
    for s in summaries:
        bands = [f"{inside} of {n}" if n else "not yet due" for inside, n in s.coverage.values()]
        skills = ["none" if s.skill[k] is None else f"{s.skill[k]:+.2f}" for k in ("plan", "straight line", "vendor", "override")]
        rows.append([what_words(s.what), s.scored, s.pending, *bands, *skills])
    heads = ["forecast of", "scored", "not yet", "in 50%", "in 80%", "in 90%", "vs plan", "vs line", "vs vendor", "vs override"]
    print_table(heads, rows)
