"""Answers of the four reading commands (dates, relevance, search, applies) as plain tables, from files or from the record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from quarterdeck.regulation.applicability import Judgement, Trial, judge_trial
from quarterdeck.regulation.dates import extract_dates, find_conflicts
from quarterdeck.regulation.knowledge import Change
from quarterdeck.regulation.model import DateFact, Document, Span
from quarterdeck.regulation.parsers import parse
from quarterdeck.regulation.parsers.common import SIZE_LIMIT, Parsed, Payload, read_day
from quarterdeck.regulation.parsers.corpus import read_rows, to_document
from quarterdeck.regulation.relevance import judge
from quarterdeck.regulation.search import Entry, Hit, Index
from quarterdeck.vocabulary.errors import BadInput, NotFound


def read_payload(path: Path) -> Payload:
    """A file as payload. Raises NotFound, BadInput (a folder, or larger than the limit)."""
    if not path.exists():
        raise NotFound("There is no such file", thing=str(path), next_step="Check the path.")
    if path.is_dir():
        raise BadInput("A folder was given where one file is read", thing=str(path), next_step="Use: quarterdeck regulation import FOLDER.")
    if path.stat().st_size > SIZE_LIMIT:
        raise BadInput("The file is too large", thing=f"{path}: {path.stat().st_size:,} bytes", allowed=f"up to {SIZE_LIMIT:,} bytes")
    return Payload(path.name, path.read_bytes())


def read_files(paths: Iterable[Path]) -> tuple[list[Document], list[str]]:
    """Documents of files of any known form, and what could not be read, in words."""
    documents, problems = [], []
    for path in paths:
        _, parsed = parse(read_payload(path))
        documents += parsed.documents
        problems += [f"{path.name}: {problem.field}: {problem.record}: {problem.what}" for problem in parsed.problems]
    return documents, problems


def answer_dates(path: Path, published: date | None = None) -> dict[str, Any]:
    """Typed dates of each document of a file: {"documents": [{id, title, dates: [{kind, date, phrase, span, certainty, ...}], conflicts}], "problems"}."""
    payload = read_payload(path)
    if _is_lines(payload):
        parsed = Parsed()
        rows = [(to_document(row, number), row) for number, row in read_rows(payload, parsed)]
        documents = [_with_dates(document, row, published) for document, row in rows]
    else:
        _, parsed = parse(payload)
        documents = parsed.documents
    return {
        "file": path.name,
        "documents": [_dates_row(document) for document in documents],
        "problems": [f"{problem.field}: {problem.record}: {problem.what}" for problem in parsed.problems],
    }


def _is_lines(payload: Payload) -> bool:
    from quarterdeck.regulation.parsers import corpus

    return payload.is_named(".jsonl", ".ndjson") or corpus.matches(payload)


def _with_dates(document: Document, row: dict[str, Any], published: date | None) -> Document:
    # The text of a record is read as it stands, so that a span counts in the characters of that field.
    text = next(
        (
            str(row[name])
            for name in ("text", "dates", "body", "content", "abstract", "summary", "description")
            if isinstance(row.get(name), str) and row[name]
        ),
        "",
    )
    issued = published or read_day(row.get("publication_date") or row.get("published") or row.get("issue") or row.get("date"))
    if not any(isinstance(row.get(name), str) and row[name] for name in ("text", "body", "content")) and isinstance(row.get("dates"), str):
        text = f"DATES: {row['dates']}" if "DATES:" not in row["dates"] else row["dates"]
    fields = [
        DateFact(kind, day, f"{name}: {row[name]}", Span(0, 0), basis="field")
        for kind, name in (("comment_close", "comments_close_on"), ("effective", "effective_on"))
        if (day := read_day(row.get(name)))
    ]
    known = {(fact.kind, fact.date) for fact in fields}
    read = [fact for fact in extract_dates(text, issued) if (fact.kind, fact.date) not in known]
    return Document(document.id, document.title, document.text, published=issued, dates=(*fields, *read))


def _dates_row(document: Document) -> dict[str, Any]:
    facts = list(document.dates)
    return {
        "id": document.id,
        "title": document.title,
        "published": document.published,
        "dates": [date_row(fact) for fact in facts],
        "conflicts": {kind: list(days) for kind, days in find_conflicts(facts).items()},
    }


def date_row(fact: DateFact) -> dict[str, Any]:
    """A date as answers show it; `type` repeats `kind` under the name that gold files use."""
    row = {
        "kind": fact.kind,
        "type": fact.kind,
        "date": fact.date,
        "phrase": fact.phrase,
        "span": [fact.span.start, fact.span.end],
        "certainty": fact.certainty,
        "basis": fact.basis,
    }
    extra = {"until": fact.until, "time": fact.time, "expression": fact.expression, "computed": fact.computed, "formula": fact.formula}
    return {**row, **{name: value for name, value in extra.items() if value}}


def answer_relevance(path: Path) -> list[dict[str, Any]]:
    """Relevance of each document of a file, in its order: id, title, score, grade, band, relevant, topics, why."""
    documents, problems = read_files([path])
    if not documents:
        raise BadInput(
            "The file holds no documents",
            thing=f"{path}: {'; '.join(problems[:3]) or 'empty'}",
            allowed="JSON lines with id, title and abstract; or any known payload",
        )
    return [relevance_row(document) for document in documents]


def relevance_row(document: Document) -> dict[str, Any]:
    """One document's relevance."""
    found = judge(document.title, document.abstract or document.text)
    return {
        "id": document.id,
        "title": document.title,
        "score": found.score,
        "portfolio_score": found.portfolio_score,
        "grade": found.grade,
        "band": found.band,
        "relevant": found.grade >= 1,
        "topics": list(found.topics),
        "why": list(found.why),
        "model": found.model,
    }


