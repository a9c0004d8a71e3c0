"""Regrettable attrition: leavers one would have kept, over the average headcount of the last twelve months, with an exact interval."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from quarterdeck.measures.judge import derive_outlook
from quarterdeck.measures.model import Comparison
from quarterdeck.measures.special.added import Added, choose_rows
from quarterdeck.measures.special.suppression import choose_suppressed
from quarterdeck.measures.start import start_reading
from quarterdeck.methods import proportions
from quarterdeck.methods.targets import get_chance_target_missed
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.period import Period
from quarterdeck.vocabulary.verdict import NotAssessed

if TYPE_CHECKING:
    from quarterdeck.measures.model import Definition
    from quarterdeck.measures.source import Source
    from quarterdeck.vocabulary.reading import Reading

Rows = list[dict[str, Any]]


def evaluate_attrition(definition: Definition, source: Source, level: str) -> list[Reading]:
    """Portfolio or teams. Teams below the smallest cell are hidden. `p_target` is for the next twelve months at today's headcount."""
    rows, period = _read(definition, source)
    source = replace(source, period=period)
    teams: dict[str, Rows] = defaultdict(list)
    for row in rows:
        if row["team_id"]:
            teams[row["team_id"]].append(row)
    sizes = {team: _get_headcount(members, period) for team, members in teams.items()}
    hidden = choose_suppressed(sizes, max(source.choices.minimum_cell, definition.minimum))
    if level == "portfolio":
        shown = {team: members for team, members in teams.items() if team not in hidden}
        return [_read_group(definition, source, level, "", rows, shown)]
    return [
        _hide(definition, source, level, team) if team in hidden else _read_group(definition, source, level, team, teams[team], {})
        for team in sorted(teams)
    ]


def list_staff(definition: Definition, source: Source, level: str, key: str) -> list[Added]:
    """Each person adds the part of the period in which they were employed, and one where they left and are regretted."""
    rows, period = _read(definition, source)
    return [
        Added("staff", row, float(_has_left(row, period)), _count_days(row, period) / period.days)
        for row in choose_rows(rows, level, key, "team_id")
    ]


def _read(definition: Definition, source: Source) -> tuple[Rows, Period]:
    days = int(definition.method.options.get("days", 365))
    period = source.period or Period(source.cut - timedelta(days=days - 1), source.cut)
    return [row for row in source.read_rows(definition) if row["collected"] and _count_days(row, period)], period


def _hide(definition: Definition, source: Source, level: str, key: str) -> Reading:
    base = start_reading(definition, source, level, key, 0)
    return replace(
        base, not_assessed=NotAssessed.SUPPRESSED, reason=f"fewer than {source.choices.minimum_cell} people, or found by subtraction"
    )


def _read_group(definition: Definition, source: Source, level: str, key: str, rows: Rows, teams: Mapping[str, Rows]) -> Reading:
    period = source.period
    assert period is not None
    base = start_reading(definition, source, level, key, len(rows))
    if not rows:
        reason = NotAssessed.NOT_COLLECTED if not source.has_rows(definition) else definition.empty
        return replace(base, not_assessed=reason, reason="no employee with a date of joining in the period")
    headcount, today = _get_headcount(rows, period), sum(_is_employed(row, period.last) for row in rows)
    leavers = float(sum(_has_left(row, period) for row in rows))
    base = replace(base, numerator=leavers, denominator=round(headcount, 2))
    if headcount < max(definition.minimum, source.choices.minimum_cell):
        return replace(base, numerator=None, denominator=None, not_assessed=NotAssessed.SUPPRESSED, reason="too few people")
    size = max(headcount, leavers)
    low, high = proportions.get_exact_interval(leavers, size, definition.method.level)
    chance = None
    if definition.target is not None and today:
        is_strict = definition.target.comparison is Comparison.BELOW
        chance = proportions.get_predictive_chance_below(leavers, size, today, definition.target.value, is_strict)
    return replace(
        base,
        value=leavers / headcount,
        not_assessed=None,
        interval=Interval(float(low), max(float(high), leavers / headcount), definition.method.level),
        p_target=chance,
        verdict=derive_outlook(chance),
        drivers=_find_drivers(teams, period, headcount),
        details=_derive_details(definition, leavers, headcount, today),
    )


def _derive_details(definition: Definition, leavers: float, headcount: float, today: int) -> dict[str, float | str | None]:
    details: dict[str, float | str | None] = {"headcount_today": float(today)}
    if definition.target is not None and today and leavers <= headcount:
        # What luck alone does to so small a team: the year's figure would miss even if the true rate stayed as it is.
        details["chance_missed_at_this_rate"] = get_chance_target_missed(today, leavers / headcount, definition.target.value)
    return details


def _find_drivers(teams: Mapping[str, Rows], period: Period, headcount: float) -> tuple[tuple[str, float], ...]:
    lost = {team: sum(_has_left(row, period) for row in members) for team, members in teams.items()}
    worst = sorted(((-n, team) for team, n in lost.items() if n))
    return tuple((f"team {team}", -n / headcount) for n, team in worst[:3])


def _get_headcount(rows: Rows, period: Period) -> float:
    return sum(_count_days(row, period) for row in rows) / period.days


def _count_days(row: dict[str, Any], period: Period) -> int:
    start: date = max(row["own_hired"] or period.first, period.first)
    end: date = min(row["own_left"] or period.last, period.last)
    return max((end - start).days + 1, 0)


def _is_employed(row: dict[str, Any], day: date) -> bool:
    return bool(row["own_hired"] <= day and (row["own_left"] is None or row["own_left"] > day))


def _has_left(row: dict[str, Any], period: Period) -> bool:
    return bool(row["numerator"]) and row["own_left"] is not None and row["own_left"] in period
