"""CTIS: the portal's CSV export and the JSON of its search and retrieve calls. Numeric states are trusted, their words are not."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers.common import Parsed, Payload, clean, read_day

STATES = {
    2: "authorised, not started",
    3: "recruiting",
    4: "authorised, recruiting",
    5: "ongoing, recruiting",
    8: "ended",
    11: "not authorised",
    12: "cancelled",
}


def matches(payload: Payload) -> bool:
    """The export's header line, or JSON records with ctNumber."""
    data = payload.data
    rows = data.get("data") if isinstance(data, dict) else None
    is_json = isinstance(rows, list) and bool(rows) and isinstance(rows[0], dict) and "ctNumber" in rows[0]
    return is_json or (isinstance(data, dict) and "ctNumber" in data) or payload.text[:60].lstrip("\ufeff").startswith("Trial number,")


def parse(payload: Payload) -> Parsed:
    """One trial record per row."""
    if payload.data is not None:
        return _parse_json(payload.data)
    parsed = Parsed()
    for row in csv.DictReader(io.StringIO(payload.text.lstrip("\ufeff"))):
        number = clean(row.get("Trial number"))
        if not re.fullmatch(r"\d{4}-\d{6}-\d\d-\d\d", number):
            parsed.problem("Trial number", number or str(row)[:60], "not an EU trial number; the row is set aside")
            continue
        parsed.documents.append(
            Document(
                id=f"ctis:{number}",
                native_id=number,
                title=clean(row.get("Title of the trial")),
                text=clean(row.get("Primary endpoint")),
                authority="CTIS",
                jurisdictions=("EU", "EEA"),
                kind="trial_record",
                published=read_day(row.get("Decision date")),
                updated=read_day(row.get("Last updated")),
                status=clean(row.get("Overall trial status")),
                url=f"https://euclinicaltrials.eu/ctis-public/view/{number}",
                extra={
                    "phase": clean(row.get("Trial phase")),
                    "condition": clean(row.get("Medical conditions")),
                    "sponsor": clean(row.get("Sponsor/Co-Sponsors")),
                    "start": str(read_day(row.get("Start date")) or ""),
                    "countries": clean(row.get("Location(s) and recruitment status")),
                },
            )
        )
    return parsed


def _parse_json(data: dict[str, Any]) -> Parsed:
    rows = data.get("data") if isinstance(data.get("data"), list) else [data]
    pages = data.get("pagination") or {}
    parsed = Parsed(stated=pages.get("totalRecords") if pages.get("totalPages") == 1 else None)
    for row in rows or []:
        if not isinstance(row, dict) or not row.get("ctNumber"):
            parsed.problem("ctNumber", str(row)[:60], "missing; the record is set aside")
            continue
        code = row.get("ctPublicStatusCode") or row.get("ctStatus")
        state = STATES.get(int(str(code)), f"state {code}") if str(code).isdigit() else clean(code)
        parsed.documents.append(
            Document(
                id=f"ctis:{row['ctNumber']}",
                native_id=str(row["ctNumber"]),
                title=clean(row.get("ctTitle")),
                authority="CTIS",
                jurisdictions=("EU", "EEA"),
                kind="trial_record",
                published=read_day(row.get("decisionDateOverall") or row.get("decisionDate")),
                updated=read_day(row.get("lastUpdated")),
                status=state,
                extra={
                    "phase": clean(row.get("trialPhase")),
                    "condition": clean(row.get("conditions")),
                    "sponsor": clean(row.get("sponsor")),
                },
            )
        )
    return parsed
