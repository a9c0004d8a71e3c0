"""The portfolio as one zip: a tagged PDF, the master in JSON-LD, credentials, transcripts, exports, and a manifest whose hashes form a chain."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from joserfc.jwk import RSAKey

from quarterdeck.development.demonstrate import badges, exports
from quarterdeck.development.demonstrate.evidence import Item, Row, Signature
from quarterdeck.development.demonstrate.readiness import PART_NAMES, Progression, Unit, sentence_of
from quarterdeck.development.demonstrate.redact import redact
from quarterdeck.development.roles.model import RoleModel
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import IntegrityBroken

MANIFEST = "manifest.json"
GENESIS = "0" * 64
DISCLAIMER = "Quarterdeck is not an awarding organisation or approved centre; award decisions belong to one."
PROVES = "This proves that nothing changed since the export. It does not prove who wrote it."
ZIP_TIME = (2000, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Portfolio:
    """Everything that goes into the zip."""

    role: RoleModel
    learner: str
    person: str
    today: datetime
    matrix: Sequence[Row]
    items: Sequence[Item]
    signatures: Sequence[Signature]
    units: Sequence[Unit]
    progression: Progression
    conversations: Sequence[Mapping[str, Any]] = ()
    artefacts: Mapping[str, bytes] = field(default_factory=dict)


def write_portfolio(portfolio: Portfolio, key: RSAKey, path: Path, salt: str) -> Path:
    """The zip at `path`. Equal content gives equal hashes in the manifest."""
    files = collect_files(portfolio, key, salt)
    manifest = build_manifest(files, portfolio.today, badges.public_part(key))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**files, MANIFEST: json.dumps(manifest, indent=2, ensure_ascii=False).encode()}.items():
            archive.writestr(zipfile.ZipInfo(name, ZIP_TIME), content, zipfile.ZIP_DEFLATED)
    return path


def collect_files(portfolio: Portfolio, key: RSAKey, salt: str) -> dict[str, bytes]:
    """Every file but the manifest, by its path in the zip."""
    files: dict[str, bytes] = {"portfolio.jsonld": _json(to_json_ld(portfolio)), "index.pdf": render_pdf(portfolio)}
    for row in portfolio.matrix:
        if row.status in ("evidenced", "assessed"):
            credential = badges.draft_credential(portfolio.role, row, portfolio.items, portfolio.person, portfolio.today)
            files[f"credentials/{row.competency}.jwt"] = badges.sign_credential(credential, key).encode()
            files[f"credentials/{row.competency}.json"] = _json(credential)
    statements = []
    for conversation in portfolio.conversations:
        name = f"{conversation['id']}"
        text = transcript(conversation)
        files[f"transcripts/{name}.txt"] = text.encode()
        files[f"redacted/{name}.txt"] = redact(text)[0].encode()
        if conversation["status"] == "ended":
            statements.append(exports.to_statement(conversation, portfolio.person, salt))
    for name, content in portfolio.artefacts.items():
        files[f"artefacts/{Path(name).name}"] = content
    files["xapi/statements.json"] = exports.to_json_lines(statements).encode()
    files["case/package.json"] = _json(exports.to_case(portfolio.role, portfolio.today))
    files["moodle/competencies.csv"] = exports.to_moodle(portfolio.role).encode()
    return dict(sorted(files.items()))


def build_manifest(files: Mapping[str, bytes], now: datetime, public_key: Mapping[str, Any]) -> dict[str, Any]:
    """Hash and chain of every file: chain n = sha256(chain n−1, path, hash)."""
    previous, entries = GENESIS, []
    for name, content in files.items():
        digest = sha256(content).hexdigest()
        previous = link(previous, name, digest)
        entries.append({"path": name, "sha256": digest, "bytes": len(content), "chain": previous})
    return {
        "made_at": now.astimezone(UTC).isoformat(),
        "files": entries,
        "last": previous,
        "key": dict(public_key),
        "note": f"{PROVES} {DISCLAIMER}",
    }


def verify_portfolio(path: Path) -> dict[str, Any]:
    """Recompute hashes, chain and signatures, offline. Raises IntegrityBroken that names the first break."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            contents = {name: archive.read(name) for name in names}
        manifest = json.loads(contents.pop(MANIFEST))
        listed = [entry["path"] for entry in manifest["files"]]
    except (OSError, zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError) as error:
        raise IntegrityBroken("The portfolio cannot be read", thing=f"{path}: {error}") from error
    if len(set(names)) != len(names):
        raise IntegrityBroken("A file occurs twice in the zip", thing=next(n for n in names if names.count(n) > 1))
    previous = GENESIS
    for entry in manifest["files"]:
        if entry["path"] not in contents:
            raise IntegrityBroken("First break: a file is missing", thing=entry["path"])
        digest = sha256(contents[entry["path"]]).hexdigest()
        if digest != entry["sha256"]:
            raise IntegrityBroken("First break: a file was changed", thing=entry["path"])
        previous = link(previous, entry["path"], digest)
        if previous != entry["chain"]:
            raise IntegrityBroken("First break: the chain of the manifest", thing=entry["path"])
    if previous != manifest["last"]:
        raise IntegrityBroken("First break: the end of the chain", thing=MANIFEST)
    if extra := sorted(set(contents) - set(listed)):
        raise IntegrityBroken("First break: a file that the manifest does not know", thing=extra[0])
    return {"files": len(listed), "credentials": _verify_credentials(contents, manifest), "made_at": manifest["made_at"], "note": PROVES}


def link(previous: str, name: str, digest: str) -> str:
    """One link of the chain."""
    return sha256(f"{previous}\n{name}\n{digest}".encode()).hexdigest()


