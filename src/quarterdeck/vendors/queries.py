"""Reads for the vendor metrics: one row per vendor and trial, with numerator and denominator, or a typical duration.

A metric file names one of these queries. Each counts what was *due*: what is not yet due is neither good nor bad. The vendor of a site is the
CRO responsible for it; the vendor of a trial's contract, invoice or indicator is the one named there. `$cut` is the snapshot's data cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quarterdeck.vocabulary.errors import NotFound

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.methods.hierarchical import Floats

BY_SITE = "site.vendor_id AS vendor, site.study_id AS study"
OF_SITE = "JOIN site USING (study_id, site_id)"
OF_SUBJECT = "JOIN subject USING (study_id, subject_id) JOIN site ON site.study_id = subject.study_id AND site.site_id = subject.site_id"


def _count(numerator: str, denominator: str, source: str, where: str = "true", keys: str = BY_SITE) -> str:
    return f"SELECT {keys}, sum({numerator})::DOUBLE AS y, sum({denominator})::DOUBLE AS size FROM {source} WHERE {where} GROUP BY ALL"


def _share(condition: str, source: str, where: str = "true", keys: str = BY_SITE) -> str:
    return _count(f"(COALESCE({condition}, false))::INT", "1", source, where, keys)


def _days(days: str, source: str, where: str, keys: str = BY_SITE) -> str:
    """Geometric mean of positive durations in days; half a day stands for zero."""
    return f"SELECT {keys}, exp(avg(ln(greatest({days}, 0.5))))::DOUBLE AS y, count(*)::DOUBLE AS size FROM {source} WHERE {where} GROUP BY ALL"


CONTRACT = "contract.vendor_id AS vendor, contract.study_id AS study"
INVOICE = "invoice.vendor_id AS vendor, invoice.study_id AS study"
KPI = "vendor_id AS vendor, study_id AS study"
PLANNED_OPENING = "site JOIN (SELECT study_id, min(planned_finish) AS planned FROM milestone WHERE milestone_type = 'first_site_active' GROUP BY 1) m USING (study_id)"

QUERIES: dict[str, str] = {
    # start-up
    "selection_to_activation_days": _days("site_active_dt - selected_dt", "site", "site_active_dt IS NOT NULL AND selected_dt IS NOT NULL"),
    "contract_to_activation_days": _days(
        "site_active_dt - contract_executed_dt", "site", "site_active_dt IS NOT NULL AND contract_executed_dt IS NOT NULL"
    ),
    "selection_to_contract_days": _days(
        "contract_executed_dt - selected_dt", "site", "contract_executed_dt IS NOT NULL AND selected_dt IS NOT NULL"
    ),
    "ethics_to_activation_days": _days("site_active_dt - ethics_approval_dt", "site", "site_active_dt > ethics_approval_dt"),
    "first_site_delay_days": _days(
        "min_active - planned + 60",
        "(SELECT vendor_id, study_id, min(site_active_dt) AS min_active, any_value(planned) AS planned FROM "
        + PLANNED_OPENING
        + " GROUP BY ALL) site",
        "min_active IS NOT NULL AND min_active - planned > -60",
    ),
    "never_activated": _share("site_active_dt IS NULL", "site", "selected_dt <= $cut - 365"),
    "activated_within_180_days": _share("site_active_dt - selected_dt <= 180", "site", "selected_dt <= $cut - 180"),
    # enrolment
    "enrolment_rate": _count(
        "n",
        "days / 30.4375",
        "(SELECT site.*, (SELECT count(*) FROM subject s WHERE s.study_id = site.study_id AND s.site_id = site.site_id AND s.enroll_dt IS NOT NULL) AS n,"
        " least(COALESCE(closed_dt, $cut), $cut) - site_active_dt AS days FROM site WHERE site_active_dt < $cut) site",
        "days > 0",
    ),
    "enrolled_of_planned": _count(
        "least(n, num_plan_subj)",
        "num_plan_subj",
        "(SELECT site.*, (SELECT count(*) FROM subject s WHERE s.study_id = site.study_id AND s.site_id = site.site_id AND s.enroll_dt IS NOT NULL) AS n"
        " FROM site WHERE site_active_dt <= $cut - 180 AND num_plan_subj > 0) site",
    ),
    "non_enrolling_sites": _share(
        "NOT EXISTS (SELECT 1 FROM subject s WHERE s.study_id = site.study_id AND s.site_id = site.site_id AND s.enroll_dt IS NOT NULL)",
        "site",
        "site_active_dt <= $cut - 90",
    ),
    "screen_failure": _share("screen_fail_dt IS NOT NULL", f"subject {OF_SITE}", "enroll_dt IS NOT NULL OR screen_fail_dt IS NOT NULL"),
    "discontinuation": _share("study_disc_dt IS NOT NULL", f"subject {OF_SITE}", "enroll_dt IS NOT NULL"),
    # data
    "data_entry_days": _days("data_entry_lag", f"data_page {OF_SUBJECT}", "data_entry_lag IS NOT NULL"),
    "pages_entered_late": _share("data_entry_lag > 10", f"data_page {OF_SUBJECT}", "data_entry_lag IS NOT NULL"),
    "sdv_backlog": _share(
        "sdv_done_ts IS NULL", f"data_page {OF_SUBJECT}", "sdv_required AND first_entered_ts < $cut::TIMESTAMP - INTERVAL 60 DAY"
    ),
    "query_rate": _count(
        "n",
        "pages / 100.0",
        "(SELECT study_id, site_id, count(*) AS pages FROM data_page JOIN subject USING (study_id, subject_id) GROUP BY ALL)"
        " JOIN (SELECT study_id, site_id, count(*) AS n FROM query JOIN subject USING (study_id, subject_id) GROUP BY ALL) USING (study_id, site_id) "
        + OF_SITE,
    ),
    "query_answer_days": _days("date_diff('hour', opened_ts, answered_ts) / 24.0", f"query {OF_SUBJECT}", "answered_ts IS NOT NULL"),
    "query_closing_days": _days("date_diff('hour', answered_ts, closed_ts) / 24.0", f"query {OF_SUBJECT}", "closed_ts > answered_ts"),
    "queries_open_over_30_days": _share(
        "closed_ts IS NULL OR date_diff('day', opened_ts, closed_ts) > 30",
        f"query {OF_SUBJECT}",
        "opened_ts < $cut::TIMESTAMP - INTERVAL 30 DAY",
    ),
    "data_changes": _count("n_points_changed", "n_points", f"data_point_count {OF_SUBJECT}", "n_points > 0"),
    "missed_visits": _share("visit_status = 'missed'", f"visit {OF_SUBJECT}", "visit_status <> 'planned'"),
    "visits_out_of_window": _share(
        "visit_status = 'out_of_window'", f"visit {OF_SUBJECT}", "visit_status IN ('performed', 'out_of_window')"
    ),
    # monitoring
    "report_late": _share(
        "COALESCE(report_submitted_dt, $cut) > report_due_dt",
        f"monitoring_visit {OF_SITE}",
        "start_dt IS NOT NULL AND report_due_dt < $cut",
    ),
    "report_days": _days(
        "report_submitted_dt - end_dt", f"monitoring_visit {OF_SITE}", "report_submitted_dt IS NOT NULL AND end_dt IS NOT NULL"
    ),
    "report_approval_days": _days(
        "report_approved_dt - report_submitted_dt", f"monitoring_visit {OF_SITE}", "report_approved_dt IS NOT NULL"
    ),
    "open_action_items": _count(
        "action_items_open", "action_items_opened", f"monitoring_visit {OF_SITE}", "start_dt < $cut - 60 AND action_items_opened > 0"
    ),
    "visits_behind_plan": _share(
        "start_dt IS NULL OR start_dt > planned_dt + 14", f"monitoring_visit {OF_SITE}", "planned_dt <= $cut - 14"
    ),
    # quality and safety
    "deviation_rate": _count(
        "n",
        "visits / 100.0",
        "(SELECT study_id, site_id, count(*) AS visits FROM visit JOIN subject USING (study_id, subject_id)"
        " WHERE visit_status IN ('performed', 'out_of_window') GROUP BY ALL)"
        " LEFT JOIN (SELECT study_id, site_id, count(*) AS n FROM protocol_deviation GROUP BY ALL) USING (study_id, site_id) " + OF_SITE,
    ).replace("sum(n)", "sum(COALESCE(n, 0))"),
    "important_deviations": _share("deemedimportant", f"protocol_deviation {OF_SITE}"),
    "deviation_reporting_days": _days("reported_dt - detected_dt", f"protocol_deviation {OF_SITE}", "reported_dt >= detected_dt"),
    "sae_reported_late": _share(
        "sponsor_reported_ts IS NULL OR sponsor_reported_ts > site_aware_ts + INTERVAL 24 HOUR", f"adverse_event {OF_SUBJECT}", "aeser"
    ),
    "ineligible_enrolled": _count(
        "n",
        "enrolled",
        "(SELECT study_id, site_id, count(*) AS enrolled, count(*) FILTER (EXISTS (SELECT 1 FROM eligibility_violation e WHERE e.study_id ="
        " subject.study_id AND e.subject_id = subject.subject_id)) AS n FROM subject WHERE enroll_dt IS NOT NULL GROUP BY ALL) " + OF_SITE,
    ),
    "major_findings": _count(
        "n",
        "1",
        "(SELECT audit.*, (SELECT count(*) FROM audit_finding f WHERE f.audit_id = audit.audit_id AND grade IN ('critical', 'major')) AS n FROM audit"
        " WHERE report_dt <= $cut) a",
        "vendor_id IS NOT NULL",
        "vendor_id AS vendor, COALESCE(study_id, audit_id) AS study",
    ),
    # trial master file
    "tmf_incomplete": _share(
        "received_dt IS NULL",
        "tmf_document JOIN (SELECT DISTINCT study_id, vendor_id FROM site) site USING (study_id)",
        "expected_dt < $cut - 30",
    ),
    "tmf_late": _share(
        "received_dt IS NULL OR received_dt > expected_dt + 10",
        "tmf_document JOIN (SELECT DISTINCT study_id, vendor_id FROM site) site USING (study_id)",
        "expected_dt < $cut - 10",
    ),
    "tmf_quality_issue": _share(
        "quality_issue",
        "tmf_document JOIN (SELECT DISTINCT study_id, vendor_id FROM site) site USING (study_id)",
        "received_dt IS NOT NULL",
    ),
    # money and delivery
    "change_orders_a_year": _count(
        "n",
        "years",
        "(SELECT contract.*, (SELECT count(*) FROM change_order o WHERE o.contract_id = contract.contract_id) AS n,"
        " greatest(least(end_dt, $cut) - start_dt, 1) / 365.25 AS years FROM contract WHERE contract_type <> 'msa' AND start_dt < $cut) contract",
        "true",
        CONTRACT,
    ),
    "preventable_change_orders": _share(
        "preventable", "change_order JOIN contract USING (contract_id)", "preventable IS NOT NULL", CONTRACT
    ),
    "change_order_days": _days(
        "executed_dt - requested_dt", "change_order JOIN contract USING (contract_id)", "executed_dt > requested_dt", CONTRACT
    ),
    "invoices_disputed": _share("status IN ('disputed', 'rejected')", "invoice", "received_dt IS NOT NULL", INVOICE),
    "invoice_approval_days": _days("approved_dt - received_dt", "invoice", "approved_dt >= received_dt", INVOICE),
    "deliverables_late": _share(
        "COALESCE(delivered_dt, $cut) > deliverable.due_dt",
        "deliverable JOIN contract USING (contract_id)",
        "deliverable.due_dt < $cut AND unit_type IN ('milestone', 'fixed')",
        CONTRACT,
    ),
    "service_levels_missed": _share(
        "CASE WHEN direction = 'lower' THEN value > target ELSE value < target END",
        "vendor_kpi",
        "value IS NOT NULL AND target IS NOT NULL",
        KPI,
    ),
    "lock_interval_days": _days(
        "db_lock_dt - act_lplv", "study JOIN (SELECT DISTINCT study_id, vendor_id FROM site) site USING (study_id)", "db_lock_dt > act_lplv"
    ),
}

COVARIATES = """
SELECT study.study_id AS study, phase, therapeutic_area AS area, ln(1 + COALESCE(num_plan_subj, 0)) AS size,
  (SELECT count(DISTINCT country) FROM site s WHERE s.study_id = study.study_id) AS countries,
  (SELECT count(DISTINCT visit) FROM visit v WHERE v.study_id = study.study_id) AS visits
