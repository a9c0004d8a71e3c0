"""Cells: one indicator at one group in one snapshot, scored in `gsm` or `robust` mode, or with the reason why it was not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import isfinite, isnan

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


def assess_counts(counts: Sequence[Count], kind: str, mode: str, rule: Rule = Rule()) -> list[Cell]:
    """Cells of one indicator in one study and snapshot, in the order of the groups' first appearance. Rows of one group are summed."""
    if kind not in KINDS or mode not in MODES:
        raise BadInput("Unknown kind or mode", thing=f"{kind}, {mode}", allowed=f"{', '.join(KINDS)}; {', '.join(MODES)}")
    summed = _sum_groups(counts)
    reasons = [count.problem or _reason_for(count, kind, mode) for count in summed]
    good = [i for i, reason in enumerate(reasons) if not reason]
    cells = [Cell(c.group, c.numerator, c.denominator, _share(c), not_assessed_reason=reasons[i] or None) for i, c in enumerate(summed)]
    if good:
        x = np.array([summed[i].numerator for i in good], dtype=float)
        n = np.array([summed[i].denominator for i in good], dtype=float)
        for i, cell in zip(good, _score([cells[i] for i in good], x, n, kind, mode, rule), strict=True):
            cells[i] = cell
    return cells


def assess_cumulative(
    groups: Sequence[str], site: NDArray[np.int64], patient: NDArray[np.int64], visit: NDArray[np.int64], count: Floats, rule: Rule = Rule()
) -> list[Cell]:
    """Cells of the sites of one study from cumulative counts by patient and visit; `site` numbers the names in `groups`."""
    scores = cumulative.score_cumulative(site, patient, visit, count, len(groups))
    cells = []
    for i, group in enumerate(groups):
        events, visits = float(scores.events[i]), float(scores.visits[i])
        metric = events / visits if visits > 0 else None
        if isnan(scores.z[i]):
            cells.append(Cell(group, events, visits, metric, not_assessed_reason=ONLY_GROUP))
            continue
        cells.append(
            Cell(
                group,
                events,
                visits,
                metric,
                float(scores.expected[i]),
                _clean(events / scores.expected[i]) if scores.expected[i] > 0 else None,
                _clean(scores.theta_low[i]),
                _clean(scores.theta_high[i]),
                float(scores.z[i]),
                float(scores.p[i]),
                flag=int(kri_gsm.derive_flags(scores.z[i : i + 1], rule.cuts, rule.flags)[0]),
            )
        )
    return cells


def control_noise(cells: Sequence[Cell]) -> list[Cell]:
    """The same cells with q over all cells of a study and snapshot, persistence over snapshots *by date*, and the signal that follows."""
    cells = list(cells)
    families: dict[tuple[str, date | None], list[int]] = {}
    histories: dict[tuple[str, str, str], list[int]] = {}
    for i, cell in enumerate(cells):
        families.setdefault((cell.study, cell.snapshot_date), []).append(i)
        histories.setdefault((cell.study, cell.indicator, cell.group), []).append(i)
    for members in families.values():
        p = np.array([np.nan if (v := cells[i].p_value) is None else v for i in members])
        for i, q in zip(members, adjust_benjamini_hochberg(p), strict=True):
            cells[i] = replace(cells[i], q_value=_clean(q))
    for members in histories.values():
        members.sort(key=lambda i: cells[i].snapshot_date or date.min)
        seen: list[bool | None] = []
        for place, i in enumerate(members):
            cell = cells[i]
            seen.append(None if cell.flag is None else cell.flag != 0)
            before = cells[members[place - 1]] if place else None
            running = count_consecutive(seen) if cell.flag else 0
            cells[i] = replace(
                cell,
                snapshots_flagged=running,
                previous_score=before.score if before else None,
                previous_flag=before.flag if before else None,
                signal=bool(cell.q_value is not None and cell.flag and (cell.q_value <= Q_LIMIT or running >= PERSISTENT)),
            )
    return cells


