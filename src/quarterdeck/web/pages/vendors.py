"""Pages of the vendors: who does well when the work is made equal, what delay pays, which change is disputable, whom to give the next work."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from quarterdeck.charts.base import Chart
from quarterdeck.charts.control_chart import ControlChart, Step
from quarterdeck.charts.dots import Dot, Dots
from quarterdeck.vendors import actions
from quarterdeck.vendors.analysis import NotCompared, Trend, compare_all, compare_metric
from quarterdeck.vendors.catalogue import Metric, get_metric, load_metrics
from quarterdeck.vendors.change_orders import LARGEST_FILE, read_lines, review_change_order
from quarterdeck.vendors.comparison import Comparison, VendorEffect
from quarterdeck.vendors.contracts import (
    Contract,
    get_contract,
    measure_burn,
    measure_concentration,
    price_delay,
    price_exit,
    read_budget_rates,
    read_contracts,
    split_value,
)
from quarterdeck.vendors.findings import findings as vendor_findings
from quarterdeck.vendors.negotiation import Outlook, Position, prepare_position
from quarterdeck.vendors.queries import read_vendor_names
from quarterdeck.vendors.review import prepare_review, read_slips, tally_promises
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.finding import Finding
from quarterdeck.vocabulary.plain import to_plain
from quarterdeck.vocabulary.verdict import Verdict
from quarterdeck.web.navigation import Entry, Hit
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
NAVIGATION = (
    Entry("Vendors", "/vendors", "Vendors", "Who does well when the work is made equal?"),
    Entry("Compare", "/vendors/metrics", "Vendors", "Which vendors differ by more than chance?"),
    Entry("Contracts", "/vendors/contracts", "Vendors", "What does each contract pay for, and what does delay earn?"),
    Entry("Change orders", "/vendors/change-orders", "Vendors", "Which part of a change order may be disputed?"),
    Entry("Bids", "/vendors/bids", "Vendors", "Which bid is best under the same futures?"),
    Entry("Allocation", "/vendors/allocation", "Vendors", "Who should do which work?"),
)
VERDICTS = {"worst of all": Verdict.CONCERN, "worse than average": Verdict.CONCERN, "better than average": Verdict.BETTER}


def verdict_of(effect: VendorEffect) -> Verdict:
    """The verdict of one vendor on one metric."""
    return VERDICTS.get(effect.verdict, Verdict.ORDINARY)


@router.get("/vendors")
def show_vendors(view: View = permit("portfolio.read")) -> Response:
    """All vendors: how many metrics point which way, what a month of slip earns them, their share of the work."""
    snapshot, base = view.snapshot, view.settings.base_currency
    names, found = read_vendor_names(snapshot), vendor_findings(snapshot, base)
    shares, index = measure_concentration(read_contracts(snapshot), read_budget_rates(snapshot, base), base, view.today)
    share = {entry.vendor_id: entry for entry in shares}
    tally = _tally(snapshot)
    rows = [
        {
            "vendor": Cell(vendor, name, href=f"/vendors/{vendor}"),
            "worse": tally.get(vendor, (0, 0, 0))[0] if vendor in tally else "no peers to compare with",
            "better": tally.get(vendor, (0, 0, 0))[1] if vendor in tally else "no peers to compare with",
            "same": tally.get(vendor, (0, 0, 0))[2] if vendor in tally else "no peers to compare with",
            "share": share[vendor].share if vendor in share else "no open contract",
            "value": float(share[vendor].value.amount) if vendor in share else "no open contract",
        }
        for vendor, name in sorted(names.items(), key=lambda item: -tally.get(item[0], (0, 0, 0))[0])
    ]
    columns = [
        Column("vendor", "Vendor"), Column("worse", "Worse on", is_number=True), Column("better", "Better on", is_number=True),
        Column("same", "Cannot be told apart on", is_number=True), Column("share", "Share of open contracts", "share", True), Column("value", "Open contract value", base, True),
    ]  # fmt: skip
    worse = [finding for finding in found if finding.id.startswith("vendors/worse")]
    title = worse[0].headline if worse else ("No vendor is clearly worse than its peers" if names else "No vendor was loaded yet")
    return view.page(
        "vendors/index.html", finding=title, found=found, index=index,
        tables=[Table("vendors", "Vendors, the most concerns first", columns, rows, empty="No vendor was loaded yet. Load the tables `vendor` and `contract`.")],
        findings=found, cites=[*_cites(found), wording.number(index, 2)],
    )  # fmt: skip


@router.get("/vendors/metrics")
def show_metrics(view: View = permit("portfolio.read")) -> Response:
    """Every metric with the vendors that differ."""
    rows: list[dict[str, Any]] = []
    names = read_vendor_names(view.snapshot)
    n_differing = 0
    for name, result in compare_all(view.snapshot).items():
        metric = get_metric(name)
        row: dict[str, Any] = {
            "metric": Cell(metric.title, metric.title, href=f"/vendors/metrics/{name}"),
            "group": metric.group.replace("_", " "),
        }
        if isinstance(result, NotCompared):
            rows.append(row | {"worse": result.reason, "better": "not compared", "reliability": "not compared"})
            continue
        worse = [names.get(e.vendor, e.vendor) for e in result.vendors if verdict_of(e) is Verdict.CONCERN]
        better = [names.get(e.vendor, e.vendor) for e in result.vendors if verdict_of(e) is Verdict.BETTER]
        n_differing += bool(worse or better)
        rows.append(row | {"worse": wording.listing(worse), "better": wording.listing(better), "reliability": result.reliability})
    columns = [
        Column("metric", "Metric"),
        Column("group", "Group"),
        Column("worse", "Worse"),
        Column("better", "Better"),
        Column("reliability", "Reliability of the order", is_number=True),
    ]
    return view.page(
        "vendors/metrics.html", finding=f"On {wording.of(n_differing, len(rows))} metrics a vendor differs from its peers by more than chance",
        tables=[Table("metrics", "Metrics", columns, rows)], cites=[n_differing, len(rows), 1, 0],
    )  # fmt: skip


@router.get("/vendors/metrics/{metric_id}")
def show_metric(metric_id: str, view: View = permit("portfolio.read")) -> Response:
    """One metric: adjusted figures with intervals, raw beside them, and what moved them."""
    metric = get_metric(metric_id)
    result = compare_metric(view.snapshot, metric)
    if isinstance(result, NotCompared):
        return view.page(
            "vendors/metric.html",
            finding=f"{metric.title}: not compared",
            metric=metric,
            reason=result.reason,
            result=None,
            tables=[],
            cites=[result.reason, metric.misuse],
        )
    names = read_vendor_names(view.snapshot)
    worse = [names.get(e.vendor, e.vendor) for e in result.vendors if verdict_of(e) is Verdict.CONCERN]
    title = (
        f"{metric.title}: {wording.listing(worse)} {'is' if len(worse) == 1 else 'are'} worse than average"
        if worse
        else f"{metric.title}: no vendor is clearly worse than average"
    )
    return view.page(
        "vendors/metric.html", finding=title, metric=metric, result=result, reason="", charts={"adjusted": _metric_chart(metric, result, names, title)},
        tables=[_metric_table(metric, result, names), _pair_table(result, names)], cites=[*result.notices, metric.misuse, metric.title, wording.number(result.reliability, 2), *names.values()],
    )  # fmt: skip


def _unit(metric: Metric) -> str:
    return {"share": "share", "days": "days", "rate": "number"}[metric.kind]


def _metric_chart(metric: Metric, result: Comparison, names: dict[str, str], title: str) -> Dots:
    ordered = sorted(result.vendors, key=lambda e: -e.p_better_than_average)
    dots = tuple(Dot(names.get(e.vendor, e.vendor), e.adjusted, e.low, e.high, verdict_of(e)) for e in ordered)
    clear = sum(verdict_of(e) is not Verdict.ORDINARY for e in ordered)
    sentence = f"{metric.title} for equal case mix, with 90% intervals: {wording.of(clear, len(ordered))} vendors differ from the average by more than chance."
    return Dots(
        title=title, sentence=sentence, unit=_unit(metric), dots=dots, level=0.9, value_label=metric.unit, row_label="Vendor",
        method=f"{metric.formula}. Adjusted for {wording.listing(list(result.covariates))} with a hierarchical model; small numbers are drawn towards the average.",
    )  # fmt: skip


def _metric_table(metric: Metric, result: Comparison, names: dict[str, str]) -> Table:
    unit = _unit(metric)
    rows = [
        {
            "vendor": Cell(e.vendor, names.get(e.vendor, e.vendor), href=f"/vendors/{e.vendor}"),
            "trials": e.n_studies,
            "raw": e.raw,
            "adjusted": e.adjusted,
            "range": f"{wording.in_unit(e.low, unit)} to {wording.in_unit(e.high, unit)}",
            "moved": _largest_move(e, unit),
            "better": wording.chance(e.p_better_than_average),
            "verdict": Cell(verdict_of(e).value, e.verdict, verdict=verdict_of(e)),
        }
        for e in sorted(result.vendors, key=lambda e: -e.p_better_than_average)
    ]
    columns = [
        Column("vendor", "Vendor"), Column("trials", "Trials", is_number=True), Column("raw", "Raw", unit, True), Column("adjusted", "Adjusted", unit, True), Column("range", "90% interval"),
        Column("moved", "What moved it most"), Column("better", "Chance of being better than average", is_number=True), Column("verdict", "Verdict"),
    ]  # fmt: skip
    return Table("vendors", f"{metric.title}, raw beside adjusted", columns, rows)


def _largest_move(effect: VendorEffect, unit: str) -> str:
    name, amount = max(effect.moved_by, key=lambda item: abs(item[1]), default=("nothing", 0.0))
    return f"{name}, {wording.in_unit(amount, unit, signed=True)}"


def _pair_table(result: Comparison, names: dict[str, str]) -> Table:
    rows: list[dict[str, Any]] = []
    for i, first in enumerate(result.vendors):
        for j, second in enumerate(result.vendors):
            if i < j:
                p = result.p_better[i][j]
                words = "cannot be told apart" if 0.05 < p < 0.95 else f"{names.get((first if p > 0.5 else second).vendor, '')} is better"
                rows.append(
                    {
                        "pair": f"{names.get(first.vendor, first.vendor)} and {names.get(second.vendor, second.vendor)}",
                        "p": wording.chance(max(p, 1 - p)),
                        "words": words,
                    }
                )
    return Table(
        "pairs",
        "Pairs of vendors",
        [Column("pair", "Pair"), Column("p", "Chance that the better one is better", is_number=True), Column("words", "In words")],
        rows,
        size=15,
    )


@router.get("/vendors/contracts")
def show_contracts(view: View = permit("portfolio.read")) -> Response:
    """Every contract with units: how it pays, what delay earns, work against money."""
    names = read_vendor_names(view.snapshot)
    rows = [_contract_row(contract, names, view.today) for contract in read_contracts(view.snapshot) if contract.units]
    rows.sort(key=lambda row: -float(row["time"]))
    columns = [
        Column("contract", "Contract"), Column("vendor", "Vendor"), Column("trial", "Trial"), Column("time", "Paid by time", "share", True), Column("month", "A month of slip earns", is_number=True),
        Column("done", "Work done", "share", True), Column("invoiced", "Invoiced", "share", True), Column("state", "State"),
    ]  # fmt: skip
    heavy = sum(float(row["time"]) >= 0.65 for row in rows)
    return view.page(
        "vendors/contracts.html", finding=f"{wording.of(heavy, len(rows))} contracts pay two thirds or more by the month" if rows else "No contract with units was loaded yet",
        tables=[Table("contracts", "Contracts, the most paid by time first", columns, rows, empty="Load `contract` and `deliverable` to see what each contract pays for.", size=30)], cites=[heavy, len(rows)],
    )  # fmt: skip


def _contract_row(contract: Contract, names: dict[str, str], today: date) -> dict[str, Any]:
    burn = measure_burn(contract)
    return {
        "contract": Cell(contract.id, contract.id, href=f"/vendors/contracts/{contract.id}"),
        "vendor": Cell(contract.vendor_id, names.get(contract.vendor_id, contract.vendor_id), href=f"/vendors/{contract.vendor_id}"),
        "trial": Cell(contract.study_id, contract.study_id, href=f"/trials/{contract.study_id}") if contract.study_id else "no trial",
        "time": split_value(contract).time,
        "month": wording.money(price_delay(contract).per_month),
        "done": burn.work_share,
        "invoiced": burn.invoiced_share,
        "state": "ended" if contract.end and contract.end < today else "running",
    }


@router.get("/vendors/contracts/{contract_id}")
def show_contract(contract_id: str, view: View = permit("portfolio.read")) -> Response:
    """One contract: split, delay incentive, levers priced by simulation, units."""
    contract = get_contract(view.snapshot, contract_id)
    split, incentive, burn = split_value(contract), price_delay(contract), measure_burn(contract)
    position = prepare_position(contract, Outlook(read_slips(view.snapshot, contract.vendor_id)), view.today) if contract.units else None
    exit_cost = price_exit(contract, view.today)
    units = [
        {"unit": unit.name, "paid": unit.paid_by.replace("_", "-"), "planned": float(unit.planned), "actual": float(unit.actual), "price": float(unit.price), "value": float(unit.planned_value)}
        for unit in contract.units
    ]  # fmt: skip
    columns = [
        Column("unit", "Unit"), Column("paid", "Paid by"), Column("planned", "Planned", "number", True), Column("actual", "Done", "number", True), Column("price", "Price", contract.currency, True),
        Column("value", "Planned value", contract.currency, True),
    ]  # fmt: skip
    tables = [Table("units", "Units of the contract", columns, units, empty="No units were loaded for this contract.")]
    charts: dict[str, Chart] = {}
    if position:
        tables.append(_lever_table(position))
        charts["levers"] = _lever_chart(position)
    shares = [split.time, split.unit, split.fixed, split.pass_through, incentive.share_of_value, burn.work_share, burn.invoiced_share]
    cites = [*(words for x in shares for words in (wording.share(x, 0), wording.share(x)))]
    cites += [wording.money(money) for money in (incentive.per_month, burn.accrual, exit_cost)]
    return view.page(
        "vendors/contract.html", finding=f"A month of slip earns {read_vendor_names(view.snapshot).get(contract.vendor_id, contract.vendor_id)} {wording.money(incentive.per_month)}", contract=contract, split=split,
        incentive=incentive, burn=burn, exit_cost=exit_cost, position=position, reviews=actions.read_change_orders(view.record, contract_id), tables=tables, charts=charts,
        cites=[*cites, *(wording.money(money) for _, money in incentive.carried_by), *(name for name, _ in incentive.carried_by), *(position.assumptions if position else ()), contract_id, contract.study_id,
               contract.inflation_clause, contract.notice_days or 0, *( [position.expected_slip] if position else [])],
    )  # fmt: skip


def _lever_table(position: Position) -> Table:
    currency = position.incentive.per_month.currency
    rows = [
        {"ask": lever.ask, "value": float(lever.value.amount), "range": f"{wording.money(lever.interval.low, currency)} to {wording.money(lever.interval.high, currency)}", "give": lever.give, "evidence": lever.evidence}
        for lever in position.levers
    ]  # fmt: skip
    columns = [
        Column("ask", "Ask"),
        Column("value", "Worth to us", currency, True),
        Column("range", "80% interval"),
        Column("give", "May be given for it"),
        Column("evidence", "Rests on"),
    ]
    return Table("levers", "Levers, the most valuable first", columns, rows, note="The levers overlap, so their values do not add up.")


def _lever_chart(position: Position) -> Dots:
    currency = position.incentive.per_month.currency
    dots = tuple(Dot(lever.name, float(lever.value.amount), lever.interval.low, lever.interval.high) for lever in position.levers)
    best = position.levers[0]
    return Dots(
        title=f"The {best.name} is worth most", sentence=f"What each lever saves us, with 80% intervals; the {best.name} comes first at {wording.money(best.value)}.", unit=currency, dots=dots, level=0.8,
        row_label="Lever", value_label="Worth to us", method="Each lever is priced on this contract under the same draws of slip, inflation and turnover.",
    )  # fmt: skip


@router.get("/vendors/change-orders")
def show_change_orders(view: View = permit("portfolio.read")) -> Response:
    """The upload, and the reviews made so far."""
    rows = [
        {
            "id": Cell(entry.id, entry.file_name, href=f"/vendors/change-orders/{entry.id}"), "contract": Cell(entry.contract_id, entry.contract_id, href=f"/vendors/contracts/{entry.contract_id}"),
            "total": wording.money(_money(entry.result["total"])), "disputable": wording.money(_money(entry.result["disputable"])), "share": entry.result["disputable_share"], "when": entry.reviewed_at.date(),
        }
        for entry in actions.read_change_orders(view.record)
    ]  # fmt: skip
    columns = [
        Column("id", "File"),
        Column("contract", "Contract"),
        Column("total", "Asked for", is_number=True),
        Column("disputable", "Disputable", is_number=True),
        Column("share", "Share", "share", True),
        Column("when", "Reviewed"),
    ]
    options = [
        (c.id, f"{c.id} ({read_vendor_names(view.snapshot).get(c.vendor_id, c.vendor_id)}, {c.study_id})")
        for c in read_contracts(view.snapshot)
        if c.units
    ]
    title = f"{wording.plural(len(rows), 'change order')} reviewed" if rows else "No change order was reviewed yet"
    return view.page(
        "vendors/change_orders.html",
        finding=title,
        options=options,
        tables=[Table("reviews", "Change orders reviewed", columns, rows, empty="Upload one below.")],
        cites=[len(rows)],
    )


@router.post("/vendors/change-orders")
async def upload_change_order(request: Request, view: View = permit("vendor.change_order")) -> Response:
    """Match an uploaded change order to its contract and keep the review. A refusal keeps nothing."""
    async with request.form(max_files=1) as form:
        file, contract_id = form.get("file"), str(form.get("contract", ""))
        if not isinstance(file, UploadFile) or not file.filename:
            raise BadInput("No file was chosen", next_step="Choose a CSV or XLSX file.")
        name, content = Path(file.filename).name, await file.read(LARGEST_FILE + 1)
    suffix = Path(name).suffix.lower()
    if suffix not in (".csv", ".txt", ".xlsx", ".xlsm", ".ods"):
        raise BadInput("This kind of file cannot be read as a change order", thing=name, allowed=".csv, .xlsx, .ods")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"change-order{suffix}"
        path.write_bytes(content)
        lines, currency, notices = read_lines(path)
        review = review_change_order(get_contract(view.snapshot, contract_id), lines, read_contracts(view.snapshot), currency)
        kept = Path(folder) / name
        path.rename(kept)
        result = {**to_plain(review), "file_notices": notices}
        review_id = actions.record_change_order(view.record, view.actor, review, kept, result, view.snapshot.id, view.deck.now())
    return view.redirect(f"/vendors/change-orders/{review_id}")


@router.get("/vendors/change-orders/{review_id}")
def show_change_order(review_id: str, view: View = permit("portfolio.read")) -> Response:
    """One review: what may be disputed, line by line, and the position note's figures."""
    found = [entry for entry in actions.read_change_orders(view.record) if entry.id == review_id]
    if not found:
        raise NotFound("There is no such change-order review", thing=review_id)
    entry, result = found[0], found[0].result
    currency = str(result["currency"])
    rows = [
        {
            "line": line["line"]["source_line"], "asked": line["line"]["description"], "unit": line["unit"]["name"] if line["unit"] else "no unit of the contract", "cause": str(line["cause"]).replace("_", " "),
            "by": line["assumed_by"], "amount": line["line"]["amount"], "disputable": sum(o["amount"] for o in line["objections"]), "why": "; ".join(o["words"] for o in line["objections"]) or "nothing found against it",
        }
        for line in result["lines"]
    ]  # fmt: skip
    columns = [
        Column("line", "Line", is_number=True), Column("asked", "Asked for"), Column("unit", "Contract unit"), Column("cause", "Cause"), Column("by", "Assumed by"), Column("amount", "Amount", currency, True),
        Column("disputable", "Disputable", currency, True), Column("why", "Why"),
    ]  # fmt: skip
    total, disputable = _money(result["total"]), _money(result["disputable"])
    return view.page(
        "vendors/change_order.html", finding=f"{wording.money(disputable)} of {wording.money(total)} may be disputed", entry=entry, result=result, total=total, disputable=disputable,
        causes=[(str(cause).replace("_", " "), _money(money)) for cause, money in result["by_cause"]], tables=[Table("lines", "Line by line", columns, rows, size=50)],
        cites=[total, disputable, result["disputable_share"], result["effect_on_value"], *(_money(m) for _, m in result["by_cause"]), *result["notices"], *result["file_notices"], entry.file_name, entry.contract_id, entry.id],
    )  # fmt: skip


