"""Charts of the forecasts: timelines with whiskers, fans of enrolment and cost, the bridge of the budget."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from quarterdeck.charts.fan import Band, Fan
from quarterdeck.charts.timeline import Milestone, Timeline
from quarterdeck.charts.waterfall import Waterfall
from quarterdeck.forecasts import ledger
from quarterdeck.forecasts.facts import read_facts
from quarterdeck.forecasts.model import LEVELS, MoneyForecast, PortfolioForecast, TrialForecast
from quarterdeck.vocabulary.verdict import Verdict
from quarterdeck.web.view import View

if TYPE_CHECKING:
    pass

LATE_DAYS = 60.0
METHOD = "10,000 joint futures per trial: rates by site with ageing, drift and start-up times learnt from this portfolio. docs/evaluation/forecasts.md says how well it does."


def portfolio_timeline(whole: PortfolioForecast, running: Sequence[TrialForecast]) -> Timeline:
    """Every running trial's last participant in: planned, likely, with whiskers."""
    rows = []
    for trial in running:
        m = trial.milestone("last_participant_in")
        if m is None:
            continue
        verdict = Verdict.CONCERN if (m.slip_days or 0) >= LATE_DAYS or m.median is None else Verdict.ORDINARY
        rows.append(
            Milestone(
                trial.study_id, m.planned, m.actual, None if m.actual else m.median, m.quantiles.get(0.05), m.quantiles.get(0.95), verdict
            )
        )
    return Timeline(
        title="Last participant in, trial by trial",
        sentence="For each running trial the planned and the likely date of its last participant, with the 90% interval as whiskers.",
        method=METHOD,
        milestones=tuple(rows),
        today=whole.today,
    )


def trial_charts(view: View, trial: TrialForecast) -> dict[str, Any]:
    """The charts of one trial by name; none without a forecast."""
    if trial.reason:
        return {}
    found: dict[str, Any] = {"milestones": _milestone_chart(trial)}
    if len(trial.fan) > 1:
        found["fan"] = _enrolment_fan(view, trial)
    if trial.money is not None:
        found["cost"] = _cost_fan(trial, trial.money)
        found["bridge"] = Waterfall(
            title="From the approved budget to the forecast",
            sentence="What lifts or lowers the mean cost at database lock above or below the approved budget, step by step.",
            method="The last step takes what no other step explains, so that the steps add up.",
            unit=trial.money.currency,
            start=("Approved", trial.money.approved),
            steps=trial.money.bridge,
            end_label="Forecast",
        )
    return found


def _enrolment_fan(view: View, trial: TrialForecast) -> Fan:
    study = read_facts(view.snapshot).study(trial.study_id)
    bands = tuple(
        Band(level, tuple((day, values[LEVELS.index(low)], values[LEVELS.index(high)]) for day, values in trial.fan))
        for level, low, high in ((0.9, 0.05, 0.95), (0.5, 0.25, 0.75))
    )
    plan = []
    first, last = study.row["est_fpfv"], study.row["est_lpfv"]
    if first and last and last > first:
        step = max((last - first).days // 12, 1)
        plan = [
            (day, ledger.planned_count(study, day) or 0.0)
            for day in (first + timedelta(days=i) for i in range(0, (last - first).days + 1, step))
        ]
    return Fan(
        title="Participants enrolled",
        sentence="Participants enrolled so far, the plan, and the likely course with its 50% and 90% ranges.",
        method=METHOD,
        unit="participants",
        history=trial.history,
        middle=tuple((day, values[LEVELS.index(0.5)]) for day, values in trial.fan),
        bands=bands,
        plan=tuple(plan),
        # Where the median reaches the target, its own label says the number; two on one spot cannot be read.
        target=None if trial.fan[-1][1][LEVELS.index(0.5)] >= trial.target else float(trial.target),
        value_label="Participants",
    )


def _cost_fan(trial: TrialForecast, money: MoneyForecast) -> Fan:
    return Fan(
        title="Cost until database lock",
        sentence="Cost so far and its likely course with the 80% range, against the approved budget.",
        method="Each joint future spreads its remaining cost over its own time to lock.",
        unit=money.currency,
        history=((trial.today, money.spent + money.accrued),),
        middle=tuple((day, middle) for day, _, middle, _ in money.phasing),
        bands=(Band(0.8, tuple((day, low, high) for day, low, _, high in money.phasing)),),
        target=money.approved,
        target_label="Approved",
        value_label="Cost",
    )


def _milestone_chart(trial: TrialForecast) -> Timeline:
    rows = tuple(
        Milestone(
            m.label,
            m.planned,
            m.actual,
            None if m.actual else m.median,
            m.quantiles.get(0.05),
            m.quantiles.get(0.95),
            Verdict.CONCERN if (m.slip_days or 0) >= LATE_DAYS else Verdict.ORDINARY,
        )
        for m in trial.milestones
    )
    return Timeline(
        title="Milestones: planned, done and likely",
        sentence="Each milestone's planned date, and its actual or likely date with the 90% interval.",
        method=METHOD,
        milestones=rows,
        today=trial.today,
    )
