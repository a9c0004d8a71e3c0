"""Audits, findings, CAPAs, tolerance limits, milestones, enrolment metrics and vendor indicators of the demo."""

from __future__ import annotations

import numpy as np

from quarterdeck.demo.course import Course, month_ends
from quarterdeck.demo.known import NO_DAY, Columns, Draft, is_set
from quarterdeck.demo.options import DemoOptions
from quarterdeck.demo.participants import Participants
from quarterdeck.demo.places import VENDOR, VENDORS
from quarterdeck.demo.sites import Sites

GRADES = ("critical", "major", "minor", "observation")
AREAS = (
    "Informed consent",
    "Investigational product",
    "Source data",
    "Trial master file",
    "Vendor oversight",
    "Safety reporting",
    "Training",
)
KPIS = (
    ("report_timeliness", "share", 0.9, 0.85, 11),
    ("query_turnaround", "share", 0.85, 0.82, 30),
    ("activation_on_time", "share", 0.8, 0.72, 5),
    ("data_entry_timeliness", "share", 0.9, 0.86, 40),
    ("tmf_timeliness", "share", 0.85, 0.8, 16),
)


def draft_audits(options: DemoOptions, portfolio: list[Sites], owners: list[str]) -> list[Draft]:
    """Fourteen audits a year for 24 trials and two inspections; findings, and a CAPA for each critical or major one."""
    rng = options.stream("audits")
    today = np.datetime64(options.today, "D")
    n = round(16 * 3.2 * options.trials / 24)
    start = np.sort(today + np.timedelta64(60, "D") - rng.integers(0, round(3.2 * 365), n).astype("timedelta64[D]"))
    kind = rng.choice(["site", "vendor", "study", "system", "inspection"], n, p=[0.5, 0.16, 0.14, 0.08, 0.12])
    hosts = [portfolio[int(i)] for i in rng.integers(0, len(portfolio), n)]
    audits: Columns = {
        "audit_id": np.array([f"AUD-{index + 1:03d}" for index in range(n)]),
        "audit_type": kind,
        "authority": np.where(kind == "inspection", rng.choice(["MHRA", "FDA", "EMA"], n), ""),
        "study_id": np.array(
            [host.study.id if which in ("site", "study", "inspection") else "" for host, which in zip(hosts, kind, strict=True)]
        ),
        "site_id": np.array([str(host.id[0]) if which == "site" else "" for host, which in zip(hosts, kind, strict=True)]),
        "vendor_id": np.array([host.study.vendor_id if which == "vendor" else "" for host, which in zip(hosts, kind, strict=True)]),
        "start_dt": start,
        "report_dt": start + rng.integers(20, 45, n).astype("timedelta64[D]"),
    }

    def finish(seen: Columns, day: np.datetime64) -> Columns:
        seen["status"] = np.where(is_set(seen["report_dt"]), "reported", np.where(seen["start_dt"] <= day, "under way", "planned"))
        return seen

    return [Draft("audit", audits, start - np.timedelta64(60, "D"), ("report_dt",), finish), *_draft_findings(rng, audits, owners)]


def _draft_findings(rng: np.random.Generator, audits: Columns, owners: list[str]) -> list[Draft]:
    rates = np.array([0.03, 0.9, 2.2, 1.5])
    counts = rng.poisson(rates, (len(audits["audit_id"]), 4))
    audit = np.repeat(np.repeat(np.arange(len(counts)), 4), counts.ravel())
    grade = np.repeat(np.tile(np.array(GRADES), len(counts)), counts.ravel())
    n = len(audit)
    reported = audits["report_dt"][audit]
    needs = np.isin(grade, ["critical", "major"])
    ids = np.array([f"FND-{index + 1:04d}" for index in range(n)])
    capa = np.where(needs, np.char.replace(ids, "FND", "CAPA"), "")
    closed = reported + np.ceil(rng.lognormal(4.2, 0.6, n)).astype("timedelta64[D]")
    area = rng.choice(AREAS, n)
    findings: Columns = {
        "finding_id": ids,
        "audit_id": audits["audit_id"][audit],
        "grade": grade,
        "area": area,
        "description": np.char.add(np.char.add("Weakness in ", np.char.lower(area.astype("U40"))), " process"),
        "response_due_dt": reported + np.timedelta64(30, "D"),
        "closed_dt": closed,
        "repeat_finding": np.where(rng.random(n) < 0.1, "Y", "N"),
        "capa_id": capa,
    }
    which = np.flatnonzero(needs)
    due = reported[which] + np.timedelta64(90, "D")
    implemented = due + np.round(rng.normal(5, 35, len(which))).astype("timedelta64[D]")
    judged = due + np.timedelta64(120, "D")
    effective = np.where(rng.random(len(which)) < 0.84, "Y", "N")

    def finish(seen: Columns, day: np.datetime64) -> Columns:
        done, measured = is_set(seen["implemented_dt"]), is_set(seen["effectiveness_dt"])
        seen["effective"] = np.where(measured, seen["effective"], "")
        seen["status"] = np.select(
            [measured & (seen["effective"] == "Y"), measured, done], ["closed", "ineffective", "implemented"], "open"
        )
        return seen

    capas: Columns = {
        "capa_id": capa[which],
        "source_type": np.full(len(which), "audit_finding"),
        "source_id": ids[which],
        "root_cause": rng.choice(["Procedure unclear", "Training gap", "Workload", "Vendor oversight"], len(which)),
        "corrective_action": np.full(len(which), "Correct the records and confirm with the monitor"),
        "preventive_action": rng.choice(["Revise the procedure", "Retrain the team", "Add a monthly check"], len(which)),
        "owner_id": rng.choice(owners, len(which)),
        "due_dt": due,
        "implemented_dt": implemented,
        "effectiveness_due_dt": judged,
        "effectiveness_dt": judged + rng.integers(0, 20, len(which)).astype("timedelta64[D]"),
        "effective": effective,
    }
    return [
        Draft("audit_finding", findings, reported, ("closed_dt",)),
        Draft("capa", capas, reported[which], ("implemented_dt", "effectiveness_dt"), finish),
    ]


