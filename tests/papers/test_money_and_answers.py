"""What papers about money, one vendor or one trial state first, and what their tables say of themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import paper_builders
from builders import build_snapshot
from paper_builders import make_finding, make_reading, sample_facts
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.papers import forecast_facts, gather, option_facts
from quarterdeck.papers.claims import Line, plain
from quarterdeck.papers.compose.changes import compare_claims
from quarterdeck.papers.draft import draft_paper
from quarterdeck.papers.facts import FactBase
from quarterdeck.papers.model import Paper, Paragraph, Section, Table
from quarterdeck.papers.template import get_template, load_templates
from quarterdeck.papers.writers.pptx import plan_slides
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.finding import Consequence, Finding
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.money import Money
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.vocabulary.verdict import Verdict
from trial_builders import build_trial

TRIAL, VENDOR = Scope("study", "T1"), Scope("vendor", "V-02")


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """One trial, sealed once: a snapshot never changes."""
    return build_trial(tmp_path_factory.mktemp("trial"))


@pytest.fixture
def facts(trial: Snapshot, monkeypatch: pytest.MonkeyPatch) -> FactBase:
    """The trial's forecasts and options beside the books' estimate of the same trial."""
    monkeypatch.setitem(paper_builders.MEASURES, "estimate_at_completion", ("Estimate at completion", "What will it have cost?", "Finance"))
    books = make_reading("estimate_at_completion", TRIAL, "GBP", 4_900_000.0)
    further = (forecast_facts.provider(trial, Settings(), None), option_facts.provider(trial, Settings(), None))
    return sample_facts(readings=[books], findings=[], further=further)


def text_of(paper: Paper) -> str:
    return " ".join(line.text for _, line in paper.lines())


def section_of(paper: Paper, name: str) -> Section:
    return next(section for section in paper.sections if section.id == name)


def table_of(section: Section) -> Table:
    return next(block for block in section.blocks if isinstance(block, Table))


def test_a_money_paper_states_approved_books_and_forecast_in_one_row_and_why_they_differ(facts: FactBase) -> None:
    section = section_of(draft_paper(get_template("rescue-paper"), facts, TRIAL), "end")
    forecast = facts.fact("forecast:T1/cost").shown("money")
    row = [cell.text for cell in table_of(section).rows[0]]
    assert row[:4] == ["T1", "£4.8 million", "£4.9 million", forecast]
    assert "because the forecast prices the months still to come" in table_of(section).caption.text


def test_the_budget_memo_opens_with_the_forecast_and_what_was_approved(facts: FactBase) -> None:
    first = draft_paper(get_template("budget-reforecast"), facts).answer[0].text
    assert facts.fact("forecast:T1/cost").shown("money") in first
    assert "£4.8 million approved" in first
    assert "books' estimate at completion is £4.9 million" in first


def test_no_paper_calls_a_forecast_sealed_that_was_made_for_it(facts: FactBase) -> None:
    section = section_of(draft_paper(get_template("rescue-paper"), facts, TRIAL), "forecasts")
    assert table_of(section).caption.text.startswith("Forecasts of this snapshot, made for this paper")


def test_a_table_that_shows_fewer_rows_than_there_are_says_how_many(facts: FactBase) -> None:
    template = get_template("rescue-paper")
    few = tuple(replace(plan, options={"limit": 2}) for plan in template.sections if plan.id == "forecasts")
    section = draft_paper(replace(template, sections=few), facts, TRIAL).sections[0]
    total = int(facts.fact("forecast:count/T1").value)  # type: ignore[arg-type]
    assert f"2 of {total} forecasts are shown" in next(b.line.text for b in section.blocks if isinstance(b, Paragraph))


def test_a_rescue_paper_opens_with_the_best_option_and_the_chance_it_leaves(facts: FactBase) -> None:
    first, second, *_ = [line.text for line in draft_paper(get_template("rescue-paper"), facts, TRIAL).answer]
    assert first.startswith("Cheapest for each day gained: ")
    assert "the planned date" in second
    best = max(float(facts.fact(f).parts["p_by_plan"][0]) for f in facts.providers["option"].options("T1"))  # type: ignore[attr-defined, arg-type]
    assert ("under 1%" in second) == (best < 0.01)


def test_the_answer_about_one_trial_does_not_praise_what_is_best_placed() -> None:
    paper = draft_paper(get_template("rescue-paper"), sample_facts(), Scope("study", "QD-001"))
    assert not any(line.text.startswith("Best placed") for line in paper.answer)


@pytest.mark.parametrize(
    ("template", "about"),
    [("change-order", VENDOR), ("vendor-selection", VENDOR), ("negotiation-brief", VENDOR), ("vendor-review", VENDOR), ("amendment-decision", Scope("study", "QD-001"))],
)  # fmt: skip
def test_a_paper_without_its_own_matter_says_so_first(template: str, about: Scope) -> None:
    assert draft_paper(get_template(template), sample_facts(), about).answer[0].text.startswith("No basis yet: ")


def test_without_a_reviewed_change_order_there_is_no_letter_to_send() -> None:
    paper = draft_paper(get_template("change-order"), sample_facts(), VENDOR)
    assert "letter" not in {section.id for section in paper.sections}
    assert any(gap.what == "Reply letter" for gap in paper.missing)


@pytest.mark.parametrize("template", ["announcement", "email"])
def test_a_paper_of_its_authors_words_alone_is_refused_without_them(template: str) -> None:
    with pytest.raises(BadInput, match="no key points were given"):
        draft_paper(get_template(template), sample_facts())


def test_change_orders_of_a_vendor_are_those_under_its_contracts(tmp_path: Path) -> None:
    contracts = [{"contract_id": f"C-{v}", "vendor_id": v, "study_id": "QD-001"} for v in ("V01", "V03")]
    orders = [
        {"co_id": f"CO-{n}", "contract_id": c, "requested_dt": date(2026, 5, n)} for n, c in ((1, "C-V01"), (2, "C-V03"), (3, "C-V03"))
    ]
    vendors = [{"vendor_id": v, "name": f"Vendor {v}"} for v in ("V01", "V03")]
    study = {"study_id": "QD-001", "phase": "P2", "status": "enrolling"}
    snapshot = build_snapshot(tmp_path, {"study": [study], "vendor": vendors, "contract": contracts, "change_order": orders})
    facts = gather.gather_facts(snapshot, Settings(home=tmp_path / "home"))
    facts.providers["finding"]._read = list  # type: ignore[attr-defined]
    section = section_of(draft_paper(get_template("change-order"), facts, Scope("vendor", "V03")), "orders")
    assert [row[0].text for row in table_of(section).rows] == ["CO-3", "CO-2"]
    assert "2 change orders on record." in [b.line.text for b in section.blocks if isinstance(b, Paragraph)]


def concern(name: str, consequence: Consequence, is_gain: bool = False) -> Finding:
    found = replace(make_finding(f"{name}/study/QD-001", f"QD-001 is {name}"), consequence=consequence, opportunity=is_gain)
    return replace(found, verdict=Verdict.BETTER) if is_gain else found


def stakes(*findings: Finding) -> dict[str, str]:
    table = table_of(section_of(draft_paper(get_template("strategic-proposal"), sample_facts(findings=findings)), "concerns"))
    return {row[0].text: row[2].text for row in table.rows}


def test_a_gain_stands_under_a_heading_of_its_own() -> None:
    facts = sample_facts(findings=[concern("early", Consequence(0.8, money=Money(Decimal(850_000), "GBP")), is_gain=True)])
    table = table_of(section_of(draft_paper(get_template("strategic-proposal"), facts), "opportunities"))
    assert table.headers[2] == "What it could bring"
    assert table.rows[0][2].text == "£850,000; 80% likely"


def test_what_cannot_be_undone_says_why_it_ranks_where_it_does() -> None:
    assert stakes(concern("unsafe", Consequence(0.5, days=16.0, reversible=False)))["QD-001 is unsafe"].endswith("it cannot be undone")


def test_a_chance_of_nothing_named_is_not_printed() -> None:
    assert stakes(concern("strained", Consequence(0.14)))["QD-001 is strained"] == "not estimated"


def test_a_move_that_prints_the_same_words_is_no_change() -> None:
    def issue(value: float, snapshot: str, **more: object) -> FactBase:
        interval = Interval(value - 0.0108, value + 0.0108, 0.9)
        reading = make_reading("budget_variance_year", value=value, interval=interval, p_target=0.5, target="within ±5.0%")
        return sample_facts(readings=[reading], findings=[], snapshot=snapshot * 64, **more)

    from quarterdeck.papers.manifest import base_manifest

    earlier = issue(0.0622, "a")
    before = base_manifest(draft_paper(get_template("board-paper"), earlier), earlier, paper_builders.MADE_AT, "0", {})
    later = issue(0.0624, "b", read_manifest=lambda paper: before)
    paper = draft_paper(get_template("board-paper"), later, previous=before)
    now = base_manifest(paper, later, paper_builders.MADE_AT, "0", {})
    assert "moved" in {change.kind for change in compare_claims(before, now)}
    assert section_of(paper, "changes").heading.text == "Nothing that the last issue said has changed"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [("about 20", "%", "about 20%"), ("50.5; 6.6; about 50", "%", "50.5; 6.6; about 50, in %"), ("4, 17 and 34", "count", "4, 17 and 34"), ("about 40,000", "USD per day", "about 40,000 USD per day")],
)  # fmt: skip
def test_a_published_figure_carries_its_unit_as_one_writes_it(value: str, unit: str, shown: str) -> None:
    entry = {
        "metric": "Cost of a day",
        "value": value,
        "unit": unit,
        "publisher": "Tufts",
        "period": "2023",
        "population": "409 trials",
        "grade": "A",
    }
    paper = draft_paper(get_template("strategic-proposal"), sample_facts(benchmarks={"B1": entry}))
    assert table_of(section_of(paper, "benchmarks")).rows[0][1].text == shown


def test_a_limit_is_shown_in_the_unit_that_its_row_names(tmp_path: Path) -> None:
    row = {
        "study_id": "QD-001",
        "parameter": "eligibility_violation",
        "qtl_id": "Q1",
        "expected_rate": 0.03,
        "limit": 0.06,
        "unit": "share of enrolled participants",
    }
    study = {"study_id": "QD-001", "phase": "P2", "status": "enrolling"}
    facts = gather.gather_facts(build_snapshot(tmp_path, {"study": [study], "qtl": [row]}), Settings(home=tmp_path / "home"))
    facts.providers["finding"]._read = list  # type: ignore[attr-defined]
    cells = [cell.text for cell in table_of(section_of(draft_paper(get_template("risk-register"), facts), "limits")).rows[0]]
    assert cells[2:5] == ["3.0%", "6.0%", "share of enrolled participants"]


def test_the_risk_paper_says_which_engine_speaks() -> None:
    text = text_of(
        draft_paper(get_template("risk-register"), sample_facts(findings=[make_finding("enrolment/study/QD-001", "QD-001 is late")]))
    )
    assert "matters of the risk detectors" in text


def test_every_sentence_of_a_templates_own_text_is_sayable() -> None:
    for template in load_templates().values():
        about = Scope() if template.about == "portfolio" else Scope("study", "QD-001") if template.about == "study" else VENDOR
        paper = draft_paper(template, sample_facts(), about, points=[Line("A point.", (), "", "person")])
        for plan in template.sections:
            if plan.kind == "text":
                assert len(section_of(paper, plan.id).blocks) == len(plan.options["lines"])


def test_a_table_of_long_cells_goes_on_over_slides_before_it_meets_the_footer() -> None:
    rows = tuple((plain(f"System {n}"), plain("It judges nobody and nothing. " * 25)) for n in range(5))
    table = Table(plain("Checks"), ("System", "Checks"), rows, frozenset(), (1, 3))
    pieces = [plan.visual for plan in plan_slides(Section("s", plain("Systems"), (table,)))]
    assert [row for piece in pieces if isinstance(piece, Table) for row in piece.rows] == list(rows)
    assert all(isinstance(piece, Table) and len(piece.rows) <= 2 for piece in pieces)
