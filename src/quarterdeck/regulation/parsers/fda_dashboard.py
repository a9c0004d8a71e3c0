"""The FDA's inspections dashboard: HTTP is always 200, and the statuscode in the body says what happened (400 is success)."""

from __future__ import annotations

from collections import Counter

from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers.common import Parsed, Payload, clean, read_day

MEANINGS = {400: "success", 412: "no rows match", 401: "refused: key or user", 403: "refused", 429: "too many requests"}


def matches(payload: Payload) -> bool:
    """JSON with a statuscode in the body."""
    return isinstance(payload.data, dict) and "statuscode" in payload.data


def parse(payload: Payload) -> Parsed:
    """Inspections counted by year, project area and classification; rows about people are never kept."""
    code = int(payload.data.get("statuscode") or 0)
    rows = payload.data.get("result") or []
    parsed = Parsed(stated=payload.data.get("resultcount"))
    if code != 400:
        parsed.problem(
            "statuscode", payload.name, f"{code}: {MEANINGS.get(code, 'unknown')}; {clean(payload.data.get('message'))}".strip("; ")
        )
        return parsed
    counts: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        day = read_day(row.get("InspectionEndDate"))
        counts[str(day.year if day else "no date"), clean(row.get("ProjectArea")), clean(row.get("Classification"))] += 1
    parsed.documents = [
        Document(
            id=f"fda-inspections:{year}:{area}:{result}".replace(" ", "-").lower(),
            title=f"FDA inspections {year}: {area}, {result}",
            text=f"{count} inspections.",
            authority="FDA",
            jurisdictions=("US",),
            kind="inspection",
            extra={"count": str(count), "year": year, "classification": result},
        )
        for (year, area, result), count in sorted(counts.items())
    ]
    return parsed
