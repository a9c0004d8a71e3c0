"""Rolling-origin forecasts of monthly enrolment, each made only from what was known at its origin.

Fits of many trials give three things that no single trial can: the age shape of a site, how fast all sites drift down
after a forecast is made, and how far sites that open later fall short of the first. The last two are learnt from the
errors that the same model made at earlier origins, in all trials, and shrunk to priors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quarterdeck.methods.enrolment_months import MonthlyFit, SiteMonths, age_bin, fit_months, fit_shape
from quarterdeck.methods.monte_carlo import QUANTILES, Array, keyed_stream

Integers = NDArray[np.int64]
LEADS = 12
# Priors of the drift, as expected counts over what the fit alone predicts. They say: sites slow by 2.8 % a month beyond ageing,
# the first month falls 8 % short (recent luck fades), and late openers reach 70 % of the early ones. Leaving countries out of a
# real multi-country trial moved them little; the weights (participants) let about a year of pooled history outvote them.
PRIOR_LEVEL, PRIOR_SLOPE, PRIOR_NEWCOMERS = -0.08, -0.028, 0.70
WEIGHT_DRIFT, WEIGHT_NEWCOMERS = 1000.0, 400.0
FIRST_SHOCK, MONTHLY_SHOCK, NOISE = 0.14, 0.080, 0.10  # standard deviations of the log common level and of one month's scatter
SLOPE_ENDS = 18  # months after which the drift levels out: nobody has measured it beyond


@dataclass(frozen=True, slots=True)
class MonthlyRecord:
    """Counts by site and month of several trials: `trial` (sites,) codes 0.., `counts` (sites, months).

    `first` is the month a site opened: its first participant, or with `opened_known` its activation. `closing` is the month it
    stopped, `ends` (trials,) the month in which a trial's recruitment ended; large numbers where neither has happened.
    """

    names: tuple[str, ...]
    trial: Integers
    counts: Array
    first: Integers
    opened_known: bool = False
    closing: Integers | None = None
    ends: Integers | None = None

    @staticmethod
    def build(names: Sequence[str], trial: Integers, counts: Array) -> MonthlyRecord:
        """A record whose sites open with their first participant. Sites without any are dropped."""
        seen = counts.sum(axis=1) > 0
        kept = counts[seen].astype(float)
        return MonthlyRecord(tuple(names), np.asarray(trial)[seen], kept, np.asarray((kept > 0).argmax(axis=1), dtype=np.int64))

    def known(self, trial: int, origin: int) -> SiteMonths:
        """The sites of a trial that opened before `origin`, and their counts before it."""
        mine = (self.trial == trial) & (self.first < origin)
        closing = None if self.closing is None else self.closing[mine]
        return SiteMonths(self.counts[mine, :origin], self.first[mine], self.opened_known, closing)

    def is_recruiting(self, trial: int, months: Integers) -> NDArray[np.bool_]:
        """Whether the trial was still recruiting in each of these months."""
        return np.asarray(months < (self.ends[trial] if self.ends is not None else np.iinfo(np.int64).max))

    def planned(self, trial: int, origin: int) -> Integers:
        """Opening months of the sites that open in the twelve months from `origin`: the activation plan."""
        mine = (self.trial == trial) & (self.first >= origin) & (self.first < origin + LEADS)
        return np.asarray(self.first[mine], dtype=np.int64)

    def is_forecastable(self, trial: int, origin: int) -> bool:
        """At least 15 participants so far, and at least two sites older than three months."""
        data = self.known(trial, origin)
        recruiting = self.ends is None or bool(self.ends[trial] >= origin)
        return bool(recruiting and data.counts.sum() >= 15 and (data.first < origin - 3).sum() >= 2)


@dataclass(frozen=True, slots=True)
class Drift:
    """Log level of open sites `level + slope * lead`, and the factor on sites that open after the origin."""

    level: float = PRIOR_LEVEL
    slope: float = PRIOR_SLOPE
    newcomers: float = PRIOR_NEWCOMERS

    def factor(self, leads: int) -> Array:
        """Multiplier of the expected count in each of the coming months. Shape (leads,)."""
        return np.asarray(np.exp(self.level + self.slope * np.minimum(np.arange(leads), SLOPE_ENDS)))


def pooled_shape(known: Iterable[SiteMonths]) -> Array | None:
    """Age shape over several trials, each with its own level; None without data."""
    trials = [data for data in known if data.counts.size]
    if not trials:
        return None
    origin = trials[0].origin
    counts = np.concatenate([data.counts for data in trials])
    first = np.concatenate([data.first for data in trials])
    groups = np.repeat(np.arange(len(trials)), [len(data.first) for data in trials])
    assert all(data.origin == origin for data in trials)
    closing = None if trials[0].closing is None else np.concatenate([data.closing for data in trials if data.closing is not None])
    return fit_shape(SiteMonths(counts, first, trials[0].opened_known, closing), groups=groups)[0]


def fit_origin(record: MonthlyRecord, origin: int) -> dict[int, MonthlyFit]:
    """A fit of every forecastable trial at `origin`, each with the age shape of the others as its prior."""
    known = {trial: record.known(trial, origin) for trial in range(len(record.names)) if record.is_forecastable(trial, origin)}
    return {trial: fit_months(data, pooled_shape(other for name, other in known.items() if name != trial)) for trial, data in known.items()}


def expected_counts(fit: MonthlyFit, first: Integers, planned: Integers, origin: int) -> tuple[Array, Array]:
    """Expected counts per lead month from open and from planned sites, before any drift; planned without the opening participant."""
    months = origin + np.arange(LEADS)
    opened = (fit.site_shape / fit.site_rate) @ fit.age_shape[age_bin(months[None] - first[:, None])]
    ages = months[None] - planned[:, None]
    new = fit.mean * (fit.age_shape[age_bin(ages)] * _planned_exposure(ages)).sum(axis=0)
    return opened, new


def learn_drift(record: MonthlyRecord, fits: dict[int, dict[int, MonthlyFit]], origin: int, weight: float = WEIGHT_DRIFT) -> Drift:
    """What the model's errors at earlier origins say by `origin`, shrunk to the priors. Only months before `origin` are read."""
    leads = np.arange(LEADS)
    seen, due = weight * np.exp(PRIOR_LEVEL + PRIOR_SLOPE * leads), np.full(LEADS, weight)
    newcomers: list[tuple[Array, Array]] = []
    for earlier, trials in fits.items():
        known = earlier + leads < origin
        if not known.any():
            continue
        for trial, fit in trials.items():
            opened, new = expected_counts(fit, record.known(trial, earlier).first, record.planned(trial, earlier), earlier)
            actual_open, actual_new = _actual_counts(record, trial, earlier)
            counted = known & record.is_recruiting(trial, earlier + leads + 1)
            seen, due = seen + counted * actual_open, due + counted * opened
            newcomers.append((counted * actual_new, counted * new))
    weights = np.sqrt(due)
    design = np.column_stack([np.ones(LEADS), leads])
    level, slope = np.linalg.lstsq(design * weights[:, None], np.log(seen / due) * weights, rcond=None)[0]
    factor = np.exp(level + slope * leads)
    # A late opener counts half: one site appears at several origins, and its first months are mostly the plan's doing.
    reached = WEIGHT_NEWCOMERS * PRIOR_NEWCOMERS + sum(float(actual.sum()) for actual, _ in newcomers) / 2
    expected = WEIGHT_NEWCOMERS + sum(float((new * factor).sum()) for _, new in newcomers) / 2
    return Drift(float(level), float(slope), reached / expected)


