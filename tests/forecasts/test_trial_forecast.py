"""Forecasts over a snapshot, the ledger, and findings."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from builders import build_snapshot
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.evidence.store import Store
from quarterdeck.forecasts.findings import findings
from quarterdeck.forecasts.ledger import Entry, read_entries, record_override, seal_forecasts
from quarterdeck.forecasts.portfolio import forecast_portfolio
from quarterdeck.forecasts.replay import replay
from quarterdeck.forecasts.scores import describe_trust, score_entries, summarise
from quarterdeck.forecasts.trial import forecast_trial
from quarterdeck.measures.evaluate import evaluate
from quarterdeck.record.database import open_record
from quarterdeck.record.permissions import MACHINE, SINGLE_USER
from quarterdeck.vocabulary.errors import BadInput, NotFound, NotPermitted
from quarterdeck.vocabulary.settings import Settings
from trial_builders import TODAY, build_trial, merge_rows, trial_rows

SEED, FEW = 7, 600
NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """One trial, sealed once: a snapshot never changes."""
    return build_trial(tmp_path_factory.mktemp("trial"))


def test_dates_rise_with_probability_and_never_lie_in_the_past(snapshot: Snapshot) -> None:
    trial = forecast_trial(snapshot, "T1", SEED, FEW)
    for milestone in trial.milestones:
        dates = [d for d in milestone.quantiles.values() if d is not None]
        assert dates == sorted(dates)
        assert all(d >= TODAY for d in dates)


def test_milestones_follow_one_another(snapshot: Snapshot) -> None:
    trial = forecast_trial(snapshot, "T1", SEED, FEW)
    medians = [trial.milestone(name).median for name in ("enrolled_75_percent", "last_participant_in", "database_lock")]  # type: ignore[union-attr]
    assert medians == sorted(medians)  # type: ignore[type-var]


def test_the_steps_of_the_bridge_add_up(snapshot: Snapshot) -> None:
    money = forecast_trial(snapshot, "T1", SEED, FEW).money
    assert money is not None
    assert money.approved + sum(amount for _, amount in money.bridge) == pytest.approx(money.mean)


def test_a_trial_on_plan_costs_about_what_was_approved(tmp_path: Path) -> None:
    money = forecast_trial(build_trial(tmp_path, rate=1.1), "T1", SEED, FEW).money
    assert money is not None
    assert 0.75 < money.quantiles[0.5] / money.approved < 1.25


def test_slow_recruitment_is_what_drives_the_slip(tmp_path: Path) -> None:
    trial = forecast_trial(build_trial(tmp_path, rate=0.25), "T1", SEED, FEW)
    assert trial.drivers[0][0] == "rates low"
    assert trial.drivers[0][1] > 0


def test_nobody_enrolled_gives_a_forecast_labelled_as_the_priors(tmp_path: Path) -> None:
    trial = forecast_trial(build_trial(tmp_path, rate=0.0), "T1", SEED, FEW)
    assert trial.evidence.startswith("low evidence: nobody has been enrolled")
    assert trial.milestone("first_participant_in") is not None


def test_a_locked_trial_has_a_reason_instead_of_a_forecast(tmp_path: Path) -> None:
    rows = trial_rows()
    rows["study"][0] |= {"status": "locked", "db_lock_dt": date(2026, 6, 1)}
    trial = forecast_trial(build_snapshot(tmp_path, rows, data_cut=TODAY), "T1", SEED, FEW)
    assert "over" in trial.reason
    assert trial.money is None


def test_an_unknown_trial_is_named_with_those_there_are(snapshot: Snapshot) -> None:
    with pytest.raises(NotFound, match="T1"):
        forecast_trial(snapshot, "T9", SEED, FEW)


def test_the_band_of_the_portfolio_is_narrower_than_added_bands(tmp_path: Path) -> None:
    rows = merge_rows(trial_rows("T1"), trial_rows("T22", seed=2), trial_rows("T333", seed=3))
    whole = forecast_portfolio(build_snapshot(tmp_path, rows, data_cut=TODAY), SEED, 2000)
    low, high = whole.added_bands
    assert low < whole.quantiles[0.05]
    assert whole.quantiles[0.95] < high


def test_each_target_of_the_role_has_a_probability_or_a_reason(snapshot: Snapshot) -> None:
    for target in forecast_portfolio(snapshot, SEED, FEW).targets:
        assert (target.probability is None) == bool(target.reason)


def test_all_four_targets_of_the_role_are_named_with_where_their_chance_comes_from(tmp_path: Path) -> None:
    people = [{"person_id": f"P{i}", "employment": "employee", "hire_dt": date(2020, 1, 1), "manager_id": "M"} for i in range(9)]
    people[0] |= {"leave_dt": date(2026, 5, 1), "leave_type": "voluntary", "regrettable": True}
    targets = {
        t.target: t for t in forecast_portfolio(build_snapshot(tmp_path, trial_rows() | {"staff": people}, TODAY), SEED, FEW).targets
    }
    simulated = {"budget_within_5_percent", "cycle_time_10_percent_shorter"}
    measured = {"critical_findings_per_audit", "major_findings_per_audit", "regrettable_attrition"}
    assert set(targets) == simulated | measured
    assert {name for name, t in targets.items() if t.measure} == measured
    reading = evaluate("regrettable_attrition", Store(tmp_path / "home" / "evidence").open(), "portfolio")[0]
    assert targets["regrettable_attrition"].probability == reading.p_target is not None
    assert "attrition" in targets["regrettable_attrition"].source
    assert "audit" in targets["major_findings_per_audit"].reason  # no audit was loaded: said, not guessed


def test_a_measured_target_is_not_found_a_second_time(tmp_path: Path) -> None:
    people = [{"person_id": f"P{i}", "employment": "employee", "hire_dt": date(2020, 1, 1), "manager_id": "M"} for i in range(9)]
    for person in people[:4]:
        person |= {"leave_dt": date(2026, 5, 1), "leave_type": "voluntary", "regrettable": True}
    snapshot = build_snapshot(tmp_path, trial_rows() | {"staff": people}, TODAY)
    assert min(t.probability for t in forecast_portfolio(snapshot, SEED, FEW).targets if t.target == "regrettable_attrition") < 0.4
    assert not [f for f in findings(snapshot) if "attrition" in f.id]


def test_an_empty_snapshot_has_a_portfolio_without_trials(tmp_path: Path) -> None:
    snapshot = build_snapshot(tmp_path, {"vendor": [{"vendor_id": "V1", "name": "Northwind"}]}, data_cut=TODAY)
    assert forecast_portfolio(snapshot, SEED, FEW).trials == ()


def test_a_late_trial_is_a_finding_with_its_consequence(tmp_path: Path) -> None:
    found = {f.id: f for f in findings(build_trial(tmp_path, rate=0.2))}
    late = found["forecasts/late/T1"]
    assert late.consequence.days is None or late.consequence.days > 60
    assert late.href == "/forecasts/T1"


def test_sealing_twice_adds_nothing(snapshot: Snapshot, settings: Settings) -> None:
    record = open_record(settings)
    assert seal_forecasts(record, SINGLE_USER, snapshot, SEED, NOW) > 5
    assert seal_forecasts(record, SINGLE_USER, snapshot, SEED, NOW) == 0
    record.close()


def test_an_override_is_kept_beside_the_forecast_and_needs_a_reason_and_a_person(snapshot: Snapshot, settings: Settings) -> None:
    record = open_record(settings)
    seal_forecasts(record, SINGLE_USER, snapshot, SEED, NOW)
    entry = read_entries(record)[0]
    record_override(record, SINGLE_USER, entry.id, 120.0, "The site told us.", NOW)
    assert read_entries(record)[0].overrides == (120.0,)
    with pytest.raises(BadInput, match="reason"):
        record_override(record, SINGLE_USER, entry.id, 120.0, " ", NOW)
    with pytest.raises(NotPermitted):
        record_override(record, MACHINE, entry.id, 120.0, "A guess.", NOW)
    record.close()


def build_later(tmp_path: Path) -> tuple[Store, date]:
    """The same trial as known on two days, three months apart."""
    rows, early = trial_rows(rate=0.8), date(2026, 3, 31)
    before = {k: v for k, v in rows.items() if k != "subject"} | {"subject": [s for s in rows["subject"] if s["rand_dt"] <= early]}
    before["site"] = [
        s
        if s["site_active_dt"] is None or s["site_active_dt"] <= early
        else s | {"site_active_dt": None, "contract_executed_dt": None, "site_status": "selected"}
        for s in before["site"]
    ]
    build_snapshot(tmp_path, before, data_cut=early)
    build_snapshot(tmp_path, rows, data_cut=TODAY)
    return Store(tmp_path / "home" / "evidence"), early


def test_forecasts_of_an_earlier_snapshot_are_scored_by_the_later_one(tmp_path: Path) -> None:
    store, early = build_later(tmp_path)
    scores = replay(store, SEED, FEW)
    counts = [s for s in scores if s.entry.what == "enrolled_1_months"]
    assert counts
    assert all(s.entry.data_cut == early for s in scores)
    assert counts[0].actual is not None
    assert counts[0].entry.due_by == early + timedelta(days=30)


def test_what_has_not_happened_is_scored_as_censored(tmp_path: Path) -> None:
    store, _ = build_later(tmp_path)
    open_ones = [s for s in replay(store, SEED, FEW) if s.entry.what == "database_lock"]
    assert open_ones
    assert all(s.actual is None and s.covered[0.9] is None for s in open_ones)


def test_a_forecast_that_was_right_beats_a_plan_that_was_not(tmp_path: Path) -> None:
    store, early = build_later(tmp_path)
    latest = store.open()
    levels = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
    from quarterdeck.forecasts.facts import read_facts
    from quarterdeck.forecasts.scores import _enrolled_by

    facts = read_facts(latest)
    due = date(2026, 5, 31)
    truth = _enrolled_by(facts.study("T1"), facts, due)
    entry = Entry(
        "T1", "enrolled_2_months", "participants", early, "s", 1, {p: truth + (p - 0.5) * 4 for p in levels}, due, plan=truth + 30
    )
    summary = summarise(score_entries([entry], latest))
    assert summary.coverage[0.9] == (1, 1)
    assert (summary.skill["plan"] or 0) > 0.9


def test_trust_is_said_in_words_also_without_a_record() -> None:
    assert "No forecast of this kind has come due" in describe_trust([], "database_lock")
