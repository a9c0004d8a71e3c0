"""Queries about sites: activation against baseline, start-up, sites that enrol nobody, sites per monitor."""

from __future__ import annotations

from quarterdeck.evidence.tables import table
from quarterdeck.measures.facts import Context, Part, build_part, count_days


def find_site_activations(context: Context) -> list[Part]:
    """One row per site milestone of activation: days after its baseline, still running where the site is not active."""
    names = [str(name) for name in context["milestone_types"]]
    milestone = table("milestone")
    milestone = milestone.filter(milestone.site_id.notnull(), milestone.milestone_type.lower().replace(" ", "_").isin(names))
    site = table("site").select("study_id", "site_id", "site_active_dt", "site_status")
    rows = milestone.left_join(site, ["study_id", "site_id"])
    finished = rows.actual_finish.coalesce(rows.site_active_dt)
    rows = rows.mutate(
        due_on=rows.baseline_finish.coalesce(rows.planned_finish),
        finished=(finished <= context.day).ifelse(finished, None),
        is_dropped=(rows.site_status == "dropped").fill_null(False),
    )
    is_due = (rows.due_on <= context.day) & ~rows.is_dropped
    return [
        build_part(
            "milestone",
            rows,
            study_id=rows.study_id,
            site_id=rows.site_id,
            happened=rows.due_on,
            denominator=is_due,
            value=count_days(rows.due_on, rows.finished.coalesce(context.day)),
            observed=rows.finished.notnull(),
            collected=rows.due_on.notnull(),
        )
    ]


def find_site_start_ups(context: Context) -> list[Part]:
    """One row per selected site: days from selection to activation; a site dropped or not yet active is still running."""
    site = table("site")
    site = site.mutate(
        active=(site.site_active_dt <= context.day).ifelse(site.site_active_dt, None),
        ended=(site.closed_dt <= context.day).ifelse(site.closed_dt, None),
    )
    end = site.active.coalesce(site.ended, context.day)
    is_started = site.selected_dt <= context.day
    return [
        build_part(
            "site",
            site,
            study_id=site.study_id,
            site_id=site.site_id,
            happened=site.active.coalesce(context.day),
            numerator=site.active.notnull() & is_started,
            denominator=is_started,
            value=count_days(site.selected_dt, end),
            observed=site.active.notnull(),
            collected=site.selected_dt.notnull(),
        )
    ]


def find_sites_without_participants(context: Context) -> list[Part]:
    """One row per site; due once it has been active for the stated days; counted where nobody has been enrolled by the cut."""
    subject = table("subject")
    enrolled = subject.enroll_dt.coalesce(subject.rand_dt)
    by_site = subject.group_by("study_id", "site_id").aggregate(n_enrolled=subject.count(where=enrolled <= context.day))
    by_study = subject.group_by("study_id").aggregate(n_known=subject.count())
    rows = table("site").left_join(by_site, ["study_id", "site_id"]).drop("study_id_right", "site_id_right")
    rows = rows.left_join(by_study, "study_id")
    is_due = rows.site_active_dt <= context.days_before(context["days_after_activation"])
    return [
        build_part(
            "site",
            rows,
            study_id=rows.study_id,
            site_id=rows.site_id,
            happened=rows.site_active_dt,
            numerator=is_due & (rows.n_enrolled.fill_null(0) == 0),
            denominator=is_due,
            collected=rows.n_known.notnull(),
        )
    ]


def find_sites_per_monitor(context: Context) -> list[Part]:
    """One row per monitor and trial in the last month known: sites looked after, and full-time equivalents used."""
    allocation = table("allocation")
    allocation = allocation.filter(
        allocation.role == context["role"], allocation.period <= context.day, allocation.sites_assigned.notnull()
    )
    allocation = allocation.filter(allocation.period == allocation.period.max())
    capacity = allocation.fte_actual.coalesce(allocation.fte_planned)
    return [
        build_part(
            "allocation",
            allocation,
            study_id=allocation.study_id,
            person_id=allocation.person_id,
            happened=allocation.period,
            numerator=allocation.sites_assigned,
            denominator=capacity,
            collected=capacity.notnull(),
        )
    ]