FROM study
"""


@dataclass(frozen=True, slots=True)
class MetricRows:
    """One row per vendor and trial; `size` counts the items behind each row."""

    vendor: list[str]
    study: list[str]
    y: Floats
    size: Floats


def read_metric(snapshot: Snapshot, query: str) -> MetricRows:
    """The rows of one named query at this snapshot. Raises NotFound for an unknown name."""
    if query not in QUERIES:
        raise NotFound("Unknown vendor query", thing=query, allowed=sorted(QUERIES))
    sql = f"SELECT * FROM ({QUERIES[query]}) WHERE vendor IS NOT NULL ORDER BY vendor, study"
    table = snapshot.query(sql.replace("$cut", f"DATE '{snapshot.data_cut.isoformat()}'")).to_pydict()
    return MetricRows(
        [str(name) for name in table["vendor"]],
        [str(name) for name in table["study"]],
        np.array(table["y"], dtype=float),
        np.array(table["size"], dtype=float),
    )


def read_covariates(snapshot: Snapshot) -> dict[str, dict[str, str]]:
    """Case mix by trial: phase, area, size, countries, visits, as text; an absent value is empty."""
    rows = snapshot.cached("vendor covariates", lambda: snapshot.query(COVARIATES).to_pylist())
    return {
        str(row["study"]): {name: "" if value is None else str(value) for name, value in row.items() if name != "study"} for row in rows
    }


def read_vendor_names(snapshot: Snapshot) -> dict[str, str]:
    """Vendor names by identifier."""
    return {
        str(row["vendor_id"]): str(row["name"] or row["vendor_id"])
        for row in snapshot.query("SELECT vendor_id, name FROM vendor").to_pylist()
    }
