"""Queries about participants: enrolment, screening, leaving, visits, deviations, serious adverse events."""

from __future__ import annotations

from typing import Any

import ibis

from quarterdeck.evidence.tables import table
from quarterdeck.measures.facts import Context, Part, Relation, build_part, count_days, count_hours, join_site


def find_enrolment_counts(context: Context) -> list[Part]:
    """One row per trial, country or site: the counts planned and reached at the end of the last period known.

    Of the metrics named the first that a trial reports is used. A trial without such counts is held against a straight
    line from the planned first to the planned last participant.
    """
    names = [str(name) for name in context["metrics"]]
    counts = table("enrollment_metric")
    counts = counts.filter(counts.metric.isin(names), counts.period_end <= context.day, counts.actual.notnull())
    rank = ibis.cases(*[(counts.metric == name, place) for place, name in enumerate(names)])
    counts = counts.mutate(rank=rank, country=counts.country.nullif(""), site_id=counts.site_id.nullif(""))
    counts = counts.mutate(best=counts["rank"].min().over(group_by=counts.study_id))
    counts = counts.filter(counts["rank"] == counts.best)
    counts = counts.mutate(last=counts.period_end.max().over(group_by=counts.study_id))
    counts = counts.filter(counts.period_end == counts["last"])
    grain = counts.site_id.notnull().ifelse("site", counts.country.notnull().ifelse("country", "study"))
    reported = build_part(
        "enrollment_metric",
        counts,
        study_id=counts.study_id,
        site_id=counts.site_id,
        country=counts.country,
        grain=grain,
        happened=counts.period_end,
        numerator=counts.actual,
        denominator=counts.planned,
        collected=counts.planned.notnull(),
    )
    return [reported, _build_straight_line(context, names)]


def _build_straight_line(context: Context, names: list[str]) -> Part:
    subject, counts = table("subject"), table("enrollment_metric")
    enrolled = subject.enroll_dt.coalesce(subject.rand_dt)
    by_study = subject.group_by("study_id").aggregate(n_enrolled=subject.count(where=enrolled <= context.day))
    is_reported = counts.metric.isin(names) & (counts.period_end <= context.day) & counts.actual.notnull()
    reported = counts.filter(is_reported).select("study_id").distinct().mutate(is_reported=True)
    study = table("study")
    rows = study.inner_join(by_study, "study_id").left_join(reported, "study_id")
    rows = rows.filter(rows.is_reported.isnull())
    # Straight from the first to the last participant planned, and level before and after.
    gone = count_days(rows.est_fpfv, context.day)
    length = count_days(rows.est_fpfv, rows.est_lpfv)
    share = (gone <= 0).ifelse(0.0, (gone >= length).ifelse(1.0, gone / length.nullif(0)))
    return build_part(
        "study",
        rows,
        study_id=rows.study_id,
        grain=ibis.literal("study"),
        happened=context.day,
        numerator=rows.n_enrolled,
        denominator=(rows.num_plan_subj * share).fill_null(0),
        collected=rows.num_plan_subj.notnull() & length.notnull(),
    )


def find_enrolled_of_planned(context: Context) -> list[Part]:
    """Participants enrolled by the cut (numerator), and the number each trial plans (denominator).

    Where no participant of any trial was ever loaded, nobody knows that none is enrolled.
    """
    subject, study = table("subject"), table("study")
    has_participants = subject.count().as_scalar() > 0
    enrolled = subject.enroll_dt.coalesce(subject.rand_dt)
    return [
        build_part(
            "subject",
            subject,
            study_id=subject.study_id,
            site_id=subject.site_id,
            happened=enrolled,
            numerator=enrolled <= context.day,
            denominator=0,
        ),
        build_part(
            "study",
            study,
            study_id=study.study_id,
            happened=study.protocol_approved_dt,
            numerator=0,
            denominator=study.num_plan_subj.fill_null(0),
            collected=study.num_plan_subj.notnull() & has_participants,
        ),
    ]


def find_screened(context: Context) -> list[Part]:
    """One row per person screened: due once the outcome is known, counted where the screening failed."""
    subject = table("subject")
    enrolled = subject.enroll_dt.coalesce(subject.rand_dt)
    has_failed = subject.screen_fail_dt.notnull() | subject.screen_fail_reason.notnull() | (subject.enrollyn == False).fill_null(False)  # noqa: E712
    happened = enrolled.coalesce(subject.screen_fail_dt, subject.screen_dt, subject.consent_dt)
    is_known = (happened.isnull() | (happened <= context.day)) & (has_failed | enrolled.notnull() | subject.enrollyn.fill_null(False))
    return [
        build_part(
            "subject",
            subject,
            study_id=subject.study_id,
            site_id=subject.site_id,
            happened=happened,
            numerator=is_known & has_failed & enrolled.isnull(),
            denominator=is_known,
        )
    ]


