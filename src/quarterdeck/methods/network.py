"""An activity network in replicates: finish = latest predecessor + duration, and how often each activity decides the end.

A deterministic critical path is optimistic wherever paths merge (the mean of a maximum exceeds the maximum of means).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

import numpy as np
from numpy.typing import NDArray

from quarterdeck.vocabulary.errors import BadInput

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Activity:
    """One activity. `duration` (R,) in any one unit; `finished` is the known finish, which wins over both; `chance` (R,) of taking place."""

    name: str
    duration: Array
    after: tuple[str, ...] = ()
    finished: float | None = None
    takes_place: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class NetworkFuture:
    """Finish of each activity (R,) and its criticality: the share of replicates in which it lies on the longest path."""

    finish: Mapping[str, Array]
    criticality: Mapping[str, float]


def run_network(activities: Sequence[Activity], last: str, start: float = 0.0) -> NetworkFuture:
    """Replicates of the whole network. Raises BadInput for an unknown predecessor or a circle."""
    by_name = {activity.name: activity for activity in activities}
    if unknown := sorted({p for a in activities for p in a.after} - set(by_name)):
        raise BadInput("An activity follows one that does not exist", thing=", ".join(unknown), allowed=sorted(by_name))
    try:
        order = list(TopologicalSorter({a.name: a.after for a in activities}).static_order())
    except CycleError as error:
        raise BadInput("Activities wait for one another in a circle", thing=" → ".join(error.args[1])) from error
    finish: dict[str, Array] = {}
    for name in order:
        activity = by_name[name]
        ready = np.max([finish[p] for p in activity.after], axis=0) if activity.after else np.full(len(activity.duration), start)
        taken = activity.duration if activity.takes_place is None else activity.duration * activity.takes_place
        finish[name] = np.full(len(ready), activity.finished) if activity.finished is not None else ready + np.maximum(taken, 0.0)
    return NetworkFuture(finish, _criticality(by_name, order, finish, last))


def _criticality(by_name: Mapping[str, Activity], order: Sequence[str], finish: Mapping[str, Array], last: str) -> dict[str, float]:
    """Walk back from the end along the predecessor that finished last."""
    size = len(finish[last])
    on_path = {name: np.zeros(size, dtype=bool) for name in by_name}
    on_path[last][:] = True
    for name in reversed(order):
        activity = by_name[name]
        if not activity.after or activity.finished is not None:
            continue
        times = np.array([finish[p] for p in activity.after])
        latest = times.argmax(axis=0)
        for i, previous in enumerate(activity.after):
            on_path[previous] |= on_path[name] & (latest == i)
    return {name: float(flags.mean()) for name, flags in on_path.items()}


def deterministic_finish(activities: Sequence[Activity], last: str) -> float:
    """Finish with every duration at its median: the optimistic figure, for comparison."""
    medians = [Activity(a.name, np.array([np.median(a.duration)]), a.after, a.finished) for a in activities]
    return float(run_network(medians, last).finish[last][0])
