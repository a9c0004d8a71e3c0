"""Every paper renders in every format from what exists, says what is missing, and passes the check."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from paper_builders import MADE_AT, make_finding, make_reading, sample_facts
from quarterdeck.measures.catalogue import load_definitions
from quarterdeck.papers.check import check_document
from quarterdeck.papers.claims import plain, unbound_tokens
from quarterdeck.papers.desk import choose_subject
from quarterdeck.papers.draft import draft_paper
from quarterdeck.papers.keypoints import draft_points
from quarterdeck.papers.model import Table
from quarterdeck.papers.readers.read import read_bytes
from quarterdeck.papers.render import render_paper
from quarterdeck.papers.template import get_template, load_templates
from quarterdeck.papers.writers.look import fit_columns
from quarterdeck.papers.writers.pptx import _rounded_up
from quarterdeck.risks.needs_me import brief_rows, rank
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.finding import Consequence
from quarterdeck.vocabulary.money import Money
from quarterdeck.vocabulary.reading import Scope

SIXTEEN = (
    "weekly-brief", "board-deck", "board-paper", "budget-reforecast", "rescue-paper", "vendor-review", "change-order", "negotiation-brief", "vendor-selection", "regulatory-impact",
    "amendment-decision", "risk-register", "inspection-dossier", "capa-review", "resource-plan", "decentralised-elements",
)  # fmt: skip
FREE = ("announcement", "strategic-proposal", "email", "talking-points")


def test_there_are_sixteen_papers_and_four_free_forms() -> None:
    templates = load_templates()
    assert set(templates) == {*SIXTEEN, *FREE}
    assert {t.id for t in templates.values() if t.free_form} == set(FREE)


@pytest.mark.parametrize("template_id", [*SIXTEEN, *FREE])
def test_a_template_states_audience_question_cap_and_sections(template_id: str) -> None:
    template = get_template(template_id)
    assert template.audience
    assert template.question.endswith("?")
    assert template.cap_words
    assert template.cap_slides
    assert template.sections


@pytest.mark.parametrize("template_id", [*SIXTEEN, *FREE])
def test_a_paper_renders_in_office_formats_and_passes(template_id: str) -> None:
    template = get_template(template_id)
    facts = sample_facts()
    about = Scope() if template.about == "portfolio" else choose_subject(facts, template.about)
    points = draft_points(["Enrolment of QD-001 is late", "Please approve 6 back-up sites"], facts).lines if template.free_form else ()
    paper = draft_paper(template, facts, about, points=points)
    assert all(not unbound_tokens(line) for _, line in paper.lines() if line.author == "template")
    rendered = render_paper(paper, facts, MADE_AT, ("docx", "pptx", "html", "xlsx"))
    for file_format, content in rendered.files.items():
        result = check_document(
            read_bytes(content, f"x.{file_format}"), template_id, lambda s: facts, lambda d: "", lambda t: template.limits()
        )
        assert [f for f in result.errors if not (template.free_form and f.kind == "unresolved")] == []


def test_the_budget_memo_answers_with_the_budget_and_not_with_the_target_most_in_doubt() -> None:
    readings = [
        make_reading("budget_variance_year", value=0.012, p_target=0.8, target="within ±5.0%"),
        make_reading("engagement", value=6.0, p_target=0.01, target="at least 7.6"),
    ]
    answer = draft_paper(get_template("budget-reforecast"), sample_facts(readings=readings, findings=[])).answer
    assert [line.text.split(":")[0] for line in answer] == ["Budget variance"]


def test_minutes_of_the_quality_board_answer_with_quality_and_leave_costs_to_others() -> None:
    findings = [
        make_finding("forecasts/study/QD-001/cost", "QD-001 will cost more than approved"),
        make_finding("measures.capa_overdue/study/QD-002", "QD-002: corrective actions are overdue"),
        make_finding("site_quality/site/QD-002/0007", "Site 0007 of QD-002 differs beyond chance"),
    ]
    readings = [make_reading("major_findings_per_audit", unit="per audit", value=1.0, p_target=0.9, target="below 2")]
    paper = draft_paper(get_template("capa-review"), sample_facts(readings=readings, findings=findings))
    assert [line.text.split(":")[0] for line in paper.answer] == ["Major findings per audit"]
    text = " ".join(line.text for _, line in paper.lines())
    assert "corrective actions are overdue" in text
    assert "will cost more" not in text


def test_findings_about_one_trial_are_listed_and_never_added_up() -> None:
    late, dear = (
        replace(make_finding(f"{kind}/study/QD-001", f"QD-001 is {kind}"), consequence=Consequence(money=Money(Decimal(amount), "GBP")))
        for kind, amount in (("late", 2_000_000), ("dear", 5_000_000))
    )
    paper = draft_paper(get_template("rescue-paper"), sample_facts(findings=[late, dear]), Scope("study", "QD-001"))
    text = " ".join(line.text for _, line in paper.lines())
    assert "£5.0 million" in text
    assert "£7.0 million" not in text
    assert not any(bound.fact.startswith('derived:["sum"') for _, line in paper.lines() for bound in line.bounds)


def test_what_is_handed_to_a_vendor_holds_nothing_of_our_negotiating_position() -> None:
    template = get_template("vendor-review")
    assert not {"levers", "change_order", "findings", "asks"} & {section.kind for section in template.sections}
    paper = draft_paper(template, sample_facts(), Scope("vendor", "V-02"))
    text = " ".join(line.text for _, line in paper.lines())
    assert "earns £1.2 million" not in text
    assert "Renegotiate the delay clause" not in text


def test_an_answer_from_findings_counts_those_the_section_asks_for_and_names_the_gravest() -> None:
    rules = [make_finding(f"regulation.change/portfolio/{n}", f"Rule {name} applies", source="regulation") for n, name in enumerate("AB")]
    facts = sample_facts(findings=[make_finding("forecasts/study/QD-001/cost", "QD-001 will cost more than approved"), *rules])
    answer = draft_paper(get_template("regulatory-impact"), facts).answer
    assert [line.text for line in answer] == ["2 findings in this snapshot; the gravest follows.", "Rule A applies"]
    alone = draft_paper(get_template("regulatory-impact"), sample_facts(findings=rules[:1])).answer
    assert [line.text for line in alone] == ["Rule A applies"]


def test_a_template_takes_its_answer_only_from_sections_it_has() -> None:
    for template in load_templates().values():
        assert set(template.answer_sections) <= {section.id for section in template.sections}
        assert bool(template.answer_sections) == (template.answer in ("sections", "decision"))


def test_every_detector_of_a_measure_that_a_template_names_is_a_measure() -> None:
    named = {d for t in load_templates().values() for section in t.sections for d in section.options.get("detectors", ())}
    assert named
    assert {d.removeprefix("measures.") for d in named if d.startswith("measures.")} <= set(load_definitions())


def test_a_paper_says_what_is_missing() -> None:
    facts = sample_facts(findings=[])
    paper = draft_paper(get_template("risk-register"), facts)
    assert any("register" in gap.what.lower() for gap in paper.missing)
    assert any(section.id == "missing" and section.blocks for section in paper.sections)


def test_a_paper_about_one_trial_wants_to_know_which() -> None:
    with pytest.raises(BadInput, match="about one thing"):
        draft_paper(get_template("rescue-paper"), sample_facts())


def test_an_unknown_paper_is_answered_with_the_list() -> None:
    with pytest.raises(NotFound, match="board-deck"):
        get_template("no-such-paper")


def test_an_unknown_key_in_a_template_is_refused_by_name(tmp_path: Path) -> None:
    from quarterdeck.papers import template

    path = tmp_path / "x.yaml"
    text = (
        (template.FOLDER / "email.yaml")
        .read_text(encoding="utf-8")
        .replace("id: email", "id: x")
        .replace("free_form: true", "free_form: true\ncolour: red")
    )
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"x\.yaml: colour"):
        template._read(path, {"points": frozenset({"style"}), "meeting": frozenset()})


def test_a_template_may_not_state_a_number(tmp_path: Path) -> None:
    from quarterdeck.papers import template

    path = tmp_path / "x.yaml"
    text = (
        (template.FOLDER / "email.yaml")
        .read_text(encoding="utf-8")
        .replace("id: email", "id: x")
        .replace("topic: Message", "topic: The 24 trials")
    )
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match="state a value"):
        template._read(path, {"points": frozenset({"style"}), "meeting": frozenset()})


def test_a_title_with_an_estimate_has_its_interval_below() -> None:
    paper = draft_paper(get_template("board-paper"), sample_facts())
    facts = sample_facts()
    for section in paper.sections:
        shown = [
            b.fact
            for b in section.heading.bounds
            if "#" not in b.fact and facts.find(b.fact) is not None and facts.fact(b.fact).interval is not None
        ]
        below = {b.fact for _, line in paper.lines() for b in line.bounds if b.form in ("interval", "range")}
        assert set(shown) <= below


def test_every_picture_has_alternative_text_and_headings_are_in_order() -> None:
    facts = sample_facts()
    paper = draft_paper(get_template("board-paper"), facts)
    html = render_paper(paper, facts, MADE_AT, ("html",)).files["html"].decode()
    assert html.count("<img ") == html.count('<img alt="') > 0
    assert html.count("<h1>") == 1
    assert "<h3" not in html


def test_the_spaced_variant_says_the_same() -> None:
    facts = sample_facts()
    plain, spaced = (draft_paper(get_template("weekly-brief"), facts, variant=v) for v in ("standard", "spaced"))
    assert [line.text for _, line in plain.lines()] == [line.text for _, line in spaced.lines()]
    html = render_paper(spaced, facts, MADE_AT, ("html",)).files["html"].decode()
    assert "Atkinson Hyperlegible Next" in html
    assert "word-spacing:.14em" in html


def test_a_deck_shows_one_visual_a_slide_with_sources_in_the_notes() -> None:
    from io import BytesIO

    from pptx import Presentation

    facts = sample_facts()
    deck = Presentation(BytesIO(render_paper(draft_paper(get_template("board-deck"), facts), facts, MADE_AT, ("pptx",)).files["pptx"]))
    charts = 0
    for slide in list(deck.slides)[1:]:
        visuals = [s for s in slide.shapes if s.has_chart or s.has_table]
        charts += sum(s.has_chart for s in slide.shapes)
        assert len(visuals) <= 1
        assert slide.shapes.title.text
    assert charts >= 3
    assert any("Snapshot" in slide.notes_slide.notes_text_frame.text for slide in deck.slides)


def test_a_corporate_template_without_the_layouts_is_refused_by_name(tmp_path: Path) -> None:
    from pptx import Presentation

    path = tmp_path / "corporate.pptx"
    Presentation().save(str(path))
    facts = sample_facts()
    with pytest.raises(BadInput, match="Finding, Opening"):
        render_paper(draft_paper(get_template("weekly-brief"), facts), facts, MADE_AT, ("pptx",), path)


def test_the_weekly_brief_has_the_list_of_what_needs_me() -> None:
    facts = sample_facts()
    paper = draft_paper(get_template("weekly-brief"), facts)
    section = next(s for s in paper.sections if s.id == "concerns")
    table = next(b for b in section.blocks if isinstance(b, Table))
    wanted = brief_rows(rank(facts.findings))
    assert [(row[0].text, row[2].text) for row in table.rows] == [(r["matter"], r["suggested action"]) for r in wanted]
    assert len(wanted) > 1


def test_what_was_accepted_leaves_the_brief() -> None:
    facts = sample_facts()
    first = facts.matters(7)[0].finding.id
    provider = facts.providers["finding"]
    provider._settled = lambda: {first[:200]: SimpleNamespace(choice="accept", until=None, cost=None)}  # type: ignore[attr-defined]
    assert first not in {m.finding.id for m in facts.matters(7)}


def test_no_column_is_narrower_than_its_longest_word() -> None:
    table = Table(
        plain(""), ("What", "Amount"), ((plain("a long story about something " * 4), plain("US$203,251")),), frozenset({1}), (20, 1)
    )
    wide, narrow = fit_columns(table, 80)
    assert narrow * 80 >= len("US$203,251")
    assert wide + narrow == pytest.approx(1)


@pytest.mark.parametrize(("value", "rounded"), [(0.93, 0.95), (112.0, 150.0), (100.0, 100.0), (7.7, 8.0), (0.0, 0.0)])
def test_an_axis_ends_on_a_round_number_beyond_every_interval(value: float, rounded: float) -> None:
    assert _rounded_up(value) == pytest.approx(rounded)
