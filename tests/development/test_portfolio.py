"""The portfolio: published shapes, signatures that hold, and a first break that is named."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey
from pypdf import PdfReader
from typer.testing import CliRunner

from builders import build_snapshot
from quarterdeck.cli.main import app
from quarterdeck.development import actions
from quarterdeck.development.deliver.bots import speak
from quarterdeck.development.deliver.scenario import get_scenario
from quarterdeck.development.demonstrate import keeping
from quarterdeck.development.demonstrate.badges import fingerprint, public_part, read_key, verify_credential
from quarterdeck.development.demonstrate.evidence import Item
from quarterdeck.development.demonstrate.export import export, gather
from quarterdeck.development.demonstrate.exports import MOODLE_COLUMNS, to_case, to_moodle, to_statement
from quarterdeck.development.demonstrate.portfolio import MANIFEST, begin_chain, chain_files, link, sign_end, to_json_ld, verify_portfolio
from quarterdeck.development.demonstrate.readiness import describe_parts, describe_score
from quarterdeck.development.learner import Profile
from quarterdeck.development.roles.load import load_role
from quarterdeck.record.database import open_record
from quarterdeck.record.permissions import SINGLE_USER
from quarterdeck.vocabulary.errors import IntegrityBroken
from quarterdeck.vocabulary.settings import Settings

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A portfolio with evidence for T1, one finished conversation and one paused."""
    folder = tmp_path_factory.mktemp("portfolio")
    settings = Settings(home=folder / "home")
    record = open_record(settings)
    for n, kind in ((1, "work_product"), (2, "observation")):
        actions.add_evidence(
            record,
            SINGLE_USER,
            Item(
                "", kind, f"CAPA {n}", date(2026, n, 3), ("T1",), own_action="I closed it.", is_confirmed=True, authentic_by="audit event 3"
            ),
            NOW,
        )
    identifier, session = actions.open_conversation(record, SINGLE_USER, get_scenario("roleplay-investigator"), NOW, 1)
    for turn in range(14):
        if not session.is_over:
            session, _ = actions.speak(record, SINGLE_USER, identifier, speak(session, "expert", turn)[0], NOW)
    actions.open_conversation(record, SINGLE_USER, get_scenario("board-ai"), NOW, 1)
    return export(record, SINGLE_USER, settings, folder / "portfolio.zip", NOW)


def rewritten(portfolio: Path, folder: Path, change: dict[str, bytes | None], repair: bool = False, **head: object) -> Path:
    """The zip with some files changed (None: left out); with `repair` the manifest is made to fit again and signed with the owner's own key."""
    with zipfile.ZipFile(portfolio) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files = {name: content for name, content in {**files, **change}.items() if content is not None}
    manifest = json.loads(files[MANIFEST]) | head
    if repair:
        plain = {key: value for key, value in manifest.items() if key not in ("files", "last", "signature")}
        manifest["files"] = chain_files(
            plain, {e["path"]: (sha256(files[e["path"]]).hexdigest(), len(files[e["path"]])) for e in manifest["files"]}
        )
        manifest["last"] = manifest["files"][-1]["chain"]
        manifest["signature"] = sign_end(manifest["last"], len(manifest["files"]), read_key(portfolio.parent / "home"))
    files[MANIFEST] = json.dumps(manifest).encode()
    path = folder / "changed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def read(portfolio: Path, name: str) -> bytes:
    with zipfile.ZipFile(portfolio) as archive:
        return archive.read(name)


def test_an_untouched_portfolio_verifies(portfolio: Path) -> None:
    found = verify_portfolio(portfolio)
    assert found["credentials"] == 1
    assert found["files"] >= 9


