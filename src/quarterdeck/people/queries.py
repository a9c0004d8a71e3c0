"""Reads of staff and allocation, in plain rows, kept with the snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

Rows = list[dict[str, Any]]

ALLOCATION = """
    SELECT a.person_id, a.study_id, a.role, last_day(a.period) AS month, coalesce(a.fte_planned, 0) AS planned,
           coalesce(a.fte_actual, a.fte_planned, 0) AS used, coalesce(a.sites_assigned, 0)::INTEGER AS sites, s.fte, s.leave_dt, s.country
    FROM allocation a LEFT JOIN staff s USING (person_id)
    ORDER BY month, a.person_id, a.study_id, a.role
"""
VISITS = """
    SELECT cra_id AS person_id,
           count(*) FILTER (WHERE start_dt BETWEEN $cut::DATE - 90 AND $cut) AS visits,
           count(*) FILTER (WHERE report_due_dt < $cut AND (report_submitted_dt IS NULL OR report_submitted_dt > $cut)) AS overdue
    FROM monitoring_visit WHERE cra_id IS NOT NULL GROUP BY cra_id ORDER BY cra_id
"""
STAFF = """
    SELECT person_id, role, employment, coalesce(fte, 1) AS fte, hire_dt, leave_dt, leave_type, regrettable, manager_id
    FROM staff ORDER BY person_id
"""


def read_allocation(snapshot: Snapshot) -> Rows:
    """Every allocation with the person's own full-time equivalents."""
    return snapshot.cached(("people", "allocation"), lambda: snapshot.query(ALLOCATION).to_pylist())


def read_visits(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """Visits of the last 90 days and reports overdue, by monitor."""
    rows = snapshot.cached(("people", "visits"), lambda: snapshot.query(VISITS, {"cut": snapshot.data_cut}).to_pylist())
    return {row["person_id"]: row for row in rows}


def read_staff(snapshot: Snapshot) -> Rows:
    """Every person of the function."""
    return snapshot.cached(("people", "staff"), lambda: snapshot.query(STAFF).to_pylist())