def state_coverage(cells: Sequence[Cell]) -> str:
    """'3 flagged of 212 assessed, 41 not assessed': said also when nothing is flagged."""
    missing = sum(cell.score is None for cell in cells)
    return f"{sum(bool(c.flag) for c in cells)} flagged of {len(cells) - missing} assessed, {missing} not assessed"


def _score(cells: Sequence[Cell], x: Floats, n: Floats, kind: str, mode: str, rule: Rule) -> list[Cell]:
    if kind == "identity":
        flags = kri_gsm.derive_flags(x if rule.accrual_on != "difference" else x / n, rule.cuts, rule.flags)
        scored = [replace(c, score=float(v), flag=int(f)) for c, v, f in zip(cells, x, flags, strict=True)]
    elif mode == "gsm":
        scored = _score_gsm(cells, x, n, kind, rule)
    else:
        scored = _score_robust(cells, x, n, kind, rule)
    if rule.accrual_on == "none":
        return scored
    enough = kri_gsm.is_accrued(x, n, rule.accrual, rule.accrual_on)
    few = NotAssessed.TOO_FEW.value
    return [
        cell if ok else replace(cell, score=None, p_value=None, flag=None, not_assessed_reason=few)
        for cell, ok in zip(scored, enough, strict=True)
    ]


def _score_gsm(cells: Sequence[Cell], x: Floats, n: Floats, kind: str, rule: Rule) -> list[Cell]:
    scores = kri_gsm.score_normal(x, n, kind)
    if isnan(scores.phi):
        return [replace(cell, not_assessed_reason=POOLED_ABOVE_ONE) for cell in cells]
    flags = kri_gsm.derive_flags(scores.score, rule.cuts, rule.flags)
    p = 2 * ndtr(-np.abs(scores.score))
    expected = scores.overall * n
    # Parity keeps the reference's zero; the reason says that it means nothing.
    empty = ONLY_GROUP if len(cells) == 1 else ALL_EQUAL if scores.phi == 0 else ""
    reasons = [empty or (ABOVE_DENOMINATOR if kind == "binary" and x[i] > n[i] else None) for i in range(len(cells))]
    return [
        replace(
            cell, not_assessed_reason=reasons[i], expected=float(expected[i]), ratio=_clean(x[i] / expected[i]) if expected[i] > 0 else None,
            score=float(scores.score[i]), p_value=float(p[i]), flag=int(flags[i]),
        )
        for i, cell in enumerate(cells)
    ]  # fmt: skip


def _score_robust(cells: Sequence[Cell], x: Floats, n: Floats, kind: str, rule: Rule) -> list[Cell]:
    if len(cells) < 2:
        return [replace(cell, not_assessed_reason=ONLY_GROUP) for cell in cells]
    scores = kri_robust.score_binary(x, n) if kind == "binary" else kri_robust.score_rate(x, n)
    flags = kri_gsm.derive_flags(scores.z, rule.cuts, rule.flags)
    is_far_below = (scores.ratio_high <= FAR_BELOW) & (scores.expected >= FAR_BELOW_EXPECTED) & (scores.z < 0) & (min(rule.flags) < 0)
    flags = np.where((flags == 0) & is_far_below, -1, flags)
    scored = []
    for i, cell in enumerate(cells):
        if not isfinite(scores.z[i]):
            scored.append(replace(cell, not_assessed_reason=NotAssessed.UNDEFINED.value))
            continue
        scored.append(
            replace(
                cell,
                expected=float(scores.expected[i]),
                ratio=_clean(scores.ratio[i]),
                ratio_low=_clean(scores.ratio_low[i]),
                ratio_high=_clean(scores.ratio_high[i]),
                score=float(scores.z[i]),
                p_value=float(scores.p[i]),
                flag=int(flags[i]),
            )
        )
    return scored


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