def _money(value: dict[str, Any]) -> Any:
    from decimal import Decimal

    from quarterdeck.vocabulary.money import Money

    return Money(Decimal(str(value["amount"])), str(value["currency"]))


@router.get("/vendors/bids")
def show_bids(view: View = permit("portfolio.read")) -> Response:
    """The bid room: paste a tender, see it under the same futures."""
    return view.page(
        "vendors/bids.html", finding="Compare bids under the same futures", tables=[], content="", result=None, needs_facts=False, cites=[]
    )


@router.post("/vendors/bids")
def compare(content: Annotated[str, Form()], view: View = permit("page.read", any_scope=True)) -> Response:
    """The comparison of a pasted tender; nothing is stored."""
    from quarterdeck.vendors.bid_files import read_bids
    from quarterdeck.vendors.selection import compare_bids

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bids.yaml"
        path.write_text(content[:200_000], encoding="utf-8")
        offers, assumptions, weights, base = read_bids(path)
    result = compare_bids(offers, assumptions, weights, base)
    rows = [
        {
            "vendor": o.vendor, "bid": float(o.as_bid.amount), "same": float(o.normalised.amount), "expected": float(o.cost_median.amount), "range": f"{wording.money(o.cost_low)} to {wording.money(o.cost_high)}",
            "months": f"{wording.number(o.months_median, 0)} to {wording.number(o.months_high, 0)}", "cheapest": wording.chance(o.p_cheapest), "score": wording.number(o.score, 2),
        }
        for o in result.outcomes
    ]  # fmt: skip
    columns = [
        Column("vendor", "Vendor"), Column("bid", "As bid", base, True), Column("same", "Same assumptions", base, True), Column("expected", "Expected", base, True), Column("range", "80% interval"),
        Column("months", "Months, middle to 90th percentile", is_number=True), Column("cheapest", "Chance of being cheapest", is_number=True), Column("score", "Score", is_number=True),
    ]  # fmt: skip
    leader = result.outcomes[0]
    dots = tuple(Dot(o.vendor, float(o.cost_median.amount), float(o.cost_low.amount), float(o.cost_high.amount)) for o in result.outcomes)
    chart = Dots(
        title=f"{leader.vendor} leads with these weights", sentence=f"Expected cost of each bid with 80% intervals under the same futures; {leader.vendor} leads at {wording.money(leader.cost_median)}.", unit=base,
        dots=dots, level=0.8, row_label="Vendor", value_label="Expected cost", method="Every bid is simulated under the same draws of slip, inflation and change orders.",
    )  # fmt: skip
    flips = [
        (name, "no weight changes the choice" if weight is None else f"at a weight of {wording.share(weight, 0)} {who} leads")
        for name, weight, who in result.flips
    ]
    return view.page(
        "vendors/bids.html", finding=f"{leader.vendor} leads with these weights", content=content, result=result, flips=flips, charts={"bids": chart}, tables=[Table("bids", "Bids under the same futures", columns, rows)],
        cites=[*(words for _, words in flips), *result.notices, leader.vendor, *(share for _, share in result.share_of_weights_won), *(name for name, _ in result.share_of_weights_won)], needs_facts=False,
    )  # fmt: skip