def test_the_verify_command_answers_and_refuses(portfolio: Path, tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["development", "verify", str(portfolio)]).exit_code == 0
    broken = rewritten(portfolio, tmp_path, {"portfolio.jsonld": b"{}"})
    result = CliRunner().invoke(app, ["development", "verify", str(broken)])
    assert isinstance(result.exception, IntegrityBroken)
    assert "portfolio.jsonld" in str(result.exception)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"moodle/competencies.csv": b"x"}, "moodle/competencies.csv"),
        ({"case/package.json": None}, "case/package.json"),
        ({"credentials/T9.jwt": b"x"}, "credentials/T9.jwt"),
    ],
    ids=["changed", "missing", "added"],
)
def test_the_first_break_is_named(portfolio: Path, tmp_path: Path, change: dict[str, bytes | None], named: str) -> None:
    with pytest.raises(IntegrityBroken, match=named):
        verify_portfolio(rewritten(portfolio, tmp_path, change))


def test_a_forged_credential_is_found_even_where_the_manifest_was_repaired(portfolio: Path, tmp_path: Path) -> None:
    token = read(portfolio, "credentials/T1.jwt").decode()
    head, body, signature = token.split(".")
    forged = f"{head}.{body[:-8]}{'A' * 8}.{signature}".encode()
    with pytest.raises(IntegrityBroken, match=r"credentials/T1\.jwt"):
        verify_portfolio(rewritten(portfolio, tmp_path, {"credentials/T1.jwt": forged}, repair=True))


def test_a_changed_chain_is_found(portfolio: Path, tmp_path: Path) -> None:
    manifest = json.loads(read(portfolio, MANIFEST))
    manifest["files"][2]["chain"] = "0" * 64
    with pytest.raises(IntegrityBroken, match="chain"):
        verify_portfolio(rewritten(portfolio, tmp_path, {MANIFEST: json.dumps(manifest).encode()}))


def test_a_changed_date_is_found(portfolio: Path, tmp_path: Path) -> None:
    with pytest.raises(IntegrityBroken, match="date"):
        verify_portfolio(rewritten(portfolio, tmp_path, {}, made_at="2025-11-22T09:00:00+00:00"))


@pytest.mark.parametrize("part", ["form", "made_at", "key", "note", "added"])
def test_every_part_of_the_head_of_the_manifest_is_in_the_chain(portfolio: Path, part: str) -> None:
    manifest = json.loads(read(portfolio, MANIFEST))
    head = {key: value for key, value in manifest.items() if key not in ("files", "last", "signature")}
    assert manifest["files"][0]["chain"] == link(begin_chain(head), manifest["files"][0]["path"], manifest["files"][0]["sha256"])
    assert begin_chain({**head, part: "another"}) != begin_chain(head)


def test_a_chain_that_was_repaired_by_somebody_else_fails_at_its_signed_end(portfolio: Path, tmp_path: Path) -> None:
    repaired = rewritten(portfolio, tmp_path, {"moodle/competencies.csv": b"x"}, repair=True)
    manifest = json.loads(read(repaired, MANIFEST))
    old = json.loads(read(portfolio, MANIFEST))
    with pytest.raises(IntegrityBroken, match="signed end"):
        verify_portfolio(rewritten(repaired, tmp_path, {}, signature=old["signature"]))
    stranger = RSAKey.generate_key(2048)
    with pytest.raises(IntegrityBroken, match="signature of the end"):
        verify_portfolio(rewritten(repaired, tmp_path, {}, signature=sign_end(manifest["last"], len(manifest["files"]), stranger)))


def test_a_portfolio_signed_with_another_key_is_refused_where_the_key_is_known(portfolio: Path) -> None:
    key = verify_portfolio(portfolio)["key"]
    assert key == fingerprint(public_part(read_key(portfolio.parent / "home")))
    assert verify_portfolio(portfolio, key)["key"] == key
    with pytest.raises(IntegrityBroken, match="another key"):
        verify_portfolio(portfolio, "somebody-else")


def test_a_portfolio_of_the_earlier_form_is_refused_by_name(portfolio: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(portfolio) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files[MANIFEST])
    previous = "0" * 64
    for entry in manifest["files"]:
        entry["chain"] = previous = link(previous, entry["path"], entry["sha256"])
    old = {key: manifest[key] for key in ("made_at", "files", "key", "note")} | {"last": previous}
    path = tmp_path / "old.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**files, MANIFEST: json.dumps(old).encode()}.items():
            archive.writestr(name, content)
    with pytest.raises(IntegrityBroken, match="earlier version") as refused:
        verify_portfolio(path)
    assert "export it again" in str(refused.value)


