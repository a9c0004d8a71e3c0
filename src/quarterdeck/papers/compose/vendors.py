"""Sections about a vendor: adjusted scorecard, promises, priced levers, and what was said in a meeting."""

from __future__ import annotations

from datetime import datetime

from quarterdeck.charts.dots import Dot, Dots
from quarterdeck.papers.claims import Line, Slot, plain
from quarterdeck.papers.compose.drafting import Drafting
from quarterdeck.papers.model import Block, Figure, Native, Paragraph, Section, Series, Table
from quarterdeck.papers.providers.vendors import MOMENT, MeetingProvider, VendorProvider
from quarterdeck.papers.template import SectionPlan
from quarterdeck.vocabulary.verdict import Verdict


def compose_scorecard(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """Adjusted metrics of one vendor, raw beside them. With `group`, those of one group, such as the trial master file."""
    provider, vendor = _vendors(drafting), drafting.about.key
    group = str(plan.options.get("group", ""))
    ids = [f"vendor:{vendor}/card/{card.metric}" for card in (provider.cards(vendor) if provider else ())]
    ids = [i for i in ids if not group or drafting.facts.fact(i).parts["group"][0] == group]
    if not ids:
        drafting.lack(plan.id, plan.topic, "it has no peers of its kind to be compared with on these metrics")
        return None
    shown = ids[: int(plan.options.get("limit", 9))]
    rows = tuple(
        (
            drafting.cell(f"{i}#title", "text"), drafting.cell(f"{i}#raw"), drafting.cell(i), drafting.cell(i, "range"), drafting.cell(f"{i}#p_better", "chance"),
            drafting.cell(f"{i}#verdict", "text"),
        )
        for i in shown
    )  # fmt: skip
    standing = f"vendor:{vendor}/standing"
    heading = drafting.say(
        "{vendor} is worse than its peers on {worse} of {compared} metrics, and better on {better}", f"{plan.id}/heading",
        vendor=drafting.subject, worse=Slot(standing, "number"), compared=Slot(f"{standing}#compared", "number"), better=Slot(f"{standing}#better", "number"),
    )  # fmt: skip
    caption = plain("Raw figures beside those adjusted for the work each vendor was given; the most doubtful first")
    table = Table(
        caption,
        ("Metric", "Raw", "Adjusted", "Interval of nine in ten", "Better than average", "Verdict"),
        rows,
        frozenset({1, 2, 3, 4}),
        (2.3, 0.9, 0.9, 1.5, 1.1, 1.4),
    )
    note = plain("Small numbers are drawn towards the average, so that a vendor with few cases is not called worst by chance.")
    cut = [] if group else drafting.cut(plan, shown, f"{standing}#compared", "metrics are shown, the most doubtful first")
    blocks: list[Block] = [*(Paragraph(line) for line in cut), table]
    return Section(plan.id, plain(plan.topic) if group else heading or plain(plan.topic), tuple(blocks), (note,), plan.annex)


def compose_promises(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """Promises of the last reviews, kept and broken: what a business review opens with."""
    provider, vendor, moment = _vendors(drafting), drafting.about.key, _moment(drafting)
    promises = provider.promises(vendor, _made_at(drafting)) if provider else []
    if not promises:
        drafting.lack(plan.id, plan.topic, "no promise was noted in an earlier review")
        return None
    tally = f"vendor:{vendor}/promises@{moment}"
    lead = _tally_line(
        drafting, f"{plan.id}/vendor", "{vendor} kept {kept} and broke {broken}; {overdue} are overdue and {open} open.", tally, "vendor"
    )
    ours = _tally_line(
        drafting, f"{plan.id}/sponsor", "We kept {kept} and broke {broken}; {overdue} are overdue and {open} open.", tally, "sponsor"
    )
    ids = [f"vendor:{vendor}/promise/{p.id}@{moment}" for p in promises[: int(plan.options.get("limit", 8))]]
    rows = tuple(
        (
            drafting.cell(i, "text"), drafting.cell(f"{i}#by", "text"), drafting.cell(f"{i}#owner", "text"), drafting.cell(f"{i}#due", "day"), drafting.cell(f"{i}#state", "text"),
            drafting.cell(f"{i}#outcome", "text", otherwise="not settled yet"),
        )
        for i in ids
    )  # fmt: skip
    headers = ("What was promised", "By", "Owner", "Due", "State", "What came of it")
    table = Table(plain("Promises as they stand, the broken ones first"), headers, rows, frozenset(), (2.4, 0.8, 1.2, 1.2, 0.8, 1.8))
    heading = drafting.say(
        "{vendor} broke {broken} of its promises and kept {kept}", f"{plan.id}/heading",
        broken=Slot(f"{tally}#vendor_broken", "number"), vendor=drafting.subject, kept=Slot(f"{tally}#vendor_kept", "number"),
    )  # fmt: skip
    blocks: list[Block] = [Paragraph(line) for line in (lead, ours) if line]
    return Section(plan.id, heading or plain(plan.topic), (*blocks, table), (), plan.annex)


def _tally_line(drafting: Drafting, name: str, pattern: str, tally: str, side: str) -> Line | None:
    slots = {state: Slot(f"{tally}#{side}_{state}", "number") for state in ("kept", "broken", "overdue", "open")}
    return drafting.say(pattern, name, **slots, **({"vendor": drafting.subject} if "{vendor}" in pattern else {}))


def compose_levers(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """What to ask for and what each ask is worth, what may be given for it, and where to walk away."""
    provider, vendor = _vendors(drafting), drafting.about.key
    position = provider.position(vendor) if provider else None
    if position is None:
        drafting.lack(plan.id, plan.topic, "no running contract with priced units of this vendor is loaded")
        return None
    fact = f"vendor:{vendor}/position"
    ids = [f"vendor:{vendor}/lever/{lever.name}" for lever in position.levers[: int(plan.options.get("limit", 6))]]
    heading = drafting.say(
        "Each month of slip earns {vendor} {money} on contract {contract}",
        f"{plan.id}/heading",
        vendor=drafting.subject,
        money=Slot(fact, "money"),
        contract=Slot(f"{fact}#contract", "name"),
    )
    where = drafting.say(
        "The levers are priced on contract {contract}, which pays {time} of its value by time. Half of its outlooks slip by {slip} or more.", f"{plan.id}/contract",
        contract=Slot(f"{fact}#contract", "name"), time=Slot(f"{fact}#time_share", "share"), slip=Slot(f"{fact}#slip", "value"),
    )  # fmt: skip
    walk = drafting.say(
        "Walking away today costs {cost}: the notice period and the work done but not yet invoiced. A package worth less to us than that is still better than leaving.",
        f"{plan.id}/walk-away", cost=Slot(f"{fact}#walk_away", "money"),
    )  # fmt: skip
    rows = tuple(
        (drafting.cell(f"{i}#ask", "text"), drafting.cell(i), drafting.cell(i, "range"), drafting.cell(f"{i}#give", "text"), drafting.cell(f"{i}#evidence", "text"))
        for i in ids
    )  # fmt: skip
    headers = ("We ask for", "Worth to us", "Eight in ten outcomes", "We may give", "It rests on")
    table = Table(
        plain("Give and get: what each ask is worth, and what may be offered for it"),
        headers,
        rows,
        frozenset({1, 2}),
        (2, 1, 1.5, 1.7, 1.6),
    )
    blocks: list[Block] = [Paragraph(line) for line in (where, walk) if line]
    blocks += [_lever_figure(drafting, ids)] if plan.options.get("chart") else []
    notes = tuple(drafting.cell(f"{fact}#assumption_{n}", "text") for n in range(1, len(position.assumptions) + 1))
    return Section(plan.id, heading or plain(plan.topic), (*blocks, table), notes, plan.annex)


def _lever_figure(drafting: Drafting, ids: list[str]) -> Figure:
    facts = [drafting.facts.fact(i) for i in ids]
    names = [drafting.cell(f"{i}#name", "text") for i in ids]
    ends = [fact.interval for fact in facts]
    dots = tuple(Dot(n.text, float(f.value), e.low, e.high, Verdict.ORDINARY) for n, f, e in zip(names, facts, ends, strict=True) if e)  # type: ignore[arg-type]
    chart = Dots(
        title="What each lever is worth to us", sentence="One dot for each lever with the interval of eight outcomes in ten.", unit=facts[0].unit, dots=dots, level=0.8,
        row_label="Lever", value_label="Worth to us",
    )  # fmt: skip
    native = Native(
        "bar", tuple(n + Line("  ") + drafting.cell(i) for n, i in zip(names, ids, strict=True)), (Series("Worth to us", tuple(float(f.value) for f in facts), tuple(ids)),), facts[0].unit,  # type: ignore[arg-type]
        tuple(float(e.low) if e else None for e in ends), tuple(float(e.high) if e else None for e in ends),  # type: ignore[arg-type]
    )  # fmt: skip
    rows = tuple((n, drafting.cell(i), drafting.cell(i, "range")) for n, i in zip(names, ids, strict=True))
    table = Table(Line(""), ("Lever", "Worth to us", "Eight in ten outcomes"), rows, frozenset({1, 2}), (2, 1, 1.5))
    return Figure(
        plain("What each lever saves us; the levers overlap, so their values do not add up"),
        plain("Bars with intervals, the most valuable lever first."),
        table,
        chart,
        native,
    )


def compose_meeting(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """What was said and promised in one meeting: the summary that goes round afterwards. Left out where the paper rests on none."""
    provider = drafting.facts.providers.get("meeting")
    if not isinstance(provider, MeetingProvider) or not drafting.basis.startswith("meeting:"):
        return None
    said = [
        drafting.say("Thank you for the meeting of {day}.", f"{plan.id}/day", day=Slot(f"{drafting.basis}#held_on", "day")),
        drafting.say("{summary}", f"{plan.id}/summary", summary=Slot(drafting.basis, "text")),
    ]
    rows = tuple(
        (drafting.cell(i, "text"), drafting.cell(f"{i}#by", "text"), drafting.cell(f"{i}#owner", "text"), drafting.cell(f"{i}#due", "day"))
        for i in provider.promises(drafting.basis)
    )
    blocks: list[Block] = [Paragraph(line) for line in said if line]
    if rows:
        blocks.append(Table(plain("What was promised"), ("Promise", "By", "Owner", "Due"), rows, frozenset(), (2.6, 0.9, 1.2, 1)))
    return Section(plan.id, plain(plan.topic), tuple(blocks), (), plan.annex)


def answer_position(drafting: Drafting) -> list[Line | None]:
    """What to want first, and what leaving would cost."""
    provider, vendor = _vendors(drafting), drafting.about.key
    position = provider.position(vendor) if provider else None
    if position is None:
        return [drafting.no_basis("no running contract of {subject} with priced units is loaded")]
    best = f"vendor:{vendor}/lever/{position.levers[0].name}"
    return [
        drafting.say("Ask first for this: {ask}. It is worth {value} to us.", "front/answer", ask=Slot(f"{best}#ask", "text"), value=Slot(best, "money")),
        drafting.say("For it we can offer this: {give}.", "front/give", give=Slot(f"{best}#give", "text")),
        drafting.say("Walking away costs {cost}.", "front/walk-away", cost=Slot(f"vendor:{vendor}/position#walk_away", "money")),
    ]  # fmt: skip


def answer_standing(drafting: Drafting) -> list[Line | None]:
    """Promises first, then how it stands among its peers."""
    provider, vendor = _vendors(drafting), drafting.about.key
    if provider is None or not provider.cards(vendor):
        return [drafting.no_basis("{subject} has no peers of its kind to be compared with")]
    lines: list[Line | None] = []
    if provider.promises(vendor, _made_at(drafting)):
        tally = f"vendor:{vendor}/promises@{_moment(drafting)}"
        lines.append(
            _tally_line(
                drafting,
                "front/promises",
                "Of its promises, {vendor} kept {kept} and broke {broken}; {overdue} are overdue and {open} open.",
                tally,
                "vendor",
            )
        )
    standing = f"vendor:{vendor}/standing"
    lines.append(
        drafting.say(
            "With equal work, {vendor} is worse than its peers on {worse} of {compared} metrics, and better on {better}.", "front/answer", vendor=drafting.subject,
            worse=Slot(standing, "number"), compared=Slot(f"{standing}#compared", "number"), better=Slot(f"{standing}#better", "number"),
        )
    )  # fmt: skip
    return lines


def _vendors(drafting: Drafting) -> VendorProvider | None:
    provider = drafting.facts.providers.get("vendor")
    return provider if isinstance(provider, VendorProvider) else None


def _made_at(drafting: Drafting) -> datetime:
    moment = drafting.facts.fact("context:made_at").value
    assert isinstance(moment, datetime)
    return moment


def _moment(drafting: Drafting) -> str:
    return _made_at(drafting).strftime(MOMENT)
