"""Assessments move only along their table of steps, decisions are signed by people, and accepted actions are on record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from quarterdeck.record.audit import verify_chain
from quarterdeck.record.database import Record, open_record
from quarterdeck.record.models.base import Decision
from quarterdeck.record.permissions import MACHINE, SINGLE_USER
from quarterdeck.regulation.actions import answer_question, decide_action, move_assessment, open_assessment
from quarterdeck.regulation.implications import Proposal, assess_impact
from quarterdeck.regulation.knowledge import get_change
from quarterdeck.regulation.model import Outcome
from quarterdeck.regulation.queries import list_actions, list_answers, list_assessments
from quarterdeck.regulation.states import STATES, STEPS, get_steps
from quarterdeck.regulation.trials import derive_trial
from quarterdeck.vocabulary.errors import BadInput, NotFound, NotPermitted
from quarterdeck.vocabulary.settings import Settings

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
TODAY = date(2026, 11, 22)
UK = "uk-si-2025-538"


@pytest.fixture
def record(settings: Settings) -> Iterator[Record]:
    opened = open_record(settings)
    yield opened
    opened.close()


def proposal() -> Proposal:
    trial, _ = derive_trial(
        "T1", {"countries": ["GB"], "status": "recruiting", "interventional": True, "modality": "mAb", "uk_application": "2024-03-01"}
    )
    impact = assess_impact(get_change(UK), [trial], TODAY)
    assert impact.trials(Outcome.APPLIES) == ("T1",)
    return next(p for p in impact.proposals if p.trial == "T1")


def opened(record: Record) -> str:
    return open_assessment(record, SINGLE_USER, UK, "T1", "applies", f"{UK}@1", ["countries = GB"], "s", "Ada", None, NOW)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", sorted({step.name for step in STEPS}))
def test_a_step_is_open_exactly_where_the_table_says(record: Record, state: str, name: str) -> None:
    path = {"triage": [], "assess": ["assess"], "act": ["assess", "act"], "close": ["dismiss"]}[state]
    identifier = opened(record)
    for step in path:
        move_assessment(record, SINGLE_USER, identifier, step, "because", NOW, [])
    if name in {step.name for step in get_steps(state)}:
        assert move_assessment(record, SINGLE_USER, identifier, name, "because", NOW, []) in STATES
    else:
        with pytest.raises(NotPermitted, match="not open"):
            move_assessment(record, SINGLE_USER, identifier, name, "because", NOW, [])


def test_a_decision_is_signed_and_on_record(record: Record) -> None:
    identifier = opened(record)
    move_assessment(record, SINGLE_USER, identifier, "assess", "", NOW, [])
    move_assessment(record, SINGLE_USER, identifier, "act", "Two procedures must change.", NOW, [])
    (row,) = list_assessments(record, UK)
    assert (row.state, row.signed_by, row.signed_at) == ("act", "local", NOW)
    with record.session() as session:
        (decision,) = session.scalars(select(Decision)).all()
    assert decision.reason == "Two procedures must change."
    verify_chain(record)


def test_a_decision_without_a_reason_is_refused(record: Record) -> None:
    with pytest.raises(BadInput, match="needs its reason"):
        move_assessment(record, SINGLE_USER, opened(record), "dismiss", " ", NOW, [])


def test_a_machine_signs_nothing(record: Record) -> None:
    identifier = opened(record)
    with pytest.raises(NotPermitted):
        move_assessment(record, MACHINE, identifier, "dismiss", "because", NOW, [])
    assert list_assessments(record)[0].state == "triage"


def test_nothing_closes_while_an_action_is_open(record: Record) -> None:
    identifier = opened(record)
    for step in ("assess", "act"):
        move_assessment(record, SINGLE_USER, identifier, step, "because", NOW, [])
    decide_action(record, SINGLE_USER, proposal(), UK, "accepted", "", "s", NOW)
    with pytest.raises(NotPermitted, match="still open"):
        move_assessment(record, SINGLE_USER, identifier, "close", "done", NOW, [])
    decide_action(record, SINGLE_USER, proposal(), UK, "done", "", "s", NOW)
    assert move_assessment(record, SINGLE_USER, identifier, "close", "done", NOW, []) == "close"


def close(record: Record, identifier: str, proposals: Sequence[Proposal]) -> str:
    return move_assessment(record, SINGLE_USER, identifier, "close", "done", NOW, proposals)


def test_nothing_closes_as_done_while_an_action_is_only_proposed(record: Record) -> None:
    identifier = opened(record)
    for step in ("assess", "act"):
        move_assessment(record, SINGLE_USER, identifier, step, "because", NOW, [proposal()])
    with pytest.raises(NotPermitted, match="1 action is still open"):
        close(record, identifier, [proposal()])
    decide_action(record, SINGLE_USER, proposal(), UK, "rejected", "The sponsor does it.", "s", NOW)
    assert close(record, identifier, [proposal()]) == "close"


def test_the_organisation_closes_only_when_the_actions_of_all_trials_are_done(record: Record) -> None:
    identifier = open_assessment(record, SINGLE_USER, UK, "", "", f"{UK}@1", [], "s", "Ada", None, NOW)
    for step in ("assess", "act"):
        move_assessment(record, SINGLE_USER, identifier, step, "because", NOW, [])
    decide_action(record, SINGLE_USER, proposal(), UK, "accepted", "", "s", NOW)
    for proposals in ([proposal()], []):  # an accepted action stays open when the change no longer proposes it
        with pytest.raises(NotPermitted, match="still open"):
            close(record, identifier, proposals)
    decide_action(record, SINGLE_USER, proposal(), UK, "done", "", "s", NOW)
    assert close(record, identifier, [proposal()]) == "close"


def test_an_accepted_action_has_owner_day_and_decision(record: Record) -> None:
    decide_action(record, SINGLE_USER, proposal(), UK, "accepted", "", "s", NOW)
    decide_action(record, SINGLE_USER, proposal(), UK, "accepted", "", "s", NOW)  # twice is once
    (row,) = list_actions(record, UK)
    assert (row.state, row.owner, row.due) == ("accepted", proposal().template.owner_role, proposal().due)
    with record.session() as session:
        (decision,) = session.scalars(select(Decision)).all()
    assert "UK clinical trials regulations" in decision.question


def test_a_rejection_needs_its_reason(record: Record) -> None:
    with pytest.raises(BadInput, match="rejection needs its reason"):
        decide_action(record, SINGLE_USER, proposal(), UK, "rejected", "", "s", NOW)


def test_the_newest_answer_counts_and_an_unreadable_one_is_refused(record: Record) -> None:
    answer_question(record, SINGLE_USER, "*", "uses_ai", "yes", NOW)
    answer_question(record, SINGLE_USER, "*", "uses_ai", "no", NOW)
    assert list_answers(record) == {("*", "uses_ai"): "no"}
    with pytest.raises(BadInput, match="yes or no"):
        answer_question(record, SINGLE_USER, "*", "uses_ai", "perhaps", NOW)
    with pytest.raises(NotFound, match="no such question"):
        answer_question(record, SINGLE_USER, "*", "shoe_size", "43", NOW)


def test_effort_and_cost_are_ranges_that_add_up() -> None:
    trials = [
        derive_trial(f"T{n}", {"countries": ["GB"], "status": "recruiting", "interventional": True, "modality": "mAb"})[0] for n in range(3)
    ]
    one, three = assess_impact(get_change(UK), trials[:1], TODAY), assess_impact(get_change(UK), trials, TODAY)
    once = sum(p.template.effort_days[0] for p in one.proposals if not p.trial)
    assert three.effort_days[0] - once == pytest.approx(3 * (one.effort_days[0] - once))
    assert 0 < three.cost_gbp[0] < three.cost_gbp[1]


def test_a_lever_goes_to_the_forecasts_only_for_trials_that_start() -> None:
    planned, _ = derive_trial("P", {"countries": ["DE", "FR"], "status": "planned", "interventional": True, "modality": "mAb"})
    running, _ = derive_trial("R", {"countries": ["DE", "FR"], "status": "recruiting", "interventional": True, "modality": "mAb"})
    impact = assess_impact(get_change("eu-fast-eu"), [planned, running], TODAY)
    assert [(trial, lever.start_up_days_low, lever.start_up_days_high) for trial, lever in impact.levers] == [("P", -45.0, -15.0)]
