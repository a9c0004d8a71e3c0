"""Demonstrate: status follows from evidence, practice never becomes performance, only a named person calls someone competent."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from quarterdeck.development import actions, learner
from quarterdeck.development.deliver.bots import speak
from quarterdeck.development.deliver.scenario import get_scenario
from quarterdeck.development.demonstrate import keeping
from quarterdeck.development.demonstrate.amounts import read_amount, read_experience
from quarterdeck.development.demonstrate.evidence import STATUSES, TRANSITIONS, Item, Signature, build_matrix, judge_competency, judge_item
from quarterdeck.development.demonstrate.readiness import Unit, describe_score, judge_units, score_progression, sentence_of
from quarterdeck.development.demonstrate.redact import redact
from quarterdeck.development.demonstrate.standards import build_standards, check_criteria, make_unit, read_own_standard
from quarterdeck.development.demonstrate.team import find_cover, read_team
from quarterdeck.development.discover.assess import Answer, assess
from quarterdeck.development.roles.load import load_role
from quarterdeck.record.audit import verify_chain
from quarterdeck.record.database import Record, open_record
from quarterdeck.record.permissions import MACHINE, SINGLE_USER, Actor, GrantedRole
from quarterdeck.vocabulary.errors import BadInput, NotPermitted
from quarterdeck.vocabulary.settings import Settings

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
TODAY = NOW.date()
COLLEAGUE = Actor("c", "Claire Colleague", (GrantedRole("director"),))
ROLE = load_role()


def work(number: int, day: date = date(2026, 5, 1), kind: str = "work_product", **changes: object) -> Item:
    """A sound piece of work for T1."""
    base = {
        "id": f"w{number}",
        "kind": kind,
        "title": f"CAPA {number}",
        "happened_on": day,
        "competencies": ("T1",),
        "own_action": "I led it.",
        "is_confirmed": True,
        "authentic_by": "audit event 3",
    }
    return Item(**{**base, **changes})  # type: ignore[arg-type]


SOUND = [work(1), work(2, date(2026, 7, 1), "observation")]


@pytest.fixture
def record(settings: Settings) -> Record:
    return open_record(settings)


def test_two_items_on_two_occasions_of_two_kinds_are_evidence() -> None:
    assert judge_competency("T1", SOUND, [], TODAY)[1] == "evidenced"


@pytest.mark.parametrize(
    ("items", "why"),
    [
        (SOUND[:1], "one item"),
        ([work(1), work(2, kind="observation")], "one occasion"),
        ([work(1), work(2, date(2026, 7, 1))], "one kind"),
        ([work(1, authentic_by=""), work(2, date(2026, 7, 1), "observation", authentic_by="")], "not authentic"),
        ([work(1, date(2020, 1, 1)), work(2, date(2020, 7, 1), "observation")], "too old"),
        ([work(1, own_action=""), work(2, date(2026, 7, 1), "observation", own_action="")], "no own action"),
        ([work(1, written_by_model=True), work(2, date(2026, 7, 1), "observation", written_by_model=True)], "written by a model"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_short_of_that_is_only_claimed(items: list[Item], why: str) -> None:
    status = judge_competency("T1", items, [], TODAY)[1]
    assert status in ("claimed", "not started"), why


def practised(number: int, **changes: object) -> Item:
    """A practice conversation for T1, as good as one can be."""
    base = {"kind": "practice", "title": "Practice", "score": 1.0, "authentic_by": "x", "own_action": "I said it"}
    return work(number, date(2026, 1, 1) + timedelta(days=number), **{**base, **changes})  # type: ignore[arg-type]


def test_any_amount_of_practice_stays_practice() -> None:
    assert judge_competency("T1", [practised(n) for n in range(50)], [], TODAY)[1] == "practising"


@pytest.mark.parametrize("kind", ["practice", "self_statement", "discussion"])
def test_practice_answers_none_of_the_five_questions_and_moves_no_readiness(kind: str) -> None:
    items = [practised(n, kind=kind, criteria=("CFAM&LEA4/P1",)) for n in range(3)]
    matrix = build_matrix(ROLE, {}, items, [], TODAY)
    assert not any(any(row.vacsr.values()) for row in matrix if row.competency != "T1")
    assert [name for name, held in next(r for r in matrix if r.competency == "T1").vacsr.items() if held] == []
    assert {unit.readiness for unit in judge_units(ROLE, matrix, criteria={"CFAM&LEA4": ("CFAM&LEA4/P1",)})} == {0.0}


def test_practice_is_not_the_second_kind_that_evidence_needs() -> None:
    alone = [work(1), work(2, date(2026, 7, 1))]
    assert judge_competency("T1", [*alone, practised(3), practised(4, kind="discussion")], [], TODAY)[1] == "claimed"
    about_work = practised(5, kind="discussion", artefact="audit:3")
    assert judge_competency("T1", [*alone, about_work], [], TODAY)[1] == "evidenced"


def test_only_a_named_assessor_makes_it_assessed_and_a_later_decision_counts() -> None:
    yes = Signature("assessor", "T1", "Ann Assessor", "competent", date(2026, 10, 1))
    assert judge_competency("T1", SOUND, [yes], TODAY)[1] == "assessed"
    later = Signature("assessor", "T1", "Ann Assessor", "not_yet", date(2026, 11, 1))
    assert judge_competency("T1", SOUND, [yes, later], TODAY)[1] == "evidenced"
    assert judge_competency("T1", SOUND[:1], [yes], TODAY)[1] == "claimed"


def test_transitions_name_known_statuses_in_rising_order_and_a_person_at_the_end() -> None:
    for here, there, _ in TRANSITIONS:
        assert STATUSES.index(here) < STATUSES.index(there)
    assert [t[2] for t in TRANSITIONS if t[1] == "assessed"] == ["a named assessor decides"]


def test_a_witness_makes_an_item_authentic_and_reliable() -> None:
    item = work(1, authentic_by="")
    assert not judge_item(item, [], TODAY)["authentic"]
    seen = judge_item(item, [Signature("witness", "w1", "Will", "confirmed", TODAY)], TODAY)
    assert seen["authentic"]
    assert seen["reliable"]


def test_nobody_signs_for_themselves_and_no_machine_signs(record: Record) -> None:
    item = actions.add_evidence(record, SINGLE_USER, work(1), NOW)
    with pytest.raises(NotPermitted):
        actions.witness(record, SINGLE_USER, "local", item.id, "confirmed", "", TODAY, NOW)
    with pytest.raises(NotPermitted):
        actions.witness(record, MACHINE, "local", item.id, "confirmed", "", TODAY, NOW)
    with pytest.raises(NotPermitted):
        actions.add_evidence(record, MACHINE, work(2), NOW)


def test_an_assessor_cannot_decide_before_it_is_evidenced(record: Record) -> None:
    actions.add_evidence(record, SINGLE_USER, work(1), NOW)
    with pytest.raises(NotPermitted, match="not evidenced"):
        actions.assess_competency(record, COLLEAGUE, "local", "T1", "competent", "", TODAY, NOW)
    actions.add_evidence(record, SINGLE_USER, work(2, date(2026, 7, 1), "observation"), NOW)
    actions.assess_competency(record, COLLEAGUE, "local", "T1", "competent", "saw both", TODAY, NOW)
    row = next(r for r in learner.read_matrix(record, "local", NOW) if r.competency == "T1")
    assert (row.status, row.assessed_by) == ("assessed", "Claire Colleague")


def test_a_finished_conversation_is_kept_as_practice_with_its_cards(record: Record) -> None:
    identifier, session = actions.open_conversation(record, SINGLE_USER, get_scenario("inspection-tmf"), NOW, 1)
    for turn in range(20):
        if session.is_over:
            break
        session, _ = actions.speak(record, SINGLE_USER, identifier, speak(session, "weak", turn)[0], NOW)
    assert [(i.kind, i.conversation) for i in learner.read_items(record, "local")] == [("practice", identifier)]
    assert learner.read_due_cards(record, "local", NOW) == []
    assert learner.read_due_cards(record, "local", NOW + timedelta(days=30))
    with pytest.raises(BadInput, match="Practice is not evidence"):
        actions.add_evidence(record, SINGLE_USER, work(1, conversation=identifier), NOW)


def test_a_turn_sent_after_the_end_changes_nothing(record: Record) -> None:
    identifier, _ = actions.open_conversation(record, SINGLE_USER, get_scenario("board-ai"), NOW, 1)
    for _ in range(25):
        actions.speak(record, SINGLE_USER, identifier, "I am not sure about that.", NOW)
    assert actions.speak(record, SINGLE_USER, identifier, "more", NOW)[1] == []
    assert len(learner.read_items(record, "local")) == 1


def test_text_is_redacted_before_it_is_kept(record: Record) -> None:
    item = actions.add_evidence(
        record, SINGLE_USER, work(1, own_action="I called Dr Silva at site 104 about participant 104-0023 (a.b@c.org)."), NOW
    )
    assert item.own_action == "I called Dr [name] at site [number] about participant [number] ([address])."


@pytest.mark.parametrize(
    "text",
    [
        "We met 12 times in 2024.",
        "It fell from 40 to 12 days.",
        "Phase III, 11 countries",
        "Patient Safety first",
        "the Participant Information Sheet",
        "a Subject Matter Expert",
        "The participant. John left",
        "the patient I saw",
    ],
)
def test_ordinary_numbers_are_left_alone(text: str) -> None:
    assert redact(text) == (text, 0)


def test_readiness_says_ready_to_talk_to_a_centre_and_nothing_more() -> None:
    full, half, none = (Unit(str(v), "t", True, {"a": v}) for v in (1.0, 0.5, 0.0))
    assert sentence_of([full] * 4 + [half]) == "Ready to talk to a centre."
    assert sentence_of([full] * 4 + [none]).startswith("Gaps")


def test_a_standard_of_ones_own_can_be_added(tmp_path: Path, record: Record) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("framework: house\nunits: [{code: H1, title: Our unit, criteria: [P1, P2]}]\n", encoding="utf-8")
    keeping.keep_units(record, SINGLE_USER, read_own_standard(path), NOW)
    actions.add_evidence(record, SINGLE_USER, work(1, criteria=("H1/P1",)), NOW)
    standards, criteria = build_standards(learner.get_profile(record, "local").standards)
    unit = next(u for u in judge_units(ROLE, learner.read_matrix(record, "local", NOW), own=standards, criteria=criteria) if u.code == "H1")
    assert unit.verified is False
    assert unit.criteria == {"H1/P1": 0.5, "H1/P2": 0.0}


@pytest.mark.parametrize("criterion", ["hello", "H1/P1", "CFAM&LEA4/X1", "CFAM&LEA4/P0"])
def test_a_criterion_that_no_standard_has_is_refused(record: Record, criterion: str) -> None:
    with pytest.raises(BadInput, match="criterion"):
        actions.add_evidence(record, SINGLE_USER, work(1, criteria=(criterion,)), NOW)
    assert learner.read_items(record, "local") == []


def test_a_criterion_is_written_as_its_standard_writes_it() -> None:
    own = make_unit("house", "H1", "Our unit", ["P1"])
    assert check_criteria([" cfam&lea4/p3", "", "7001V1", "H1/P1"], [own]) == ("CFAM&LEA4/P3", "7001V1", "H1/P1")
    with pytest.raises(BadInput, match="H1/P2"):
        check_criteria(["H1/P2"], [own])
    with pytest.raises(BadInput, match="known already"):
        make_unit("house", "CFAM&LEA4", "Ours", [])


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("years_at_level", "2,5", 2.5),
        ("years_at_level", "3 years", 3),
        ("team", "12 people", 12),
        ("team", "1,200", 1200),
        ("budget_gbp", "£2,000,000", 2e6),
        ("budget_gbp", "2 000 000 GBP", 2e6),
        ("budget_gbp", "2.5 million pounds", 2.5e6),
        ("budget_gbp", "£500k", 5e5),
    ],
)
def test_numbers_are_read_as_people_type_them(name: str, text: str, value: float) -> None:
    assert read_amount(name, text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [("team", "twelve"), ("team", "-3"), ("team", "£12"), ("budget_gbp", "€2m"), ("years_at_level", "2,500"), ("team", "10-12")],
)
def test_a_number_that_cannot_be_read_is_refused_by_name_and_never_dropped(name: str, text: str) -> None:
    with pytest.raises(BadInput, match=r"cannot be read|too large"):
        read_amount(name, text)


def test_an_empty_field_takes_a_number_back_and_a_field_not_asked_keeps_it() -> None:
    assert read_experience({"team": "", "budget_gbp": "£1m"}, {"team": 5.0, "degree": 1.0}) == {"degree": 1.0, "budget_gbp": 1e6}


def test_withdrawn_evidence_counts_no_longer_and_stays_in_the_log(record: Record) -> None:
    kept = [actions.add_evidence(record, SINGLE_USER, item, NOW) for item in SOUND]
    keeping.withdraw_evidence(record, SINGLE_USER, kept[0].id, "It was somebody else's.", NOW)
    row = next(r for r in learner.read_matrix(record, "local", NOW) if r.competency == "T1")
    assert row.status == "claimed"
    log = [i for i in learner.read_items(record, "local", with_withdrawn=True) if i.withdrawn_on]
    assert [(i.title, i.withdrawn_on, i.withdrawn_because) for i in log] == [("CAPA 1", "2026-11-22", "It was somebody else's.")]
    assert verify_chain(record) == 3
    for reason, identifier in (("", kept[1].id), ("again", kept[0].id)):
        with pytest.raises(BadInput):
            keeping.withdraw_evidence(record, SINGLE_USER, identifier, reason, NOW)


def test_a_correction_is_a_new_item_that_a_witness_must_see_again(record: Record) -> None:
    old = actions.add_evidence(record, SINGLE_USER, work(1, authentic_by="", artefact="our file"), NOW)
    actions.witness(record, COLLEAGUE, "local", old.id, "confirmed", "", TODAY, NOW)
    new = keeping.correct_evidence(record, SINGLE_USER, old.id, {"own_action": "I led half of it."}, "too much", NOW)
    assert [(i.id, i.own_action, i.replaces) for i in learner.read_items(record, "local")] == [(new.id, "I led half of it.", old.id)]
    assert not judge_item(new, learner.read_signatures(record, "local"), TODAY)["authentic"]
    log = learner.read_items(record, "local", with_withdrawn=True)
    assert [i.withdrawn_because for i in log if i.id == old.id] == ["Corrected: too much"]
    fixed = actions.add_evidence(record, SINGLE_USER, work(2), NOW)
    with pytest.raises(BadInput, match="record settled"):
        keeping.correct_evidence(record, SINGLE_USER, fixed.id, {"competencies": ("T2",)}, "wrong one", NOW)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("I met participant John Doe.", "I met participant [name]."),
        ("The patient, J. O'Brien, left", "The patient, [name], left"),
        ("subject Maria de la Cruz withdrew", "subject [name] withdrew"),
        ("participants John Doe and Jane Roe came", "participants [name] came"),
        ("The patient was named Anna-Maria", "The patient was named [name]"),
        ("Participant 104-0023 José Álvarez", "Participant [number] [name]"),
    ],
)
def test_names_of_participants_are_redacted(text: str, wanted: str) -> None:
    assert redact(text)[0] == wanted


def test_the_progression_score_rescales_over_what_is_known(record: Record) -> None:
    assessment = assess(ROLE, [Answer("check:T1:3", "check", "T1", 1)])
    matrix = learner.read_matrix(record, "local", NOW)
    part = score_progression(assessment, matrix, {}, {}, 1)
    whole = score_progression(
        assessment, matrix, {"Q1": 1.0, "Q2": 1.0}, {"years_at_level": 6, "team": 50, "budget_gbp": 4e6, "degree": 1}, 1
    )
    assert part.score is not None
    assert whole.score is not None
    assert whole.interval is not None
    assert part.parts["K"] is None
    assert part.coverage == 0.55
    assert whole.coverage == 1.0
    assert whole.score > part.score
    assert whole.interval.low <= whole.score <= whole.interval.high


def test_there_is_no_score_without_answers_of_ones_own(record: Record) -> None:
    matrix = learner.read_matrix(record, "local", NOW)
    for answers in ([], [Answer("check:T1:3", "check", "T1")], [Answer("evidence:w1", "evidence", "T1", value=4.0)]):
        found = score_progression(assess(ROLE, answers), matrix, {"Q1": 0.75}, {"degree": 1}, 1)
        assert (found.score, found.interval, found.parts["C"], found.parts["K"]) == (None, None, None, 0.75)
        assert "no score yet" in describe_score(found)


def test_a_manager_sees_only_what_is_shared(record: Record) -> None:
    actions.keep_profile(record, SINGLE_USER, learner.Profile(switches=("short_blocks",), successor_for=("Head of region",)), NOW)
    assert read_team(record, NOW) == []
    actions.keep_profile(
        record, SINGLE_USER, learner.Profile(switches=("short_blocks",), sharing=("status",), successor_for=("Head of region",)), NOW
    )
    member = read_team(record, NOW)[0]
    assert member.statuses is not None
    assert member.sessions_planned is None
    assert "short_blocks" not in str(member)
    cover = find_cover([member], ["Head of region", "Head of quality"])
    assert [c.developing for c in cover] == [("Local user",), ()]


def test_deleting_the_store_leaves_the_chain_whole_and_no_words_in_it(record: Record) -> None:
    actions.contest_cell(record, SINGLE_USER, "T1", "unmistakable words", NOW)
    assert actions.delete_store(record, SINGLE_USER, NOW) == 1
    assert learner.read_contests(record, "local") == {}
    assert verify_chain(record) == 2
    with record.session() as session:
        from sqlalchemy import select

        from quarterdeck.record.models.base import AuditEvent

        assert all("unmistakable" not in f"{e.detail} {e.reason}" for e in session.scalars(select(AuditEvent)))
