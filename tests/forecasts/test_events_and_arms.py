"""Event-driven trials and capped arms, from the tables of a snapshot to the forecast."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders import build_snapshot
from quarterdeck.forecasts.event_facts import read_cap
from quarterdeck.forecasts.facts import read_facts
from quarterdeck.forecasts.model import TrialForecast
from quarterdeck.forecasts.trial import forecast_trial
from quarterdeck.forecasts.words import event_words
from quarterdeck.vocabulary.errors import BadInput
from trial_builders import TODAY, trial_rows

SEED, FEW = 7, 600


def forecast(tmp_path: Path, rows: dict[str, list[dict[str, Any]]]) -> TrialForecast:
    return forecast_trial(build_snapshot(tmp_path, rows, data_cut=TODAY), "T1", SEED, FEW)


def event_rows(wanted: int = 120, median_days: float = 250.0) -> dict[str, list[dict[str, Any]]]:
    """A trial whose participants have events with a constant hazard; one in ten leaves before."""
    rows = trial_rows(rate=1.1)
    rows["study"][0]["target_events"] = wanted
    rng = np.random.default_rng(4)
    for person in rows["subject"]:
        event = person["rand_dt"] + timedelta(days=1 + int(rng.exponential(median_days / np.log(2))))
        leaves = rng.random() < 0.1
        person["event_dt"] = event if event <= TODAY and not leaves else None
        person["study_disc_dt"] = min(person["rand_dt"] + timedelta(days=30), TODAY) if leaves else None
        person["last_contact_dt"] = TODAY
    return rows


def test_the_last_visit_follows_the_last_event_needed(tmp_path: Path) -> None:
    trial = forecast(tmp_path, event_rows())
    events, last_visit = trial.milestone("target_events"), trial.milestone("last_participant_last_visit")
    assert events is not None
    assert last_visit is not None
    assert events.median is not None
    assert last_visit.median is not None
    assert 25 <= (last_visit.median - events.median).days <= 35


def test_what_was_had_and_who_is_at_risk_is_counted_from_the_table(tmp_path: Path) -> None:
    rows = event_rows()
    snapshot = build_snapshot(tmp_path, rows, data_cut=TODAY)
    facts = read_facts(snapshot).study("T1").events
    assert facts is not None
    assert facts.so_far == sum(person["event_dt"] is not None for person in rows["subject"])
    assert int(facts.dropped.sum()) == sum(person["study_disc_dt"] is not None for person in rows["subject"])
    assert facts.so_far + int(facts.dropped.sum()) + int(facts.at_risk.sum()) == len(rows["subject"])


def test_more_events_wanted_end_the_trial_later(tmp_path: Path) -> None:
    few, many = forecast(tmp_path / "few", event_rows(110)), forecast(tmp_path / "many", event_rows(150))
    assert few.milestone("database_lock").median < many.milestone("database_lock").median  # type: ignore[union-attr, operator]


def test_the_words_name_laws_and_weights(tmp_path: Path) -> None:
    events = forecast(tmp_path, event_rows()).events
    assert events is not None
    assert not events.low_evidence
    assert sum(weight for _, weight in events.laws) == pytest.approx(1.0)
    assert "weighed by how well they fit (AIC)" in event_words(events)


def test_no_events_yet_is_said_as_low_evidence(tmp_path: Path) -> None:
    rows = event_rows()
    for person in rows["subject"]:
        person["event_dt"] = None
    events = forecast(tmp_path, rows).events
    assert events is not None
    assert events.low_evidence
    assert "low evidence" in event_words(events)


def test_a_trial_without_wanted_events_is_not_event_driven(tmp_path: Path) -> None:
    trial = forecast(tmp_path, trial_rows())
    assert trial.events is None
    assert trial.milestone("target_events") is None


def with_arms(caps: str) -> dict[str, list[dict[str, Any]]]:
    rows = trial_rows(rate=1.1, target=200)
    rows["study"][0]["arm_caps"] = caps
    for i, person in enumerate(rows["subject"]):
        person["arm"] = "A" if i % 4 else "B"  # three in four would join A
    return rows


def test_a_capped_arm_makes_the_last_participant_later(tmp_path: Path) -> None:
    free, capped = forecast(tmp_path / "free", trial_rows(rate=1.1, target=200)), forecast(tmp_path / "capped", with_arms("A=130;B=70"))
    assert free.milestone("last_participant_in").median < capped.milestone("last_participant_in").median  # type: ignore[union-attr, operator]


def test_caps_below_the_target_never_reach_it(tmp_path: Path) -> None:
    m = forecast(tmp_path, with_arms("A=100;B=40")).milestone("last_participant_in")
    assert m is not None
    assert m.p_ever == 0.0


@pytest.mark.parametrize("text", ["A", "A=", "=5", "A=many", "A=-3"])
def test_a_cap_that_cannot_be_read_is_refused_with_its_trial(text: str) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_cap("T1", text)
