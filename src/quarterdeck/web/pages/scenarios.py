"""The scenario workbench: say what could be done, see it read back as levers, compare, keep, and make one the plan."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form
from fastapi.responses import Response

from quarterdeck.assistant.model import is_configured
from quarterdeck.charts.dots import Dot, Dots
from quarterdeck.forecasts.inputs import prepare_all
from quarterdeck.record.models.forecasts import KeptScenario
from quarterdeck.regulation.queries import list_answers
from quarterdeck.scenarios import actions
from quarterdeck.scenarios.choose import choose_options, trace_frontier, weigh_options
from quarterdeck.scenarios.countries import country_code
from quarterdeck.scenarios.free_text import restate
from quarterdeck.scenarios.grammar import FORMS
from quarterdeck.scenarios.levers import load_levers
from quarterdeck.scenarios.model import Scenario
from quarterdeck.scenarios.packages import MOST_OF_BUDGET
from quarterdeck.scenarios.prepare import describe_scenario
from quarterdeck.scenarios.read import list_names, read_scenarios
from quarterdeck.scenarios.run import Comparison, ScenarioResult, run_scenarios
from quarterdeck.scenarios.seek import seek_sites
from quarterdeck.vocabulary import wording, worth
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.verdict import Verdict
from quarterdeck.web.navigation import Entry
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
NAVIGATION = (Entry("Scenarios", "/scenarios", "Forecasts", "What could we do, and what would it bring?"),)
MOST = 6
EXAMPLES = "add 10 sites in Spain from March and cut visits by 2\nraise recruitment by 15%\nuse home nursing for 30% of visits"


@router.get("/scenarios")
def show_scenarios(view: View = permit("portfolio.read")) -> Response:
    """Trials to work on, scenarios that were kept, and the best use of a budget over all trials."""
    trials = sorted(prepare_all(view.snapshot))
    kept = actions.read_kept(view.record)
    finding = (
        f"{wording.plural(len(kept), 'scenario')} kept, {sum(plan is not None for _, plan in kept)} of them the plan"
        if kept
        else f"{wording.plural(len(trials), 'trial')} to play scenarios through"
    )
    return view.page(
        "scenarios/index.html",
        finding=finding,
        tables=[_kept_table(view, kept), _lever_table()],
        trials=trials,
        cites=[finding, len(kept), len(trials), *trials, *FORMS],
    )


@router.get("/scenarios/choice")
def show_choice(budget: float | None = None, people: float | None = None, view: View = permit("portfolio.read")) -> Response:
    """Which packages for which trials under a cap, and the efficient frontier."""
    options = view.snapshot.cached(
        ("scenarios.options", view.settings.random_seed), lambda: weigh_options(view.snapshot, view.settings.random_seed)
    )
    best = choose_options(options, budget, people)
    currency = view.settings.base_currency
    rows = [
        {
            "trial": Cell(o.study_id, o.study_id, href=view.href(f"/scenarios/{o.study_id}")),
            "package": o.name,
            "cost": wording.money(o.cost, currency),
            "people": wording.number(o.people, 1),
            "days": wording.number(o.days, 0),
            "gain": wording.money(o.gain - o.cost, currency),
        }
        for o in best.chosen
    ]
    columns = [
        Column("trial", "Trial"),
        Column("package", "Package"),
        Column("cost", "Cost now"),
        Column("people", "People"),
        Column("days", "Days gained at lock"),
        Column("gain", "Worth after cost"),
    ]
    frontier = trace_frontier(options, people)
    steps = [{"budget": wording.money(c.cost, currency), "gain": wording.money(c.gain, currency), "n": len(c.chosen)} for c in frontier]
    finding = f"{wording.plural(len(best.chosen), 'package')} would be worth {wording.money(best.gain, currency)} for {wording.money(best.cost, currency)}"
    return view.page(
        "scenarios/choice.html",
        finding=finding,
        tables=[
            Table("chosen", "The best set within the caps", columns, rows, empty="No package is worth its cost within the caps."),
            Table(
                "frontier",
                "Efficient frontier",
                [Column("budget", "Spent now"), Column("gain", "Worth"), Column("n", "Packages", is_number=True)],
                steps,
            ),
        ],
        budget="" if budget is None else f"{budget:.0f}",
        people="" if people is None else f"{people:g}",
        day_value=wording.money(worth.DAY, currency),
        most_of_budget=wording.share(MOST_OF_BUDGET, 0),
        cites=[finding, wording.money(worth.DAY, currency), wording.share(MOST_OF_BUDGET, 0)],
    )


@router.get("/scenarios/{study_id}")
def show_workbench(
    study_id: str, say: str = "", by: str = "", chance: float = 0.8, country: str = "", unread: str = "", view: View = permit("page.read")
) -> Response:
    """The workbench of one trial. `say`: one scenario a line, shown back as levers; `by` seeks how many sites a date needs.

    `unread` is what of a free text no lever could take.
    """
    scenarios = _read_lines(say, study_id, view)
    comparison = run_scenarios(view.snapshot, study_id, scenarios, view.settings.random_seed)
    sought = _seek_words(view, study_id, by, chance, country) if by else ""
    finding = _finding(comparison)
    kept = actions.read_kept(view.record, study_id)
    return view.page(
        "scenarios/workbench.html",
        finding=finding,
        tables=[_result_table(comparison), _kept_table(view, kept)],
        charts={"days": _days_chart(comparison), "money": _money_chart(comparison)} if scenarios else {},
        study_id=study_id,
        say=say or "",
        examples=EXAMPLES,
        forms=FORMS,
        comparison=comparison,
        readings_back=[(s.name, describe_scenario(s)) for s in scenarios],
        notes=[note for r in comparison.results for note in r.notes],
        sought=sought,
        by=by,
        chance=chance,
        country=country,
        kept=kept,
        unread=unread,
        may_restate=is_configured(view.settings) and view.may("model.call"),
        may_keep=view.may("scenario.keep"),
        may_promote=view.may("scenario.promote"),
        cites=[
            finding,
            sought,
            say,
            unread,
            *FORMS,
            *EXAMPLES.splitlines(),
            *(describe_scenario(s) for s in scenarios),
            *(n for r in comparison.results for n in r.notes),
            study_id,
        ],
    )


@router.post("/scenarios/{study_id}/restate")
def restate_text(study_id: str, text: Annotated[str, Form()], view: View = permit("model.call")) -> Response:
    """Free text into the grammar's words; the workbench then shows the levers back, and nothing counts before it is confirmed."""
    found = restate(text, view.today, view.settings, view.record, view.actor, view.now(), list_names(view.snapshot))
    asked = {"say": found.sentence} | ({"unread": "; ".join(found.unread)} if found.unread else {})
    return view.redirect(f"/scenarios/{quote(study_id, safe='')}?{urlencode(asked)}")


