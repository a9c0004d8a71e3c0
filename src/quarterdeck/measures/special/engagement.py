"""Engagement of the latest survey against the top quartile that the user's own survey supplier states."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from quarterdeck.measures.judge import derive_outlook
from quarterdeck.measures.special.added import Added, choose_rows
from quarterdeck.measures.special.suppression import choose_suppressed
from quarterdeck.measures.start import start_reading
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.verdict import NotAssessed

if TYPE_CHECKING:
    from quarterdeck.measures.model import Definition
    from quarterdeck.measures.source import Source
    from quarterdeck.vocabulary.reading import Reading

Rows = list[dict[str, Any]]


def evaluate_engagement(definition: Definition, source: Source, level: str) -> list[Reading]:
    """Mean score of the latest survey, weighted by answers, for the portfolio or by team; cells under the smallest are hidden."""
    rows = _read_latest(definition, source)
    teams: dict[str, Rows] = defaultdict(list)
    for row in rows:
        teams[row["team_id"]].append(row)
    sizes = {team: max(row["own_responded"] for row in cells) for team, cells in teams.items()}
    hidden = choose_suppressed(sizes, source.choices.minimum_cell)
    if level == "portfolio":
        return [_read_group(definition, source, level, "", rows, {team: teams[team] for team in teams if team not in hidden})]
    return [
        _hide(definition, source, team) if team in hidden else _read_group(definition, source, level, team, teams[team], {})
        for team in sorted(teams)
    ]


def list_cells(definition: Definition, source: Source, level: str, key: str) -> list[Added]:
    """Each cell of the latest survey adds its answers, and its score times its answers."""
    rows = choose_rows(_read_latest(definition, source), level, key, "team_id")
    return [Added("engagement_survey", row, float(row["numerator"]), float(row["denominator"])) for row in rows]


def _read_latest(definition: Definition, source: Source) -> Rows:
    rows = [row for row in source.read_rows(definition) if row["collected"]]
    latest = max((row["happened"] for row in rows), default=None)
    return [row for row in rows if row["happened"] == latest]


def _hide(definition: Definition, source: Source, team: str) -> Reading:
    reason = f"fewer than {source.choices.minimum_cell} answers, or found by subtraction"
    return replace(start_reading(definition, source, "team", team, 0), not_assessed=NotAssessed.SUPPRESSED, reason=reason)


def _read_group(definition: Definition, source: Source, level: str, key: str, rows: Rows, teams: dict[str, Rows]) -> Reading:
    base = start_reading(definition, source, level, key, len(rows))
    if not rows:
        reason = NotAssessed.NOT_COLLECTED if not source.has_rows(definition) else definition.empty
        return replace(base, not_assessed=reason, reason="no survey up to this day")
    people = _count_people(rows)
    if people < max(source.choices.minimum_cell, definition.minimum):
        return replace(base, not_assessed=NotAssessed.SUPPRESSED, reason=f"fewer than {source.choices.minimum_cell} answers")
    score, quartile = _get_mean(rows, "own_score"), _get_mean(rows, "own_p75")
    error, freedom = _get_error(rows, score)
    reach = float(stats.t.ppf((1 + definition.method.level) / 2, freedom)) * error if freedom else None
    chance = None if quartile is None or not error else float(stats.t.sf((quartile - score) / error, freedom))
    return replace(
        base,
        value=score,
        not_assessed=None,
        numerator=sum(row["numerator"] for row in rows),
        denominator=sum(row["denominator"] for row in rows),
        interval=None if reach is None else Interval(score - reach, score + reach, definition.method.level),
        target="" if quartile is None else f"at least {wording.number(quartile)} (top quartile of the loaded benchmark)",
        reason="" if quartile is not None else "no top-quartile benchmark of your survey supplier is loaded",
        p_target=chance,
        verdict=derive_outlook(chance),
        drivers=_find_drivers(teams, score, sum(row["denominator"] for row in rows)),
        details={
            "top_quartile": quartile,
            "responded": float(people),
            "invited": float(_count_people(rows, "own_invited")),
            "survey": rows[0]["own_survey"],
        },
    )


def _count_people(rows: Rows, column: str = "own_responded") -> int:
    most: dict[str, int] = defaultdict(int)
    for row in rows:
        most[row["team_id"]] = max(most[row["team_id"]], int(row[column] or 0))
    return sum(most.values())


def _get_mean(rows: Rows, column: str) -> Any:
    known = [(float(row[column]), float(row["own_responded"])) for row in rows if row[column] is not None]
    weight = sum(w for _, w in known)
    return sum(x * w for x, w in known) / weight if weight else None


def _get_error(rows: Rows, score: float) -> tuple[float, int]:
    """Standard error of the mean with teams as clusters, and its degrees of freedom; (0, 0) for a single team."""
    teams = sorted({row["team_id"] for row in rows})
    if len(teams) < 2:
        return 0.0, 0
    weight = np.array([sum(row["own_responded"] for row in rows if row["team_id"] == team) for team in teams], dtype=float)
    away = np.array([sum(row["numerator"] for row in rows if row["team_id"] == team) for team in teams]) - score * weight
    n = len(teams)
    return float(np.sqrt((away**2).sum() * n / (n - 1)) / weight.sum()), n - 1


def _find_drivers(teams: dict[str, Rows], score: float, weight: float) -> tuple[tuple[str, float], ...]:
    pushes = [(sum(row["numerator"] - score * row["denominator"] for row in rows) / weight, team) for team, rows in teams.items()]
    return tuple((f"team {team}", push) for push, team in sorted(pushes)[:3] if push < 0)
