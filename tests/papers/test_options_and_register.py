"""What could be done for a trial, and the register of the risk room, as sections whose every figure is bound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from paper_builders import MADE_AT, sample_facts
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.papers import gather, option_facts, register_facts
from quarterdeck.papers.check import CheckResult, check_document
from quarterdeck.papers.draft import draft_paper
from quarterdeck.papers.facts import FactBase
from quarterdeck.papers.model import Paper, Paragraph, Section, Table
from quarterdeck.papers.option_facts import OptionProvider
from quarterdeck.papers.readers.read import read_bytes
from quarterdeck.papers.render import render_paper
from quarterdeck.papers.template import Template, get_template
from quarterdeck.record.database import Record, open_record_at
from quarterdeck.record.permissions import SINGLE_USER
from quarterdeck.risks import actions
from quarterdeck.scenarios.actions import keep_scenario
from quarterdeck.scenarios.model import LeverUse, Scenario
from quarterdeck.scenarios.run import run_scenarios
from quarterdeck.scenarios.standard import STANDARD, compare_standard
from quarterdeck.vocabulary.errors import NotFound
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.settings import Settings
from trial_builders import build_trial

NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)
TRIAL = Scope("study", "T1")
ITEM: dict[str, Any] = {
    "kind": "risk", "title": "Comparator runs out", "cause": "One supplier", "event": "The batch fails", "effect": "Sites stop dosing", "category": "supply",
    "owner": "P1", "probability": 3, "impact_time": 4, "impact_cost": 2, "detectability": 2, "p_annual": 0.2, "cost_p05": 100_000.0, "cost_p95": 900_000.0,
    "days_p05": 10.0, "days_p95": 90.0, "currency": "GBP",
}  # fmt: skip


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """One trial, sealed once: a snapshot never changes."""
    return build_trial(tmp_path_factory.mktemp("trial"))


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    opened = open_record_at(f"sqlite:///{tmp_path / 'record.sqlite'}")
    yield opened
    opened.close()


def add(record: Record, **changes: Any) -> str:
    return actions.raise_item(record, SINGLE_USER, ITEM | changes, "workshop", NOW)


def only(template_id: str, section: str) -> Template:
    """The template with one section alone."""
    template = get_template(template_id)
    return replace(template, sections=tuple(plan for plan in template.sections if plan.id == section))


def draft_options(trial: Snapshot, record: Record | None = None) -> tuple[Paper, FactBase]:
    facts = sample_facts(further=(option_facts.provider(trial, Settings(), record),))
    return draft_paper(only("rescue-paper", "options"), facts, TRIAL), facts


def draft_register(snapshot: Snapshot, record: Record | None) -> tuple[Paper, FactBase]:
    facts = sample_facts(further=(register_facts.provider(snapshot, Settings(), record),))
    return draft_paper(only("risk-register", "register"), facts), facts


def keep(trial: Snapshot, record: Record, count: int) -> None:
    comparison = run_scenarios(trial, "T1", [Scenario("more", (LeverUse("add_sites", {"count": count}),), "T1")], 7, 500)
    keep_scenario(record, SINGLE_USER, comparison, "more", NOW)


def words_of(section: Section) -> str:
    return " ".join(block.line.text for block in section.blocks if isinstance(block, Paragraph))


def table_of(section: Section) -> Table:
    return next(block for block in section.blocks if isinstance(block, Table))


def cells_of(section: Section) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table_of(section).rows]


def check(content: bytes, name: str, facts: FactBase) -> CheckResult:
    return check_document(read_bytes(content, name), name, lambda snapshot: facts, lambda document: "")


def edit_cell(content: bytes, old: str, new: str) -> bytes:
    """The DOCX with one cell of a table overwritten."""
    document = Document(BytesIO(content))
    cell = next(c for table in document.tables for row in table.rows for c in row.cells if c.text == old)
    cell.paragraphs[0].runs[0].text = new
    for run in cell.paragraphs[0].runs[1:]:
        run.text = ""
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


def assert_clean_and_guarded(paper: Paper, facts: FactBase, cell: str, damaged: str) -> None:
    """Clean as written in three formats; a figure of a table changed by hand is named."""
    files = render_paper(paper, facts, MADE_AT, ("docx", "pdf", "pptx")).files
    for file_format, content in files.items():
        assert check(content, f"x.{file_format}", facts).findings == ()
    result = check(edit_cell(files["docx"], cell, damaged), "x.docx", facts)
    assert [finding.kind for finding in result.errors] == ["altered"]


def test_where_nothing_was_kept_four_standard_options_are_compared(trial: Snapshot) -> None:
    paper, _ = draft_options(trial)
    rows = cells_of(paper.sections[0])
    assert rows[0][:4] == ["As forecast", "baseline", "baseline", "baseline"]
    assert len(rows) == 1 + len(STANDARD)
    assert all(" days (" in row[1] and "£" in row[2] and "£" in row[3] for row in rows[1:])
    assert "Nobody has kept a comparison" in words_of(paper.sections[0])


def test_the_option_named_is_the_one_whose_day_costs_least(trial: Snapshot) -> None:
    paper, facts = draft_options(trial)
    results = compare_standard(trial, "T1", Settings().random_seed).results[1:]
    gaining = [result for result in results if result.days.mean < -1]
    cheapest = min(gaining, key=lambda result: max(result.paid_now, result.money.mean) / -result.days.mean)
    assert words_of(paper.sections[0]).startswith(f"Cheapest for each day gained: {cheapest.description}. It gains ")
    price = facts.fact(f"option:T1/standard/{cheapest.name}#price_of_a_day").shown("money")
    assert f" on average, at {price} a day." in words_of(paper.sections[0])


def test_what_has_to_be_paid_now_counts_though_time_gained_saves_it_again(trial: Snapshot) -> None:
    facts = draft_options(trial)[1]
    campaign = facts.fact("option:T1/standard/campaign")
    assert campaign.parts["paid_now"][0] == 142_000  # 1,000 for each participant still needed
    assert float(campaign.parts["price_of_a_day"][0]) * float(campaign.parts["gained"][0]) == pytest.approx(142_000, rel=0.05)  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_options_and_another_does_not(trial: Snapshot, tmp_path: Path) -> None:
    again = build_trial(tmp_path)
    keys = [f"T1/standard/{name}/money" for name in STANDARD]
    values = [[OptionProvider(s, seed).find(key) for key in keys] for s, seed in ((trial, 1), (again, 1), (trial, 2))]
    first, second, other = ([fact.value for fact in row if fact is not None] for row in values)
    assert first == second
    assert first != other


def test_what_was_kept_stands_in_place_of_the_standard_options(trial: Snapshot, record: Record) -> None:
    keep(trial, record, 12)
    paper, _ = draft_options(trial, record)
    assert [(row[0], row[2], row[5]) for row in cells_of(paper.sections[0])] == [("Add 12 sites", "£300,000", "1 July 2026")]
    assert " to " in cells_of(paper.sections[0])[0][1]
    assert "Nobody has kept" not in words_of(paper.sections[0])


def test_options_that_gain_nothing_are_said_to_gain_nothing(trial: Snapshot, record: Record) -> None:
    keep(trial, record, 0)
    paper, _ = draft_options(trial, record)
    assert words_of(paper.sections[0]).startswith("Of 1 option compared, none brings the last participant in sooner.")


def test_a_paper_that_does_not_ask_for_options_simulates_nothing(trial: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: object) -> None:
        raise AssertionError("simulated")

    monkeypatch.setattr(option_facts, "compare_standard", refuse)
    facts = gather.gather_facts(trial, Settings())
    assert list(facts.providers["option"].facts()) == []
    assert "option" not in {fact_id.partition(":")[0] for fact_id in facts.names().values()}


def test_a_trial_with_all_its_participants_has_no_options_and_says_why(tmp_path: Path) -> None:
    paper, _ = draft_options(build_trial(tmp_path, target=3))
    assert paper.sections == ()
    assert "it has all its participants" in paper.missing[0].why


def test_options_are_clean_and_a_changed_figure_is_named(trial: Snapshot) -> None:
    paper, facts = draft_options(trial)
    cell = cells_of(paper.sections[0])[1][1]
    assert_clean_and_guarded(paper, facts, cell, cell.replace(" days", "9 days", 1))


def test_a_kept_option_is_clean_and_a_changed_figure_is_named(trial: Snapshot, record: Record) -> None:
    keep(trial, record, 12)
    paper, facts = draft_options(trial, record)
    cell = cells_of(paper.sections[0])[0][1]
    assert_clean_and_guarded(paper, facts, cell, cell.replace(" days", "9 days", 1))


def test_the_register_of_the_room_is_shown_with_the_costliest_first(trial: Snapshot, record: Record) -> None:
    add(record, title="Small", cost_p05=1_000.0, cost_p95=9_000.0)
    add(record, title="Large")
    add(record, title="Unrated", kind="issue", p_annual=None, cost_p05=None, cost_p95=None, days_p05=None, days_p95=None, owner="")
    section = draft_register(trial, record)[0].sections[0]
    rows = cells_of(section)
    assert [row[0] for row in rows] == ["Large", "Small", "Unrated"]
    assert rows[0][1:] == ["risk", "open", "P1", "20%", "£74,993; 7.5 days", "£100,000 to £900,000; 10 days to 90 days"]
    assert rows[2][3:] == ["nobody yet", "not stated", "not quantified", "not quantified"]
    assert words_of(section).startswith("The register holds 3 open items.")


def test_amounts_in_another_currency_are_not_ranked_against_ours(trial: Snapshot, record: Record) -> None:
    add(record, title="Yen", currency="JPY", cost_p05=1e6, cost_p95=2e7)
    add(record, title="Pounds")
    assert [row[0] for row in cells_of(draft_register(trial, record)[0].sections[0])] == ["Pounds", "Yen"]


def test_the_exceedance_is_that_of_the_register_page(trial: Snapshot, record: Record) -> None:
    add(record)
    paper, facts = draft_register(trial, record)
    loss = facts.fact("register:loss")
    assert 0 < float(loss.value) < 900_000  # type: ignore[arg-type]
    assert f"With a chance of 5% the losses of a year exceed {loss.shown('money')}" in words_of(paper.sections[0])


def test_an_opportunity_is_expected_to_cost_less_than_nothing(trial: Snapshot, record: Record) -> None:
    add(record, kind="opportunity")
    assert cells_of(draft_register(trial, record)[0].sections[0])[0][5] == "−£74,993; −7.5 days"


def test_items_in_other_currencies_are_counted_beside_the_sum(trial: Snapshot, record: Record) -> None:
    add(record)
    add(record, currency="USD")
    assert "In other currencies, and not in this sum: 1 item." in words_of(draft_register(trial, record)[0].sections[0])


def test_closed_probabilities_are_scored_and_open_ones_said_to_be_unscored(trial: Snapshot, record: Record) -> None:
    closed = add(record, p_annual=0.2)
    assert "the probabilities are not scored" in words_of(draft_register(trial, record)[0].sections[0])
    actions.move_item(record, SINGLE_USER, closed, "closed", "over", NOW)
    words = words_of(draft_register(trial, record)[0].sections[0])
    assert words.startswith("No item of the register is open.")
    assert (
        "Of 1 closed item the stated probabilities averaged 20.0%, and 0.0% happened; their Brier score of 0.0400 is no better than"
        in words
    )


def test_where_neither_register_holds_an_item_the_paper_says_so(trial: Snapshot, record: Record) -> None:
    paper, _ = draft_register(trial, record)
    assert paper.sections == ()
    assert paper.missing[0].why == "the register of the risk room holds no item, and none is loaded"


def test_the_register_is_clean_and_a_changed_figure_is_named(trial: Snapshot, record: Record) -> None:
    add(record)
    closed = add(record, p_annual=0.9)
    actions.move_item(record, SINGLE_USER, closed, "materialised", "it happened", NOW)
    paper, facts = draft_register(trial, record)
    assert_clean_and_guarded(paper, facts, "£74,993; 7.5 days", "£74,993; 8.5 days")


def test_an_item_changed_since_makes_the_paper_stale(trial: Snapshot, record: Record) -> None:
    item = add(record)
    paper, facts = draft_register(trial, record)
    content = render_paper(paper, facts, MADE_AT, ("docx",)).files["docx"]
    actions.change_item(record, SINGLE_USER, item, {"p_annual": 0.4}, "new figures", NOW)
    assert "stale" in {finding.kind for finding in check(content, "x.docx", draft_register(trial, record)[1]).errors}


def test_unknown_trials_are_refused(trial: Snapshot) -> None:
    with pytest.raises(NotFound, match="T9"):
        OptionProvider(trial, 1).options("T9")