@router.post("/scenarios/{study_id}/keep")
def keep(study_id: str, say: Annotated[str, Form()], view: View = permit("scenario.keep")) -> Response:
    """Keep what was played through."""
    scenarios = _read_lines(say, study_id, view)
    comparison = run_scenarios(view.snapshot, study_id, scenarios, view.settings.random_seed)
    for scenario in scenarios:
        actions.keep_scenario(view.record, view.actor, comparison, scenario.name, view.now())
    return view.redirect(f"/scenarios/{study_id}")


@router.post("/scenarios/{study_id}/promote")
def promote(
    study_id: str, scenario_id: Annotated[str, Form()], reason: Annotated[str, Form()], view: View = permit("scenario.promote")
) -> Response:
    """Make a kept scenario the plan."""
    actions.promote_scenario(view.record, view.actor, scenario_id, reason, view.now(), view.deck.store.open)
    return view.redirect(f"/scenarios/{study_id}")


def paths(snapshot: Snapshot) -> list[str]:
    """Every page there is."""
    return ["/scenarios", "/scenarios/choice", *(f"/scenarios/{study}" for study in sorted(prepare_all(snapshot)))]


def _read_lines(say: str, study_id: str, view: View) -> list[Scenario]:
    lines = list(dict.fromkeys(line.strip() for line in say.splitlines() if line.strip()))
    if len(lines) > MOST:
        raise BadInput("Too many scenarios to compare at once", thing=str(len(lines)), allowed=f"up to {MOST}")
    return read_scenarios(lines, view.snapshot, study_id, list_answers(view.record))


def _finding(comparison: Comparison) -> str:
    if len(comparison.results) == 1:
        middle = comparison.results[0].last_participant_in[0.5]
        when = "not within ten years" if middle is None else f"about {wording.month(middle)}"
        return f"As forecast, {comparison.study_id} enrols its last participant {when}"
    best = min(comparison.results[1:], key=lambda r: r.days.mean)
    if best.days.mean >= -1:
        return f"None of {wording.plural(len(comparison.results) - 1, 'scenario')} gains time for {comparison.study_id}"
    return f"{best.description} would gain {comparison.study_id} {wording.duration(-best.days.mean)}"


