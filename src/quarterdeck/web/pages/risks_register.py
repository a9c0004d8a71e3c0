"""Pages of the register: what could happen, how much is at stake, how good our probabilities were; and the tolerance limits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from quarterdeck.charts.base import Chart
from quarterdeck.risks import actions, register
from quarterdeck.risks.detectors.limits import read_limits
from quarterdeck.risks.states import REGISTER_TRANSITIONS, next_states
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.verdict import Verdict
from quarterdeck.web.risk_charts import draw_exceedance
from quarterdeck.web.risk_tables import read_amount, read_date, read_probability
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.record.models.risks import RegisterItem

router = APIRouter()


@router.get("/risks/register")
def show_register(view: View = permit("portfolio.read")) -> Response:
    """The register: curves, tornado, items, and how good probabilities were."""
    items, base = register.read_items(view.record), view.settings.base_currency
    found = register.quantify(items, view.settings.random_seed, base, 20_000)
    live = sum(item.status in register.LIVE for item in items)
    title = f"{wording.plural(live, 'item')} of the register {'is' if live == 1 else 'are'} live" if items else "The register is empty"
    lead, charts, tables = "Nothing in the register is quantified yet.", dict[str, Chart](), [_item_table(items, view.today)]
    if found:
        title = f"The register stands {'above' if found.is_above_tolerance else 'within'} what is tolerated"
        lead, charts, more = _quantified(found, base)
        tables += more
    tables.append(_score_table(items))
    return view.page(
        "risks/register.html", finding=title, tables=tables, charts=charts, lead=lead, has_curve=bool(found), may_raise=view.may("register.raise"), base=base,
        kinds=[(k, k) for k in actions.KINDS], categories=_categories(), cites=[len(items), live, title, lead, 10],
    )  # fmt: skip


def _quantified(found: register.Quantified, base: str) -> tuple[str, dict[str, Chart], list[Table]]:
    """What the quantified items add up to: the sentence, the curves of money and days, the tornado, and what treatments are worth."""
    p90, days = wording.money(found.money.p90, base), wording.duration(max(found.days.p90, 0))
    lead = f"A year costs {wording.money(found.money.mean, base)} on average; with a chance of 10% it costs more than {p90} and {days}."
    said = f"With a chance of 10% the delays add up to more than {days}."
    charts: dict[str, Chart] = {
        "money": draw_exceedance("Money at risk", lead, base, found.levels, found.above, found.tolerated),
        "days": draw_exceedance("Days at risk", said, "days", found.day_levels, found.day_above, None),
    }
    tornado = Table(
        "tornado", "What the expected loss is made of, the largest first",
        [Column("what", "Item"), Column("money", "Money expected", is_number=True), Column("days", "Days expected", is_number=True)],
        [{"what": name, "money": Cell(m, wording.money(m, base)), "days": Cell(d, wording.number(d, 1))} for name, m, d in found.tornado[:12]],
    )  # fmt: skip
    worth = Table(
        "worth", "What each treatment saves, less its price", [Column("what", "Item"), Column("value", "Value", is_number=True)],
        [{"what": name, "value": Cell(v, wording.money(v, base, signed=True))} for name, v in found.mitigations], empty="No treatment has a stated residual.",
    )  # fmt: skip
    return lead, charts, [tornado, worth]


def _score_table(items: Sequence[RegisterItem]) -> Table:
    columns = [
        Column("who", "Owner"), Column("closed", "Closed", is_number=True), Column("brier", "Brier score", is_number=True), Column("base", "Of the base rate", is_number=True),
        Column("stated", "Stated", "share", is_number=True), Column("happened", "Happened", "share", is_number=True),
    ]  # fmt: skip
    rows = [
        {
            "who": s.who, "closed": s.closed, "brier": Cell(s.brier, wording.number(s.brier, 3)), "base": Cell(s.brier_of_base_rate, wording.number(s.brier_of_base_rate, 3)),
            "stated": s.mean_stated, "happened": s.share_happened,
        }
        for s in register.score_probabilities(items)
    ]  # fmt: skip
    return Table("scores", "Probabilities of closed items, by owner", columns, rows, empty="No item with a probability was closed yet.")


@router.post("/risks/register/raise")
def raise_item(
    title: Annotated[str, Form()], cause: Annotated[str, Form()], event: Annotated[str, Form()], effect: Annotated[str, Form()], kind: Annotated[str, Form()],
    category: Annotated[str, Form()], owner: Annotated[str, Form()] = "", p_annual: Annotated[str, Form()] = "", cost_p05: Annotated[str, Form()] = "",
    cost_p95: Annotated[str, Form()] = "", days_p05: Annotated[str, Form()] = "", days_p95: Annotated[str, Form()] = "", reason: Annotated[str, Form()] = "",
    view: View = permit("register.raise"),
) -> Response:  # fmt: skip
    """A new item."""
    costs = {"cost_p05": ("Cost, 5th percentile", cost_p05), "cost_p95": ("Cost, 95th percentile", cost_p95)}
    days = {"days_p05": ("Days, 5th percentile", days_p05), "days_p95": ("Days, 95th percentile", days_p95)}
    values: dict[str, Any] = {
        name: read_amount(label, text, view.settings.base_currency) for name, (label, text) in costs.items() if text.strip()
    }
    values |= {name: read_amount(label, text) for name, (label, text) in days.items() if text.strip()}
    if p_annual.strip():
        values["p_annual"] = read_probability("Probability in a year", p_annual)
    values |= {
        "title": title,
        "cause": cause,
        "event": event,
        "effect": effect,
        "kind": kind,
        "category": category,
        "owner": owner,
        "currency": view.settings.base_currency,
    }
    item = actions.raise_item(view.record, view.actor, values, reason, view.now())
    return view.redirect(view.href(f"/risks/register/{item}"))


@router.get("/risks/register/{item_id}")
def show_item(item_id: str, view: View = permit("portfolio.read")) -> Response:
    """One item with its history and moves."""
    item, history = register.read_item(view.record, item_id)
    rows = [
        {
            "when": h.changed_at,
            "field": h.field.replace("_", " "),
            "old": h.old or "nothing",
            "new": h.new or "nothing",
            "who": h.actor_id,
            "why": h.reason,
        }
        for h in history
    ]
    facts = _facts_of(item)
    choices = [t for t in next_states(REGISTER_TRANSITIONS, item.status) if view.may(t.permission)]
    return view.page(
        "risks/item.html", finding=item.title.rstrip("."), tables=[
            Table("facts", "What is stated", [Column("what", "What"), Column("value", "Value")], facts),
            Table("history", "History", [Column("when", "When"), Column("field", "Field"), Column("old", "Before"), Column("new", "After"), Column("who", "By"), Column("why", "Because")], rows),
        ], item=item, choices=[(t.after, t.after.replace("_", " ")) for t in choices], cites=[item.title, item.cause, item.event, item.effect, item.id],
    )  # fmt: skip


@router.post("/risks/register/{item_id}/move")
def move_item(
    item_id: str,
    after: Annotated[str, Form()],
    reason: Annotated[str, Form()] = "",
    accepted_until: Annotated[str, Form()] = "",
    view: View = permit("register.raise"),
) -> Response:
    """One step of an item."""
    actions.move_item(view.record, view.actor, item_id, after, reason, view.now(), read_date(accepted_until) if accepted_until else None)
    return view.redirect(view.href(f"/risks/register/{item_id}"))


@router.get("/risks/limits")
def show_limits(study: str = "", view: View = permit("portfolio.read")) -> Response:
    """Tolerance limits of all trials."""
    limits = [s for s in read_limits(view.snapshot) if not study or s.definition["study_id"] == study]
    breached = sum(s.is_breached for s in limits)
    rows = []
    for s in limits:
        d = s.definition
        projected = wording.share(s.projected[0]) if s.projected else s.reason
        between = f"between {wording.share(s.projected[1])} and {wording.share(s.projected[2])}" if s.projected else ""
        rows.append({
            "trial": Cell(d["study_id"], href=f"/trials/{d['study_id']}"), "what": str(d["parameter"]).replace("_", " "), "expected": float(d["expected_rate"] or 0), "limit": float(d["limit"] or 0),
            "now": Cell(s.rate if s.rate is not None else -1.0, s.reason if s.rate is None else wording.share(s.rate), sub=f"{s.events} of {s.participants}" if s.participants else ""),
            "end": Cell(projected, projected, sub=between), "verdict": Verdict.CONCERN if s.is_breached else Verdict.ORDINARY,
        })  # fmt: skip
    columns = [
        Column("trial", "Trial"),
        Column("what", "Parameter"),
        Column("expected", "Expected", "share", is_number=True),
        Column("limit", "Limit", "share", is_number=True),
        Column("now", "Now", is_number=True),
        Column("end", "At the end", is_number=True),
        Column("verdict", "Verdict"),
    ]
    title = f"{wording.of(breached, len(limits))} tolerance limits were left" if limits else "No tolerance limit was agreed"
    options = [
        (s.definition["qtl_id"], f"{s.definition['study_id']}: {str(s.definition['parameter']).replace('_', ' ')}")
        for s in limits
        if s.rate is not None
    ]
    return view.page(
        "risks/limits.html", finding=title, tables=[Table("limits", "Limits, with a test that holds however often one looks", columns, rows, empty="Load the table `qtl`.", size=30)], options=options,
        may_record=view.may("limit.record_deviation") and bool(options), cites=[breached, len(limits)],
    )  # fmt: skip


@router.post("/risks/limits/deviation")
def record_deviation(
    qtl: Annotated[str, Form()],
    systemic: Annotated[str, Form()],
    evaluation: Annotated[str, Form()],
    remedy: Annotated[str, Form()],
    view: View = permit("limit.record_deviation"),
) -> Response:
    """The record that ICH E6(R3) asks for."""
    actions.record_deviation(view.record, view.actor, view.snapshot, qtl, systemic == "yes", evaluation, remedy, view.now())
    return view.redirect(view.href("/risks/limits"))


def _item_table(items: Sequence[RegisterItem], today: date) -> Table:
    overdue = {i.id for i in register.due_for_review(items, today)}
    rows = [
        {
            "item": Cell(i.title, href=f"/risks/register/{i.id}"), "kind": i.kind, "status": i.status, "owner": i.owner or "nobody yet", "p": i.p_annual if i.p_annual is not None else "not stated",
            "score": Cell(s, wording.number(s, 1)) if (s := register.rank_qualitatively(i)) is not None else "not stated", "review": "overdue" if i.id in overdue else (i.next_review or "not set"),
        }
        for i in items
    ]  # fmt: skip
    columns = [
        Column("item", "Item"),
        Column("kind", "Kind"),
        Column("status", "State"),
        Column("owner", "Owner"),
        Column("p", "Probability", "share", is_number=True),
        Column("score", "Score of 10", is_number=True),
        Column("review", "Next review"),
    ]
    return Table(
        "items",
        "Items of the register",
        columns,
        rows,
        empty="The register is empty. Raise an item below, or import a workbook: quarterdeck register import.",
        size=30,
    )


def _facts_of(item: RegisterItem) -> list[dict[str, object]]:
    money = (
        "not stated"
        if item.cost_p05 is None
        else f"{wording.money(item.cost_p05, item.currency)} to {wording.money(item.cost_p95 or 0, item.currency)} (5th to 95th percentile)"
    )
    days = (
        "not stated"
        if item.days_p05 is None
        else f"{wording.number(item.days_p05)} to {wording.number(item.days_p95 or 0)} days (5th to 95th percentile)"
    )
    worth = register.value_of_treatment(item)
    pairs = [
        ("Kind", item.kind), ("State", item.status), ("Owner", item.owner or "nobody yet"), ("Category", item.category.replace("_", " ")),
        ("Probability in a year", "not stated" if item.p_annual is None else wording.share(item.p_annual)), ("Cost if it happens", money), ("Delay if it happens", days),
        ("Treatment", item.treatment or "none agreed"), ("Value of the treatment", "not stated" if worth is None else wording.money(worth, item.currency, signed=True)),
        ("Priority number", register.priority_number(item) or "not stated"), ("Next review", item.next_review or "not set"),
    ]  # fmt: skip
    return [{"what": what, "value": value} for what, value in pairs]


def _categories() -> list[tuple[str, str]]:
    from quarterdeck.risks.indicators import CATEGORIES

    return [(name, name.replace("_", " ")) for name in CATEGORIES]