@router.get("/vendors/allocation")
def show_allocation(view: View = permit("portfolio.read"), largest: int = 50) -> Response:
    """The running trials' work given out anew: cheapest expected cost within capacity, concentration and the price of switching."""
    from quarterdeck.vendors.reallocation import propose_allocation

    plan = propose_allocation(view.snapshot, view.settings.base_currency, min(max(largest, 10), 100) / 100)
    names = read_vendor_names(view.snapshot)
    rows = [
        {
            "trial": Cell(package.id, package.id, href=f"/trials/{package.id}"), "now": names.get(package.incumbent, package.incumbent), "then": names.get(vendor, vendor),
            "change": "changes hands" if vendor != package.incumbent else "stays",
        }
        for package, (_, vendor) in zip(plan.packages, plan.allocation.assigned, strict=True)
    ]  # fmt: skip
    shares = [
        {"vendor": names.get(vendor, vendor), "now": plan.shares_now.get(vendor, 0.0), "then": share}
        for vendor, share in plan.allocation.shares
    ]
    moved, saving = len(plan.allocation.switched), plan.saving
    title = (
        f"Moving {wording.plural(moved, 'trial')} would save {wording.money(saving)} in expectation"
        if moved
        else "No move pays for its switching cost"
    )
    return view.page(
        "vendors/allocation.html", finding=title, plan=plan, largest=largest, saving=saving,
        tables=[
            Table("work", "Who does which trial", [Column("trial", "Trial"), Column("now", "Now"), Column("then", "Proposed"), Column("change", "Change")], rows),
            Table("shares", "Share of the work", [Column("vendor", "Vendor"), Column("now", "Now", "share", True), Column("then", "Proposed", "share", True)], shares),
        ],
        cites=[moved, saving, largest, len(rows), plan.allocation.gap, *plan.assumptions],
    )  # fmt: skip


