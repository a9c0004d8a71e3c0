"""Plain collections, one JSON record per line (or one array): id, title, abstract or text, date. Anything a user exports."""

from __future__ import annotations

import json
from typing import Any

from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers.common import TEXT_LIMIT, Parsed, Payload, clean, read_day

IDS = ("id", "doc_id", "document_id", "document_number", "frdoc", "native_id", "key", "number")
TEXTS = ("text", "abstract", "summary", "body", "content", "description", "dates")
TITLES = ("title", "subject", "name", "heading")
DAYS = ("publication_date", "published", "date", "issue", "updated")


def matches(payload: Payload) -> bool:
    """Lines that are JSON objects, or an array of objects with one of the known names."""
    if isinstance(payload.data, list):
        return bool(payload.data) and isinstance(payload.data[0], dict) and any(name in payload.data[0] for name in (*TITLES, *TEXTS))
    first = payload.text.lstrip()[:1]
    return (
        first == "{"
        and payload.data is None
        and payload.text.count("\n") > 0
        and payload.text.lstrip().split("\n")[0].rstrip().endswith("}")
    )


def parse(payload: Payload) -> Parsed:
    """One document per record; a line that is not JSON is a problem, and the others are kept."""
    parsed = Parsed()
    for number, row in read_rows(payload, parsed):
        parsed.documents.append(to_document(row, number))
    return parsed


def read_rows(payload: Payload, parsed: Parsed) -> list[tuple[int, dict[str, Any]]]:
    """Numbered records of a JSON array, a single object, or JSON lines."""
    if isinstance(payload.data, list):
        rows: list[tuple[int, Any]] = list(enumerate(payload.data, 1))
    elif isinstance(payload.data, dict):
        rows = [(1, payload.data)]
    else:
        rows = []
        for number, line in enumerate(payload.text.split("\n"), 1):
            if line.strip():
                try:
                    rows.append((number, json.loads(line)))
                except (json.JSONDecodeError, RecursionError):
                    parsed.problem("line", f"line {number}", "not JSON; skipped")
    kept = []
    for number, row in rows:
        if isinstance(row, dict):
            kept.append((number, row))
        else:
            parsed.problem("record", f"line {number}", "not an object; skipped")
    return kept


def to_document(row: dict[str, Any], number: int) -> Document:
    """A document from a loosely named record."""
    identifier = _first(row, IDS) or f"line {number}"
    is_federal = "federalregister.gov" in str(row.get("html_url") or row.get("url") or "")
    abstract, text = clean(row.get("abstract")), _first(row, ("text", "body", "content"))
    return Document(
        id=identifier,
        native_id=identifier,
        title=clean(_first(row, TITLES)),
        abstract=abstract,
        text=(text or abstract or _first(row, TEXTS))[:TEXT_LIMIT],
        authority=clean(row.get("authority") or row.get("agency")) or ("Federal Register" if is_federal else ""),
        jurisdictions=tuple(row["jurisdictions"]) if isinstance(row.get("jurisdictions"), list) else ("US",) if is_federal else (),
        kind=clean(row.get("kind")) or _kind(clean(_first(row, TITLES))),
        published=read_day(_first(row, DAYS)),
        url=clean(row.get("html_url") or row.get("url")),
    )


def _kind(title: str) -> str:
    lower = title.lower()
    if "guidance" in lower:
        return "draft" if "draft" in lower else "guidance"
    return "notice"


def _first(row: dict[str, Any], names: tuple[str, ...]) -> str:
    return next((str(row[name]) for name in names if row.get(name) not in (None, "")), "")