@pytest.mark.parametrize(
    "manifest", [b"[]", b"{}", b'{"files": 3}', b'{"files": [{"path": ["x"]}]}', b'{"files": [], "made_at": 1, "key": 2, "last": 3}']
)
def test_a_manifest_that_is_no_manifest_gives_a_message(tmp_path: Path, manifest: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(MANIFEST, manifest)
    with pytest.raises(IntegrityBroken):
        verify_portfolio(tmp_path / "x.zip")


def test_page_pdf_and_json_ld_give_one_score_with_the_same_parts(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    record = open_record(settings)
    actions.answer_item(record, SINGLE_USER, "check:T1:3", 1, True, NOW)
    actions.keep_profile(record, SINGLE_USER, Profile(experience={"team": 12.0}), NOW)
    snapshot = build_snapshot(tmp_path, {"study": [{"study_id": "QD-1"}]}, data_cut=NOW.date())
    snapshot.cached(f"development.kpis_on.{load_role().id}", lambda: {"Q1": 0.75, "Q2": 0.5})
    shown = gather(record, SINGLE_USER, settings, NOW, snapshot).progression
    assert None not in shown.parts.values()
    assert shown.coverage == 1.0
    path = export(record, SINGLE_USER, settings, tmp_path / "portfolio.zip", NOW, snapshot)
    master = json.loads(read(path, "portfolio.jsonld"))["progression"]
    assert (master["score"], master["parts"], master["coverage"]) == (shown.score, dict(shown.parts), shown.coverage)
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(read(path, "index.pdf"))).pages).replace("\n", " ")
    assert describe_score(shown) in " ".join(text.split())
    assert all(value in text for _, value in describe_parts(shown))


def test_without_answers_the_portfolio_states_no_score(portfolio: Path) -> None:
    assert json.loads(read(portfolio, "portfolio.jsonld"))["progression"]["score"] is None
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(read(portfolio, "index.pdf"))).pages).replace("\n", " ")
    assert "There is no score yet" in " ".join(text.split())


