"""Registry records, whatever their form, as versions with the few fields that matter, each with the line it stands on."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from quarterdeck.vocabulary.errors import BadInput

MILESTONES = {"start": "startDateStruct", "primary_completion": "primaryCompletionDateStruct", "completion": "completionDateStruct"}
CHANGE = re.compile(r"Field `([^`]+)` changed from `([^`]*)` to `([^`]*)`")


@dataclass(frozen=True, slots=True)
class Stated:
    """A date as a record states it (2026-07 or 2026-07-14), whether it is actual, and its line."""

    date: str
    is_actual: bool
    line: int


@dataclass(frozen=True, slots=True)
class Location:
    """One site of a record."""

    facility: str
    city: str
    country: str
    status: str
    line: int


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one record."""

    nct_id: str
    version_date: date | None
    file: str
    line: int
    digest: str
    fields: dict[str, Any]
    milestones: dict[str, Stated]
    enrolment: tuple[int, bool] | None
    locations: tuple[Location, ...]

    @property
    def identity(self) -> tuple[str, str, str]:
        """The same version, wherever its file lies."""
        return self.nct_id, str(self.version_date), self.digest


@dataclass(frozen=True, slots=True)
class Change:
    """A field of a record that changed, as a history file tells it."""

    nct_id: str
    noticed_at: datetime
    field: str
    old: str
    new: str
    file: str
    line: int


def is_history(content: str) -> bool:
    """Whether a file is a history of field changes."""
    return content.lstrip().startswith("[") and '"diff"' in content[:2000]


def read_versions(content: str, file: str) -> list[Version]:
    """The versions in one file: a v2 record, a page of them, or a legacy XML record. Raises BadInput where it is none."""
    if content.lstrip().startswith("<"):
        return [_read_legacy(content, file)]
    try:
        document = json.loads(content)
    except json.JSONDecodeError as error:
        raise BadInput("A registry record cannot be read", thing=f"{file}: {error}") from error
    studies = document.get("studies", [document]) if isinstance(document, dict) else document
    found = [_read_v2(study, content, file) for study in studies if isinstance(study, dict) and "protocolSection" in study]
    if not found:
        raise BadInput("The file holds no registry record", thing=file, allowed="ClinicalTrials.gov API v2 JSON or legacy XML")
    return found


def read_history(content: str, file: str) -> list[Change]:
    """The field changes of a history file, whose name holds the NCT number."""
    found = re.search(r"NCT[0-9]{8}", file)
    if not found:
        raise BadInput("A history file does not name its trial", thing=file, next_step="Put the NCT number into its name.")
    changes = []
    for entry in json.loads(content):
        noticed = datetime.fromisoformat(entry["timestamp"])
        for field, old, new in CHANGE.findall(entry["diff"]):
            line = _line_of(content, entry["timestamp"], 0)
            changes.append(Change(found[0], noticed, field.removeprefix("protocolSection."), old, new, file, line))
    return changes


def _read_v2(study: dict[str, Any], content: str, file: str) -> Version:
    section = study["protocolSection"]
    identification, status = section["identificationModule"], section.get("statusModule", {})
    nct_id = identification["nctId"]
    start = max(content.find(f'"{nct_id}"'), 0)
    milestones = {}
    for name, key in MILESTONES.items():
        stated = status.get(key) or {}
        if stated.get("date"):
            milestones[name] = Stated(stated["date"], stated.get("type", "ACTUAL") == "ACTUAL", _line_of(content, f'"{key}"', start))
    enrolment = section.get("designModule", {}).get("enrollmentInfo", {})
    interventions = section.get("armsInterventionsModule", {}).get("interventions", [])
    return Version(
        nct_id=nct_id,
        version_date=_read_date(status.get("lastUpdateSubmitDate") or status.get("lastUpdatePostDateStruct", {}).get("date")),
        file=file,
        line=_line_of(content, f'"{nct_id}"', 0),
        digest=hashlib.sha256(json.dumps(study, sort_keys=True).encode()).hexdigest(),
        fields={
            "nickname": identification.get("acronym"),
            "title": identification.get("officialTitle") or identification.get("briefTitle"),
            "phases": section.get("designModule", {}).get("phases", []),
            "conditions": section.get("conditionsModule", {}).get("conditions", []),
            "products": [
                entry.get("name", "") for entry in interventions if entry.get("type") in ("DRUG", "BIOLOGICAL", "DEVICE", "GENETIC")
            ],
            "status": status.get("overallStatus"),
        },
        milestones=milestones,
        enrolment=(int(enrolment["count"]), enrolment.get("type") == "ACTUAL") if "count" in enrolment else None,
        locations=_read_locations(section, content, start),
    )


