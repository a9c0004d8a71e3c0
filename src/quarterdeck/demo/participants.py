"""Participants of one trial: screened, enrolled, visited, gone; from the hidden site rates, event by event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quarterdeck.demo.known import NO_DAY, Array, Columns, Draft, is_set
from quarterdeck.demo.options import DemoOptions
from quarterdeck.demo.sites import Sites
from quarterdeck.demo.studies import EVENT_SCALE_DAYS, EVENT_SHAPE, Study

AGEING_DAYS = 3200.0  # site rates fall with site age, as every real record shows
SCREENING_DAYS = (7, 22)
AGE_BANDS = ("18-29", "30-39", "40-49", "50-59", "60-69", "70-79", "80+")
LEAVING_REASONS = ("Withdrawal by participant", "Adverse event", "Lost to follow-up", "Physician decision", "Lack of efficacy")
FAILURE_REASONS = ("Inclusion criterion not met", "Exclusion criterion met", "Withdrew consent", "Screening window passed")


@dataclass(frozen=True, slots=True)
class Participants:
    """Screened people of one trial as parallel arrays; `enrolled` is NaT for screen failures. `site` is a position in Sites."""

    sites: Sites
    id: Array
    site: npt.NDArray[np.int64]
    screened: npt.NDArray[np.datetime64]
    enrolled: npt.NDArray[np.datetime64]
    failed: npt.NDArray[np.datetime64]
    left: npt.NDArray[np.datetime64]
    finished: npt.NDArray[np.datetime64]
    last_in: np.datetime64
    event: npt.NDArray[np.datetime64]  # of the primary endpoint, known or to come; only in event-driven trials

    @property
    def is_enrolled(self) -> npt.NDArray[np.bool_]:
        """Whether the person was (or will be) enrolled."""
        return is_set(self.enrolled)

    @property
    def end(self) -> npt.NDArray[np.datetime64]:
        """The last day on study, known or to come."""
        return np.where(is_set(self.left), self.left, self.finished)


def simulate_participants(options: DemoOptions, sites: Sites) -> Participants:
    """Arrivals at each site until the trial's target is met or the horizon (one year after today) ends."""
    rng = options.stream("participants", sites.study.id)
    study, horizon = sites.study, np.datetime64(options.today, "D") + np.timedelta64(365, "D")
    failure = study.area.screen_failure * rng.uniform(0.85, 1.15)
    site, day = _arrivals(rng, sites, horizon, 1.0)
    order = np.argsort(day, kind="stable")[: study.n_participants]
    site, enrolled = site[order], day[order]
    met = len(enrolled) >= study.n_participants
    last_in = enrolled[-1] if met else horizon
    failed_site, failed_day = _arrivals(rng, sites, last_in, failure / (1 - failure))

    everyone = np.concatenate([site, failed_site])
    reached = np.concatenate([enrolled, failed_day])
    is_in = np.arange(len(everyone)) < len(site)
    order = np.argsort(reached, kind="stable")
    everyone, reached, is_in = everyone[order], reached[order], is_in[order]
    screened = reached - rng.integers(*SCREENING_DAYS, len(reached)).astype("timedelta64[D]")
    screened = np.maximum(screened, sites.active[everyone])
    reached = np.maximum(reached, screened)
    enrolled = np.where(is_in, reached, NO_DAY)
    finished = np.where(is_in, reached + np.timedelta64(study.treatment_days, "D"), NO_DAY)
    hazard = -np.log(1 - study.area.leaving) / study.treatment_days
    leaving = reached + np.ceil(rng.exponential(1 / hazard, len(reached))).astype("timedelta64[D]")
    left = np.where(is_in & (leaving < finished), leaving, NO_DAY)
    return Participants(
        sites=sites,
        id=_identifiers(sites, everyone),
        site=everyone,
        screened=screened,
        enrolled=enrolled,
        failed=np.where(is_in, NO_DAY, reached),
        left=left,
        finished=finished,
        last_in=last_in,
        event=_events(options, study, np.where(is_in, reached, NO_DAY), left),
    )


def _events(
    options: DemoOptions, study: Study, enrolled: npt.NDArray[np.datetime64], left: npt.NDArray[np.datetime64]
) -> npt.NDArray[np.datetime64]:
    """When each has the event, unless the participant leaves before. Follow-up goes on after treatment."""
    if not study.target_events:
        return np.full(len(enrolled), NO_DAY)
    rng = options.stream("events", study.id)
    day = enrolled + np.ceil(EVENT_SCALE_DAYS * rng.weibull(EVENT_SHAPE, len(enrolled))).astype("timedelta64[D]")
    return np.where(is_set(left) & (left < day), NO_DAY, day)