def build_index(documents: Iterable[Document], changes: Sequence[Change] = ()) -> Index:
    """A search index in memory over documents and changes."""
    index = Index()
    index.add(to_entry(document) for document in documents)
    index.add(Entry(f"change:{c.id}", c.title, f"{c.summary} {' '.join(c.implications)}", "") for c in changes)
    return index


def to_entry(document: Document) -> Entry:
    """What the index holds of a document."""
    text = document.text if document.abstract in document.text else f"{document.abstract} {document.text}"
    return Entry(document.id, document.title, text[:200_000], str(document.published or ""))


def split_hits(index: Index, query: str, limit: int) -> tuple[list[Hit], list[Hit]]:
    """Documents, best first, and apart from them the (at most three) changes of our own list that the question is about."""
    hits = index.search(query, limit + 12)
    documents = [hit for hit in hits if not hit.id.startswith("change:")]
    best = hits[0].score if hits else 0.0
    return documents[:limit], [hit for hit in hits if hit.id.startswith("change:") and hit.score >= 0.5 * best][:3]


def search_row(rank: int, hit: Hit) -> dict[str, Any]:
    """One document found."""
    return {"rank": rank, **asdict(hit)}


def answer_applies(changes: Sequence[Change], trials: Sequence[Trial], today: date, closed_world: bool) -> list[dict[str, Any]]:
    """Verdicts for every change and trial, each with the facts, the rule, what is missing and whom to ask what.

    `verdict` follows the chosen reading; `if_silence_is_a_question` and `if_silence_means_no` give both.
    """
    rows = []
    for change in changes:
        for trial in trials:
            open_world, closed = judge_trial(change.rule, trial, today, False), judge_trial(change.rule, trial, today, True)
            rows.append(judgement_row(change, closed if closed_world else open_world, open_world, closed))
    return rows


def judgement_row(change: Change, chosen: Judgement, open_world: Judgement, closed: Judgement) -> dict[str, Any]:
    """One verdict as answers show it."""
    return {
        "change": change.id,
        "trial": chosen.trial,
        "verdict": chosen.verdict,
        "because": chosen.because,
        "rule": chosen.rule,
        "matched_facts": list(chosen.matched_facts),
        "missing_facts": list(open_world.missing_facts),
        "question": " ".join(open_world.questions),
        "questions": list(open_world.questions),
        "why_not": list(chosen.why_not),
        "transitions": list(chosen.transitions),
        "severity": change.severity,
        "at_least": chosen.at_least,
        "if_silence_is_a_question": open_world.verdict,
        "if_silence_means_no": closed.verdict,
        "certainty": change.certainty,
    }


def read_queries(path: Path) -> list[dict[str, Any]]:
    """Questions of a JSON-lines file with `query`, for a batch of searches. Raises BadInput."""
    rows = []
    for number, line in enumerate(read_payload(path).text.splitlines(), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise BadInput("A line of the questions is not JSON", thing=f"{path.name}, line {number}: {error}") from error
            if not isinstance(row, dict) or not row.get("query"):
                raise BadInput("A line of the questions has no query", thing=f"{path.name}, line {number}", allowed='{"query": "…"}')
            rows.append(row)
    return rows