def _seek_words(view: View, study_id: str, by: str, chance: float, country: str) -> str:
    try:
        day = date.fromisoformat(by)
    except ValueError as error:
        raise BadInput("Not a date", thing=by, allowed="YYYY-MM-DD") from error
    found = seek_sites(view.snapshot, study_id, day, chance, country_code(country) if country else "")
    now, then = wording.chance(found.p_now), wording.chance(found.p_then)
    if found.sites is None:
        return f"Not even 400 more sites would do: the chance by {wording.day(day)} would rise from {now} to {then}."
    if found.sites == 0:
        return f"No more sites are needed: the chance by {wording.day(day)} is {now}."
    return f"{wording.plural(found.sites, 'more site')} would lift the chance by {wording.day(day)} from {now} to {then}."


def _result_table(comparison: Comparison) -> Table:
    rows = [_result_row(comparison, r) for r in comparison.results]
    columns = [
        Column("scenario", "Read as"),
        Column("likely", "Last participant in"),
        Column("range", "90% interval"),
        Column("days", "Difference"),
        Column("plan", "Chance by plan"),
        Column("cost", "Cost at lock"),
        Column("money", "Difference in cost"),
    ]
    note = (
        "Differences are of paired futures with the same luck; ± is twice their Monte Carlo error, not the uncertainty of the assumption."
    )
    return Table("results", "Side by side", columns, rows, note=note)


def _result_row(comparison: Comparison, r: ScenarioResult) -> dict[str, object]:
    first = r is comparison.results[0]
    ends = [_day(r.last_participant_in[p]) for p in (0.05, 0.95)]
    return {
        "scenario": Cell(r.name, r.description, sub="" if first or r.name == r.description else r.name),
        "likely": _day(r.last_participant_in[0.5]),
        "range": f"{ends[0]} to {ends[1]}",
        "days": "baseline" if first else f"{wording.number(r.days.mean, 0, signed=True)} ± {wording.number(2 * r.days.error, 1)} days",
        "plan": "no plan" if r.p_by_plan is None else wording.chance(r.p_by_plan),
        "cost": wording.money(r.cost[0.5], comparison.currency),
        "money": "baseline" if first else wording.money(r.money.mean, comparison.currency, signed=True),
    }


def _day(day: date | None) -> str:
    return "not reached" if day is None else wording.day(day)


def _days_chart(comparison: Comparison) -> Dots:
    dots = tuple(
        Dot(
            r.description,
            r.days.mean,
            r.days.low,
            r.days.high,
            Verdict.BETTER if r.days.mean < -1 else Verdict.CONCERN if r.days.mean > 1 else Verdict.ORDINARY,
        )
        for r in comparison.results[1:]
    )
    return Dots(
        title="Days until the last participant, against doing nothing",
        sentence="For each scenario the mean change in days and the range of 90% of paired futures; left of the line is sooner.",
        unit="days",
        dots=dots,
        reference=0.0,
        reference_label="As forecast",
        value_label="Days",
        row_label="Scenario",
    )


def _money_chart(comparison: Comparison) -> Dots:
    dots = tuple(
        Dot(r.description, r.money.mean, r.money.low, r.money.high, Verdict.BETTER if r.money.mean < 0 else Verdict.CONCERN)
        for r in comparison.results[1:]
    )
    return Dots(
        title="Cost at database lock, against doing nothing",
        sentence="For each scenario the mean change in cost and the range of 90% of paired futures; left of the line is cheaper.",
        unit=comparison.currency,
        dots=dots,
        reference=0.0,
        reference_label="As forecast",
        value_label="Cost",
        row_label="Scenario",
    )


def _kept_table(view: View, kept: list[tuple[KeptScenario, str | None]]) -> Table:
    rows = [
        {
            "trial": Cell(k.study_id, k.study_id, href=view.href(f"/scenarios/{k.study_id}")),
            "name": k.name,
            "days": f"{wording.number(k.result['days'], 0, signed=True)} days",
            "kept": wording.day(k.kept_at),
            "plan": Cell("the plan", "the plan", href=view.href("/forecasts/ledger"), sub="sealed in the ledger") if plan else "kept",
        }
        for k, plan in kept
    ]
    columns = [
        Column("trial", "Trial"),
        Column("name", "Scenario"),
        Column("days", "Difference"),
        Column("kept", "Kept on"),
        Column("plan", "State"),
    ]
    return Table("kept", "Scenarios that were kept", columns, rows, empty="None was kept yet. Play one through for a trial and keep it.")


def _lever_table() -> Table:
    rows = [{"lever": x.label, "question": x.question, "basis": x.basis} for x in load_levers().values()]
    return Table(
        "levers", "Levers", [Column("lever", "Lever"), Column("question", "Question"), Column("basis", "What its effect rests on")], rows
    )
