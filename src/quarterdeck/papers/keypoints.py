"""From a director's bullets to a draft: ordered answer first, each point with its evidence, in three lengths. No language model needed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from quarterdeck.papers.claims import Bound, Line, unbound_tokens
from quarterdeck.papers.extraction import Token, extract_tokens
from quarterdeck.papers.facts import Fact, FactBase
from quarterdeck.papers.resolve import Resolver, names_in

# What a point is for, by its words; the order is that of a good paper: answer, options, money, risk, ask.
PARTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ask", ("please", "approve", "decide", "decision", "ask", "request", "need you", "agree to", "support", "sign off")),
    ("options", ("option", "could", "alternative", "instead", "either", "choice")),
    ("money", ("£", "€", "$", "cost", "budget", "spend", "price", "invoice", "saving", "million", "money", "pay")),
    ("risk", ("risk", "may ", "might", "concern", "delay", "late", "fail", "problem", "threat", "worry", "short of")),
)
ORDER = ("answer", "options", "money", "risk", "ask")
LENGTHS = {"30s": 75, "2min": 300, "10min": 1500}  # words a speaker says in that time, 150 a minute
_SPOKEN = re.compile(r"\b(?:(?:next|new) (?:point|line|paragraph|bullet)|full stop)\b", re.IGNORECASE)
_GENERAL = frozenset(
    [
        "that",
        "this",
        "with",
        "from",
        "have",
        "been",
        "were",
        "will",
        "would",
        "could",
        "their",
        "there",
        "which",
        "about",
        "into",
        "over",
        "under",
        "than",
        "them",
        "they",
        "what",
        "when",
        "more",
        "most",
        "only",
        "also",
        "very",
        "much",
        "many",
        "some",
        "must",
        "should",
        "please",
        "approve",
        "need",
    ]
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A fact that fits a point, how it would be said, and how well it fits (0..1)."""

    fact: str
    shown: str
    label: str
    fit: float


@dataclass(frozen=True, slots=True)
class Point:
    """One bullet: its part, its words, the evidence to choose from, and what the evidence contradicts."""

    text: str
    part: str
    evidence: tuple[Evidence, ...]
    contradicted: tuple[str, ...]
    unresolved: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PointDraft:
    """Points in order, and the text of one length as lines: the author's words, each followed by its evidence."""

    points: tuple[Point, ...]
    length: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...]