def test_what_was_withdrawn_is_named_in_the_master_with_its_reason(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    record = open_record(settings)
    item = actions.add_evidence(
        record, SINGLE_USER, Item("", "self_statement", "A claim", date(2026, 1, 3), ("T1",), is_confirmed=True), NOW
    )
    keeping.withdraw_evidence(record, SINGLE_USER, item.id, "not so", NOW)
    master = to_json_ld(gather(record, SINGLE_USER, settings, NOW))
    assert master["evidence"] == []
    assert [(w["name"], w["reason"]) for w in master["withdrawn"]] == [("A claim", "not so")]


def test_something_that_is_no_zip_gives_a_message(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"hello")
    with pytest.raises(IntegrityBroken, match="cannot be read"):
        verify_portfolio(tmp_path / "x.zip")


def test_the_credential_is_an_open_badge_with_the_claims_of_a_jwt(portfolio: Path) -> None:
    payload = verify_credential(read(portfolio, "credentials/T1.jwt").decode())
    assert payload["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert {"iss", "jti", "nbf", "sub"} <= set(payload)
    achievement = payload["credentialSubject"]["achievement"]
    assert achievement["achievementType"] == "Competency"
    assert "Self-issued" in achievement["description"]
    assert all(not a["targetCode"].endswith("?") for a in achievement["alignment"])
    assert payload["credentialSubject"]["result"][0]["value"] == "evidenced"
    assert len(payload["evidence"]) == 2


def test_another_library_accepts_the_signature(portfolio: Path) -> None:
    import base64

    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA256

    head, body, signature = read(portfolio, "credentials/T1.jwt").decode().split(".")

    def decode(text: str) -> bytes:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    jwk = json.loads(decode(head))["jwk"]
    key = rsa.RSAPublicNumbers(int.from_bytes(decode(jwk["e"])), int.from_bytes(decode(jwk["n"]))).public_key()
    key.verify(decode(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), SHA256())


def test_the_key_is_private_to_its_owner_and_never_leaves(portfolio: Path) -> None:
    path = portfolio.parent / "home" / "development" / "portfolio-key.json"
    assert path.stat().st_mode & 0o077 == 0
    private = json.loads(path.read_text(encoding="utf-8"))["d"]
    with zipfile.ZipFile(portfolio) as archive:
        assert all(private.encode() not in archive.read(name) for name in archive.namelist())
    assert set(public_part(read_key(portfolio.parent / "home"))) == {"kty", "n", "e"}


def test_xapi_statements_are_accepted_by_the_models_of_ralph(portfolio: Path) -> None:
    ralph = pytest.importorskip("ralph.models.xapi.base.statements")
    statements = json.loads(read(portfolio, "xapi/statements.json"))
    assert len(statements) == 1
    for statement in statements:
        ralph.BaseXapiStatement.model_validate(statement)
        assert "local" not in statement["actor"]["account"]["name"]
        assert statement["result"]["score"]["scaled"] <= 1


def test_a_type_without_a_score_exports_none() -> None:
    held = {"scenario_id": "coaching-delegate", "type": "coaching", "log": [], "id": "1", "title": "t", "score": 0.0, "ended_at": NOW}
    assert "score" not in to_statement(held, "local", "salt")["result"]
    assert to_statement(held | {"type": "board"}, "local", "salt")["result"]["score"] == {"scaled": 0.0}


def test_the_case_package_links_every_item_to_its_parent() -> None:
    package = to_case(load_role(), NOW)
    assert len(package["CFItems"]) == 51
    ids = {i["identifier"] for i in package["CFItems"]} | {package["CFDocument"]["identifier"]}
    assert len(ids) == 52
    assert all({"uri", "lastChangeDateTime", "identifier", "fullStatement"} <= set(i) for i in package["CFItems"])
    for association in package["CFAssociations"]:
        assert association["associationType"] == "isChildOf"
        assert association["originNodeURI"]["identifier"] in ids
        assert association["destinationNodeURI"]["identifier"] in ids
        assert set(association["originNodeURI"]) == {"title", "identifier", "uri"}
    assert to_case(load_role(), NOW) == package


def test_the_moodle_file_has_its_fourteen_columns_and_a_parent_for_every_competency() -> None:
    rows = list(csv.reader(io.StringIO(to_moodle(load_role()))))
    assert rows[0] == list(MOODLE_COLUMNS)
    assert len(rows) == 53
    assert {len(row) for row in rows} == {14}
    assert [row[12] for row in rows[1:]].count("1") == 1
    ids = {row[1] for row in rows[1:]}
    assert all(row[0] in ids for row in rows[1:] if row[0])
    assert json.loads(rows[1][6])[0] == {"scaleid": "1"}
    assert len(rows[1][5].split(",")) == len(json.loads(rows[1][6])) - 1


def test_the_pdf_is_tagged_and_says_who_decides(portfolio: Path) -> None:
    reader = PdfReader(io.BytesIO(read(portfolio, "index.pdf")))
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.trailer["/Root"]["/Lang"]
    assert b"pdfuaid" in read(portfolio, "index.pdf") or "pdfuaid" in str(reader.xmp_metadata and reader.xmp_metadata.stream.get_data())
    assert "award decisions belong to one" in " ".join(page.extract_text() for page in reader.pages).replace("\n", " ")


def test_transcripts_are_whole_and_their_redacted_twins_hold_no_names(portfolio: Path) -> None:
    with zipfile.ZipFile(portfolio) as archive:
        names = [n for n in archive.namelist() if n.startswith("transcripts/")]
        assert len(names) == 2
        whole = archive.read(names[0]).decode() + archive.read(names[1]).decode()
        redacted = b"".join(archive.read(n.replace("transcripts", "redacted")) for n in names).decode()
    assert "Professor Ortiz" in whole
    assert "Ortiz" not in redacted
