"""What happens to participants: visits, adverse events, laboratory counts, samples, eligibility, deviations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quarterdeck.demo.known import NO_DAY, Array, Columns, Draft
from quarterdeck.demo.options import DemoOptions
from quarterdeck.demo.participants import Participants
from quarterdeck.demo.places import VENDOR
from quarterdeck.demo.sites import Sites
from quarterdeck.demo.truths import Plants, factor_for

DEVIATION_TYPES = ("Visit out of window", "Procedure not done", "Dosing error", "Prohibited medication", "Consent process", "Eligibility")
SERIOUS_SHARE = 0.07


@dataclass(frozen=True, slots=True)
class Visits:
    """All visits of one trial that come to be due: `person` is a position in Participants; `held` is NaT where the visit was missed."""

    person: npt.NDArray[np.int64]
    number: npt.NDArray[np.int64]
    planned: npt.NDArray[np.datetime64]
    held: npt.NDArray[np.datetime64]


def simulate_visits(options: DemoOptions, people: Participants) -> Visits:
    """Screening, baseline and evenly spaced visits; 2.5 % missed, most within three days of plan."""
    rng = options.stream("visits", people.sites.study.id)
    study = people.sites.study
    everyone = np.arange(len(people.id))
    enrolled = everyone[people.is_enrolled]
    offsets = np.round(np.linspace(0, study.treatment_days, study.n_visits - 1)).astype("timedelta64[D]")
    person = np.concatenate([everyone, np.repeat(enrolled, len(offsets))])
    number = np.concatenate([np.ones(len(everyone), dtype=np.int64), np.tile(np.arange(2, study.n_visits + 1), len(enrolled))])
    planned = np.concatenate([people.screened, (people.enrolled[enrolled][:, None] + offsets[None, :]).ravel()])
    stays = (number == 1) | (planned <= people.end[person])
    person, number, planned = person[stays], number[stays], planned[stays]
    shift = np.where(number <= 2, 0, np.round(rng.normal(0, 2.2, len(person)))).astype("timedelta64[D]")
    missed = (number > 2) & (rng.random(len(person)) < 0.025)
    return Visits(person, number, planned, np.where(missed, NO_DAY, planned + shift))


def draft_visit(options: DemoOptions, people: Participants, visits: Visits) -> Draft:
    """The `visit` table of one trial. A visit is known from ten days before its window."""
    study = people.sites.study
    window = np.timedelta64(3, "D")

    def finish(seen: Columns, day: np.datetime64) -> Columns:
        held, late = seen["visit_dt"], seen["window_end_dt"] + np.timedelta64(7, "D") < day
        outside = (held < seen["window_start_dt"]) | (held > seen["window_end_dt"])
        seen["visit_status"] = np.select(
            [~np.isnat(held) & outside, ~np.isnat(held), late], ["out_of_window", "performed", "missed"], "planned"
        )
        return seen

    hybrid = study.dct_level == "hybrid"
    columns: Columns = {
        "study_id": np.full(len(visits.person), study.id),
        "subject_id": people.id[visits.person],
        "visit": np.char.add("V", np.char.zfill(visits.number.astype("U3"), 2)),
        "visit_num": visits.number,
        "planned_dt": visits.planned,
        "window_start_dt": visits.planned - window,
        "window_end_dt": visits.planned + window,
        "visit_dt": visits.held,
        "visit_mode": np.where(hybrid & (visits.number % 3 == 0), "remote", "on_site"),
    }
    born = np.maximum(visits.planned - np.timedelta64(10, "D"), people.screened[visits.person])
    return Draft("visit", columns, born, ("visit_dt",), finish)


def draft_adverse_event(options: DemoOptions, people: Participants, plants: Plants) -> Draft:
    """The `adverse_event` table: gamma frailty by person and site, an early peak, and the site that does not report."""
    rng = options.stream("adverse events", people.sites.study.id)
    study = people.sites.study
    enrolled = np.flatnonzero(people.is_enrolled)
    site_frailty = _draw_frailty(rng, people.sites, plants)
    months = (people.end[enrolled] - people.enrolled[enrolled]).astype(float) / 30.44
    expected = study.area.event_rate * months * rng.gamma(2, 0.5, len(enrolled)) * site_frailty[people.site[enrolled]]
    counts = rng.poisson(expected)
    person = np.repeat(enrolled, counts)
    length = (people.end[person] - people.enrolled[person]).astype(float)
    start = people.enrolled[person] + np.floor(length * rng.beta(0.9, 1.3, len(person))).astype("timedelta64[D]")
    serious = rng.random(len(person)) < SERIOUS_SHARE
    aware = start.astype("datetime64[s]") + _hours(rng.exponential(40, len(person)) + 1)
    lag = rng.lognormal(2.3, 0.6, len(person)) * VENDOR[study.vendor_id].lag_factor
    columns: Columns = {
        "study_id": np.full(len(person), study.id),
        "subject_id": people.id[person],
        "ae_id": np.array([f"AE{index + 1:06d}" for index in range(len(person))]),
        "aest_dt": start,
        "aeen_dt": start + np.ceil(rng.exponential(14, len(person))).astype("timedelta64[D]"),
        "aeser": np.where(serious, "Y", "N"),
        "aetoxgr": np.where(serious, rng.integers(3, 6, len(person)), rng.choice([1, 2, 3], len(person), p=[0.6, 0.33, 0.07])),
        "aerel": np.where(rng.random(len(person)) < 0.35, "Y", "N"),
        "site_aware_ts": aware,
        "sponsor_reported_ts": np.where(serious, aware + _hours(lag), np.datetime64("NaT", "s")),
        "mincreated_dts": aware + _hours(rng.exponential(60, len(person)) + 2),
    }
    born = columns["mincreated_dts"].astype("datetime64[D]")
    return Draft("adverse_event", columns, born, ("aeen_dt", "sponsor_reported_ts"))


def draw_site_rates(options: DemoOptions, sites: Sites, plants: Plants) -> npt.NDArray[np.float64]:
    """The hidden factor by which each site's adverse events differ, as `draft_adverse_event` draws it: for evaluations."""
    return _draw_frailty(options.stream("adverse events", sites.study.id), sites, plants)


