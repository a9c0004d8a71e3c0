"""EUR-Lex CELLAR: XHTML of an act, or an XML notice about it."""

from __future__ import annotations

import re

from quarterdeck.regulation.dates import extract_dates
from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers.common import Parsed, Payload, all_text, find_local, read_day, read_html, read_xml


def matches(payload: Payload) -> bool:
    """A notice element, or HTML that names the Official Journal and EUR-Lex classes."""
    head = payload.head
    return bool(re.search(r"<NOTICE[\s>]", head) and "WORK" in payload.text[:20000]) or bool(
        re.search(r"<html", head, re.IGNORECASE)
        and re.search(r"eli-(?:container|subdivision|main-title)|oj-doc-ti|class=\"oj-", payload.text[:60000])
    )


def parse(payload: Payload) -> Parsed:
    """One document per act."""
    return _parse_notice(payload) if re.search(r"<NOTICE[\s>]", payload.head) else _parse_act(payload)


def _parse_act(payload: Payload) -> Parsed:
    title, text = read_html(payload.text)
    number = re.search(r"Regulation \(E[UC]\)(?: No)? (\d+)/(\d+)|(\d{4})/(\d+)", f"{title} {text[:2000]}")
    celex = (re.search(r"\b[03]\d{4}[RLD]\d{4}\b", f"{payload.name} {payload.head}") or [""])[0]
    first = next((line for line in text.split("\n") if re.search(r"(?i)regulation|directive|decision", line)), title)
    name = celex or (number[0] if number else payload.name)
    document = Document(
        id=f"celex:{name}",
        native_id=name,
        celex=celex,
        title=(title if len(title) > 12 else first)[:300],
        text=text,
        authority="European Union",
        jurisdictions=("EU",),
        kind="law",
        url=f"https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=CELEX:{celex}" if celex else "",
        dates=tuple(extract_dates(text, day_first=True)),
    )
    return Parsed([document])


def _parse_notice(payload: Payload) -> Parsed:
    root, parsed = read_xml(payload.content), Parsed()
    celex = all_text(find_local(root, "RESOURCE_LEGAL_ID_CELEX")) or all_text(find_local(root, "ID_CELEX"))
    title = all_text(find_local(root, "EXPRESSION_TITLE"))
    if not celex:
        parsed.problem("RESOURCE_LEGAL_ID_CELEX", payload.name, "the notice names no act")
    parsed.documents.append(
        Document(
            id=f"celex:{celex or payload.name}",
            native_id=celex,
            celex=celex,
            title=title.removeprefix("VALUE ") or celex or payload.name,
            authority="European Union",
            jurisdictions=("EU",),
            kind="law",
            published=read_day(all_text(find_local(root, "WORK_DATE_DOCUMENT"))[:10]),
        )
    )
    return parsed
