"""UK law from legislation.gov.uk: Crown Legislation Markup (CLML), whole or in fragments, with provisions and their extents and states."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from quarterdeck.regulation.dates import extract_dates
from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers.common import TEXT_LIMIT, Parsed, Payload, all_text, find_local, local, read_day, read_xml


def matches(payload: Payload) -> bool:
    """XML with an address of legislation.gov.uk or the root Legislation."""
    return payload.head.lstrip().startswith("<") and (
        "legislation.gov.uk" in payload.head or re.search(r"<(?:\w+:)?Legislation[\s>]", payload.head) is not None
    )


def parse(payload: Payload) -> Parsed:
    """One document for the payload; its provisions are lines that begin with their number, prospective ones are marked."""
    root, parsed = read_xml(payload.content), Parsed()
    address = root.get("DocumentURI") or next((e.get("DocumentURI") for e in root.iter() if e.get("DocumentURI")), None) or payload.name
    where = re.search(r"legislation\.gov\.uk/(?:id/)?(\w+)/(\d{4})/(\d+)", address)
    name = "/".join(where.groups()) if where else payload.name
    lines: list[str] = []
    _walk(root, lines)
    title = find_local(root, "title") if find_local(root, "title") is not None else find_local(root, "Title")
    prospective = any(e.get("Status") == "Prospective" for e in root.iter())
    if not lines:
        parsed.problem("Text", payload.name, "no provisions")
    text = "\n\n".join(lines)[:TEXT_LIMIT]
    parsed.documents.append(
        Document(
            id=f"uklaw:{name}{_fragment(address)}",
            native_id=name,
            title=all_text(title) or name,
            text=text,
            authority="UK Parliament",
            jurisdictions=("GB",),
            kind="law",
            published=read_day(root.get("RestrictStartDate")),
            url=address.replace("http://", "https://"),
            status="prospective" if prospective else "in force",
            dates=tuple(extract_dates(text, day_first=True)),
            extra={"extent": root.get("RestrictExtent") or ""},
        )
    )
    return parsed


def _fragment(address: str) -> str:
    match = re.search(r"/\d{4}/\d+/(.+)$", address)
    return f"/{match[1]}" if match else ""


def _walk(element: Element, lines: list[str]) -> None:
    for child in element:
        name = local(child.tag)
        if name in ("P1", "P2", "P3", "P4", "P5"):
            number = next((all_text(c) for c in child if local(c.tag) == "Pnumber"), "")
            own = [all_text(t) for para in child if local(para.tag).endswith("para") for t in para if local(t.tag) == "Text"]
            identifier = (child.get("id") or "").replace("section-", "").replace("regulation-", "").replace("-", ".") or number
            if own:
                lines.append(f"[{identifier}] " + " ".join(own))
        elif name == "Title":
            lines.append(f"# {all_text(child)}")
        elif name == "Text" and local(element.tag) not in ("P1para", "P2para", "P3para", "P4para", "P5para"):
            lines.append(all_text(child))
        if name not in ("Title", "Text"):
            _walk(child, lines)
