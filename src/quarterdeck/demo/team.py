"""The staff of the demo: 68 people for 24 trials, who leave, are allocated, and answer surveys."""

from __future__ import annotations

import numpy as np

from quarterdeck.demo.course import Course, month_ends
from quarterdeck.demo.known import NO_DAY, Columns, Draft, is_set
from quarterdeck.demo.options import DemoOptions

STAFF_FOR_24_TRIALS = 68
ROLES = (("com", 0.09), ("cpm", 0.20), ("cra", 0.44), ("cta", 0.13), ("ssu", 0.06), ("dm", 0.08))
TEAMS = (("Oncology", 14), ("Cardiometabolic", 15), ("Immunology", 13), ("Neuroscience", 12), ("Start-up", 10), ("Data and systems", 4))
LEAVING_A_YEAR, REGRETTABLE = 0.11, 0.45


def simulate_staff(options: DemoOptions) -> Columns:
    """Everyone employed in the last three years; P001 is the director."""
    rng = options.stream("staff")
    now = np.datetime64(options.today, "D")
    n_now = round(STAFF_FOR_24_TRIALS * options.trials / 24)
    n_left = int(rng.poisson(n_now * LEAVING_A_YEAR * 3))
    n = n_now + n_left
    names, shares = zip(*ROLES, strict=True)
    role = rng.choice(np.array(names, dtype="U12"), n, p=np.array(shares))
    role[0] = "director"
    hired = now - rng.integers(120, 9 * 365, n).astype("timedelta64[D]")
    gone = np.arange(n) >= n_now
    left = np.where(gone, now - rng.integers(1, 3 * 365, n).astype("timedelta64[D]"), NO_DAY)
    hired = np.where(gone, np.minimum(hired, left - np.timedelta64(200, "D")), hired)
    kind = rng.choice(["voluntary", "involuntary", "retirement", "internal_move"], n, p=[0.68, 0.12, 0.08, 0.12])
    return {
        "person_id": np.array([f"P{index + 1:03d}" for index in range(n)]),
        "role": role,
        "grade": rng.choice(["6", "7", "8", "9"], n),
        "country": rng.choice(["GB", "US", "DE", "PL", "ES"], n, p=[0.5, 0.2, 0.12, 0.1, 0.08]),
        "employment": rng.choice(["employee", "contractor", "fsp"], n, p=[0.8, 0.12, 0.08]),
        "fte": rng.choice([1.0, 0.8, 0.6], n, p=[0.85, 0.1, 0.05]),
        "hire_dt": hired,
        "leave_dt": left,
        "leave_type": kind,
        "regrettable": np.where((kind == "voluntary") & (rng.random(n) < REGRETTABLE), "Y", "N"),
        "manager_id": np.where(role == "director", "", np.where(role == "com", "P001", "")),
    }


def people_in(staff: Columns, role: str) -> list[str]:
    """Identifiers of those now in a role."""
    return [str(person) for person in staff["person_id"][(staff["role"] == role) & np.isnat(staff["leave_dt"])]]


def draft_staff(staff: Columns) -> Draft:
    """The `staff` table."""

    def finish(seen: Columns, day: np.datetime64) -> Columns:
        gone = is_set(seen["leave_dt"])
        seen["leave_type"] = np.where(gone, seen["leave_type"], "")
        seen["regrettable"] = np.where(gone, seen["regrettable"], "")
        return seen

    return Draft("staff", dict(staff), staff["hire_dt"], ("leave_dt",), finish)


def draft_allocation(options: DemoOptions, staff: Columns, courses: list[Course], active_sites: dict[str, int]) -> Draft:
    """The `allocation` table: the last twelve months, monitors by sites, managers by trial."""
    rng = options.stream("allocation")
    now = np.datetime64(options.today, "D")
    ends = month_ends(now - np.timedelta64(330, "D"), now)
    monitors, managers = people_in(staff, "cra"), people_in(staff, "cpm")
    rows: list[tuple[str, str, str, np.datetime64, float, float, float]] = []
    for course in courses:
        if course.lock < ends[0]:
            continue
        sites = active_sites.get(course.study.id, 0)
        crew = max(1, min(len(monitors), round(sites / 9)))
        first = int(rng.integers(len(monitors)))
        assigned = [monitors[(first + offset) % len(monitors)] for offset in range(crew)]
        manager = managers[course.study.index % len(managers)]
        for end in ends[ends <= course.lock]:
            rows.append((manager, course.study.id, "cpm", end, 0.5, round(float(0.5 * rng.lognormal(0, 0.15)), 2), np.nan))
            for person in assigned:
                share = round(sites / crew / 20, 2)
                rows.append(
                    (person, course.study.id, "cra", end, share, round(float(share * rng.lognormal(0.03, 0.12)), 2), round(sites / crew))
                )
    columns: Columns = {
        "person_id": np.array([row[0] for row in rows]),
        "study_id": np.array([row[1] for row in rows]),
        "role": np.array([row[2] for row in rows]),
        "period": np.array([row[3] for row in rows], dtype="datetime64[D]"),
        "fte_planned": np.array([row[4] for row in rows]),
        "fte_actual": np.array([row[5] for row in rows]),
        "sites_assigned": np.array([row[6] for row in rows]),
    }
    return Draft("allocation", columns, columns["period"] - np.timedelta64(31, "D"))


def draft_survey(options: DemoOptions) -> Draft:
    """The `engagement_survey` table: six teams, twice a year; one team is too small to show."""
    rng = options.stream("survey")
    now = np.datetime64(options.today, "D")
    held = now - np.array([30, 215, 400, 580, 765, 950]).astype("timedelta64[D]")
    groups = ("Engagement", "Manager", "Workload", "Growth")
    rows = [
        (
            f"S{str(day)[:7]}",
            day,
            team,
            group,
            invited,
            min(invited, int(rng.binomial(invited, 0.82))),
            round(float(rng.normal(7.2 - 0.6 * (group == "Workload"), 0.35)), 2),
        )
        for day in held
        for team, invited in TEAMS
        for group in groups
    ]
    n = len(rows)
    columns: Columns = {
        "survey_id": np.array([row[0] for row in rows]),
        "survey_dt": np.array([row[1] for row in rows], dtype="datetime64[D]"),
        "team_id": np.array([row[2] for row in rows]),
        "question_group": np.array([row[3] for row in rows]),
        "n_invited": np.array([row[4] for row in rows]),
        "n_responded": np.array([row[5] for row in rows]),
        "score": np.array([row[6] for row in rows]),
        "benchmark_p50": np.full(n, 7.1),
        "benchmark_p75": np.full(n, 7.6),
    }
    return Draft("engagement_survey", columns, columns["survey_dt"] + np.timedelta64(14, "D"))
