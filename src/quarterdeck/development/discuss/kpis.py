"""The role's quantitative KPIs in the live portfolio: which are off target now, and for what share of the last four periods each was on target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.measures.evaluate import evaluate
from quarterdeck.measures.history import get_periods, history
from quarterdeck.vocabulary.errors import QuarterdeckError
from quarterdeck.vocabulary.reading import Reading
from quarterdeck.vocabulary.verdict import Verdict

if TYPE_CHECKING:
    from quarterdeck.development.roles.model import RoleModel
    from quarterdeck.evidence.snapshot import Snapshot

PERIODS = 4


def kpis_off(snapshot: Snapshot, role: RoleModel) -> tuple[str, ...]:
    """KPIs of the role that are off target at this snapshot: one of their measures is a concern. None for a role without measures."""
    return snapshot.cached(f"development.kpis_off.{role.id}", lambda: _off(snapshot, role))


def kpis_on_target(snapshot: Snapshot, role: RoleModel) -> dict[str, float]:
    """Share of the last four quarters on target, by KPI of the role; KPIs that could not be assessed are left out."""
    return snapshot.cached(f"development.kpis_on.{role.id}", lambda: _shares(snapshot, role))


def _off(snapshot: Snapshot, role: RoleModel) -> tuple[str, ...]:
    return tuple(
        kpi for kpi, measures in role.measures.items() if any(_is_off(reading) for m in measures for reading in _readings(m, snapshot))
    )


def _shares(snapshot: Snapshot, role: RoleModel) -> dict[str, float]:
    shares: dict[str, float] = {}
    for kpi, measures in role.measures.items():
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
