"""Open Badges 3.0 credentials, self-issued and saying so: VC-JWT, RS256, with the public key in the header."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from quarterdeck.development.demonstrate.evidence import Item, Row
from quarterdeck.development.roles.load import load_standards
from quarterdeck.development.roles.model import Competency, RoleModel
from quarterdeck.vocabulary.errors import IntegrityBroken

CONTEXTS = ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]
SELF_ISSUED = "Self-issued from the learner's own portfolio. Quarterdeck is not an awarding organisation or approved centre; award decisions belong to one."
KEY_FILE = "development/portfolio-key.json"
BITS = 2048


class _Registry(jws.JWSRegistry):
    # A header that carries its public key, and a payload with a few items of evidence, are longer than the library expects by default.
    max_header_length = 8_192
    max_payload_length = 1_048_576


def read_key(home: Path) -> RSAKey:
    """The signing key of this installation, made on first use and readable by its owner only."""
    path = home / KEY_FILE
    if path.exists():
        return RSAKey.import_key(json.loads(path.read_text(encoding="utf-8")))
    path.parent.mkdir(parents=True, exist_ok=True)
    key = RSAKey.generate_key(BITS)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(key.as_dict(private=True), file)
    return key


def draft_credential(role: RoleModel, row: Row, items: Sequence[Item], learner: str, now: datetime) -> dict[str, Any]:
    """The credential for one competency: alignment of confirmed codes, evidence, result."""
    base = f"urn:quarterdeck:{role.id}"
    issued = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    result_id = f"{base}:result:{row.competency}"
    return {
        "@context": CONTEXTS,
        "id": f"urn:uuid:{uuid5(NAMESPACE_URL, f'{base}:{learner}:{row.competency}:{issued}')}",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": f"urn:quarterdeck:learner:{learner}", "type": ["Profile"], "name": f"{learner} (self-issued)"},
        "validFrom": issued,
        "name": row.name,
        "credentialSubject": {
            "id": f"urn:quarterdeck:learner:{learner}",
            "type": ["AchievementSubject"],
            "achievement": _achievement(role, row, base, result_id),
            "result": [{"type": ["Result"], "resultDescription": result_id, "value": row.status}],
        },
        "evidence": [
            {"id": f"urn:quarterdeck:evidence:{i.id}", "type": ["Evidence"], "name": i.title, "genre": i.kind, "description": f"{i.happened_on.isoformat()}; sha256 {i.sha256}"}
            for i in items
            if row.competency in i.competencies and not i.written_by_model
        ],
    }  # fmt: skip


def _achievement(role: RoleModel, row: Row, base: str, result_id: str) -> dict[str, Any]:
    narrative = "At least two items of work or witness, on two occasions and of two kinds, at most three years old, authentic."
    allowed = ["evidenced", "assessed"]
    return {
        "id": f"{base}:competency:{row.competency}",
        "type": ["Achievement"],
        "achievementType": "Competency",
        "name": row.name,
        "description": f"Target level {row.target} of the role {role.role}. {SELF_ISSUED}",
        "criteria": {"narrative": narrative},
        "alignment": _alignment(role.get(row.competency)),
        "resultDescription": [
            {"id": result_id, "type": ["ResultDescription"], "name": "Status", "resultType": "Status", "allowedValue": allowed}
        ],
    }


def _alignment(competency: Competency) -> list[dict[str, Any]]:
    # Only codes that were confirmed at their source.
    standards = load_standards()
    return [
        {
            "type": ["Alignment"],
            "targetName": standards[c].title,
            "targetCode": c,
            "targetFramework": standards[c].framework.upper(),
            "targetUrl": f"urn:standard:{c.replace('&', '%26')}",
        }
        for c in (*competency.nos, *competency.cmi)
        if c in standards and standards[c].verified
    ]


def sign_credential(credential: Mapping[str, Any], key: RSAKey) -> str:
    """The credential as compact VC-JWT: payload is the credential plus iss, jti, nbf and sub."""
    issued = datetime.strptime(credential["validFrom"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    payload = {
        **credential,
        "iss": credential["issuer"]["id"],
        "jti": credential["id"],
        "nbf": int(issued.timestamp()),
        "sub": credential["credentialSubject"]["id"],
    }
    header = {"alg": "RS256", "typ": "JWT", "jwk": public_part(key)}
    return jws.serialize_compact(header, json.dumps(payload, ensure_ascii=False).encode(), key, registry=_Registry(algorithms=["RS256"]))


def verify_credential(token: str) -> dict[str, Any]:
    """The payload of a token whose signature holds against the key in its header, and whose claims agree with the credential.

    Raises IntegrityBroken.
    """
    import base64

    try:
        head = token.split(".")[0]
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
        if header.get("alg") != "RS256" or header.get("typ") not in (None, "JWT"):
            raise IntegrityBroken("The credential is not signed as agreed", thing=str(header.get("alg")), allowed="RS256")
        signed = jws.deserialize_compact(token, RSAKey.import_key(header["jwk"]), registry=_Registry(algorithms=["RS256"]))
        payload = json.loads(signed.payload)
    except (JoseError, ValueError, KeyError, TypeError, IndexError) as error:
        raise IntegrityBroken("The signature of the credential does not hold", thing=str(error)) from error
    if (
        payload.get("iss") != payload["issuer"]["id"]
        or payload.get("jti") != payload["id"]
        or payload.get("sub") != payload["credentialSubject"]["id"]
    ):
        raise IntegrityBroken("The claims of the credential disagree with its content", thing=str(payload.get("jti")))
    return dict(payload)


def public_part(key: RSAKey) -> dict[str, Any]:
    """The public key as JWK."""
    return {name: value for name, value in key.as_dict(private=False).items() if name in ("kty", "n", "e")}


def fingerprint(public_key: Mapping[str, Any]) -> str:
    """The thumbprint of a public key (RFC 7638), by which two people can see that they mean the same."""
    return str(RSAKey.import_key(dict(public_key)).thumbprint())
