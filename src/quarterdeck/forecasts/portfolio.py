"""The portfolio: joint futures of all trials, so that common causes are counted once; the role's targets; capacity."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.facts import MONTH_DAYS, PortfolioFacts, read_facts
from quarterdeck.forecasts.inputs import PreparedTrial, prepare_all
from quarterdeck.forecasts.model import LEVELS, CapacityForecast, PortfolioForecast, TargetForecast, TrialForecast
from quarterdeck.forecasts.targets import measured_targets
from quarterdeck.forecasts.trial import REPLICATES, forecast_trial, simulate_prepared
from quarterdeck.forecasts.trial_money import day_after
from quarterdeck.methods.monte_carlo import share_of
from quarterdeck.methods.portfolio import HORIZON, Array, TrialFuture
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.money import Money

BAND = 0.05
FASTER = 0.10
YEAR = 12.0


def forecast_portfolio(snapshot: Snapshot, seed: int, replicates: int = REPLICATES) -> PortfolioForecast:
    """All trials and what they add up to, kept with the snapshot."""
    return snapshot.cached(("forecasts.portfolio", seed, replicates), lambda: _forecast(snapshot, seed, replicates))


def simulate_targets(snapshot: Snapshot, seed: int, replicates: int = REPLICATES) -> tuple[TargetForecast, ...]:
    """The targets of the role that joint futures answer, kept with the snapshot: quicker than the whole forecast."""

    def compute() -> tuple[TargetForecast, ...]:
        facts, futures = read_facts(snapshot), joint_futures(snapshot, seed, replicates)
        budget = _budget_target(facts, futures, replicates, snapshot.choices.fiscal_year_start_month)
        return (budget, _cycle_target(facts, futures, replicates))

    return snapshot.cached(("forecasts.targets", seed, replicates), compute)


def joint_futures(snapshot: Snapshot, seed: int, replicates: int = REPLICATES) -> dict[str, TrialFuture]:
    """The joint replicates of every trial that has a forecast."""
    return {study: simulate_prepared(snapshot, study, seed, replicates) for study in prepare_all(snapshot)}


def _forecast(snapshot: Snapshot, seed: int, replicates: int) -> PortfolioForecast:
    facts, prepared = read_facts(snapshot), prepare_all(snapshot)
    trials = tuple(forecast_trial(snapshot, s.study_id, seed, replicates) for s in facts.studies)
    futures = joint_futures(snapshot, seed, replicates)
    costed = [t for t in trials if t.money is not None]
    total = sum((futures[t.study_id].cost for t in costed), np.zeros(replicates))
    approved = sum(t.money.approved for t in costed if t.money)
    ratio = total / approved if approved else np.ones(replicates)
    return PortfolioForecast(
        snapshot.id,
        facts.today,
        facts.currency,
        trials,
        approved,
        {p: float(np.quantile(total, p)) for p in LEVELS},
        _added(costed),
        share_of(np.abs(ratio - 1) <= BAND),
        share_of(ratio > 1),
        max(0.0, float(np.quantile(total, 0.8)) - approved),
        (*simulate_targets(snapshot, seed, replicates), *measured_targets(snapshot)),
        _capacity(snapshot, facts, prepared, futures),
        seed,
        replicates,
    )


def _added(costed: list[TrialForecast]) -> tuple[float, float]:
    return (
        sum(t.money.quantiles[0.05] for t in costed if t.money),
        sum(t.money.quantiles[0.95] for t in costed if t.money),
    )


def _budget_target(facts: PortfolioFacts, futures: dict[str, TrialFuture], replicates: int, start_month: int) -> TargetForecast:
    """Will the fiscal year end within 5 % of its approved budget?"""
    first, last = _fiscal_year(facts.today, start_month)
    to_come = max((last - facts.today).days, 0) / MONTH_DAYS
    question = "Does the portfolio end its fiscal year within 5% of the approved budget?"
    if missing := [f"{study.unpriced} ({study.study_id})" for study in facts.studies if study.unpriced]:
        return TargetForecast("budget_within_5_percent", question, None, last, "", f"Not assessed: {wording.listing(missing)}.")
    spend, approved = np.zeros(replicates), 0.0
    for study in facts.studies:
        if study.budget is None:
            continue
        approved += sum(a for period, a, _ in study.budget.monthly if first <= period <= last)
        spend += sum(s for period, _, s in study.budget.monthly if first <= period <= min(last, facts.today))
        future = futures.get(study.study_id)
        if future is not None:
            rest = future.cost - study.budget.spent - study.budget.accrued
            spend += rest * np.minimum(to_come / np.clip(future.lock, 0.5, HORIZON), 1.0)
    if approved <= 0:
        return TargetForecast("budget_within_5_percent", question, None, last, "", "No approved budget was loaded for the fiscal year.")
    share = spend / approved - 1
    middle = float(np.median(share))
    spent_words = wording.money(Money(Decimal(round(float(np.median(spend)))), facts.currency))
    detail = f"Median {wording.share(middle, signed=True)} against approval: {spent_words} of {wording.money(approved, facts.currency)}."
    return TargetForecast("budget_within_5_percent", question, share_of(np.abs(share) <= BAND), last, detail, ends=_ends(share))


def _cycle_target(facts: PortfolioFacts, futures: dict[str, TrialFuture], replicates: int) -> TargetForecast:
    """Will the trials that lock in the next year have been 10 % faster than those of the last year, phase for phase?"""
    horizon = facts.today + timedelta(days=365)
    question = "Are the cycle times of the coming year 10% shorter than those of the last?"
    past: dict[str, list[float]] = {}
    for study in facts.studies:
        start, lock = study.row["protocol_approved_dt"], study.row["db_lock_dt"]
        if start and lock and 0 <= (facts.today - lock).days <= 365:
            past.setdefault(study.row["phase"] or "", []).append(float(np.log(max((lock - start).days, 1))))
    if not past:
        return TargetForecast("cycle_time_10_percent_shorter", question, None, horizon, "", "No trial locked in the last year.")
    overall = float(np.mean([x for values in past.values() for x in values]))
    change, count = _cycle_changes(facts, futures, past, overall, replicates)
    has = count > 0
    if has.mean() < 0.5:
        return TargetForecast(
            "cycle_time_10_percent_shorter", question, None, horizon, "", "Probably no trial will lock in the coming year."
        )
    relative = np.exp(change[has] / count[has]) - 1
    detail = (
        f"Median change {wording.share(float(np.median(relative)), signed=True)}; "
        f"{wording.number(float(np.median(count[has])), 0)} locks expected in the year."
    )
    return TargetForecast("cycle_time_10_percent_shorter", question, share_of(relative <= -FASTER), horizon, detail, ends=_ends(relative))


def _ends(values: Array) -> tuple[float, float, float]:
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
    return float(low), float(middle), float(high)


def _cycle_changes(
    facts: PortfolioFacts, futures: dict[str, TrialFuture], past: dict[str, list[float]], overall: float, replicates: int
) -> tuple[Array, Array]:
    change, count = np.zeros(replicates), np.zeros(replicates)
    for study in facts.studies:
        future, start = futures.get(study.study_id), study.row["protocol_approved_dt"]
        if future is None or start is None:
            continue
        locks = future.lock <= YEAR
        before = float(np.mean(past.get(study.row["phase"] or "", [overall])))
        days = (facts.today - start).days + np.where(locks, future.lock, 0.0) * MONTH_DAYS
        change += np.where(locks, np.log(np.maximum(days, 1)) - before, 0.0)
        count += locks
    return change, count


def _capacity(
    snapshot: Snapshot, facts: PortfolioFacts, prepared: dict[str, PreparedTrial], futures: dict[str, TrialFuture]
) -> tuple[CapacityForecast, ...]:
    """Expected open sites by vendor and month: open ones until the last participant in, pending ones from their opening."""
    months = np.arange(13)
    demand: dict[str, Array] = {}
    for study_id, trial in prepared.items():
        r, last_in = trial.trial.recruitment, futures[study_id].last_participant_in
        still = np.array([(last_in > m).mean() for m in months])
        opened = np.array([(r.planned_chance * (r.planned_opening <= m)).sum() for m in months])
        sites = (trial.open_sites + opened) * still
        for who in ("All vendors", trial.trial.money.vendor or "In house"):
            demand[who] = demand.get(who, np.zeros(13)) + sites
    monitors = snapshot.query(
        "SELECT sum(fte) AS fte FROM staff WHERE role = 'cra' AND (leave_dt IS NULL OR leave_dt > ?) AND hire_dt <= ?",
        [facts.today, facts.today],
    ).to_pylist()[0]["fte"]
    found = []
    for who, sites in sorted(demand.items()):
        peak = int(np.argmax(sites))
        day = day_after(facts.today, float(peak))
        assert day is not None
        fte = float(monitors) if monitors and who == "All vendors" else None
        found.append(CapacityForecast(who, float(sites[0]), float(sites[peak]), day, fte))
    return tuple(found)


def _fiscal_year(today: date, start_month: int) -> tuple[date, date]:
    year = today.year if today.month >= start_month else today.year - 1
    following = date(year + 1, start_month, 1)
    return date(year, start_month, 1), following - timedelta(days=1)
