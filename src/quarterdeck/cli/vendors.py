"""`quarterdeck vendors ...`: compare vendors fairly, read contracts, match change orders, choose bids, allocate work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterdeck.cli.common import AsOfOption, HomeOption, JsonOption, get_settings, open_snapshot, print_json, print_table
from quarterdeck.vocabulary.plain import to_plain

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.vendors.change_orders import Review
    from quarterdeck.vendors.comparison import Comparison

vendors = typer.Typer(
    no_args_is_help=True, help="Vendors compared fairly; contracts, change orders, bids, allocation, negotiation, reviews."
)


def register(app: typer.Typer) -> None:
    """Adds the group."""
    app.add_typer(vendors, name="vendors")


@vendors.command("compare")
def compare(
    file: Annotated[
        Path | None,
        typer.Argument(help="CSV: vendor, study, numerator and denominator, or value; further columns are covariates. None: the snapshot."),
    ] = None,
    metric: Annotated[str, typer.Option("--metric", help="A metric of the catalogue, or any name for a file of your own.")] = "",
    kind: Annotated[
        str | None, typer.Option("--kind", help="share, rate, days or value; else the catalogue or the columns decide.")
    ] = None,
    direction: Annotated[str | None, typer.Option("--direction", help="higher or lower is better.")] = None,
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare vendors on one metric, adjusted for case mix, with intervals: from a CSV file, or from the evidence."""
    from quarterdeck.vendors.analysis import NotCompared, compare_metric
    from quarterdeck.vendors.catalogue import get_metric
    from quarterdeck.vendors.files import compare_file
    from quarterdeck.vocabulary.errors import BadInput

    if not metric:
        raise BadInput("Which metric?", next_step="Name it with --metric; `quarterdeck vendors metrics` lists them.")
    if direction not in (None, "higher", "lower"):
        raise BadInput("Unknown direction", thing=str(direction), allowed=("higher", "lower"))
    result = compare_file(file, metric, kind, direction) if file else compare_metric(open_snapshot(home, as_of), get_metric(metric))
    if isinstance(result, NotCompared):
        print_json({"metric": result.metric, "not_compared_reason": result.reason}) if as_json else typer.echo(
            f"{result.metric}: {result.reason}"
        )
        return
    print_json(_as_answer(result)) if as_json else _show(result)


def _as_answer(result: Comparison) -> dict[str, Any]:
    answer: dict[str, Any] = to_plain(result)
    names = [effect.vendor for effect in result.vendors]
    answer["p_better"] = {a: dict(zip(names, row, strict=True)) for a, row in zip(names, result.p_better, strict=True)}
    answer["cannot_be_told_apart"] = [
        [a, b] for i, a in enumerate(names) for j, b in enumerate(names) if i < j and 0.05 < result.p_better[i][j] < 0.95
    ]
    return answer


def _show(result: Comparison) -> None:
    from quarterdeck.vocabulary import wording

    def figure(value: float) -> str:
        return wording.share(value) if result.family == "binomial" else wording.number(value)

    rows = [
        (
            e.vendor, e.n_studies, figure(e.raw), figure(e.adjusted), f"{figure(e.low)} to {figure(e.high)}",
            wording.chance(e.p_better_than_average), f"{e.rank_low} to {e.rank_high}", e.verdict,
        )
        for e in sorted(result.vendors, key=lambda e: -e.p_better_than_average)
    ]  # fmt: skip
    print_table(("vendor", "trials", "raw", "adjusted", "90% interval", "better than average", "rank", "verdict"), rows, result.metric)
    typer.echo(f"Reliability of this order: {wording.number(result.reliability, 2)} (1 certain, 0 chance).")
    for name, reason in result.not_compared:
        typer.echo(f"Not compared: {name}, {reason}.")
    for notice in result.notices:
        typer.echo(notice)


@vendors.command("metrics")
def list_metrics(as_json: JsonOption = False) -> None:
    """List the catalogue of metrics: definition, formula, and how each is misread."""
    from quarterdeck.vendors.catalogue import load_metrics

    metrics = load_metrics()
    if as_json:
        print_json([{**to_plain(metric), "formula": metric.formula} for metric in metrics.values()])
    else:
        print_table(
            ("metric", "group", "what", "better", "misread when"),
            [(m.id, m.group, m.title, m.direction, m.misuse) for m in metrics.values()],
        )


@vendors.command("review")
def review(vendor_id: str, home: HomeOption = None, as_of: AsOfOption = None, as_json: JsonOption = False) -> None:
    """What a business review of one vendor opens with: promises, adjusted metrics, bottlenecks, levers."""
    from quarterdeck.record.database import open_record
    from quarterdeck.vendors.actions import read_promises
    from quarterdeck.vendors.review import prepare_review
    from quarterdeck.vocabulary import wording

    record = open_record(get_settings(home))
    result = prepare_review(open_snapshot(home, as_of), vendor_id, read_promises(record, vendor_id))
    record.close()
    if as_json:
        print_json(result)
        return
    for side, tally in result.promises.items():
        typer.echo(f"Promises of the {side}: {tally.kept} kept, {tally.broken} broken, {tally.overdue} overdue, {tally.open} open.")
    rows = [(c.title, wording.number(c.effect.raw), wording.number(c.effect.adjusted), c.effect.verdict) for c in result.scorecard]
    print_table(("metric", "raw", "adjusted", "verdict"), rows, result.name)
    for lever in result.levers:
        typer.echo(f"Lever: {lever.ask}. Worth {wording.money(lever.value)}, {wording.interval(lever.interval, lever.value.currency)}.")