def draft_limits(sites: Sites) -> Draft:
    """Two quality tolerance limits a trial, set at protocol approval."""
    study = sites.study
    expected = np.array([0.03, round(study.area.leaving, 2)])
    columns: Columns = {
        "qtl_id": np.array([f"QTL-{study.number:03d}-1", f"QTL-{study.number:03d}-2"]),
        "study_id": np.full(2, study.id),
        "parameter": np.array(["eligibility_violation", "early_discontinuation"]),
        "ctq_factor": np.array(["Eligible participants", "Complete follow-up"]),
        "expected_rate": expected,
        "limit": np.round(expected * 2, 3),
        "secondary_limit": np.round(expected * 1.5, 3),
        "unit": np.full(2, "share of enrolled participants"),
        "justification": np.full(2, "Rate seen in earlier trials of this area"),
        "approved_by": np.full(2, "P001"),
        "approved_dt": np.full(2, np.datetime64(study.approved, "D")),
    }
    return Draft("qtl", columns, np.full(2, np.datetime64(study.approved, "D")))


def draft_milestone(options: DemoOptions, people: Participants, course: Course, owner: str) -> Draft:
    """The `milestone` table: trial milestones with baseline, plan, current forecast and actual; approvals by country."""
    rng = options.stream("milestones", people.sites.study.id)
    study, sites = people.sites.study, people.sites
    enrolled = np.sort(people.enrolled[people.is_enrolled])

    def nth(share: float) -> np.datetime64:
        position = int(np.ceil(share * study.n_participants)) - 1
        return enrolled[position] if position < len(enrolled) else NO_DAY

    first, span = np.datetime64(study.first_visit, "D"), study.recruitment_days
    opened = np.sort(sites.active[is_set(sites.active)])
    rows: list[tuple[str, str, np.datetime64, np.datetime64]] = [
        ("protocol_approved", "", np.datetime64(study.approved, "D"), np.datetime64(study.approved, "D")),
        ("first_site_active", "", first - np.timedelta64(14, "D"), opened[0] if len(opened) else NO_DAY),
        ("first_participant_in", "", first, enrolled[0] if len(enrolled) else NO_DAY),
        *[(f"enrolled_{int(100 * s)}_percent", "", first + np.timedelta64(round(span * s**0.7), "D"), nth(s)) for s in (0.25, 0.5, 0.75)],
        ("last_participant_in", "", np.datetime64(study.last_participant_in, "D"), nth(1.0)),
        ("last_participant_last_visit", "", np.datetime64(study.last_visit, "D"), course.last_visit),
        ("database_lock", "", np.datetime64(study.lock, "D"), course.lock),
    ]
    approved = np.datetime64(study.approved, "D")
    rows += [
        ("regulatory_approval", code, approved + np.timedelta64(100, "D"), day) for code, day in sorted(sites.country_approval.items())
    ]
    sited = [(str(sites.id[i]), str(sites.country[i]), sites.planned_active[i], sites.active[i]) for i in range(len(sites.id))]
    rows += [("site_activation", country, plan, day) for _, country, plan, day in sited]
    n = len(rows)
    planned, true = np.array([row[2] for row in rows], dtype="datetime64[D]"), np.array([row[3] for row in rows], dtype="datetime64[D]")
    optimism = rng.uniform(0.3, 0.8, n)

    def finish(seen: Columns, day: np.datetime64) -> Columns:
        # The team's own forecast sees part of the slip, as teams do, and never lies in the past.
        slip = np.where(is_set(true), (true - planned).astype(float), 200.0)
        guess = planned + np.round(slip * optimism).astype("timedelta64[D]")
        seen["forecast_finish"] = np.where(
            is_set(seen["actual_finish"]), seen["actual_finish"], np.maximum(guess, day + np.timedelta64(14, "D"))
        )
        seen["complete"] = np.where(is_set(seen["actual_finish"]), "Y", "N")
        return seen

    columns: Columns = {
        "milestone_id": np.array([f"MS-{study.number:03d}-{index + 1:03d}" for index in range(n)]),
        "study_id": np.full(n, study.id),
        "country": np.array([row[1] for row in rows]),
        "site_id": np.array([""] * (n - len(sited)) + [row[0] for row in sited]),
        "milestone_type": np.array([row[0] for row in rows]),
        "baseline_finish": planned,
        "planned_finish": planned,
        "actual_finish": true,
        "owner_id": np.full(n, owner),
    }
    return Draft("milestone", columns, np.full(n, approved), ("actual_finish",), finish)


