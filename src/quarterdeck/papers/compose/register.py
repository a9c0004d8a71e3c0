"""The section that states the risk register: open items, what they may cost together, how good its probabilities were."""

from __future__ import annotations

from quarterdeck.papers.claims import Line, Slot, joined, plain, quoted
from quarterdeck.papers.compose.drafting import Drafting
from quarterdeck.papers.compose.records import compose_records
from quarterdeck.papers.derived import derived_id
from quarterdeck.papers.model import Block, Paragraph, Section, Table
from quarterdeck.papers.providers.rows import RowProvider
from quarterdeck.papers.register_facts import RegisterProvider
from quarterdeck.papers.template import SectionPlan

HEADERS = ("Item", "Kind", "State", "Owner", "Chance in a year", "Expected in a year", "If it happens")


def compose_register(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """The register that the risk room keeps, wherever it holds items; else the loaded table; else what is missing is named."""
    provider = drafting.facts.providers.get("register")
    if not isinstance(provider, RegisterProvider) or not provider.items:
        return _loaded(drafting, plan)
    ids = provider.open_items()
    shown = ids[: int(plan.options.get("limit", 12))]
    blocks: list[Block] = [
        Paragraph(line) for line in (_count(drafting, plan, ids, shown), *_loss(drafting, plan), _score(drafting, plan)) if line
    ]
    if shown:
        rows = tuple(_row(drafting, item) for item in shown)
        weights = (2.4, 0.8, 0.8, 1, 0.8, 1, 1.8)
        blocks.append(Table(plain("Open items; sizes are ninety per cent intervals"), HEADERS, rows, frozenset({4, 5}), weights))
    return Section(plan.id, plain(plan.topic), tuple(blocks), (plain("Source: the register of the risk room."),), plan.annex)


def _loaded(drafting: Drafting, plan: SectionPlan) -> Section | None:
    rows = drafting.facts.providers.get("row")
    if isinstance(rows, RowProvider) and rows.rows(str(plan.options["table"]), {}):
        return compose_records(drafting, plan)
    drafting.lack(plan.id, plan.topic, "the register of the risk room holds no item, and none is loaded")
    return None


def _count(drafting: Drafting, plan: SectionPlan, ids: list[str], shown: list[str]) -> Line | None:
    if not ids:
        return plain("No item of the register is open.")
    slots = {"count": Slot("register:open", "count", "open item")}
    words = "The register holds {count}."
    if len(shown) < len(ids):
        words = "The register holds {count}; the {shown} expected to cost most are shown."
        slots["shown"] = Slot(derived_id("count", shown), "number")
    return drafting.say(words, f"{plan.id}/count", **slots)


def _loss(drafting: Drafting, plan: SectionPlan) -> list[Line | None]:
    loss = drafting.facts.find("register:loss")
    if loss is None:
        return [plain("No open item states a probability and a size in our currency, so no sum at stake can be given.")]
    lines = [
        drafting.say(
            "With a chance of {chance} the losses of a year exceed {loss}, and the delays {days}; on average the losses come to {mean}. "
            "The curve of losses lies {tolerance} what is tolerated.",
            f"{plan.id}/loss",
            chance=Slot("register:loss#chance", "chance"),
            loss=Slot("register:loss", "money"),
            days=Slot("register:loss#days"),
            mean=Slot("register:loss#mean", "money"),
            tolerance=Slot("register:loss#tolerance", "text"),
        )
    ]
    if "left_out" in loss.parts:
        count = Slot("register:loss#left_out", "count", "item")
        lines.append(drafting.say("In other currencies, and not in this sum: {count}.", f"{plan.id}/left_out", count=count))
    return lines


def _score(drafting: Drafting, plan: SectionPlan) -> Line | None:
    if "register:score" not in drafting.facts:
        return plain("No item with a stated probability has closed yet, so the probabilities are not scored.")
    return drafting.say(
        "Of {closed} the stated probabilities averaged {stated}, and {happened} happened; their Brier score of {score} is {verdict} the {base} "
        "of always stating the share that happened.",
        f"{plan.id}/score",
        closed=Slot("register:score#closed", "count", "closed item"),
        stated=Slot("register:score#stated"),
        happened=Slot("register:score#happened"),
        score=Slot("register:score"),
        verdict=Slot("register:score#verdict", "text"),
        base=Slot("register:score#base"),
    )


def _row(drafting: Drafting, item: str) -> tuple[Line, ...]:
    fact = drafting.facts.fact(item)
    return (
        quoted(item, str(fact.value)),
        drafting.cell(f"{item}#kind", "text"),
        drafting.cell(f"{item}#state", "text"),
        drafting.cell(f"{item}#owner", "name", otherwise="nobody yet"),
        drafting.cell(f"{item}#p", "chance", otherwise="not stated"),
        _sizes(drafting, item, "", "value"),
        _sizes(drafting, item, "_if", "range"),
    )


def _sizes(drafting: Drafting, item: str, suffix: str, form: str) -> Line:
    """Money and days of an item, as far as they are quantified."""
    ids = [f"{item}/{what}{suffix}" for what in ("cost", "days")]
    cells = [drafting.cell(fact_id, form) for fact_id in ids if fact_id in drafting.facts]
    return joined(cells, "; ") if cells else plain("not quantified")