@router.get("/vendors/{vendor_id}")
def show_vendor(vendor_id: str, view: View = permit("portfolio.read")) -> Response:
    """One vendor: promises first, adjusted metrics, where time goes, service levels, contracts and levers."""
    promises = actions.read_promises(view.record, vendor_id)
    snapshot = view.snapshot
    bare = snapshot.cached(("vendor review", vendor_id), lambda: prepare_review(snapshot, vendor_id))
    tally = tally_promises(promises, view.today)
    found = [finding for finding in vendor_findings(snapshot, view.settings.base_currency) if finding.scope.key == vendor_id]
    worse = [card for card in bare.scorecard if verdict_of(card.effect) is Verdict.CONCERN]
    better = [card for card in bare.scorecard if verdict_of(card.effect) is Verdict.BETTER]
    title = (
        found[0].headline
        if found
        else f"{bare.name}: worse on {wording.of(len(worse), len(bare.scorecard))} metrics, better on {wording.number(len(better))}"
    )
    charts: dict[str, Chart] = {f"trend-{trend.kpi}": _trend_chart(trend) for trend in bare.trends}
    return view.page(
        "vendors/vendor.html", finding=title, review=bare, promises=promises, tally=tally, found=found, worse=worse, better=better, reviews=actions.read_reviews(view.record, vendor_id),
        surveys=actions.read_surveys(view.record, vendor_id), tables=_vendor_tables(bare), charts=charts, findings=found,
        cites=[
            len(worse), len(better), len(bare.scorecard), *(n for t in tally.values() for n in (t.kept, t.broken, t.overdue, t.open)), *_cites(found), *(p.words for p in promises), *(p.outcome for p in promises),
            *(p.due for p in promises), *(lever.ask for lever in bare.levers), *(text for chart in charts.values() for text in (chart.title, chart.sentence)), *(wording.money(x, lever.value.currency) for lever in bare.levers for x in (lever.value.amount, lever.interval.low, lever.interval.high)), *(x for lever in bare.levers for x in (lever.interval.low, lever.interval.high)), 80,
            *(s.mean_score for s in actions.read_surveys(view.record, vendor_id)), *(s.n_answers for s in actions.read_surveys(view.record, vendor_id)), bare.name,
        ],
    )  # fmt: skip


