"""Answers of the Federal Register API v1: lists of documents and single documents."""

from __future__ import annotations

import re
from typing import Any

from quarterdeck.regulation.dates import extract_dates
from quarterdeck.regulation.model import DateFact, Document
from quarterdeck.regulation.parsers.common import Parsed, Payload, clean, field_date, read_day, strip_html

KINDS = {
    "Rule": "final_rule",
    "Proposed Rule": "proposed_rule",
    "Notice": "notice",
    "RULE": "final_rule",
    "PRORULE": "proposed_rule",
    "NOTICE": "notice",
}


def matches(payload: Payload) -> bool:
    """JSON whose records have a document_number and a title (not a stored corpus of lines)."""
    rows = _rows(payload.data)
    return bool(rows) and isinstance(rows[0], dict) and "document_number" in rows[0] and "id" not in rows[0]


def parse(payload: Payload) -> Parsed:
    """One document per record. A record without number or title is quarantined."""
    parsed = Parsed(stated=payload.data.get("count") if isinstance(payload.data, dict) else None)
    for row in _rows(payload.data):
        if not isinstance(row, dict) or not row.get("document_number") or not row.get("title"):
            parsed.problem("document_number, title", str(row)[:60], "missing; the record is set aside")
            continue
        parsed.documents.append(_read(row))
    if isinstance(payload.data, dict) and payload.data.get("errors"):
        parsed.problem("errors", payload.name, clean(payload.data["errors"]))
    return parsed


def _rows(data: Any) -> list[Any]:
    if isinstance(data, dict):
        return data["results"] if isinstance(data.get("results"), list) else [data] if "document_number" in data else []
    return data if isinstance(data, list) else []


def _read(row: dict[str, Any]) -> Document:
    published = read_day(row.get("publication_date"))
    number = str(row["document_number"])
    fields: tuple[DateFact, ...] = (
        *field_date("comment_close", read_day(row.get("comments_close_on")), "comments_close_on"),
        *field_date("effective", read_day(row.get("effective_on")), "effective_on"),
    )
    statement = strip_html(str(row.get("dates") or ""))
    known = {(fact.kind, fact.date) for fact in fields}
    said = [f for f in extract_dates(f"DATES: {statement}", published) if (f.kind, f.date) not in known] if statement else []
    agencies = [a.get("name") or a.get("raw_name") or "" for a in row.get("agencies") or [] if isinstance(a, dict)]
    references = [f"{r.get('title')} CFR Part {r.get('part')}" for r in row.get("cfr_references") or [] if isinstance(r, dict)]
    title, action = clean(row["title"]), clean(row.get("action"))
    kind = KINDS.get(str(row.get("type")), "notice")
    if kind == "notice" and re.search(r"guidance", f"{title} {action}", re.IGNORECASE):
        kind = "draft" if re.search(r"draft", f"{title} {action}", re.IGNORECASE) else "guidance"
    return Document(
        id=f"fr:{number}",
        native_id=number,
        title=title,
        abstract=clean(row.get("abstract")),
        text=clean(row.get("abstract")),
        authority=", ".join(agencies[:3]),
        jurisdictions=("US",),
        kind=kind,
        published=published,
        url=str(row.get("html_url") or ""),
        docket=tuple(map(str, row.get("docket_ids") or ())),
        rin=str((row.get("regulation_id_numbers") or [""])[0]),
        cfr_parts=tuple(references),
        dates=(*fields, *said),
        corrects=str(row.get("correction_of") or ""),
        extra={"action": action, "citation": str(row.get("citation") or "")},
    )
