"""From the facts of a trial and the lessons of the portfolio to what the simulator needs, with a label of how good the evidence is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.costing import follow_up_months, prepare_money
from quarterdeck.forecasts.event_facts import EventFacts
from quarterdeck.forecasts.facts import MONTH_DAYS, PENDING, PortfolioFacts, SiteFacts, StudyFacts, read_facts
from quarterdeck.forecasts.learnt import Learnt, learn, planned_rate
from quarterdeck.forecasts.model import DesignPrior
from quarterdeck.forecasts.prior import weigh_design
from quarterdeck.methods.enrolment_backtest import Drift
from quarterdeck.methods.event_finish import EventPlan, fit_laws, planned_hazard, prior_law
from quarterdeck.methods.monte_carlo import keyed_stream
from quarterdeck.methods.portfolio import Array, Finish, Recruitment, TrialInput
from quarterdeck.methods.stage_times import remaining_time
from quarterdeck.vocabulary import wording

RATE_WEIGHT = 10.0  # participants' worth of belief in the planned rate as the portfolio corrects it
DROPOUT_HAZARD = 0.01  # per month, a weak prior beside the trial's own drop-outs
COUNTRY_WEIGHT = 8.0  # participants' worth of belief that a country recruits like its trial


@dataclass(frozen=True, slots=True)
class PreparedTrial:
    """What the simulator needs for one trial, beside the words about it."""

    facts: StudyFacts
    trial: TrialInput
    evidence: str
    open_sites: int
    pending_sites: int
    exclusions: tuple[str, ...]
    planned_rate: float | None
    countries: tuple[str, ...]  # of the open sites, then of the planned ones
    design: DesignPrior | None = None  # only while nobody is enrolled


def prepare_all(snapshot: Snapshot) -> dict[str, PreparedTrial]:
    """Every trial that is not over, kept with the snapshot."""
    return snapshot.cached("forecasts.prepared", lambda: _prepare_all(read_facts(snapshot), learn(snapshot)))


def why_not(study: StudyFacts) -> str | None:
    """Why there is no forecast for this trial, or None."""
    if study.is_over:
        return "The trial is over: its database is locked, or it was stopped."
    if not study.target:
        return "No planned number of participants (num_plan_subj) was loaded."
    return None


def _prepare_all(facts: PortfolioFacts, learnt: Learnt) -> dict[str, PreparedTrial]:
    return {study.study_id: _prepare(code, study, facts, learnt) for code, study in enumerate(facts.studies) if why_not(study) is None}


def _prepare(code: int, study: StudyFacts, facts: PortfolioFacts, learnt: Learnt) -> PreparedTrial:
    opened = [s for s in study.sites if s.activated and s.activated <= facts.today and not (s.closed and s.closed <= facts.today)]
    pending = [s for s in study.sites if s.status in PENDING and not (s.activated and s.activated <= facts.today)]
    rate = planned_rate(study)
    alpha, mean = _level(code, study, learnt, rate)
    shape, gamma_rate = _posteriors(code, study, opened, alpha, mean, facts, learnt)
    openings, chances, spread = _openings(study, pending, facts, learnt)
    missing = max(0, int(study.row["num_plan_site"] or 0) - len(opened) - len(pending)) if not study.recruitment_ended else 0
    if missing and not opened:
        # Sites that the plan wants but that nobody has named yet come last, and are as likely as others to fall through.
        openings = np.concatenate([openings, np.full(missing, float(np.max(openings, initial=6.0)))])
        chances = np.concatenate([chances, np.full(missing, 1 - learnt.never)])
    recruitment = Recruitment(
        study.target,
        study.enrolled if study.recruitment_ended is None else study.target,
        shape,
        gamma_rate,
        np.array([(facts.today - s.activated).days / MONTH_DAYS for s in opened if s.activated]),
        np.full(len(opened), np.inf),
        openings,
        chances,
        alpha,
        mean,
        learnt.shape,
        # Where nobody is enrolled the rate is a whole trial's average, ageing and drift within it: they must not count twice.
        learnt.drift if study.enrolled else Drift(0.0, 0.0, 1.0),
        spread,
        arms=study.arms,
    )
    finish, money = _finish(study, facts, learnt), prepare_money(study, facts.today, learnt)
    trial, design = weigh_design(study, TrialInput(study.study_id, recruitment, finish, money))
    return PreparedTrial(
        study,
        trial,
        _evidence(study, opened, learnt, design),
        len(opened),
        len(pending),
        _exclusions(study),
        rate,
        (*(s.country for s in opened), *(s.country for s in pending)),
        design,
    )


def _level(code: int, study: StudyFacts, learnt: Learnt, rate: float | None) -> tuple[float, float]:
    """Alpha, and the recent mean rate per site and month shrunk to the plan as the portfolio corrects it."""
    prior = (rate or 0.5) * learnt.rate_ratio
    fit = learnt.fits.get(code)
    if fit is None:
        return 1.4, prior
    recent, months = float((fit.site_shape - fit.alpha).sum()), float((fit.site_rate - fit.alpha / fit.mean).sum())
    return fit.alpha, (recent + RATE_WEIGHT * 0.5) / (months + RATE_WEIGHT * 0.5 / prior)


def _posteriors(
    code: int, study: StudyFacts, opened: list[SiteFacts], alpha: float, mean: float, facts: PortfolioFacts, learnt: Learnt
) -> tuple[Array, Array]:
    """Gamma posterior of each open site: its own recent months, its country's level, its trial's level."""
    fit = learnt.fits.get(code)
    if fit is None or not opened:
        return np.full(len(opened), alpha), np.full(len(opened), alpha / mean)
    rows = [s for s in study.sites if s.activated and s.activated <= facts.today]
    k, v = fit.site_shape - fit.alpha, fit.site_rate - fit.alpha / fit.mean
    by_country: dict[str, float] = {}
    for country in {s.country for s in rows}:
        mine = np.array([s.country == country for s in rows])
        by_country[country] = float((k[mine].sum() + COUNTRY_WEIGHT) / (v[mine].sum() + COUNTRY_WEIGHT / mean))
    where = {s.site_id: i for i, s in enumerate(rows)}
    index = np.array([where[s.site_id] for s in opened])
    levels = np.array([by_country[s.country] for s in opened])
    return alpha + k[index], alpha / levels + v[index]


def _openings(study: StudyFacts, pending: list[SiteFacts], facts: PortfolioFacts, learnt: Learnt) -> tuple[Array, Array, float]:
    """Median months to opening of each pending site given the time already passed, the chance that it opens, and the log spread."""
    if not pending or study.recruitment_ended is not None:
        return np.zeros(0), np.zeros(0), 0.3
    draws = 400
    medians, spreads = [], []
    for site in pending:
        days = start_up_days(study, site, facts.today, learnt, draws)
        medians.append(max(float(np.median(days)), 1.0) / MONTH_DAYS)
        spreads.append(float(np.std(np.log(np.maximum(days, 1.0)))))
    # One shared factor stands for the sites' common luck: half of each site's own spread.
    return np.array(medians), np.full(len(pending), 1 - learnt.never), float(np.clip(0.5 * np.mean(spreads), 0.1, 0.8))


def start_up_days(study: StudyFacts, site: SiteFacts, today: date, learnt: Learnt, draws: int) -> Array:
    """Days until activation = the later of approvals and contract, then initiation; each given the time already passed."""
    country = study.countries.get(site.country)
    parts = [
        _stage(
            "approval", country.submitted if country else None, country.approved if country else None, study, site, today, learnt, draws
        ),
        _stage(
            "ethics",
            country.ethics_submitted if country else None,
            country.ethics_approved if country else None,
            study,
            site,
            today,
            learnt,
            draws,
        ),
        _stage("contract", site.selected, site.contract, study, site, today, learnt, draws),
    ]
    ready = np.max(parts, axis=0)
    z = keyed_stream(0, study.study_id, site.site_id, "activation stage").standard_normal(draws)
    done = [d for d in (country.approved if country else None, country.ethics_approved if country else None, site.contract) if d]
    waited = float((today - max(done)).days) if ready.max() <= 0 and done else 0.0
    return np.asarray(ready + remaining_time(learnt.stages["activation"], waited, z))


def _stage(
    name: str, start: date | None, end: date | None, study: StudyFacts, site: SiteFacts, today: date, learnt: Learnt, draws: int
) -> Array:
    if end is not None and end <= today:
        return np.zeros(draws)
    # Countries share their luck within a trial, so that all sites of one wait together.
    who = (study.study_id, site.country) if name in ("approval", "ethics") else (study.study_id, site.site_id)
    z = keyed_stream(0, *who, name).standard_normal(draws)
    began = start if start is not None and start <= today else None
    elapsed = float((today - began).days) if began else 0.0
    ahead = max(0.0, float((start - today).days)) if start and start > today else 0.0
    return ahead + remaining_time(learnt.stages[name], elapsed, z)


def _finish(study: StudyFacts, facts: PortfolioFacts, learnt: Learnt) -> Finish:
    r = study.row
    planned = (r["est_lplv"] - r["est_lpfv"]).days / MONTH_DAYS if r["est_lplv"] and r["est_lpfv"] else 6.0
    law = learnt.stages["clean_up"]

    def ago(day: date | None) -> float | None:
        return None if day is None else (day - facts.today).days / MONTH_DAYS

    return Finish(
        max(planned * learnt.follow_up_ratio, 0.1),
        0.08,
        law.median / MONTH_DAYS,
        law.spread,
        ago(study.recruitment_ended),
        ago(r["act_lplv"]),
        ago(r["db_lock_dt"]),
        None if study.events is None else prepare_events(study, study.events),
    )


def prepare_events(study: StudyFacts, events: EventFacts) -> EventPlan:
    """What an event-driven trial still needs: laws fitted to its own participants, or the plan's hazard where events are few."""
    r = study.row
    recruiting = (r["est_lpfv"] - r["est_fpfv"]).days / MONTH_DAYS if r["est_lpfv"] and r["est_fpfv"] else 18.0
    hazard = planned_hazard(events.wanted, study.target, max(recruiting, 1.0), follow_up_months(study))
    laws, weights = fit_laws(events.time, events.happened, hazard)
    some_left = events.dropped.any()
    dropout = prior_law(float(events.dropped.sum()), float(events.time.sum()), DROPOUT_HAZARD) if some_left else None
    return EventPlan(max(events.wanted - events.so_far, 0), events.time[events.at_risk], laws, weights, dropout)


