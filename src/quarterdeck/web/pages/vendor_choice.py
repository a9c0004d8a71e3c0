"""Pages where a vendor is chosen: the bid room with its decision, and the allocation of the running work."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from quarterdeck.charts.dots import Dot, Dots
from quarterdeck.vendors import actions
from quarterdeck.vendors.queries import read_vendor_names
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.plain import to_plain
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.vendors.selection import Selection

router = APIRouter()


@router.get("/vendors/bids")
def show_bids(view: View = permit("portfolio.read")) -> Response:
    """The bid room: paste a tender, see it under the same futures; and the selections decided so far."""
    decided = actions.read_selections(view.record)
    names = read_vendor_names(view.snapshot) if view.has_facts else {}
    rows = [
        {
            "title": Cell(s.title, s.title, href=f"/vendors/selections/{s.id}"),
            "vendor": names.get(s.chosen_vendor, s.chosen_vendor),
            "when": s.decided_at.date(),
        }
        for s in decided
    ]
    columns = [Column("title", "Selection"), Column("vendor", "Chosen"), Column("when", "Decided")]
    return view.page(
        "vendors/bids.html", finding="Compare bids under the same futures", content="", result=None, needs_facts=False,
        tables=[Table("selections", "Selections decided", columns, rows, empty="None was decided yet.")], cites=[],
    )  # fmt: skip


@router.post("/vendors/bids")
def compare(content: Annotated[str, Form()], view: View = permit("page.read", any_scope=True)) -> Response:
    """The comparison of a pasted tender; nothing is stored until somebody decides."""
    result, base = _compare(content)
    leader = result.outcomes[0]
    flips = [
        (name, "no weight changes the choice" if weight is None else f"at a weight of {wording.share(weight, 0)} {who} leads")
        for name, weight, who in result.flips
    ]
    return view.page(
        "vendors/bids.html", finding=f"{leader.vendor} leads with these weights", content=content, result=result, flips=flips, charts={"bids": _bid_chart(result, base)}, tables=[_bid_table(result, base)],
        bidders=[(o.vendor, o.vendor) for o in result.outcomes], leader=leader.vendor,
        cites=[*(words for _, words in flips), *result.notices, leader.vendor, *(share for _, share in result.share_of_weights_won), *(name for name, _ in result.share_of_weights_won)], needs_facts=False,
    )  # fmt: skip


def _compare(content: str) -> tuple[Selection, str]:
    from quarterdeck.vendors.bid_files import read_bids
    from quarterdeck.vendors.selection import compare_bids

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bids.yaml"
        path.write_text(content[:200_000], encoding="utf-8")
        offers, assumptions, weights, base = read_bids(path)
    return compare_bids(offers, assumptions, weights, base), base


def _bid_table(result: Selection, base: str) -> Table:
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
    return Table("bids", "Bids under the same futures", columns, rows)


def _bid_chart(result: Selection, base: str) -> Dots:
    leader = result.outcomes[0]
    dots = tuple(Dot(o.vendor, float(o.cost_median.amount), float(o.cost_low.amount), float(o.cost_high.amount)) for o in result.outcomes)
    return Dots(
        title=f"{leader.vendor} leads with these weights", sentence=f"Expected cost of each bid with 80% intervals under the same futures; {leader.vendor} leads at {wording.money(leader.cost_median)}.", unit=base,
        dots=dots, level=0.8, row_label="Vendor", value_label="Expected cost", method="Every bid is simulated under the same draws of slip, inflation and change orders.",
    )  # fmt: skip


@router.post("/vendors/selections")
def decide(
    content: Annotated[str, Form()], title: Annotated[str, Form()], chosen_vendor: Annotated[str, Form()], rationale: Annotated[str, Form()], risk_tier: Annotated[str, Form()],
    oversight_plan: Annotated[str, Form()], subcontractors: Annotated[str, Form()] = "", view: View = permit("vendor.decide_selection"),
) -> Response:  # fmt: skip
    """A selection decided on the compared bids: kept with the comparison, the weights and the reason."""
    result, _ = _compare(content)
    decision = {
        "title": title[:200], "chosen_vendor": chosen_vendor, "rationale": rationale[:2000], "risk_tier": risk_tier, "oversight_plan": oversight_plan[:2000], "subcontractors": subcontractors[:500],
    }  # fmt: skip
    if chosen_vendor not in {o.vendor for o in result.outcomes}:
        raise BadInput("The chosen vendor made no qualified bid", thing=chosen_vendor[:80], allowed=[o.vendor for o in result.outcomes])
    name = actions.decide_selection(view.record, view.actor, decision, to_plain(result), view.now())
    return view.redirect(f"/vendors/selections/{name}")


@router.get("/vendors/selections/{selection_id}")
def show_selection(selection_id: str, view: View = permit("portfolio.read")) -> Response:
    """One decided selection, and the way to its rationale as a paper."""
    found = next((s for s in actions.read_selections(view.record) if s.id == selection_id), None)
    if found is None:
        raise NotFound("There is no such selection", thing=selection_id)
    names = read_vendor_names(view.snapshot)
    vendor = next((key for key, name in names.items() if found.chosen_vendor in (key, name)), "")
    rows = [
        {"vendor": names.get(o["vendor"], o["vendor"]), "expected": o["cost_median"]["amount"], "months": o["months_median"], "score": wording.number(o["score"], 2)} for o in found.comparison["outcomes"]
    ]  # fmt: skip
    currency = str(found.comparison["outcomes"][0]["cost_median"]["currency"])
    columns = [
        Column("vendor", "Bidder"),
        Column("expected", "Expected", currency, True),
        Column("months", "Months", "number", True),
        Column("score", "Score", is_number=True),
    ]
    return view.page(
        "vendors/selection.html", finding=f"{names.get(found.chosen_vendor, found.chosen_vendor)} was chosen for {found.title}", selection=found, vendor=vendor,
        tables=[Table("bids", "Bids under the same futures", columns, rows)], cites=[found.title, found.rationale, found.oversight_plan, found.subcontractors, found.chosen_vendor, *names.values()],
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


def paths(snapshot: Snapshot) -> list[str]:
    """The bid room and the allocation."""
    return ["/vendors/bids", "/vendors/allocation"]
