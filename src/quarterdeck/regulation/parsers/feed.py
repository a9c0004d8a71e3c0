"""RSS and Atom feeds of any authority: title, link, day, summary."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from quarterdeck.regulation.dates import extract_dates
from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers.common import Parsed, Payload, all_text, clean, local, read_day, read_xml, slug


def matches(payload: Payload) -> bool:
    """XML with rss, feed or RDF at its root."""
    return payload.head.lstrip().startswith("<") and re.search(r"<(?:rss|feed|rdf:RDF)[\s>]", payload.head) is not None


def parse(payload: Payload) -> Parsed:
    """One document per item or entry; an empty feed is a problem, for silence may be a fault."""
    root, parsed = read_xml(payload.content), Parsed()
    name = all_text(next((e for e in root.iter() if local(e.tag) == "title"), None))
    for item in (e for e in root.iter() if local(e.tag) in ("item", "entry")):
        title = _field(item, "title")
        if not title:
            parsed.problem("title", all_text(item)[:60], "missing; the item is set aside")
            continue
        link = _link(item)
        summary = clean(_field(item, "description") or _field(item, "summary") or _field(item, "content"))
        day = read_day(_field(item, "pubDate") or _field(item, "published") or _field(item, "updated") or _field(item, "date"))
        parsed.documents.append(
            Document(
                id=f"feed:{slug(link or title, 120)}",
                native_id=link,
                title=clean(title),
                text=summary,
                abstract=summary,
                authority=clean(name),
                published=day,
                url=link,
                updated=read_day(_field(item, "updated")),
                dates=tuple(extract_dates(summary, day)),
            )
        )
    if not parsed.documents:
        parsed.problem("item, entry", payload.name, "the feed is empty")
    return parsed


def _field(item: Element, name: str) -> str:
    return next((all_text(child) for child in item if local(child.tag) == name and all_text(child)), "")


def _link(item: Element) -> str:
    for child in item:
        if local(child.tag) == "link":
            address = child.get("href") or all_text(child)
            if address.startswith(("https://", "http://")):
                return address
    return ""
