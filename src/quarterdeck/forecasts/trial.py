"""The forecast of one trial: milestones, money, drivers of its slip, and what lies on its critical path."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.facts import MONTH_DAYS, PortfolioFacts, StudyFacts, read_facts
from quarterdeck.forecasts.inputs import PreparedTrial, prepare_all, start_up_days, why_not
from quarterdeck.forecasts.learnt import Learnt, learn, site_months
from quarterdeck.forecasts.model import LEVELS, EventForecast, MilestoneForecast, TrialForecast
from quarterdeck.forecasts.trial_money import day_after, forecast_money, why_no_money
from quarterdeck.methods.enrolment_backtest import Drift
from quarterdeck.methods.event_finish import ENOUGH
from quarterdeck.methods.monte_carlo import keyed_stream, share_of
from quarterdeck.methods.network import Activity, run_network
from quarterdeck.methods.portfolio import (
    HORIZON,
    Array,
    Recruitment,
    Shared,
    TrialFuture,
    TrialInput,
    draw_shared,
    enrolment_fan,
    simulate_recruitment,
    simulate_trial,
)
from quarterdeck.methods.stage_times import remaining_time

REPLICATES = 10_000
DRIVER_REPLICATES = 2000
NETWORK_REPLICATES = 1000
SHARE_NAMES = {
    0.0: "first_participant_in",
    0.25: "enrolled_25_percent",
    0.5: "enrolled_50_percent",
    0.75: "enrolled_75_percent",
    1.0: "last_participant_in",
}
PLAN_COLUMNS = {
    "first_participant_in": ("est_fpfv", "act_fpfv"),
    "last_participant_in": ("est_lpfv", "act_lpfv"),
    "last_participant_last_visit": ("est_lplv", "act_lplv"),
    "database_lock": ("est_db_lock_dt", "db_lock_dt"),
}
ORDER = (
    "first_site_active",
    "first_participant_in",
    "enrolled_25_percent",
    "enrolled_50_percent",
    "enrolled_75_percent",
    "last_participant_in",
    "target_events",
    "last_participant_last_visit",
    "database_lock",
)


def forecast_trial(snapshot: Snapshot, study_id: str, seed: int, replicates: int = REPLICATES) -> TrialForecast:
    """The forecast of one trial, kept with the snapshot. Raises NotFound for an unknown trial."""
    key = ("forecasts.trial", study_id, seed, replicates)
    return snapshot.cached(key, lambda: _forecast(snapshot, study_id, seed, replicates))


def forecast_changed(snapshot: Snapshot, study_id: str, changed: TrialInput, seed: int, replicates: int = REPLICATES) -> TrialForecast:
    """The forecast of a trial whose inputs a scenario has changed, with the same luck. Drivers and waits are left out: they are the plan's."""
    facts, learnt = read_facts(snapshot), learn(snapshot)
    study, prepared = facts.study(study_id), replace(prepare_all(snapshot)[study_id], trial=changed)
    shared = shared_draws(snapshot, seed, replicates)
    future = simulate_trial(changed, shared)
    return TrialForecast(
        study_id,
        snapshot.id,
        facts.today,
        study.row["status"] or "",
        study.target,
        study.enrolled,
        evidence=prepared.evidence,
        milestones=_milestones(study, facts, future, prepared, learnt, seed),
        fan=_fan(prepared, facts, shared),
        history=_history(study, facts),
        money=forecast_money(study, facts, prepared, future),
        no_money=why_no_money(study),
        events=_describe_events(study, facts, prepared, future),
        seed=seed,
        replicates=replicates,
    )


def simulate_prepared(snapshot: Snapshot, study_id: str, seed: int, replicates: int) -> TrialFuture:
    """The joint replicates of a trial, kept with the snapshot."""
    key = ("forecasts.future", study_id, seed, replicates)
    return snapshot.cached(key, lambda: simulate_trial(prepare_all(snapshot)[study_id].trial, shared_draws(snapshot, seed, replicates)))


def shared_draws(snapshot: Snapshot, seed: int, replicates: int) -> Shared:
    """What all trials of a replicate share, kept with the snapshot."""
    return snapshot.cached(("forecasts.shared", seed, replicates), lambda: draw_shared(seed, replicates))


