"""Answers of regulations.gov v4: pages of documents, one document, one docket. Comment ends are UTC instants of Eastern midnights."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers.common import Parsed, Payload, clean, field_date, read_day

EASTERN = ZoneInfo("America/New_York")
KINDS = {
    "Rule": "final_rule",
    "Proposed Rule": "proposed_rule",
    "Notice": "notice",
    "Supporting & Related Material": "notice",
    "Other": "notice",
}


def matches(payload: Payload) -> bool:
    """JSON with data of type documents or dockets."""
    rows = _rows(payload.data)
    return bool(rows) and isinstance(rows[0], dict) and rows[0].get("type") in ("documents", "dockets") and "attributes" in rows[0]


def parse(payload: Payload) -> Parsed:
    """One document per record; the last day for comments is the Eastern day, not the UTC one."""
    meta = payload.data.get("meta") or {}
    parsed = Parsed(stated=meta.get("numberOfElements"))
    for row in _rows(payload.data):
        attributes = row.get("attributes") if isinstance(row, dict) else None
        if not isinstance(attributes, dict) or not row.get("id"):
            parsed.problem("attributes", str(row)[:60], "missing; the record is set aside")
            continue
        parsed.documents.append(_read(str(row["id"]), attributes, row.get("type") == "dockets"))
    return parsed


def eastern_day(value: object) -> date | None:
    """The day in Washington of a UTC instant: 2023-01-17T04:59:59Z is 16 January, 23:59 Eastern."""
    text = str(value or "")
    if "T" not in text:
        return read_day(text)
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(EASTERN).date()
    except ValueError:
        return None


def _rows(data: Any) -> list[Any]:
    found = data.get("data") if isinstance(data, dict) else None
    return found if isinstance(found, list) else [found] if isinstance(found, dict) else []


def _read(identifier: str, a: dict[str, Any], is_docket: bool) -> Document:
    number = str(a.get("frDocNum") or "")
    return Document(
        id=f"fr:{number}" if number else f"regsgov:{identifier}",
        native_id=identifier,
        title=clean(a.get("title") or identifier),
        text=clean(a.get("docAbstract") or a.get("dkAbstract") or ""),
        abstract=clean(a.get("docAbstract") or a.get("dkAbstract") or ""),
        authority=str(a.get("agencyId") or ""),
        jurisdictions=("US",),
        kind="notice" if is_docket else KINDS.get(str(a.get("documentType")), "notice"),
        published=eastern_day(a.get("postedDate")),
        updated=eastern_day(a.get("modifyDate") or a.get("lastModifiedDate")),
        url=f"https://www.regulations.gov/{'docket' if is_docket else 'document'}/{identifier}",
        docket=(str(a.get("docketId") or identifier),),
        cfr_parts=(str(a["cfrPart"]),) if a.get("cfrPart") else (),
        withdrawn=bool(a.get("withdrawn")),
        rin=str(a.get("rin") or ""),
        dates=(
            *field_date("comment_close", eastern_day(a.get("commentEndDate")), "commentEndDate", a.get("commentEndDate")),
            *field_date("effective", eastern_day(a.get("effectiveDate")), "effectiveDate", a.get("effectiveDate")),
        ),
    )
