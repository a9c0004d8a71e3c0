"""What the whole portfolio teaches each trial: age shape and drift of sites, plan against fact, stage times, clean-up, change orders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.facts import MONTH_DAYS, PENDING, PortfolioFacts, StudyFacts, read_facts
from quarterdeck.methods.enrolment_backtest import Drift, MonthlyRecord, fit_origin, learn_drift, pooled_shape
from quarterdeck.methods.enrolment_months import AGE_EDGES, MonthlyFit, fit_months
from quarterdeck.methods.portfolio import Array
from quarterdeck.methods.stage_times import StageLaw, fit_stage, gamma_as_log_normal

NEVER = np.iinfo(np.int64).max // 2
# Priors where a portfolio has no history of its own; they weigh eight cases. Sources: Tufts 2018 (31 weeks from identification,
# 11 % never activated), an oncology benchmark for approval to activation (mean 206 days), Tufts-Veeva 2017 (36 days to lock).
STAGE_PRIORS = {
    "approval": StageLaw(75.0, 0.5),
    "ethics": StageLaw(75.0, 0.5),
    "contract": StageLaw(120.0, 0.55),
    "activation": StageLaw(45.0, 0.6),
    "start_up": gamma_as_log_normal(10.4, 19.9),
    "clean_up": StageLaw(45.0, 0.45),
}
NEVER_ACTIVATED = 0.11
NEVER_WEIGHT = 30.0
LEARNING_STEP = 3
DRIFT_WEIGHT = 250.0  # participants: a portfolio's own trials outvote the drift of the one trial that the prior comes from


@dataclass(frozen=True, slots=True)
class Learnt:
    """Shared lessons. `rate_ratio` is actual over planned rate of finished or running trials (pooled), `follow_up_ratio` likewise."""

    record: MonthlyRecord
    fits: dict[int, MonthlyFit]
    shape: Array
    drift: Drift
    stages: dict[str, StageLaw]
    never: float
    rate_ratio: float
    follow_up_ratio: float
    screen_failure: float
    change_orders_per_month: float
    change_order_size: float
    trials_behind: int


def learn(snapshot: Snapshot) -> Learnt:
    """The lessons of a snapshot, kept with it."""
    return snapshot.cached("forecasts.learnt", lambda: _learn(read_facts(snapshot)))


def build_record(facts: PortfolioFacts) -> MonthlyRecord:
    """Counts of all opened sites by month window, with true activations and closings."""
    trial, counts, first, closing = [], [], [], []
    for code, study in enumerate(facts.studies):
        for site in study.sites:
            if site.activated is None or site.activated > facts.today:
                continue
            trial.append(code)
            counts.append(site.months if len(site.months) == facts.n_months else np.zeros(facts.n_months))
            first.append(max(0, facts.month_of(site.activated)))
            # A site recruits no longer than its trial does: empty months after that say nothing about ageing.
            stops = [d for d in (site.closed, study.recruitment_ended) if d is not None and d <= facts.today]
            closing.append(facts.month_of(min(stops)) if stops else NEVER)
    ends = [facts.month_of(s.recruitment_ended) if s.recruitment_ended else NEVER for s in facts.studies]
    matrix = np.array(counts) if counts else np.zeros((0, facts.n_months))
    return MonthlyRecord(
        tuple(s.study_id for s in facts.studies),
        np.array(trial, dtype=np.int64),
        matrix,
        np.array(first, dtype=np.int64),
        True,
        np.array(closing, dtype=np.int64),
        np.array(ends, dtype=np.int64),
    )


def _learn(facts: PortfolioFacts) -> Learnt:
    record = build_record(facts)
    now = facts.n_months
    history = {origin: fit_origin(record, origin) for origin in range(max(6, now - 36), now, LEARNING_STEP)}
    known = [record.known(t, now) for t in range(len(record.names))]
    shape = pooled_shape(k for k in known if len(k.first))
    chosen = np.ones(len(AGE_EDGES)) if shape is None else shape
    fits = {t: fit_months(data, chosen) for t, data in enumerate(known) if len(data.first) and data.counts.sum() > 0}
    orders = [value for study in facts.studies for value in study.change_orders]
    sizes = [value for value in orders if value is not None]  # one without a rate counts, but nobody knows for how much
    months = sum(_active_months(study, facts.today) for study in facts.studies)
    screened, failed = sum(s.screened for s in facts.studies), sum(s.screen_failed for s in facts.studies)
    pending = [site for study in facts.studies for site in study.sites]
    dropped = sum(site.status == "dropped" for site in pending)
    opened = sum(site.activated is not None for site in pending)
    return Learnt(
        record,
        fits,
        chosen,
        learn_drift(record, history, now, DRIFT_WEIGHT),
        _stages(facts),
        (dropped + NEVER_ACTIVATED * NEVER_WEIGHT) / (dropped + opened + NEVER_WEIGHT),
        _rate_ratio(facts),
        _follow_up_ratio(facts),
        (failed + 3.0) / (screened + 10.0),
        (len(orders) + 0.05 * 20) / (months + 20),
        float(np.median(sizes)) if sizes else 0.0,
        len(fits),
    )


def _stages(facts: PortfolioFacts) -> dict[str, StageLaw]:
    done: dict[str, list[float]] = {name: [] for name in STAGE_PRIORS}
    waiting: dict[str, list[float]] = {name: [] for name in STAGE_PRIORS}

    def add(name: str, start: date | None, end: date | None, is_open: bool = True) -> None:
        if start is None or start > facts.today:
            return
        if end is not None and end <= facts.today:
            done[name].append(max((end - start).days, 0))
        elif is_open:
            waiting[name].append((facts.today - start).days)

    for study in facts.studies:
        for country in study.countries.values():
            add("approval", country.submitted, country.approved)
            add("ethics", country.ethics_submitted, country.ethics_approved)
        for site in study.sites:
            is_open = site.status in PENDING and not study.is_over
            add("start_up", site.selected, site.activated, is_open)
            add("contract", site.selected, site.contract, is_open)
            ready = _ready(study, site.country, site.contract)
            add("activation", ready, site.activated, is_open)
        add("clean_up", study.row["act_lplv"], study.row["db_lock_dt"])
    return {name: fit_stage(np.array(done[name]), np.array(waiting[name]), prior) for name, prior in STAGE_PRIORS.items()}


def _ready(study: StudyFacts, country: str, contract: date | None) -> date | None:
    """When contract and approvals were all there."""
    facts = study.countries.get(country)
    needed = [contract, *((facts.approved, facts.ethics_approved) if facts else ())]
    return max(d for d in needed if d is not None) if all(d is not None for d in needed) else None


def planned_rate(study: StudyFacts) -> float | None:
    """Participants per site and month that the plan implies, counting sites as open on average for 70 % of recruitment."""
    first, last, sites = study.row["est_fpfv"], study.row["est_lpfv"], study.row["num_plan_site"]
    if not (first and last and sites and study.target) or last <= first:
        return None
    return float(study.target / (0.7 * float(sites) * (last - first).days / MONTH_DAYS))


def site_months(study: StudyFacts, today: date) -> float:
    """Months that sites were open by the data cut."""
    total = 0.0
    for site in study.sites:
        if site.activated and site.activated <= today:
            end = min(d for d in (today, site.closed, study.recruitment_ended) if d is not None)
            total += max(0.0, (end - site.activated).days / MONTH_DAYS)
    return total


def _rate_ratio(facts: PortfolioFacts) -> float:
    """Pooled in logs over trials, shrunk to 0.8: plans are hopeful."""
    logs = [np.log(0.8)] * 3
    for study in facts.studies:
        rate, months = planned_rate(study), site_months(study, facts.today)
        if rate and months > 20:
            logs.append(float(np.log((study.enrolled + 0.5) / (rate * months + 0.5))))
    return float(np.exp(np.mean(logs)))


def _follow_up_ratio(facts: PortfolioFacts) -> float:
    logs = [0.0] * 3
    for study in facts.studies:
        r = study.row
        if r["act_lpfv"] and r["act_lplv"] and r["est_lpfv"] and r["est_lplv"] and r["est_lplv"] > r["est_lpfv"]:
            logs.append(float(np.log(max((r["act_lplv"] - r["act_lpfv"]).days, 1) / (r["est_lplv"] - r["est_lpfv"]).days)))
    return float(np.exp(np.mean(logs)))


def _active_months(study: StudyFacts, today: date) -> float:
    start = study.row["protocol_approved_dt"]
    end = study.row["db_lock_dt"] or today
    return max(0.0, (min(end, today) - start).days / MONTH_DAYS) if start and start < today else 0.0