def _evidence(study: StudyFacts, opened: list[SiteFacts], learnt: Learnt, design: DesignPrior | None) -> str:
    if not study.enrolled:
        weighed = (
            f", weighed with what registered trials of its design took (weight {wording.share(design.weight, 0)})"
            if design and design.weight
            else ""
        )
        return (
            "low evidence: nobody has been enrolled, so the forecast is driven by the prior: the plan's rate as "
            f"{learnt.trials_behind} trials of this portfolio kept to theirs{weighed}"
        )
    if len(opened) < 4 or study.enrolled < 15:
        return f"low evidence: driven by the prior ({len(opened)} open sites, {study.enrolled} participants)"
    return f"{len(opened)} open sites, {study.enrolled} participants, and the history of {learnt.trials_behind} trials"


def _exclusions(study: StudyFacts) -> tuple[str, ...]:
    closed = sum(s.closed is not None for s in study.sites)
    dropped = sum(s.status == "dropped" for s in study.sites)
    return tuple(text for n, text in ((closed, f"{closed} closed sites"), (dropped, f"{dropped} dropped sites")) if n)


def replace_recruitment(prepared: PreparedTrial, **changes: object) -> PreparedTrial:
    """The same trial with other recruitment."""
    trial = replace(prepared.trial, recruitment=replace(prepared.trial.recruitment, **changes))  # type: ignore[arg-type]
    return replace(prepared, trial=trial)


def inputs_of(prepared: Mapping[str, PreparedTrial]) -> list[TrialInput]:
    """The simulator's inputs in the order of trials."""
    return [prepared[key].trial for key in sorted(prepared)]
