"""Vendor figures from a snapshot: every metric compared, trends per vendor, and where time is spent between hand-offs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from quarterdeck.vendors.catalogue import Metric, load_metrics
from quarterdeck.vendors.comparison import Comparison, compare_vendors
from quarterdeck.vendors.queries import read_covariates, read_metric
from quarterdeck.vocabulary.errors import BadInput

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

CASE_MIX = ("phase", "area", "size", "countries", "visits")


@dataclass(frozen=True, slots=True)
class NotCompared:
    """A metric without a comparison, and why."""

    metric: str
    reason: str


def compare_metric(snapshot: Snapshot, metric: Metric) -> Comparison | NotCompared:
    """One metric over the vendors of its types, adjusted for the case mix of their trials; kept for the snapshot."""
    return snapshot.cached(("vendor comparison", metric.id), lambda: _compare(snapshot, metric))


def compare_all(snapshot: Snapshot) -> dict[str, Comparison | NotCompared]:
    """Every metric of the catalogue."""
    return {name: compare_metric(snapshot, metric) for name, metric in load_metrics().items()}


def _compare(snapshot: Snapshot, metric: Metric) -> Comparison | NotCompared:
    rows, mix = read_metric(snapshot, metric.query), read_covariates(snapshot)
    kind = {
        str(row["vendor_id"]): str(row["vendor_type"]) for row in snapshot.query("SELECT vendor_id, vendor_type FROM vendor").to_pylist()
    }
    totals: dict[str, float] = {}
    for vendor, size in zip(rows.vendor, rows.size, strict=True):
        totals[vendor] = totals.get(vendor, 0.0) + float(size)
    enough = {vendor for vendor, total in totals.items() if total >= metric.minimum and kind.get(vendor, "cro") in metric.vendor_types}
    enough = _largest_peer_group(enough, kind)
    keep = [i for i, vendor in enumerate(rows.vendor) if vendor in enough]
    if not keep:
        return NotCompared(metric.id, f"no vendor has {metric.minimum} {metric.denominator} yet")
    covariates = {name: [mix.get(rows.study[i], {}).get(name, "") for i in keep] for name in CASE_MIX}
    try:
        return compare_vendors(
            metric.id,
            [rows.vendor[i] for i in keep],
            [rows.study[i] for i in keep],
            rows.y[keep],
            None if metric.kind == "days" else rows.size[keep],
            covariates,
            metric.family,
            metric.higher_is_better,
        )
    except BadInput as error:
        return NotCompared(metric.id, error.message)


def _largest_peer_group(vendors: set[str], kind: dict[str, str]) -> set[str]:
    """Vendors that do the same kind of work: a laboratory is no yardstick for a CRO. CROs and functional providers are peers."""
    groups: dict[str, set[str]] = {}
    for vendor in vendors:
        own = kind.get(vendor, "cro")
        groups.setdefault("clinical" if own in ("cro", "fsp") else own, set()).add(vendor)
    return max(groups.values(), key=len, default=set())


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch between two hand-offs: who holds the item, and how long it takes there (days)."""

    process: str
    name: str
    holder: str
    n: int
    waiting: int
    p25: float
    median: float
    p75: float
    share_of_time: float


STAGES = (
    ("Site start-up", "Selection to contract", "vendor and site", "site", "selected_dt", "contract_executed_dt"),
    ("Site start-up", "Contract to initiation", "vendor", "site", "contract_executed_dt", "initiation_dt"),
    ("Site start-up", "Initiation to green light", "sponsor", "site", "initiation_dt", "site_active_dt"),
    ("Query handling", "Opened to answered", "site", "query", "opened_ts", "answered_ts"),
    ("Query handling", "Answered to closed", "vendor", "query", "answered_ts", "closed_ts"),
    ("Monitoring report", "Visit to report", "vendor", "monitoring_visit", "end_dt", "report_submitted_dt"),
    ("Monitoring report", "Report to approval", "sponsor", "monitoring_visit", "report_submitted_dt", "report_approved_dt"),
    ("Change order", "Request to submission", "vendor", "change_order", "requested_dt", "submitted_dt"),
    ("Change order", "Submission to execution", "sponsor and vendor", "change_order", "submitted_dt", "executed_dt"),
)
OWNER = {
    "site": "SELECT study_id, site_id, vendor_id FROM site",
    "query": "SELECT q.query_id, s.vendor_id FROM query q JOIN subject p USING (study_id, subject_id) JOIN site s ON s.study_id = p.study_id AND s.site_id = p.site_id",
    "monitoring_visit": "SELECT m.mv_id, s.vendor_id FROM monitoring_visit m JOIN site s USING (study_id, site_id)",
    "change_order": "SELECT o.co_id, c.vendor_id FROM change_order o JOIN contract c USING (contract_id)",
}
KEYS = {"site": "study_id, site_id", "query": "query_id", "monitoring_visit": "mv_id", "change_order": "co_id"}


