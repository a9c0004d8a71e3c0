"""What sites type and monitors check: data pages, queries, data points, monitoring visits, TMF documents."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from quarterdeck.demo.events import Visits
from quarterdeck.demo.known import NO_DAY, Array, Columns, Draft, is_set
from quarterdeck.demo.options import DemoOptions
from quarterdeck.demo.participants import Participants
from quarterdeck.demo.places import VENDOR
from quarterdeck.demo.truths import Plants, factor_for

FORMS = ("Vital signs", "Laboratory", "Concomitant medication")
QUERY_SHARE = 0.16
NO_TIME = np.datetime64("NaT", "s")
ARTIFACTS = (
    (1, "01.01.05", "Trial master file plan", "study"),
    (2, "02.01.02", "Protocol", "study"),
    (3, "03.01.01", "Regulatory approval", "country"),
    (4, "04.01.02", "Ethics committee approval", "country"),
    (5, "05.02.08", "Investigator curriculum vitae", "site"),
    (5, "05.04.07", "Site initiation report", "site"),
    (5, "05.03.04", "Site training evidence", "site"),
    (6, "06.01.04", "Product release", "site"),
    (8, "08.01.03", "Laboratory certification", "country"),
    (10, "10.02.02", "Data management plan", "study"),
)


def draft_pages(options: DemoOptions, people: Participants, visits: Visits, plants: Plants) -> list[Draft]:
    """The `data_page` and `query` tables of one trial, and the data points behind them."""
    rng = options.stream("pages", people.sites.study.id)
    study = people.sites.study
    held = np.flatnonzero(is_set(visits.held))
    visit, form = np.repeat(held, len(FORMS)), np.tile(np.arange(len(FORMS)), len(held))
    site = people.site[visits.person[visit]]
    discipline = factor_for(people.sites, plants, "discipline")
    pace = rng.lognormal(0, 0.35, len(people.sites.id)) * discipline * VENDOR[study.vendor_id].lag_factor
    lag = np.floor(rng.lognormal(1.15, 0.8, len(visit)) * pace[site]).astype(np.int64)
    entered = visits.held[visit].astype("datetime64[s]") + (lag * 86400 + rng.integers(28800, 64800, len(visit))).astype("timedelta64[s]")
    checked = entered + (rng.exponential(35, len(visit)) * 86400).astype("timedelta64[s]")
    required = rng.random(len(visit)) < 0.4
    columns: Columns = {
        "study_id": np.full(len(visit), study.id),
        "subject_id": people.id[visits.person[visit]],
        "visit": np.char.add("V", np.char.zfill(visits.number[visit].astype("U3"), 2)),
        "form": np.array(FORMS)[form],
        "visit_date": visits.held[visit],
        "first_entered_ts": entered,
        "data_entry_lag": lag,
        "sdv_required": np.where(required, "Y", "N"),
        "sdv_done_ts": np.where(required, checked, NO_TIME),
    }
    pages = Draft("data_page", columns, entered.astype("datetime64[D]"), ("sdv_done_ts",))
    return [pages, _draft_query(rng, columns, entered, pace[site]), _draft_points(rng, people)]


def _draft_query(rng: np.random.Generator, pages: Columns, entered: Array, pace: npt.NDArray[np.float64]) -> Draft:
    asked = np.flatnonzero(rng.random(len(entered)) < np.clip(QUERY_SHARE * np.sqrt(pace), 0, 0.8))
    opened = entered[asked] + (rng.exponential(6, len(asked)) * 86400).astype("timedelta64[s]")
    answered = opened + (rng.lognormal(1.5, 0.9, len(asked)) * pace[asked] * 86400).astype("timedelta64[s]")
    closed = answered + (rng.exponential(3, len(asked)) * 86400).astype("timedelta64[s]")
    study = pages["study_id"][asked]

    def finish(seen: Columns, day: np.datetime64) -> Columns:
        done, replied = is_set(seen["closed_ts"]), is_set(seen["answered_ts"])
        seen["querystatus"] = np.where(done, "Closed", np.where(replied, "Answered", "Open"))
        end = np.where(done, seen["closed_ts"].astype("datetime64[D]"), day)
        seen["queryage"] = (end - seen["opened_ts"].astype("datetime64[D]")).astype(np.int64)
        return seen

    columns: Columns = {
        "query_id": np.array([f"Q-{code[3:]}-{index + 1:06d}" for index, code in enumerate(study)]),
        "study_id": study,
        "subject_id": pages["subject_id"][asked],
        "visit": pages["visit"][asked],
        "form": pages["form"][asked],
        "field": rng.choice(["result", "date", "unit", "dose"], len(asked)),
        "opened_ts": opened,
        "answered_ts": answered,
        "closed_ts": closed,
        "marking_group": rng.choice(["system", "data_management", "monitor"], len(asked), p=[0.6, 0.25, 0.15]),
    }
    return Draft("query", columns, opened.astype("datetime64[D]"), ("answered_ts", "closed_ts"), finish)


def _draft_points(rng: np.random.Generator, people: Participants) -> Draft:
    enrolled = np.flatnonzero(people.is_enrolled)
    total = rng.poisson(24 * people.sites.study.n_visits, len(enrolled)) + 1

    def stamp(seen: Columns, day: np.datetime64) -> Columns:
        seen["snapshot_date"] = np.full(len(seen["study_id"]), day)
        return seen

    columns: Columns = {
        "study_id": np.full(len(enrolled), people.sites.study.id),
        "subject_id": people.id[enrolled],
        "n_points": total,
        "n_points_changed": rng.binomial(total, 0.05),
    }
    return Draft("data_point_count", columns, people.enrolled[enrolled], (), stamp)


def draft_monitoring(options: DemoOptions, people: Participants, closed: npt.NDArray[np.datetime64], monitors: list[str]) -> Draft:
    """The `monitoring_visit` table: one visit about every seven weeks while a site is open."""
    rng = options.stream("monitoring", people.sites.study.id)
    sites, today = people.sites, np.datetime64(options.today, "D")
    positions: list[int] = []
    start: list[np.datetime64] = []
    for i in np.flatnonzero(is_set(sites.active)):
        until = min(closed[i], today + np.timedelta64(40, "D"))
        day = sites.active[i] - np.timedelta64(7, "D")
        while day < until:
            positions.append(int(i))
            start.append(day)
            day = day + np.timedelta64(int(rng.integers(35, 63)), "D")
    position, held = np.array(positions, dtype=np.int64), np.array(start, dtype="datetime64[D]")
    n, slow = len(position), VENDOR[sites.study.vendor_id].lag_factor
    submitted = held + np.ceil(rng.lognormal(2.2, 0.5, n) * slow).astype("timedelta64[D]")
    first = np.concatenate([[True], position[1:] != position[:-1]]) if n else np.zeros(0, dtype=bool)
    opened = rng.poisson(2.2, n)
    columns: Columns = {
        "mv_id": np.array([f"MV-{sites.study.number:03d}-{index + 1:05d}" for index in range(n)]),
        "study_id": np.full(n, sites.study.id),
        "site_id": sites.id[position],
        "visit_type": np.where(first, "SIV", "IMV"),
        "planned_dt": held - rng.integers(0, 6, n).astype("timedelta64[D]"),
        "start_dt": held,
        "end_dt": held + np.timedelta64(1, "D"),
        "report_due_dt": held + np.timedelta64(15, "D"),
        "report_submitted_dt": submitted,
        "report_approved_dt": submitted + rng.integers(2, 9, n).astype("timedelta64[D]"),
        "followup_letter_dt": submitted + rng.integers(1, 7, n).astype("timedelta64[D]"),
        "cra_id": np.array(monitors)[position % len(monitors)],
        "action_items_opened": opened,
        "action_items_open": np.where((today - held).astype(int) < 60, opened, rng.binomial(opened, 0.08)),
    }
    actual = ("start_dt", "end_dt", "report_submitted_dt", "report_approved_dt", "followup_letter_dt")
    return Draft("monitoring_visit", columns, columns["planned_dt"] - np.timedelta64(20, "D"), actual)


def draft_tmf(options: DemoOptions, people: Participants) -> Draft:
    """The `tmf_document` table: expected, received, finalised, with the lag of the trial's vendor."""
    rng = options.stream("tmf", people.sites.study.id)
    sites, study = people.sites, people.sites.study
    approved = np.datetime64(study.approved, "D")
    rows: list[tuple[int, str, str, str, str, np.datetime64]] = []
    for zone, number, name, level in ARTIFACTS:
        if level == "study":
            rows.append((zone, number, name, "", "", approved + np.timedelta64(30, "D")))
        elif level == "country":
            rows += [(zone, number, name, code, "", day + np.timedelta64(10, "D")) for code, day in sorted(sites.country_approval.items())]
        else:
            opening = np.flatnonzero(is_set(sites.active))
            rows += [
                (zone, number, name, str(sites.country[i]), str(sites.id[i]), sites.active[i] + np.timedelta64(14, "D")) for i in opening
            ]
    n = len(rows)
    expected = np.array([row[5] for row in rows], dtype="datetime64[D]")
    lag = np.round(rng.lognormal(2.4, 0.9, n) * VENDOR[study.vendor_id].lag_factor - 8).astype("timedelta64[D]")
    received = np.where(rng.random(n) < 0.035, NO_DAY, expected + lag)

    def finish(seen: Columns, day: np.datetime64) -> Columns:
        final, here = is_set(seen["finalized_dt"]), is_set(seen["received_dt"])
        overdue = seen["expected_dt"] + np.timedelta64(30, "D") < day
        seen["status"] = np.select([final, here, overdue], ["approved", "in_progress", "missing"], "expected")
        return seen

    columns: Columns = {
        "tmf_item_id": np.array([f"TMF-{study.number:03d}-{index + 1:05d}" for index in range(n)]),
        "study_id": np.full(n, study.id),
        "country": np.array([row[3] for row in rows]),
        "site_id": np.array([row[4] for row in rows]),
        "tmf_zone": np.array([row[0] for row in rows]),
        "artifact_number": np.array([row[1] for row in rows]),
        "artifact_name": np.array([row[2] for row in rows]),
        "expected_dt": expected,
        "received_dt": received,
        "finalized_dt": received + rng.integers(3, 25, n).astype("timedelta64[D]"),
        "quality_issue": np.where(rng.random(n) < 0.06, "Y", "N"),
    }
    return Draft("tmf_document", columns, expected - np.timedelta64(30, "D"), ("received_dt", "finalized_dt"), finish)
