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

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from quarterdeck.development.demonstrate import badges, exports
from quarterdeck.development.demonstrate.evidence import Item, Row, Signature
from quarterdeck.development.demonstrate.readiness import Progression, Unit, describe_parts, describe_score, sentence_of
from quarterdeck.development.demonstrate.redact import redact
from quarterdeck.development.roles.model import RoleModel
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import IntegrityBroken

MANIFEST = "manifest.json"
GENESIS = "0" * 64
FORM = 2  # 1 had no `form`, its date and key stood outside the chain, and nothing signed the end
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
    withdrawn: Sequence[Item] = ()


def write_portfolio(portfolio: Portfolio, key: RSAKey, path: Path, salt: str) -> Path:
    """The zip at `path`. Equal content gives equal hashes in the manifest."""
    files = collect_files(portfolio, key, salt)
    manifest = build_manifest(files, portfolio.today, key)
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


def build_manifest(files: Mapping[str, bytes], now: datetime, key: RSAKey) -> dict[str, Any]:
    """Hash and chain of every file, and the signed end of the chain.

    The chain begins with the head (form, instant, key, note), so that none of it can be changed: chain 0 = link(zeros, "manifest.json",
    hash of the head), chain n = sha256(chain n-1, path, hash).
    """
    head = {"form": FORM, "made_at": now.astimezone(UTC).isoformat(), "key": badges.public_part(key), "note": f"{PROVES} {DISCLAIMER}"}
    entries = chain_files(head, {name: (sha256(content).hexdigest(), len(content)) for name, content in files.items()})
    last = entries[-1]["chain"] if entries else begin_chain(head)
    return {**head, "files": entries, "last": last, "signature": sign_end(last, len(entries), key)}


