"""The check: reads a finished file back and names every number, date, name, quotation and citation that its source does not carry."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quarterdeck.papers.claims import ClaimRefused
from quarterdeck.papers.comparison import Added, Change, compare_pieces
from quarterdeck.papers.extraction import Token, extract_tokens, squeeze
from quarterdeck.papers.facts import FactBase
from quarterdeck.papers.guidance import guidance_ids
from quarterdeck.papers.manifest import fact_as_json, seal_of, sealed_pieces
from quarterdeck.papers.readers.pieces import Piece, ReadDocument
from quarterdeck.papers.readers.read import read_document
from quarterdeck.papers.resolve import Resolver, names_in
from quarterdeck.papers.strength import find_strengths
from quarterdeck.vocabulary.errors import QuarterdeckError

ERROR, NOTICE = "error", "notice"
# Furniture of documents that states nothing about the portfolio.
_NUMBERING = re.compile(
    r"^(?:\d{1,2}(?:\.\d{1,2})*[.)]?|\(?[a-z]\)|Page \d+(?: of \d+)?|Slide \d+|Figure \d+[.:]?|Table \d+[.:]?|Annex [A-Z\d])$"
)


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """One thing that does not hold. `kind`: altered, unresolved, stale, wrong unit, superseded, fabricated, strength, missing, over the cap, seal, wording."""

    kind: str
    severity: str
    place: str
    found: str
    expected: str = ""
    fact: str = ""
    message: str = ""


@dataclass(frozen=True)
class CheckResult:
    """What the check saw. `is_clean` where no error remains; notices (wording edited by hand) do not stop an issue."""

    file: str
    format: str
    paper: str
    snapshot: str
    is_sealed: bool
    checked: Mapping[str, int]
    resolved: int
    findings: tuple[CheckFinding, ...]
    evidence: str
    limits: Mapping[str, Any] = field(default_factory=dict)

    @property
    def errors(self) -> tuple[CheckFinding, ...]:
        """Findings that stop an issue."""
        return tuple(finding for finding in self.findings if finding.severity == ERROR)

    @property
    def is_clean(self) -> bool:
        """Whether nothing stops an issue."""
        return not self.errors


OpenFacts = Callable[[str], FactBase | None]


def check_file(
    path: Path,
    open_facts: OpenFacts,
    find_manifest: Callable[[ReadDocument], str],
    limits: Callable[[str], Mapping[str, Any]] | None = None,
) -> CheckResult:
    """Check a finished file. `open_facts` gives the facts of a snapshot id ("" for the latest) or None where this installation lacks them."""
    return check_document(read_document(path), path.name, open_facts, find_manifest, limits)


def check_document(
    document: ReadDocument,
    name: str,
    open_facts: OpenFacts,
    find_manifest: Callable[[ReadDocument], str],
    limits: Callable[[str], Mapping[str, Any]] | None = None,
) -> CheckResult:
    """The same for a file read already."""
    stored = find_manifest(document)
    manifest, findings = _read_manifest(document, stored)
    if manifest is None:
        return _check_foreign(document, name, open_facts, findings)
    pieces = sealed_pieces(manifest)
    changes, added = compare_pieces(pieces, document.pieces)
    facts = open_facts(str(manifest["snapshot"]))
    findings += _check_changes(changes, added, manifest, facts)
    findings += _check_bindings(pieces)
    findings += _check_pictures(manifest, document)
    if facts is not None:
        findings += _check_values(manifest, facts, pieces)
        findings += _check_currency(manifest, facts)
    chosen = limits(str(manifest["template"])) if limits else {}
    findings += check_limits(document, chosen, manifest)
    counted = Counter(span[2] for piece in pieces for span in piece.spans)
    bad = sum(finding.severity == ERROR for finding in findings)
    evidence = (
        f"recomputed from snapshot {facts.state.id[:12]}"
        if facts is not None
        else "the manifest sealed in the file; this installation does not hold the snapshot"
    )
    measured = {"words": document.words, "pages": document.pages, **chosen}
    return CheckResult(
        name,
        document.format,
        str(manifest["paper"]),
        str(manifest["snapshot"]),
        True,
        dict(counted),
        max(0, sum(counted.values()) - bad),
        _in_order(findings),
        evidence,
        measured,
    )


def check_limits(document: ReadDocument, limits: Mapping[str, Any], manifest: Mapping[str, Any]) -> list[CheckFinding]:
    """Whether the paper keeps its cap and answers its question: an answer that rests on at least one fact stands first."""
    findings = []
    cap_words, cap_slides = limits.get("cap_words"), limits.get("cap_slides")
    if cap_words and document.format in ("docx", "pdf") and document.words > cap_words:
        findings.append(
            CheckFinding(
                "over the cap",
                ERROR,
                "whole paper",
                f"{document.words} words",
                f"at most {cap_words}",
                message="shorten it or move evidence to an annex",
            )
        )
    if cap_slides and document.format == "pptx" and document.pages > cap_slides:
        findings.append(
            CheckFinding(
                "over the cap",
                ERROR,
                "whole deck",
                f"{document.pages} slides",
                f"at most {cap_slides}",
                message="shorten it or move evidence to an annex",
            )
        )
    if limits.get("answer") and not any(claim["section"] == "front" and claim["facts"] for claim in manifest["claims"]):
        findings.append(
            CheckFinding(
                "missing",
                ERROR,
                "front",
                "no answer",
                str(manifest["question"]),
                message="the paper does not answer its question with evidence",
            )
        )
    return findings


def _read_manifest(document: ReadDocument, stored: str) -> tuple[dict[str, Any] | None, list[CheckFinding]]:
    text = document.manifest or stored
    if not text:
        return None, []
    findings = []
    try:
        manifest: dict[str, Any] = json.loads(text)
        sealed_pieces(manifest)
        broken = manifest.get("seal") != seal_of(manifest)
    except (ValueError, KeyError, TypeError):
        findings.append(CheckFinding("seal", ERROR, "manifest", "unreadable", message="the manifest in the file cannot be read"))
        return (json.loads(stored) if stored and stored != text else None), findings
    if broken:
        findings.append(
            CheckFinding("seal", ERROR, "manifest", str(manifest.get("seal"))[:12], message="the manifest was changed after it was sealed")
        )
    if not document.manifest:
        findings.append(
            CheckFinding(
                "seal", NOTICE, "manifest", "none in the file", message="the file was saved without its manifest; the stored one is used"
            )
        )
    if stored and document.manifest and json.loads(stored).get("seal") != manifest.get("seal"):
        findings.append(
            CheckFinding(
                "seal",
                ERROR,
                "manifest",
                str(manifest.get("seal"))[:12],
                str(json.loads(stored).get("seal"))[:12],
                message="the manifest in the file is not the one that was stored when the paper was written",
            )
        )
        manifest = json.loads(stored)
    return manifest, findings


def _check_changes(
    changes: Iterable[Change], added: Iterable[Added], manifest: Mapping[str, Any], facts: FactBase | None
) -> list[CheckFinding]:
    findings = []
    altered: dict[str, list[str]] = {}
    for change in changes:
        if change.kind in ("wording", "text"):
            kind, severity = ("altered", ERROR) if change.kind == "text" else ("wording", NOTICE)
            findings.append(
                CheckFinding(
                    kind,
                    severity,
                    change.place,
                    change.new or "(removed)",
                    change.old,
                    change.fact,
                    "stored words were changed" if kind == "altered" else "edited by hand",
                )
            )
            altered.setdefault(change.place, []).append(change.new)
            continue
        if change.kind == "strength":
            findings.append(
                CheckFinding(
                    "strength",
                    ERROR,
                    change.place,
                    change.new or "(removed)",
                    change.old,
                    message="a word of strength was changed; its probability carries only the sealed one",
                )
            )
        else:
            kind = "wrong unit" if _same_amount(change) else "altered"
            findings.append(
                CheckFinding(
                    kind,
                    ERROR,
                    change.place,
                    change.new or "(removed)",
                    change.old,
                    change.fact,
                    f"{change.kind} does not read as its source does; near: {change.context}",
                )
            )
        altered.setdefault(change.place, []).append(change.new)
    for entry in added:
        findings += _check_added(entry, altered.get(entry.place, []), manifest, facts)
    return findings


def _same_amount(change: Change) -> bool:
    old, new = (next(iter(extract_tokens(text)), None) for text in (change.old, change.new))
    return (
        old is not None
        and new is not None
        and isinstance(old.value, float)
        and old.unit != new.unit
        and re.findall(r"[\d.,]+", change.old) == re.findall(r"[\d.,]+", change.new)
    )


def _check_added(entry: Added, altered: list[str], manifest: Mapping[str, Any], facts: FactBase | None) -> list[CheckFinding]:
    findings = []
    known = {squeeze(value[3]) for claim in manifest["claims"] for value in claim["facts"]}
    resolver = _resolver(facts) if facts is not None else None
    names = (*manifest.get("names", ()), *(names_in(resolver.names) if resolver else ()))
    for token in extract_tokens(entry.text, names):
        if token.end <= entry.start or token.start >= entry.end or any(token.text in text for text in altered):
            continue
        findings += _judge(token, entry.place, entry.text, resolver, known)
    for strength, start, end in find_strengths(entry.text):
        if start < entry.end and entry.start < end and not any(strength.phrase in text for text in altered):
            findings.append(
                CheckFinding(
                    "strength",
                    ERROR,
                    entry.place,
                    strength.phrase,
                    message="a word of strength was added without a probability that carries it",
                )
            )
    if not findings and (entry.start, entry.end) == (0, len(entry.text)):
        findings.append(
            CheckFinding("wording", NOTICE, entry.place, entry.text[:120], message="added by hand; states nothing that needs a source")
        )
    return findings


def _judge(
    token: Token, place: str, sentence: str, resolver: Resolver | None, known: frozenset[str] | set[str] = frozenset(), about: str = ""
) -> list[CheckFinding]:
    if token.kind == "guidance" and token.value in guidance_ids():
        return []
    if resolver is None:
        if squeeze(token.text) in known:
            return [
                CheckFinding("wording", NOTICE, place, token.text, message="added by hand; the same value stands elsewhere in the paper")
            ]
        kind = "fabricated" if token.kind in ("citation", "guidance", "quotation") else "unresolved"
        return [
            CheckFinding(
                kind, ERROR, place, token.text, message=f"{token.kind} without a source in the paper, and no evidence base to look it up in"
            )
        ]
    resolution = resolver.resolve(token, sentence, about)
    if resolution.verdict == "resolved":
        return []
    kind = "unresolved" if resolution.verdict == "weak" else resolution.verdict
    return [CheckFinding(kind, ERROR, place, token.text, "", resolution.fact, f"{token.kind}: {resolution.message}")]


def _check_bindings(pieces: Iterable[Any]) -> list[CheckFinding]:
    return [
        CheckFinding("unresolved", ERROR, piece.place, piece.text[start:end], message=f"{kind} was never bound to a source")
        for piece in pieces
        for start, end, kind, fact in piece.spans
        if not fact
    ]


def _check_pictures(manifest: Mapping[str, Any], document: ReadDocument) -> list[CheckFinding]:
    sealed = manifest["file"].get("pictures", [])
    if not sealed or list(document.pictures) == list(sealed):
        return []
    return [
        CheckFinding(
            "altered",
            ERROR,
            "pictures",
            f"{len(document.pictures)} pictures",
            f"{len(sealed)} pictures as sealed",
            message="a picture is not the one that was sealed",
        )
    ]


def _check_values(manifest: Mapping[str, Any], facts: FactBase, pieces: Iterable[Any]) -> list[CheckFinding]:
    """Every fact is computed again from the snapshot and rendered again as each claim shows it."""
    findings = []
    for fact_id, sealed in manifest["facts"].items():
        if fact_id.startswith(("given:", "context:made_at", "context:previous", "change:")):
            continue
        fact = facts.find(fact_id)
        if fact is None:
            findings.append(
                CheckFinding(
                    "unresolved",
                    ERROR,
                    _where(fact_id, manifest),
                    _short(sealed["value"]),
                    "",
                    fact_id,
                    "the snapshot no longer gives this fact",
                )
            )
            continue
        if not _same_value(fact_as_json(fact), sealed):
            reason = "the definition has changed" if fact.definition != sealed["definition"] else "the value does not compute again"
            findings.append(
                CheckFinding("stale", ERROR, _where(fact_id, manifest), _short(sealed["value"]), _short(fact.value), fact_id, reason)
            )
    for claim in manifest["claims"]:
        for fact_id, form, noun, text in claim["facts"]:
            findings += _check_rendering(claim, fact_id, form, noun, text, facts)
    return findings


def _check_rendering(claim: Mapping[str, Any], fact_id: str, form: str, noun: str, text: str, facts: FactBase) -> list[CheckFinding]:
    fact = facts.find(fact_id)
    if fact is None or fact_id.startswith(("given:", "context:made_at")) or form == "text":
        return []
    try:
        again = fact.shown(form, noun)
    except (QuarterdeckError, ClaimRefused):
        again = ""
    return (
        []
        if again == text
        else [CheckFinding("altered", ERROR, f"section {claim['section']}", text, again, fact_id, "the stored value reads differently")]
    )


def _same_value(now: Mapping[str, Any], sealed: Mapping[str, Any]) -> bool:
    def close(a: Any, b: Any) -> bool:
        if isinstance(a, float | int) and isinstance(b, float | int):
            return abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b))
        if isinstance(a, list) and isinstance(b, list):
            return len(a) == len(b) and all(close(x, y) for x, y in zip(a, b, strict=True))
        return bool(a == b)

    return close(now["value"], sealed["value"]) and now["unit"] == sealed["unit"] and close(now["interval"], sealed["interval"])


def _check_currency(manifest: Mapping[str, Any], facts: FactBase) -> list[CheckFinding]:
    findings = []
    for fact_id in manifest["facts"]:
        fact = facts.find(fact_id)
        if fact is not None and fact.status == "superseded":
            findings.append(
                CheckFinding(
                    "superseded", ERROR, _where(fact_id, manifest), fact.label, "", fact_id, "a newer figure or text has replaced it"
                )
            )
    if not facts.state.is_latest:
        findings.append(
            CheckFinding(
                "stale",
                NOTICE,
                "whole paper",
                f"snapshot {facts.state.id[:12]}",
                "",
                "",
                "a newer snapshot has been taken since; draft it again before issuing",
            )
        )
    return findings


def _where(fact_id: str, manifest: Mapping[str, Any]) -> str:
    sections = [claim["section"] for claim in manifest["claims"] if any(value[0] == fact_id for value in claim["facts"])]
    return f"section {sections[0]}" if sections else "tables and charts"


def _check_foreign(document: ReadDocument, name: str, open_facts: OpenFacts, findings: list[CheckFinding]) -> CheckResult:
    """A file that carries no manifest: everything it states is looked up in the evidence base."""
    facts = open_facts("")
    resolver = _resolver(facts) if facts is not None else None
    names = names_in(resolver.names) if resolver else ()
    counted: Counter[str] = Counter()
    errors = 0
    about = ""
    for piece in document.pieces:
        tokens = [t for t in extract_tokens(piece.text, names) if not _NUMBERING.match(piece.text.strip())]
        for token in tokens:
            counted[token.kind] += 1
            sentence = _sentence(piece.text, token)
            found = _judge(token, piece.place, sentence, resolver, about=about)
            errors += bool(found)
            findings += found
        findings += _foreign_strengths(piece)
        if len(piece.text) < 140 or "title" in piece.place:
            about = piece.text
    evidence = f"resolved against snapshot {facts.state.id[:12]}" if facts is not None else "no evidence base: nothing could be looked up"
    return CheckResult(
        name,
        document.format,
        "",
        facts.state.id if facts else "",
        False,
        dict(counted),
        sum(counted.values()) - errors,
        _in_order(findings),
        evidence,
        {"words": document.words, "pages": document.pages},
    )


def _foreign_strengths(piece: Piece) -> list[CheckFinding]:
    return [
        CheckFinding("strength", ERROR, piece.place, strength.phrase, message="a word of strength without a probability that carries it")
        for strength, _, _ in find_strengths(piece.text)
    ]


def _sentence(text: str, token: Token) -> str:
    start = max((m.end() for m in re.finditer(r"[.!?]\s", text[: token.start])), default=0)
    end = next((m.start() for m in re.finditer(r"[.!?](?:\s|$)", text[token.end :])), len(text) - token.end)
    return text[start : token.end + end]


def _resolver(facts: FactBase) -> Resolver:
    cached = getattr(facts, "_resolver", None)
    if cached is None:
        cached = Resolver(facts.facts())
        facts._resolver = cached  # type: ignore[attr-defined]
    return cached


def _in_order(findings: Iterable[CheckFinding]) -> tuple[CheckFinding, ...]:
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda f: f.severity != ERROR))


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
