"""Sections about what is bought: a reviewed change order with its prices and reply letter, and a selection from the bid room."""

from __future__ import annotations

from quarterdeck.papers.claims import Line, Slot, plain
from quarterdeck.papers.compose.drafting import Drafting
from quarterdeck.papers.derived import derived_id
from quarterdeck.papers.model import Block, Paragraph, Section, Table
from quarterdeck.papers.providers.vendors import ChangeOrderProvider, SelectionProvider
from quarterdeck.papers.template import SectionPlan

NOTHING_REVIEWED = "no change order of this vendor was matched to its contract line by line yet"
NOTHING_SELECTED = "no selection of this vendor was decided in the bid room"


def compose_change_order(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """One reviewed change order, line by line: what is asked, what the contract and precedents say, and what may be disputed."""
    provider = drafting.facts.providers.get("review")
    if not isinstance(provider, ChangeOrderProvider) or not drafting.basis.startswith("review:"):
        drafting.lack(plan.id, plan.topic, NOTHING_REVIEWED)
        return None
    review = drafting.basis
    lines = provider.lines(review)
    shown = sorted(lines, key=lambda i: -float(drafting.facts.fact(i).parts["disputable"][0]))[: int(plan.options.get("limit", 25))]  # type: ignore[arg-type]
    heading = drafting.say(
        "{disputable} of {total} may be disputed, {share} of what is asked for", f"{plan.id}/heading",
        disputable=Slot(review, "money"), total=Slot(f"{review}#total", "money"), share=Slot(f"{review}#share", "share"),
    )  # fmt: skip
    said = drafting.say(
        "{file} was matched to contract {contract} on {day}. As asked for, it adds {effect} to the value of the contract.", f"{plan.id}/effect",
        file=Slot(f"{review}#file", "name"), contract=Slot(f"{review}#contract", "name"), day=Slot(f"{review}#reviewed_at", "day"), effect=Slot(f"{review}#effect_on_value", "share"),
    )  # fmt: skip
    year = f"{review}#effect_on_year"
    effect = (
        drafting.say("It takes {share} of the trial's approved budget of this year.", f"{plan.id}/year", share=Slot(year, "share"))
        if year in drafting.facts
        else None
    )
    rows = tuple(
        (
            drafting.cell(f"{i}#description", "text"), drafting.cell(f"{i}#unit", "text", otherwise="no unit of the contract"), drafting.cell(f"{i}#cause", "text"),
            drafting.cell(f"{i}#assumed_by", "text"), drafting.cell(i, "money"), drafting.cell(f"{i}#disputable", "money"), drafting.cell(f"{i}#why", "text", otherwise="nothing found against it"),
        )
        for i in shown
    )  # fmt: skip
    headers = ("Asked for", "Contract unit", "Cause", "Assumed by", "Amount", "Disputable", "Why")
    table = Table(plain("Line by line, the most disputable first"), headers, rows, frozenset({4, 5}), (1.7, 1.5, 1, 1, 1, 1.1, 2.2))
    cut = drafting.cut(plan, shown, f"{review}#lines", "lines are shown, those with most to dispute first")
    blocks: list[Block] = [Paragraph(line) for line in (said, effect, *cut) if line]
    notes = tuple(drafting.cell(f"{review}#{part}", "text") for part in drafting.facts.fact(review).parts if part.startswith("notice_"))
    return Section(plan.id, heading or plain(plan.topic), (*blocks, table), notes, plan.annex)


def compose_prices(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """The price asked for each line beside that of the contract and of earlier contracts."""
    provider = drafting.facts.providers.get("review")
    lines = provider.lines(drafting.basis) if isinstance(provider, ChangeOrderProvider) else []
    priced = [i for i in lines if {"contract_price", "precedent"} & set(drafting.facts.fact(i).parts)]
    if not priced:
        drafting.lack(
            plan.id, plan.topic, "no line has a price of this or an earlier contract to set beside it" if lines else NOTHING_REVIEWED
        )
        return None
    shown = priced[: int(plan.options.get("limit", 25))]
    cut = drafting.cut(plan, shown, derived_id("count", priced), "lines with a price to compare are shown")
    rows = tuple(
        (
            drafting.cell(f"{i}#description", "text"), drafting.cell(f"{i}#unit_price", "money"), drafting.cell(f"{i}#contract_price", "money", otherwise="no unit of the contract"),
            drafting.cell(f"{i}#precedent", "money", otherwise="no precedent"), drafting.cell(f"{i}#n_precedents", "count", "line", otherwise="none"),
        )
        for i in shown
    )  # fmt: skip
    headers = ("Asked for", "Price asked", "Price in this contract", "Middle price of earlier contracts", "From")
    table = Table(
        plain("Prices for one unit, as asked, as agreed, and as paid before"), headers, rows, frozenset({1, 2, 3}), (2.2, 1, 1.3, 1.5, 0.8)
    )
    return Section(plan.id, plain(plan.topic), (*(Paragraph(line) for line in cut), table), (), plan.annex)


def compose_letter(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """The reply letter: the template's words with the review's figures. Without a review there is no position, and so nothing to answer."""
    review = drafting.basis
    if not review.startswith("review:"):
        drafting.lack(plan.id, plan.topic, NOTHING_REVIEWED)
        return None
    slots: dict[str, Slot | str] = {
        "organisation": "context:organisation", "file": Slot(f"{review}#file", "name"), "contract": Slot(f"{review}#contract", "name"),
        "total": Slot(f"{review}#total", "money"), "disputable": Slot(review, "money"), "accepted": Slot(f"{review}#accepted", "money"),
    }  # fmt: skip
    paragraphs: list[Paragraph] = []
    for pattern in plan.options["lines"]:
        if pattern == "{objections}":
            paragraphs += _objections(drafting, plan)
            continue
        needed = {name: slot for name, slot in slots.items() if f"{{{name}}}" in pattern}
        if (line := drafting.say(pattern, "", **needed)) is not None:
            paragraphs.append(Paragraph(line, "letter"))
    return Section(plan.id, plain(plan.topic), tuple(paragraphs), (), plan.annex)


def _objections(drafting: Drafting, plan: SectionPlan) -> list[Paragraph]:
    provider = drafting.facts.providers["review"]
    assert isinstance(provider, ChangeOrderProvider)
    disputed = [i for i in provider.lines(drafting.basis) if f"{i}#why" in drafting.facts]
    lines = [
        drafting.say(
            "{what}: {money} of {amount}, because {why}.", f"{plan.id}/{i.rpartition('/')[2]}", what=Slot(f"{i}#description", "text"), money=Slot(f"{i}#disputable", "money"),
            amount=Slot(i, "money"), why=Slot(f"{i}#why", "text"),
        )
        for i in disputed
    ]  # fmt: skip
    return [Paragraph(line, "bullet") for line in lines if line]


def compose_selection(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """The bid room's result: why this vendor, every bid under the same futures, and how it will be overseen."""
    provider = drafting.facts.providers.get("selection")
    if not isinstance(provider, SelectionProvider) or not drafting.basis.startswith("selection:"):
        drafting.lack(plan.id, plan.topic, NOTHING_SELECTED)
        return None
    fact = drafting.basis
    said = drafting.say(
        "{vendor} was chosen for {title} on {day} among {bids}.", f"{plan.id}/chosen", vendor=Slot(fact, "name"), title=Slot(f"{fact}#title", "text"),
        day=Slot(f"{fact}#decided_at", "day"), bids=Slot(f"{fact}#bids", "count", "qualified bid"),
    )  # fmt: skip
    why = drafting.say("The reason as decided: {why}", f"{plan.id}/why", why=Slot(f"{fact}#rationale", "text"))
    rows = tuple(
        (
            drafting.cell(f"{i}#vendor", "name"), drafting.cell(f"{i}#as_bid", "money"), drafting.cell(f"{i}#normalised", "money"), drafting.cell(i, "money"), drafting.cell(i, "range"),
            drafting.cell(f"{i}#months", "number"), drafting.cell(f"{i}#p_cheapest", "chance"), drafting.cell(f"{i}#score", "number"),
        )
        for i in provider.bids(fact)
    )  # fmt: skip
    headers = ("Bidder", "As bid", "Same assumptions", "Expected", "Eight in ten outcomes", "Months", "Cheapest", "Score")
    table = Table(
        plain("Bids under the same futures, the best score first"),
        headers,
        rows,
        frozenset(range(1, 8)),
        (1.6, 1, 1.1, 1, 1.7, 0.8, 0.9, 0.7),
    )
    blocks: list[Block] = [Paragraph(line) for line in (said, why) if line]
    return Section(plan.id, plain(plan.topic), (*blocks, table), (), plan.annex)


def compose_weights(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """How far each weight must move before another bid leads."""
    provider = drafting.facts.providers.get("selection")
    ids = provider.weights(drafting.basis) if isinstance(provider, SelectionProvider) else []
    if not ids:
        drafting.lack(plan.id, plan.topic, NOTHING_SELECTED)
        return None
    rows = tuple(
        (
            drafting.cell(f"{i}#criterion", "text"), drafting.cell(i, "share"), drafting.cell(f"{i}#turns_at", "share", otherwise="no weight changes the choice"),
            drafting.cell(f"{i}#turns_to", "name", otherwise="nobody"),
        )
        for i in ids
    )  # fmt: skip
    won = f"{drafting.basis}#weights_won"
    line = drafting.say(
        "Over all possible weights, {vendor} leads in {share}.", f"{plan.id}/won", vendor=Slot(drafting.basis, "name"), share=Slot(won, "share")
    ) if won in drafting.facts else None  # fmt: skip
    table = Table(
        plain("Where the choice turns"),
        ("Criterion", "Weight", "The choice turns at", "Then leads"),
        rows,
        frozenset({1, 2}),
        (1.2, 0.8, 1.4, 1.4),
    )
    return Section(plan.id, plain(plan.topic), (*([Paragraph(line)] if line else []), table), (), plan.annex)


def compose_oversight(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """Risk tier, subcontractors and oversight plan as decided."""
    fact = drafting.basis
    if not fact.startswith("selection:"):
        drafting.lack(plan.id, plan.topic, NOTHING_SELECTED)
        return None
    said = [
        drafting.say("Risk tier: {tier}. Subcontractors: {others}.", f"{plan.id}/tier", tier=Slot(f"{fact}#risk_tier", "text"), others=Slot(f"{fact}#subcontractors", "text")),
        drafting.say("The plan as decided: {plan}", f"{plan.id}/plan", plan=Slot(f"{fact}#oversight_plan", "text")),
    ]  # fmt: skip
    return Section(plan.id, plain(plan.topic), tuple(Paragraph(line) for line in said if line), (), plan.annex)


def answer_review(drafting: Drafting) -> list[Line | None]:
    """Should we accept it? The position in two sentences, from the reviewed change order."""
    review = drafting.basis
    if not review.startswith("review:"):
        return [drafting.no_basis("no change order of {subject} was matched to its contract line by line")]
    return [
        drafting.say(
            "We may dispute {disputable} of the {total} that {vendor} asks for, and accept {accepted}.", "front/answer", disputable=Slot(review, "money"), total=Slot(f"{review}#total", "money"),
            vendor=drafting.subject, accepted=Slot(f"{review}#accepted", "money"),
        ),
        drafting.say("It rests on {lines} matched to contract {contract}.", "front/basis", lines=Slot(f"{review}#lines", "count", "line"), contract=Slot(f"{review}#contract", "name")),
    ]  # fmt: skip


def answer_selection(drafting: Drafting) -> list[Line | None]:
    """Why this vendor, in the words of the decision."""
    fact = drafting.basis
    if not fact.startswith("selection:"):
        return [drafting.no_basis("no selection of {subject} was decided in the bid room")]
    bid = f"{fact}/bid/{drafting.facts.fact(fact).parts['bidder'][0]}"
    lines = [
        drafting.say(
            "{vendor} was chosen for {title}: {why}",
            "front/answer",
            vendor=Slot(fact, "name"),
            title=Slot(f"{fact}#title", "text"),
            why=Slot(f"{fact}#rationale", "text"),
        )
    ]
    if bid in drafting.facts:
        lines.append(
            drafting.say(
                "It is expected to cost {cost}, and is the cheapest with a chance of {p}.",
                "front/cost",
                cost=Slot(bid, "money"),
                p=Slot(f"{bid}#p_cheapest", "chance"),
            )
        )
    return lines
