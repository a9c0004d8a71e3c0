"""Answers of the eCFR versioner: the feed of changes, and the full text of a part (DIV8 is a section)."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers.common import TEXT_LIMIT, Parsed, Payload, all_text, clean, field_date, read_day, read_xml


def matches(payload: Payload) -> bool:
    """JSON with content_versions, or XML with DIV5 or DIV8."""
    data = payload.data
    if isinstance(data, dict):
        return isinstance(data.get("content_versions"), list)
    return payload.head.lstrip().startswith("<") and re.search(r"<(?:ECFR|DIV[1-9])[\s>]", payload.head) is not None


def parse(payload: Payload) -> Parsed:
    """One document per changed section, or per section of the full text."""
    return _parse_versions(payload) if payload.data is not None else _parse_full(payload)


def _parse_versions(payload: Payload) -> Parsed:
    parsed = Parsed(stated=len(payload.data["content_versions"]))
    for row in payload.data["content_versions"]:
        if not isinstance(row, dict) or not row.get("identifier"):
            parsed.problem("identifier", str(row)[:60], "missing; the record is set aside")
            continue
        issued = read_day(row.get("issue_date") or row.get("date"))
        state = "removed" if row.get("removed") else "substantive" if row.get("substantive") else "editorial"
        parsed.documents.append(
            Document(
                id=f"ecfr:{row.get('title', '21')}:{row['identifier']}@{issued}",
                native_id=str(row["identifier"]),
                title=clean(row.get("name") or row["identifier"]),
                authority="FDA",
                jurisdictions=("US",),
                kind="law",
                published=issued,
                status=state,
                withdrawn=bool(row.get("removed")),
                cfr_parts=(f"{row.get('title', '21')} CFR Part {row.get('part', '')}",),
                dates=field_date("effective", read_day(row.get("amendment_date")), "amendment_date"),
            )
        )
    return parsed


def _parse_full(payload: Payload) -> Parsed:
    parsed = Parsed()
    root = read_xml(payload.content)
    for section in (e for e in root.iter() if e.tag == "DIV8" or e.get("TYPE") == "SECTION"):
        number = (section.get("N") or "").replace("§", "").strip()
        parsed.documents.append(
            Document(
                id=f"ecfr:21:{number}",
                native_id=number,
                title=all_text(section.find("HEAD")),
                text=_paragraphs(section),
                authority="FDA",
                jurisdictions=("US",),
                kind="law",
                url=f"https://www.ecfr.gov/current/title-21/section-{number}",
                cfr_parts=(f"21 CFR Part {number.split('.')[0]}",),
            )
        )
    if not parsed.documents:
        parsed.problem("DIV8", payload.name, "no sections")
    return parsed


def _paragraphs(section: Element) -> str:
    return "\n\n".join(text for child in section.iter() if child.tag in ("P", "FP", "CITA") and (text := all_text(child)))[:TEXT_LIMIT]
