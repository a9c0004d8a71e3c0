"""Daily tables of contents of the Federal Register: which document numbers each agency published."""

from __future__ import annotations

from quarterdeck.regulation.mentions import find_mentions
from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers.common import Parsed, Payload, clean
from quarterdeck.regulation.parsers.federal_register_api import KINDS


def matches(payload: Payload) -> bool:
    """JSON with agencies that have document_categories."""
    data = payload.data
    return (
        isinstance(data, dict)
        and isinstance(data.get("agencies"), list)
        and any("document_categories" in a for a in data["agencies"] if isinstance(a, dict))
    )


def parse(payload: Payload) -> Parsed:
    """One document per number, with subject and agency; text comes with other channels."""
    parsed = Parsed()
    days = find_mentions(payload.name.rpartition("/")[2].replace("_", " "))
    published = days[0].first if days else None
    seen: set[str] = set()
    for agency in payload.data["agencies"]:
        for category in agency.get("document_categories") or []:
            for entry in category.get("documents") or []:
                title = clean(" ".join(str(entry.get(key) or "") for key in ("subject_1", "subject_2", "subject_3")))
                for number in entry.get("document_numbers") or []:
                    if number in seen:
                        continue
                    seen.add(number)
                    parsed.documents.append(
                        Document(
                            id=f"fr:{number}",
                            native_id=number,
                            title=title,
                            authority=clean(agency.get("name")),
                            jurisdictions=("US",),
                            kind=KINDS.get(category.get("type"), "notice"),
                            published=published,
                            url=f"https://www.federalregister.gov/d/{number}",
                        )
                    )
    return parsed