def draft_enrolment_metric(people: Participants) -> Draft:
    """Cumulative planned and actual counts of the whole trial by month end."""
    study = people.sites.study
    ends = month_ends(
        np.datetime64(study.first_visit, "D") - np.timedelta64(40, "D"), max(people.last_in, np.datetime64(study.last_participant_in, "D"))
    )
    elapsed = np.clip((ends - np.datetime64(study.first_visit, "D")).astype(float) / study.recruitment_days, 0, 1)
    planned = np.round(study.n_participants * elapsed**1.25).astype(np.int64)  # sites open one by one, so plans start slowly
    ratio = 1 / (1 - study.area.screen_failure)
    enrolled, screened = np.sort(people.enrolled[people.is_enrolled]), np.sort(people.screened)
    n = len(ends)

    def finish(seen: Columns, day: np.datetime64) -> Columns:
        seen["actual"] = np.where(seen["period_end"] <= day, seen["actual"].astype(float), np.nan)
        return seen

    columns: Columns = {
        "study_id": np.full(2 * n, study.id),
        "country": np.full(2 * n, ""),
        "site_id": np.full(2 * n, ""),
        "metric": np.repeat(["total_randomized", "total_screened"], n),
        "period_end": np.tile(ends, 2),
        "planned": np.concatenate([planned, np.round(planned * ratio).astype(np.int64)]),
        "actual": np.concatenate([np.searchsorted(enrolled, ends, "right"), np.searchsorted(screened, ends, "right")]),
    }
    return Draft("enrollment_metric", columns, np.full(2 * n, np.datetime64(study.approved, "D")), (), finish)


def draft_vendor_kpi(options: DemoOptions, course: Course) -> Draft:
    """Monthly service levels of the trial's CRO; the slipping vendor misses them."""
    rng = options.stream("vendor indicators", course.study.id)
    vendor = VENDOR[course.study.vendor_id]
    today = np.datetime64(options.today, "D")
    ends = month_ends(np.datetime64(course.study.first_visit, "D"), min(course.lock, today))
    ends = ends[ends >= today - np.timedelta64(3 * 365, "D")]
    n, k = len(ends), len(KPIS)
    quality = np.array([kpi[3] for kpi in KPIS]) - 0.13 * (vendor.lag_factor - 1)
    denominator = rng.poisson(np.tile([kpi[4] for kpi in KPIS], (n, 1))) + 1
    numerator = rng.binomial(denominator, np.clip(quality[None, :] * rng.normal(1, 0.03, (n, k)), 0, 1))
    columns: Columns = {
        "vendor_id": np.full(n * k, vendor.id),
        "study_id": np.full(n * k, course.study.id),
        "kpi_code": np.tile([kpi[0] for kpi in KPIS], n),
        "period_end": np.repeat(ends, k),
        "numerator": numerator.ravel(),
        "denominator": denominator.ravel(),
        "value": np.round((numerator / denominator).ravel(), 4),
        "unit": np.tile([kpi[1] for kpi in KPIS], n),
        "target": np.tile([kpi[2] for kpi in KPIS], n),
        "direction": np.full(n * k, "higher"),
        "weight": np.full(n * k, 0.2),
    }
    return Draft("vendor_kpi", columns, columns["period_end"] + np.timedelta64(8, "D"))


def draft_vendor(options: DemoOptions) -> Draft:
    """The `vendor` table."""
    qualified = np.datetime64(options.today, "D") - np.array([400, 500, 900, 300, 700, 420, 610, 380, 1000]).astype("timedelta64[D]")
    columns: Columns = {
        "vendor_id": np.array([vendor.id for vendor in VENDORS]),
        "name": np.array([vendor.name for vendor in VENDORS]),
        "vendor_type": np.array([vendor.kind for vendor in VENDORS]),
        "country": np.array([vendor.country for vendor in VENDORS]),
        "preferred": np.array(["Y" if vendor.preferred else "N" for vendor in VENDORS]),
        "qualification_dt": qualified,
        "requalification_due_dt": qualified + np.timedelta64(1095, "D"),
    }
    return Draft("vendor", columns)
