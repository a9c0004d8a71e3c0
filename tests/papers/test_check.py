"""The check of finished files: clean ones pass, damaged ones are named, foreign ones are looked up."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from paper_builders import MADE_AT, make_reading, sample_facts, sample_readings
from paper_mutations import KINDS, damage_file
from quarterdeck.papers.check import CheckResult, check_document
from quarterdeck.papers.draft import draft_paper
from quarterdeck.papers.facts import FactBase
from quarterdeck.papers.readers.read import read_bytes, read_document
from quarterdeck.papers.render import Rendered, render_paper
from quarterdeck.papers.template import get_template
from quarterdeck.vocabulary.errors import BadInput, NotFound


@cache
def rendered(seed: int = 3, formats: tuple[str, ...] = ("docx", "pptx", "pdf")) -> tuple[Rendered, FactBase]:
    facts = sample_facts(seed)
    return render_paper(draft_paper(get_template("board-deck"), facts), facts, MADE_AT, formats), facts


def check(content: bytes, name: str, facts: FactBase | None, stored: str = "") -> CheckResult:
    return check_document(read_bytes(content, name), name, lambda snapshot: facts, lambda document: stored)


@pytest.mark.parametrize("file_format", ["docx", "pptx", "pdf", "html", "xlsx"])
def test_an_unmodified_paper_raises_no_alarm(file_format: str) -> None:
    paper, facts = rendered(3, (file_format,))
    result = check(paper.files[file_format], f"x.{file_format}", facts)
    assert result.findings == ()
    assert sum(result.checked.values()) > 100
    assert result.resolved == sum(result.checked.values())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("file_format", ["docx", "pptx"])
def test_one_change_is_named(file_format: str, kind: str) -> None:
    paper, facts = rendered()
    rng = random.Random(f"{file_format} {kind}")
    for _ in range(3):
        damage = damage_file(paper.files[file_format], file_format, kind, rng)
        assert damage is not None
        assert not check(damage.content, f"x.{file_format}", facts).is_clean, damage


def test_one_change_in_a_pdf_is_named() -> None:
    paper, facts = rendered()
    damage = damage_file(paper.files["pdf"], "pdf", "digit", random.Random(1), paper.paper)
    assert damage is not None
    errors = check(damage.content, "x.pdf", facts).errors
    assert errors
    assert errors[0].place.startswith("page")


def test_the_finding_says_where_what_and_what_it_should_read() -> None:
    paper, facts = rendered()
    old = next(line.text for _, line in paper.paper.lines() if "Budget variance: " in line.text and "Q2 2026" in line.text)
    result = check(edit_docx(paper.files["docx"], old, old.replace("Q2 2026", "Q3 2026")), "x.docx", facts)
    finding = result.errors[0]
    assert (finding.kind, finding.expected) == ("altered", "Q2 2026 (Apr to Jun)")
    assert finding.place.startswith("paragraph")
    assert finding.fact.endswith("#period")


def test_a_changed_unit_is_called_a_wrong_unit() -> None:
    paper, facts = rendered()
    old = next(line.text for _, line in paper.paper.lines() if "Cycle time" in line.text and " days against" in line.text)
    result = check(edit_docx(paper.files["docx"], old, old.replace(" days against", " weeks against")), "x.docx", facts)
    assert "wrong unit" in {finding.kind for finding in result.errors}


def test_wording_edited_by_hand_is_a_notice_and_no_error() -> None:
    paper, facts = rendered()
    old = "What changed since the last pack"
    result = check(edit_docx(paper.files["docx"], old, "What has changed since the last pack"), "x.docx", facts)
    assert result.is_clean
    assert {finding.kind for finding in result.findings} == {"wording"}


def test_a_made_up_sentence_added_by_hand_is_named() -> None:
    paper, facts = rendered()
    added = "A study (Smith and Jones, 2025) shows 97.3% success under EMA/CHMP/99999/2025, “nobody ever fails”."
    result = check(add_docx(paper.files["docx"], added), "x.docx", facts)
    assert {finding.kind for finding in result.errors} >= {"fabricated", "unresolved"}
    assert {"97.3%", "EMA/CHMP/99999/2025"} <= {finding.found for finding in result.errors}


def test_superseded_guidance_added_by_hand_is_named() -> None:
    paper, facts = rendered()
    result = check(add_docx(paper.files["docx"], "We follow ICH E6(R2)."), "x.docx", facts)
    assert [(f.kind, f.found) for f in result.errors] == [("superseded", "ICH E6(R2)")]


def test_a_word_of_strength_added_by_hand_is_named() -> None:
    paper, facts = rendered()
    result = check(add_docx(paper.files["docx"], "Everything is on track."), "x.docx", facts)
    assert [f.kind for f in result.errors] == ["strength"]


def test_a_changed_word_of_strength_is_named() -> None:
    paper, facts = rendered()
    old = next(line.text for _, line in paper.paper.lines() if "off track" in line.text or "at risk" in line.text)
    new = old.replace("off track", "on track").replace("at risk", "on track")
    assert "strength" in {f.kind for f in check(edit_docx(paper.files["docx"], old, new), "x.docx", facts).errors}


def test_a_value_that_no_longer_computes_is_stale() -> None:
    paper, _ = rendered()
    moved = [
        replace(r, value=r.value + 0.01) if r.measure == "budget_variance_year" and r.value is not None else r for r in sample_readings(3)
    ]
    other = sample_facts(3, readings=moved)
    result = check(paper.files["docx"], "x.docx", other)
    assert "stale" in {finding.kind for finding in result.errors}


def test_a_changed_manifest_is_named() -> None:
    paper, facts = rendered(3, ("html",))
    content = paper.files["html"].replace(b'"paper": "board-deck', b'"paper": "board-duck')
    assert "seal" in {finding.kind for finding in check(content, "x.html", facts).errors}


def test_a_manifest_sealed_anew_is_not_the_stored_one() -> None:
    from quarterdeck.papers.manifest import seal_of

    paper, facts = rendered()
    manifest = json.loads(paper.manifests["docx"])
    manifest["made_at"] = "2020-01-01T00:00:00+00:00"
    manifest["seal"] = seal_of(manifest)
    document = replace(read_bytes(paper.files["docx"], "x.docx"), manifest=json.dumps(manifest))
    result = check_document(document, "x.docx", lambda s: facts, lambda d: paper.manifests["docx"].decode())
    assert "seal" in {finding.kind for finding in result.errors}


def test_without_evidence_the_sealed_manifest_still_catches_a_change() -> None:
    paper, _ = rendered()
    damage = damage_file(paper.files["docx"], "docx", "digit", random.Random(2))
    assert damage is not None
    assert check(paper.files["docx"], "x.docx", None).is_clean
    assert not check(damage.content, "x.docx", None).is_clean


def test_a_replaced_picture_is_named() -> None:
    paper, facts = rendered()
    document = read_bytes(paper.files["docx"], "x.docx")
    other = replace(document, pictures=("0" * 64, *document.pictures[1:]))
    assert "pictures" in {f.place for f in check_document(other, "x.docx", lambda s: facts, lambda d: "").errors}


def test_a_foreign_text_is_resolved_against_the_evidence() -> None:
    facts = sample_facts(readings=[make_reading("budget_variance_year", value=0.062)], findings=[])
    good = check(b"The budget variance of the portfolio is 6.2%.", "mail.txt", facts)
    assert good.is_clean
    bad = check(b"The budget variance is 8.4%.", "mail.txt", facts)
    assert [(f.kind, f.found, f.place) for f in bad.errors] == [("unresolved", "8.4%", "line 1")]


def test_a_value_that_belongs_to_something_else_does_not_resolve() -> None:
    facts = sample_facts(readings=[make_reading("budget_variance_year", value=0.062)], findings=[])
    result = check(b"Screening losses reached 6.2%.", "mail.txt", facts)
    assert [f.kind for f in result.errors] == ["unresolved"]


def test_a_file_over_its_cap_and_without_answer_is_named() -> None:
    paper, facts = rendered()
    document = read_bytes(paper.files["pptx"], "x.pptx")
    result = check_document(document, "x.pptx", lambda s: facts, lambda d: "", lambda t: {"cap_slides": 2, "cap_words": 10, "answer": True})
    assert {f.kind for f in result.errors} == {"over the cap"}


def test_a_paper_saved_by_another_program_keeps_no_manifest_but_the_stored_one_is_used() -> None:
    paper, facts = rendered()
    document = replace(read_bytes(paper.files["docx"], "x.docx"), manifest="")
    result = check_document(document, "x.docx", lambda s: facts, lambda d: paper.manifests["docx"].decode())
    assert result.is_clean
    assert [f.kind for f in result.findings] == ["seal"]


def test_a_file_that_is_no_document_gives_a_message(tmp_path: Path) -> None:
    broken = tmp_path / "x.docx"
    broken.write_bytes(b"not a zip")
    with pytest.raises(BadInput, match="not a readable Office document"):
        read_document(broken)
    with pytest.raises(NotFound, match="No such file"):
        read_document(tmp_path / "none.pdf")
    with pytest.raises(BadInput, match="not read"):
        read_bytes(b"x", "picture.bmp")


def test_equal_facts_give_equal_papers() -> None:
    facts = sample_facts(5)
    one, two = (render_paper(draft_paper(get_template("board-deck"), facts), facts, MADE_AT, ("docx", "html", "xlsx")) for _ in range(2))
    assert one.content_hash == two.content_hash
    assert one.files["html"] == two.files["html"]
    assert one.manifests["docx"] == two.manifests["docx"]


def edit_docx(content: bytes, old: str, new: str) -> bytes:
    from io import BytesIO

    from docx import Document

    document = Document(BytesIO(content))
    paragraph = next(p for p in document.paragraphs if p.text == old)
    paragraph.runs[0].text = new
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


def add_docx(content: bytes, text: str) -> bytes:
    from io import BytesIO

    from docx import Document

    document = Document(BytesIO(content))
    document.add_paragraph(text)
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()
