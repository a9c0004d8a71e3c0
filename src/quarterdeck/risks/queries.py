"""The counts behind the indicators: one named SQL query each, giving study_id, site_id, vendor_id, person_id, numerator, denominator.

`$cut` is the data cut: what lies after it does not count, and what was not due by then is neither good nor bad.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot


def read_rows(snapshot: Snapshot, sql: str, **more: Any) -> list[dict[str, Any]]:
    """Rows of a query; `$cut` is the data cut, where the query asks for it."""
    chosen = {"cut": snapshot.data_cut, **more}
    params = {name: value for name, value in chosen.items() if f"${name}" in sql}
    rows: list[dict[str, Any]] = snapshot.query(sql, params or None).to_pylist()
    return rows


ENROLLED = """
WITH enrolled AS (
  SELECT study_id, subject_id, site_id, coalesce(enroll_dt, rand_dt, first_dose_dt) AS start,
    greatest(coalesce(time_on_study, date_diff('day', coalesce(enroll_dt, rand_dt, first_dose_dt),
      least(coalesce(study_disc_dt, last_contact_dt, $cut), $cut)) + 1), 0) AS days,
    study_disc_dt, treatment_disc_dt, death_dt
  FROM subject WHERE coalesce(enrollyn, enroll_dt IS NOT NULL OR rand_dt IS NOT NULL) AND site_id IS NOT NULL
)"""

SITE_OF_SUBJECT = "JOIN (SELECT study_id, subject_id, site_id FROM subject WHERE site_id IS NOT NULL) s USING (study_id, subject_id)"


def _per_day(events: str) -> str:
    """Events per day on study; `events` counts them by study_id and subject_id as n."""
    return (
        f"{ENROLLED} SELECT study_id, site_id, coalesce(sum(n), 0) AS numerator, sum(days) AS denominator "
        f"FROM enrolled LEFT JOIN ({events}) USING (study_id, subject_id) GROUP BY ALL"
    )


def _of_enrolled(condition: str) -> str:
    return f"{ENROLLED} SELECT study_id, site_id, count(*) FILTER ({condition}) AS numerator, count(*) AS denominator FROM enrolled GROUP BY ALL"


def _by_subject(table: str, numerator: str, denominator: str, where: str = "true") -> str:
    return (
        f"SELECT t.study_id, s.site_id, {numerator} AS numerator, {denominator} AS denominator "
        f"FROM {table} t {SITE_OF_SUBJECT} WHERE {where} GROUP BY ALL"
    )


def _at_site(table: str, numerator: str, denominator: str = "count(*)", where: str = "true") -> str:
    return (
        f"SELECT study_id, site_id, {numerator} AS numerator, {denominator} AS denominator FROM {table} "
        f"WHERE site_id IS NOT NULL AND study_id IS NOT NULL AND ({where}) GROUP BY ALL"
    )


_COUNT = "SELECT study_id, subject_id, count(*) AS n FROM {} GROUP BY ALL"
_QUERIES = "querystatus IS DISTINCT FROM 'Cancelled' AND opened_ts::DATE <= $cut"
_DOCUMENT = "status IS DISTINCT FROM 'not_applicable'"

COUNTS: dict[str, str] = {
    "adverse_events": _per_day(_COUNT.format("adverse_event WHERE coalesce(aest_dt, $cut) <= $cut")),
    "serious_events": _per_day(_COUNT.format("adverse_event WHERE aeser AND coalesce(aest_dt, $cut) <= $cut")),
    "deviations": _per_day(_COUNT.format("protocol_deviation WHERE NOT coalesce(deemedimportant, false) AND coalesce(deviation_dt, $cut) <= $cut")),
    "important_deviations": _per_day(_COUNT.format("protocol_deviation WHERE deemedimportant AND coalesce(deviation_dt, $cut) <= $cut")),
    "high_grade_labs": (
        "WITH newest AS (SELECT * FROM lab_result_count WHERE snapshot_date <= $cut "
        "QUALIFY row_number() OVER (PARTITION BY study_id, subject_id ORDER BY snapshot_date DESC) = 1) "
        + _by_subject("newest", "sum(t.n_grade3plus)", "sum(t.n_graded)")
    ),
    "left_study": _of_enrolled("study_disc_dt <= $cut"),
    "left_treatment": _of_enrolled("treatment_disc_dt <= $cut"),
    "queries_per_data_point": (
        "WITH newest AS (SELECT * FROM data_point_count WHERE snapshot_date <= $cut "
        "QUALIFY row_number() OVER (PARTITION BY study_id, subject_id ORDER BY snapshot_date DESC) = 1), "
        f"asked AS (SELECT study_id, subject_id, count(*) AS n FROM query WHERE {_QUERIES} GROUP BY ALL) "
        f"SELECT t.study_id, s.site_id, coalesce(sum(a.n), 0) AS numerator, sum(t.n_points) AS denominator FROM newest t {SITE_OF_SUBJECT} "
        "LEFT JOIN asked a USING (study_id, subject_id) GROUP BY ALL"
    ),
    "slow_queries": _by_subject(
        "query",
        "count(*) FILTER (coalesce(t.queryage, date_diff('day', t.opened_ts::DATE, least(coalesce(t.closed_ts::DATE, $cut), $cut))) > 30)",
        "count(*)",
        "t.querystatus IS DISTINCT FROM 'Cancelled' AND t.opened_ts::DATE <= $cut",
    ),
    "late_pages": _by_subject(
        "data_page",
        "count(*) FILTER (coalesce(t.data_entry_lag, date_diff('day', t.visit_date, t.first_entered_ts::DATE)) > 10)",
        "count(*)",
        "t.first_entered_ts::DATE <= $cut",
    ),
    "changed_data_points": (
        "WITH newest AS (SELECT * FROM data_point_count WHERE snapshot_date <= $cut "
        "QUALIFY row_number() OVER (PARTITION BY study_id, subject_id ORDER BY snapshot_date DESC) = 1) "
        + _by_subject("newest", "sum(t.n_points_changed)", "sum(t.n_points)")
    ),
    "screen_failures": _at_site(
        "subject", "count(*) FILTER (screen_fail_dt <= $cut OR (screen_fail_dt IS NULL AND enrollyn = false AND screen_fail_reason IS NOT NULL))",
        where="coalesce(screen_dt, consent_dt) <= $cut",
    ),
    "samples_taken": _by_subject("sample_collection", "sum(t.collected)", "sum(t.expected)", "t.sample_type = 'PK'"),
    "ineligible": (
        f"{ENROLLED}, broken AS (SELECT DISTINCT study_id, subject_id FROM eligibility_violation "
        "UNION SELECT DISTINCT study_id, subject_id FROM protocol_deviation WHERE dvdecod ILIKE '%eligib%' AND subject_id IS NOT NULL) "
        "SELECT e.study_id, e.site_id, count(b.subject_id) AS numerator, count(*) AS denominator FROM enrolled e "
        "LEFT JOIN broken b USING (study_id, subject_id) GROUP BY ALL"
    ),
    "early_deaths": _of_enrolled("death_dt <= $cut AND date_diff('day', start, death_dt) <= 90"),
    "sites_opened_late": (
        "SELECT s.study_id, s.site_id, s.vendor_id, CASE WHEN days > 30 THEN 1 ELSE 0 END AS numerator, 1 AS denominator FROM ("
        "SELECT study_id, site_id, vendor_id, date_diff('day', contract_executed_dt, least(coalesce(site_active_dt, $cut), $cut)) AS days, "
        "site_active_dt FROM site WHERE contract_executed_dt <= $cut) s WHERE days > 30 OR site_active_dt <= $cut"
    ),
    "site_start_up_days": (
        "SELECT study_id, site_id, vendor_id, date_diff('day', selected_dt, site_active_dt) AS numerator, 1 AS denominator "
        "FROM site WHERE selected_dt IS NOT NULL AND site_active_dt <= $cut AND site_active_dt >= selected_dt"
    ),
    "silent_sites": (
        "WITH n AS (SELECT study_id, site_id, count(*) AS n FROM subject WHERE coalesce(enroll_dt, rand_dt) <= $cut GROUP BY ALL) "
        "SELECT s.study_id, s.site_id, s.vendor_id, CASE WHEN coalesce(n, 0) = 0 THEN 1 ELSE 0 END AS numerator, 1 AS denominator "
        "FROM site s LEFT JOIN n USING (study_id, site_id) "
        "WHERE date_diff('day', site_active_dt, least(coalesce(closed_dt, $cut), $cut)) >= 90"
    ),
    "enrolment_against_plan": (
        "WITH n AS (SELECT study_id, site_id, count(*) AS n FROM subject WHERE coalesce(enroll_dt, rand_dt) <= $cut GROUP BY ALL) "
        "SELECT s.study_id, s.site_id, s.vendor_id, coalesce(n, 0) AS numerator, s.num_plan_subj * least(1.0, greatest(0.0, "
        "date_diff('day', s.site_active_dt, $cut)::DOUBLE / nullif(date_diff('day', s.site_active_dt, t.est_lpfv), 0))) AS denominator "
        "FROM site s JOIN study t USING (study_id) LEFT JOIN n USING (study_id, site_id) "
        "WHERE s.site_active_dt < $cut AND s.num_plan_subj > 0 AND t.est_lpfv > s.site_active_dt"
    ),
    "late_serious_event_reports": _by_subject(
        "adverse_event",
        "count(*) FILTER (t.sponsor_reported_ts IS NULL OR date_diff('hour', t.site_aware_ts, t.sponsor_reported_ts) > 24)",
        "count(*)",
        "t.aeser AND t.site_aware_ts::DATE < $cut",
    ),
    "missed_visits": _by_subject(
        "visit", "count(*) FILTER (t.visit_status IN ('missed', 'out_of_window'))", "count(*)",
        "coalesce(t.window_end_dt, t.planned_dt) <= $cut AND t.visit_status IN ('performed', 'missed', 'out_of_window')",
    ),
    "late_deviation_reports": _at_site(
        "protocol_deviation", "count(*) FILTER (reported_dt IS NULL OR date_diff('day', detected_dt, reported_dt) > 14)",
        where="detected_dt + 14 <= $cut OR reported_dt <= $cut",
    ),
    "slow_pages": _by_subject(
        "data_page",
        "count(*) FILTER (coalesce(t.data_entry_lag, date_diff('day', t.visit_date, t.first_entered_ts::DATE)) > 5)",
        "count(*)",
        "t.first_entered_ts::DATE <= $cut",
    ),
    "unverified_pages": _by_subject(
        "data_page", "count(*) FILTER (t.sdv_done_ts IS NULL OR t.sdv_done_ts::DATE > $cut)", "count(*)",
        "t.sdv_required AND t.first_entered_ts::DATE + 60 <= $cut",
    ),
    "late_visit_reports": (
        "SELECT study_id, site_id, cra_id AS person_id, count(*) FILTER (report_submitted_dt IS NULL OR report_submitted_dt > report_due_dt) AS numerator, "
        "count(*) AS denominator FROM monitoring_visit WHERE report_due_dt <= $cut AND site_id IS NOT NULL GROUP BY ALL"
    ),
    "open_action_items": _at_site("monitoring_visit", "sum(action_items_open)", "sum(action_items_opened)", "end_dt + 60 <= $cut"),
    "missing_documents": _at_site("tmf_document", "count(*) FILTER (received_dt IS NULL AND finalized_dt IS NULL)", where=f"{_DOCUMENT} AND expected_dt <= $cut"),
    "late_documents": _at_site(
        "tmf_document", "count(*) FILTER (date_diff('day', expected_dt, coalesce(received_dt, finalized_dt, $cut)) > 30)",
        where=f"{_DOCUMENT} AND expected_dt + 30 <= $cut",
    ),
    "faulty_documents": _at_site("tmf_document", "count(*) FILTER (quality_issue)", where="received_dt <= $cut AND quality_issue IS NOT NULL"),
    "consent_errors": (
        f"{ENROLLED}, wrong AS (SELECT study_id, subject_id, count(*) AS n FROM protocol_deviation WHERE dvdecod ILIKE '%consent%' AND deviation_dt <= $cut GROUP BY ALL) "
        "SELECT e.study_id, e.site_id, coalesce(sum(n), 0) AS numerator, count(*) AS denominator FROM enrolled e LEFT JOIN wrong USING (study_id, subject_id) GROUP BY ALL"
    ),
    "monitor_changes": _at_site("monitoring_visit", "count(DISTINCT cra_id) - 1", "count(*)", "start_dt <= $cut AND cra_id IS NOT NULL"),
    "avoidable_change_orders": (
        "SELECT c.study_id, c.vendor_id, count(*) FILTER (o.preventable) AS numerator, count(*) AS denominator FROM change_order o "
        "JOIN contract c USING (contract_id) WHERE coalesce(o.executed_dt, o.submitted_dt) <= $cut AND c.vendor_id IS NOT NULL GROUP BY ALL"
    ),
    "unpaid_invoices": (
        "SELECT study_id, vendor_id, count(*) FILTER (coalesce(paid_dt, $cut) > due_dt) AS numerator, count(*) AS denominator FROM invoice "
        "WHERE due_dt <= $cut AND status IS DISTINCT FROM 'rejected' AND vendor_id IS NOT NULL GROUP BY ALL"
    ),
    "missed_vendor_targets": (
        "SELECT study_id, vendor_id, count(*) FILTER (CASE direction WHEN 'lower' THEN value > target ELSE value < target END) AS numerator, "
        "count(*) AS denominator FROM vendor_kpi WHERE period_end BETWEEN $cut - 370 AND $cut AND value IS NOT NULL AND target IS NOT NULL GROUP BY ALL"
    ),
    "late_deliverables": (
        "SELECT d.study_id, c.vendor_id, count(*) FILTER (coalesce(d.delivered_dt, $cut) > d.due_dt + 14) AS numerator, count(*) AS denominator "
        "FROM deliverable d JOIN contract c USING (contract_id) WHERE d.due_dt + 14 <= $cut GROUP BY ALL"
    ),
    "overdue_findings": (
        "SELECT a.study_id, a.site_id, a.vendor_id, count(*) FILTER (coalesce(f.closed_dt, $cut) > f.response_due_dt) AS numerator, count(*) AS denominator "
        "FROM audit_finding f JOIN audit a USING (audit_id) WHERE f.response_due_dt <= $cut GROUP BY ALL"
    ),
    "unlocked_pages": _by_subject("data_page", "count(*) FILTER (t.signed_ts IS NULL)", "count(*)", "t.first_entered_ts::DATE + 30 <= $cut"),
}  # fmt: skip

CUMULATIVE = """
WITH happened AS (
  SELECT study_id, subject_id, visit_dt AS day, 1 AS is_visit FROM visit WHERE visit_dt <= $cut
  UNION ALL
  SELECT study_id, subject_id, coalesce(aest_dt, $cut), 0 FROM adverse_event WHERE coalesce(aest_dt, $cut) <= $cut
), counted AS (
  SELECT *, sum(1 - is_visit) OVER w AS count, sum(is_visit) OVER w AS visit,
    sum(1 - is_visit) OVER p AS total, sum(is_visit) OVER p AS visits
  FROM happened WINDOW w AS (PARTITION BY study_id, subject_id ORDER BY day, is_visit ROWS UNBOUNDED PRECEDING),
    p AS (PARTITION BY study_id, subject_id)
)
SELECT dense_rank() OVER (ORDER BY c.study_id) AS study, dense_rank() OVER (ORDER BY c.study_id, s.site_id) AS site,
  dense_rank() OVER (ORDER BY c.study_id, c.subject_id) AS person, c.visit::BIGINT AS visit,
  (CASE WHEN c.visit = c.visits THEN c.total ELSE c.count END)::BIGINT AS count
FROM counted c JOIN subject s USING (study_id, subject_id) WHERE c.is_visit = 1 AND s.site_id IS NOT NULL
ORDER BY study, site, person, c.visit
"""
# The names of the numbers that CUMULATIVE gives to sites, in their order.
CUMULATIVE_SITES = """
SELECT DISTINCT study_id, site_id FROM subject JOIN (SELECT DISTINCT study_id, subject_id FROM visit WHERE visit_dt <= $cut) USING (study_id, subject_id)
WHERE site_id IS NOT NULL ORDER BY study_id, site_id
"""

SITES = """
WITH monitor AS (
  SELECT study_id, site_id, arg_max(cra_id, start_dt) AS cra_id FROM monitoring_visit WHERE cra_id IS NOT NULL AND start_dt <= $cut GROUP BY ALL
)
SELECT s.study_id, s.site_id, s.country, s.investigator_id, s.organization_id, s.vendor_id, m.cra_id
FROM site s LEFT JOIN monitor m USING (study_id, site_id) ORDER BY ALL
"""