def _vendor_tables(review: Any) -> list[Table]:
    cards = [
        {
            "metric": Cell(card.title, card.title, href=f"/vendors/metrics/{card.metric}"), "raw": wording.in_unit(card.effect.raw, _kind_unit(card.kind)), "adjusted": wording.in_unit(card.effect.adjusted, _kind_unit(card.kind)),
            "range": f"{wording.in_unit(card.effect.low, _kind_unit(card.kind))} to {wording.in_unit(card.effect.high, _kind_unit(card.kind))}", "verdict": Cell(verdict_of(card.effect).value, card.effect.verdict, verdict=verdict_of(card.effect)),
        }
        for card in review.scorecard
    ]  # fmt: skip
    stages = [
        {"process": stage.process, "stage": stage.name, "holder": stage.holder, "median": stage.median, "range": f"{wording.number(stage.p25, 1)} to {wording.number(stage.p75, 1)}", "waiting": stage.waiting, "share": stage.share_of_time}
        for stage in review.stages
    ]  # fmt: skip
    contracts = [
        {"contract": Cell(c.id, c.id, href=f"/vendors/contracts/{c.id}"), "trial": c.study_id or "no trial", "time": split_value(c).time, "month": wording.money(incentive.per_month)} for c, incentive in review.incentives
    ]  # fmt: skip
    return [
        Table("scorecard", "Adjusted metrics, the most doubtful first", [Column("metric", "Metric"), Column("raw", "Raw", is_number=True), Column("adjusted", "Adjusted", is_number=True), Column("range", "90% interval"), Column("verdict", "Verdict")], cards, empty="This vendor has no peers of its kind to be compared with."),
        Table("stages", "Where time goes between hand-offs", [Column("process", "Process"), Column("stage", "Stage"), Column("holder", "Who holds it"), Column("median", "Median days", "number", True), Column("range", "Middle half, days"), Column("waiting", "Waiting now", is_number=True), Column("share", "Share of the time", "share", True)], stages, empty="No dated hand-offs of this vendor were loaded."),
        Table("contracts", "Running contracts", [Column("contract", "Contract"), Column("trial", "Trial"), Column("time", "Paid by time", "share", True), Column("month", "A month of slip earns", is_number=True)], contracts, empty="No running contract with units."),
    ]  # fmt: skip


