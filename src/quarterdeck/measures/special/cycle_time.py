"""Cycle time from protocol approval to database lock: its median with ongoing trials censored, and its change year on year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from quarterdeck.measures.judge import derive_outlook
from quarterdeck.measures.special.added import Added
from quarterdeck.measures.start import start_reading
from quarterdeck.methods.survival import DurationModel, SurvivalCurve, fit_durations, fit_kaplan_meier
from quarterdeck.methods.targets import get_smallest_detectable_ratio
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.period import Period
from quarterdeck.vocabulary.verdict import NotAssessed

if TYPE_CHECKING:
    from quarterdeck.measures.model import Definition
    from quarterdeck.measures.source import Source
    from quarterdeck.vocabulary.reading import Reading

Rows = list[dict[str, Any]]
LATE_PHASES = ("P2/P3", "P3", "P4")
EARLY_PHASES = ("P1", "P1/P2")
# Phase shifts durations; how much is learnt from the trials, shrunk towards "not at all" (a factor of 1.6 at one deviation).
PRIOR_ERROR_OF_MIX = 0.5
MOST_LEFT_OUT = 8


@dataclass(frozen=True)
class Piece:
    """What one trial shows within one year: from which age to which, and whether it locked."""

    trial: str
    entry: float
    exit: float
    locked: bool
    is_current: bool
    phase: str
    row: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


def evaluate_cycle_time(definition: Definition, source: Source, level: str) -> list[Reading]:
    """The median over the last year: what each trial that ran in it shows of its cycle, early ages from young trials and late from old."""
    current, previous = _get_years(definition, source)
    source = replace(source, period=current)
    rows = _read_trials(definition, source)
    pieces = _build_pieces(rows, current, _is_with_treatment(definition), is_current=True)
    base = start_reading(definition, source, level, "", len(pieces))
    if not rows:
        return [replace(base, not_assessed=NotAssessed.NOT_COLLECTED, reason="no trial has a date of protocol approval")]
    base = replace(base, numerator=float(sum(piece.locked for piece in pieces)), denominator=float(len(pieces)))
    if len(pieces) < definition.minimum:
        return [replace(base, not_assessed=NotAssessed.TOO_FEW, reason=f"{len(pieces)} of at least {definition.minimum:g} trials needed")]
    curve = _fit_curve(pieces)
    middle = curve.get_quantile()
    if middle is None:
        reason = f"the median is not reached: {base.numerator:g} of {base.denominator:g} trials locked in the year"
        return [replace(base, not_assessed=NotAssessed.NOT_YET_DUE, reason=reason)]
    low, high = curve.get_quantile_interval(level=definition.method.level)
    before = _fit_curve(_build_pieces(rows, previous, _is_with_treatment(definition), is_current=False)).get_quantile()
    details: dict[str, float | str | None] = {"median_year_before": before, "low": low, "high": "not reached" if high is None else high}
    interval = Interval(low, high, definition.method.level) if low is not None and high is not None else None
    return [replace(base, value=middle, not_assessed=None, interval=interval, details=details, drivers=_find_longest(pieces, middle))]


def evaluate_change(definition: Definition, source: Source, level: str) -> list[Reading]:
    """By how much cycles are shorter than the year before, at equal mix of phases; `p_target` is of the true change."""
    current, previous = _get_years(definition, source)
    source = replace(source, period=current)
    rows = _read_trials(definition, source)
    with_treatment = _is_with_treatment(definition)
    pieces = _build_pieces(rows, current, with_treatment, True) + _build_pieces(rows, previous, with_treatment, False)
    base = start_reading(definition, source, level, "", len({piece.trial for piece in pieces}))
    if not rows:
        return [replace(base, not_assessed=NotAssessed.NOT_COLLECTED, reason="no trial has a date of protocol approval")]
    locks = [sum(piece.locked for piece in pieces if piece.is_current is now) for now in (True, False)]
    base = replace(base, numerator=float(locks[0]), denominator=float(locks[1]))
    if min(locks) < definition.minimum:
        reason = f"{locks[0]} locks in the year and {locks[1]} in the year before; at least {definition.minimum:g} of each are needed"
        return [replace(base, not_assessed=NotAssessed.TOO_FEW, reason=reason)]
    return [_judge_change(base, definition, pieces)]


def list_year(definition: Definition, source: Source, level: str, key: str) -> list[Added]:
    """Each trial that ran in the year adds one, and one more on top where it locked."""
    pieces = _build_pieces(_read_trials(definition, source), _get_years(definition, source)[0], _is_with_treatment(definition), True)
    return [Added("study", piece.row, float(piece.locked), 1.0) for piece in pieces]


def list_two_years(definition: Definition, source: Source, level: str, key: str) -> list[Added]:
    """A trial that locked in the year adds to the top, one that locked in the year before to the bottom."""
    rows, with_treatment = _read_trials(definition, source), _is_with_treatment(definition)
    pieces = [
        piece
        for year, is_current in zip(_get_years(definition, source), (True, False), strict=True)
        for piece in _build_pieces(rows, year, with_treatment, is_current)
    ]
    return [Added("study", p.row, float(p.is_current), float(not p.is_current)) for p in pieces if p.locked]


def _judge_change(base: Reading, definition: Definition, pieces: list[Piece]) -> Reading:
    model = _fit_model(pieces)
    ratio, low, high = model.get_time_ratio(1, definition.method.level)
    error = model.get_error(1)
    chance = None
    if definition.target is not None:
        chance = float(stats.norm.cdf((np.log1p(definition.target.value) - model.coefficients[1]) / error))
    now, before = (_fit_curve([piece for piece in pieces if piece.is_current is flag]) for flag in (True, False))
    return replace(
        base,
        value=ratio - 1,
        not_assessed=None,
        interval=Interval(low - 1, high - 1, definition.method.level),
        p_target=chance,
        verdict=derive_outlook(chance),
        drivers=_find_drivers(pieces, ratio),
        details={
            "smallest_detectable_change": get_smallest_detectable_ratio(error) - 1,
            "median": now.get_quantile(),
            "median_year_before": before.get_quantile(),
            "spread_of_log_duration": model.sigma,
            "trials": float(len({piece.trial for piece in pieces})),
        },
    )


def _get_years(definition: Definition, source: Source) -> tuple[Period, Period]:
    days = int(definition.method.options.get("days", 365))
    current = source.period or Period(source.cut - timedelta(days=days - 1), source.cut)
    return current, Period(current.first - timedelta(days=current.days), current.first - timedelta(days=1))


def _is_with_treatment(definition: Definition) -> bool:
    return definition.method.options.get("treatment", "included") == "included"


def _read_trials(definition: Definition, source: Source) -> Rows:
    """Trials with an approved protocol. One stopped before its lock has left the race: it would run for ever and look slow."""
    rows = source.read_rows(definition)
    return [
        row for row in rows if row["collected"] and row["denominator"] and not (row["own_status"] == "terminated" and not row["own_locked"])
    ]


def _build_pieces(rows: Rows, year: Period, with_treatment: bool, is_current: bool) -> list[Piece]:
    pieces = []
    for row in rows:
        locked = row["own_locked"]
        start, end = year.first - timedelta(days=1), min(locked or year.last, year.last)
        if row["own_approved"] > end or (locked and locked < year.first):
            continue
        entry, leave = (_get_age(row, day, with_treatment) for day in (max(start, row["own_approved"]), end))
        is_locked = bool(locked and locked in year)
        if leave > entry or is_locked:
            pieces.append(Piece(row["study_id"], entry, max(leave, entry + 0.5), is_locked, is_current, row["own_phase"] or "", row))
    return pieces


def _get_age(row: dict[str, Any], day: date, with_treatment: bool) -> float:
    """Days since approval; without treatment the clock stands still from the last participant's first visit to the last visit."""
    age = (day - row["own_approved"]).days
    first, last = row["own_lpfv"], row["own_lplv"]
    if with_treatment or first is None or day <= first:
        return float(age)
    return float(age - (min(day, last or day) - first).days)


