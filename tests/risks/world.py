"""A small portfolio for tests: two trials, six sites each, one of which reports no adverse events, in two snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from builders import build_snapshot
from quarterdeck.evidence.snapshot import Snapshot

CUT = date(2026, 6, 30)
NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)
SILENT = "T1/S1"
SITES = [f"S{i}" for i in range(1, 7)]
PATIENTS = 10


def build_world(tmp_path: Path, cut: date = CUT, silent: bool = True, more: Mapping[str, Any] | None = None) -> Snapshot:
    """One snapshot of the portfolio at this cut; the silent site may have been mended."""
    return build_snapshot(
        tmp_path, make_tables(cut, silent) | dict(more or {}), data_cut=cut, taken_at=datetime(cut.year, cut.month, cut.day, 12, tzinfo=UTC)
    )


def make_tables(cut: date = CUT, silent: bool = True) -> dict[str, list[dict[str, Any]]]:
    """Tables of the portfolio."""
    tables: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("study", "site", "subject", "visit", "adverse_event", "monitoring_visit", "budget_line", "vendor", "contract")
    }
    tables["vendor"] = [{"vendor_id": "V1", "name": "Northwind", "vendor_type": "cro"}]
    for study in ("T1", "T2"):
        tables["study"].append({
            "study_id": study, "status": "enrolling", "num_plan_subj": 200, "est_fpfv": date(2025, 1, 1), "est_lpfv": date(2026, 12, 31), "base_currency": "GBP",
            "protocol_indication": "Melanoma",
        })  # fmt: skip
        tables["contract"].append(
            {
                "contract_id": f"C-{study}",
                "vendor_id": "V1",
                "study_id": study,
                "value": 1_000_000,
                "currency": "GBP",
                "end_dt": date(2027, 1, 1),
            }
        )
        for month in range(1, 7):
            tables["budget_line"].append({
                "study_id": study, "wbs": "1", "period": date(2026, month, 28), "currency": "GBP", "cost_category": "cro_fees", "budget_current": 100_000,
                "actual": 130_000 if study == "T2" else 100_000, "forecast": 0,
            })  # fmt: skip
        for number, site in enumerate(SITES):
            _add_site(tables, study, site, number, silent and f"{study}/{site}" == SILENT)
    return tables


def _add_site(tables: dict[str, list[dict[str, Any]]], study: str, site: str, number: int, is_silent: bool) -> None:
    tables["site"].append({
        "study_id": study, "site_id": site, "country": "GB" if number % 2 else "FR", "investigator_id": f"I-{site}", "organization_id": f"O-{site}",
        "site_status": "active", "site_active_dt": date(2025, 1, 10), "num_plan_subj": 20, "vendor_id": "V1",
    })  # fmt: skip
    tables["monitoring_visit"].append(
        {
            "mv_id": f"{study}{site}",
            "study_id": study,
            "site_id": site,
            "cra_id": "P1",
            "start_dt": date(2026, 5, 1),
            "report_due_dt": date(2026, 5, 20),
        }
    )
    for person in range(PATIENTS):
        subject, start = f"{site}-{person}", date(2025, 2, 1) + timedelta(days=14 * person)
        tables["subject"].append(
            {
                "study_id": study,
                "subject_id": subject,
                "site_id": site,
                "country": "GB",
                "consent_dt": start,
                "screen_dt": start,
                "enrollyn": True,
                "enroll_dt": start,
                "time_on_study": 200,
            }
        )
        for visit in range(6):
            day = start + timedelta(days=28 * visit)
            tables["visit"].append(
                {
                    "study_id": study,
                    "subject_id": subject,
                    "visit": f"V{visit}",
                    "planned_dt": day,
                    "visit_dt": day,
                    "visit_status": "performed",
                }
            )
            for event in range(0 if is_silent else 1 + (person + visit + number) % 2):
                tables["adverse_event"].append(
                    {"study_id": study, "subject_id": subject, "ae_id": f"{subject}-{visit}-{event}", "aest_dt": day, "aeser": False}
                )
