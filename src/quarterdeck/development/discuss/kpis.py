"""The role's quantitative KPIs in the live portfolio: which are off target now, and for what share of the last four periods each was on target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.measures.evaluate import evaluate
from quarterdeck.measures.history import get_periods, history
from quarterdeck.vocabulary.errors import QuarterdeckError
from quarterdeck.vocabulary.reading import Reading
from quarterdeck.vocabulary.verdict import Verdict

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

# The role's KPIs and the measures that show them; a KPI is on target where none of its measures is a concern.
MEASURES = {
    "Q1": ("budget_variance_year",),
    "Q2": ("cycle_time_change",),
    "Q3": ("critical_findings_per_audit", "major_findings_per_audit"),
    "Q4": ("engagement", "regrettable_attrition"),
}
PERIODS = 4


def kpis_off(snapshot: Snapshot) -> tuple[str, ...]:
    """Quantitative KPIs that are off target at this snapshot."""
    return tuple(kpi for kpi, measures in MEASURES.items() if any(_is_off(reading) for m in measures for reading in _readings(m, snapshot)))


def kpis_on_target(snapshot: Snapshot) -> dict[str, float]:
    """Share of the last four quarters on target, by KPI; KPIs that could not be assessed are left out."""
    shares: dict[str, float] = {}
    for kpi, measures in MEASURES.items():
        known = [r for m in measures for r in _past(m, snapshot) if r.is_assessed and r.verdict is not None]
        if known:
            shares[kpi] = sum(not _is_off(r) for r in known) / len(known)
    return shares


def _readings(measure: str, snapshot: Snapshot) -> list[Reading]:
    try:
        return evaluate(measure, snapshot, "portfolio")
    except QuarterdeckError:
        return []  # the measure has no portfolio level, or its tables are empty: it says nothing either way


def _past(measure: str, snapshot: Snapshot) -> list[Reading]:
    try:
        return history(measure, snapshot, "portfolio", get_periods("quarter", PERIODS, snapshot.data_cut))
    except QuarterdeckError:
        return _readings(measure, snapshot)


def _is_off(reading: Reading) -> bool:
    return reading.verdict is Verdict.CONCERN
