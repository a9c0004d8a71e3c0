"""ClinicalTrials.gov API v2: one study or a page of studies, as signals about competitors; contacts are never kept."""

from __future__ import annotations

from typing import Any

from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers.common import Parsed, Payload, clean, read_day


def matches(payload: Payload) -> bool:
    """JSON with protocolSection, alone or in studies."""
    rows = _rows(payload.data)
    return bool(rows) and isinstance(rows[0], dict) and "protocolSection" in rows[0]


def parse(payload: Payload) -> Parsed:
    """One trial record per study."""
    parsed = Parsed(
        stated=payload.data.get("totalCount") if isinstance(payload.data, dict) and not payload.data.get("nextPageToken") else None
    )
    for row in _rows(payload.data):
        section = row.get("protocolSection") or {}
        identity = section.get("identificationModule") or {}
        if not identity.get("nctId"):
            parsed.problem("nctId", str(row)[:60], "missing; the study is set aside")
            continue
        parsed.documents.append(_read(section, identity))
    return parsed


def _rows(data: Any) -> list[Any]:
    if isinstance(data, dict):
        return data["studies"] if isinstance(data.get("studies"), list) else [data] if "protocolSection" in data else []
    return data if isinstance(data, list) else []


def _read(section: dict[str, Any], identity: dict[str, Any]) -> Document:
    status, design = section.get("statusModule") or {}, section.get("designModule") or {}
    places = (section.get("contactsLocationsModule") or {}).get("locations") or []
    countries = sorted({clean(place.get("country")) for place in places if isinstance(place, dict) and place.get("country")})
    number = str(identity["nctId"])
    return Document(
        id=f"nct:{number}",
        native_id=number,
        title=clean(identity.get("briefTitle") or identity.get("officialTitle")),
        authority="ClinicalTrials.gov",
        jurisdictions=("US",),
        text=clean((section.get("descriptionModule") or {}).get("briefSummary")),
        kind="trial_record",
        published=read_day((status.get("studyFirstPostDateStruct") or {}).get("date")),
        updated=read_day((status.get("lastUpdatePostDateStruct") or {}).get("date")),
        status=clean(status.get("overallStatus")).lower(),
        url=f"https://clinicaltrials.gov/study/{number}",
        extra={
            "phase": ", ".join(design.get("phases") or []),
            "countries": ", ".join(countries),
            "start": clean((status.get("startDateStruct") or {}).get("date")),
            "primary_completion": clean((status.get("primaryCompletionDateStruct") or {}).get("date")),
            "enrolment": clean((design.get("enrollmentInfo") or {}).get("count")),
            "conditions": ", ".join((section.get("conditionsModule") or {}).get("conditions") or []),
            "sponsor": clean(((section.get("sponsorCollaboratorsModule") or {}).get("leadSponsor") or {}).get("name")),
        },
    )
