"""Queries about records: data pages, data queries, source verification, monitoring reports, the trial master file."""

from __future__ import annotations

import ibis.expr.types as ir

from quarterdeck.evidence.tables import table
from quarterdeck.measures.facts import Context, Part, Relation, build_part, count_days, join_site


def find_page_entries(context: Context) -> list[Part]:
    """One row per data page entered: days from the visit to the first entry."""
    page = join_site(table("data_page"), context)
    lag = page.data_entry_lag.coalesce(count_days(page.visit_date, page.first_entered_ts))
    entered = page.first_entered_ts.cast("date").coalesce(page.visit_date)
    return [
        build_part(
            "data_page",
            page,
            study_id=page.study_id,
            site_id=page.site_id,
            happened=entered,
            denominator=(entered <= context.day).fill_null(True) & lag.notnull(),
            value=lag,
            collected=lag.notnull(),
        )
    ]


def find_pages_to_verify(context: Context) -> list[Part]:
    """One row per page: due once it is entered and must be verified, counted where verification is not done."""
    page = join_site(table("data_page"), context)
    is_due = page.sdv_required & (page.first_entered_ts.cast("date") <= context.day)
    is_done = (page.sdv_done_ts < context.end_of_day).fill_null(False)
    return [
        build_part(
            "data_page",
            page,
            study_id=page.study_id,
            site_id=page.site_id,
            happened=page.first_entered_ts,
            numerator=is_due & ~is_done,
            denominator=is_due,
            collected=page.sdv_required.notnull(),
            filled=page.sdv_done_ts.notnull(),
        )
    ]


def _read_queries(context: Context) -> Relation:
    """Queries opened by the cut and not cancelled, with the instant they were closed as far as it was known then."""
    rows = table("query")
    rows = rows.filter(rows.querystatus.isnull() | (rows.querystatus != "Cancelled"))
    return join_site(rows.mutate(closed=(rows.closed_ts < context.end_of_day).ifelse(rows.closed_ts, None)), context)


def find_open_queries(context: Context) -> list[Part]:
    """One row per query: its age at the cut, counted while it is open."""
    rows = _read_queries(context)
    is_closed_undated = rows.closed_ts.isnull() & (rows.querystatus == "Closed").fill_null(False)
    is_open = (rows.opened_ts < context.end_of_day) & rows.closed.isnull() & ~is_closed_undated
    return [
        build_part(
            "query",
            rows,
            study_id=rows.study_id,
            site_id=rows.site_id,
            happened=rows.opened_ts,
            denominator=is_open,
            value=count_days(rows.opened_ts, context.day),
            collected=rows.opened_ts.notnull(),
        )
    ]


def find_query_cycles(context: Context) -> list[Part]:
    """One row per query: days from opening to closing, still running where it is open."""
    rows = _read_queries(context)
    is_closed_undated = rows.closed_ts.isnull() & (rows.querystatus == "Closed").fill_null(False)
    days = rows.closed.isnull().ifelse(
        is_closed_undated.ifelse(rows.queryage, count_days(rows.opened_ts, context.day)), count_days(rows.opened_ts, rows.closed)
    )
    return [
        build_part(
            "query",
            rows,
            study_id=rows.study_id,
            site_id=rows.site_id,
            happened=rows.opened_ts,
            denominator=(rows.opened_ts < context.end_of_day) & days.notnull(),
            value=days,
            observed=rows.closed.notnull() | is_closed_undated,
            collected=rows.opened_ts.notnull(),
        )
    ]


def find_monitoring_reports(context: Context) -> list[Part]:
    """One row per monitoring visit: due once its report is, counted where the report came by then."""
    visit = table("monitoring_visit")
    is_due = visit.report_due_dt <= context.day
    is_on_time = (visit.report_submitted_dt <= visit.report_due_dt).fill_null(False)
    return [
        build_part(
            "monitoring_visit",
            visit,
            study_id=visit.study_id,
            site_id=visit.site_id,
            person_id=visit.cra_id,
            happened=visit.report_due_dt,
            numerator=is_due & is_on_time,
            denominator=is_due,
            collected=visit.report_due_dt.notnull(),
            filled=visit.report_submitted_dt.notnull(),
        )
    ]


def _build_documents(
    rows: Relation, is_due: ir.BooleanValue, counts: ir.BooleanValue, collected: ir.BooleanValue | bool = True
) -> list[Part]:
    return [
        build_part(
            "tmf_document",
            rows,
            study_id=rows.study_id,
            site_id=rows.site_id,
            country=rows.country,
            happened=rows.expected_dt,
            numerator=is_due & counts,
            denominator=is_due,
            collected=collected,
            filled=rows.received_dt.notnull() | rows.finalized_dt.notnull(),
        )
    ]


def _read_documents() -> Relation:
    rows = table("tmf_document")
    return rows.filter(rows.status.isnull() | (rows.status != "not_applicable"))


def find_documents_expected(context: Context) -> list[Part]:
    """One row per document that applies: due once expected, counted where it is there."""
    rows = _read_documents()
    arrived = rows.received_dt.coalesce(rows.finalized_dt)
    is_there = (arrived <= context.day).fill_null(False) | (arrived.isnull() & (rows.status == "approved").fill_null(False))
    return _build_documents(rows, rows.expected_dt <= context.day, is_there, rows.expected_dt.notnull())


def find_documents_on_time(context: Context) -> list[Part]:
    """One row per document that applies: due once the days of grace have passed, counted where it came within them."""
    rows = _read_documents()
    grace = int(context["days_of_grace"])
    arrived = rows.received_dt.coalesce(rows.finalized_dt)
    is_on_time = (count_days(rows.expected_dt, arrived) <= grace).fill_null(False)
    return _build_documents(rows, rows.expected_dt <= context.days_before(grace), is_on_time, rows.expected_dt.notnull())


def find_documents_without_issue(context: Context) -> list[Part]:
    """One row per document that has come: counted where it was accepted without a quality issue."""
    rows = _read_documents()
    is_there = rows.received_dt.coalesce(rows.finalized_dt) <= context.day
    return _build_documents(rows, is_there, ~rows.quality_issue, rows.quality_issue.notnull())