def _read_locations(section: dict[str, Any], content: str, start: int) -> tuple[Location, ...]:
    found: list[Location] = []
    position = content.find('"locations"', start)
    for entry in section.get("contactsLocationsModule", {}).get("locations", []):
        needle = json.dumps(entry.get("facility", ""), ensure_ascii=False)
        position = max(content.find(needle, position + 1), position)
        line = content.count("\n", 0, max(position, 0)) + 1 if len(found) < 5000 else 1
        found.append(Location(entry.get("facility", ""), entry.get("city", ""), entry.get("country", ""), entry.get("status", ""), line))
    return tuple(found)


def _read_legacy(content: str, file: str) -> Version:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(content)
    except (ParseError, DefusedXmlException) as error:
        raise BadInput("A registry record cannot be read", thing=f"{file}: {error}") from error
    nct_id = root.findtext("id_info/nct_id")
    if not nct_id:
        raise BadInput("The file holds no registry record", thing=file)
    processed = re.search(r"on (.+)$", root.findtext("required_header/download_date") or "")
    milestones = {}
    for name in MILESTONES:
        node = root.find(f"{name}_date")
        if node is not None and node.text:
            milestones[name] = Stated(_legacy_date(node.text), node.get("type") == "Actual", _line_of(content, f"<{name}_date", 0))
    enrolment = root.find("enrollment")
    return Version(
        nct_id=nct_id,
        version_date=_read_date(_legacy_date(root.findtext("last_update_submitted") or (processed[1] if processed else ""))),
        file=file,
        line=_line_of(content, f"<nct_id>{nct_id}", 0),
        digest=hashlib.sha256(content.encode()).hexdigest(),
        fields={
            "nickname": root.findtext("acronym"),
            "title": root.findtext("official_title") or root.findtext("brief_title"),
            "phases": [
                word for word in re.split("/", (root.findtext("phase") or "").replace("Phase ", "PHASE")) if word.startswith("PHASE")
            ],
            "conditions": [node.text or "" for node in root.findall("condition")],
            "products": sorted(
                {
                    node.findtext("intervention_name") or ""
                    for node in root.findall("intervention")
                    if node.findtext("intervention_type") in ("Drug", "Biological", "Device")
                }
            ),
            "status": (root.findtext("overall_status") or "").upper().replace(", ", "_").replace(" ", "_"),
        },
        milestones=milestones,
        enrolment=(int(enrolment.text), enrolment.get("type") == "Actual") if enrolment is not None and enrolment.text else None,
        locations=_legacy_locations(root, content),
    )


def _legacy_locations(root: Any, content: str) -> tuple[Location, ...]:
    lines = [number for number, line in enumerate(content.splitlines(), start=1) if "<location>" in line]
    found = []
    for line, node in zip(lines, root.findall("location"), strict=False):
        status = (node.findtext("status") or "").upper().replace(", ", "_").replace(" ", "_")
        address = "facility/address"
        found.append(
            Location(
                node.findtext("facility/name") or "",
                node.findtext(f"{address}/city") or "",
                node.findtext(f"{address}/country") or "",
                status,
                line,
            )
        )
    return tuple(found)


def _legacy_date(value: str) -> str:
    """'June 30, 2022' and 'July 2026' in ISO form; what is neither stays as it is."""
    for pattern, shape in (("%B %d, %Y", "%Y-%m-%d"), ("%B %Y", "%Y-%m")):
        try:
            return datetime.strptime(value.strip(), pattern).strftime(shape)  # noqa: DTZ007 - a day, not an instant
        except ValueError:
            continue
    return value.strip()


def _read_date(value: str | None) -> date | None:
    """A day; a month counts as its first day, for a version is known from then on."""
    if not value:
        return None
    try:
        return date.fromisoformat(value if len(value) == 10 else f"{value}-01")
    except ValueError:
        return None


def _line_of(content: str, needle: str, start: int) -> int:
    position = content.find(needle, start)
    return content.count("\n", 0, position) + 1 if position >= 0 else 1
