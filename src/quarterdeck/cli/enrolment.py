"""`quarterdeck enrolment`: forecasts and back-tests from plain files, for an analyst without a portfolio."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from quarterdeck.cli.common import JsonOption, print_json, print_table


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Enrolment of one trial from plain files: forecast it, or back-test the method.")
    group.command("forecast")(forecast)
    group.command("backtest")(backtest)
    app.add_typer(group, name="enrolment")


def forecast(
    sites: Annotated[Path | None, typer.Option(help="CSV, one row per site: site_id, open_day, enrolled; see the how-to page.")] = None,
    target: Annotated[int | None, typer.Option(help="Participants wanted in all.")] = None,
    cutoff: Annotated[str | None, typer.Option(help="Day number since study start, or a date as YYYY-MM-DD.")] = None,
    case: Annotated[Path | None, typer.Option(help="JSON with caps, pauses, given parameters, or a screening funnel.")] = None,
    start: Annotated[str | None, typer.Option(help="Date of day 0, where the file counts days and the cut-off is a date.")] = None,
    plug_in: Annotated[bool, typer.Option("--plug-in", help="Ignore the uncertainty of the fitted parameters (for audit).")] = False,
    days: Annotated[str, typer.Option(help="Days after the cut-off for which to predict counts, as 30,90,180.")] = "",
    seed: Annotated[int, typer.Option(help="Seed, where something is simulated.")] = 20261122,
    as_json: JsonOption = False,
) -> None:
    """When will the trial finish recruiting? Quantiles in days after the cut-off, with the fit and its evidence."""
    from quarterdeck.vocabulary.errors import QuarterdeckError

    try:
        answer = _answer(sites, target, cutoff, case, start, plug_in, days, seed)
    except QuarterdeckError as error:
        if as_json:
            print_json({"fit": None, "expected_behaviour": "refused", "reason": error.message, "quantile_days_from_cutoff": None})
        raise
    if as_json:
        print_json(answer)
    else:
        _show(answer)


def backtest(
    site_months: Annotated[Path, typer.Argument(help="CSV with site_id, country, month, n.")],
    out: Annotated[Path, typer.Option(help="Where to write the forecasts: country, origin, h, q05 to q95.")],
    months: Annotated[int | None, typer.Option(help="Length of the record, if its last months are empty.")] = None,
    replicates: Annotated[int, typer.Option(help="Replicates of each forecast.")] = 8000,
    seed: Annotated[int, typer.Option(help="Seed.")] = 20261122,
    as_json: JsonOption = False,
) -> None:
    """Rolling-origin forecasts, each from what was known then; the scores are printed, the forecasts written."""
    from quarterdeck.forecasts.monthly_backtest import read_record, run_backtest, write_forecasts

    record = read_record(site_months)
    result = run_backtest(record, months, seed, replicates)
    write_forecasts(out, result)
    if as_json:
        print_json({"forecasts": len(result.rows), "out": out, "scores": result.scores})
        return
    names = ("n", "cov50", "cov80", "cov90", "median_ratio", "MdAPE", "rel_pinball5")
    print_table(
        ["months ahead", *names], [[h, *(f"{row[n]:.4f}" if n != "n" else row[n] for n in names)] for h, row in result.scores.items()]
    )
    typer.echo(f"{len(result.rows)} forecasts written to {out}")


def _answer(
    sites: Path | None, target: int | None, cutoff: str | None, case: Path | None, start: str | None, plug_in: bool, days: str, seed: int
) -> dict[str, Any]:
    from datetime import date

    from quarterdeck.forecasts import plain_enrolment as plain
    from quarterdeck.forecasts.plain_files import read_case_file, read_plain_case
    from quarterdeck.vocabulary.errors import BadInput

    given = read_case_file(case) if case else {}
    if "screened_completed" in given:
        return plain.forecast_funnel(given | ({"target_randomised": target} if target is not None else {}), seed)
    if "cases" in given:
        return plain.earned_values(given)
    if sites is None:
        raise BadInput("There are no sites", next_step="Give --sites SITES.csv, or a --case with a screening funnel.")
    try:
        wanted = [float(d) for d in days.split(",")] if days else list(plain.DAYS_AHEAD)
        began = date.fromisoformat(start) if start else None
    except ValueError as error:
        raise BadInput("An option cannot be read", thing=str(error), allowed="--days as 30,90,180 and --start as YYYY-MM-DD") from error
    if any(d < 0 for d in wanted):
        raise BadInput("Days ahead must not be negative", thing=days)
    return plain.forecast_plain(read_plain_case(sites, target, cutoff, given, began), plug_in, wanted)


def _show(answer: dict[str, Any]) -> None:
    if answer.get("reason"):
        typer.echo(answer["reason"])
        return
    if "results" in answer:
        print_table(["figure", *map(str, range(1, len(answer["results"]) + 1))], _columns(answer["results"]))
        return
    quantiles = answer.get("quantile_days_from_cutoff") or answer["completion"]["quantile"]
    dates = answer.get("quantile_date", {})
    rows = [[f"{100 * float(p):.0f}%", "not reached" if d is None else f"{d:.1f}", dates.get(p) or ""] for p, d in quantiles.items()]
    print_table(["chance of being done by", "days after cut-off", "date"], rows)
    for key in ("n_remaining", "prob_reach_ever", "evidence", "method"):
        if key in answer:
            typer.echo(f"{key}: {answer[key] if isinstance(answer[key], str) else json.dumps(answer[key])}")


def _columns(results: list[dict[str, Any]]) -> list[list[object]]:
    return [[key, *("undefined" if r[key] is None else f"{r[key]:,.4g}" for r in results)] for key in results[0] if key != "is_early"]
