"""The section that sets what was approved, the books' estimate and the forecast side by side: three answers about one end, and why they differ."""

from __future__ import annotations

from quarterdeck.papers.claims import Line, Slot, plain
from quarterdeck.papers.compose.drafting import Drafting, reading_id, scope_line, without_interval
from quarterdeck.papers.derived import derived_id
from quarterdeck.papers.facts import Fact
from quarterdeck.papers.forecast_facts import ForecastProvider
from quarterdeck.papers.model import Block, Paragraph, Section, Table
from quarterdeck.papers.template import SectionPlan

TOGETHER = "forecast:portfolio/cost"
BOOKS = "estimate_at_completion"
WHY = "Forecast and books differ because the forecast prices the months still to come; the estimate at completion is the books' own"
HEADERS = ("Where", "Approved", "Estimate at completion (books)", "Forecast", "Nine futures in ten")


def compose_cost_at_end(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """Approved, books and forecast of the trial, or of the running trials together and one by one."""
    costs = _costs(drafting)
    if not costs:
        drafting.lack(plan.id, plan.topic, "no trial has both an approved budget and a forecast")
        return None
    shown = costs[: int(plan.options.get("limit", 8))]
    total = _total(drafting, costs)
    lines = [
        *_in_words(drafting, f"{plan.id}/end", total or costs[0].id, _books(drafting, costs)),
        *(_wider(drafting, plan, _books(drafting, costs)) if total else []),
        *(_cut(drafting, plan, shown, costs) if total else []),
    ]
    rows = [_row(drafting, total, Line("These trials together"), _books(drafting, costs))] if total else []
    rows += [_row(drafting, fact.id, scope_line(drafting, fact.scope), _books(drafting, [fact])) for fact in shown]
    table = Table(
        plain(WHY),
        HEADERS,
        tuple(rows),
        frozenset({1, 2, 3, 4}),
        (1.4, 1, 1.4, 1, 1.8),
    )
    blocks: list[Block] = [*(Paragraph(line) for line in lines), table]
    return Section(plan.id, _heading(drafting, plan, total or costs[0].id), tuple(blocks), (), plan.annex)


def answer_cost(drafting: Drafting) -> list[Line | None]:
    """Where the money will end, in one sentence with its interval: the forecast, what was approved, and the books."""
    costs = _costs(drafting)
    if not costs:
        return []
    return list(_in_words(drafting, "front/cost", _total(drafting, costs) or costs[0].id, _books(drafting, costs)))


def _costs(drafting: Drafting) -> list[Fact]:
    provider = drafting.facts.providers.get("forecast")
    if not isinstance(provider, ForecastProvider):
        return []
    return provider.costs("" if drafting.about.level == "portfolio" else drafting.about.key)


def _total(drafting: Drafting, costs: list[Fact]) -> str:
    return TOGETHER if drafting.about.level == "portfolio" and len(costs) > 1 and TOGETHER in drafting.facts else ""


def _books(drafting: Drafting, costs: list[Fact]) -> str:
    """The fact of the books' estimate for just these trials; "" where one of them has none."""
    readings = {r.scope.key: reading_id(r) for r in drafting.facts.readings.of(BOOKS, "study") if r.is_assessed}
    ids = [readings[fact.scope.key] for fact in costs if fact.scope.key in readings]
    if not ids or len(ids) < len(costs):
        return ""
    fact = ids[0] if len(ids) == 1 else derived_id("sum", ids)
    return fact if fact in drafting.facts else ""


def _in_words(drafting: Drafting, name: str, fact: str, books: str) -> list[Line]:
    who = "Together the running trials" if fact == TOGETHER else "{subject}"
    pattern = f"{who} will cost {{forecast}} by the forecast, against {{approved}} approved"
    slots: dict[str, Slot | str] = {"forecast": Slot(fact, "money"), "approved": Slot(f"{fact}#planned", "money")}
    if fact != TOGETHER:
        slots["subject"] = Slot(f"scope:study/{drafting.facts.fact(fact).scope.key}", "name")
    if books:
        pattern += "; the books' estimate at completion is {books}"
        slots["books"] = Slot(books, "money")
    line = drafting.say(f"{pattern}.", name, **slots)
    return [line] if line else []


def _wider(drafting: Drafting, plan: SectionPlan, books: str) -> list[Line]:
    """The reading of the portfolio counts more trials than the forecast: said where both stand in one paper."""
    reading = next((r for r in drafting.facts.readings.of(BOOKS) if r.is_assessed), None)
    if reading is None or (books and reading.value == drafting.facts.fact(books).value):
        return []
    words = "With every trial that has a budget, locked ones too, the books' estimate at completion is {all}."
    line = drafting.say(words, f"{plan.id}/all", all=Slot(reading_id(reading), "money"))
    return [line] if line else []


def _cut(drafting: Drafting, plan: SectionPlan, shown: list[Fact], costs: list[Fact]) -> list[Line]:
    total = derived_id("count", [fact.id for fact in costs])
    return drafting.cut(plan, [fact.id for fact in shown], total, "trials are shown, those furthest above their budget first")


def _row(drafting: Drafting, fact: str, where: Line, books: str) -> tuple[Line, ...]:
    return (
        where,
        drafting.cell(f"{fact}#planned", "money"),
        drafting.cell(books, "money") if books else Line("not collected for all"),
        drafting.cell(fact, "money"),
        drafting.cell(fact, "range"),
    )


def _heading(drafting: Drafting, plan: SectionPlan, fact: str) -> Line:
    slots = {"forecast": Slot(fact, "money"), "approved": Slot(f"{fact}#planned", "money")}
    line = drafting.say("Forecast at the end: {forecast}, against {approved} approved", f"{plan.id}/heading", **slots)
    return without_interval(line) if line else plain(plan.topic)
