"""Inspection likelihood by site, from the inputs that FDA's site-selection model asks for (BIMO clinsite), and readiness by zone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quarterdeck.risks.queries import read_rows

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

# The regulator's model is not public; its inputs are. Each adds its percentile among the trial's sites, with these weights (ours):
# enrolment first, since a site that decides the result is looked at first.
WEIGHTS = {"enrolled": 3.0, "discontinued": 1.5, "serious": 1.5, "deaths": 1.0, "deviations": 2.0, "screen_failures": 0.5, "new": 0.5}
INPUTS = """
WITH s AS (
  SELECT study_id, site_id, count(*) FILTER (coalesce(screen_dt, consent_dt) <= $cut) AS screened, count(*) FILTER (coalesce(enroll_dt, rand_dt) <= $cut) AS enrolled,
    count(*) FILTER (screen_fail_dt <= $cut) AS screen_failures, count(*) FILTER (study_disc_dt <= $cut) AS discontinued, count(*) FILTER (death_dt <= $cut) AS deaths
  FROM subject GROUP BY ALL
), a AS (
  SELECT e.study_id, u.site_id, count(*) AS serious FROM adverse_event e JOIN subject u USING (study_id, subject_id) WHERE e.aeser GROUP BY ALL
), d AS (SELECT study_id, site_id, count(*) FILTER (deemedimportant) AS deviations FROM protocol_deviation WHERE site_id IS NOT NULL GROUP BY ALL),
i AS (SELECT t.investigator_id, count(DISTINCT t.study_id) AS trials FROM site t GROUP BY ALL),
f AS (SELECT study_id, site_id, max(start_dt) AS audited FROM audit WHERE site_id IS NOT NULL GROUP BY ALL)
SELECT t.study_id, t.site_id, t.country, t.investigator_id, coalesce(s.screened, 0) AS screened, coalesce(s.enrolled, 0) AS enrolled,
  coalesce(s.screen_failures, 0) AS screen_failures, coalesce(s.discontinued, 0) AS discontinued, coalesce(s.deaths, 0) AS deaths,
  coalesce(a.serious, 0) AS serious, coalesce(d.deviations, 0) AS deviations, CASE WHEN i.trials = 1 THEN 1 ELSE 0 END AS new, f.audited
FROM site t LEFT JOIN s USING (study_id, site_id) LEFT JOIN a USING (study_id, site_id) LEFT JOIN d USING (study_id, site_id)
LEFT JOIN i USING (investigator_id) LEFT JOIN f USING (study_id, site_id) WHERE coalesce(s.enrolled, 0) > 0 ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class SiteLikelihood:
    """A site's place in the order in which a regulator might choose: score 0 to 100, the inputs, and when it was last audited."""

    study: str
    site: str
    country: str
    score: float
    inputs: dict[str, int]
    reasons: tuple[str, ...]
    audited: Any


def rank_sites(snapshot: Snapshot) -> list[SiteLikelihood]:
    """All sites with participants, the likeliest of each trial first. Kept with the snapshot."""
    return snapshot.cached("risks.inspection", lambda: _rank(read_rows(snapshot, INPUTS)))


def _rank(rows: list[dict[str, Any]]) -> list[SiteLikelihood]:
    studies: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        studies.setdefault(row["study_id"], []).append(row)
    found = []
    for mine in studies.values():
        ranks = {name: _percentiles([_level(row, name) for row in mine]) for name in WEIGHTS}
        for i, row in enumerate(mine):
            parts = {name: WEIGHTS[name] * ranks[name][i] for name in WEIGHTS}
            reasons = tuple(name.replace("_", " ") for name in sorted(parts, key=lambda n: -parts[n])[:2])
            score = 100 * sum(parts.values()) / sum(WEIGHTS.values())
            inputs = {
                name: int(row[name])
                for name in ("screened", "enrolled", "screen_failures", "discontinued", "deaths", "serious", "deviations")
            }
            found.append(
                SiteLikelihood(row["study_id"], row["site_id"], row["country"] or "not stated", score, inputs, reasons, row["audited"])
            )
    return sorted(found, key=lambda s: (s.study, -s.score, s.site))


def _level(row: dict[str, Any], name: str) -> float:
    if name in ("enrolled", "new"):
        return float(row[name])
    return float(row[name]) / float(max(row["screened"] if name == "screen_failures" else row["enrolled"], 1))


def _percentiles(values: list[float]) -> list[float]:
    if len(values) < 2:
        return [0.0 for _ in values]
    ordered = sorted(values)
    return [(sum(v < value for v in ordered) + 0.5 * (sum(v == value for v in ordered) - 1)) / (len(values) - 1) for value in values]
