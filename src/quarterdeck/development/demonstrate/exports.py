"""Exports in published shapes: xAPI statements, a CASE package, a Moodle competency file. Field names are theirs; no conformance is claimed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from quarterdeck.development.deliver.scenario import load_types
from quarterdeck.development.roles.load import load_standards
from quarterdeck.development.roles.model import RoleModel

XAPI_VERSION = "1.0.3"
COMPLETED = {"id": "http://adlnet.gov/expapi/verbs/completed", "display": {"en-GB": "completed"}}
MOODLE_COLUMNS = (
    "Parent ID number", "ID number", "Short name", "Description", "Description format", "Scale values", "Scale configuration",
    "Rule type (optional)", "Rule outcome (optional)", "Rule config (optional)", "Cross-referenced competency ID numbers",
    "Exported ID (optional)", "Is framework", "Taxonomy",
)  # fmt: skip


def pseudonym(person: str, salt: str) -> str:
    """A stable name that does not tell who it is."""
    return sha256(f"{salt}:{person}".encode()).hexdigest()[:16]


def to_statement(conversation: Mapping[str, Any], person: str, salt: str) -> dict[str, Any]:
    """One xAPI statement for one ended session: scaled score where its type has one, hash of the transcript, pseudonym."""
    scenario = conversation["scenario_id"]
    transcript = json.dumps(conversation["log"], sort_keys=True, ensure_ascii=False)
    return {
        "id": str(uuid5(NAMESPACE_URL, f"quarterdeck:session:{conversation['id']}")),
        "version": XAPI_VERSION,
        "actor": {
            "objectType": "Agent",
            "account": {"homePage": "https://quarterdeck.example/development", "name": pseudonym(person, salt)},
        },
        "verb": COMPLETED,
        "object": {
            "objectType": "Activity",
            "id": f"https://quarterdeck.example/development/practise/{scenario}",
            "definition": {"type": "http://adlnet.gov/expapi/activities/simulation", "name": {"en-GB": conversation["title"]}},
        },
        "result": {
            **({"score": {"scaled": round(float(conversation["score"]), 4)}} if load_types()[conversation["type"]].scored else {}),
            "completion": True,
            "extensions": {"https://quarterdeck.example/xapi/transcript-sha256": sha256(transcript.encode()).hexdigest()},
        },
        "context": {"language": "en-GB", "extensions": {"https://quarterdeck.example/xapi/kind": "practice, not evidence of performance"}},
        "timestamp": conversation["ended_at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }


def to_case(role: RoleModel, now: datetime) -> dict[str, Any]:
    """A CASE 1.0 package: document, one item per group and competency, isChildOf associations."""
    changed = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    document = _case_id(role, "document")
    link = {"title": role.role, "identifier": document, "uri": f"urn:uuid:{document}"}
    entries = [(g.id, g.name, "Group", "") for g in role.groups] + [(c.id, c.name, "Competency", c.group) for c in role.competencies]
    items = [
        {
            "identifier": _case_id(role, code), "uri": f"urn:uuid:{_case_id(role, code)}", "CFDocumentURI": link, "fullStatement": name,
            "humanCodingScheme": code, "CFItemType": kind, "language": "en", "lastChangeDateTime": changed,
        }
        for code, name, kind, _ in entries
    ]  # fmt: skip
    associations = [_association(role, code, name, parent, changed, link) for code, name, _, parent in entries]
    return {
        "CFDocument": {
            "identifier": document, "uri": f"urn:uuid:{document}", "creator": "Quarterdeck", "title": role.role, "language": "en",
            "lastChangeDateTime": changed, "adoptionStatus": "Draft",
            "CFPackageURI": {"title": role.role, "identifier": _case_id(role, "package"), "uri": f"urn:uuid:{_case_id(role, 'package')}"},
        },
        "CFItems": items,
        "CFAssociations": associations,
    }  # fmt: skip


def to_moodle(role: RoleModel) -> str:
    """The competency framework as Moodle imports it: 14 columns in fixed order; a framework row, the groups, the competencies."""
    scale = ",".join(level.name for level in role.scale)
    configuration = json.dumps(
        [
            {"scaleid": "1"},
            {"id": 1, "scaledefault": 1, "proficient": 0},
            *({"id": n + 1, "scaledefault": 0, "proficient": int(n >= 3)} for n in range(1, 6)),
        ]
    )
    standards = load_standards()
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(MOODLE_COLUMNS)
    writer.writerow(
        [
            "",
            role.id,
            role.role,
            f"{role.role}: competencies in our own wording",
            "1",
            scale,
            configuration,
            "",
            "",
            "",
            "",
            "",
            "1",
            "domain,competency",
        ]
    )
    for group in role.groups:
        writer.writerow(["", f"{role.id}-{group.id}", group.name, group.name, "1", "", "", "", "", "", "", "", "", ""])
    for c in role.competencies:
        codes = ", ".join(n for n in c.nos if n in standards and standards[n].verified)
        described = f"Target level {c.target}." + (f" Confirmed codes: {codes}." if codes else "")
        writer.writerow([f"{role.id}-{c.group}", f"{role.id}-{c.id}", c.name[:100], described, "1", "", "", "", "", "", "", "", "", ""])
    return out.getvalue()


def to_json_lines(statements: Sequence[Mapping[str, Any]]) -> str:
    """Statements as a JSON array, one per line."""
    return "[\n" + ",\n".join(json.dumps(s, ensure_ascii=False, sort_keys=True) for s in statements) + "\n]\n"


def _association(role: RoleModel, code: str, name: str, parent: str, changed: str, document: Mapping[str, str]) -> dict[str, Any]:
    own = _case_id(role, f"association:{code}")
    groups = {g.id: g.name for g in role.groups}
    target = (
        {"title": groups[parent], "identifier": _case_id(role, parent), "uri": f"urn:uuid:{_case_id(role, parent)}"}
        if parent
        else dict(document)
    )
    return {
        "identifier": own, "uri": f"urn:uuid:{own}", "CFDocumentURI": dict(document), "associationType": "isChildOf",
        "originNodeURI": {"title": name, "identifier": _case_id(role, code), "uri": f"urn:uuid:{_case_id(role, code)}"},
        "destinationNodeURI": target, "lastChangeDateTime": changed,
    }  # fmt: skip


def _case_id(role: RoleModel, name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"quarterdeck:case:{role.id}:{name}"))