def _forecast(snapshot: Snapshot, study_id: str, seed: int, replicates: int) -> TrialForecast:
    facts = read_facts(snapshot)
    study = facts.study(study_id)
    base = TrialForecast(study_id, snapshot.id, facts.today, study.row["status"] or "", study.target, study.enrolled)
    base = replace(base, history=_history(study, facts))
    if reason := why_not(study):
        return replace(base, reason=reason, milestones=_plan_only(study))
    prepared, learnt = prepare_all(snapshot)[study_id], learn(snapshot)
    future = simulate_prepared(snapshot, study_id, seed, replicates)
    paths = _start_up_network(study, facts, learnt, seed)
    return replace(
        base,
        evidence=prepared.evidence,
        milestones=_milestones(study, facts, future, prepared, learnt, seed),
        fan=_fan(prepared, facts, shared_draws(snapshot, seed, replicates)),
        money=forecast_money(study, facts, prepared, future),
        no_money=why_no_money(study),
        drivers=slip_drivers(prepared, facts, learnt, seed),
        criticality=paths,
        exclusions=prepared.exclusions,
        design=prepared.design,
        events=_describe_events(study, facts, prepared, future),
        seed=seed,
        replicates=replicates,
    )


def _describe_events(study: StudyFacts, facts: PortfolioFacts, prepared: PreparedTrial, future: TrialFuture) -> EventForecast | None:
    plan = prepared.trial.finish.events
    if study.events is None or plan is None or future.events is None:
        return None
    planned = study.row["est_lplv"]
    by_plan = None if planned is None else share_of(future.events <= (planned - facts.today).days / MONTH_DAYS)
    return EventForecast(
        study.events.wanted,
        study.events.so_far,
        int(study.events.at_risk.sum()),
        tuple((law.name, weight) for law, weight in zip(plan.laws, plan.weights, strict=True)),
        study.events.so_far < ENOUGH,
        by_plan,
        float(np.isfinite(future.events).mean()),
    )


def planned_date(study: StudyFacts, milestone: str) -> date | None:
    """The baseline of a milestone, else its plan, else the trial's own plan."""
    baseline, planned, _ = study.milestones.get(milestone, (None, None, None))
    column = PLAN_COLUMNS.get(milestone)
    return baseline or planned or (study.row[column[0]] if column else None)


def actual_date(study: StudyFacts, milestone: str, today: date) -> date | None:
    """When the milestone was reached, as the snapshot knows."""
    column = PLAN_COLUMNS.get(milestone)
    actual = study.milestones.get(milestone, (None, None, None))[2] or (study.row[column[1]] if column else None)
    return actual if actual is not None and actual <= today else None


def _plan_only(study: StudyFacts) -> tuple[MilestoneForecast, ...]:
    far = date.max
    return tuple(
        MilestoneForecast(name, planned_date(study, name), actual_date(study, name, far))
        for name in ORDER
        if planned_date(study, name) or actual_date(study, name, far)
    )


def _milestones(
    study: StudyFacts, facts: PortfolioFacts, future: TrialFuture, prepared: PreparedTrial, learnt: Learnt, seed: int
) -> tuple[MilestoneForecast, ...]:
    months = {SHARE_NAMES[share]: sample for share, sample in future.reached.items()}
    if not prepared.open_sites and (first := _first_site(study, facts, learnt)) is not None:
        months["first_site_active"] = first / MONTH_DAYS
    if future.events is not None:
        months["target_events"] = future.events
    if study.row["act_lplv"] is None:
        months["last_participant_last_visit"] = future.last_visit
    months["database_lock"] = future.lock
    found = []
    for name in ORDER:
        planned, actual = planned_date(study, name), actual_date(study, name, facts.today)
        if actual is not None or name not in months:
            if actual is not None:
                found.append(MilestoneForecast(name, planned, actual))
            continue
        found.append(describe_milestone(name, planned, months[name], facts.today))
    return tuple(found)


