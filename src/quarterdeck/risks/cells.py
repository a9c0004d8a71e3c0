"""Cells: one indicator at one group in one snapshot, scored in `gsm` or `robust` mode, or with the reason why it was not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from math import isfinite, isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from quarterdeck.methods import cumulative, kri_gsm, kri_robust
from quarterdeck.methods.false_discovery import adjust_benjamini_hochberg, count_consecutive
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.verdict import NotAssessed

Floats = NDArray[np.float64]
KINDS = ("binary", "rate", "identity")
MODES = ("gsm", "robust")

Q_LIMIT = 0.05  # a signal at once
Z_LIMIT = 2.0  # a signal when seen in this many snapshots running
PERSISTENT = 2
LARGEST_NUMBER = 1e15  # beyond it counts are not counts

# Far below what the others predict even at the top of the interval: worth a look however much the groups differ (under-reporting).
FAR_BELOW, FAR_BELOW_EXPECTED = 0.25, 20.0

ABOVE_DENOMINATOR = "the numerator is above the denominator"
ONLY_GROUP = "no other group to compare with"
NO_NAME = "the group has no name"
ALL_EQUAL = "all groups have the same rate: the reference gives 0 and judges nothing"
POOLED_ABOVE_ONE = "the numerators together are above the denominators together"


@dataclass(frozen=True, slots=True)
class Rule:
    """How scores become flags, and how much a group needs to be judged."""

    cuts: tuple[float, ...] = kri_gsm.CUTS
    flags: tuple[int, ...] = kri_gsm.FLAGS
    accrual: float = 0.0
    accrual_on: str = "none"

    def __post_init__(self) -> None:
        if len(self.flags) != len(self.cuts) + 1 or list(self.cuts) != sorted(self.cuts):
            raise BadInput(
                "Cuts and flags do not fit",
                thing=f"cuts {self.cuts}, flags {self.flags}",
                allowed="rising cuts and one flag more than cuts",
            )
        if self.accrual_on not in ("none", "numerator", "denominator", "difference"):
            raise BadInput("Unknown accrual rule", thing=self.accrual_on, allowed="none, numerator, denominator, difference")


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted at one group: `problem` says why it cannot be used, where it cannot."""

    group: str
    numerator: float | None
    denominator: float | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One scored cell. `signal` is what noise control lets through; `snapshots_flagged` counts consecutive snapshots up to this one."""

    group: str
    numerator: float | None = None
    denominator: float | None = None
    metric: float | None = None
    expected: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    score: float | None = None
    p_value: float | None = None
    q_value: float | None = None
    flag: int | None = None
    not_assessed_reason: str | None = None
    study: str = ""
    snapshot_date: date | None = None
    indicator: str = ""
    signal: bool = False
    snapshots_flagged: int = 0
    previous_score: float | None = None
    previous_flag: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where cells stand: the study, the snapshot and the indicator they are of."""

    study: str = ""
    taken: date | None = None
    indicator: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """The counts of one indicator in one study and snapshot, and how to judge them."""

    counts: Sequence[Count]
    kind: str
    rule: Rule = Rule()
    place: Place = Place()


def assess_counts(counts: Sequence[Count], kind: str, mode: str, rule: Rule = Rule(), place: Place = Place()) -> list[Cell]:
    """Cells of one indicator in one study and snapshot, in the order of the groups' first appearance. Rows of one group are summed."""
    return assess_tasks([Task(counts, kind, rule, place)], mode)


def assess_tasks(tasks: Sequence[Task], mode: str) -> list[Cell]:
    """The cells of all tasks, task by task; what is judged alike is scored in one pass, each task's groups against one another only."""
    cells: list[Cell | None] = []
    alike: dict[tuple[str, Rule], _Batch] = {}
    for number, task in enumerate(tasks):
        if task.kind not in KINDS or mode not in MODES:
            raise BadInput("Unknown kind or mode", thing=f"{task.kind}, {mode}", allowed=f"{', '.join(KINDS)}; {', '.join(MODES)}")
        batch = alike.setdefault((task.kind, task.rule), _Batch())
        for count in _sum_groups(task.counts):
            reason = count.problem or _reason_for(count, task.kind, mode)
            if not reason:
                batch.add(count, task.place, number, len(cells))
            cells.append(_cell(count, task.place, not_assessed_reason=reason) if reason else None)
    for (kind, rule), batch in alike.items():
        if batch.counts:
            for where, cell in zip(batch.where, _score(batch, kind, mode, rule), strict=True):
                cells[where] = cell
    return [cell for cell in cells if cell is not None]


@dataclass
class _Batch:
    """Counts that can be judged, with their place, the number of their task and where their cells go."""

    counts: list[Count] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    tasks: list[int] = field(default_factory=list)
    where: list[int] = field(default_factory=list)

    def add(self, count: Count, place: Place, task: int, where: int) -> None:
        self.counts.append(count)
        self.places.append(place)
        self.tasks.append(task)
        self.where.append(where)

    def families(self) -> NDArray[np.int64]:
        """Numbers from 0, one a task."""
        return np.asarray(np.unique(np.array(self.tasks), return_inverse=True)[1])


