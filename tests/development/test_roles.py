"""Role models: the shipped one is whole and checked; documents of the same layout become proposals with the sentence behind each entry."""

from __future__ import annotations

import copy
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from development.job_descriptions import BRIDGE_ENGINEER, PHARMACIST, write_docx, write_html, write_pdf, write_text
from quarterdeck.cli.main import app
from quarterdeck.development.definitions import read_definitions
from quarterdeck.development.discover.items import get_items
from quarterdeck.development.roles.library import confirm_role_model, get_role_model, list_role_models
from quarterdeck.development.roles.load import DIRECTOR, build_role, load_role, load_standards
from quarterdeck.development.roles.propose import propose_role
from quarterdeck.record.database import open_record
from quarterdeck.record.permissions import MACHINE, SINGLE_USER
from quarterdeck.vocabulary.errors import BadInput, NotPermitted
from quarterdeck.vocabulary.settings import Settings

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def test_the_director_has_forty_competencies_with_targets_by_their_words() -> None:
    role = load_role()
    assert len(role.competencies) == 40
    assert len(role.groups) == 11
    assert Counter(c.target for c in role.competencies) == {5: 9, 4: 29, 3: 2}
    assert len(role.jobs) == 16


def test_competencies_map_to_confirmed_and_unconfirmed_codes_as_published() -> None:
    standards = load_standards()
    role = load_role()
    unconfirmed = [c.id for c in role.competencies if any(not standards[n].verified for n in c.nos)]
    none = {c.id for c in role.competencies if not c.nos}
    assert none == {"D2", "D3", "K3", "A1.1", "A1.2"}
    assert len(unconfirmed) == 6
    assert len(role.competencies) - len(unconfirmed) - len(none) == 29
    assert all(code.endswith("?") for code, s in standards.items() if not s.verified)


def test_codes_and_mappings_carry_over_and_sentences_do_not(shared_data: Path) -> None:
    source = read_definitions(shared_data / "role" / "competency_model.yaml")
    ours = {c.id: c for c in load_role().competencies}
    for entry in source["competencies"]:
        assert ours[entry["id"]].target == entry["target"]
        assert list(ours[entry["id"]].nos) == entry["nos"]
        assert list(ours[entry["id"]].jobs) == entry["jobs"]
        assert ours[entry["id"]].name != entry["name"]


def test_there_are_240_anchors_and_160_checks() -> None:
    items = get_items(load_role())
    assert sum(len(i.choices) for i in items.values() if i.kind == "self") == 240
    assert sum(i.kind == "check" for i in items.values()) == 160


def test_a_target_that_does_not_follow_from_its_word_needs_a_reason() -> None:
    content = copy.deepcopy(read_definitions(DIRECTOR))
    content["competencies"][0]["target"] = 2
    with pytest.raises(BadInput, match="override_reason"):
        build_role(content, "mine.yaml")
    content["competencies"][0]["override_reason"] = "Agreed with the VP for the first year."
    assert build_role(content, "mine.yaml").competencies[0].target == 2


@pytest.mark.parametrize(("key", "value"), [("kpi", ["Q9"]), ("jobs", ["gardening"]), ("group", "Z"), ("word", "wonderful")])
def test_a_reference_that_leads_nowhere_is_named(key: str, value: object) -> None:
    content = copy.deepcopy(read_definitions(DIRECTOR))
    content["competencies"][3][key] = value
    with pytest.raises(BadInput, match=r"F2\.1"):
        build_role(content, "mine.yaml")


