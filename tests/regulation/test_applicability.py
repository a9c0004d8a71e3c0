"""Rules are three-valued: a missing attribute is a question, never "no"; verdicts print their facts; dates and regimes count."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.regulation.applicability import Trial, expand_groups, judge_trial, load_attributes, load_conditions, read_rule
from quarterdeck.regulation.knowledge import get_change, load_changes
from quarterdeck.regulation.model import Outcome
from quarterdeck.regulation.trials import derive_trial, read_trials_file
from quarterdeck.vocabulary.errors import BadInput

TODAY = date(2026, 11, 22)
FULL: dict[str, Any] = {
    "countries": ["GB", "DE", "FR", "US"], "phase": "3", "status": "recruiting", "interventional": True, "modality": "mAb", "elements": ["epro"], "design": ["adaptive"],
    "population": [], "systems": ["edc"], "has_dmc": True, "uses_ai": False, "pivotal": True, "multisite": True, "risk": "more", "submission": ["IND"], "data_flow_to": [],
    "sponsor_established_EU": True, "expanded_access": False, "post_approval": False, "companion_diagnostic": False, "enrol_start": "2024-06-01", "uk_application": "2024-03-01",
    "eu_application": "2024-03-01",
}  # fmt: skip


def trial(**changes: Any) -> Trial:
    entry = {name: value for name, value in (FULL | changes).items() if value is not None}
    return derive_trial("T", entry)[0]


def verdict(change: str, subject: Trial, today: date = TODAY, closed: bool = False) -> Outcome:
    return judge_trial(get_change(change).rule, subject, today, closed).verdict


def test_every_change_can_be_judged_for_a_trial_of_which_all_is_known() -> None:
    assert Outcome.NEEDS_REVIEW not in {verdict(change, trial()) for change in load_changes()}


@pytest.mark.parametrize("change", sorted(load_changes()))
def test_a_trial_of_which_nothing_is_known_is_never_told_no(change: str) -> None:
    judged = judge_trial(get_change(change).rule, Trial("T", {}), TODAY)
    assert judged.verdict is Outcome.NEEDS_REVIEW
    assert judged.questions


@settings(deadline=None, max_examples=60)
@given(st.sets(st.sampled_from(sorted(FULL))))
def test_leaving_attributes_out_never_turns_an_answer_into_no(left_out: set[str]) -> None:
    partial = trial(**dict.fromkeys(left_out))
    for change in load_changes().values():
        full, less = judge_trial(change.rule, trial(), TODAY), judge_trial(change.rule, partial, TODAY)
        if full.verdict in (Outcome.APPLIES, Outcome.WATCH):
            assert less.verdict in (full.verdict, Outcome.NEEDS_REVIEW), (change.id, left_out)


def test_a_rule_is_only_watched_before_its_day() -> None:
    assert verdict("uk-si-2025-538", trial(), date(2026, 4, 27)) is Outcome.WATCH
    assert verdict("uk-si-2025-538", trial(), date(2026, 4, 28)) is Outcome.APPLIES


def test_old_or_new_rules_follow_the_day_of_the_uk_application() -> None:
    rule = get_change("uk-si-2025-538").rule
    assert judge_trial(rule, trial(uk_application="2026-04-27"), TODAY).transitions[0].startswith("Old-rules trial")
    assert judge_trial(rule, trial(uk_application="2026-04-28"), TODAY).transitions[0].startswith("New-rules trial")
    unknown = judge_trial(rule, trial(uk_application=None), TODAY)
    assert unknown.verdict is Outcome.APPLIES
    assert unknown.missing_facts == ("uk_application",)


@pytest.mark.parametrize(
    ("change", "changes", "expected"),
    [
        ("eu-ai-act", {"uses_ai": True}, Outcome.APPLIES),
        ("eu-ai-act", {"uses_ai": True, "countries": ["US"]}, Outcome.NOT_APPLICABLE),
        ("eu-fast-eu", {"status": "planned"}, Outcome.APPLIES),
        ("eu-fast-eu", {"status": "planned", "countries": ["DE"]}, Outcome.NOT_APPLICABLE),
        ("ich-e20", {}, Outcome.WATCH),
        ("fda-dap", {"status": "planned"}, Outcome.WATCH),
        ("eu-mdr-ci", {"modality": "device", "device": True}, Outcome.APPLIES),
        ("eu-ctr-536-2014", {"modality": "device", "device": True}, Outcome.NOT_APPLICABLE),
        ("eu-ctr-536-2014", {"modality": "AAV gene therapy"}, Outcome.APPLIES),
        ("eu-ctr-536-2014", {"countries": ["NO"]}, Outcome.APPLIES),
        ("us-bulk-data", {"data_flow_to": ["CN"]}, Outcome.APPLIES),
        ("ich-m11", {"status": "planned"}, Outcome.WATCH),
        ("ich-e6r3-annex1", {"status": "completed"}, Outcome.NOT_APPLICABLE),
    ],
)
def test_facts_decide(change: str, changes: dict[str, Any], expected: Outcome) -> None:
    assert verdict(change, trial(**changes)) is expected


def test_no_is_kept_with_its_reason() -> None:
    judged = judge_trial(get_change("eu-mdr-ci").rule, trial(), TODAY)
    assert judged.verdict is Outcome.NOT_APPLICABLE
    assert "product = medicine" in judged.why_not


def test_the_united_kingdom_left_the_union_on_a_day() -> None:
    assert "GB" in expand_groups(("EU",), date(2020, 1, 31))
    assert "GB" not in expand_groups(("EU",), date(2020, 2, 1))


def test_every_condition_looks_at_a_known_attribute() -> None:
    assert {c.attribute for c in load_conditions().values()} <= set(load_attributes())


def test_a_rule_with_an_unknown_condition_is_refused() -> None:
    with pytest.raises(BadInput, match=r"unknown conditions: .*full_moon"):
        read_rule({"version": 1, "cases": [{"verdict": "applies", "all": ["full_moon"], "because": "x"}]}, "x", {})


def test_the_development_verdicts_are_met_exactly(shared_data: Path) -> None:
    path = shared_data / "regulatory/eval/applicability_dev.json"
    read = read_trials_file(path)
    assert read.closed_world is True
    trials = {entry.id: entry for entry in read.trials}
    pairs = json.loads(path.read_text())["pairs"]
    wrong = [p for p in pairs if verdict(p["change"], trials[p["trial"]], TODAY, closed=True) != p["expected"]]
    assert wrong == []


def test_the_open_reading_never_says_no_where_gold_applies(shared_data: Path) -> None:
    path = shared_data / "regulatory/eval/applicability_dev.json"
    trials = {entry.id: entry for entry in read_trials_file(path).trials}
    pairs = json.loads(path.read_text())["pairs"]
    assert [p for p in pairs if p["expected"] == "applies" and verdict(p["change"], trials[p["trial"]]) is Outcome.NOT_APPLICABLE] == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "holds no trials"),
        ('{"trials": {"T": {"has_dmc": "perhaps"}}}', "yes or no"),
        ('{"trials": {"T": {"uk_application": "soon"}}}', "is a date"),
    ],
)
def test_a_broken_file_of_trials_says_what_is_wrong(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "trials.json"
    path.write_text(content)
    with pytest.raises(BadInput, match=message):
        read_trials_file(path)
