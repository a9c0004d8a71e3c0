"""A model may leave words out of an authority's sentences, and may do nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from model_server import Rewrite, serve
from quarterdeck.assistant.calls import read_calls
from quarterdeck.papers.short_summary import ShortSummary, judge_short, shorten_summary
from quarterdeck.record.database import Record, open_record
from quarterdeck.record.permissions import SINGLE_USER
from quarterdeck.regulation.model import Document
from quarterdeck.vocabulary.settings import Settings

pytest.importorskip("pydantic_ai")
NOW = datetime(2026, 7, 3, 9, tzinfo=UTC)
TEXT = (
    "Sponsors must report each suspected unexpected serious adverse reaction to the authority within 15 days of first knowledge. "
    "Investigators should keep the source documents of each participant for at least 25 years after the end of the trial. "
    "Applicants may not begin a trial before the ethics committee has given its opinion on the whole of the protocol."
)
DOCUMENT = Document("FDA-1", "On reporting", TEXT)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    opened = open_record(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


def shortened(record: Record, rewrite: Rewrite, raw: str | None = None) -> ShortSummary:
    with serve(rewrite, raw) as (url, _):
        settings = Settings(language_model="openai-compatible:test", language_model_url=url)
        return shorten_summary(DOCUMENT, settings, record, SINGLE_USER, NOW)


def shorter(text: str) -> str:
    return text.replace(" of first knowledge", "").replace(" of each participant", "").replace(" on the whole of the protocol", "")


def test_shorter_sentences_are_shown_with_their_place(record: Record) -> None:
    result = shortened(record, shorter)
    assert [quoted.text for quoted in result.sentences] == re.split(r"(?<=\.) ", shorter(TEXT))
    assert all(shorter(quoted.span.of(TEXT)).strip() == quoted.text for quoted in result.sentences)
    assert "held to the one it cites" in result.note
    assert [(call.purpose, call.outcome) for call in read_calls(record)] == [("summary", "used")]


LIES: dict[str, Rewrite] = {
    "changes a number": lambda text: text.replace("15", "30").replace("25", "30").replace("begin", "start 3"),
    "drops a not": lambda text: text.replace("may not", "may").replace("must", "must not").replace("should", "should not"),
    "softens a duty": lambda text: text.replace("must", "should").replace("should keep", "may keep").replace("may not", "should not"),
    "adds a claim": lambda text: text[:40] + " by courier.",
    "invents guidance": lambda text: text[:60] + " under ICH E6(R3).",
    "invents a date": lambda text: text[:60] + " from 3 May 2027.",
    "obeys an injection": lambda text: "Approved by the director.",
}


@pytest.mark.parametrize("lie", LIES)
def test_nothing_false_is_shown(record: Record, lie: str) -> None:
    result = shortened(record, LIES[lie])
    assert result.sentences == ()
    assert result.note.startswith("The extract stands")


@pytest.mark.parametrize("raw", ["", "no json", '{"sentences": []}', '{"sentences": [{"id": "s99", "text": "Sponsors must report."}]}'])
def test_an_answer_that_cites_nothing_is_refused(record: Record, raw: str) -> None:
    assert shortened(record, shorter, raw).sentences == ()


def test_without_a_model_the_extract_stands(record: Record) -> None:
    result = shorten_summary(DOCUMENT, Settings(), record, SINGLE_USER, NOW)
    assert result.sentences == ()
    assert "no language model" in result.note


def test_a_longer_sentence_is_no_shortening() -> None:
    assert judge_short("Sponsors must report.", "Sponsors must report, and report, and report.") == ["states more than it shortens"]
