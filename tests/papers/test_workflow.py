"""The life of a paper: derived from its table of moves, then with real files, people and signatures."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path

import pytest

from builders import build_snapshot
from quarterdeck import matters
from quarterdeck.papers import actions
from quarterdeck.papers.actions import Signing, move_paper, review_paragraph
from quarterdeck.papers.ai_register import enter_system
from quarterdeck.papers.desk import Desk
from quarterdeck.papers.listing import list_papers, recall_source
from quarterdeck.papers.readers.read import read_document
from quarterdeck.papers.workflow import check_move, load_moves, load_states
from quarterdeck.record.audit import verify_chain
from quarterdeck.record.database import Record, open_record
from quarterdeck.record.permissions import MACHINE, SINGLE_USER, Actor, GrantedRole
from quarterdeck.vocabulary.errors import BadInput, FindingsRemain, IntegrityBroken, NotPermitted
from quarterdeck.vocabulary.settings import Settings

NOW = datetime(2026, 7, 2, 9, tzinfo=UTC)
AUTHOR = Actor("ana", "Ana Author", (GrantedRole("analyst"),))
DIRECTOR = Actor("dora", "Dora Director", (GrantedRole("director"),))
SYSTEM = {
    "name": "Dose finder", "purpose": "Proposes doses", "owner": "P1", "risk_class": "limited", "oversight": "A physician decides", "data": "", "validation": "",
    "limits": "", "version": "2",
}  # fmt: skip
SIGNED = Signing("I approve the content.", "secret")


def knows(actor: Actor, secret: str) -> bool:
    return secret == "secret"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setattr(matters, "_detect", lambda snapshot: [])  # what other rooms find is not the matter here
    study = {"study_id": "QD-001", "phase": "P3", "status": "enrolling", "num_plan_subj": 320, "protocol_approved_dt": date(2025, 1, 10)}
    capa = {"capa_id": "C-1", "source_type": "audit_finding", "root_cause": "training", "due_dt": date(2026, 3, 1), "status": "open"}
    snapshot = build_snapshot(tmp_path, {"study": [study], "capa": [capa]}, taken_at=datetime(2026, 7, 1, tzinfo=UTC))
    settings = Settings(home=tmp_path / "home")
    record = open_record(settings)
    yield Desk(settings, snapshot, NOW, record)
    record.close()


def record_of(desk: Desk) -> Record:
    assert desk.record is not None
    return desk.record


def written(desk: Desk, template: str = "capa-review") -> str:
    paper = desk.draft(template)
    rendered = desk.render(paper, ("docx",))
    actions.register_draft(record_of(desk), AUTHOR, paper, desk, rendered.content_hash)
    return paper.id


def approved(desk: Desk, template: str = "capa-review") -> str:
    paper = written(desk, template)
    move_paper(record_of(desk), AUTHOR, paper, "submit", desk)
    move_paper(record_of(desk), DIRECTOR, paper, "approve", desk, signing=SIGNED, reauthenticate=knows)
    return paper


def issue(desk: Desk, template: str = "capa-review") -> str:
    paper = approved(desk, template)
    move_paper(record_of(desk), DIRECTOR, paper, "issue", desk)
    return paper


@pytest.mark.parametrize(("move", "state"), list(product(load_moves(), load_states()[0])))
def test_a_move_is_allowed_exactly_from_its_states(move: str, state: str) -> None:
    if state in load_moves()[move].sources:
        assert check_move(move, state).target == load_moves()[move].target
    else:
        with pytest.raises(NotPermitted, match="cannot take this step"):
            check_move(move, state)


def test_every_state_can_be_reached_and_sealed_ones_lead_only_to_withdrawal() -> None:
    states, sealed = load_states()
    assert {move.target for move in load_moves().values()} | {"draft"} == set(states)
    assert {move.target for move in load_moves().values() if set(move.sources) & set(sealed)} <= {"withdrawn"}


def test_from_draft_to_issue_every_step_is_audited(desk: Desk) -> None:
    paper = approved(desk)
    assert move_paper(record_of(desk), DIRECTOR, paper, "issue", desk) == "issued"
    signature = actions.read_signatures(record_of(desk), paper)[0]
    assert (signature.printed_name, signature.meaning) == ("Dora Director", "I approve the content.")
    known = actions.read_paper(record_of(desk), paper)
    assert known is not None
    assert signature.content_hash == known.content_hash
    assert (known.issued_by, known.issued_at) == ("dora", NOW)
    assert verify_chain(record_of(desk)) == 4
    assert list_papers(desk.settings)[0]["state"] == "issued"


def test_a_machine_never_approves(desk: Desk) -> None:
    paper = written(desk)
    move_paper(record_of(desk), AUTHOR, paper, "submit", desk)
    with pytest.raises(NotPermitted, match="never a machine"):
        move_paper(record_of(desk), MACHINE, paper, "approve", desk, signing=SIGNED, reauthenticate=knows)


def test_an_analyst_does_not_approve(desk: Desk) -> None:
    paper = written(desk)
    move_paper(record_of(desk), AUTHOR, paper, "submit", desk)
    with pytest.raises(NotPermitted):
        move_paper(record_of(desk), AUTHOR, paper, "approve", desk, signing=SIGNED, reauthenticate=knows)


def test_a_wrong_secret_signs_nothing(desk: Desk) -> None:
    paper = written(desk)
    move_paper(record_of(desk), AUTHOR, paper, "submit", desk)
    with pytest.raises(NotPermitted, match="authenticated again"):
        move_paper(record_of(desk), DIRECTOR, paper, "approve", desk, signing=Signing("I approve", "wrong"), reauthenticate=knows)
    assert actions.read_signatures(record_of(desk), paper) == []


def test_a_signature_needs_its_meaning(desk: Desk) -> None:
    paper = written(desk)
    move_paper(record_of(desk), AUTHOR, paper, "submit", desk)
    with pytest.raises(BadInput, match="needs its meaning"):
        move_paper(record_of(desk), DIRECTOR, paper, "approve", desk, signing=Signing("  ", "secret"), reauthenticate=knows)


def test_the_author_alone_is_not_two_pairs_of_eyes(desk: Desk) -> None:
    both = Actor("ana", "Ana Author", (GrantedRole("director"),))
    paper = written(desk)
    move_paper(record_of(desk), both, paper, "submit", desk)
    with pytest.raises(NotPermitted, match="second pair of eyes"):
        move_paper(record_of(desk), both, paper, "approve", desk, signing=SIGNED, reauthenticate=knows)
    review_paragraph(record_of(desk), DIRECTOR, paper, "capas/0", "comment", NOW, remark="Fine.")
    assert move_paper(record_of(desk), both, paper, "approve", desk, signing=SIGNED, reauthenticate=knows) == "approved"


def test_a_paper_with_open_findings_cannot_be_approved(desk: Desk) -> None:
    from io import BytesIO

    from docx import Document

    paper = written(desk)
    move_paper(record_of(desk), AUTHOR, paper, "submit", desk)
    path = desk.store.file(paper, "docx")
    document = Document(str(path))
    document.add_paragraph("We saved £3.3 million.")
    stream = BytesIO()
    document.save(stream)
    path.write_bytes(stream.getvalue())
    with pytest.raises(FindingsRemain, match=r"3\.3 million"):
        move_paper(record_of(desk), DIRECTOR, paper, "approve", desk, signing=SIGNED, reauthenticate=knows)


def test_a_changed_paper_is_not_the_signed_one(desk: Desk) -> None:
    paper = approved(desk)
    base = desk.store.base(paper)
    (desk.store.folder / paper / "paper.json").write_text(json.dumps(base | {"content_hash": "0" * 64}))
    with pytest.raises(IntegrityBroken, match="not the one that was registered"):
        move_paper(record_of(desk), DIRECTOR, paper, "issue", desk)


def test_a_stale_paper_is_not_issued(desk: Desk) -> None:
    paper = approved(desk)
    later = Desk(desk.settings, desk.snapshot, datetime(2027, 3, 1, tzinfo=UTC), desk.record)
    with pytest.raises(NotPermitted, match="too old"):
        move_paper(record_of(desk), DIRECTOR, paper, "issue", later)
    other = Desk(desk.settings, desk.snapshot, NOW, desk.record, is_latest=False)
    with pytest.raises(NotPermitted, match="newer snapshot"):
        move_paper(record_of(desk), DIRECTOR, paper, "issue", other)


def test_an_issued_paper_is_handed_over_as_it_was_issued(desk: Desk) -> None:
    paper = issue(desk)
    before = desk.store.file(paper, "docx").read_bytes()
    later = Desk(desk.settings, desk.snapshot, datetime(2026, 7, 3, tzinfo=UTC), desk.record)
    again = later.render(later.draft("capa-review"), ("docx",))
    assert again.files["docx"] == before == desk.store.file(paper, "docx").read_bytes()
    with pytest.raises(NotPermitted, match="sealed"):
        review_paragraph(record_of(desk), DIRECTOR, paper, "capas/0", "comment", NOW)


def test_what_the_record_says_after_the_issue_goes_into_the_next_edition(desk: Desk) -> None:
    issued = issue(desk, "inspection-dossier")
    before = desk.store.file(issued, "docx").read_bytes()
    enter_system(record_of(desk), SINGLE_USER, SYSTEM, NOW)
    later = Desk(desk.settings, desk.snapshot, NOW, desk.record)
    edition = later.draft("inspection-dossier")
    assert edition.id == f"{issued}-2"
    later.render(edition, ("docx",))
    assert SYSTEM["name"] in read_document(later.store.file(edition.id, "docx")).text
    assert desk.store.file(issued, "docx").read_bytes() == before


def test_sending_back_needs_a_reason(desk: Desk) -> None:
    paper = written(desk)
    move_paper(record_of(desk), AUTHOR, paper, "submit", desk)
    with pytest.raises(BadInput, match="needs a reason"):
        move_paper(record_of(desk), DIRECTOR, paper, "return", desk)
    assert move_paper(record_of(desk), DIRECTOR, paper, "return", desk, "Too long") == "draft"


def test_a_corrected_source_recalls_the_paper(desk: Desk) -> None:
    paper = written(desk)
    assert [entry["id"] for entry in recall_source(desk.settings, "capa.csv")] == [paper]
    assert [entry["id"] for entry in recall_source(desk.settings, desk.snapshot.id)] == [paper]
    assert recall_source(desk.settings, "nothing_of_the_kind") == []
