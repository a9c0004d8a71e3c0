"""Replays the past as it was known then: forecasts from each earlier snapshot, scored by what the latest one knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.evidence.store import Store
from quarterdeck.forecasts.facts import read_facts
from quarterdeck.forecasts.ledger import Entry, build_entries
from quarterdeck.forecasts.scores import Score, score_entries
from quarterdeck.forecasts.trial import forecast_trial
from quarterdeck.vocabulary.errors import NotFound


def replay(store: Store, seed: int, replicates: int, report: Callable[[str], object] = lambda _: None) -> list[Score]:
    """Scores of every forecast that could have been made on an earlier snapshot. Raises NotFound with fewer than two snapshots."""
    infos = store.snapshots()
    cuts = {info.data_cut for info in infos}
    if len(cuts) < 2:
        raise NotFound(
            "A back-test needs facts of at least two days",
            thing=f"{len(infos)} snapshots",
            next_step="Load a later extract, or use `quarterdeck enrolment backtest` on a file of monthly counts.",
        )
    latest = store.open(infos[-1].id)
    entries: list[Entry] = []
    for info in infos[:-1]:
        if info.data_cut < latest.data_cut:
            report(f"Forecasting as on {info.data_cut}")
            entries += _entries_of(store.open(info.id), seed, replicates)
    return score_entries(entries, latest)


def kinds(scores: Sequence[Score]) -> list[str]:
    """The kinds of forecast that occur, in a steady order."""
    return sorted({score.entry.what for score in scores})


def _entries_of(snapshot: Snapshot, seed: int, replicates: int) -> list[Entry]:
    found = []
    for study in read_facts(snapshot).studies:
        found += build_entries(snapshot, forecast_trial(snapshot, study.study_id, seed, replicates))
    return found
