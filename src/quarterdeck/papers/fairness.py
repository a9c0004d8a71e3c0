"""Bias checks of the product's own models: do flags or errors fall more often on some countries, site sizes, vendors, sexes or ages than chance allows?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from scipy.stats import chi2

from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import QuarterdeckError

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.record.database import Record

SMALLEST_GROUP = 5  # sites or participants; smaller groups are pooled as "others", so that nobody can be singled out
DOUBTFUL = 0.01


@dataclass(frozen=True, slots=True)
class BiasCheck:
    """One attribute. `p` is the chance of differences this large if the attribute played no part; None where too few to test."""

    attribute: str
    groups: tuple[tuple[str, int, int], ...]  # name, flagged, all
    p: float | None
    sentence: str


def check_bias(system: str, snapshot: Snapshot, record: Record | None) -> tuple[BiasCheck, ...]:
    """All checks that this snapshot allows for a system; none for a system that judges no person, site or vendor."""
    checks: Mapping[str, Callable[[Snapshot], tuple[BiasCheck, ...]]] = {"site-signals": _site_flags, "trial-forecasts": _enrolment_flags}
    if system not in checks:
        return ()
    return snapshot.cached(("papers.bias", system), lambda: checks[system](snapshot))


def compare_groups(attribute: str, groups: Mapping[str, tuple[int, int]], what: str) -> BiasCheck:
    """A test of equal shares over groups (likelihood ratio, chi-squared approximation), small groups pooled.

    `groups` maps a name to (flagged, all). The approximation is stated to be none where fewer than two groups remain or nothing is flagged.
    """
    pooled: dict[str, tuple[int, int]] = {}
    for name, (flagged, total) in sorted(groups.items()):
        key = name if total >= SMALLEST_GROUP else "others"
        before = pooled.get(key, (0, 0))
        pooled[key] = (before[0] + flagged, before[1] + total)
    kept = tuple((name, flagged, total) for name, (flagged, total) in sorted(pooled.items()) if total >= SMALLEST_GROUP)
    flagged, total = sum(g[1] for g in kept), sum(g[2] for g in kept)
    if len(kept) < 2 or flagged in (0, total):
        return BiasCheck(attribute, kept, None, f"By {attribute}: too few to compare.")
    from math import log

    share = flagged / total
    statistic = 2 * sum(
        part * log(part / expected) for _, hit, n in kept for part, expected in ((hit, n * share), (n - hit, n * (1 - share))) if part
    )
    p = float(chi2.sf(statistic, len(kept) - 1))
    shares = [hit / n for _, hit, n in kept]
    verdict = "more than chance allows: look at the reasons before acting on flags" if p < DOUBTFUL else "no more than chance allows"
    return BiasCheck(
        attribute,
        kept,
        p,
        f"By {attribute}: {what} from {wording.share(min(shares))} to {wording.share(max(shares))} over {len(kept)} groups, {verdict} (p {wording.number(p, 3)}).",
    )


def _site_flags(snapshot: Snapshot) -> tuple[BiasCheck, ...]:
    """Share of sites with a concern among the findings of the risk room, by country, size and vendor; of participants at such sites by sex and age."""
    flagged = _flagged_sites(snapshot)
    rows = snapshot.query(
        "SELECT s.study_id, s.site_id, coalesce(s.country, 'not collected') AS country, coalesce(s.vendor_id, 'none') AS vendor, count(p.subject_id) AS n "
        "FROM site s LEFT JOIN subject p ON p.study_id = s.study_id AND p.site_id = s.site_id GROUP BY ALL ORDER BY ALL"
    ).to_pylist()
    for row in rows:
        row["flagged"] = f"{row['study_id']}/{row['site_id']}" in flagged
        row["size"] = _size(int(row["n"]))
    checks = [
        compare_groups(attribute, _count(rows, key), "sites with a concern")
        for attribute, key in (("country", "country"), ("site size", "size"), ("vendor", "vendor"))
    ]
    return (*checks, *_participants(snapshot, flagged))


def _participants(snapshot: Snapshot, flagged: set[str]) -> list[BiasCheck]:
    rows = snapshot.query(
        "SELECT study_id, site_id, coalesce(sex, 'not collected') AS sex, coalesce(age_band, 'not collected') AS age FROM subject"
    ).to_pylist()
    for row in rows:
        row["flagged"] = f"{row['study_id']}/{row['site_id']}" in flagged
    return [
        compare_groups(attribute, _count(rows, key), "participants at sites with a concern")
        for attribute, key in (("sex", "sex"), ("age band", "age"))
    ]


def _enrolment_flags(snapshot: Snapshot) -> tuple[BiasCheck, ...]:
    """Share of trials forecast to slip, by phase and delivery model."""
    try:
        found = import_module("quarterdeck.forecasts.findings").findings(snapshot)
    except (ModuleNotFoundError, QuarterdeckError):
        return ()
    slipping = {f.scope.key for f in found if f.scope.level == "study" and f.verdict.value == "concern"}
    rows: list[dict[str, Any]] = snapshot.query(
        "SELECT study_id, coalesce(phase, 'not collected') AS phase, coalesce(delivery_model, 'not collected') AS model FROM study"
    ).to_pylist()
    for row in rows:
        row["flagged"] = row["study_id"] in slipping
    return tuple(
        compare_groups(attribute, _count(rows, key), "trials with a warning")
        for attribute, key in (("phase", "phase"), ("delivery model", "model"))
    )


def _flagged_sites(snapshot: Snapshot) -> set[str]:
    try:
        found = import_module("quarterdeck.risks.findings").findings(snapshot)
    except (ModuleNotFoundError, QuarterdeckError):
        return set()
    return {f.scope.key for f in found if f.scope.level == "site" and f.verdict.value == "concern"}


def _count(rows: list[dict[str, Any]], key: str) -> dict[str, tuple[int, int]]:
    counted: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        counted[str(row[key])][0] += bool(row["flagged"])
        counted[str(row[key])][1] += 1
    return {name: (flagged, total) for name, (flagged, total) in counted.items()}


def _size(participants: int) -> str:
    return "no participant" if participants == 0 else "up to 5" if participants <= 5 else "6 to 15" if participants <= 15 else "over 15"
