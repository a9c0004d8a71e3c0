"""Real work is proposed as evidence: only the learner's own, only what was really signed or closed, by a readable name, and to the end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from builders import build_snapshot
from quarterdeck.development import actions, learner
from quarterdeck.development.deliver.bots import speak
from quarterdeck.development.deliver.scenario import get_scenario
from quarterdeck.development.demonstrate import keeping
from quarterdeck.development.demonstrate.debriefs import Source, debrief_for, load_sources, owner_of, propose_debriefs, to_item
from quarterdeck.development.demonstrate.titles import NAMES
from quarterdeck.development.roles.load import load_role
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.record import audit
from quarterdeck.record.accounts import INSTALLER, open_account
from quarterdeck.record.database import Record, open_record
from quarterdeck.record.models.papers import PaperRecord
from quarterdeck.record.permissions import SINGLE_USER, Actor, GrantedRole
from quarterdeck.regulation.states import STEPS
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.settings import Settings

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
COLLEAGUE = Actor("c", "Claire Colleague", (GrantedRole("director"),))
ROLE = load_role()
KEPT = pytest.mark.parametrize("source", load_sources(), ids=lambda s: s.words)


@pytest.fixture
def record(settings: Settings) -> Record:
    return open_record(settings)


def do(record: Record, source: Source, subject: str = "x", actor: Actor = SINGLE_USER, now: datetime = NOW, **detail: object) -> None:
    """An act as the source describes it."""
    shown = {key: allowed[0] for key, allowed in source.detail.items()}
    with audit.write(record, actor, audit.Act(source.action, source.subject, subject, detail={**shown, **detail}), now):
        pass


def hold(record: Record, scenario: str, artefact: str, bot: str = "expert") -> str:
    """A conversation held to its end."""
    identifier, session = actions.open_conversation(record, SINGLE_USER, get_scenario(scenario), NOW, 1, artefact=artefact)
    for turn in range(40):
        if not session.is_over:
            session, _ = actions.speak(record, SINGLE_USER, identifier, speak(session, bot, turn)[0], NOW)
    return identifier


def capa(number: int, owner: str, effective: bool = True) -> dict[str, object]:
    """A CAPA whose effect was checked."""
    return {
        "capa_id": f"C{number}", "source_type": "audit_finding", "root_cause": "Training gap" if number == 1 else None, "owner_id": owner,
        "due_dt": date(2026, 2, 1), "effectiveness_dt": date(2026, 5, 1), "effective": effective, "status": "closed",
    }  # fmt: skip


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return build_snapshot(tmp_path, {"capa": [capa(1, "me"), capa(2, "me", effective=False), capa(3, "you")]})


@KEPT
def test_every_kind_of_proposal_has_a_debrief_that_can_be_finished_and_kept(record: Record, source: Source) -> None:
    do(record, source)
    proposal = propose_debriefs(record, "local", ROLE, [])[0]
    assert proposal.job == source.job
    assert get_scenario(proposal.debrief).type == "debrief"
    conversation = hold(record, proposal.debrief, proposal.artefact)
    session = learner.read_session(record, "local", conversation)
    assert session.state["artefact"] == proposal.artefact
    for competency in proposal.competencies:
        assert ROLE.get(competency).name
        to_item(proposal, session.state, [competency], conversation)
    item = keeping.keep_debrief(record, SINGLE_USER, to_item(proposal, session.state, proposal.competencies, conversation), NOW)
    assert (item.kind, item.artefact, item.competencies) == ("work_product", proposal.artefact, proposal.competencies)
    kinds = {i.kind: i for i in learner.read_items(record, "local")}
    assert set(kinds) == {"work_product", "discussion"}
    assert kinds["discussion"].competencies == proposal.competencies
    assert propose_debriefs(record, "local", ROLE, learner.read_items(record, "local")) == []


def test_every_kind_of_work_of_the_role_has_a_debrief() -> None:
    assert {get_scenario(debrief_for(job.id)).type for job in ROLE.jobs} == {"debrief"}
    assert debrief_for("forecast") != debrief_for("negotiation")


def test_a_debrief_that_was_left_or_names_no_own_action_is_not_yet_evidence(record: Record) -> None:
    do(record, load_sources()[0])
    proposal = propose_debriefs(record, "local", ROLE, [])[0]
    _, session = actions.open_conversation(record, SINGLE_USER, get_scenario(proposal.debrief), NOW, 1, artefact=proposal.artefact)
    with pytest.raises(BadInput, match="not finished"):
        to_item(proposal, session.state, proposal.competencies, "x")
    silent = learner.read_session(record, "local", hold(record, proposal.debrief, proposal.artefact, "silent"))
    with pytest.raises(BadInput, match="no action of your own"):
        to_item(proposal, silent.state, proposal.competencies, "x")
    assert to_item(proposal, silent.state, proposal.competencies, "x", "I wrote it.").own_action == "I wrote it."
    with pytest.raises(BadInput, match="No competency was chosen"):
        to_item(proposal, silent.state, ["Z9"], "x", "I wrote it.")


def test_a_debrief_about_no_piece_of_work_is_practice(record: Record) -> None:
    hold(record, "debrief-capa", "")
    item = learner.read_items(record, "local")[0]
    assert item.kind == "practice"
    row = next(r for r in learner.read_matrix(record, "local", NOW) if r.competency == item.competencies[0])
    assert (row.status, any(row.vacsr.values())) == ("practising", False)


def test_withdrawn_work_takes_its_discussion_with_it_and_is_proposed_again(record: Record) -> None:
    do(record, load_sources()[0])
    proposal = propose_debriefs(record, "local", ROLE, [])[0]
    conversation = hold(record, proposal.debrief, proposal.artefact)
    session = learner.read_session(record, "local", conversation)
    item = keeping.keep_debrief(record, SINGLE_USER, to_item(proposal, session.state, proposal.competencies, conversation), NOW)
    keeping.withdraw_evidence(record, SINGLE_USER, item.id, "wrong competency", NOW)
    assert learner.read_items(record, "local") == []
    assert [p.artefact for p in propose_debriefs(record, "local", ROLE, [])] == [proposal.artefact]


def test_only_signed_steps_count_as_signed() -> None:
    stated = [s for s in load_sources() if s.subject == "assessment"]
    assert all(s.action == "regulation.decide" and "signed" in s.words for s in stated)
    assert {step for s in stated for step in s.detail["step"]} == {step.name for step in STEPS if step.is_signed}
    assert not [s for s in load_sources() if s.action == "regulation.assess"]


@pytest.mark.parametrize(
    ("action", "subject", "detail"),
    [
        ("regulation.assess", "assessment", {"owner": "me"}),
        ("regulation.assess", "assessment", {"step": "assess", "to": "assess"}),
        ("regulation.decide", "regulation_action", {"state": "done"}),
        ("signal.close", "signal", {"from": "measured", "to": "reopened"}),
        ("decision.record", "decision", {}),
        ("forecast.seal", "scenario", {}),
    ],
    ids=["opened", "begun", "action done", "reopened", "decision of a scenario", "forecast of a scenario"],
)
def test_what_was_only_opened_reopened_or_brought_along_is_not_proposed(
    record: Record, action: str, subject: str, detail: dict[str, str]
) -> None:
    with audit.write(record, SINGLE_USER, audit.Act(action, subject, "x", detail=detail), NOW):
        pass
    assert propose_debriefs(record, "local", ROLE, []) == []


def test_only_the_learners_own_acts_are_proposed(record: Record) -> None:
    source = load_sources()[0]
    do(record, source, "mine")
    do(record, source, "theirs", COLLEAGUE)
    assert len(propose_debriefs(record, "local", ROLE, [])) == len(propose_debriefs(record, "c", ROLE, [])) == 1


def test_titles_are_read_from_the_record_and_never_an_identifier(record: Record) -> None:
    for source in load_sources():
        do(record, source, "p1" if source.action == "paper.issue" else "6" * 64, entries=12)
    with record.transaction() as session:
        session.add(PaperRecord(id="p1", template="board-paper", title="Where the money goes", snapshot="s", data_cut=NOW.date(), state="issued",
                                content_hash="h", made_by="local", made_at=NOW, points=[], issued_by="local", issued_at=NOW))  # fmt: skip
    titles = [p.title for p in propose_debriefs(record, "local", ROLE, [])]
    assert "Paper issued: Where the money goes" in titles
    assert "Forecasts sealed: 12 forecasts" in titles
    assert not [t for t in titles if "666" in t]


def test_every_subject_that_is_proposed_has_a_name() -> None:
    assert {s.subject for s in load_sources()} <= set(NAMES)


def test_an_effective_capa_of_the_owner_is_proposed_by_its_cause(record: Record, snapshot: Snapshot) -> None:
    proposals = propose_debriefs(record, "local", ROLE, [], snapshot, "me")
    assert [(p.artefact, p.title) for p in proposals] == [("capa:C1", "CAPA that proved effective: Training gap (C1)")]
    assert "after audit finding (C3)" in propose_debriefs(record, "local", ROLE, [], snapshot, "you")[0].title


def test_where_people_sign_in_only_the_owner_of_the_account_is_offered_work(record: Record, snapshot: Snapshot) -> None:
    assert owner_of(record, "local", "me") == "me"
    open_account(record, INSTALLER, "you", "Yolanda", "a long password for you", NOW)
    assert propose_debriefs(record, "local", ROLE, [], snapshot, "me") == []
    assert [p.artefact for p in propose_debriefs(record, "you", ROLE, [], snapshot, "me")] == ["capa:C3"]


def test_proposals_come_newest_first(record: Record) -> None:
    source = load_sources()[0]
    do(record, source, "old", now=NOW - timedelta(days=3))
    do(record, source, "new")
    assert [p.happened_on.day for p in propose_debriefs(record, "local", ROLE, [])] == [22, 19]