def _cell(count: Count, place: Place, **more: Any) -> Cell:
    return Cell(
        count.group,
        count.numerator,
        count.denominator,
        _share(count),
        study=place.study,
        snapshot_date=place.taken,
        indicator=place.indicator,
        **more,
    )


def assess_cumulative(
    groups: Sequence[str],
    site: NDArray[np.int64],
    patient: NDArray[np.int64],
    visit: NDArray[np.int64],
    count: Floats,
    rule: Rule = Rule(),
    place: Place = Place(),
) -> list[Cell]:
    """Cells of the sites of one study from cumulative counts by patient and visit; `site` numbers the names in `groups`."""
    scores = cumulative.score_cumulative(site, patient, visit, count, len(groups))
    flags = kri_gsm.derive_flags(scores.z, rule.cuts, rule.flags)
    cells = []
    for i, group in enumerate(groups):
        events, visits = float(scores.events[i]), float(scores.visits[i])
        seen = Count(group, events, visits)
        if isnan(scores.z[i]):
            cells.append(_cell(seen, place, not_assessed_reason=ONLY_GROUP))
            continue
        cells.append(
            _cell(
                seen,
                place,
                expected=float(scores.expected[i]),
                ratio=_clean(events / scores.expected[i]) if scores.expected[i] > 0 else None,
                ratio_low=_clean(scores.theta_low[i]),
                ratio_high=_clean(scores.theta_high[i]),
                score=float(scores.z[i]),
                p_value=float(scores.p[i]),
                flag=int(flags[i]),
            )
        )
    return cells


def control_noise(cells: Sequence[Cell], only: date | None = None) -> list[Cell]:
    """The same cells with q over all cells of a study and snapshot, persistence over snapshots *by date*, and the signal that follows.

    With `only`, the cells of that snapshot alone come back, judged in the light of the others.
    """
    families: dict[tuple[str, date | None], list[int]] = {}
    histories: dict[tuple[str, str, str], list[int]] = {}
    for i, cell in enumerate(cells):
        if only is None or cell.snapshot_date == only:
            families.setdefault((cell.study, cell.snapshot_date), []).append(i)
        histories.setdefault((cell.study, cell.indicator, cell.group), []).append(i)
    q_of: dict[int, float | None] = {}
    for members in families.values():
        p = np.array([np.nan if (v := cells[i].p_value) is None else v for i in members])
        q_of |= {i: _clean(q) for i, q in zip(members, adjust_benjamini_hochberg(p).tolist(), strict=True)}
    done: dict[int, Cell] = {}
    for members in histories.values():
        members.sort(key=lambda i: cells[i].snapshot_date or date.min)
        seen: list[bool | None] = []
        for place, i in enumerate(members):
            seen.append(None if cells[i].flag is None else cells[i].flag != 0)
            if i in q_of:
                done[i] = _judge_signal(cells[i], cells[members[place - 1]] if place else None, q_of[i], seen)
    return [done[i] for i in sorted(done)]


def _judge_signal(cell: Cell, before: Cell | None, q: float | None, seen: list[bool | None]) -> Cell:
    running = count_consecutive(seen) if cell.flag else 0
    # In full, for a board holds tens of thousands of cells and `replace` takes three times as long.
    return Cell(
        cell.group,
        cell.numerator,
        cell.denominator,
        cell.metric,
        cell.expected,
        cell.ratio,
        cell.ratio_low,
        cell.ratio_high,
        cell.score,
        cell.p_value,
        q,
        cell.flag,
        cell.not_assessed_reason,
        cell.study,
        cell.snapshot_date,
        cell.indicator,
        signal=bool(q is not None and cell.flag and (q <= Q_LIMIT or running >= PERSISTENT)),
        snapshots_flagged=running,
        previous_score=before.score if before else None,
        previous_flag=before.flag if before else None,
    )


def state_coverage(cells: Sequence[Cell]) -> str:
    """'3 flagged of 212 assessed, 41 not assessed': said also when nothing is flagged."""
    missing = sum(cell.score is None for cell in cells)
    return f"{sum(bool(c.flag) for c in cells)} flagged of {len(cells) - missing} assessed, {missing} not assessed"