def _find_leavers(context: Context, left: str) -> list[Part]:
    subject = table("subject")
    enrolled = subject.enroll_dt.coalesce(subject.rand_dt)
    is_enrolled = (enrolled <= context.day).fill_null(False) | (enrolled.isnull() & subject.enrollyn.fill_null(False))
    reason = subject[left.replace("_dt", "_reason")]
    # A leaver without a date is known to have left, only not when.
    has_left = (subject[left] <= context.day).fill_null(False) | (subject[left].isnull() & reason.notnull())
    return [
        build_part(
            "subject",
            subject,
            study_id=subject.study_id,
            site_id=subject.site_id,
            happened=enrolled,
            numerator=is_enrolled & has_left,
            denominator=is_enrolled,
        )
    ]


def find_study_leavers(context: Context) -> list[Part]:
    """One row per participant: due once enrolled, counted where the participant has left the trial early."""
    return _find_leavers(context, "study_disc_dt")


def find_treatment_leavers(context: Context) -> list[Part]:
    """One row per participant: due once enrolled, counted where treatment has stopped early."""
    return _find_leavers(context, "treatment_disc_dt")


def find_visits_due(context: Context) -> list[Part]:
    """One row per planned visit: due once its window has closed, counted where it was missed or done outside the window."""
    visit = table("visit")
    visit = join_site(visit.filter(visit.visit_status.isnull() | (visit.visit_status != "unscheduled")), context)
    closes = visit.window_end_dt.coalesce(visit.planned_dt)
    done = (visit.visit_dt <= context.day).ifelse(visit.visit_dt, None)
    said = visit.visit_status.isin(["missed", "out_of_window"]).fill_null(False)
    # A window that closed makes a visit due; so does the visit itself, and the site's word that it was missed.
    is_due = (closes < context.day).fill_null(False) | done.notnull() | (said & closes.isnull())
    is_outside = (done > visit.window_end_dt).fill_null(False) | (done < visit.window_start_dt).fill_null(False)
    return [
        build_part(
            "visit",
            visit,
            study_id=visit.study_id,
            site_id=visit.site_id,
            happened=closes.coalesce(visit.visit_dt),
            numerator=is_due & (said | is_outside | done.isnull()),
            denominator=is_due,
            collected=closes.notnull() | said,
        )
    ]


def find_deviations_and_visits(context: Context) -> list[Part]:
    """Protocol deviations (numerator) and visits done (denominator), both up to the cut."""
    deviation = _with_site(table("protocol_deviation"))
    happened = deviation.deviation_dt.coalesce(deviation.detected_dt, deviation.reported_dt)
    counts = (happened <= context.day).fill_null(True)
    if context["only_important"]:
        counts &= deviation.deemedimportant.fill_null(False)
    visit = join_site(table("visit"), context)
    is_done = (visit.visit_dt <= context.day) & (visit.visit_status.isnull() | (visit.visit_status != "missed"))
    deviations = build_part(
        "protocol_deviation",
        deviation,
        study_id=deviation.study_id,
        site_id=deviation.own_site,
        happened=happened,
        numerator=counts,
        denominator=0,
    )
    visits = build_part(
        "visit",
        visit,
        study_id=visit.study_id,
        site_id=visit.site_id,
        happened=visit.visit_dt,
        numerator=0,
        denominator=is_done,
    )
    return [deviations, visits]


def find_deviation_reports(context: Context) -> list[Part]:
    """One row per deviation: days from detection to report, still running where not reported."""
    deviation = _with_site(table("protocol_deviation"))
    found = deviation.detected_dt.coalesce(deviation.deviation_dt)
    reported = (deviation.reported_dt <= context.day).ifelse(deviation.reported_dt, None)
    return [
        build_part(
            "protocol_deviation",
            deviation,
            study_id=deviation.study_id,
            site_id=deviation.own_site,
            happened=found,
            denominator=found <= context.day,
            value=count_days(found, reported.coalesce(context.day)),
            observed=reported.notnull(),
            collected=found.notnull(),
            filled=deviation.reported_dt.notnull(),
        )
    ]


def _with_site(deviation: Relation) -> Relation:
    subject = table("subject").select("study_id", "subject_id", subject_site="site_id")
    rows = deviation.left_join(subject, ["study_id", "subject_id"])
    return rows.mutate(own_site=rows.site_id.coalesce(rows.subject_site))


def find_serious_event_reports(context: Context) -> list[Part]:
    """One row per serious adverse event: hours from the site's knowledge to the sponsor's, late where over the limit or still open after it."""
    event = table("adverse_event")
    event = join_site(event.filter(event.aeser), context)
    limit = int(context["hours_allowed"])
    reported: Any = (event.sponsor_reported_ts < context.end_of_day).ifelse(event.sponsor_reported_ts, None)
    hours = count_hours(event.site_aware_ts, reported.coalesce(context.end_of_day))
    seconds = reported.coalesce(context.end_of_day).epoch_seconds() - event.site_aware_ts.epoch_seconds()
    is_late = seconds > limit * 3600
    is_due = (event.site_aware_ts < context.end_of_day) & (reported.notnull() | is_late)
    return [
        build_part(
            "adverse_event",
            event,
            study_id=event.study_id,
            site_id=event.site_id,
            happened=event.site_aware_ts.cast("date"),
            numerator=is_due & is_late,
            denominator=is_due,
            value=hours,
            observed=reported.notnull(),
            collected=event.site_aware_ts.notnull(),
            filled=event.sponsor_reported_ts.notnull(),
        )
    ]