def _verify_credentials(contents: Mapping[str, bytes], manifest: Mapping[str, Any]) -> int:
    count = 0
    for name in sorted(n for n in contents if n.endswith(".jwt")):
        try:
            payload = badges.verify_credential(contents[name].decode())
            head = contents[name].decode().split(".")[0]
            if json.loads(_decode(head))["jwk"] != manifest["key"]:
                raise IntegrityBroken("The key of the credential is not that of the manifest", thing=name)
        except IntegrityBroken as error:
            raise IntegrityBroken(f"First break: {error.what}", thing=name) from error
        plain = json.loads(contents[name.replace(".jwt", ".json")])
        if any(payload.get(field_name) != value for field_name, value in plain.items()):
            raise IntegrityBroken("First break: the credential and its signed form differ", thing=name)
        count += 1
    return count


def transcript(conversation: Mapping[str, Any]) -> str:
    """The conversation as text, unedited, each line with who spoke and by what (rules or a model)."""
    lines = [f"{conversation['title']} ({conversation['scenario_id']}), {conversation['started_at']:%Y-%m-%d}", ""]
    for entry in conversation["log"]:
        by = "" if entry.get("by") in ("rules", "learner", None) else f" [worded by {entry['by']}]"
        lines.append(f"{entry['who']}{by}: {entry['text']}")
    return "\n".join(lines) + "\n"


def to_json_ld(portfolio: Portfolio) -> dict[str, Any]:
    """The master: everything the other files show."""
    return {
        "@context": {"@vocab": "https://quarterdeck.example/development#", "name": "https://schema.org/name", "description": "https://schema.org/description"},
        "@type": "Portfolio",
        "@id": f"urn:quarterdeck:portfolio:{portfolio.person}",
        "name": f"Portfolio of {portfolio.learner}",
        "role": {"@id": f"urn:quarterdeck:{portfolio.role.id}", "name": portfolio.role.role},
        "madeAt": portfolio.today.astimezone(UTC).isoformat(),
        "disclaimer": DISCLAIMER,
        "competencies": [asdict(row) for row in portfolio.matrix],
        "evidence": [{**asdict(i), "happened_on": i.happened_on.isoformat(), "weight": i.weight} for i in portfolio.items],
        "signOffs": [{**asdict(s), "signed_on": s.signed_on.isoformat()} for s in portfolio.signatures],
        "units": [{"code": u.code, "title": u.title, "verified": u.verified, "readiness": round(u.readiness, 3)} for u in portfolio.units],
        "readiness": sentence_of(portfolio.units),
        "progression": {"score": portfolio.progression.score, "interval": asdict(portfolio.progression.interval), "parts": dict(portfolio.progression.parts), "coverage": portfolio.progression.coverage},
        "conversations": [{"id": c["id"], "scenario": c["scenario_id"], "status": c["status"], "score": c["score"]} for c in portfolio.conversations],
    }  # fmt: skip


def render_pdf(portfolio: Portfolio) -> bytes:
    """The portfolio as a tagged PDF (PDF/UA-1)."""
    import typst

    rows = [
        (r.competency, r.name, r.target, r.status + (f", {r.assessed_by}" if r.assessed_by else ""), sum(r.counts.values()))
        for r in portfolio.matrix
    ]
    table = _table(("Code", "Competency", "Target", "Status", "Items"), rows)
    evidence = _table(
        ("Date", "Kind", "Title", "For"),
        [
            (
                i.happened_on.isoformat(),
                i.kind.replace("_", " "),
                i.title + (" (text drafted by a model, does not count)" if i.written_by_model else ""),
                ", ".join(i.competencies),
            )
            for i in portfolio.items
        ],
    )
    units = _table(
        ("Unit", "Title", "Code confirmed", "Readiness"),
        [(u.code, u.title, "yes" if u.verified else "no", wording.share(u.readiness, 0)) for u in portfolio.units],
    )
    parts = _table(
        ("Part", "Value"),
        [(PART_NAMES[k], "not known" if v is None else wording.share(v, 0)) for k, v in portfolio.progression.parts.items()],
    )
    progression = portfolio.progression
    source = f"""
#set document(title: {_text(f"Portfolio of {portfolio.learner}")}, author: {_text(portfolio.learner)})
#set page(paper: "a4", margin: 2.2cm, numbering: "1")
#set text(lang: "en", region: "gb", size: 10pt)
#set heading(numbering: none)
#title()
#{_text(f"{portfolio.role.role}. Made on {wording.day(portfolio.today)}. {DISCLAIMER}")}
= Where it stands
#{_text(f"{sum(r.status == 'assessed' for r in portfolio.matrix)} of {len(portfolio.matrix)} competencies are assessed by a named person, {sum(r.status == 'evidenced' for r in portfolio.matrix)} are evidenced. {sentence_of(portfolio.units)}")}
#{_text(f"Career progression score {progression.score:.0f} of 100 ({wording.interval(progression.interval)}), from {wording.share(progression.coverage, 0)} of its weights.")}
{parts}
= Competencies
{table}
= Evidence
{evidence if portfolio.items else '#"No evidence yet."'}
= Units of occupational standards
{units}
"""
    return bytes(typst.compile(source.encode(), format="pdf", pdf_standards=["ua-1"]))


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    cells = ", ".join(f"[#{_text(str(cell))}]" for row in rows for cell in row)
    header = ", ".join(f"[*#{_text(name)}*]" for name in head)
    columns = ", ".join("auto" if n != 1 else "1fr" for n in range(len(head)))
    return f"#table(columns: ({columns}), stroke: 0.4pt + luma(160), inset: 5pt, table.header({header}), {cells})\n"


def _text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=2, default=str).encode()


def _decode(part: str) -> bytes:
    import base64

    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