def _arrivals(
    rng: np.random.Generator, sites: Sites, end: np.datetime64, factor: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.datetime64]]:
    """Poisson arrivals with rate falling exponentially in site age: counts first, then times by inversion."""
    span = np.where(np.isnat(sites.active), 0, (end - sites.active).astype("timedelta64[D]").astype(np.int64)).clip(min=0)
    mass = AGEING_DAYS * (1 - np.exp(-span / AGEING_DAYS))
    counts = rng.poisson(sites.daily_rate * factor * mass)
    site = np.repeat(np.arange(len(span)), counts)
    ages = -AGEING_DAYS * np.log1p(-rng.random(len(site)) * mass[site] / AGEING_DAYS)
    return site, sites.active[site] + np.floor(ages).astype("timedelta64[D]")


def _identifiers(sites: Sites, site: npt.NDArray[np.int64]) -> Array:
    """Participant numbers run within each site in order of screening."""
    order = np.argsort(site, kind="stable")
    rank = np.empty(len(site), dtype=np.int64)
    starts = np.searchsorted(site[order], np.arange(len(sites.id)))
    rank[order] = np.arange(len(site)) - starts[site[order]] + 1
    return np.array([f"{sites.id[s]}-{r:04d}" for s, r in zip(site, rank, strict=True)])


def close_sites(people: Participants) -> npt.NDArray[np.datetime64]:
    """A site closes a month after its last participant's end, once recruitment is over."""
    closed = np.full(len(people.sites.id), people.last_in + np.timedelta64(60, "D"))
    latest = np.where(is_set(people.end), people.end, people.screened)
    for position in range(len(closed)):
        mine = latest[people.site == position]
        if len(mine):
            closed[position] = max(closed[position], mine.max() + np.timedelta64(30, "D"))
    return np.where(np.isnat(people.sites.active), NO_DAY, closed)


def draft_subject(options: DemoOptions, people: Participants) -> Draft:
    """The `subject` table of one trial."""
    rng = options.stream("subject", people.sites.study.id)
    n = len(people.id)
    leaving = rng.choice(LEAVING_REASONS, n, p=[0.4, 0.25, 0.15, 0.1, 0.1])
    failing = rng.choice(FAILURE_REASONS, n, p=[0.45, 0.35, 0.15, 0.05])
    off_treatment = np.where(rng.random(n) < 0.35, people.left - np.timedelta64(10, "D"), people.left)
    first_dose = people.enrolled + rng.integers(0, 3, n).astype("timedelta64[D]")
    off_treatment = np.maximum(off_treatment, first_dose)

    def finish(seen: Columns, day: np.datetime64) -> Columns:
        enrolled = is_set(seen["enroll_dt"])
        gone = is_set(seen["study_disc_dt"])
        # Still in screening: neither enrolled nor failed is known.
        seen["enrollyn"] = np.where(enrolled, "Y", np.where(is_set(seen["screen_fail_dt"]), "N", ""))
        seen["screen_fail_reason"] = np.where(is_set(seen["screen_fail_dt"]), seen["screen_fail_reason"], "")
        seen["study_disc_reason"] = np.where(gone, seen["study_disc_reason"], "")
        seen["treatment_disc_reason"] = np.where(is_set(seen["treatment_disc_dt"]), seen["treatment_disc_reason"], "")
        done = enrolled & ~gone & (seen["_finished"] <= day)
        seen["completed_yn"] = np.where(done, "Y", np.where(gone, "N", ""))
        end = np.where(gone, seen["study_disc_dt"], np.where(done, seen["_finished"], day))
        length = np.where(enrolled, (end - seen["enroll_dt"]).astype("timedelta64[D]").astype(float), np.nan)
        seen["time_on_study"] = length
        seen["time_on_treatment"] = length
        followed = day if people.sites.study.target_events else end
        seen["last_contact_dt"] = np.where(enrolled, np.where(gone, end, followed), NO_DAY)
        seen["last_dose_dt"] = np.where(
            done, seen["_finished"], np.where(is_set(seen["treatment_disc_dt"]), seen["treatment_disc_dt"], NO_DAY)
        )
        del seen["_finished"]
        return seen

    columns: Columns = {
        "study_id": np.full(n, people.sites.study.id),
        "subject_id": people.id,
        "site_id": people.sites.id[people.site],
        "country": people.sites.country[people.site],
        "consent_dt": people.screened,
        "screen_dt": people.screened,
        "screen_fail_dt": people.failed,
        "screen_fail_reason": failing,
        "enroll_dt": people.enrolled,
        "rand_dt": people.enrolled,
        "first_dose_dt": first_dose,
        "treatment_disc_dt": off_treatment,
        "treatment_disc_reason": leaving,
        "study_disc_dt": people.left,
        "study_disc_reason": leaving,
        "event_dt": people.event,
        "sex": rng.choice(["F", "M"], n, p=[0.52, 0.48]),
        "age_band": rng.choice(AGE_BANDS, n, p=[0.08, 0.12, 0.17, 0.22, 0.22, 0.14, 0.05]),
        "_finished": people.finished,
    }
    actual = ("event_dt", "screen_fail_dt", "enroll_dt", "rand_dt", "first_dose_dt", "treatment_disc_dt", "study_disc_dt")
    return Draft("subject", columns, people.screened, actual, finish)
