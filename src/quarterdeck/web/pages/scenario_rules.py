"""Rules as scenarios: what each change of the rules does to the trials it touches, in days and money, and the way to play it through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import Response

from quarterdeck.regulation.queries import list_answers
from quarterdeck.scenarios.rules import RuleEffect, read_effects
from quarterdeck.scenarios.run import ScenarioResult, run_effects
from quarterdeck.vocabulary import wording
from quarterdeck.web.navigation import Entry
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
NAVIGATION = (Entry("Rules played through", "/scenarios/rules", "Forecasts", "What do new rules do to our dates and budgets?"),)
REPLICATES = 2000


@router.get("/scenarios/rules")
def show_rules(view: View = permit("portfolio.read")) -> Response:
    """Rules that touch a running trial: those that move its start-up played through, the others with the cost of their work."""
    effects = read_effects(view.snapshot, list_answers(view.record))
    moving = [e for e in effects if any(e.days)]
    key = ("scenarios.rules", view.settings.random_seed, tuple((e.change.id, e.study_id, e.amount) for e in moving))
    results = view.snapshot.cached(key, lambda: run_effects(view.snapshot, moving, view.settings.random_seed, REPLICATES))
    trials = {e.study_id for e in moving}
    finding = (
        f"{wording.plural(len({e.change.id for e in moving}), 'rule')} would change the start-up of {wording.plural(len(trials), 'trial')}"
        if moving
        else "No rule that touches a running trial changes its start-up"
    )
    return view.page(
        "scenarios/rules.html",
        finding=finding,
        tables=[effect_table(view, moving, results), _work_table(view, [e for e in effects if not any(e.days) and e.amount[1] > 0])],
        cites=[finding, *(e.because for e in effects)],
    )


def paths(snapshot: Snapshot) -> list[str]:
    """Every page there is."""
    return ["/scenarios/rules"]


def effect_table(view: View, effects: Sequence[RuleEffect], results: Sequence[ScenarioResult]) -> Table:
    """Rules that move start-up, with what that does to the last participant and to the cost at lock."""
    currency = view.settings.base_currency
    rows = [
        {
            "rule": _rule_cell(view, e),
            "trial": Cell(e.study_id, e.study_id, href=_play(view, e)),
            "verdict": Cell(e.verdict.value, e.verdict.word, sub=e.because),
            "days": f"{wording.number(e.days[0], 0, signed=True)} to {wording.number(e.days[1], 0, signed=True)} days",
            "last": f"{wording.number(r.days.mean, 0, signed=True)} ± {wording.number(2 * r.days.error, 1)} days",
            "work": _range(e.amount, currency),
            "cost": wording.money(r.money.mean, currency, signed=True),
        }
        for e, r in zip(effects, results, strict=True)
    ]
    columns = [
        Column("rule", "Rule"),
        Column("trial", "Trial: play it through"),
        Column("verdict", "Verdict"),
        Column("days", "Start-up"),
        Column("last", "Last participant in"),
        Column("work", "Work it asks for"),
        Column("cost", "Cost at lock"),
    ]
    note = "Played at the middle of each range, with the same luck as the forecast; ± is twice the Monte Carlo error."
    return Table("effects", "Rules that move start-up", columns, rows, empty="None does.", note=note)


def _work_table(view: View, effects: Sequence[RuleEffect]) -> Table:
    """One row a rule: the trials it asks work of, and how much in all."""
    currency = view.settings.base_currency
    by_rule: dict[str, list[RuleEffect]] = {}
    for effect in effects:
        by_rule.setdefault(effect.change.id, []).append(effect)
    rows = [
        {
            "rule": _rule_cell(view, mine[0]),
            "trials": wording.plural(len(mine), "trial"),
            "names": ", ".join(e.study_id for e in mine),
            "work": _range((sum(e.amount[0] for e in mine), sum(e.amount[1] for e in mine)), currency),
        }
        for mine in by_rule.values()
    ]
    columns = [
        Column("rule", "Rule"),
        Column("trials", "Touches"),
        Column("names", "Running trials"),
        Column("work", "Work it asks for, in all"),
    ]
    return Table("work", "Rules that cost work and move no date", columns, rows, empty="None does.")


def _rule_cell(view: View, e: RuleEffect) -> Cell:
    return Cell(e.change.title, e.change.title, href=view.href(f"/regulation/changes/{e.change.id}"))


def _play(view: View, e: RuleEffect) -> str:
    return view.href(f"/scenarios/{e.study_id}?say={quote(f'apply the rule {e.change.id}')}")


def _range(amount: tuple[float, float], currency: str) -> str:
    return f"{wording.money(amount[0], currency)} to {wording.money(amount[1], currency)}" if amount[1] else "none proposed yet"
