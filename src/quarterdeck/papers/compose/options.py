"""The section on what could be done for a trial: each option with what it does to the date and to the cost, the cheapest day first named."""

from __future__ import annotations

from quarterdeck.papers.claims import Line, Slot, plain, quoted
from quarterdeck.papers.compose.drafting import Drafting
from quarterdeck.papers.derived import derived_id
from quarterdeck.papers.facts import Fact
from quarterdeck.papers.model import Block, Paragraph, Section, Table
from quarterdeck.papers.option_facts import OptionProvider
from quarterdeck.papers.template import SectionPlan
from quarterdeck.vocabulary.errors import QuarterdeckError

KEPT = "These comparisons were played through on the workbench and kept."
STANDARD = (
    "Nobody has kept a comparison for this trial yet, so standard options were compared on the same futures as its forecast. "
    "What each does to recruitment is an assumption; what follows from it for date and cost is simulated."
)
NOTE = (
    "Each difference is to the trial as forecast, over paired futures; in brackets stands the ninety per cent interval. "
    "The price of a day is what is paid now, or the rise in cost by database lock where that is larger."
)

LOST = 0.01  # a chance below it reads "under 1%"


def compose_options(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """What was kept for the trial, else the standard options, which are computed here and for this trial alone."""
    provider = drafting.facts.providers.get("option")
    if not isinstance(provider, OptionProvider):
        drafting.lack(plan.id, plan.topic, "no evidence base is open")
        return None
    study = drafting.about.key
    try:
        ids = provider.options(study)[: int(plan.options.get("limit", 5))]
    except QuarterdeckError as error:
        drafting.lack(plan.id, plan.topic, f"{error.what}: {error.next_step}" if error.next_step else error.what)
        return None
    options = [drafting.facts.fact(fact_id) for fact_id in ids]
    is_kept = "kept_at" in options[0].parts
    lines = [*_answer(drafting, plan.id, options), plain(KEPT if is_kept else STANDARD)]
    blocks: list[Block] = [Paragraph(line) for line in lines]
    baseline = () if is_kept else (_baseline(drafting, study),)
    rows = (*baseline, *(_row(drafting, option, is_kept) for option in options))
    headers = ("Option", "Change of the last participant in", "Paid now", "Change of cost by lock", "Chance of the planned date")
    blocks.append(
        Table(
            plain("What each option does to date and cost"),
            (*headers, "Kept on") if is_kept else headers,
            rows,
            frozenset({1, 2, 3, 4}),
            (2, 1.5, 0.9, 1.7, 0.9, 0.9) if is_kept else (2.2, 1.6, 0.9, 1.8, 0.9),
        )
    )
    return Section(plan.id, plain(plan.topic), tuple(blocks), (plain(NOTE),), plan.annex)


def answer_options(drafting: Drafting) -> list[Line | None]:
    """What it would take: the best option and its limit, before anything else is said of a trial in trouble."""
    provider = drafting.facts.providers.get("option")
    if not isinstance(provider, OptionProvider):
        return []
    try:
        return list(_answer(drafting, "front", [drafting.facts.fact(fact_id) for fact_id in provider.options(drafting.about.key)]))
    except QuarterdeckError:  # the section on options says why there is none
        return []


def _answer(drafting: Drafting, name: str, options: list[Fact]) -> list[Line]:
    """The option whose gained day costs least, or that none gains a day; then the chance of the planned date that is left with any of them."""
    return [line for line in (_best(drafting, name, options), _limit(drafting, name, options)) if line]


def _limit(drafting: Drafting, name: str, options: list[Fact]) -> Line | None:
    chances = [f"{option.id}#p_by_plan" for option in options if "p_by_plan" in option.parts]
    if not chances:
        return None
    best = derived_id("largest", chances)
    is_lost = float(drafting.facts.fact(best).value) < LOST  # type: ignore[arg-type]
    pattern = (
        "Every one of the {count} compared leaves the chance of the planned date at {p}: the date itself has to be decided anew."
        if is_lost
        else "The best chance of the planned date that any of the {count} compared gives is {p}."
    )
    return drafting.say(
        pattern, f"{name}/planned-date", count=Slot(derived_id("count", chances), "count", "option"), p=Slot(best, "chance")
    )


def _best(drafting: Drafting, name: str, options: list[Fact]) -> Line | None:
    gaining = [option for option in options if "price_of_a_day" in option.parts]
    if not gaining:
        count = Slot(derived_id("count", [option.id for option in options]), "count", "option")
        return drafting.say("Of {count} compared, none brings the last participant in sooner.", f"{name}/best", count=count)
    best = min(gaining, key=lambda option: (_price(option), float(option.value)))  # type: ignore[arg-type]
    slots = {"what": Slot(f"{best.id}#what", "text"), "days": Slot(f"{best.id}#gained")}
    if _price(best) <= 0:
        pattern = "Cheapest for each day gained: {what}. It gains {days} on average and asks for no further money."
    else:
        pattern = "Cheapest for each day gained: {what}. It gains {days} on average, at {price} a day."
        slots["price"] = Slot(f"{best.id}#price_of_a_day", "money")
    return drafting.say(pattern, f"{name}/best", **slots)


def _price(option: Fact) -> float:
    return float(option.parts["price_of_a_day"][0])  # type: ignore[arg-type]


def _baseline(drafting: Drafting, study: str) -> tuple[Line, ...]:
    fact = f"option:{study}/standard/baseline"
    return (
        quoted(f"{fact}#what", str(drafting.facts.fact(fact).parts["what"][0])),
        *(plain("baseline"),) * 3,
        _chance(drafting, fact),
    )


def _row(drafting: Drafting, option: Fact, is_kept: bool) -> tuple[Line, ...]:
    cells = (
        quoted(f"{option.id}#what", str(option.parts["what"][0])),
        _with_range(drafting, option),
        drafting.cell(f"{option.id}#paid_now", "money", otherwise="not kept"),
        _with_range(drafting, drafting.facts.fact(f"{option.id}/money")),
        _chance(drafting, option.id),
    )
    return (*cells, drafting.cell(f"{option.id}#kept_at", "day")) if is_kept else cells


def _with_range(drafting: Drafting, fact: Fact) -> Line:
    value = drafting.cell(fact.id, "signed")
    return value if fact.interval is None else value + Line(" (") + drafting.cell(fact.id, "range") + Line(")")


def _chance(drafting: Drafting, fact_id: str) -> Line:
    return drafting.cell(f"{fact_id}#p_by_plan", "chance", otherwise="no plan")