def describe_milestone(name: str, planned: date | None, months: Array, today: date) -> MilestoneForecast:
    """Dates by probability, and the chance of the plan. No date lies before the data cut."""
    ordered = np.sort(months)
    dates = {p: day_after(today, float(ordered[min(int(p * len(ordered)), len(ordered) - 1)])) for p in LEVELS}
    by_plan = None if planned is None else share_of(months <= (planned - today).days / MONTH_DAYS + 0.5 / MONTH_DAYS)
    return MilestoneForecast(name, planned, None, dates, by_plan, float(np.isfinite(months).mean()))


def _first_site(study: StudyFacts, facts: PortfolioFacts, learnt: Learnt) -> Array | None:
    pending = [s for s in study.sites if s.activated is None and s.status not in ("dropped", "closed")]
    if not pending:
        return None
    return np.asarray(np.min([start_up_days(study, site, facts.today, learnt, NETWORK_REPLICATES) for site in pending], axis=0))


def _start_up_network(study: StudyFacts, facts: PortfolioFacts, learnt: Learnt, seed: int) -> tuple[tuple[str, float], ...]:
    """How often regulatory approval, ethics or the contract is what a pending site waits for, over its sites."""
    pending = [s for s in study.sites if s.activated is None and s.status not in ("dropped", "closed")]
    totals: dict[str, float] = {}
    for site in pending[:60]:
        country = study.countries.get(site.country)
        begun = {
            "regulatory approval": (country.submitted, country.approved) if country else (None, None),
            "ethics approval": (country.ethics_submitted, country.ethics_approved) if country else (None, None),
            "contract": (site.selected, site.contract),
        }
        activities = []
        for name, stage in (("regulatory approval", "approval"), ("ethics approval", "ethics"), ("contract", "contract")):
            start, end = begun[name]
            z = keyed_stream(seed, study.study_id, site.country if stage != "contract" else site.site_id, stage).standard_normal(
                NETWORK_REPLICATES
            )
            elapsed = float((facts.today - start).days) if start and start <= facts.today else 0.0
            done = end is not None and end <= facts.today
            activities.append(
                Activity(
                    name,
                    np.zeros(NETWORK_REPLICATES) if done else remaining_time(learnt.stages[stage], elapsed, z),
                    (),
                    0.0 if done else None,
                )
            )
        names = tuple(a.name for a in activities)
        activities.append(Activity("site activation", np.full(NETWORK_REPLICATES, learnt.stages["activation"].median), names))
        path = run_network(activities, "site activation").criticality
        waiting = {a.name for a in activities[:-1] if a.finished is None}
        for name in waiting:
            totals[name] = totals.get(name, 0.0) + path[name] / len(pending[:60])
    return tuple(sorted(totals.items(), key=lambda item: -item[1]))


def _fan(prepared: PreparedTrial, facts: PortfolioFacts, shared: Shared) -> tuple[tuple[date, tuple[float, ...]], ...]:
    edges, quantiles = enrolment_fan(prepared.trial.name, prepared.trial.recruitment, shared, LEVELS)
    middle = quantiles[LEVELS.index(0.5)]
    reached = np.flatnonzero(quantiles[1] >= prepared.facts.target)
    last = int(reached[0]) if len(reached) else len(edges) - 1
    keep = [i for i in range(len(edges)) if i <= last] if len(middle) > 1 else [0]
    return tuple(
        (day, tuple(float(q) for q in quantiles[:, i])) for i in keep if (day := day_after(facts.today, float(edges[i]))) is not None
    )


def _history(study: StudyFacts, facts: PortfolioFacts) -> tuple[tuple[date, float], ...]:
    total = np.zeros(facts.n_months)
    for site in study.sites:
        if len(site.months) == facts.n_months:
            total += site.months
    first = int(np.argmax(total > 0)) if (total > 0).any() else facts.n_months
    reached = np.cumsum(total)
    ends = [facts.today - timedelta(days=round((facts.n_months - 1 - i) * MONTH_DAYS)) for i in range(facts.n_months)]
    return tuple((ends[i], float(reached[i])) for i in range(first, facts.n_months))


