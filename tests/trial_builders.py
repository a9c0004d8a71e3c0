"""A small trial on record, for tests of forecasts and scenarios."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from builders import build_snapshot
from quarterdeck.evidence.snapshot import Snapshot

TODAY = date(2026, 6, 30)
COUNTRIES = ("GB", "DE", "ES", "FR")


def trial_rows(
    study_id: str = "T1", sites: int = 12, pending: int = 4, rate: float = 0.5, target: int = 200, seed: int = 1
) -> dict[str, list[dict[str, Any]]]:
    """A recruiting trial: sites opened over eight months, some still pending, participants at `rate` a site and month, a budget."""
    rng = np.random.default_rng([seed, len(study_id)])
    start = date(2025, 6, 1)
    site_rows: list[dict[str, Any]] = []
    subjects: list[dict[str, Any]] = []
    for i in range(sites + pending):
        active = start + timedelta(days=20 * i) if i < sites else None
        site_rows.append(
            {
                "study_id": study_id,
                "site_id": f"S{i:02d}",
                "country": COUNTRIES[i % 4],
                "site_status": "active" if active else "selected",
                "selected_dt": (active or TODAY) - timedelta(days=120),
                "contract_executed_dt": active - timedelta(days=20) if active else None,
                "site_active_dt": active,
            }
        )
        if active:
            months = (TODAY - active).days / 30.4375
            for _ in range(rng.poisson(rate * months)):
                day = active + timedelta(days=int(rng.integers(0, (TODAY - active).days + 1)))
                row = {
                    "study_id": study_id,
                    "subject_id": f"{study_id}-{len(subjects):04d}",
                    "site_id": f"S{i:02d}",
                    "country": COUNTRIES[i % 4],
                }
                subjects.append({**row, "screen_dt": day, "enroll_dt": day, "rand_dt": day})
    study = {
        "study_id": study_id,
        "phase": "P3",
        "status": "enrolling",
        "num_plan_site": sites + pending,
        "num_plan_subj": target,
        "protocol_approved_dt": start - timedelta(days=150),
        "est_fpfv": start,
        "act_fpfv": start + timedelta(days=10),
        "est_lpfv": date(2026, 12, 31),
        "est_lplv": date(2027, 6, 30),
        "est_db_lock_dt": date(2027, 8, 31),
        "base_currency": "GBP",
    }
    approvals = [
        {
            "study_id": study_id,
            "country": c,
            "reg_submission_dt": start - timedelta(days=140),
            "reg_approval_dt": start - timedelta(days=40),
            "ethics_submission_dt": start - timedelta(days=140),
            "ethics_approval_dt": start - timedelta(days=50),
        }
        for c in COUNTRIES
    ]
    tables = {"study": [study], "site": site_rows, "study_country": approvals, "subject": subjects, "budget_line": budget_rows(study_id)}
    return {name: rows for name, rows in tables.items() if rows}


def budget_rows(study_id: str) -> list[dict[str, Any]]:
    """Thirty months of two categories; spent as approved up to the data cut."""
    found = []
    for m in range(30):
        period = date(2025 + m // 12, m % 12 + 1, 28)
        for wbs, category, amount in (("1", "cro_fees", 100_000), ("2", "site_grants", 60_000)):
            found.append(
                {
                    "study_id": study_id,
                    "wbs": wbs,
                    "period": period,
                    "vendor_id": None,
                    "cost_category": category,
                    "currency": "GBP",
                    "budget_baseline": amount,
                    "budget_current": amount,
                    "actual": amount if period <= TODAY else 0,
                    "accrual": 0,
                }
            )
    return found


def merge_rows(*parts: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Several trials in one set of tables."""
    found: dict[str, list[dict[str, Any]]] = {}
    for part in parts:
        for table, rows in part.items():
            found.setdefault(table, []).extend(rows)
    return found


def build_trial(tmp_path: Path, **choices: Any) -> Snapshot:
    """A snapshot with one trial."""
    return build_snapshot(tmp_path, trial_rows(**choices), data_cut=TODAY)
