"""Pages of the forecasts: what will happen to the portfolio and to each trial, and how well we have said so before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.responses import Response

from quarterdeck.forecasts import ledger
from quarterdeck.forecasts.facts import read_facts
from quarterdeck.forecasts.findings import findings
from quarterdeck.forecasts.model import TrialForecast
from quarterdeck.forecasts.portfolio import forecast_portfolio
from quarterdeck.forecasts.scores import describe_trust, score_entries
from quarterdeck.forecasts.trial import forecast_trial
from quarterdeck.forecasts.words import event_words, money_words, portfolio_money_words
from quarterdeck.vocabulary import wording
from quarterdeck.web.navigation import Entry, Hit
from quarterdeck.web.pages.forecast_charts import LATE_DAYS, METHOD, portfolio_timeline, trial_charts
from quarterdeck.web.pages.forecast_tables import (
    capacity_table,
    design_tables,
    driver_table,
    milestone_table,
    money_tables,
    target_table,
    trial_table,
    wait_table,
)
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
NAVIGATION = (
    Entry("Forecasts", "/forecasts", "Forecasts", "When will each trial end, at what cost, and how sure are we?"),
    Entry("Ledger", "/forecasts/ledger", "Forecasts", "How good were our forecasts?"),
)


@router.get("/forecasts")
def show_portfolio(view: View = permit("portfolio.read")) -> Response:
    """All trials on one timeline, the targets of the role, money and capacity."""
    whole = forecast_portfolio(view.snapshot, view.settings.random_seed)
    running = whole.running
    late = [t for t in running if (slip := _slip(t)) is None or slip >= LATE_DAYS]
    finding = f"{wording.of(len(late), len(running))} running trials will enrol their last participant two months late or more"
    money = portfolio_money_words(whole)
    charts: dict[str, Any] = {"timeline": portfolio_timeline(whole, running)} if running else {}
    return view.page(
        "forecasts/index.html",
        finding=finding if running else "There is no running trial to forecast",
        tables=[trial_table(view, running), target_table(whole), capacity_table(whole)],
        charts=charts,
        findings=findings(view.snapshot, view.settings.random_seed),
        money=money,
        running=running,
        cites=[len(late), len(running), money, finding],
    )


@router.get("/forecasts/{study_id}")
def show_trial(study_id: str, view: View = permit("page.read")) -> Response:
    """One trial: fan, milestones, drivers, money, trust."""
    trial = forecast_trial(view.snapshot, study_id, view.settings.random_seed)
    scores = score_entries(ledger.read_entries(view.record), view.snapshot)
    trust = describe_trust(scores, "last_participant_in")
    entries = [e for e in ledger.read_entries(view.record, study_id) if e.unit in ("date", "participants")]
    charts = trial_charts(view, trial)
    sentences = _trial_sentences(trial)
    return view.page(
        "forecasts/trial.html",
        finding=_trial_finding(trial),
        tables=[milestone_table(trial), driver_table(trial), *money_tables(trial), wait_table(trial), *design_tables(trial.design)],
        charts=charts,
        findings=[f for f in findings(view.snapshot, view.settings.random_seed) if f.scope.key == study_id],
        trial=trial,
        trust=trust,
        sentences=sentences,
        entries=entries[-30:],
        may_override=view.may("forecast.override"),
        what_words=ledger.what_words,
        cites=[trust, trial.evidence, trial.reason, *sentences.values(), _trial_finding(trial), *trial.exclusions, study_id, METHOD],
    )


def paths(snapshot: Snapshot) -> list[str]:
    """Every page there is."""
    return ["/forecasts", "/forecasts/ledger", *(f"/forecasts/{s.study_id}" for s in read_facts(snapshot).studies)]


def search(view: View, words: str) -> list[Hit]:
    """Trials by name."""
    return [
        Hit(f"Forecast of {s.study_id}", f"/forecasts/{s.study_id}", "Forecast")
        for s in read_facts(view.snapshot).studies
        if words in s.study_id.lower() and view.may_read_study(s.study_id)
    ]


def _slip(trial: TrialForecast) -> float | None:
    m = trial.milestone("last_participant_in")
    return 0.0 if m is None else m.slip_days


def _trial_finding(trial: TrialForecast) -> str:
    if trial.reason:
        return f"{trial.study_id} needs no forecast"
    m = trial.milestone("last_participant_in")
    if m is None or m.actual is not None:
        lock = trial.milestone("database_lock")
        when = "an unknown day" if lock is None or lock.median is None else wording.month(lock.median)
        return f"{trial.study_id} has enrolled its last participant; its database will lock about {when}"
    if m.median is None or m.slip_days is None:
        return f"{trial.study_id} is not likely to enrol its last participant within ten years"
    return f"{trial.study_id} will enrol its last participant {wording.late(m.slip_days)}, about {wording.month(m.median)}"


def _trial_sentences(trial: TrialForecast) -> dict[str, str]:
    found = {"evidence": f"{trial.evidence[:1].upper()}{trial.evidence[1:]}."} if trial.evidence else {}
    m = trial.milestone("last_participant_in")
    if m is not None and m.planned is not None and m.p_by_plan is not None:
        found["plan"] = (
            f"It is {wording.likelihood(m.p_by_plan)} ({wording.chance(m.p_by_plan)}) that the last participant is in by the plan, "
            f"{wording.day(m.planned)}."
        )
    if m is not None and m.quantiles:
        low, high = m.quantiles[0.05], m.quantiles[0.95]
        words = ["not reached within ten years" if d is None else wording.day(d) for d in (low, high)]
        found["interval"] = f"With 90% probability it is between {words[0]} and {words[1]}."
    if trial.money is not None:
        found["money"] = money_words(trial.money)
    elif trial.no_money:
        found["money"] = f"The cost cannot be forecast: {trial.no_money}."
    if trial.events is not None:
        found["events"] = event_words(trial.events)
    if trial.design is not None:
        found["design"] = (
            f"Learnt from registered trials, knowing only its {wording.listing(trial.design.known)}. Nobody is enrolled yet: "
            f"the design weighs {wording.share(trial.design.weight, 0)} in this trial's forecast, the plan as the portfolio corrects it the rest. Risk of being stopped early: {wording.chance(trial.design.termination_risk)}, "
            "relative to the trials it was learnt from."
        )
    return found
