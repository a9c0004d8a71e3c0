"""The cluster extra: a hundred trials in twelve scenarios, one worker killed on the way, and the same bytes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from quarterdeck.methods.portfolio import TrialInput
from quarterdeck.scenarios.executor import DaskCluster, Here, run_grid
from quarterdeck.scenarios.prepare import open_draft
from trial_builders import build_trial

distributed = pytest.importorskip("distributed")


def build_cases(tmp_path: Path, trials: int, scenarios: int) -> Mapping[tuple[str, str], TrialInput]:
    base = open_draft(build_trial(tmp_path), "T1").trial
    return {
        (f"S{j:02d}", f"T{i:03d}"): replace(base, name=f"T{i:03d}", recruitment=replace(base.recruitment, rate_factor=1 + j / 20))
        for i in range(trials)
        for j in range(scenarios)
    }


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_killed_worker_changes_nothing(tmp_path: Path) -> None:
    cases = build_cases(tmp_path, 100, 12)
    expected = run_grid(cases, 3, 500, Here()).digest
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None, "local_directory": str(tmp_path)}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        victim = next(iter(client.run(os.getpid).values()))
        seen: list[int] = []

        def advance(amount: int) -> None:
            seen.append(amount)
            if len(seen) == 100:
                threading.Thread(target=os.kill, args=(victim, signal.SIGKILL)).start()

        result = run_grid(cases, 3, 500, DaskCluster(client), advance)
    assert len(result.results) == 1200
    assert result.digest == expected