def _fit_curve(pieces: list[Piece]) -> SurvivalCurve:
    return fit_kaplan_meier([p.exit for p in pieces], [p.locked for p in pieces], entry=[p.entry for p in pieces])


def _fit_model(pieces: list[Piece]) -> DurationModel:
    columns = [[1.0, p.is_current, p.phase in LATE_PHASES, p.phase in EARLY_PHASES] for p in pieces]
    priors = [np.inf, np.inf, PRIOR_ERROR_OF_MIX, PRIOR_ERROR_OF_MIX]
    return fit_durations([p.exit for p in pieces], [p.locked for p in pieces], columns, [p.entry for p in pieces], priors)


def _find_longest(pieces: list[Piece], middle: float) -> tuple[tuple[str, float], ...]:
    over = sorted((middle - piece.exit, piece.trial) for piece in pieces if piece.exit > middle)
    return tuple((trial, -gap) for gap, trial in over[:3])


def _find_drivers(pieces: list[Piece], ratio: float) -> tuple[tuple[str, float], ...]:
    """How far the change would move without one trial; only the oldest of the year are tried, and those that locked in it."""
    ranked = sorted((p for p in pieces if p.is_current), key=lambda p: (not p.locked, -p.exit))
    moves = []
    for trial in [p.trial for p in ranked[:MOST_LEFT_OUT]]:
        rest = [p for p in pieces if p.trial != trial]
        if sum(p.locked for p in rest if p.is_current) and sum(p.locked for p in rest if not p.is_current):
            moves.append((ratio - _fit_model(rest).get_time_ratio(1)[0], trial))
    return tuple((trial, move) for move, trial in sorted(moves, reverse=True)[:3] if move > 0)