@vendors.command("contracts")
def list_contracts(home: HomeOption = None, as_of: AsOfOption = None, as_json: JsonOption = False) -> None:
    """Contracts: how they pay, what a month of slip earns the vendor, work done against money paid."""
    from quarterdeck.vendors.contracts import measure_burn, price_delay, read_contracts, split_value
    from quarterdeck.vocabulary import wording

    found = [c for c in read_contracts(open_snapshot(home, as_of)) if c.units]
    if as_json:
        print_json(
            [
                {
                    "contract": c.id,
                    "vendor": c.vendor_id,
                    "study": c.study_id,
                    "split": split_value(c),
                    "delay": price_delay(c),
                    "burn": measure_burn(c),
                }
                for c in found
            ]
        )
        return
    rows = [
        (c.id, c.vendor_id, c.study_id, wording.share(split_value(c).time, 0), wording.money(price_delay(c).per_month), wording.share(measure_burn(c).work_share, 0),
         wording.share(measure_burn(c).invoiced_share, 0))
        for c in found
    ]  # fmt: skip
    print_table(("contract", "vendor", "trial", "paid by time", "a month of slip", "work done", "invoiced"), rows)


@vendors.command("change-order")
def change_order(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX with description, quantity, unit price, amount, reason.")],
    contract: Annotated[str, typer.Option("--contract", help="The contract it belongs to.")],
    keep: Annotated[bool, typer.Option("--keep", help="Keep the review in the record, so that a position note can rest on it.")] = False,
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Match a change order line by line to its contract and to precedent prices; say what may be disputed."""
    from quarterdeck.vendors.change_orders import read_lines, review_change_order
    from quarterdeck.vendors.contracts import get_contract, read_contracts
    from quarterdeck.vocabulary import wording

    snapshot = open_snapshot(home, as_of)
    lines, currency, notices = read_lines(file)
    result = review_change_order(get_contract(snapshot, contract), lines, read_contracts(snapshot), currency)
    kept = _keep_review(home, snapshot, file, contract, result, notices) if keep else ""
    if as_json:
        print_json({**to_plain(result), "file_notices": notices, **({"kept": kept} if kept else {})})
        return
    rows = [
        (m.line.source_line, m.line.description, m.unit.name if m.unit else "no unit of the contract", m.cause,
         wording.money(m.line.amount, result.currency), wording.money(m.disputable, result.currency), "; ".join(o.words for o in m.objections) or "none")
        for m in result.lines
    ]  # fmt: skip
    print_table(("line", "asked for", "contract unit", "cause", "amount", "disputable", "why"), rows)
    typer.echo(
        f"{wording.money(result.disputable)} of {wording.money(result.total)} may be disputed ({wording.share(result.disputable_share, 0)})."
    )
    for notice in (*result.notices, *notices):
        typer.echo(notice)
    if kept:
        typer.echo(f"Kept as {kept}. The position note: quarterdeck paper change-order --about vendor:ID --basis review:{kept}")


def _keep_review(home: Path | None, snapshot: Snapshot, file: Path, contract_id: str, review: Review, notices: list[str]) -> str:
    from datetime import UTC, datetime

    from quarterdeck.record.database import open_record
    from quarterdeck.record.permissions import SINGLE_USER
    from quarterdeck.vendors.actions import record_change_order
    from quarterdeck.vendors.change_orders import measure_year_effect
    from quarterdeck.vendors.contracts import get_contract

    settings = get_settings(home)
    year = measure_year_effect(snapshot, get_contract(snapshot, contract_id), review.total, settings.base_currency)
    record = open_record(settings)
    result = {**to_plain(review), "file_notices": notices, "effect_on_year": year}
    name = record_change_order(record, SINGLE_USER, review, file, result, snapshot.id, datetime.now(UTC))
    record.close()
    return name


@vendors.command("bids")
def bids(
    file: Annotated[Path, typer.Argument(help="YAML: assumptions, weights, bids. `docs/how-to/vendors.md` shows one.")],
    as_json: JsonOption = False,
) -> None:
    """Bring bids to the same assumptions and simulate them under the same futures; show where the choice turns."""
    from quarterdeck.vendors.bid_files import read_bids
    from quarterdeck.vendors.selection import compare_bids
    from quarterdeck.vocabulary import wording

    offers, assumptions, weights, base = read_bids(file)
    result = compare_bids(offers, assumptions, weights, base)
    if as_json:
        print_json(result)
        return
    rows = [
        (o.vendor, wording.money(o.as_bid), wording.money(o.normalised), wording.money(o.cost_median), f"{wording.money(o.cost_low)} to {wording.money(o.cost_high)}",
         wording.number(o.months_median, 0), wording.chance(o.p_cheapest), wording.number(o.score, 2))
        for o in result.outcomes
    ]  # fmt: skip
    print_table(("vendor", "as bid", "same assumptions", "expected", "80% interval", "months", "cheapest", "score"), rows)
    for name, weight, leader in result.flips:
        typer.echo(
            f"{name}: {'no weight changes the choice' if weight is None else f'at a weight of {wording.share(weight, 0)} {leader} leads'}."
        )
    for notice in result.notices:
        typer.echo(notice)


@vendors.command("survey")
def survey(
    file: Annotated[Path, typer.Argument(help="CSV: vendor_id, asked_on, side, question, mean_score, n_answers.")], home: HomeOption = None
) -> None:
    """Import a survey about working with vendors. Cells below the minimum are refused."""
    from datetime import UTC, datetime

    from quarterdeck.record.database import open_record
    from quarterdeck.record.permissions import SINGLE_USER
    from quarterdeck.vendors.actions import import_survey

    settings = get_settings(home)
    record = open_record(settings)
    count = import_survey(record, SINGLE_USER, file, settings.minimum_cell, datetime.now(UTC))
    record.close()
    typer.echo(f"{count} survey rows imported.")
