"""Seed knowledge, timeline, calendar, digest, compliance map and stories: dates as the sources give them, conflicts shown."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from icalendar import Calendar

from quarterdeck.regulation.compliance import derive_coverage, load_clauses, map_r2
from quarterdeck.regulation.foresight import add_months, derive_heat_map, derive_readiness, derive_timeline, draft_digest, write_calendar
from quarterdeck.regulation.implications import assess_all
from quarterdeck.regulation.knowledge import CHANGES, load_actions, load_changes, read_change, read_span_of_days
from quarterdeck.regulation.model import Document, Outcome, Span
from quarterdeck.regulation.stories import build_stories, get_ich_code
from quarterdeck.regulation.summaries import check_written_summary, summarise
from quarterdeck.regulation.trials import derive_trial
from quarterdeck.vocabulary.errors import BadInput

TODAY = date(2026, 11, 22)


def trials() -> list:  # type: ignore[type-arg]
    return [
        derive_trial(
            "T1", {"countries": ["GB", "DE", "US"], "status": "recruiting", "interventional": True, "modality": "mAb", "phase": "3"}
        )[0],
        derive_trial("T2", {"countries": ["JP"], "status": "planned", "interventional": True, "modality": "mAb", "phase": "1"})[0],
    ]


def test_there_are_45_changes_and_every_action_is_used() -> None:
    assert len(load_changes()) == 45
    assert {name for change in load_changes().values() for name in change.actions} == set(load_actions())


def test_every_statement_has_a_source_and_every_date_a_certainty() -> None:
    for change in load_changes().values():
        assert change.sources
        assert all(day.certainty in "STM" for day in change.dates)
        assert change.implications


def test_conflicting_dates_are_shown_with_a_view() -> None:
    conflict = load_changes()["uk-si-2025-538"].conflicts[0]
    assert {value for value, _, _ in conflict.values} == {"2026-04-28", "2026-04-10"}
    assert "12 months after it was made" in conflict.view


def test_the_seed_facts_are_those_of_the_checked_list(shared_data: Path) -> None:
    seeds = json.loads((shared_data / "regulatory/seed_changes.json").read_text())["changes"]
    assert {seed["id"] for seed in seeds} == set(load_changes())
    for seed in seeds:
        known = {(str(d.first) if d.is_exact else str(d.first)[:7], d.certainty) for d in load_changes()[seed["id"]].dates}
        known |= {(str(d.first)[:4], d.certainty) for d in load_changes()[seed["id"]].dates if not d.is_exact}
        for entry in seed["dates"]:
            if not entry["date"].startswith("+"):
                text = entry["date"] if "Q" not in entry["date"] else entry["date"][:4]
                assert any(day.startswith(text[: len(day)]) and certainty == entry["certainty"] for day, certainty in known), (
                    seed["id"],
                    entry,
                )


def test_every_cited_federal_register_document_is_in_the_corpus(shared_data: Path) -> None:
    numbers = {json.loads(line)["document_number"] for line in (shared_data / "regulatory/fr_fda_2020_2026.jsonl").read_text().splitlines()}
    cited = {number for change in load_changes().values() for number in change.documents}
    assert len(cited & numbers) >= 0.85 * len(cited)


def test_no_sentence_of_the_seed_list_is_copied(shared_data: Path) -> None:
    seeds = json.loads((shared_data / "regulatory/seed_changes.json").read_text())["changes"]
    ours = " ".join(path.read_text() for path in CHANGES.glob("*.yaml"))
    for seed in seeds:
        for sentence in (*seed["operational_implications"], *seed["suggested_actions"]):
            if len(sentence.split()) >= 6:
                assert sentence not in ours


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2027-Q1", "2027-01-01", "2027-03-31"),
        ("2024-09", "2024-09-01", "2024-09-30"),
        ("2026-12", "2026-12-01", "2026-12-31"),
        ("2028", "2028-01-01", "2028-12-31"),
    ],
)
def test_a_vague_date_is_a_span(text: str, first: str, last: str) -> None:
    assert read_span_of_days(text, "x") == (date.fromisoformat(first), date.fromisoformat(last))


def test_an_unknown_key_is_refused_by_file_and_key(tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text((CHANGES / "gdpr.yaml").read_text() + "colour: blue\n")
    with pytest.raises(BadInput, match=r"odd\.yaml: colour"):
        read_change(path)


def test_the_timeline_holds_what_lies_ahead_within_the_horizon() -> None:
    events = derive_timeline(load_changes().values(), TODAY)
    assert all(event.high >= TODAY and event.low <= add_months(TODAY, 36) for event in events)
    assert ("eu-ai-act", date(2027, 12, 2)) in {(event.change, event.low) for event in events}


def test_the_calendar_reminds_before_a_consultation_closes_and_is_repeatable() -> None:
    events = derive_timeline(load_changes().values(), date(2022, 10, 1), 3)
    content = write_calendar(events, TODAY, [("a1", "Rewrite the procedure", date(2027, 1, 4))])
    assert content == write_calendar(events, TODAY, [("a1", "Rewrite the procedure", date(2027, 1, 4))])
    entries = Calendar.from_ical(content).walk("VEVENT")
    closing = next(e for e in entries if "Comments close" in str(e["summary"]))
    assert sorted(int(a["trigger"].dt.days) for a in closing.walk("VALARM")) == [-30, -14, -5]


def test_the_heat_map_leaves_out_what_touches_nobody() -> None:
    rows, columns, cells = derive_heat_map(assess_all(load_changes().values(), trials(), TODAY))
    assert columns == ["T1", "T2"]
    assert cells["uk-si-2025-538", "T1"] is Outcome.APPLIES
    assert all(any(cells[row, column] is not Outcome.NOT_APPLICABLE for column in columns) for row in rows)


def test_readiness_counts_assessed_and_closed_trials() -> None:
    impacts = assess_all(load_changes().values(), trials(), TODAY)
    row = next(
        r
        for r in derive_readiness(impacts, {("uk-si-2025-538", "T1"): "close"}, {"uk-si-2025-538": 2}, TODAY)
        if r.change == "uk-si-2025-538"
    )
    assert (row.affected, row.assessed, row.closed, row.actions_open) == (1, 1, 1, 2)


def test_the_digest_names_what_applies() -> None:
    impacts = assess_all(load_changes().values(), trials(), TODAY)
    text = draft_digest(impacts, derive_timeline(load_changes().values(), TODAY), [("fr:1", "New notice", "in")], TODAY)
    assert "UK clinical trials regulations" in text
    assert "New notice" in text


@pytest.mark.parametrize(
    ("r2", "r3"), [("5.18.3", "Annex 1, 3.11.4"), ("4.8", "Annex 1, 2.8"), ("5.0.4", "Annex 1, 3.10"), ("8", "Appendix C")]
)
def test_a_section_of_the_old_guideline_leads_to_the_new_one(r2: str, r3: str) -> None:
    assert r3 in {clause.clause for clause in map_r2(r2)}


def test_the_compliance_map_covers_the_instruments_asked_for() -> None:
    assert {clause.instrument for clause in load_clauses()} == {
        "ich-e6r3",
        "eu-ctr",
        "cfr-11",
        "cfr-50",
        "cfr-54",
        "cfr-56",
        "cfr-312",
        "uk-regs",
        "gdpr",
    }
    assert all(row.state in ("missing", "elsewhere") for row in derive_coverage(None))


def documents() -> list[Document]:
    return [
        Document(
            "fr:1",
            "E6(R9) Good Practice; International Council for Harmonisation; Draft Guidance for Industry; Availability",
            kind="draft",
            published=date(2030, 1, 1),
            authority="FDA",
        ),
        Document(
            "fr:2",
            "E6(R9) Good Practice; International Council for Harmonisation; Guidance for Industry; Availability",
            kind="guidance",
            published=date(2031, 1, 1),
            authority="FDA",
        ),
        Document("ema:1", "ICH E6(R9) Good practice - Step 5", kind="guidance", published=date(2031, 2, 1), authority="EMA"),
        Document(
            "fr:3", "Reports of Sponsors; Proposed Rule", kind="proposed_rule", published=date(2030, 3, 1), rin="0910-ZZ01", authority="FDA"
        ),
        Document(
            "fr:4",
            "Reports of Sponsors; Reopening of the Comment Period",
            kind="proposed_rule",
            published=date(2030, 6, 1),
            rin="0910-ZZ01",
            authority="FDA",
        ),
        Document(
            "fr:5", "Reports of Sponsors; Correction", kind="proposed_rule", published=date(2030, 7, 1), corrects="3", authority="FDA"
        ),
        Document("fr:6", "Milk and cream", published=date(2030, 1, 1)),
    ]


def test_draft_final_and_the_other_agency_are_one_story() -> None:
    stories = {story.key: story for story in build_stories(documents())}
    assert [r.kind for r in stories["ema:1"].relations] == ["finalises", "publishes"]
    assert [r.kind for r in stories["fr:3"].relations] == ["extends_comment", "corrects"]
    assert not any("fr:6" in {d.id for d in story.documents} for story in stories.values())


def test_an_annex_is_a_text_of_its_own() -> None:
    assert get_ich_code("E6(R3) Good Clinical Practice: Annex 2; International Council for Harmonisation") == "E6(R3) annex 2"
    assert get_ich_code("Form E5 for importers") == ""


def test_a_summary_is_the_abstract_or_sentences_that_stand_in_the_text() -> None:
    assert summarise(Document("a", "T", text="x", abstract="The official words.")).basis == "abstract"
    text = " ".join(
        f"The sponsor must keep record number {n} of the trial for two years after the end. Weather was fine on day {n} in the town."
        for n in range(20)
    )
    found = summarise(Document("b", "T", text=text))
    assert found.basis == "extract"
    for quoted in found.sentences:
        assert re.sub(r"\s+", " ", quoted.span.of(text)) == quoted.text


def test_a_written_summary_may_hold_only_the_numbers_it_cites() -> None:
    source = "Sponsors must report within 15 days from 1 May 2031."
    span = Span(0, len(source))
    assert check_written_summary([("Reports are due within 15 days from May 2031.", span)], source) == []
    assert "holds 30" in check_written_summary([("Reports are due within 30 days.", span)], source)[0]
    assert "names june" in check_written_summary([("From June 2031.", span)], source)[0]
    assert "cites nothing" in check_written_summary([("Anything.", Span(0, 0))], source)[0]
