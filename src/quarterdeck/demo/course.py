"""How a trial of the demo really goes: its end, and the work that each month of it takes. Late work is more work, and costs so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quarterdeck.demo.known import days
from quarterdeck.demo.options import DemoOptions
from quarterdeck.demo.participants import Participants
from quarterdeck.demo.studies import LOCK_DAYS, Study

Days = npt.NDArray[np.datetime64]
Amounts = npt.NDArray[np.float64]
MONTH = 30.44
CLOSING = 0.5  # a site in follow-up costs half of one that recruits
LONGEST_CLOSING = 365  # days of follow-up that a site is paid for
OPEN_SHARE = 0.7  # of recruitment during which the average planned site is open
CLOSING_DAYS = 30  # from the last event needed to the last visit
ADMITTED = 90  # days that a late trial is granted at a time


@dataclass(frozen=True, slots=True)
class Work:
    """Work of each month, as a share of the whole plan's: time, site-months, participants seen through. Shape (months,) each."""

    time: Amounts
    sites: Amounts
    people: Amounts

    def value(self, shares: tuple[float, float, float]) -> Amounts:
        """Its cost where these shares of a whole cost go with time, site-months and participants."""
        return shares[0] * self.time + shares[1] * self.sites + shares[2] * self.people

    def until(self, count: int) -> tuple[float, float, float]:
        """What the first months add up to."""
        return float(self.time[:count].sum()), float(self.sites[:count].sum()), float(self.people[:count].sum())


@dataclass(frozen=True, slots=True)
class Course:
    """How a trial really went: its last participant in and its lock, known or still to come, and the work of each month."""

    study: Study
    last_in: np.datetime64
    last_visit: np.datetime64
    lock: np.datetime64
    months: Days  # month ends, approval to lock or to half a year after the planned one
    work: Work
    plan: Work
    activations: Days  # of the sites that ever open


def derive_course(options: DemoOptions, people: Participants) -> Course:
    """The true course from the participants; the lock follows the last visit by 45 days, more or less."""
    rng = options.stream("course", people.sites.study.id)
    study = people.sites.study
    ends = people.end[people.is_enrolled]
    last_visit = ends.max() if len(ends) else people.last_in + np.timedelta64(study.treatment_days, "D")
    if study.target_events:
        happened = np.sort(people.event[~np.isnat(people.event)])
        last_visit = max(last_visit, happened[min(study.target_events, len(happened)) - 1] + np.timedelta64(CLOSING_DAYS, "D"))
    lock = last_visit + np.timedelta64(round(LOCK_DAYS * rng.lognormal(0, 0.25)), "D")
    latest = max(lock, np.datetime64(study.lock, "D") + np.timedelta64(180, "D"))
    months = month_ends(np.datetime64(study.approved, "D"), latest)
    work = _true_work(people, months, last_visit, lock)
    opened = people.sites.active[~np.isnat(people.sites.active)]
    return Course(study, people.last_in, last_visit, lock, months, work, planned_work(study, months), opened)


def month_ends(first: np.datetime64, last: np.datetime64) -> Days:
    """The last day of each month from the month of `first` to the month of `last`."""
    months = np.arange(first.astype("datetime64[M]"), last.astype("datetime64[M]") + 1)
    return days((months + 1).astype("datetime64[D]") - np.timedelta64(1, "D"))


def planned_work(study: Study, months: Days) -> Work:
    """The plan's work of each month: sites open evenly over the first 60 % of recruitment, participants come evenly."""
    first, recruit, stay = np.datetime64(study.first_visit, "D"), study.recruitment_days, study.treatment_days
    passed = (months - first).astype(float).clip(0, recruit + stay)
    opening, during = (1 - OPEN_SHARE) * 2 * recruit, np.minimum(passed, recruit)
    rising = np.minimum(during, opening)
    closing = CLOSING * (passed - recruit).clip(0, min(stay, LONGEST_CLOSING))
    entry = (np.arange(60) + 0.5) / 60 * recruit
    seen = np.clip((passed[:, None] - entry) / stay, 0, 1).mean(axis=1)
    time = (months - np.datetime64(study.approved, "D")).astype(float).clip(0, (study.lock - study.approved).days)
    open_days = rising**2 / (2 * opening) + (during - opening).clip(0) + closing
    return _monthly(time / (study.lock - study.approved).days, open_days / _planned_site_days(study), seen)