@pytest.mark.parametrize(
    "write",
    [
        lambda folder: write_text(folder, PHARMACIST, ".md"),
        lambda folder: write_html(folder, PHARMACIST),
        lambda folder: write_docx(folder, PHARMACIST),
    ],
    ids=["markdown", "html", "docx"],
)
def test_another_profession_is_read_from_each_format(write, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    proposal = propose_role(write(tmp_path))
    assert proposal["role"] == "Chief Pharmacist, Regional Hospitals"
    assert proposal["status"] == "proposed"
    assert [g["kind"] for g in proposal["groups"]] == ["foundation", "functional", "tools", "regulation", "emerging"]
    assert [(c["word"], c["target"]) for c in proposal["competencies"][:6]] == [
        ("expert", 5),
        ("proven", 4),
        ("demonstrated", 4),
        ("advanced", 4),
        ("mastery", 5),
        ("skilled", 4),
    ]
    assert [m["kind"] for m in proposal["metrics"]] == ["quantitative"] * 3 + ["qualitative"]
    assert proposal["metrics"][0]["target"] == {"direction": "at most", "value": 0.02, "unit": "%"}
    assert {(d["decision"], d["level"]): d["limit"] for d in proposal["decision_authority"]}[("Purchase of medicines", "senior")] == {
        "amount": 75000.0,
        "currency": "GBP",
    }
    assert [(n["about"], n["kind"]) for n in proposal["neurodiversity"]] == [
        ("adhd", "strength"),
        ("adhd", "accommodation"),
        ("dyslexia", "accommodation"),
        ("autism", "strength"),
    ]
    assert [e["due"] for e in proposal["emerging_skills"] if e["kind"] == "step"] == ["now", "m6", "m12"]
    assert proposal["missing_parts"] == []


@pytest.mark.parametrize(
    "write", [lambda folder: write_text(folder, BRIDGE_ENGINEER), lambda folder: write_pdf(folder, BRIDGE_ENGINEER)], ids=["text", "pdf"]
)
def test_a_third_profession_is_read_from_plain_text_and_pdf(write, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    proposal = propose_role(write(tmp_path))
    assert proposal["role"] == "Head of Bridge Maintenance"
    assert [c["target"] for c in proposal["competencies"]] == [5, 4, 5, 3, 4, 5, 4]
    assert [g["kind"] for g in proposal["groups"]] == ["foundation", "functional", "tools", "regulation", "emerging"]
    assert [d["level"] for d in proposal["decision_authority"]] == ["entry", "mid", "senior"]
    assert [r["level"] for r in proposal["responsibilities"]] == ["mid", "senior"]
    assert [q["kind"] for q in proposal["qualifications"]] == ["certification", "degree", "experience"]
    assert len(proposal["traits"]) == 2


def test_every_entry_carries_a_sentence_of_the_document(tmp_path: Path) -> None:
    proposal = propose_role(write_text(tmp_path, PHARMACIST, ".md"))
    parts = ("purpose", "metrics", "traits", "responsibilities", "decision_authority", "competencies", "qualifications", "neurodiversity")
    entries = [entry for part in parts for entry in proposal[part]]
    assert len(entries) > 25
    for entry in entries:
        assert entry["sentence"] in PHARMACIST
        assert entry["line"] >= 1


def test_the_import_command_answers_as_json(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["development", "role", "import", str(write_text(tmp_path, BRIDGE_ENGINEER)), "--json"])
    assert json.loads(result.output)["role"] == "Head of Bridge Maintenance"


def test_a_proposal_counts_only_once_a_person_has_confirmed_it(tmp_path: Path, settings: Settings) -> None:
    record = open_record(settings)
    proposal = propose_role(write_text(tmp_path, BRIDGE_ENGINEER))
    with pytest.raises(NotPermitted):
        confirm_role_model(record, MACHINE, proposal, "by itself", NOW)
    assert len(list_role_models(record)) == 1
    confirm_role_model(record, SINGLE_USER, proposal, "read line by line", NOW)
    role = get_role_model(record, "head-of-bridge-maintenance")
    assert role.status == "confirmed"
    assert len(get_items(role)) == 5 * len(role.competencies)


@pytest.mark.parametrize(("name", "content"), [("role.xlsx", b"x"), ("role.docx", b"not a zip"), ("role.txt", b"   ")])
def test_a_document_that_cannot_be_read_gives_a_message(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput):
        propose_role(tmp_path / name)


def test_what_a_person_brings_or_needs_is_no_competency_wherever_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "role.md"
    path.write_text(
        "# Head Librarian\n\n## Competency Requirements\n- Cataloguing: expert knowledge of standards\n- Mastery of consortium contracts\n\n"
        "### Your background\n- Master's degree in library science, eight years at a desk\n- 8+ years of library work\n- Chartered member of the institute\n\n"
        "### How we meet you\n- ADHD: one protected hour a day\n",
        encoding="utf-8",
    )
    proposal = propose_role(path)
    assert [c["name"] for c in proposal["competencies"]] == ["Cataloguing", "Mastery of consortium contracts"]
    assert [q["kind"] for q in proposal["qualifications"]] == ["degree", "experience", "certification"]
    assert proposal["neurodiversity"][0]["about"] == "adhd"