def slip_drivers(prepared: PreparedTrial, facts: PortfolioFacts, learnt: Learnt, seed: int) -> tuple[tuple[str, float], ...]:
    """Days of the slip of the last participant in that each cause explains: one at a time is set to plan, same luck, medians compared."""
    r, study = prepared.trial.recruitment, prepared.facts
    plan = planned_date(study, "last_participant_in")
    if plan is None or r.needed <= 0 or prepared.planned_rate is None:
        return ()
    shared = draw_shared(seed, DRIVER_REPLICATES)
    median = _median_days(prepared.trial.name, r, shared)
    found = []
    for name, at_plan in _at_plan(prepared, facts, learnt).items():
        found.append((name, median - _median_days(prepared.trial.name, at_plan, shared)))
    return tuple(sorted(((n, d) for n, d in found if abs(d) >= 1.0), key=lambda pair: -abs(pair[1])))


def _median_days(name: str, r: Recruitment, shared: Shared) -> float:
    reached = simulate_recruitment(name, r, shared)
    return float(np.median(np.minimum(reached[1.0], HORIZON))) * MONTH_DAYS if reached else 0.0


def _at_plan(prepared: PreparedTrial, facts: PortfolioFacts, learnt: Learnt) -> dict[str, Recruitment]:
    """The trial with one cause at a time set to plan, what it has already cost in participants given back."""
    r, study = prepared.trial.recruitment, prepared.facts
    rate = prepared.planned_rate or r.mean
    had = site_months(study, facts.today)
    planned_had = _planned_site_months(study, facts.today)
    actual_rate = study.enrolled / had if had > 0 else r.mean
    failure = (study.screen_failed + 10 * learnt.screen_failure) / (study.screened + 10)
    screening = (1 - learnt.screen_failure) / max(1 - failure, 0.05)
    unapproved = np.array([_waits_for_approval(study, c, facts.today) for c in prepared.countries[prepared.open_sites :]], dtype=bool)
    padded = np.concatenate([unapproved, np.zeros(len(r.planned_opening) - len(unapproved), dtype=bool)])
    approval_months = learnt.stages["approval"].median / MONTH_DAYS
    sooner = np.where(padded, np.maximum(r.planned_opening - approval_months, 0.0), r.planned_opening)

    def given_back(participants: float) -> int:
        return int(min(r.target - 1, r.enrolled + max(0.0, participants)))

    return {
        "sites late": replace(
            r,
            enrolled=given_back((planned_had - had) * actual_rate),
            planned_opening=_openings_at_plan(prepared, facts.today),
            planned_chance=np.ones_like(r.planned_chance),
        ),
        "rates low": replace(r, enrolled=given_back((rate - actual_rate) * had), rate_factor=max(rate / max(r.mean, 1e-9), 0.2)),
        "screening": replace(r, rate_factor=r.rate_factor * float(np.clip(screening, 0.7, 1.5))),
        "drift": replace(r, drift=Drift(0.0, 0.0, r.drift.newcomers)),
        "approvals": replace(r, planned_opening=sooner),
    }


def _openings_at_plan(prepared: PreparedTrial, today: date) -> Array:
    """Months from now at which the pending sites would open by plan: evenly over the first 60 % of recruitment, none before today."""
    row, n = prepared.facts.row, len(prepared.trial.recruitment.planned_opening)
    first, last = row["est_fpfv"], row["est_lpfv"]
    if not (first and last and last > first):
        return np.zeros(n)
    place = (prepared.open_sites + np.arange(n) + 0.5) / max(prepared.open_sites + n, 1)
    begin, length = (first - today).days / MONTH_DAYS, (last - first).days / MONTH_DAYS
    return np.asarray(np.maximum(begin + 0.6 * length * place, 0.0))


def _waits_for_approval(study: StudyFacts, country: str, today: date) -> bool:
    facts = study.countries.get(country)
    return facts is None or facts.approved is None or facts.approved > today


def _planned_site_months(study: StudyFacts, today: date) -> float:
    """Sites planned to open evenly over the first 60 % of recruitment, open to its end."""
    r = study.row
    if not (r["est_fpfv"] and r["est_lpfv"] and r["num_plan_site"]):
        return 0.0
    length = max((r["est_lpfv"] - r["est_fpfv"]).days, 1) / MONTH_DAYS
    passed = float(np.clip((today - r["est_fpfv"]).days / MONTH_DAYS, 0.0, length))
    opening = 0.6 * length
    during = min(passed, opening)
    return float(float(r["num_plan_site"]) * (during**2 / (2 * opening) + max(0.0, passed - opening)))