def work_to_go(course: Course, day: np.datetime64) -> Work:
    """The work that is approved for the months after a day: the plan's units for what is still to do, over the time that is granted.

    A late trial is granted a quarter at a time, as change orders for time are signed.
    """
    study, months = course.study, course.months
    after = months > day
    if course.lock <= day:
        return Work(*(np.zeros(len(months)) for _ in range(3)))
    known_end = course.last_in <= day
    last_in = course.last_in if known_end else max(np.datetime64(study.last_participant_in, "D"), day + np.timedelta64(ADMITTED, "D"))
    last_visit = last_in + np.timedelta64(study.treatment_days, "D")
    lock = max(last_visit + np.timedelta64(LOCK_DAYS, "D"), day + np.timedelta64(30, "D"))
    begin = max(day, np.datetime64(study.approved, "D"))
    recruiting = float((last_in - max(begin, np.datetime64(study.first_visit, "D"))).astype(int)) if not known_end else 0.0
    stay = float(np.clip((last_visit - begin).astype(int), 0, min(study.treatment_days, LONGEST_CLOSING)))
    # As many sites as the plan pays for, open for as long as is left; those not yet open are in the plan's 70 %.
    share_open = OPEN_SHARE if begin < np.datetime64(study.first_visit, "D") else 0.9
    sites = study.n_sites * (share_open * max(recruiting, 0.0) + CLOSING * stay) / (study.n_sites * _planned_site_days(study))
    time = float((lock - begin).astype(int)) / (study.lock - study.approved).days
    people = max(1.0 - course.work.until(int((~after).sum()))[2], 0.0)
    return Work(*(_spread(amount, months, begin, end) for amount, end in ((time, lock), (sites, last_visit), (people, last_visit))))


def _true_work(people: Participants, months: Days, last_visit: np.datetime64, lock: np.datetime64) -> Work:
    study, active = people.sites.study, people.sites.active[~np.isnat(people.sites.active)]
    stop = min(last_visit, people.last_in + np.timedelta64(LONGEST_CLOSING, "D"))
    open_days = [
        float((np.minimum(end, people.last_in) - active).astype(int).clip(0).sum())
        + CLOSING * float((min(end, stop) - np.maximum(active, people.last_in)).astype(int).clip(0).sum())
        for end in months
    ]
    start, left = people.enrolled[people.is_enrolled], people.end[people.is_enrolled]
    seen = [float((np.minimum(end, left) - start).astype(int).clip(0).sum()) for end in months]
    length = (study.lock - study.approved).days
    time = (np.minimum(months, lock) - np.datetime64(study.approved, "D")).astype(float).clip(0)
    return _monthly(
        time / length,
        np.array(open_days) / (study.n_sites * _planned_site_days(study)),
        np.array(seen) / (study.treatment_days * study.n_participants),
    )


def _planned_site_days(study: Study) -> float:
    return OPEN_SHARE * study.recruitment_days + CLOSING * min(study.treatment_days, LONGEST_CLOSING)


def _monthly(*cumulated: Amounts) -> Work:
    return Work(*(np.diff(amounts, prepend=0.0) for amounts in cumulated))


def _spread(amount: float, months: Days, begin: np.datetime64, end: np.datetime64) -> Amounts:
    """An amount evenly over the months between two days; all in the next month where none is left."""
    within = (months > begin) & (months <= month_ends(end, end)[0])
    if not within.any():
        within = months == months[months > begin][:1] if (months > begin).any() else within
    return np.where(within, amount / max(int(within.sum()), 1), 0.0)
