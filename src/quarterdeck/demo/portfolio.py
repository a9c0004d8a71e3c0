"""The whole synthetic world: portfolio tables at once, event tables trial by trial so that memory stays small at any scale."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from quarterdeck.demo.course import Course, derive_course
from quarterdeck.demo.data_flow import draft_monitoring, draft_pages, draft_tmf
from quarterdeck.demo.events import draft_adverse_event, draft_counts, draft_deviation, draft_visit, simulate_visits
from quarterdeck.demo.known import Columns, Draft, is_set
from quarterdeck.demo.money import draft_exchange_rates, draft_money
from quarterdeck.demo.options import DemoOptions
from quarterdeck.demo.oversight import (
    draft_audits,
    draft_enrolment_metric,
    draft_limits,
    draft_milestone,
    draft_vendor,
    draft_vendor_kpi,
)
from quarterdeck.demo.participants import Participants, close_sites, draft_subject, simulate_participants
from quarterdeck.demo.sites import Sites, draft_site, draft_study_country, simulate_sites
from quarterdeck.demo.studies import Study, simulate_studies
from quarterdeck.demo.team import draft_allocation, draft_staff, draft_survey, people_in, simulate_staff
from quarterdeck.demo.truths import Plants, plant_truths


@dataclass(frozen=True, slots=True)
class World:
    """Everything decided before events are drawn."""

    options: DemoOptions
    studies: list[Study]
    sites: list[Sites]
    plants: Plants
    staff: Columns


def simulate_world(options: DemoOptions) -> World:
    """Trials, sites, plants and people."""
    studies = simulate_studies(options)
    sites = [simulate_sites(options, study) for study in studies]
    return World(options, studies, sites, plant_truths(options, sites), simulate_staff(options))


def draft_trials(world: World, courses: list[Course]) -> Iterator[list[Draft]]:
    """The tables of each trial in turn. Fills `courses` on the way: the portfolio tables need them afterwards."""
    options = world.options
    monitors, managers = people_in(world.staff, "cra"), people_in(world.staff, "cpm")
    for sites in world.sites:
        people = simulate_participants(options, sites)
        course = derive_course(options, people)
        courses.append(course)
        closed = close_sites(people)
        visits = simulate_visits(options, people)
        index = sites.study.index
        crew = [monitors[(index * 3 + offset) % len(monitors)] for offset in range(max(1, min(len(monitors), sites.study.n_sites // 9)))]
        yield [
            _draft_study(people, course),
            draft_study_country(sites),
            draft_site(sites, closed),
            draft_milestone(options, people, course, managers[index % len(managers)]),
            draft_enrolment_metric(people),
            draft_limits(sites),
            draft_subject(options, people),
            draft_visit(options, people, visits),
            draft_adverse_event(options, people, world.plants),
            draft_deviation(options, people, world.plants),
            *draft_counts(options, people),
            *draft_pages(options, people, visits, world.plants),
            draft_monitoring(options, people, closed, crew),
            draft_tmf(options, people),
            *draft_money(options, course),
            draft_vendor_kpi(options, course),
        ]


def draft_portfolio(world: World, courses: list[Course]) -> list[Draft]:
    """The tables that belong to no single trial."""
    options = world.options
    day = np.datetime64(options.today, "D")
    open_sites = {s.study.id: int((is_set(s.active) & (s.active <= day)).sum()) for s in world.sites}
    owners = people_in(world.staff, "cpm") + people_in(world.staff, "com")
    return [
        draft_vendor(options),
        draft_staff(world.staff),
        draft_allocation(options, world.staff, courses, open_sites),
        draft_survey(options),
        draft_exchange_rates(options, min(study.approved for study in world.studies)),
        *draft_audits(options, world.sites, owners),
    ]


def _draft_study(people: Participants, course: Course) -> Draft:
    study = people.sites.study
    enrolled = np.sort(people.enrolled[people.is_enrolled])
    first = enrolled[0] if len(enrolled) else np.datetime64("NaT", "D")
    met = len(enrolled) >= study.n_participants
    one = {name: np.array([value]) for name, value in _study_facts(study).items()}
    dates = {
        "act_fpfv": first,
        "act_lpfv": enrolled[-1] if met else np.datetime64("NaT", "D"),
        "act_lplv": course.last_visit if met else np.datetime64("NaT", "D"),
        "db_lock_dt": course.lock if met else np.datetime64("NaT", "D"),
    }

    def finish(seen: Columns, day: np.datetime64) -> Columns:
        seen["status"] = np.select(
            [is_set(seen["db_lock_dt"]), is_set(seen["act_lplv"]), is_set(seen["act_lpfv"]), is_set(seen["act_fpfv"])],
            ["locked", "close_out", "follow_up", "enrolling"],
            "start_up",
        )
        return seen

    columns: Columns = {**one, **{name: np.array([value], dtype="datetime64[D]") for name, value in dates.items()}}
    return Draft("study", columns, np.array([study.approved], dtype="datetime64[D]"), tuple(dates), finish)


def _study_facts(study: Study) -> dict[str, object]:
    number = study.number
    return {
        "study_id": study.id,
        "nickname": f"{study.product} {study.indication.split()[-1].upper()} {number}",
        "protocol_title": f"A phase {study.phase[1:]} trial of {study.product} in {study.indication.lower()}",
        "phase": study.phase,
        "therapeutic_area": study.area.name,
        "protocol_indication": study.indication,
        "product": study.product,
        "delivery_model": study.delivery_model,
        "dct_level": study.dct_level,
        "num_plan_site": study.n_sites,
        "num_plan_subj": study.n_participants,
        "target_events": str(study.target_events or ""),
        "protocol_approved_dt": np.datetime64(study.approved, "D"),
        "est_fpfv": np.datetime64(study.first_visit, "D"),
        "est_lpfv": np.datetime64(study.last_participant_in, "D"),
        "est_lplv": np.datetime64(study.last_visit, "D"),
        "est_db_lock_dt": np.datetime64(study.lock, "D"),
        "nct_id": f"NCT9{number:07d}",
        "eu_ct_number": f"20{20 + number % 6}-5{number:05d}-10-00",
        "iras_id": f"10{number:05d}",
        "base_currency": "GBP",
        "critical_to_quality": "Eligible participants;Complete follow-up;Primary endpoint data;Safety reporting",
    }