def _draw_frailty(rng: np.random.Generator, sites: Sites, plants: Plants) -> npt.NDArray[np.float64]:
    return np.asarray(rng.gamma(12, 1 / 12, len(sites.id)) * factor_for(sites, plants, "events"))


def draft_deviation(options: DemoOptions, people: Participants, plants: Plants) -> Draft:
    """The `protocol_deviation` table; one investigator has several times the usual number."""
    rng = options.stream("deviations", people.sites.study.id)
    study = people.sites.study
    enrolled = np.flatnonzero(people.is_enrolled)
    factor = rng.gamma(10, 0.1, len(people.sites.id)) * factor_for(people.sites, plants, "discipline")
    months = (people.end[enrolled] - people.enrolled[enrolled]).astype(float) / 30.44
    person = np.repeat(enrolled, rng.poisson(study.area.deviation_rate * months * factor[people.site[enrolled]]))
    length = (people.end[person] - people.enrolled[person]).astype(float)
    happened = people.enrolled[person] + np.floor(length * rng.random(len(person))).astype("timedelta64[D]")
    detected = happened + np.ceil(rng.exponential(12, len(person))).astype("timedelta64[D]")
    reported = detected + np.ceil(rng.exponential(6, len(person))).astype("timedelta64[D]")
    closing = reported + np.ceil(rng.exponential(40, len(person))).astype("timedelta64[D]")

    def finish(seen: Columns, day: np.datetime64) -> Columns:
        seen["status"] = np.where(seen["_closing"] <= day, "closed", "open")
        del seen["_closing"]
        return seen

    columns: Columns = {
        "pd_id": np.array([f"PD-{study.number:03d}-{index + 1:05d}" for index in range(len(person))]),
        "study_id": np.full(len(person), study.id),
        "site_id": people.sites.id[people.site[person]],
        "subject_id": people.id[person],
        "dvdecod": rng.choice(DEVIATION_TYPES, len(person), p=[0.4, 0.25, 0.12, 0.1, 0.06, 0.07]),
        "deemedimportant": np.where(rng.random(len(person)) < 0.14, "Y", "N"),
        "deviation_dt": happened,
        "detected_dt": detected,
        "reported_dt": reported,
        "_closing": closing,
    }
    return Draft("protocol_deviation", columns, reported, (), finish)


def draft_counts(options: DemoOptions, people: Participants) -> list[Draft]:
    """Laboratory, sample and eligibility counts by participant, as systems aggregate them on the day of the extract."""
    rng = options.stream("counts", people.sites.study.id)
    study = people.sites.study
    enrolled = np.flatnonzero(people.is_enrolled)
    n = len(enrolled)
    graded = rng.poisson(14 * study.n_visits / 3, n) + 1
    severe = rng.binomial(graded, np.clip(rng.gamma(2, 0.012, n), 0, 0.4))
    failing = enrolled[rng.random(n) < 0.012]
    base: Columns = {"study_id": np.full(n, study.id), "subject_id": people.id[enrolled]}

    def stamp(seen: Columns, day: np.datetime64) -> Columns:
        seen["snapshot_date"] = np.full(len(seen["study_id"]), day)
        return seen

    sampled: Columns = {
        **base,
        "visit": np.full(n, "V02"),
        "sample_type": np.full(n, "PK"),
        "expected": np.full(n, 3),
        "collected": rng.binomial(3, 0.95, n),
    }
    violated: Columns = {
        "study_id": np.full(len(failing), study.id),
        "subject_id": people.id[failing],
        "ietestcd": rng.choice(["INCL03", "INCL07", "EXCL02", "EXCL05"], len(failing)),
        "iecat": rng.choice(["IN", "EX"], len(failing)),
        "ieorres": np.full(len(failing), "Y"),
        "source": np.full(len(failing), "edc_ie"),
    }
    return [
        Draft("lab_result_count", {**base, "n_graded": graded, "n_grade3plus": severe}, people.enrolled[enrolled], (), stamp),
        Draft("sample_collection", sampled, people.enrolled[enrolled] + np.timedelta64(20, "D")),
        Draft("eligibility_violation", violated, people.enrolled[failing] + np.timedelta64(5, "D")),
    ]


def _hours(values: npt.NDArray[np.float64]) -> Array:
    return np.round(values * 3600).astype("timedelta64[s]")