def begin_chain(head: Mapping[str, Any]) -> str:
    """The first link: the head of the manifest, with sorted keys and no spaces."""
    plain = json.dumps(head, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return link(GENESIS, MANIFEST, sha256(plain.encode()).hexdigest())


def chain_files(head: Mapping[str, Any], files: Mapping[str, tuple[str, int]]) -> list[dict[str, Any]]:
    """One entry a file, each with its link. `files`: hash and size by path."""
    previous, entries = begin_chain(head), []
    for name, (digest, size) in files.items():
        previous = link(previous, name, digest)
        entries.append({"path": name, "sha256": digest, "bytes": size, "chain": previous})
    return entries


def sign_end(last: str, count: int, key: RSAKey) -> str:
    """The end of the chain and the number of files, signed (JWS, RS256)."""
    return jws.serialize_compact({"alg": "RS256"}, json.dumps({"last": last, "files": count}).encode(), key, algorithms=["RS256"])


def verify_portfolio(path: Path, fingerprint: str = "") -> dict[str, Any]:
    """Recompute hashes, chain and signatures, offline. Raises IntegrityBroken that names the first break.

    With `fingerprint` the portfolio must be signed with that key: whoever has another key can write another portfolio.
    """
    names, contents, manifest = _open(path)
    if len(set(names)) != len(names):
        raise IntegrityBroken("A file occurs twice in the zip", thing=next(n for n in names if names.count(n) > 1))
    head = {key: value for key, value in manifest.items() if key not in ("files", "last", "signature")}
    listed = {entry["path"]: entry for entry in manifest["files"]}
    present = {name: (sha256(contents[name]).hexdigest(), len(contents[name])) for name in listed if name in contents}
    for name, entry in listed.items():
        if name not in present:
            raise IntegrityBroken("First break: a file is missing", thing=name)
        if present[name] != (entry["sha256"], entry["bytes"]):
            raise IntegrityBroken("First break: a file was changed", thing=name)
    for entry, wanted in zip(manifest["files"], chain_files(head, present), strict=True):
        if entry != wanted:
            is_first = entry is manifest["files"][0]
            raise IntegrityBroken(
                "First break: the date, key or note of the manifest, or the first link of its chain"
                if is_first
                else "First break: the chain",
                thing=MANIFEST if is_first else entry["path"],
            )
    if manifest["last"] != (manifest["files"][-1]["chain"] if listed else begin_chain(head)):
        raise IntegrityBroken("First break: the end of the chain", thing=MANIFEST)
    if extra := sorted(set(contents) - set(listed)):
        raise IntegrityBroken("First break: a file that the manifest does not know", thing=extra[0])
    credentials = _verify_credentials(contents, manifest)
    _verify_end(manifest)
    signed_with = badges.fingerprint(manifest["key"])
    if fingerprint and fingerprint.strip() != signed_with:
        raise IntegrityBroken("The portfolio is signed with another key", thing=signed_with, allowed=fingerprint.strip())
    return {"files": len(listed), "credentials": credentials, "made_at": manifest["made_at"], "key": signed_with, "note": PROVES}


def _open(path: Path) -> tuple[list[str], dict[str, bytes], dict[str, Any]]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            contents = {name: archive.read(name) for name in names}
        manifest = json.loads(contents.pop(MANIFEST))
        paths = [entry["path"] for entry in manifest["files"]]
        is_whole = (
            len(set(paths)) == len(paths)
            and {"made_at", "key", "last"} <= set(manifest)
            and all({"sha256", "bytes", "chain"} <= set(entry) for entry in manifest["files"])
        )
    except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise IntegrityBroken("The portfolio cannot be read", thing=f"{path}: {error}") from error
    if not is_whole:
        raise IntegrityBroken("The manifest is not whole", thing=f"{path}: {MANIFEST}")
    if manifest.get("form") != FORM or "signature" not in manifest:
        raise IntegrityBroken(
            "The portfolio has the form of an earlier version, whose date and end of the chain are not signed",
            thing=str(path),
            next_step="It cannot be shown to be unchanged. Ask its owner to export it again.",
        )
    return names, contents, manifest


def _verify_end(manifest: Mapping[str, Any]) -> None:
    try:
        signed = jws.deserialize_compact(manifest["signature"], RSAKey.import_key(manifest["key"]), algorithms=["RS256"])
        payload = json.loads(signed.payload)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IntegrityBroken("First break: the signature of the end of the chain", thing=MANIFEST) from error
    if payload != {"last": manifest["last"], "files": len(manifest["files"])}:
        raise IntegrityBroken("First break: the signed end of the chain is another", thing=MANIFEST)


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
        undone = " [taken back]" if entry.get("undone") else ""
        lines.append(f"{entry['who']}{by}{undone}: {entry['text']}")
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
        "withdrawn": [{"id": i.id, "name": i.title, "withdrawnOn": i.withdrawn_on, "reason": i.withdrawn_because} for i in portfolio.withdrawn],
        "progression": {"score": portfolio.progression.score, "interval": asdict(portfolio.progression.interval) if portfolio.progression.interval else None, "parts": dict(portfolio.progression.parts), "coverage": portfolio.progression.coverage},
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
        describe_parts(portfolio.progression),
    )
    source = f"""
#set document(title: {_text(f"Portfolio of {portfolio.learner}")}, author: {_text(portfolio.learner)})
#set page(paper: "a4", margin: 2.2cm, numbering: "1")
#set text(lang: "en", region: "gb", size: 10pt)
#set heading(numbering: none)
#title()
#{_text(f"{portfolio.role.role}. Made on {wording.day(portfolio.today)}. {DISCLAIMER}")}
= Where it stands
#{_text(f"{sum(r.status == 'assessed' for r in portfolio.matrix)} of {len(portfolio.matrix)} competencies are assessed by a named person, {sum(r.status == 'evidenced' for r in portfolio.matrix)} are evidenced. {sentence_of(portfolio.units)}")}
#{_text(describe_score(portfolio.progression))}
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
