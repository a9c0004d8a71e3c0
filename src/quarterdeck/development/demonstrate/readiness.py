"""Readiness per unit of an occupational standard, and the career progression score with its parts and interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from quarterdeck.development.demonstrate.evidence import Row
from quarterdeck.development.discover.assess import Assessment, priority_weights
from quarterdeck.development.roles.load import load_standards
from quarterdeck.development.roles.model import RoleModel, Standard
from quarterdeck.methods.assessment import draws, expected_capped
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.interval import Interval

READY_UNIT, LOWEST_UNIT = 0.8, 0.5
PARTS = {"C": 0.40, "K": 0.25, "X": 0.20, "A": 0.15}
PART_NAMES = {
    "C": "Competence against targets",
    "K": "Quantitative KPIs on target",
    "X": "Experience",
    "A": "Competencies assessed by a named person",
}
YEARS_FULL, TEAM_FULL, BUDGET_FULL = 3.0, 25.0, 2_000_000.0


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of a standard with its readiness: the mean over its criteria (1 all five answers, .5 some, 0 none)."""

    code: str
    title: str
    verified: bool
    criteria: Mapping[str, float]
    is_mandatory: bool = True

    @property
    def readiness(self) -> float:
        """Mean over the criteria."""
        return sum(self.criteria.values()) / len(self.criteria) if self.criteria else 0.0


@dataclass(frozen=True, slots=True)
class Progression:
    """The score 0 to 100 with its interval, its parts (None where unknown) and the share of the weights that is covered.

    Score and interval are None before the person has answered anything: figures of the company say nothing about a person.
    """

    score: float | None
    interval: Interval | None
    parts: Mapping[str, float | None]
    coverage: float


def judge_units(
    role: RoleModel,
    matrix: Sequence[Row],
    framework: str = "nos",
    own: Mapping[str, Standard] | None = None,
    criteria: Mapping[str, Sequence[str]] | None = None,
) -> list[Unit]:
    """Units that the role's competencies map to. A criterion is a competency mapped to the unit, or `code/P3` where the user added criteria."""
    rows = {row.competency: row for row in matrix}
    standards = {**load_standards(), **(own or {})}
    units: dict[str, dict[str, float]] = {}
    for competency in role.competencies:
        codes = competency.nos if framework == "nos" else competency.cmi
        for code in codes:
            units.setdefault(code, {})[competency.id] = _share(rows[competency.id])
    for code, wanted in (criteria or {}).items():
        units[code] = {c: _criterion(c, matrix) for c in wanted}
    return [
        Unit(code, standards[code].title if code in standards else code, standards[code].verified if code in standards else False, found)
        for code, found in sorted(units.items())
    ]


def sentence_of(units: Sequence[Unit]) -> str:
    """ "Ready to talk to a centre", or the gaps. Never more than that: award decisions belong to a centre."""
    mandatory = [u for u in units if u.is_mandatory]
    gaps = [u.code for u in mandatory if u.readiness < READY_UNIT]
    if mandatory and not any(u.readiness < LOWEST_UNIT for u in mandatory) and len(gaps) <= 0.2 * len(mandatory):
        return "Ready to talk to a centre."
    return f"Gaps: {', '.join(gaps[:8])}{' and others' if len(gaps) > 8 else ''}." if gaps else "No units are mapped."


def score_progression(
    assessment: Assessment, matrix: Sequence[Row], kpis_on_target: Mapping[str, float], experience: Mapping[str, float], seed: int
) -> Progression:
    """100 (.40 C + .25 K + .20 X + .15 A). Missing parts drop out and the weights are rescaled; the covered share is stated.

    `kpis_on_target`: share of the last four periods on target, by KPI. `experience`: years_at_level, team, budget_gbp, degree (0 or 1).
    """
    role, weights = assessment.role, priority_weights(assessment.role)
    targets = np.array([c.target for c in role.competencies], dtype=float)
    capped = np.array([expected_capped(t, float(assessment.belief.mean[n]), assessment.belief.sd(n)) for n, t in enumerate(targets)])
    has_answers = any(answer.kind != "evidence" and answer.outcome is not None for answer in assessment.answers)
    c = float(weights @ np.maximum(capped, 0) / (weights @ targets)) if has_answers else None
    k = float(np.mean(list(kpis_on_target.values()))) if kpis_on_target else None
    a = sum(row.status == "assessed" for row in matrix) / len(matrix) if matrix else None
    parts = {"C": c, "K": k, "X": _experience(experience), "A": a}
    covered = sum(PARTS[name] for name, value in parts.items() if value is not None)
    if c is None:
        return Progression(None, None, parts, round(covered, 2))
    score = 100 * sum(PARTS[name] * value for name, value in parts.items() if value is not None) / covered
    spread = np.minimum(draws(assessment.belief, 2000, seed), targets) @ weights / (weights @ targets)
    low, high = (100 * PARTS["C"] * (q - c) / covered for q in np.quantile(spread, [0.1, 0.9]))
    interval = Interval(round(max(0.0, min(score, score + low)), 1), round(min(100.0, max(score, score + high)), 1), 0.8)
    return Progression(round(score, 1), interval, parts, round(covered, 2))


def describe_score(progression: Progression) -> str:
    """The score in words, the same on the page and in the PDF."""
    if progression.score is None or progression.interval is None:
        return "There is no score yet: it begins with answers of your own in the assessment."
    return (
        f"Career progression score {progression.score:.0f} of 100 ({wording.interval(progression.interval)}), "
        f"from {wording.share(progression.coverage, 0)} of its weights."
    )


def describe_parts(progression: Progression) -> list[tuple[str, str]]:
    """Each part of the score by name, with its value in words."""
    return [(PART_NAMES[k], "not known" if v is None else wording.share(v, 0)) for k, v in progression.parts.items()]


def _experience(experience: Mapping[str, float]) -> float | None:
    full = {"years_at_level": YEARS_FULL, "team": TEAM_FULL, "budget_gbp": BUDGET_FULL, "degree": 1.0}
    known = [min(1.0, experience[name] / most) for name, most in full.items() if name in experience]
    return float(np.mean(known)) if known else None


def _share(row: Row) -> float:
    return 1.0 if all(row.vacsr.values()) else 0.5 if any(row.vacsr.values()) else 0.0


def _criterion(criterion: str, matrix: Sequence[Row]) -> float:
    return max((_share(row) for row in matrix if criterion in row.criteria), default=0.0)