def measure_stages(snapshot: Snapshot, vendor_id: str) -> list[Stage]:
    """Where the time goes for one vendor: each stage's quartiles over finished items, and how many wait in it now."""
    found = []
    for process, name, holder, source, start, end in STAGES:
        sql = f"""
        SELECT count({end}) AS n, count(*) FILTER ({start} IS NOT NULL AND {end} IS NULL) AS waiting,
          quantile_cont(greatest(date_diff('hour', {start}::TIMESTAMP, {end}::TIMESTAMP), 0) / 24.0, [.25, .5, .75]) AS q,
          avg(greatest(date_diff('hour', {start}::TIMESTAMP, {end}::TIMESTAMP), 0) / 24.0) AS mean
        FROM {source} t JOIN ({OWNER[source]}) o USING ({KEYS[source]}) WHERE o.vendor_id = $1 AND {start} IS NOT NULL"""
        row = snapshot.query(sql, [vendor_id]).to_pylist()[0]
        if row["n"]:
            found.append((process, name, holder, row))
    total: dict[str, float] = {}
    for process, _, _, row in found:
        total[process] = total.get(process, 0.0) + float(row["mean"])
    return [_stage(process, name, holder, row, total[process]) for process, name, holder, row in found]


def _stage(process: str, name: str, holder: str, row: dict[str, Any], total: float) -> Stage:
    p25, median, p75 = (float(value) for value in row["q"])
    return Stage(process, name, holder, int(row["n"]), int(row["waiting"]), p25, median, p75, float(row["mean"]) / total if total else 0.0)


@dataclass(frozen=True, slots=True)
class Trend:
    """A service level of one vendor by month: shares, control limits, the month of a likely change, and the chance of a breach next month."""

    vendor: str
    kpi: str
    months: tuple[str, ...]
    values: tuple[float, ...]
    denominators: tuple[float, ...]
    centre: float
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    target: float | None
    changed_in: str
    before: float | None
    after: float | None
    p_breach_next: float | None
    warning: str


def measure_trends(snapshot: Snapshot, vendor_id: str) -> list[Trend]:
    """All monthly service levels of one vendor, over its trials."""
    sql = """SELECT kpi_code, period_end, sum(numerator) AS y, sum(denominator) AS n, any_value(target) AS target, any_value(direction) AS direction
    FROM vendor_kpi WHERE vendor_id = $1 AND denominator > 0 GROUP BY 1, 2 ORDER BY 1, 2"""
    by_kpi: dict[str, list[dict[str, Any]]] = {}
    for row in snapshot.query(sql, [vendor_id]).to_pylist():
        by_kpi.setdefault(str(row["kpi_code"]), []).append(row)
    return [_trend(vendor_id, kpi, rows) for kpi, rows in by_kpi.items()]


def _trend(vendor: str, kpi: str, rows: list[dict[str, Any]]) -> Trend:
    from quarterdeck.methods.change_point import find_change
    from quarterdeck.methods.overdispersed import forecast_share, limits_of_shares

    y, n = np.array([float(row["y"]) for row in rows]), np.array([float(row["n"]) for row in rows])
    centre, lower, upper = limits_of_shares(y, n)
    change = find_change(y, n)
    target = None if rows[-1]["target"] is None else float(rows[-1]["target"])
    recent = slice(change.position if change else max(0, len(y) - 6), None)
    higher = rows[-1]["direction"] != "lower"
    p_breach = None if target is None else forecast_share(y[recent], n[recent], float(np.median(n)), target, higher)
    months = tuple(row["period_end"].isoformat() for row in rows)
    warning = ""
    if p_breach is not None and p_breach >= 0.5:
        warning = "more likely than not to miss its level next month"
    elif change and (change.after < change.before) == higher:
        warning = "has become worse"
    return Trend(
        vendor,
        kpi,
        months,
        tuple(y / n),
        tuple(n),
        centre,
        tuple(lower),
        tuple(upper),
        target,
        months[change.position] if change else "",
        change.before if change else None,
        change.after if change else None,
        p_breach,
        warning,
    )
