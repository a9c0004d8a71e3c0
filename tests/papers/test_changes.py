"""What changed since the last issue, and the hard questions."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from builders import build_snapshot
from paper_builders import MADE_AT, make_reading, sample_facts
from quarterdeck.papers.compose.changes import compare_claims
from quarterdeck.papers.draft import draft_paper
from quarterdeck.papers.manifest import base_manifest
from quarterdeck.papers.questions import HOW_MANY, rehearse
from quarterdeck.papers.template import get_template
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.settings import Settings


def issue(value: float, snapshot: str, more: tuple = ()):  # type: ignore[no-untyped-def, type-arg]
    facts = sample_facts(
        readings=[make_reading("budget_variance_year", value=value, p_target=0.5, target="within ±5.0%"), *more],
        findings=[],
        snapshot=snapshot,
    )
    paper = draft_paper(get_template("board-paper"), facts)
    return paper, facts, base_manifest(paper, facts, MADE_AT, "0", {})


def kinds(before, now) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {c.claim: c.kind for c in compare_claims(before, now)}


def test_equal_issues_have_no_change() -> None:
    assert set(kinds(issue(0.06, "a")[2], issue(0.06, "b")[2]).values()) == {"unchanged"}


def test_a_value_inside_its_old_interval_has_moved() -> None:
    found = kinds(issue(0.060, "a")[2], issue(0.062, "b")[2])
    assert found["targets/budget_variance_year"] == "moved"


def test_a_value_outside_its_old_interval_is_contradicted() -> None:
    found = kinds(issue(0.06, "a")[2], issue(0.12, "b")[2])
    assert found["targets/budget_variance_year"] == "contradicted"


def test_new_and_dropped_claims_are_told_apart() -> None:
    more = (make_reading("regrettable_attrition", value=0.04, p_target=0.7),)
    assert kinds(issue(0.06, "a")[2], issue(0.06, "b", more)[2])["targets/regrettable_attrition"] == "new"
    assert kinds(issue(0.06, "a", more)[2], issue(0.06, "b")[2])["targets/regrettable_attrition"] == "dropped"


def test_the_next_issue_tells_what_changed_and_stays_bound() -> None:
    _, _, before = issue(0.06, "a" * 64)
    facts = sample_facts(
        readings=[make_reading("budget_variance_year", value=0.12, p_target=0.5, target="within ±5.0%")],
        findings=[],
        snapshot="b" * 64,
        read_manifest=lambda paper: before,
    )
    paper = draft_paper(get_template("board-paper"), facts, previous=before)
    section = next(s for s in paper.sections if s.id == "changes")
    assert "contradicted" in section.heading.text
    rows = [line.text for block in section.blocks if hasattr(block, "rows") for row in block.rows for line in row]
    assert any("6.0%" in text for text in rows)
    assert any("12.0%" in text for text in rows)


def test_a_section_that_a_paper_has_given_up_does_not_come_back_as_dropped() -> None:
    claim = {
        "claim": "levers/walk-away",
        "section": "levers",
        "text": "Walking away is cheap.",
        "facts": [["vendor:V-02/position", "money"]],
    }
    before = issue(0.06, "a" * 64)[2] | {"claims": [claim]}
    facts = sample_facts(read_manifest=lambda paper: before)
    paper = draft_paper(get_template("vendor-review"), facts, Scope("vendor", "V-02"), previous=before)
    assert not any("Walking away" in line.text for _, line in paper.lines())


def test_the_ten_questions_stand_on_weak_ground_and_are_bound() -> None:
    facts = sample_facts()
    paper = draft_paper(get_template("board-paper"), facts)
    asked = rehearse(paper, facts)
    assert len(asked) == HOW_MANY
    assert len({q.question.text for q in asked}) == HOW_MANY
    assert len({q.kind for q in asked}) >= 3
    assert all(q.answer.text.endswith(".") for q in asked)


def test_the_biggest_change_becomes_a_question() -> None:
    _, _, before = issue(0.06, "a")
    paper, facts, _ = issue(0.12, "b")
    assert "biggest change" in {q.kind for q in rehearse(paper, facts, before)}


def test_an_issue_of_which_only_figures_were_kept_makes_nothing_else_new() -> None:
    before = {"claims": [], "facts": {}, "missing": [], "covers": ["money"]}
    claims = [
        {"claim": f"{s}/x", "section": s, "text": "It is so.", "facts": [["reading:a", "value", "", "6%"]]} for s in ("money", "concerns")
    ]
    assert [c.claim for c in compare_claims(before, {"claims": claims, "facts": {}, "missing": []})] == ["money/x"]


def test_the_demo_pack_has_the_figures_of_the_day_before_it(tmp_path: Path) -> None:
    from quarterdeck.papers.board import keep_last_figures, write_board_pack
    from quarterdeck.papers.readers.read import read_document

    line = {
        "study_id": "QD-001",
        "wbs": "fees",
        "currency": "GBP",
        "cost_category": "cro_fees",
        "budget_baseline": 100,
        "budget_current": 100,
        "accrual": 0,
        "forecast": 105,
    }
    study = {"study_id": "QD-001", "phase": "P2", "status": "enrolling", "base_currency": "GBP"}
    months = [line | {"period": date(2026, month, 28), "actual": 107} for month in range(1, 7)]
    build_snapshot(tmp_path, {"study": [study], "budget_line": months})
    build_snapshot(
        tmp_path, {"budget_line": [line | {"wbs": "more", "period": date(2026, 6, 30), "actual": 400}]}, data_cut=date(2026, 7, 31)
    )
    settings = Settings(home=tmp_path / "home")
    assert keep_last_figures(settings) == "30 June 2026"
    paths = write_board_pack(settings, tmp_path / "pack")
    text = read_document(next(p for p in paths if p.suffix == ".docx")).text
    assert "Compared with the figures of 30 June 2026" in text
