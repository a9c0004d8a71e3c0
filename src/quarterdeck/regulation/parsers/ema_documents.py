"""EMA's export of all documents. It has been seen malformed and as a bare list: read record by record, and reconcile the count."""

from __future__ import annotations

import json
import re
from typing import Any

from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers.common import Parsed, Payload, clean, field_date, read_day, slug

KINDS = {
    "scientific-guideline": "guidance",
    "regulatory-procedural-guideline": "guidance",
    "guidance": "guidance",
    "consultation": "consultation",
    "news": "notice",
}
_RECORD = re.compile(r'\{\s*"id"\s*:')


def matches(payload: Payload) -> bool:
    """Records with document_url or ema_product_number, also inside a broken file."""
    return '"document_url"' in payload.text[:60000] or '"ema_product_number"' in payload.text[:60000]


def parse(payload: Payload) -> Parsed:
    """One document per record that can be read; the count of the export is compared with what was found."""
    parsed = Parsed()
    data = payload.data
    if isinstance(data, dict):
        parsed.stated = (data.get("meta") or {}).get("total_records") if isinstance(data.get("meta"), dict) else None
        rows = data.get("data") if isinstance(data.get("data"), list) else []
    elif isinstance(data, list):
        rows = data
    else:
        rows = _salvage(payload.text, parsed)
    for row in rows or []:
        if not isinstance(row, dict) or not row.get("name"):
            parsed.problem("name", str(row)[:60], "missing; the record is set aside")
            continue
        parsed.documents.append(_read(row))
    if parsed.stated is not None and parsed.stated != len(parsed.documents):
        parsed.problem("meta.total_records", payload.name, f"the export states {parsed.stated} records, {len(parsed.documents)} were read")
    return parsed


def _salvage(text: str, parsed: Parsed) -> list[Any]:
    """Records of a malformed export, one by one; what cannot be read is counted."""
    decoder, rows, position = json.JSONDecoder(), [], 0
    parsed.problem("payload", "export", "not valid JSON; read record by record")
    while match := _RECORD.search(text, position):
        try:
            row, position = decoder.raw_decode(text, match.start())
            rows.append(row)
        except (json.JSONDecodeError, RecursionError):
            parsed.problem("record", text[match.start() : match.start() + 40], "cannot be read; skipped")
            position = match.end()
    return rows


def _read(row: dict[str, Any]) -> Document:
    address = clean(row.get("document_url") or row.get("url"))
    return Document(
        id=f"ema:{clean(row.get('id')) or slug(address)}",
        native_id=clean(row.get("reference_number")),
        title=clean(row["name"]),
        authority="EMA",
        jurisdictions=("EU", "EEA"),
        kind=KINDS.get(clean(row.get("type")), "notice"),
        published=read_day(row.get("first_published_date")),
        updated=read_day(row.get("last_updated_date")),
        url=address,
        status=clean(row.get("status")),
        dates=field_date("comment_close", read_day(row.get("consultation_date")), "consultation_date"),
        extra={"type": clean(row.get("type"))},
    )
