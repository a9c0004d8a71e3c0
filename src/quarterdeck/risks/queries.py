"""The rows that indicators count, and the sums made of them: one truth for the figure and for what lies behind it.

An indicator's query names its sources: rows of one table, each with what it adds to numerator and denominator. Counts are their sums.
`$cut` is the data cut: what lies after it does not count, and what was not due by then is neither good nor bad.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot


def read_rows(snapshot: Snapshot, sql: str, **more: Any) -> list[dict[str, Any]]:
    """Rows of a query; `$cut` is the data cut, where the query asks for it."""
    chosen = {"cut": snapshot.data_cut, **more}
    params = {name: value for name, value in chosen.items() if f"${name}" in sql}
    rows: list[dict[str, Any]] = snapshot.query(sql, params or None).to_pylist()
    return rows


@dataclass(frozen=True, slots=True)
class Source:
    """Rows `t` of a table (or of a choice of its rows) and what each adds; expressions may use the joined table too.

    NULL in place of a number says that these rows have no part in that side of the fraction.
    """

    table: str
    numerator: str
    denominator: str
    where: str = "true"
    happened: str = "NULL"
    rows: str = ""
    join: str = ""
    site: str = "t.site_id"
    study: str = "t.study_id"
    vendor: str = "NULL"
    person: str = "NULL"

    def select(self, key: str = "NULL", lineage: bool = False) -> str:
        """The rows with their place; with `lineage` also the table, the key, the day and where they were read."""
        behind = f", '{self.table}' AS source_table, {key} AS source_key, ({self.happened})::DATE AS happened, t._file, t._sheet, t._line"
        return (
            f"SELECT {self.study} AS study_id, {self.site} AS site_id, {self.vendor} AS vendor_id, {self.person} AS person_id, "
            f"({self.numerator})::DOUBLE AS numerator, ({self.denominator})::DOUBLE AS denominator{behind if lineage else ''} "
            f"FROM {self.rows or self.table} t {self.join} WHERE {self.where}"
        )


def count_of(sources: tuple[Source, ...]) -> str:
    """SQL: study_id, site_id, vendor_id, person_id, numerator, denominator."""
    parts = " UNION ALL ".join(source.select() for source in sources)
    return (
        "SELECT study_id, site_id, vendor_id, person_id, sum(numerator) AS numerator, sum(denominator) AS denominator "
        f"FROM ({parts}) GROUP BY ALL"
    )


def _when(condition: str) -> str:
    return f"CASE WHEN {condition} THEN 1 ELSE 0 END"


ENROLLED = """(
  SELECT *, coalesce(enroll_dt, rand_dt, first_dose_dt) AS start,
    greatest(coalesce(time_on_study, date_diff('day', coalesce(enroll_dt, rand_dt, first_dose_dt),
      least(coalesce(study_disc_dt, last_contact_dt, $cut), $cut)) + 1), 0) AS days
  FROM subject WHERE coalesce(enrollyn, enroll_dt IS NOT NULL OR rand_dt IS NOT NULL) AND site_id IS NOT NULL
)"""
OF_ENROLLED = f"JOIN {ENROLLED} e USING (study_id, subject_id)"
OF_SUBJECT = "JOIN (SELECT study_id, subject_id, site_id FROM subject WHERE site_id IS NOT NULL) s USING (study_id, subject_id)"
_ASKED = "t.querystatus IS DISTINCT FROM 'Cancelled' AND t.opened_ts::DATE <= $cut"
_DOCUMENT = "t.status IS DISTINCT FROM 'not_applicable'"


def _newest(table: str) -> str:
    return (
        f"(SELECT * FROM {table} WHERE snapshot_date <= $cut "
        "QUALIFY row_number() OVER (PARTITION BY study_id, subject_id ORDER BY snapshot_date DESC) = 1)"
    )


def _per_enrolled(table: str, where: str, happened: str, denominator: str) -> tuple[Source, ...]:
    """Events of enrolled participants (a row each) against days on study or participants."""
    return (
        Source("subject", "0", denominator, happened="t.start", rows=ENROLLED),
        Source(table, "1", "NULL", where, happened, join=OF_ENROLLED, site="e.site_id"),
    )


def _per_day(table: str, where: str, happened: str) -> tuple[Source, ...]:
    return _per_enrolled(table, where, happened, "t.days")


def _of_enrolled(condition: str, happened: str) -> tuple[Source, ...]:
    return (Source("subject", _when(condition), "1", happened=happened, rows=ENROLLED),)


def _by_subject(table: str, numerator: str, denominator: str, where: str, happened: str, rows: str = "") -> tuple[Source, ...]:
    return (Source(table, numerator, denominator, where, happened, rows, OF_SUBJECT, site="s.site_id"),)


def _at_site(table: str, numerator: str, denominator: str, where: str, happened: str, person: str = "NULL") -> tuple[Source, ...]:
    return (
        Source(table, numerator, denominator, f"t.site_id IS NOT NULL AND t.study_id IS NOT NULL AND ({where})", happened, person=person),
    )


def _of_site(numerator: str, denominator: str, where: str, happened: str, rows: str = "") -> tuple[Source, ...]:
    return (Source("site", numerator, denominator, where, happened, rows, vendor="t.vendor_id"),)


def _of_vendor(table: str, numerator: str, where: str, happened: str, join: str = "", **place: str) -> tuple[Source, ...]:
    columns = {"study": "t.study_id", "site": "NULL", "vendor": "t.vendor_id", **place}
    return (Source(table, _when(numerator), "1", where, happened, join=join, **columns),)


_ENTRY_LAG = "coalesce(t.data_entry_lag, date_diff('day', t.visit_date, t.first_entered_ts::DATE))"
_BROKEN = (
    "(t.study_id, t.subject_id) IN (SELECT (study_id, subject_id) FROM eligibility_violation "
    "UNION SELECT (study_id, subject_id) FROM protocol_deviation WHERE dvdecod ILIKE '%eligib%' AND subject_id IS NOT NULL)"
)
# Sites with a plan that runs, and what the plan wants of them by the cut.
_PLANNED = """(
  SELECT s.*, s.num_plan_subj * least(1.0, greatest(0.0,
    date_diff('day', s.site_active_dt, $cut)::DOUBLE / nullif(date_diff('day', s.site_active_dt, t.est_lpfv), 0))) AS planned
  FROM site s JOIN study t USING (study_id) WHERE s.site_active_dt < $cut AND s.num_plan_subj > 0 AND t.est_lpfv > s.site_active_dt
)"""
_RECRUITED = "(SELECT study_id, site_id, count(*) AS n FROM subject WHERE coalesce(enroll_dt, rand_dt) <= $cut GROUP BY ALL)"
_OPENED = (
    "(SELECT *, date_diff('day', contract_executed_dt, least(coalesce(site_active_dt, $cut), $cut)) AS waited FROM site "
    "WHERE contract_executed_dt <= $cut)"
)

SOURCES: dict[str, tuple[Source, ...]] = {
    "adverse_events": _per_day("adverse_event", "coalesce(t.aest_dt, $cut) <= $cut", "t.aest_dt"),
    "serious_events": _per_day("adverse_event", "t.aeser AND coalesce(t.aest_dt, $cut) <= $cut", "t.aest_dt"),
    "deviations": _per_day("protocol_deviation", "NOT coalesce(t.deemedimportant, false) AND coalesce(t.deviation_dt, $cut) <= $cut", "t.deviation_dt"),
    "important_deviations": _per_day("protocol_deviation", "t.deemedimportant AND coalesce(t.deviation_dt, $cut) <= $cut", "t.deviation_dt"),
    "high_grade_labs": _by_subject("lab_result_count", "t.n_grade3plus", "t.n_graded", "true", "t.snapshot_date", _newest("lab_result_count")),
    "left_study": _of_enrolled("t.study_disc_dt <= $cut", "t.study_disc_dt"),
    "left_treatment": _of_enrolled("t.treatment_disc_dt <= $cut", "t.treatment_disc_dt"),
    "queries_per_data_point": (
        *_by_subject("data_point_count", "0", "t.n_points", "true", "t.snapshot_date", _newest("data_point_count")),
        Source("query", "1", "NULL", f"{_ASKED} AND (t.study_id, t.subject_id) IN (SELECT (study_id, subject_id) FROM data_point_count WHERE snapshot_date <= $cut)",
               "t.opened_ts", join=OF_SUBJECT, site="s.site_id"),
    ),
    "slow_queries": _by_subject(
        "query", _when("coalesce(t.queryage, date_diff('day', t.opened_ts::DATE, least(coalesce(t.closed_ts::DATE, $cut), $cut))) > 30"), "1", _ASKED, "t.opened_ts"
    ),
    "late_pages": _by_subject("data_page", _when(f"{_ENTRY_LAG} > 10"), "1", "t.first_entered_ts::DATE <= $cut", "t.first_entered_ts"),
    "changed_data_points": _by_subject("data_point_count", "t.n_points_changed", "t.n_points", "true", "t.snapshot_date", _newest("data_point_count")),
    "screen_failures": _at_site(
        "subject", _when("t.screen_fail_dt <= $cut OR (t.screen_fail_dt IS NULL AND t.enrollyn = false AND t.screen_fail_reason IS NOT NULL)"), "1",
        "coalesce(t.screen_dt, t.consent_dt) <= $cut", "t.screen_dt",
    ),
    "samples_taken": _by_subject("sample_collection", "t.collected", "t.expected", "t.sample_type = 'PK'", "NULL"),
    "ineligible": _of_enrolled(_BROKEN, "t.start"),
    "early_deaths": _of_enrolled("t.death_dt <= $cut AND date_diff('day', t.start, t.death_dt) <= 90", "t.death_dt"),
    "sites_opened_late": _of_site(_when("t.waited > 30"), "1", "t.waited > 30 OR t.site_active_dt <= $cut", "t.site_active_dt", _OPENED),
    "site_start_up_days": _of_site(
        "date_diff('day', t.selected_dt, t.site_active_dt)", "1", "t.selected_dt IS NOT NULL AND t.site_active_dt <= $cut AND t.site_active_dt >= t.selected_dt", "t.site_active_dt"
    ),
    "silent_sites": (Source(
        "site", _when("coalesce(r.n, 0) = 0"), "1", "date_diff('day', t.site_active_dt, least(coalesce(t.closed_dt, $cut), $cut)) >= 90", "t.site_active_dt",
        join=f"LEFT JOIN {_RECRUITED} r USING (study_id, site_id)", vendor="t.vendor_id",
    ),),
    "enrolment_against_plan": (
        Source("site", "0", "t.planned", happened="t.site_active_dt", rows=_PLANNED, vendor="t.vendor_id"),
        Source("subject", "1", "NULL", "coalesce(t.enroll_dt, t.rand_dt) <= $cut", "coalesce(t.enroll_dt, t.rand_dt)",
               join=f"JOIN {_PLANNED} p USING (study_id, site_id)", vendor="p.vendor_id"),
    ),
    "late_serious_event_reports": _by_subject(
        "adverse_event", _when("t.sponsor_reported_ts IS NULL OR date_diff('hour', t.site_aware_ts, t.sponsor_reported_ts) > 24"), "1",
        "t.aeser AND t.site_aware_ts::DATE < $cut", "t.site_aware_ts",
    ),
    "missed_visits": _by_subject(
        "visit", _when("t.visit_status IN ('missed', 'out_of_window')"), "1",
        "coalesce(t.window_end_dt, t.planned_dt) <= $cut AND t.visit_status IN ('performed', 'missed', 'out_of_window')", "coalesce(t.visit_dt, t.planned_dt)",
    ),
    "late_deviation_reports": _at_site(
        "protocol_deviation", _when("t.reported_dt IS NULL OR date_diff('day', t.detected_dt, t.reported_dt) > 14"), "1",
        "t.detected_dt + 14 <= $cut OR t.reported_dt <= $cut", "t.detected_dt",
    ),
    "slow_pages": _by_subject("data_page", _when(f"{_ENTRY_LAG} > 5"), "1", "t.first_entered_ts::DATE <= $cut", "t.first_entered_ts"),
    "unverified_pages": _by_subject(
        "data_page", _when("t.sdv_done_ts IS NULL OR t.sdv_done_ts::DATE > $cut"), "1", "t.sdv_required AND t.first_entered_ts::DATE + 60 <= $cut", "t.first_entered_ts"
    ),
    "late_visit_reports": (Source(
        "monitoring_visit", _when("t.report_submitted_dt IS NULL OR t.report_submitted_dt > t.report_due_dt"), "1",
        "t.report_due_dt <= $cut AND t.site_id IS NOT NULL", "t.start_dt", person="t.cra_id",
    ),),
    "open_action_items": _at_site("monitoring_visit", "t.action_items_open", "t.action_items_opened", "t.end_dt + 60 <= $cut", "t.end_dt"),
    "missing_documents": _at_site("tmf_document", _when("t.received_dt IS NULL AND t.finalized_dt IS NULL"), "1", f"{_DOCUMENT} AND t.expected_dt <= $cut", "t.expected_dt"),
    "late_documents": _at_site(
        "tmf_document", _when("date_diff('day', t.expected_dt, coalesce(t.received_dt, t.finalized_dt, $cut)) > 30"), "1", f"{_DOCUMENT} AND t.expected_dt + 30 <= $cut", "t.expected_dt"
    ),
    "faulty_documents": _at_site("tmf_document", _when("t.quality_issue"), "1", "t.received_dt <= $cut AND t.quality_issue IS NOT NULL", "t.received_dt"),
    "consent_errors": _per_enrolled("protocol_deviation", "t.dvdecod ILIKE '%consent%' AND t.deviation_dt <= $cut", "t.deviation_dt", "1"),
    # A change is the first visit of a monitor who was not the site's first.
    "monitor_changes": (Source(
        "monitoring_visit", _when("t.nth_of_monitor = 1 AND t.nth > 1"), "1", happened="t.start_dt", rows=(
            "(SELECT *, row_number() OVER (PARTITION BY study_id, site_id, cra_id ORDER BY start_dt, mv_id) AS nth_of_monitor, "
            "row_number() OVER (PARTITION BY study_id, site_id ORDER BY start_dt, mv_id) AS nth FROM monitoring_visit "
            "WHERE start_dt <= $cut AND cra_id IS NOT NULL AND site_id IS NOT NULL AND study_id IS NOT NULL)"
        ),
    ),),
    "avoidable_change_orders": _of_vendor(
        "change_order", "t.preventable", "coalesce(t.executed_dt, t.submitted_dt) <= $cut AND c.vendor_id IS NOT NULL", "t.submitted_dt",
        "JOIN contract c USING (contract_id)", study="c.study_id", vendor="c.vendor_id",
    ),
    "unpaid_invoices": _of_vendor(
        "invoice", "coalesce(t.paid_dt, $cut) > t.due_dt", "t.due_dt <= $cut AND t.status IS DISTINCT FROM 'rejected' AND t.vendor_id IS NOT NULL", "t.due_dt"
    ),
    "missed_vendor_targets": _of_vendor(
        "vendor_kpi", "CASE t.direction WHEN 'lower' THEN t.value > t.target ELSE t.value < t.target END",
        "t.period_end BETWEEN $cut - 370 AND $cut AND t.value IS NOT NULL AND t.target IS NOT NULL", "t.period_end",
    ),
    "late_deliverables": _of_vendor(
        "deliverable", "coalesce(t.delivered_dt, $cut) > t.due_dt + 14", "t.due_dt + 14 <= $cut", "t.due_dt", "JOIN contract c USING (contract_id)", vendor="c.vendor_id"
    ),
    "overdue_findings": _of_vendor(
        "audit_finding", "coalesce(t.closed_dt, $cut) > t.response_due_dt", "t.response_due_dt <= $cut", "t.response_due_dt",
        "JOIN audit a USING (audit_id)", study="a.study_id", site="a.site_id", vendor="a.vendor_id",
    ),
    "unlocked_pages": _by_subject("data_page", _when("t.signed_ts IS NULL"), "1", "t.first_entered_ts::DATE + 30 <= $cut", "t.first_entered_ts"),
    # Scored from patients and visits (below); these are the rows behind it.
    "cumulative_events": (
        *_by_subject("visit", "0", "1", "t.visit_dt <= $cut", "t.visit_dt"),
        *_by_subject("adverse_event", "1", "NULL", "coalesce(t.aest_dt, $cut) <= $cut", "t.aest_dt"),
    ),
}  # fmt: skip
COUNTS: Mapping[str, str] = {name: count_of(sources) for name, sources in SOURCES.items() if name != "cumulative_events"}

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
