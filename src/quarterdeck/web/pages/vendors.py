"""Pages of the vendors: who does well when the work is made equal, what delay pays, which change is disputable, whom to give the next work."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from quarterdeck.charts.base import Chart
from quarterdeck.charts.control_chart import ControlChart, Step
from quarterdeck.charts.dots import Dot, Dots
from quarterdeck.vendors import actions
from quarterdeck.vendors.analysis import NotCompared, Trend, compare_all, compare_metric
from quarterdeck.vendors.catalogue import Metric, get_metric, load_metrics
from quarterdeck.vendors.comparison import Comparison, VendorEffect
from quarterdeck.vendors.contracts import (
    measure_concentration,
    read_budget_rates,
    read_contracts,
    split_value,
)
from quarterdeck.vendors.findings import findings as vendor_findings
from quarterdeck.vendors.queries import read_vendor_names
from quarterdeck.vendors.review import prepare_review, tally_promises
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.finding import Finding
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
        tables=[_metric_table(metric, result, names), _pair_table(result, names)], cites=[_count_clear(result), len(result.vendors), *result.notices, metric.misuse, metric.title, wording.number(result.reliability, 2), *names.values()],
    )  # fmt: skip


def _unit(metric: Metric) -> str:
    return {"share": "share", "days": "days", "rate": "number"}[metric.kind]


def _count_clear(result: Comparison) -> int:
    """Vendors that differ from the average by more than chance."""
    return sum(verdict_of(entry) is not Verdict.ORDINARY for entry in result.vendors)


def _metric_chart(metric: Metric, result: Comparison, names: dict[str, str], title: str) -> Dots:
    ordered = sorted(result.vendors, key=lambda e: -e.p_better_than_average)
    dots = tuple(Dot(names.get(e.vendor, e.vendor), e.adjusted, e.low, e.high, verdict_of(e)) for e in ordered)
    sentence = f"{metric.title} for equal case mix, with 90% intervals: {wording.of(_count_clear(result), len(ordered))} vendors differ from the average by more than chance."
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
        "vendors/vendor.html", finding=title, review=bare, promises=promises, tally=tally, found=found, worse=worse, better=better, reviews=(held := actions.read_reviews(view.record, vendor_id)), meetings=[*((r.id, f"the meeting of {wording.day(r.held_on)}") for r in held), ("", "no meeting")],
        is_contracted=any(contract.value for contract in read_contracts(snapshot, vendor_id)),
        surveys=actions.read_surveys(view.record, vendor_id), tables=_vendor_tables(bare), charts=charts, findings=found,
        cites=[
            len(worse), len(better), len(bare.scorecard), *(n for t in tally.values() for n in (t.kept, t.broken, t.overdue, t.open)), *_cites(found), *(p.words for p in promises), *(p.outcome for p in promises),
            *(p.due for p in promises), *(lever.ask for lever in bare.levers), *(text for chart in charts.values() for text in (chart.title, chart.sentence)), *(wording.money(x, lever.value.currency) for lever in bare.levers for x in (lever.value.amount, lever.interval.low, lever.interval.high)), *(x for lever in bare.levers for x in (lever.interval.low, lever.interval.high)), 80,
            *(r.summary for r in held), *(r.held_on for r in held), *(s.mean_score for s in actions.read_surveys(view.record, vendor_id)), *(s.n_answers for s in actions.read_surveys(view.record, vendor_id)), bare.name,
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


@router.post("/vendors/{vendor_id}/meeting")
def note_meeting(
    vendor_id: str, held_on: Annotated[str, Form()], summary: Annotated[str, Form()], view: View = permit("vendor.review")
) -> Response:
    """Note a business review or negotiation that took place; promises made there are noted with it."""
    actions.record_review(view.record, view.actor, vendor_id, _day(held_on), summary[:4000], view.snapshot.id, view.now())
    return view.redirect(f"/vendors/{vendor_id}#after")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput("The date cannot be read", thing=text[:40], allowed="2026-03-14") from error


@router.post("/vendors/{vendor_id}/promise")
def add_promise(
    vendor_id: str,
    words: Annotated[str, Form()],
    owner: Annotated[str, Form()],
    due: Annotated[str, Form()],
    promised_by: Annotated[str, Form()] = "vendor",
    meeting: Annotated[str, Form()] = "",
    view: View = permit("vendor.commit"),
) -> Response:
    """Note a promise of either side, with the meeting it was made in."""
    promise = actions.Promise(vendor_id, promised_by, words[:1000], owner[:120], _day(due))
    actions.record_promise(view.record, view.actor, promise, view.now(), meeting or None)
    return view.redirect(f"/vendors/{vendor_id}")


@router.post("/vendors/{vendor_id}/promises/{promise_id}")
def settle(
    vendor_id: str, promise_id: str, state: Annotated[str, Form()], outcome: Annotated[str, Form()], view: View = permit("vendor.settle")
) -> Response:
    """Say that a promise was kept, broken or withdrawn."""
    actions.settle_promise(view.record, view.actor, promise_id, state, outcome[:1000], view.now())
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
    """Vendors and their metrics."""
    return [
        "/vendors",
        "/vendors/metrics",
        *(f"/vendors/metrics/{name}" for name in load_metrics()),
        *(f"/vendors/{vendor}" for vendor in read_vendor_names(snapshot)),
    ]


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
