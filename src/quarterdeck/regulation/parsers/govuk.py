"""GOV.UK: the Content API (consultations, guides, alerts, publications) and the Search API. The notes of the change history are the best signal."""

from __future__ import annotations

from typing import Any

from quarterdeck.regulation.dates import extract_dates
from quarterdeck.regulation.model import DateFact, Document
from quarterdeck.regulation.parsers.common import TEXT_LIMIT, Parsed, Payload, clean, field_date, read_day, strip_html

KINDS = {
    "consultation": "consultation",
    "open_consultation": "consultation",
    "closed_consultation": "consultation",
    "consultation_outcome": "consultation",
    "call_for_evidence": "consultation",
    "detailed_guide": "guidance",
    "guidance": "guidance",
    "html_publication": "guidance",
    "publication": "guidance",
    "medical_safety_alert": "alert",
    "drug_safety_update": "alert",
    "drug-device-alerts": "alert",
    "news_article": "notice",
    "news_story": "notice",
    "statutory_guidance": "guidance",
    "regulation": "law",
}


def matches(payload: Payload) -> bool:
    """JSON of one content item (base_path and schema_name or document_type), or of a search with results that have links."""
    data = payload.data
    if not isinstance(data, dict):
        return False
    is_search = (
        isinstance(data.get("results"), list)
        and bool(data["results"])
        and isinstance(data["results"][0], dict)
        and "link" in data["results"][0]
    )
    return is_search or ("base_path" in data and ("schema_name" in data or "document_type" in data)) or "content_id" in data


def parse(payload: Payload) -> Parsed:
    """One document per content item or search result."""
    data = payload.data
    if isinstance(data.get("results"), list):
        return _parse_search(data)
    parsed = Parsed()
    if not data.get("title"):
        parsed.problem("title", payload.name, "missing; the item is kept by its path")
    parsed.documents.append(_read(data, parsed))
    return parsed


def _parse_search(data: dict[str, Any]) -> Parsed:
    parsed = Parsed(stated=len(data["results"]))
    for row in data["results"]:
        if not isinstance(row, dict) or not row.get("link") or not row.get("title"):
            parsed.problem("link, title", str(row)[:60], "missing; the result is set aside")
            continue
        parsed.documents.append(
            Document(
                id=f"govuk:{row['link']}",
                native_id=str(row["link"]),
                title=clean(row["title"]),
                text=clean(row.get("description")),
                abstract=clean(row.get("description")),
                authority="MHRA",
                jurisdictions=("GB",),
                kind=KINDS.get(str(row.get("format") or row.get("content_store_document_type")), "notice"),
                published=read_day(row.get("public_timestamp")),
                url=f"https://www.gov.uk{row['link']}",
            )
        )
    return parsed


def _read(data: dict[str, Any], parsed: Parsed) -> Document:
    details = data.get("details") if isinstance(data.get("details"), dict) else {}
    assert isinstance(details, dict)
    path = str(data.get("base_path") or data.get("content_id"))
    body = details.get("body") or ""
    text = strip_html(body if isinstance(body, str) else " ".join(str(part.get("content", "")) for part in body if isinstance(part, dict)))[
        :TEXT_LIMIT
    ]
    withdrawn = data.get("withdrawn_notice") or details.get("withdrawn_notice") or {}
    history = [entry for entry in details.get("change_history") or [] if isinstance(entry, dict)]
    organisations = [clean(o.get("title")) for o in (data.get("links") or {}).get("organisations") or [] if isinstance(o, dict)]
    closing = _real_day(details.get("closing_date"), "closing_date", path, parsed)
    said = [fact for fact in extract_dates(text, day_first=True) if not (closing and fact.kind == "comment_close" and fact.date == closing)]
    return Document(
        id=f"govuk:{path}",
        native_id=path,
        title=clean(data.get("title")) or path,
        text=text,
        abstract=clean(data.get("description")),
        authority=", ".join(organisations[:2]) or "GOV.UK",
        jurisdictions=("GB",),
        kind=KINDS.get(str(data.get("document_type")), KINDS.get(str(data.get("schema_name")), "notice")),
        published=read_day(data.get("first_published_at")),
        updated=read_day(data.get("public_updated_at")),
        url=f"https://www.gov.uk{path}",
        language=str(data.get("locale") or "en"),
        status=str(data.get("document_type") or ""),
        withdrawn=bool(withdrawn),
        dates=(*_closing(closing), *said),
        notes=tuple(f"{(read_day(entry.get('public_timestamp')) or '')} {clean(entry.get('note'))}".strip() for entry in history),
        extra={"opens": str(read_day(details.get("opening_date")) or "")},
    )


def _closing(closing: object) -> tuple[DateFact, ...]:
    return field_date("comment_close", closing, "closing_date") if closing else ()  # type: ignore[arg-type]


def _real_day(value: object, name: str, record: str, parsed: Parsed) -> object:
    day = read_day(value)
    if value and day is None:
        parsed.problem(name, record, f"{value} is a placeholder; no date is stated")
    return day
