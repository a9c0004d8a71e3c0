"""Versions of registry records as canonical rows: the trial as it stands, its sites, and what its plan was at every version."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date

from quarterdeck.connectors.ctgov.records import MILESTONES, Change, Location, Version

Row = dict[str, object]
PHASES = {
    "EARLY_PHASE1": "P1",
    "PHASE1": "P1",
    "PHASE1|PHASE2": "P1/P2",
    "PHASE2": "P2",
    "PHASE2|PHASE3": "P2/P3",
    "PHASE3": "P3",
    "PHASE4": "P4",
    "NA": "other",
}
STATUS = {
    "NOT_YET_RECRUITING": "start_up",
    "RECRUITING": "enrolling",
    "ENROLLING_BY_INVITATION": "enrolling",
    "SUSPENDED": "enrolment_closed",
    "ACTIVE_NOT_RECRUITING": "follow_up",
    "COMPLETED": "close_out",
    "TERMINATED": "terminated",
    "WITHDRAWN": "terminated",
}
SITE_STATUS = {
    "NOT_YET_RECRUITING": "selected",
    "RECRUITING": "active",
    "ENROLLING_BY_INVITATION": "active",
    "AVAILABLE": "active",
    "SUSPENDED": "enrolment_closed",
    "ACTIVE_NOT_RECRUITING": "enrolment_closed",
    "COMPLETED": "closed",
    "TERMINATED": "closed",
    "WITHDRAWN": "dropped",
}
COLUMNS = {
    "study": (
        "study_id", "nickname", "protocol_title", "phase", "protocol_indication", "product", "status", "num_plan_subj",
        "est_fpfv", "act_fpfv", "est_lplv", "act_lplv", "nct_id",
    ),
    "study_country": ("study_id", "country"),
    "site": ("study_id", "site_id", "organization_id", "country", "site_status"),
    "milestone": ("milestone_id", "study_id", "milestone_type", "baseline_finish", "planned_finish", "forecast_finish", "actual_finish", "complete"),
    "enrollment_metric": ("study_id", "country", "site_id", "metric", "period_end", "planned", "actual"),
}  # fmt: skip


def make_rows(versions: Sequence[Version], changes: Sequence[Change]) -> dict[str, list[Row]]:
    """Rows per table, from all versions of all trials and the changes that histories tell of versions nobody kept."""
    rows: dict[str, list[Row]] = {table: [] for table in COLUMNS}
    for nct_id in sorted({version.nct_id for version in versions}):
        own = _in_order([version for version in versions if version.nct_id == nct_id])
        told = sorted((change for change in changes if change.nct_id == nct_id), key=lambda change: change.noticed_at)
        rows["study"].append(_study(own[-1]))
        rows["site"] += _sites(own)
        rows["study_country"] += _countries(own[-1])
        for name in MILESTONES:
            rows["milestone"] += _milestones(name, own, told)
        rows["enrollment_metric"] += _enrolment(own)
    return rows


def _in_order(versions: Sequence[Version]) -> list[Version]:
    """By version date; of two files of one version the first is kept."""
    kept: dict[tuple[date | None, str], Version] = {}
    for version in versions:
        kept.setdefault((version.version_date, version.digest), version)
    return sorted(kept.values(), key=lambda version: (version.version_date or date.min, version.digest))


def _where(version: Version, line: int | None = None) -> Row:
    return {"_file": version.file, "_line": line or version.line}


def _study(version: Version) -> Row:
    stated = version.milestones
    start, end = stated.get("start"), stated.get("completion")
    fields = version.fields
    return {
        "study_id": version.nct_id,
        "nickname": fields["nickname"],
        "protocol_title": fields["title"],
        "phase": PHASES.get("|".join(fields["phases"]), "other") if fields["phases"] else None,
        "protocol_indication": "; ".join(fields["conditions"]) or None,
        "product": "; ".join(fields["products"]) or None,
        "status": STATUS.get(fields["status"] or ""),
        "num_plan_subj": version.enrolment[0] if version.enrolment and not version.enrolment[1] else None,
        "est_fpfv": start.date if start and not start.is_actual else None,
        "act_fpfv": start.date if start and start.is_actual else None,
        "est_lplv": end.date if end and not end.is_actual else None,
        "act_lplv": end.date if end and end.is_actual else None,
        "nct_id": version.nct_id,
        **_where(version),
    }


def _countries(version: Version) -> list[Row]:
    first: dict[str, int] = {}
    for location in version.locations:
        first.setdefault(location.country, location.line)
    return [{"study_id": version.nct_id, "country": country, **_where(version, line)} for country, line in first.items() if country]


def _sites(versions: Sequence[Version]) -> list[Row]:
    """Sites of the latest version, and as dropped those that earlier versions listed."""
    found: dict[str, Row] = {}
    for version in versions:
        for row in found.values():
            row["site_status"] = "dropped"
        for site_id, location in _named(version.locations):
            found[site_id] = {
                "study_id": version.nct_id,
                "site_id": site_id,
                "organization_id": f"{location.facility}, {location.city}".strip(", ") or None,
                "country": location.country or None,
                "site_status": SITE_STATUS.get(location.status),
                **_where(version, location.line),
            }
    return list(found.values())


def _named(locations: Iterable[Location]) -> list[tuple[str, Location]]:
    """The registry numbers no sites: name and place do, with a count where both repeat."""
    seen: dict[str, int] = {}
    named = []
    for location in locations:
        place = f"{location.facility}|{location.city}|{location.country}".lower()
        seen[place] = seen.get(place, 0) + 1
        digest = hashlib.sha256(place.encode()).hexdigest()[:10]
        named.append((digest if seen[place] == 1 else f"{digest}-{seen[place]}", location))
    return named


def _milestones(name: str, versions: Sequence[Version], changes: Sequence[Change]) -> list[Row]:
    """The milestone as it stands, first plan against latest, and one row for the plan at each version."""
    plans = _plans(name, versions, changes)
    latest = versions[-1].milestones.get(name)
    if latest is None:
        return []
    nct_id = versions[-1].nct_id
    estimated = [plan for _, plan, _, _ in plans]
    rows: list[Row] = [
        {
            "milestone_id": f"{nct_id} {name}",
            "study_id": nct_id,
            "milestone_type": f"registry_{name}",
            "baseline_finish": estimated[0] if estimated else None,
            "planned_finish": estimated[-1] if estimated else None,
            "forecast_finish": None if latest.is_actual else latest.date,
            "actual_finish": latest.date if latest.is_actual else None,
            "complete": latest.is_actual,
            **_where(versions[-1], latest.line),
        }
    ]
    for as_of, plan, file, line in plans:
        rows.append(
            {
                "milestone_id": f"{nct_id} {name} as of {as_of}",
                "study_id": nct_id,
                "milestone_type": f"registry_{name}_plan",
                "baseline_finish": estimated[0],
                "forecast_finish": plan,
                "_file": file,
                "_line": line,
            }
        )
    return rows


def _plans(name: str, versions: Sequence[Version], changes: Sequence[Change]) -> list[tuple[str, str, str, int]]:
    """(as of, planned date, file, line), oldest first: what each version planned, and what histories say was planned before a change."""
    found: dict[str, tuple[str, str, str, int]] = {}
    for change in changes:
        if change.field == f"statusModule.{MILESTONES[name]}.date":
            as_of = _submitted_before(change, changes)
            found[as_of] = (as_of, change.old, change.file, change.line)
    for version in versions:
        stated = version.milestones.get(name)
        if stated and not stated.is_actual:
            as_of = str(version.version_date or "undated")
            found[as_of] = (as_of, stated.date, version.file, stated.line)
    return [found[key] for key in sorted(found)]


def _submitted_before(change: Change, changes: Sequence[Change]) -> str:
    """When the version before a change was submitted, where the same change tells it; else the day the change was noticed."""
    for other in changes:
        if other.noticed_at == change.noticed_at and other.field == "statusModule.lastUpdateSubmitDate":
            return other.old
    return f"before {change.noticed_at:%Y-%m-%d}"


def _enrolment(versions: Sequence[Version]) -> list[Row]:
    rows: dict[str, Row] = {}
    for version in versions:
        if version.enrolment and version.version_date:
            count, is_actual = version.enrolment
            day = version.version_date.isoformat()
            rows[day] = {
                "study_id": version.nct_id,
                "country": "",
                "site_id": "",
                "metric": "total_enrolled",
                "period_end": day,
                "planned": None if is_actual else count,
                "actual": count if is_actual else None,
                **_where(version),
            }
    return list(rows.values())
