"""What drives a reading: the trials or sites that push it away from its target, largest push first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quarterdeck.measures.estimate import Cells, Estimates
from quarterdeck.measures.model import Comparison, Definition, Direction
from quarterdeck.methods.quantiles import get_quantile

SHOWN = 3
LEVELS = ("portfolio", "study", "country", "vendor")


def derive_drivers(
    definition: Definition, level: str, cells: Cells, clusters: list[str], n: int, found: Estimates
) -> dict[int, tuple[tuple[str, float], ...]]:
    """Per group the parts that contribute most in the bad direction, in the measure's unit; `clusters` are their names by number.

    For sums the contribution is what the part adds over the target (over the group's own value where there is none); for
    a median it is how far the median would move without the part.
    """
    if level not in LEVELS or not cells.group.size:
        return {}
    sign = -1.0 if definition.direction is Direction.HIGHER else 1.0
    parts = _derive_moves(cells, clusters, n, found) if cells.value is not None else _derive_excess(definition, cells, clusters, n, found)
    out: dict[int, tuple[tuple[str, float], ...]] = {}
    for group, entries in parts.items():
        adverse = sorted(
            (entry for entry in entries if sign * entry[1] > 1e-12 and entry[0]), key=lambda entry: (_rank(-sign * entry[1]), entry[0])
        )
        out[group] = tuple(adverse[:SHOWN])
    return out


def _rank(push: float) -> float:
    """The push without its last digits: they depend on the order in which rows were added up, and equal pushes go by name."""
    return float(f"{push:.9g}")


def _derive_excess(
    definition: Definition, cells: Cells, clusters: list[str], n: int, found: Estimates
) -> dict[int, list[tuple[str, float]]]:
    per = definition.method.per
    target = definition.target
    has_target = target is not None and target.comparison is not Comparison.WITHIN
    reference = np.full(n, target.value / per) if has_target and target is not None else np.nan_to_num(found.value) / per
    push = cells.numerator - reference[cells.group] * cells.denominator
    sums: dict[tuple[int, int], float] = {}
    for group, cluster, amount in zip(cells.group.tolist(), cells.cluster.tolist(), push.tolist(), strict=True):
        sums[group, cluster] = sums.get((group, cluster), 0.0) + amount
    out: dict[int, list[tuple[str, float]]] = {}
    for (group, cluster), amount in sums.items():
        if found.total[group] > 0:
            out.setdefault(group, []).append((clusters[cluster], per * amount / float(found.total[group])))
    return out


def _derive_moves(cells: Cells, clusters: list[str], n: int, found: Estimates) -> dict[int, list[tuple[str, float]]]:
    """Leave one part out. Only the parts with most cases above the median are tried: no other can move it far."""
    assert cells.value is not None
    out: dict[int, list[tuple[str, float]]] = {}
    order = np.argsort(cells.group, kind="stable")
    starts = np.searchsorted(cells.group[order], np.arange(n + 1))
    for group in range(n):
        rows = order[starts[group] : starts[group + 1]]
        middle = float(found.value[group])
        if rows.size < 2 or not np.isfinite(middle):
            continue
        value, weight, cluster = cells.value[rows], cells.denominator[rows], cells.cluster[rows]
        above = np.bincount(cluster, weight * ((value > middle) - (value < middle) * 1.0))
        for candidate in np.argsort(-np.round(np.abs(above), 9), kind="stable")[: 2 * SHOWN]:
            kept = (cluster != candidate) & np.isfinite(value)
            if above[candidate] and weight[kept].sum() > 0:
                out.setdefault(group, []).append((clusters[candidate], _get_move(value, weight, kept)))
    return out


def _get_move(value: NDArray[np.float64], weight: NDArray[np.float64], kept: NDArray[np.bool_]) -> float:
    known = np.isfinite(value)
    return get_quantile(value[known], weight[known]) - get_quantile(value[kept], weight[kept])