def _kind_unit(kind: str) -> str:
    return {"share": "share", "days": "days", "rate": "number"}[kind]


def _trend_chart(trend: Trend) -> ControlChart:
    steps = tuple(
        Step(date.fromisoformat(month), value, trend.centre, low, high, "outside the limits" if not low <= value <= high else "", Verdict.CONCERN if value < low else Verdict.BETTER if value > high else Verdict.ORDINARY)
        for month, value, low, high in zip(trend.months, trend.values, trend.lower, trend.upper, strict=True)
    )  # fmt: skip
    name = trend.kpi.replace("_", " ")
    chance = (
        f" The chance of missing its level next month is {wording.chance(trend.p_breach_next)}." if trend.p_breach_next is not None else ""
    )
    changed = f" It changed in {wording.month(date.fromisoformat(trend.changed_in))}." if trend.changed_in else ""
    return ControlChart(
        title=f"{name[:1].upper() + name[1:]}: {wording.share(trend.values[-1], 0)} last month", sentence=f"{name[:1].upper() + name[1:]} by month against limits of ordinary variation.{changed}{chance}", unit="share", steps=steps, target=trend.target,
        method="Shares by month with limits for counts that vary more than binomially (Laney p' chart); one change is looked for by likelihood ratio.",
    )  # fmt: skip


