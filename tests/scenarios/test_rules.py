"""A change of the rules carries its days and money into the scenarios of the trials it touches, and into no other."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from builders import build_snapshot
from quarterdeck.cli.main import app as cli
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.scenarios.grammar import parse_scenario
from quarterdeck.scenarios.model import LeverUse
from quarterdeck.scenarios.prepare import describe_use
from quarterdeck.scenarios.read import read_for_all, read_scenarios
from quarterdeck.scenarios.rules import get_effect, read_effects, resolve_rules
from quarterdeck.scenarios.run import run_scenarios
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from trial_builders import TODAY, merge_rows, trial_rows

FAST = "eu-fast-eu"  # days of start-up in the EU, for multinational trials that are starting


def planned_rows(study_id: str, sites: int = 0) -> dict[str, list[dict[str, Any]]]:
    """A trial of four countries that is starting, its applications to be made after today."""
    rows = trial_rows(study_id, sites=sites, pending=12)
    rows["study"][0] |= {
        "status": "start_up",
        "act_fpfv": None,
        "protocol_approved_dt": date(2026, 5, 1),
        "est_fpfv": date(2026, 12, 1),
        "est_lpfv": date(2027, 12, 31),
        "est_lplv": date(2028, 6, 30),
        "est_db_lock_dt": date(2028, 8, 31),
    }
    rows["study_country"] = [
        {"study_id": study_id, "country": c, "reg_submission_dt": date(2026, 6, 15), "ethics_submission_dt": date(2026, 6, 15)}
        for c in ("GB", "DE", "ES", "FR")
    ]
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One trial that is starting and one that recruits."""
    made = tmp_path_factory.mktemp("rules")
    build_snapshot(made, merge_rows(planned_rows("START"), trial_rows("RUN", seed=3)), data_cut=TODAY)
    return made


@pytest.fixture
def snapshot(folder: Path) -> Snapshot:
    from quarterdeck.evidence.store import Store

    return Store(folder / "home" / "evidence").open()


def test_a_rule_brings_days_to_a_starting_trial_and_only_its_work_to_a_running_one(snapshot: Snapshot) -> None:
    effects = {(e.change.id, e.study_id): e for e in read_effects(snapshot)}
    assert any(e.days != (0.0, 0.0) for (_, study), e in effects.items() if study == "START")
    assert all(e.days == (0.0, 0.0) for (_, study), e in effects.items() if study == "RUN")
    assert any(e.amount[1] > 0 for (_, study), e in effects.items() if study == "RUN")


def test_the_effect_is_what_the_rule_states_at_its_middle(snapshot: Snapshot) -> None:
    effect = get_effect(snapshot, FAST, "START")
    assert effect.days == (-45.0, -15.0)
    assert effect.use.values["days"] == -30.0
    assert "DE" in effect.countries
    assert "GB" not in effect.countries
    assert effect.amount[0] < effect.amount[1]


def test_a_rule_that_speeds_approval_brings_the_last_participant_forward_and_costs_its_work(snapshot: Snapshot) -> None:
    use = get_effect(snapshot, FAST, "START").use
    result = run_scenarios(snapshot, "START", read_scenarios([f"apply the rule {FAST}"], snapshot, "START"), 5, 800).results[1]
    assert result.days.mean < -3
    assert result.levers[0].values["amount"] == use.values["amount"]
    without_work = LeverUse(use.lever, {**use.values, "amount": 0.0})
    from quarterdeck.scenarios.model import Scenario

    free = run_scenarios(snapshot, "START", [Scenario("free", (without_work,))], 5, 800).results[1]
    assert result.money.mean - free.money.mean == pytest.approx(float(use.values["amount"]), rel=1e-6)


def test_only_sites_where_the_rule_holds_move(snapshot: Snapshot) -> None:
    from quarterdeck.scenarios.prepare import apply_uses, open_draft

    draft = open_draft(snapshot, "START")
    changed = apply_uses(draft, (get_effect(snapshot, FAST, "START").use,))
    moved = changed.recruitment.planned_opening < draft.recruitment.planned_opening
    for country, has_moved in zip(draft.planned_countries, moved, strict=True):
        assert bool(has_moved) == (country in ("DE", "ES", "FR"))


def test_the_lever_says_which_rule_it_is(snapshot: Snapshot) -> None:
    words = describe_use(get_effect(snapshot, FAST, "START").use)
    assert "FAST-EU" in words
    assert "−30 days" in words


def test_an_unknown_rule_is_named_with_those_there_are(snapshot: Snapshot) -> None:
    with pytest.raises(NotFound, match="eu-fast-eu"):
        resolve_rules(parse_scenario("apply the rule no-such-rule", TODAY), snapshot, "START")


def test_a_rule_whose_verdict_hangs_on_an_answer_is_not_guessed(snapshot: Snapshot) -> None:
    with pytest.raises(BadInput, match="hangs on an answer"):
        read_scenarios(["apply the rule eu-ai-act"], snapshot, "START")


def test_an_answer_on_record_decides(snapshot: Snapshot) -> None:
    with pytest.raises(BadInput, match="does not touch"):
        read_scenarios(["apply the rule eu-ai-act"], snapshot, "START", {("*", "uses_ai"): "no"})


def test_over_all_trials_a_rule_changes_only_those_it_touches(snapshot: Snapshot) -> None:
    found = {s.study_id: s for s in read_for_all([f"apply the rule {FAST} and cut visits by 2"], snapshot, ["START", "RUN"])}
    assert [use.lever for use in found["START"].uses] == ["regulatory_change", "visits"]
    assert [use.lever for use in found["RUN"].uses] == ["visits"]


def test_pages_and_command_line_name_rule_trial_and_days(folder: Path) -> None:
    with TestClient(create_app(Settings(home=folder / "home"), work=False)) as client:
        page = client.get("/scenarios/rules").text
        played = client.get(f"/scenarios/START?say=apply the rule {FAST}").text
    assert f"/scenarios/START?say=apply%20the%20rule%20{FAST}" in page
    assert "−45 to −15 days" in page
    assert "FAST-EU" in played
    done = CliRunner().invoke(cli, ["scenario", "rule", FAST, "--home", str(folder / "home"), "--json"])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)
    assert [row["trial"] for row in rows] == ["START"]
    assert rows[0]["days"] == [-45.0, -15.0]
    assert rows[0]["last_participant_in"]["mean"] < 0
