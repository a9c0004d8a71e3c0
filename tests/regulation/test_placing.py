"""Citations stand where they say: each date and each sentence of a summary is found again in the document's own text."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.regulation.dates import extract_dates
from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers import parse
from quarterdeck.regulation.parsers.common import Payload
from quarterdeck.regulation.placing import find_words, place_dates
from quarterdeck.regulation.summaries import summarise

STATEMENT = "DATES: This rule is effective April 15, 2016. Comments must be received by May 16, 2016."
TEXT = "AGENCY HEADING\n\nSubject\n\nThis rule is  effective\nApril 15, 2016. Comments must be received by May 16, 2016. Call us by May 16, 2016."


def squeeze(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def test_dates_of_a_paragraph_kept_apart_are_found_in_the_text() -> None:
    placed = place_dates(extract_dates(STATEMENT), STATEMENT, TEXT)
    assert [squeeze(fact.span.of(TEXT)) for fact in placed] == ["April 15, 2016", "May 16, 2016"]
    assert placed[1].span.start < TEXT.index("Call us")  # within its own sentence, not in the next


def test_a_date_that_is_not_in_the_text_cites_its_field() -> None:
    fact = place_dates(extract_dates(STATEMENT), STATEMENT, "Nothing of it.")[0]
    assert fact.basis == "field"
    assert fact.date == date(2016, 4, 15)
    assert fact.span.end == 0
    assert "effective" in fact.phrase


def test_an_abstract_outside_the_text_claims_no_place_in_it() -> None:
    summary = summarise(Document("d", "Title", "Other words altogether.", abstract="What it says in short."))
    assert summary.sentences[0].span.end == 0


@given(
    st.text(alphabet="ab .", max_size=60), st.text(alphabet="ab", min_size=1, max_size=5), st.text(alphabet="ab", min_size=1, max_size=5)
)
def test_words_that_are_found_are_the_words_that_were_sought(before: str, first: str, second: str) -> None:
    text = f"{before}{first}\n  {second}"
    found = find_words(f"{first} {second}", text)
    assert squeeze(found.of(text)) == f"{first} {second}"


@pytest.mark.shared_data
def test_every_citation_of_every_recorded_document_resolves(shared_data: Path) -> None:
    checked = 0
    for path in sorted((shared_data / "regulatory/samples").rglob("*")):
        if not path.is_file() or path.name == "PROVENANCE.json" or path.parent.name in ("docs", "us_fda_bimo"):
            continue
        for document in parse(Payload(path.name, path.read_bytes()))[1].documents:
            for quoted in summarise(document).sentences:
                assert not quoted.span.end or squeeze(quoted.span.of(document.text)) == squeeze(quoted.text), (path.name, document.id)
                assert quoted.span.end or quoted.text == document.abstract
            for fact in document.dates:
                cited = squeeze(fact.span.of(document.text))
                assert fact.basis == "field" or cited, (path.name, document.id, fact.phrase)
                checked += 1
    assert checked > 300