def _score(batch: _Batch, kind: str, mode: str, rule: Rule) -> list[Cell]:
    x, n = (np.array([getattr(c, name) for c in batch.counts], dtype=float) for name in ("numerator", "denominator"))
    if kind == "identity":
        # Where what is missing must be enough (samples not taken), the value judged is the share; otherwise the count itself.
        values = x / n if rule.accrual_on == "difference" else x
        flags = kri_gsm.derive_flags(values, rule.cuts, rule.flags).tolist()
        scored = [
            _cell(c, place, score=float(v), flag=int(f)) for c, place, v, f in zip(batch.counts, batch.places, values, flags, strict=True)
        ]
    elif mode == "gsm":
        family = batch.families()
        ends = [*np.flatnonzero(np.diff(family)) + 1, len(family)]
        parts = [slice(first, last) for first, last in zip([0, *ends[:-1]], ends, strict=True)]
        scored = [cell for mine in parts for cell in _score_gsm(batch.counts[mine], batch.places[mine.start], x[mine], n[mine], kind, rule)]
    else:
        scored = _score_robust(batch, x, n, kind, rule)
    if rule.accrual_on == "none":
        return scored
    enough = kri_gsm.is_accrued(x, n, rule.accrual, rule.accrual_on)
    few = NotAssessed.TOO_FEW.value
    return [
        cell if ok else replace(cell, score=None, p_value=None, flag=None, not_assessed_reason=few)
        for cell, ok in zip(scored, enough, strict=True)
    ]


def _score_gsm(counts: Sequence[Count], place: Place, x: Floats, n: Floats, kind: str, rule: Rule) -> list[Cell]:
    scores = kri_gsm.score_normal(x, n, kind)
    if isnan(scores.phi):
        return [_cell(count, place, not_assessed_reason=POOLED_ABOVE_ONE) for count in counts]
    flags = kri_gsm.derive_flags(scores.score, rule.cuts, rule.flags).tolist()
    p, z, expected = (2 * ndtr(-np.abs(scores.score))).tolist(), scores.score.tolist(), (scores.overall * n).tolist()
    # Parity keeps the reference's zero; the reason says that it means nothing.
    empty = ONLY_GROUP if len(counts) == 1 else ALL_EQUAL if scores.phi == 0 else None
    return [
        _cell(
            count,
            place,
            expected=expected[i],
            ratio=_clean(x[i] / expected[i]) if expected[i] > 0 else None,
            score=z[i],
            p_value=p[i],
            flag=int(flags[i]),
            not_assessed_reason=empty or (ABOVE_DENOMINATOR if kind == "binary" and x[i] > n[i] else None),
        )
        for i, count in enumerate(counts)
    ]


def _score_robust(batch: _Batch, x: Floats, n: Floats, kind: str, rule: Rule) -> list[Cell]:
    family = batch.families()
    scores = (kri_robust.score_binary if kind == "binary" else kri_robust.score_rate)(x, n, family)
    flags = kri_gsm.derive_flags(scores.z, rule.cuts, rule.flags)
    with np.errstate(invalid="ignore"):
        is_far_below = (scores.ratio_high <= FAR_BELOW) & (scores.expected >= FAR_BELOW_EXPECTED) & (scores.z < 0) & (min(rule.flags) < 0)
    flags = np.where((flags == 0) & is_far_below, -1, flags)
    columns = (np.bincount(family)[family], scores.expected, scores.ratio, scores.ratio_low, scores.ratio_high, scores.z, scores.p, flags)
    cells = []
    for count, place, size, expected, ratio, low, high, z, p, flag in zip(
        batch.counts, batch.places, *(column.tolist() for column in columns), strict=True
    ):
        if not isfinite(z):
            cells.append(_cell(count, place, not_assessed_reason=ONLY_GROUP if size < 2 else NotAssessed.UNDEFINED.value))
            continue
        measured = (_share(count), expected, _clean(ratio), _clean(low), _clean(high), z, p, None, int(flag), None)
        cells.append(Cell(count.group, count.numerator, count.denominator, *measured, place.study, place.taken, place.indicator))
    return cells


def _sum_groups(counts: Sequence[Count]) -> list[Count]:
    groups: dict[str, Count] = {}
    for count in counts:
        before = groups.get(count.group)
        if before is None:
            groups[count.group] = count
        elif before.problem or count.problem:
            groups[count.group] = before if before.problem else replace(before, problem=count.problem)
        else:
            groups[count.group] = Count(
                count.group, (before.numerator or 0) + (count.numerator or 0), (before.denominator or 0) + (count.denominator or 0)
            )
    return list(groups.values())


def _reason_for(count: Count, kind: str, mode: str) -> str:
    x, n = count.numerator, count.denominator
    if not count.group:
        return NO_NAME
    if x is None or n is None:
        return NotAssessed.NOT_COLLECTED.value
    if not isfinite(x) or not isfinite(n) or max(abs(x), abs(n)) > LARGEST_NUMBER:
        return "the count is not a usable number"
    if n < 0 or x < 0:
        return "a count is below 0"
    if n == 0:
        return NotAssessed.NO_DENOMINATOR.value
    if kind == "binary" and mode == "robust" and x > n:
        return ABOVE_DENOMINATOR
    return ""


def _share(count: Count) -> float | None:
    if count.numerator is None or not count.denominator or count.problem:
        return None
    return _clean(count.numerator / count.denominator)


def _clean(value: float) -> float | None:
    return float(value) if isfinite(value) else None
