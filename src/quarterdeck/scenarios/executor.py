"""Many trials times many scenarios, in keyed tasks folded in key order: here, in local processes, or on a dask cluster.

A task is a function of its key and its inputs alone, so a worker that is killed changes nothing: its tasks run again elsewhere
and give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from quarterdeck.methods.portfolio import Array, Shared, TrialInput, draw_shared, simulate_trial
from quarterdeck.vocabulary.errors import PartMissing

Task = tuple[str, str, TrialInput, int, int]  # scenario, trial, inputs, seed, replicates
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class TaskResult:
    """Quantiles of last participant in, lock (months) and cost at LEVELS, and the hash of all replicates."""

    scenario: str
    trial: str
    last_participant_in: tuple[float, ...]
    lock: tuple[float, ...]
    cost: tuple[float, ...]
    digest: str


class Executor(Protocol):
    """Runs tasks in any order and yields their results as they come."""

    def run(self, tasks: Sequence[Task]) -> Iterator[TaskResult]:
        """Results, in any order."""
        ...


@dataclass(frozen=True, slots=True)
class GridResult:
    """Results by (scenario, trial), and one hash over all of them in key order."""

    results: Mapping[tuple[str, str], TaskResult]
    digest: str


def run_grid(
    cases: Mapping[tuple[str, str], TrialInput],
    seed: int,
    replicates: int,
    executor: Executor,
    advance: Callable[[int], object] = lambda n: None,
) -> GridResult:
    """Every (scenario, trial) of `cases`; the same digest whatever runs it."""
    tasks: list[Task] = [(scenario, trial, cases[scenario, trial], seed, replicates) for scenario, trial in sorted(cases)]
    found: dict[tuple[str, str], TaskResult] = {}
    for result in executor.run(tasks):
        found[result.scenario, result.trial] = result
        advance(1)
    whole = hashlib.sha256()
    for key in sorted(found):
        whole.update(f"{key}{found[key].digest}".encode())
    return GridResult({key: found[key] for key in sorted(found)}, whole.hexdigest())


def run_task(task: Task) -> TaskResult:
    """One trial in one scenario. Shared draws are made again where they are not at hand: they depend on seed and size alone."""
    scenario, name, trial, seed, replicates = task
    future = simulate_trial(trial, _shared(seed, replicates))
    digest = hashlib.sha256(b"".join(np.ascontiguousarray(x).tobytes() for x in (future.last_participant_in, future.lock, future.cost)))
    return TaskResult(
        scenario, name, _quantiles(future.last_participant_in), _quantiles(future.lock), _quantiles(future.cost), digest.hexdigest()
    )


class Here:
    """In this process."""

    def run(self, tasks: Sequence[Task]) -> Iterator[TaskResult]:
        """One after another."""
        return map(run_task, tasks)


class LocalProcesses:
    """On this machine's processors."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def run(self, tasks: Sequence[Task]) -> Iterator[TaskResult]:
        """In chunks, to spare the travelling."""
        with ProcessPoolExecutor(self.workers) as pool:
            yield from pool.map(run_task, tasks, chunksize=max(1, len(tasks) // (8 * self.workers)))


class DaskCluster:
    """On a dask.distributed cluster (extra `cluster`). Lost workers' tasks run again elsewhere."""

    def __init__(self, client: Any) -> None:
        self.client = client

    @staticmethod
    def connect(address: str) -> DaskCluster:
        """Join the cluster whose scheduler has this address. Raises PartMissing without the extra."""
        try:
            from distributed import Client
        except ImportError as error:
            raise PartMissing("The cluster extra is not installed", next_step="pip install 'quarterdeck[cluster]'") from error
        make: Any = Client
        return DaskCluster(make(address))

    def run(self, tasks: Sequence[Task]) -> Iterator[TaskResult]:
        """As they complete."""
        from distributed import as_completed

        futures = [
            self.client.submit(run_task, task, key=f"{task[0]}/{task[1]}/{task[3]}/{task[4]}", pure=True, retries=5) for task in tasks
        ]
        completed: Any = as_completed
        for future in completed(futures):
            yield future.result()


_kept_shared: dict[tuple[int, int], Shared] = {}


def _shared(seed: int, replicates: int) -> Shared:
    if (seed, replicates) not in _kept_shared:
        _kept_shared.clear()
        _kept_shared[seed, replicates] = draw_shared(seed, replicates)
    return _kept_shared[seed, replicates]


def _quantiles(sample: Array) -> tuple[float, ...]:
    ordered = np.sort(sample)
    return tuple(float(ordered[min(int(p * len(ordered)), len(ordered) - 1)]) for p in LEVELS)