@router.post("/vendors/{vendor_id}/promise")
def add_promise(
    vendor_id: str,
    words: Annotated[str, Form()],
    owner: Annotated[str, Form()],
    due: Annotated[str, Form()],
    promised_by: Annotated[str, Form()] = "vendor",
    view: View = permit("vendor.commit"),
) -> Response:
    """Note a promise of either side."""
    try:
        day = date.fromisoformat(due)
    except ValueError as error:
        raise BadInput("The date cannot be read", thing=due[:40], allowed="2026-03-14") from error
    actions.record_promise(
        view.record, view.actor, actions.Promise(vendor_id, promised_by, words[:1000], owner[:120], day), view.deck.now()
    )
    return view.redirect(f"/vendors/{vendor_id}")


@router.post("/vendors/{vendor_id}/promises/{promise_id}")
def settle(
    vendor_id: str, promise_id: str, state: Annotated[str, Form()], outcome: Annotated[str, Form()], view: View = permit("vendor.settle")
) -> Response:
    """Say that a promise was kept, broken or withdrawn."""
    actions.settle_promise(view.record, view.actor, promise_id, state, outcome[:1000], view.deck.now())
    return view.redirect(f"/vendors/{vendor_id}")


def _tally(snapshot: Snapshot) -> dict[str, tuple[int, int, int]]:
    """Worse, better, cannot be told apart: the number of metrics for each vendor."""
    tally: dict[str, list[int]] = {}
    for result in compare_all(snapshot).values():
        if isinstance(result, Comparison):
            for effect in result.vendors:
                counts = tally.setdefault(effect.vendor, [0, 0, 0])
                counts[{Verdict.CONCERN: 0, Verdict.BETTER: 1, Verdict.ORDINARY: 2}[verdict_of(effect)]] += 1
    return {vendor: (a, b, c) for vendor, (a, b, c) in tally.items()}


def _cites(found: list[Finding]) -> list[str]:
    return [text for finding in found for text in (finding.headline, finding.cause, finding.suggested_action)]


def paths(snapshot: Snapshot) -> list[str]:
    """Every vendor page there is."""
    contracts = [contract.id for contract in read_contracts(snapshot) if contract.units]
    return [
        "/vendors", "/vendors/metrics", "/vendors/contracts", "/vendors/change-orders", "/vendors/bids", "/vendors/allocation",
        *(f"/vendors/metrics/{name}" for name in load_metrics()), *(f"/vendors/contracts/{name}" for name in contracts), *(f"/vendors/{vendor}" for vendor in read_vendor_names(snapshot)),
    ]  # fmt: skip


def search(view: View, words: str) -> list[Hit]:
    """Vendors and metrics by name."""
    if not view.covers_portfolio:
        return []
    vendors = [
        Hit(name, f"/vendors/{vendor}", "Vendor")
        for vendor, name in read_vendor_names(view.snapshot).items()
        if words in f"{name} {vendor}".lower()
    ]
    return vendors + [
        Hit(metric.title, f"/vendors/metrics/{metric.id}", "Vendor metric")
        for metric in load_metrics().values()
        if words in metric.title.lower()
    ]
