"""Bias checks of the product's own models: do flags or errors fall more often on some groups than chance allows, and does a ranking hold?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import chi2

from quarterdeck.risks.needs_me import Matter, rank
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import QuarterdeckError

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.record.database import Record
    from quarterdeck.vocabulary.finding import Finding

SMALLEST_GROUP = 5  # sites or participants; smaller groups are pooled as "others", so that nobody can be singled out
DOUBTFUL = 0.01
STABLE = 0.7  # from here on an order is mostly more than chance


@dataclass(frozen=True, slots=True)
class BiasCheck:
    """One attribute. `p` is the chance of differences this large if the attribute played no part; None where too few to test."""

    attribute: str
    groups: tuple[tuple[str, int, int], ...]  # name, flagged, all
    p: float | None
    sentence: str


def check_bias(system: str, snapshot: Snapshot, record: Record | None) -> tuple[BiasCheck, ...]:
    """All checks that this snapshot and record allow for a system; none for a system that judges no person, site or vendor."""
    checks: Mapping[str, Callable[[Snapshot], tuple[BiasCheck, ...]]] = {
        "site-signals": _site_flags,
        "trial-forecasts": _enrolment_flags,
        "vendor-scores": _vendor_order,
    }
    if system not in checks:
        return ()
    found = snapshot.cached(("papers.bias", system), lambda: checks[system](snapshot))
    # What the ledger holds changes without the snapshot: its errors are read anew.
    return (*found, *check_forecast_errors(snapshot, record)) if system == "trial-forecasts" else found


def check_forecast_errors(snapshot: Snapshot, record: Record | None) -> tuple[BiasCheck, ...]:
    """Do sealed forecasts miss more often for some countries, trial sizes or vendors? Where none came due yet, that is said."""
    ledger, scores = import_module("quarterdeck.forecasts.ledger"), import_module("quarterdeck.forecasts.scores")
    entries = ledger.read_entries(record) if record is not None else []
    due = [score for score in scores.score_entries(entries, snapshot) if score.actual is not None] if entries else []
    if not due:
        why = "no sealed forecast has come due yet" if entries else "no forecast has been sealed yet"
        return (BiasCheck("forecast error", (), None, f"Forecast error by country, trial size and vendor: {why}."),)
    traits = _traits(snapshot)
    checks = []
    for attribute in ("country", "trial size", "vendor"):
        groups: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        for score in due:
            name = traits.get(score.entry.study_id, {}).get(attribute, "not collected")
            groups[name][0] += score.covered.get(0.9) is False
            groups[name][1] += 1
        checks.append(
            compare_groups(attribute, {name: (hit, n) for name, (hit, n) in groups.items()}, "forecasts that missed their 90% interval")
        )
    return tuple(checks)


def _traits(snapshot: Snapshot) -> dict[str, dict[str, str]]:
    """Of each trial: the country and the vendor of most of its sites, and its size."""
    rows = snapshot.query(
        "SELECT study_id, mode(country) AS country, mode(vendor_id) AS vendor, count(*) AS n FROM site GROUP BY study_id ORDER BY study_id"
    ).to_pylist()
    return {
        row["study_id"]: {
            "country": row["country"] or "not collected",
            "vendor": row["vendor"] or "none",
            "trial size": "up to 20 sites" if row["n"] <= 20 else "21 to 50 sites" if row["n"] <= 50 else "over 50 sites",
        }
        for row in rows
    }


def _vendor_order(snapshot: Snapshot) -> tuple[BiasCheck, ...]:
    """Stability of the ranking: the share of the spread between vendors that is no chance, over all metrics that could be compared."""
    analysis, comparison = import_module("quarterdeck.vendors.analysis"), import_module("quarterdeck.vendors.comparison")
    values = sorted(r.reliability for r in analysis.compare_all(snapshot).values() if isinstance(r, comparison.Comparison))
    if not values:
        return (BiasCheck("ranking stability", (), None, "Ranking stability: no metric could be compared."),)
    stable = sum(value >= STABLE for value in values)
    sentence = (
        f"Ranking stability: on {wording.of(stable, len(values))} metrics the order of vendors would mostly stay in another year "
        f"(reliability of {wording.number(STABLE, 1)} or more; half of the metrics reach {wording.number(median(values), 2)}). On the others no order is to be read."
    )
    return (BiasCheck("ranking stability", (), None, sentence),)


def check_order(matters: Sequence[Matter], draws: int = 200, seed: int = 1) -> BiasCheck:
    """Stability of "what needs me": how often the first stays first, and how many of five stay among five, were each cost wrong by a third."""
    if len(matters) < 2:
        return BiasCheck("ranking stability", (), None, "Ranking of matters: too few to rank.")
    costs = np.array([max(m.cost, 1.0) for m in matters])
    rng = np.random.Generator(np.random.Philox(seed))
    drawn = costs * np.exp(rng.normal(0.0, 0.3, (draws, len(costs))))
    order = np.argsort(-drawn, axis=1)
    top = min(5, len(costs))
    first = float((order[:, 0] == int(np.argmax(costs))).mean())
    kept = float(np.isin(order[:, :top], np.argsort(-costs)[:top]).sum(axis=1).mean())
    sentence = (
        f"Ranking of matters: were each expected cost wrong by a third, the first would stay first in {wording.share(first, 0)} of cases, "
        f"and {wording.number(kept, 1)} of the first {top} would stay among them."
    )
    return BiasCheck("ranking stability", (), None, sentence)


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
    level = f"chance allows at the level of {wording.share(DOUBTFUL, 0)}"
    verdict = f"more than {level}: look at the reasons before acting on flags" if p < DOUBTFUL else f"no more than {level}"
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
    return (*checks, *_participants(snapshot, flagged), check_order(rank(_site_findings(snapshot), most=50)))


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
    except QuarterdeckError:
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
    return {f.scope.key for f in _site_findings(snapshot)}


def _site_findings(snapshot: Snapshot) -> list[Finding]:
    try:
        found = import_module("quarterdeck.risks.findings").findings(snapshot)
    except QuarterdeckError:
        return []
    return [f for f in found if f.scope.level == "site" and f.verdict.value == "concern"]


def _count(rows: list[dict[str, Any]], key: str) -> dict[str, tuple[int, int]]:
    counted: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        counted[str(row[key])][0] += bool(row["flagged"])
        counted[str(row[key])][1] += 1
    return {name: (flagged, total) for name, (flagged, total) in counted.items()}


def _size(participants: int) -> str:
    return "no participant" if participants == 0 else "up to 5" if participants <= 5 else "6 to 15" if participants <= 15 else "over 15"