def read_points(text: str) -> list[str]:
    """Bullets from typed or dictated text: one a line, marks removed; a single long paragraph is cut into its sentences.

    What a speaker says to a dictation program is heard as a mark: "next point" begins a point, "full stop" ends a sentence.

    >>> read_points("enrolment is late full stop next point please approve six sites")
    ['Enrolment is late.', 'Please approve six sites']
    """
    text = _hear(text)
    lines = [re.sub(r"^\s*(?:[-*•–]|\d{1,2}[.)])\s*", "", line).strip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    if len(lines) == 1 and len(lines[0].split()) > 25:
        lines = [part.strip() for part in re.split(r"(?<=[.!?])\s+", lines[0]) if part.strip()]
    return lines


def _hear(text: str) -> str:
    """Spoken marks as written ones. Text without any stays as it is."""
    if not _SPOKEN.search(text):
        return text
    heard = re.sub(r"\s*\b(?:next|new) (?:point|line|paragraph|bullet)\b[.,;:]?\s*", "\n", text, flags=re.IGNORECASE)
    for spoken, mark in (("full stop", "."), ("question mark", "?"), ("comma", ",")):
        heard = re.sub(rf"\s*\b{spoken}\b[.,]?", mark, heard, flags=re.IGNORECASE)
    return "\n".join(line[:1].upper() + line[1:] for line in (line.strip() for line in heard.splitlines()) if line)


def weigh_points(points: Sequence[str], facts: FactBase) -> list[Point]:
    """Each point with its part, matching evidence (best first), and the statements that evidence contradicts. In the order of a good paper."""
    offered = [fact for fact in facts.facts() if not fact.id.startswith(("guidance:", "context:", "scope:", "measure:", "about:"))]
    resolver = Resolver([*offered, *(f for f in facts.facts() if f.unit == "name")])
    weighed = [_weigh(text, offered, resolver) for text in points]
    return sorted(weighed, key=lambda point: ORDER.index(point.part))


def draft_points(points: Sequence[str], facts: FactBase, length: str = "2min", chosen: dict[str, str] | None = None) -> PointDraft:
    """The points in one of three lengths. `chosen` maps a point's text to the fact its author chose ("" for none); else the best fit is taken.

    Nothing is stated beyond the author's words and the chosen facts; a contradicted point stands with the evidence against it.
    """
    weighed = weigh_points(points, facts)
    budget = LENGTHS[length]
    lines: list[Line] = []
    words = 0
    for point in _by_weight(weighed, length):
        line = _line_of(point, facts, chosen or {}, with_evidence=True)
        further = len(line.text.split())
        if lines and words + further > budget:
            break
        words += further
        lines.append(line)
    if length == "10min":
        lines += _support(weighed, facts, budget - words)
    order = {line.text: i for i, line in enumerate(lines)}
    notes = [f"The evidence contradicts {claim!r} in: {point.text}" for point in weighed for claim in point.contradicted]
    notes += [f"No stored value reads like {token!r} in: {point.text}" for point in weighed for token in point.unresolved]
    return PointDraft(tuple(weighed), length, tuple(sorted(lines, key=lambda line: order[line.text])), tuple(dict.fromkeys(notes)))


def _by_weight(points: Sequence[Point], length: str) -> list[Point]:
    if length != "30s":
        return list(points)
    # Half a minute carries the answer and the ask; the rest follows only if there is room.
    first = [p for p in points if p.part == "answer"][:1] + [p for p in points if p.part == "ask"][:1]
    return first + [p for p in points if p not in first]


def _weigh(text: str, offered: Sequence[Fact], resolver: Resolver) -> Point:
    names = names_in(resolver.names)
    tokens = extract_tokens(text, names)
    evidence = _match(text, offered)
    contradicted: list[str] = []
    unresolved: list[str] = []
    for token in tokens:
        if token.kind in ("quotation", "name"):
            continue
        resolution = resolver.resolve(token, text)
        if resolution.verdict == "resolved":
            continue
        (contradicted if _contradicts(token, evidence, offered) else unresolved).append(token.text)
    return Point(text, _part(text), tuple(evidence[:4]), tuple(contradicted), tuple(unresolved))


def _part(text: str) -> str:
    lower = f" {text.lower()} "
    return next((part for part, words in PARTS if any(word in lower for word in words)), "answer")


def _match(text: str, offered: Sequence[Fact]) -> list[Evidence]:
    words = _stems(text)
    found = []
    for fact in offered:
        label = _stems(f"{fact.label} {fact.scope.key}")
        shared = words & label
        if not shared or not fact.value:
            continue
        exact = bool(fact.scope.key and fact.scope.key.lower() in text.lower()) or (
            fact.scope.level == "portfolio" and not re.search(r"\b[A-Z]{2,}-\d+", text)
        )
        fit = len(shared) / (1 + len(label)) + (0.5 if exact else 0.0) + (0.1 if fact.id.startswith("finding:") else 0.0)
        if len(shared) >= 2 or exact:
            found.append(Evidence(fact.id, _say(fact), fact.label, round(min(fit, 1.0), 3)))
    return sorted(found, key=lambda e: (-e.fit, e.fact))[:8]


def _contradicts(token: Token, evidence: Sequence[Evidence], offered: Sequence[Fact]) -> bool:
    """A statement is contradicted where the best evidence has a value of the same unit that reads otherwise."""
    by_id = {fact.id: fact for fact in offered}
    for entry in evidence[:2]:
        fact = by_id[entry.fact]
        if isinstance(fact.value, float | int) and isinstance(token.value, float | int) and _same_unit(fact.unit, token):
            return True
    return False


def _same_unit(unit: str, token: Token) -> bool:
    return (
        (token.kind == "share" and unit in ("share", "probability"))
        or (token.kind == "money" and unit == token.unit)
        or (token.kind == "quantity" and unit.rstrip("s") == token.unit)
    )


def _line_of(point: Point, facts: FactBase, chosen: dict[str, str], with_evidence: bool) -> Line:
    text = point.text if point.text[-1] in ".!?" else f"{point.text}."
    line = Line(text, (), f"points/{_slug(point.text)}", "person")
    fact_id = chosen.get(point.text, point.evidence[0].fact if point.evidence else "")
    if not with_evidence or not fact_id or (fact := facts.find(fact_id)) is None:
        return _bind(line, facts)
    return _bind(line, facts) + _evidence_line(fact, contradicted=bool(point.contradicted))


def _evidence_line(fact: Fact, contradicted: bool) -> Line:
    lead = " The evidence says otherwise: " if contradicted else " Evidence: "
    shown = _say(fact)
    prefix = lead if fact.id.startswith("finding:") else f"{lead}{fact.label}, "
    text = f"{prefix}{shown}"
    bounds = [Bound(len(prefix), len(text), fact.id, "value", "", "text" if fact.unit == "text" else "number")]
    if not fact.id.startswith("finding:"):
        bounds.insert(0, Bound(len(lead), len(lead) + len(fact.label), f"label:{fact.id}", "text", "", "text"))
    line = Line(text, tuple(bounds))
    if fact.interval is not None:
        ends = fact.shown("interval")
        line = line + Line(", ") + Line(ends, (Bound(0, len(ends), fact.id, "interval"),))
    return line + Line("." if not text.endswith(".") else "")


def _bind(line: Line, facts: FactBase) -> Line:
    """The author's own numbers, bound where they resolve; the check names the others."""
    resolver = Resolver(facts.facts())
    bounds = []
    for token in extract_tokens(line.text, names_in(resolver.names)):
        resolution = resolver.resolve(token, line.text)
        if resolution.verdict == "resolved" and facts.find(resolution.fact) is not None:
            bounds.append(Bound(token.start, token.end, resolution.fact, "text", "", token.kind))
    return Line(line.text, tuple(bounds), line.claim, line.author)


def _support(points: Iterable[Point], facts: FactBase, budget: int) -> list[Line]:
    """For the long form: further evidence of each point, in order, as long as there is room."""
    lines: list[Line] = []
    words = 0
    for point in points:
        for entry in point.evidence[1:4]:
            fact = facts.find(entry.fact)
            if fact is None:
                continue
            evidence = _evidence_line(fact, False)
            shift = len(" Evidence: ")
            line = (
                Line(evidence.text[1:], tuple(Bound(b.start - 1, b.end - 1, b.fact, b.form, b.noun, b.kind) for b in evidence.bounds))
                if shift
                else evidence
            )
            words += len(line.text.split())
            if words > budget:
                return lines
            if line.text not in {known.text for known in lines}:
                lines.append(line)
    return lines


def _say(fact: Fact) -> str:
    return fact.shown("value") if not isinstance(fact.value, str) else str(fact.value)


def _stems(text: str) -> set[str]:
    words = re.findall(r"[A-Za-z]{2,}-\d+|[A-Za-z]{4,}", text)
    return {stem for word in words if (stem := re.sub(r"(?:ing|ed|s|ment)$", "", word.lower())) not in _GENERAL}


def _slug(text: str) -> str:
    return re.sub(r"[^a-z]+", "-", text.lower()).strip("-")[:40]


def statements_without_source(lines: Iterable[Line]) -> list[str]:
    """What a set of lines states that nothing is bound to."""
    return [token for line in lines for token in unbound_tokens(line)]
