"""Whole issues of the Federal Register as XML (FEDREG), and single RULE, PRORULE or NOTICE elements."""

from __future__ import annotations

import re
from datetime import date
from xml.etree.ElementTree import Element

from quarterdeck.regulation.dates import extract_dates
from quarterdeck.regulation.mentions import find_mentions
from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers.common import TEXT_LIMIT, Parsed, Payload, all_text, read_xml
from quarterdeck.regulation.placing import place_dates

KINDS = {"RULE": "final_rule", "PRORULE": "proposed_rule", "NOTICE": "notice"}


def matches(payload: Payload) -> bool:
    """An XML text with the element FEDREG, or one of its documents."""
    return payload.head.lstrip().startswith("<") and re.search(r"<(?:FEDREG|RULE|PRORULE|NOTICE)[\s>]", payload.head) is not None


def parse(payload: Payload) -> Parsed:
    """One document per RULE, PRORULE and NOTICE, with the dates of its DATES paragraph."""
    root, parsed = read_xml(payload.content), Parsed()
    mentions = find_mentions(all_text(root.find("DATE")))
    published = mentions[0].first if mentions else None
    for tag, kind in KINDS.items():
        for number, element in enumerate(root.iter(tag)):
            document = _read(element, kind, published, f"{tag.lower()}-{number}")
            if not document.title:
                parsed.problem("SUBJECT", document.id, "no subject; the document is kept by its number")
            parsed.documents.append(document)
    if not parsed.documents:
        parsed.problem("RULE, PRORULE, NOTICE", payload.name, "the issue holds no documents")
    return parsed


def get_paragraphs(element: Element) -> list[str]:
    """The paragraphs, headings and other leaves of text of a document, in order, one line each."""
    leaves = ("P", "FP", "HD", "SUBJECT", "AGENCY", "SUBAGY", "CFR", "RIN", "DEPDOC", "LI", "AMDPAR", "SECTNO", "FTNT", "ENT", "TTITLE")
    paragraphs = []
    for child in element.iter():
        if child.tag in leaves and (text := all_text(child)):
            paragraphs.append(text)
    return paragraphs


def _read(element: Element, kind: str, published: date | None, fallback: str) -> Document:
    number = re.search(r"(\d{4})[–-]?\s*-?\s*(\d{4,6})|(E\d-\d+)", all_text(element.find(".//FRDOC")).replace("–", "-"))
    native = f"{number[1]}-{number[2]}" if number and number[1] else number[0] if number else ""
    dates = " ".join(all_text(found) for tag in ("EFFDATE", "DATES") for found in element.iter(tag))
    text = "\n\n".join(get_paragraphs(element))[:TEXT_LIMIT]
    action = _labelled(element, "ACT")
    depdoc = all_text(element.find(".//DEPDOC"))
    statement = dates if re.match(r"(?i)\s*(?:effective |comment )?dates?:", dates) else f"DATES: {dates}"
    return Document(
        id=f"fr:{native}" if native else f"fr:{published or 'undated'}:{fallback}",
        native_id=native,
        title=all_text(element.find(".//SUBJECT")),
        text=text,
        abstract=_labelled(element, "SUM"),
        authority=all_text(element.find(".//AGENCY")),
        jurisdictions=("US",),
        kind=_kind(kind, action),
        published=published,
        url=f"https://www.federalregister.gov/d/{native}" if native else "",
        docket=tuple(re.findall(r"[A-Z]{2,}[A-Z–-]*[–-]\d{4}[–-][A-Z]?[–-]?\d{3,5}", depdoc.replace("–", "-"))),
        rin=(re.search(r"\d{4}[–-][A-Z]{2}\d\d", all_text(element.find(".//RIN"))) or [""])[0].replace("–", "-"),
        cfr_parts=tuple(re.findall(r"\d+ CFR Parts? [\d, and]+\d", all_text(element.find(".//CFR")))),
        dates=place_dates(extract_dates(statement, published), statement, text) if dates else (),
        corrects="correction" if "correction" in f"{action} {all_text(element.find('.//SUBJECT'))}".lower() else "",
        extra={"dates": dates, "action": action, "sub_agency": all_text(element.find(".//SUBAGY"))},
    )


def _labelled(element: Element, tag: str) -> str:
    found = element.find(f".//{tag}")
    return " ".join(all_text(p) for p in found.iter("P")) if found is not None else ""


def _kind(kind: str, action: str) -> str:
    lower = action.lower()
    if "draft guidance" in lower or ("draft" in lower and "guidance" in lower):
        return "draft"
    return "guidance" if "guidance" in lower and kind == "notice" else kind
