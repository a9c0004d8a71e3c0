"""Row-level queries of the measures with an evaluation of their own: money, cycle times, staff, surveys."""

from __future__ import annotations

from quarterdeck.evidence.tables import table
from quarterdeck.measures.facts import Context, Part, build_part, count_days


def find_budget_lines(_: Context) -> list[Part]:
    """One row per budget line: what was approved, spent, accrued and is expected, in its own currency."""
    line = table("budget_line")
    names = ("currency", "wbs", "cost_category", "budget_baseline", "budget_current", "actual", "accrual", "forecast")
    return [
        build_part(
            "budget_line",
            line,
            study_id=line.study_id,
            vendor_id=line.vendor_id,
            happened=line.period,
            numerator=line.actual.fill_null(0) + line.accrual.fill_null(0),
            denominator=line.budget_current.fill_null(0),
            **{f"own_{name}": line[name] for name in names},
        )
    ]


def find_deliverables(_: Context) -> list[Part]:
    """One row per deliverable: units planned and done at their price."""
    unit = table("deliverable")
    contract = table("contract").select("contract_id", "vendor_id", contract_study="study_id")
    rows = unit.left_join(contract, "contract_id")
    return [
        build_part(
            "deliverable",
            rows,
            study_id=rows.study_id.coalesce(rows.contract_study),
            vendor_id=rows.vendor_id,
            happened=rows.due_dt,
            numerator=rows.actual_units * rows.unit_price,
            denominator=rows.planned_units * rows.unit_price,
            own_currency=rows.currency,
            own_unit_type=rows.unit_type,
            own_delivered=rows.delivered_dt,
            own_due=rows.due_dt,
            collected=rows.planned_units.notnull() & rows.unit_price.notnull(),
        )
    ]


def find_progress_and_money(context: Context) -> list[Part]:
    """Budget lines and deliverables together: what earned value needs."""
    return find_budget_lines(context) + find_deliverables(context)


def find_cycle_times(context: Context) -> list[Part]:
    """One row per trial with an approved protocol: days to database lock, still running where it is not locked by the cut."""
    study = table("study")
    locked = (study.db_lock_dt <= context.day).ifelse(study.db_lock_dt, None)
    is_started = study.protocol_approved_dt <= context.day
    return [
        build_part(
            "study",
            study,
            study_id=study.study_id,
            happened=locked.coalesce(context.day),
            numerator=is_started & locked.notnull(),
            denominator=is_started,
            value=count_days(study.protocol_approved_dt, locked.coalesce(context.day)),
            observed=locked.notnull(),
            collected=study.protocol_approved_dt.notnull(),
            own_approved=study.protocol_approved_dt,
            own_locked=locked,
            own_phase=study.phase,
            own_area=study.therapeutic_area,
            own_status=study.status,
            own_lpfv=study.act_lpfv,
            own_lplv=study.act_lplv,
        )
    ]


def find_staff(context: Context) -> list[Part]:
    """One row per employee: joined, left, whether the loss is regretted. Contractors have no contract of employment to leave."""
    staff = table("staff")
    staff = staff.filter(staff.employment.isnull() | staff.employment.isin([str(kind) for kind in context["employment"]]))
    has_left = staff.leave_dt <= context.day
    return [
        build_part(
            "staff",
            staff,
            team_id=staff.manager_id,
            country=staff.country,
            person_id=staff.person_id,
            # Someone still here counts on the last day known, so that a period holds its leavers and those who stayed.
            happened=has_left.ifelse(staff.leave_dt, context.day).coalesce(context.day),
            numerator=has_left & (staff.leave_type == "voluntary") & staff.regrettable,
            denominator=staff.hire_dt <= context.day,
            collected=staff.hire_dt.notnull()
            & (staff.leave_dt.isnull() | (staff.leave_type != "voluntary").fill_null(False) | staff.regrettable.notnull()),
            own_hired=staff.hire_dt,
            own_left=staff.leave_dt,
        )
    ]


def find_survey_cells(context: Context) -> list[Part]:
    """One row per survey, team and group of questions, up to the cut."""
    survey = table("engagement_survey")
    survey = survey.filter(survey.survey_dt <= context.day)
    return [
        build_part(
            "engagement_survey",
            survey,
            team_id=survey.team_id,
            happened=survey.survey_dt,
            numerator=survey.score * survey.n_responded,
            denominator=survey.n_responded,
            collected=survey.score.notnull() & survey.n_responded.notnull(),
            own_survey=survey.survey_id,
            own_group=survey.question_group,
            own_invited=survey.n_invited,
            own_responded=survey.n_responded,
            own_score=survey.score,
            own_p75=survey.benchmark_p75,
        )
    ]
