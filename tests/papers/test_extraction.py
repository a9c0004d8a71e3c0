"""What counts as a statement that needs a source."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.papers.extraction import extract_tokens, read_value


@pytest.mark.parametrize(
    ("text", "kind", "value", "unit"),
    [
        ("£1.2 million", "money", 1_200_000.0, "GBP"),
        ("US$4,000,000", "money", 4_000_000.0, "USD"),
        ("EUR 300", "money", 300.0, "EUR"),
        ("−2.1%", "share", -0.021, "share"),
        ("12 per cent", "share", 0.12, "share"),
        ("45 days", "quantity", 45.0, "day"),
        ("1,204 sites", "quantity", 1204.0, "site"),
        ("three trials", "quantity", 3.0, "trial"),
        ("20 November 2026", "date", "2026-11-20", "date"),
        ("November 20, 2026", "date", "2026-11-20", "date"),
        ("2026-11-20", "date", "2026-11-20", "date"),
        ("20/11/2026", "date", "2026-11-20", "date"),
        ("November 2026", "date", "2026-11", "date"),
        ("Q3 2026 (Jul to Sep)", "date", "q32026(jultosep)", "date"),
        ("31 February 2026", "date", "impossible:31february2026", "date"),
        ("ICH E6(R3)", "guidance", "iche6(r3)", "guidance"),
        ("21 CFR Part 11", "guidance", "21cfrpart11", "guidance"),
        ("Regulation (EU) No 536/2014", "guidance", "regulation(eu)no536/2014", "guidance"),
        ("NCT01234567", "citation", "nct01234567", "citation"),
        ("“the dog ate it”", "quotation", '"thedogateit"', "quotation"),
    ],
)
def test_a_statement_is_found_with_its_value_and_unit(text: str, kind: str, value: object, unit: str) -> None:
    tokens = extract_tokens(f"We saw {text} there.")
    assert [(t.kind, t.text) for t in tokens] == [(kind, text)]
    assert (tokens[0].value, tokens[0].unit) == (value, unit)


def test_names_of_the_evidence_base_are_found_whole() -> None:
    assert [t.text for t in extract_tokens("QD-001 is not QD-0012.", ["QD-001"]) if t.kind == "name"] == ["QD-001"]


def test_plain_words_hold_no_statement() -> None:
    assert extract_tokens("The trial does well and nobody is worried.") == []


@given(st.text(max_size=200))
def test_tokens_never_overlap_and_lie_in_the_text(text: str) -> None:
    last = 0
    for token in extract_tokens(text):
        assert last <= token.start < token.end <= len(text)
        assert text[token.start : token.end] == token.text
        last = token.end


@given(st.floats(min_value=0, max_value=1e12, allow_nan=False).map(lambda x: f"{x:,.2f}"))
def test_a_written_number_reads_back(text: str) -> None:
    assert read_value("number", text)[0] == pytest.approx(float(text.replace(",", "")))