def simulate_months(
    fit: MonthlyFit,
    first: Integers,
    planned: Integers,
    origin: int,
    leads: int,
    drift: Drift,
    rng: np.random.Generator,
    replicates: int = 4000,
    opened_known: bool = False,
) -> Array:
    """Counts in each coming month, shape (replicates, leads). `planned` are opening months of sites not yet open."""
    months = origin + np.arange(leads)
    rates = rng.gamma(fit.site_shape, 1 / fit.site_rate, size=(replicates, len(first)))
    intensity = rates @ fit.age_shape[age_bin(months[None] - first[:, None])]
    certain = np.zeros(leads)
    if len(planned):
        ages = months[None] - planned[:, None]
        new = rng.gamma(fit.alpha, drift.newcomers * fit.mean / fit.alpha, size=(replicates, len(planned)))
        intensity = intensity + new @ (fit.age_shape[age_bin(ages)] * _planned_exposure(ages))
        certain = certain if opened_known else (ages == 0).sum(axis=0)
    steps = rng.normal(size=(replicates, leads)) * np.where(np.arange(leads) == 0, FIRST_SHOCK, MONTHLY_SHOCK)
    common = np.exp(np.cumsum(steps, axis=1) + NOISE * rng.normal(size=(replicates, leads)))
    return np.asarray(rng.poisson(intensity * common * drift.factor(leads)) + certain, dtype=float)


def rolling_forecasts(
    record: MonthlyRecord, origins: Sequence[int], horizons: Sequence[int], seed: int, replicates: int = 8000
) -> dict[tuple[int, int, int], Array]:
    """Quantiles (5, 10, 25, 50, 75, 90, 95 %) of the count in `horizon` months from `origin`, by (trial, origin, horizon)."""
    first = int(record.first.min()) if len(record.first) else 0
    # Earlier origins than those asked for also teach: every third month from the first year on.
    history = sorted({*origins, *range(first + 9, max(origins, default=0), 3)})
    fits = {origin: fit_origin(record, origin) for origin in history}
    forecasts: dict[tuple[int, int, int], Array] = {}
    for origin in origins:
        drift = learn_drift(record, {earlier: trials for earlier, trials in fits.items() if earlier < origin}, origin)
        for trial, fit in fits[origin].items():
            rng = keyed_stream(seed, "back-test", record.names[trial], origin)
            sites = record.known(trial, origin).first
            months = simulate_months(fit, sites, record.planned(trial, origin), origin, max(horizons), drift, rng, replicates)
            reached = np.cumsum(months, axis=1)
            for horizon in horizons:
                forecasts[trial, origin, horizon] = np.quantile(reached[:, horizon - 1], QUANTILES)
    return forecasts


def _planned_exposure(ages: Integers) -> Array:
    return np.where(ages > 0, 1.0, np.where(ages == 0, 0.5, 0.0))


def _actual_counts(record: MonthlyRecord, trial: int, origin: int) -> tuple[Array, Array]:
    window = slice(origin, origin + LEADS)
    mine, late = record.trial == trial, record.first >= origin
    opened = record.counts[mine & ~late, window].sum(axis=0)
    new = record.counts[mine & late, window].sum(axis=0)
    starts = np.bincount(record.planned(trial, origin) - origin, minlength=LEADS)[: len(new)] * (not record.opened_known)
    pad = LEADS - len(opened)
    return np.pad(opened, (0, pad)), np.pad(new - starts, (0, pad))
