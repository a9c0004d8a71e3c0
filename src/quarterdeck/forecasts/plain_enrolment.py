"""The enrolment forecast of one trial from plain files, as a document of figures with its evidence, exclusions and reasons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from quarterdeck.forecasts.plain_files import PlainCase, PlainSite
from quarterdeck.methods.completion import CompletionLaw, Conditions, Sites, count_summary
from quarterdeck.methods.earned_schedule import is_early
from quarterdeck.methods.earned_value import get_earned_value
from quarterdeck.methods.enrolment import RateFit, fit_rates, given_rates, parameter_nodes, posterior
from quarterdeck.methods.monte_carlo import keyed_stream, quantile_with_error
from quarterdeck.methods.screening import Funnel, draw_funnel, mean_screens_needed, mean_success
from quarterdeck.vocabulary.errors import BadInput

LEVELS = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
DAYS_AHEAD = (7, 14, 28, 30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 330, 360, 365, 450, 540, 730)
FUNNEL_DRAWS = 2_000_000
FUNNEL_KEYS = (
    "screened_completed",
    "screen_failures",
    "randomised",
    "in_screening",
    "screening_days",
    "observation_days",
    "target_randomised",
)


def forecast_plain(case: PlainCase, plug_in: bool = False, days: Sequence[float] = DAYS_AHEAD) -> dict[str, Any]:
    """Figures under the keys of the golden cases; quantiles are days after the cut-off, None = not reached."""
    enrolled = sum(site.enrolled for site in case.sites)
    remaining = case.target - enrolled
    head = {"n_target": case.target, "enrolled": enrolled, "n_remaining": remaining, "cutoff_day": case.cutoff}
    if remaining <= 0:
        reason = f"The target of {case.target} participants was met by the cut-off ({enrolled} enrolled): there is nothing to forecast."
        return head | _without_forecast(_fit_or_none(case), "complete", reason)
    if case.given is None and not enrolled:
        reason = "Nobody has been enrolled, so there is no rate to fit. Give alpha and beta (given_parameters in the case) for a forecast from a plan."
        return head | _without_forecast(None, "insufficient_data", reason)
    future, excluded = _sites_ahead(case)
    if not future:
        reason = "No site can still enrol: all are closed, full or without an opening."
        return head | _without_forecast(_fit_or_none(case), "never_reached", reason) | {"prob_reach_ever": 0.0, "excluded_sites": excluded}
    return head | _forecast(case, future, remaining, plug_in, days) | {"excluded_sites": excluded}


def forecast_funnel(case: dict[str, Any], seed: int, draws: int = FUNNEL_DRAWS) -> dict[str, Any]:
    """Completion of a trial whose screening is the bottleneck. Raises BadInput naming a key that is missing or wrong."""
    funnel = _read_funnel(case)
    need = funnel.target - funnel.randomised
    if need <= 0:
        return {"n_remaining": need, "expected_behaviour": "complete", "reason": "The target was met by the cut-off.", "completion": None}
    if funnel.completed + funnel.in_screening <= 0:
        reason = "Nobody has been screened, so there is no screening rate."
        return {"n_remaining": need, "expected_behaviour": "insufficient_data", "reason": reason, "completion": None}
    drawn = draw_funnel(funnel, keyed_stream(seed, "screening funnel"), draws)
    return {
        "n_remaining": need,
        "completion": _summary(drawn.completion),
        "mean_success_prob": mean_success(funnel),
        "screens_needed": _summary(drawn.screens_needed),
        "screens_needed_mean_exact": mean_screens_needed(funnel) if need > funnel.in_screening else None,
        "expected_behaviour": "forecast",
        "method": f"Monte Carlo, {draws:,} draws; mean_success_prob and screens_needed_mean_exact in closed form",
        "seed": seed,
    }


def earned_values(case: dict[str, Any]) -> dict[str, Any]:
    """Earned-value figures of each entry of `cases`; undefined ratios are None."""
    results = []
    for i, entry in enumerate(case.get("cases", []), 1):
        try:
            amounts = [float(entry[key]) for key in ("BAC", "PV", "EV", "AC")]
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput("An earned-value case needs BAC, PV, EV and AC as numbers", thing=f"case {i}: {entry}") from error
        if not all(math.isfinite(amount) and amount >= 0 for amount in amounts):
            raise BadInput("Earned value needs finite amounts that are not negative", thing=f"case {i}: {entry}")
        named: dict[str, Any] = dict(zip(("BAC", "PV", "EV", "AC"), amounts, strict=True))
        results.append(named | get_earned_value(*amounts) | {"is_early": is_early(amounts[0], amounts[2])})
    return {"results": results}


def _forecast(case: PlainCase, future: list[PlainSite], remaining: int, plug_in: bool, days: Sequence[float]) -> dict[str, Any]:
    fit = _fit(case)
    sites, conditions = _arrays(future, case), _conditions(case, future)
    simple = [(1.0, _at(fit, sites, future))]
    # Caps need the exact law at every node, so fewer nodes: quantiles move by less than a tenth of a day.
    rule = (5, 3) if sites.has_caps or conditions.country_room else (9, 7)
    mixture = [(weight, _at(node, sites, future)) for weight, node in parameter_nodes(fit, rule)]
    certain, uncertain = CompletionLaw(remaining, simple, conditions), CompletionLaw(remaining, mixture, conditions)
    ever = certain.probability_ever()
    plug = {f"{p:g}": certain.quantile(p, ever) for p in LEVELS}
    full = plug if len(mixture) == 1 else {f"{p:g}": uncertain.quantile(p, ever) for p in LEVELS}
    chosen, law = (plug, certain) if plug_in else (full, uncertain)
    coarse = simple if plug_in or len(mixture) == 1 else [(w, _at(node, sites, future)) for w, node in parameter_nodes(fit, (5, 3))]
    answer: dict[str, Any] = {
        "fit": _fit_document(fit),
        "prob_reach_ever": ever,
        "quantile_days_from_cutoff": chosen,
        "mean_days_from_cutoff": law.mean(),
        "predicted_enrolment_after_cutoff": {f"{d:g}": count_summary(d, coarse, conditions, LEVELS) for d in days},
        "expected_behaviour": "forecast",
        "evidence": _evidence(fit, case),
        "parameter_uncertainty": not plug_in,
        "method": "exact law of a sum of negative-binomial counts (FFT), saddlepoint where that would be slow; Brent root",
    }
    if len(mixture) > 1:
        answer["quantile_plug_in"] = plug
        key = "quantile_with_rate_uncertainty" if fit.boundary else "quantile_with_parameter_uncertainty"
        answer[key] = full
        answer["param_uncertainty_MC"] = {"definition": _uncertainty_words(fit), "quantile": full, "mc_se": dict.fromkeys(full, 0.0)}
    if case.start is not None:
        at_cutoff = case.start + timedelta(days=case.cutoff)
        answer["quantile_date"] = {p: None if d is None else str(at_cutoff + timedelta(days=round(d))) for p, d in chosen.items()}
    return answer


def _uncertainty_words(fit: RateFit) -> str:
    if fit.boundary:
        return "common rate ~ Gamma(K, V), by quadrature"
    return "(ln alpha, ln mean) ~ Normal(ML, inverse observed information), by quadrature instead of draws"


def _fit(case: PlainCase) -> RateFit:
    if case.given is not None:
        return given_rates(*case.given)
    return fit_rates(np.array([s.enrolled for s in case.sites]), np.array([s.exposure for s in case.sites]))


def _fit_or_none(case: PlainCase) -> RateFit | None:
    return _fit(case) if case.given is not None or any(site.enrolled for site in case.sites) else None


def _at(fit: RateFit, sites: Sites, future: list[PlainSite]) -> Sites:
    enrolled, exposure = np.array([s.enrolled for s in future], dtype=float), np.array([s.exposure for s in future])
    return sites.with_posterior(*posterior(fit, enrolled, exposure))


def _sites_ahead(case: PlainCase) -> tuple[list[PlainSite], dict[str, str]]:
    """Sites that may still enrol, and why the others may not."""
    kept, excluded = [], {}
    for site in case.sites:
        if site.close_day is not None and site.close_day <= case.cutoff:
            excluded[site.site_id] = "closed by the cut-off"
        elif site.cap is not None and site.enrolled >= site.cap:
            excluded[site.site_id] = "its cap is reached"
        elif site.open_day is None and site.delay is None:
            excluded[site.site_id] = "no opening day and no opening delay"
        else:
            kept.append(site)
    return kept, excluded


def _arrays(future: list[PlainSite], case: PlainCase) -> Sites:
    codes = {country: i for i, country in enumerate(sorted({site.country for site in case.sites}))}
    blank = (np.nan, np.nan, np.nan)
    size = len(future)
    return Sites(
        np.zeros(size),
        np.ones(size),
        np.array([0.0 if s.open_day is None else s.open_day - case.cutoff for s in future]),
        np.array([np.inf if s.close_day is None else s.close_day - case.cutoff for s in future]),
        np.array([np.inf if s.cap is None else s.cap - s.enrolled for s in future], dtype=float),
        np.array([codes[s.country] for s in future]),
        np.array([s.delay if s.delay and s.open_day is None else blank for s in future], dtype=float),
    )


def _conditions(case: PlainCase, future: list[PlainSite]) -> Conditions:
    codes = {country: i for i, country in enumerate(sorted({site.country for site in case.sites}))}
    used = {c: sum(s.enrolled for s in case.sites if s.country == c) for c in codes}
    room = {codes[c]: max(0, cap - used[c]) for c, cap in case.country_caps.items() if c in codes}
    return Conditions(tuple((a - case.cutoff, b - case.cutoff) for a, b in case.holds), room)


def _fit_document(fit: RateFit) -> dict[str, Any]:
    if fit.score_overdispersion is None:
        return {"alpha": fit.alpha, "beta": fit.beta, "mean": fit.mean, "given": True}
    spread = (None, None) if fit.covariance is None else tuple(np.sqrt(np.diag(fit.covariance)).tolist())
    rate = fit.participants / fit.site_days
    return {
        "alpha": fit.alpha,
        "beta": fit.beta,
        "mean": fit.mean,
        "loglik": fit.log_likelihood,
        "loglik_poisson": fit.log_likelihood_poisson,
        "poisson_rate": rate,
        "poisson_rate_per_site_day": rate,
        "boundary": fit.boundary,
        "score_overdispersion": fit.score_overdispersion,
        "se_logalpha": spread[0],
        "se_logmean": spread[1],
        "n_sites": fit.n_sites,
        "K": fit.participants,
        "V": fit.site_days,
    }


def _evidence(fit: RateFit, case: PlainCase) -> str:
    if case.given is not None:
        return "given parameters: no data were used"
    if fit.is_low_evidence:
        return f"low evidence: driven by the prior ({fit.n_sites} sites, {fit.participants} participants)"
    if fit.boundary:
        return "sites do not differ beyond chance: one common rate"
    return f"{fit.n_sites} sites, {fit.participants} participants"


def _without_forecast(fit: RateFit | None, behaviour: str, reason: str) -> dict[str, Any]:
    return {
        "fit": None if fit is None else _fit_document(fit),
        "expected_behaviour": behaviour,
        "reason": reason,
        "quantile_days_from_cutoff": None,
        "mean_days_from_cutoff": None,
        "prob_reach_ever": 1.0 if behaviour == "complete" else None,
        "predicted_enrolment_after_cutoff": None,
    }


def _summary(sample: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, Any]:
    values, errors = quantile_with_error(sample, LEVELS)
    keys = [f"{p:g}" for p in LEVELS]
    return {
        "mean": float(sample.mean()),
        "mean_se": float(sample.std() / np.sqrt(len(sample))),
        "quantile": dict(zip(keys, values.tolist(), strict=True)),
        "mc_se": dict(zip(keys, errors.tolist(), strict=True)),
    }


def _read_funnel(case: dict[str, Any]) -> Funnel:
    values = []
    for key in FUNNEL_KEYS:
        value = case.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise BadInput("The screening funnel needs this number, not negative", thing=f"{key} = {value!r}", allowed=FUNNEL_KEYS)
        values.append(value)
    completed, failures, randomised, in_screening, screening_days, observed, target = values
    if observed <= 0:
        raise BadInput("The observation time must be longer than nothing", thing=f"observation_days = {observed}")
    if randomised + failures > completed:
        raise BadInput(
            "More outcomes than completed screenings", thing=f"{randomised} randomised, {failures} failed, {completed} completed"
        )
    return Funnel(int(completed), int(randomised), int(failures), int(in_screening), screening_days, observed, int(target))
