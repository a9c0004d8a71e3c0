"""A proposed role model from a job description: every entry carries the sentence it came from, and a person has to confirm it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from quarterdeck.development.definitions import HERE, check_keys, read_definitions
from quarterdeck.development.roles.document import Line, is_short_title, read_document, sentences_of

LAYOUT = HERE / "roles" / "layout.yaml"
NO_WORD = "no word of the scale found"
DEFAULT_TARGET = 3
_MONEY = re.compile(r"(?P<sign>[£€$]|GBP|EUR|USD)\s?(?P<amount>\d[\d,.]*)\s?(?P<scale>k|m|million|thousand|bn|billion)?\b", re.I)
_TARGET = re.compile(
    r"(?P<op><=|>=|≤|≥|<|>|=|[±]|within|under|below|less than|fewer than|no more than|at most|at least|above|over|more than|minimum of|maximum of|by)?\s*(?P<value>\d[\d,.]*)\s*(?P<unit>%|percent|days?|weeks?|months?|hours?|points?)?",
    re.I,
)
_OPERATORS = {
    "at most": ("<=", "≤", "<", "within", "under", "below", "less than", "fewer than", "no more than", "at most", "maximum of", "±"),
    "at least": (">=", "≥", ">", "at least", "above", "over", "more than", "minimum of"),
}
_FREQUENCY = re.compile(
    r"\b(daily|weekly|fortnightly|monthly|quarterly|half-yearly|annual(?:ly)?|yearly|per audit|every \w+|each \w+)\b", re.I
)
# Labels that say where an entry belongs, not what it is.
_PLACE = re.compile(
    r"(key )?(strengths?|challenges?|accommodations?|support|needs|adhd|dyslexia|autism|autism spectrum.*|(entry|mid|senior|director|junior|executive)([- ]level)?|this quarter|now|(with)?in (the next )?(\d+|six|twelve|three) months|education|experience|certifications?)"
)
# What a person brings or needs is no competency, wherever a badly laid out document puts it.
_QUALIFICATION = re.compile(
    r"\b(bachelor|master|doctor)['’]?s?\s+(degree|of|in)\b|\b(university|academic|college|honours|relevant|higher) degree\b|\bdegree in\b"
    r"|\b(ph\.?d|mba|b\.?sc|m\.?sc|diploma|doctorate)\b|^(at least|minimum( of)?|over)?\s*\d{1,2}\s*(\+|[-–]\s*\d{1,2})?\s*years\b|^(chartered|certified|registered)\b",
    re.I,
)
_NEURODIVERSITY = re.compile(r"\b(adhd|dyslexi|autis|dyspraxi|dyscalculi|neurodiver)", re.I)
_YEARS = re.compile(r"(\d{1,2})\s*(?:\+|to\s*(\d{1,2})|[-–]\s*(\d{1,2}))?\s*(?:\+\s*)?years?", re.I)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the proposal: a name, the sentence behind it, the line it stands on, and what was read from it."""

    name: str
    sentence: str
    line: int
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of the document under one heading; `part` is a part of the layout, `path` its sub-headings."""

    part: str
    path: tuple[str, ...]
    lines: tuple[Line, ...]


def propose_role(path: Path) -> dict[str, Any]:
    """The proposal as plain data: status "proposed", each entry with `sentence` and `line`; what was not understood stands under `unread`."""
    lines = read_document(path)
    layout = load_layout()
    sections = [piece for section in split_sections(lines, layout) for piece in set_apart(section)]
    parts = {part: [e for s in sections if s.part == part for e in _entries(s)] for part in layout["parts"]}
    title = find_title(lines, layout)
    competencies = propose_competencies(sections, layout)
    missing = [part for part, entries in parts.items() if not entries and part != "other" and not any(s.part == part for s in sections)]
    return {
        "status": "proposed",
        "id": re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40] or "role",
        "role": title,
        "source": {"file": path.name, "sha256": sha256(path.read_bytes()).hexdigest(), "lines": len(lines)},
        "purpose": [_plain(e) for e in parts["purpose"]],
        "metrics": [_plain(e) | read_metric(e) for e in parts["metrics"]],
        "traits": [
            _plain(e) | {"primary": "support" not in " ".join(_path(e)).lower() and "second" not in " ".join(_path(e)).lower()}
            for e in parts["traits"]
        ],
        "responsibilities": [_plain(e) | {"level": read_level(e, layout)} for e in parts["responsibilities"]],
        "decision_authority": read_decisions(sections, layout),
        "competencies": competencies["competencies"],
        "groups": competencies["groups"],
        "emerging_skills": competencies["emerging"],
        "qualifications": [_plain(e) | read_qualification(e) for e in parts["qualifications"]],
        "neurodiversity": [_plain(e) | read_neurodiversity(e) for e in parts["neurodiversity"]],
        "unread": [
            {"line": line.number, "sentence": line.text} for s in sections if s.part == "" for line in s.lines if title not in line.text
        ],
        "missing_parts": missing,
        "note": "Proposed by rules from the document. Nothing counts until a named person has confirmed it.",
    }


def load_layout() -> dict[str, Any]:
    """The published layout: which words name a part, a level, a group kind; and the words that set a target."""
    content = read_definitions(LAYOUT)
    check_keys(content, LAYOUT.name, ("parts", "levels", "groups", "target_words", "not_titles"))
    return dict(content)


def split_sections(lines: Sequence[Line], layout: Mapping[str, Any]) -> list[Section]:
    """Stretches under their headings. A sub-heading stays within its part unless it clearly names another part at the same depth."""
    sections: list[Section] = []
    part, part_depth, path, body = "", 99, (), []  # type: tuple[str, int, tuple[tuple[int, str], ...], list[Line]]
    for line in lines:
        heading = _as_heading(line, part, layout)
        if heading is None:
            body.append(line)
            continue
        if body:
            sections.append(Section(part, tuple(text for _, text in path), tuple(body)))
            body = []
        depth, text, rest = heading
        named = name_part(text, layout)
        opens = named and named != part and (depth <= part_depth or not part or _is_strong(text, named, layout))
        if opens or (named and depth <= part_depth):
            part, part_depth, path = named, depth, ()
        else:
            path = (*[step for step in path if step[0] < depth], (depth, text))
            if depth < part_depth and part:
                part, part_depth = named, depth
        if rest:
            body.append(Line(rest, "text", line.number))
    if body:
        sections.append(Section(part, tuple(text for _, text in path), tuple(body)))
    return sections


def set_apart(section: Section) -> list[Section]:
    """A section of competencies without its qualifications and notes on neurodiversity, and these as sections of their own parts."""
    if section.part not in ("competencies", "emerging"):
        return [section]
    parts: dict[str, list[Line]] = {}
    for line in section.lines:
        parts.setdefault(_belongs_to(line, section.part), []).append(line)
    return [Section(part, section.path if part == section.part else (), tuple(lines)) for part, lines in parts.items()]


def _belongs_to(line: Line, part: str) -> str:
    if line.kind == "row":
        return part
    return "neurodiversity" if _NEURODIVERSITY.search(line.text) else "qualifications" if _QUALIFICATION.search(line.text) else part


def name_part(text: str, layout: Mapping[str, Any]) -> str:
    """The part of the layout that a heading names, or "". The part whose words come first in the list wins ties of length."""
    best, longest = "", 0
    plain = text.lower()
    for part, words in layout["parts"].items():
        for word in (*words.get("strong", ()), *words.get("weak", ())):
            if re.search(rf"\b{re.escape(word)}", plain) and len(word) > longest:
                best, longest = part, len(word)
    return best


def find_title(lines: Sequence[Line], layout: Mapping[str, Any]) -> str:
    """The title of the role: "Role: …" where it stands, else the first line that names no part."""
    for line in lines[:25]:
        for cells in (line.cells, tuple(re.split(r"\s*[:–—]\s+", line.text, maxsplit=1))):
            if len(cells) == 2 and re.fullmatch(r"(job|role|position)( title| name)?", cells[0].strip().lower()):
                return cells[1].strip()
    for line in lines[:10]:
        text = re.sub(
            r"^(job description|role profile|role description|position description)\s*[:–—-]?\s*", "", line.text, flags=re.I
        ).strip()
        if text and not name_part(text, layout) and len(text.split()) <= 14:
            return text.rstrip(".")
    return lines[0].text[:80]


def propose_competencies(sections: Sequence[Section], layout: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Competencies with group, word and target; those of the emerging part with the stages of a year."""
    groups: dict[str, dict[str, Any]] = {}
    found: list[dict[str, Any]] = []
    emerging: list[dict[str, Any]] = []
    for section in sections:
        if section.part not in ("competencies", "emerging"):
            continue
        group = _group_of(section, groups, layout)
        for entry in _entries(section):
            stage = read_stage(entry)
            if section.part == "emerging" and stage:
                emerging.append(_plain(entry) | {"kind": "step", "due": stage, "group": group["id"]})
                continue
            group["count"] += 1
            plain = _plain(entry) | {"id": f"{group['id']}.{group['count']}", "group": group["id"]} | read_target(entry, section, layout)
            found.append(plain)
            if section.part == "emerging":
                emerging.append(plain | {"kind": "skill"})
    return {
        "competencies": found,
        "emerging": emerging,
        "groups": [{k: v for k, v in g.items() if k != "count"} for g in groups.values() if g["count"]],
    }


def read_target(entry: Entry, section: Section, layout: Mapping[str, Any]) -> dict[str, Any]:
    """The word of the scale in the sentence (else in its heading) and the target it sets."""
    if section.part == "emerging":
        return {"word": "emerging-12m", "target": 4, "stages": {"q": 2, "m6": 3, "m12": 4}}
    for text, where in ((entry.sentence, "sentence"), (" ".join(section.path), "heading")):
        hits = [
            (m.start(), -len(word), word)
            for word in layout["target_words"]
            if (m := re.search(rf"\b{re.escape(word)}\b(?!['’]s)", text.lower()))
        ]
        if hits:
            word = min(hits)[2]
            return {"word": word, "target": layout["target_words"][word], "word_in": where}
    return {
        "word": NO_WORD,
        "target": DEFAULT_TARGET,
        "override_reason": "Proposed without a word of the scale: to be set by the person who confirms.",
    }


def read_stage(entry: Entry) -> str:
    """now, m6, m12 or "" for a line that says when to prepare what."""
    text = f"{' '.join(_path(entry))} {entry.name} {entry.sentence}".lower()[:200]
    for pattern, stage in (
        (r"\b(12|twelve)[- ]months?|\bnext year|\blong[- ]term", "m12"),
        (r"\b(6|six)[- ]months?|\bmedium[- ]term", "m6"),
        (r"\bthis (quarter|month)\b|\b(3|three)[- ]months?|\bnow:|\bimmediate(ly)?\b|\bshort[- ]term|\bright now", "now"),
        (r"^(ongoing|always|continu)", "always"),
        (r"\bquick (win|start)", "quick"),
    ):
        if re.search(pattern, text):
            return stage
    return ""


def read_level(entry: Entry, layout: Mapping[str, Any]) -> str:
    """entry, mid, senior, director, or "all" where the document makes no difference."""
    for text in (*reversed(_path(entry)), entry.detail.get("label", ""), entry.detail.get("column", "")):
        for level, words in layout["levels"].items():
            if any(re.search(rf"\b{re.escape(word)}\b", str(text).lower()) for word in words):
                return str(level)
    return "all"


def read_metric(entry: Entry) -> dict[str, Any]:
    """Whether a metric has a figure, which, in which direction, and how often it is looked at."""
    text = entry.sentence
    frequency = [m.lower() for m in _FREQUENCY.findall(text)]
    hits = [m for m in _TARGET.finditer(text) if m["unit"] or m["op"]]
    hit = next((m for m in hits if m["unit"]), hits[0] if hits else _TARGET.search(text))
    qualitative = "qualit" in " ".join(_path(entry)).lower()
    if hit is None or qualitative:
        return {"kind": "qualitative", "target": None, "frequency": frequency}
    op = (hit["op"] or "").lower()
    direction = next((name for name, words in _OPERATORS.items() if op in words), "stated")
    value = float(hit["value"].rstrip(".,").replace(",", ""))
    return {
        "kind": "quantitative",
        "target": {"direction": direction, "value": value, "unit": (hit["unit"] or "").lower()},
        "frequency": frequency,
    }


def read_decisions(sections: Sequence[Section], layout: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Who decides what: from a table with a column per level, or from lines under a level's heading; with the limit in money."""
    decisions: list[dict[str, Any]] = []
    for section in (s for s in sections if s.part == "decisions"):
        header: tuple[str, ...] = ()
        for line in section.lines:
            levels = [_level_of(cell, layout) for cell in line.cells]
            if line.kind == "row" and sum(bool(level) for level in levels) >= 2 and not header:
                header = tuple(levels)
            elif line.kind == "row" and header and len(line.cells) > 1:
                for level, cell in zip(header[1:], line.cells[1:], strict=False):
                    if cell:
                        decisions.append(
                            {
                                "decision": line.cells[0],
                                "level": level or "all",
                                "sentence": cell,
                                "line": line.number,
                                "limit": read_money(cell),
                            }
                        )
            else:
                for entry in _line_entries(line, section):
                    level = read_level(entry, layout)
                    name = (
                        entry.name
                        if level == "all" or not section.path
                        else section.path[0]
                        if _level_of(section.path[0], layout) == ""
                        else entry.name
                    )
                    decisions.append(
                        {
                            "decision": name,
                            "level": level,
                            "sentence": entry.sentence,
                            "line": entry.line,
                            "limit": read_money(entry.sentence),
                        }
                    )
    return decisions


def read_money(text: str) -> dict[str, Any] | None:
    """The largest amount of money in a text, with its currency."""
    scales = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}
    signs = {"£": "GBP", "€": "EUR", "$": "USD"}
    amounts = [
        (
            float(m["amount"].rstrip(".,").replace(",", "")) * scales.get((m["scale"] or "").lower(), 1),
            signs.get(m["sign"], m["sign"].upper()),
        )
        for m in _MONEY.finditer(text)
    ]
    return {"amount": max(amounts)[0], "currency": max(amounts)[1]} if amounts else None


def read_qualification(entry: Entry) -> dict[str, Any]:
    """Degree, certification or experience, with years where they are stated, and whether it is only preferred."""
    text = f"{' '.join(_path(entry))} {entry.sentence}".lower()
    kind = "other"
    if re.search(r"\b(degree|bachelor|master|mba|phd|doctorate|diploma|bsc|msc|education)\b", text):
        kind = "degree"
    if re.search(r"certif|chartered|licen[cs]e|accreditation|registration|\bpmp\b|\bccrp\b|six sigma", text):
        kind = "certification"
    years = _YEARS.search(entry.sentence)
    if years and kind != "certification":
        kind = "experience"
    span = [int(y) for y in (years.groups() if years else ()) if y]
    return {"kind": kind, "years": span or None, "preferred": bool(re.search(r"prefer|desirable|advantage|nice to have", text))}


def read_neurodiversity(entry: Entry) -> dict[str, Any]:
    """Which way of thinking a note is about, and whether it names a strength, a challenge or an accommodation."""
    text = f"{' '.join(_path(entry))} {entry.detail.get('label', '')} {entry.sentence}".lower()
    near = f"{(_path(entry) or ('',))[-1]} {entry.detail.get('label', '')} {entry.detail.get('column', '')}".lower() or text
    about = next((name for name in ("adhd", "dyslexia", "autism", "dyspraxia", "dyscalculia") if name[:6] in text), "all")
    kind = "note"
    for name, pattern in (
        ("strength", r"strength|advantage|excel"),
        ("challenge", r"challeng|difficult|struggl"),
        ("accommodation", r"accommodat|support|adjust|need"),
    ):
        if re.search(pattern, near) or (kind == "note" and re.search(pattern, text)):
            kind = name
    return {"about": about, "kind": kind}


def _as_heading(line: Line, part: str, layout: Mapping[str, Any]) -> tuple[int, str, str] | None:
    if line.kind == "text" and is_short_title(line.text) and _is_strong(line.text, name_part(line.text, layout), layout):
        return 2 if name_part(line.text, layout) != part else 5, line.text.rstrip(":"), ""
    if line.kind == "heading":
        return line.depth, line.text.rstrip(":"), ""
    label = re.match(r"^([A-Z][^.:|]{2,60}):\s*(.*)$", line.text)
    if line.kind == "text" and label and _is_strong(label[1], name_part(label[1], layout), layout) and len(label[1].split()) <= 6:
        return 2 if name_part(label[1], layout) != part else 5, label[1], label[2]
    if line.kind in ("text", "bullet") and label and not label[2] and len(label[1].split()) <= 9:
        return 5, label[1], ""
    return None


def _is_strong(text: str, part: str, layout: Mapping[str, Any]) -> bool:
    return bool(part) and any(re.search(rf"\b{re.escape(word)}", text.lower()) for word in layout["parts"][part].get("strong", ()))


def _entries(section: Section) -> list[Entry]:
    header: tuple[str, ...] = ()
    entries: list[Entry] = []
    for line in section.lines:
        if line.kind == "row" and len(line.cells) > 1:
            if not header and (line is section.lines[0] or section.lines[section.lines.index(line) - 1].kind != "row"):
                header = line.cells
                continue
            entries.extend(_row_entries(line, header, section))
        else:
            entries.extend(_line_entries(line, section))
    return entries


def _row_entries(line: Line, header: tuple[str, ...], section: Section) -> Iterator[Entry]:
    levels = section.part in ("responsibilities",)
    if levels and len(line.cells) > 2:
        for column, cell in zip(header[1:], line.cells[1:], strict=False):
            if cell:
                yield Entry(line.cells[0], cell, line.number, {"path": section.path, "column": column, "label": line.cells[0]})
    elif section.part == "neurodiversity" and len(line.cells) > 2:
        for column, cell in zip(header[1:], line.cells[1:], strict=False):
            if cell:
                yield Entry(shorten(cell), cell, line.number, {"path": (*section.path, line.cells[0]), "column": column, "label": column})
    else:
        yield Entry(line.cells[0], line.text, line.number, {"path": section.path, "label": line.cells[0]})


def _line_entries(line: Line, section: Section) -> Iterator[Entry]:
    if line.kind == "bullet" or section.part in ("competencies", "emerging"):
        yield _entry(line.text, line, section)
        return
    for sentence in sentences_of(line.text):
        yield _entry(sentence, line, section)


def _entry(text: str, line: Line, section: Section) -> Entry:
    label = re.match(r"^([^:.]{2,80}?)(?::|\s[–—-])\s+(\S.*)$", text)
    name = shorten(text) if not label else shorten(label[2]) if _PLACE.fullmatch(label[1].strip().lower()) else label[1].strip()
    return Entry(name, text, line.number, {"path": section.path, "label": label[1] if label else ""})


def shorten(text: str) -> str:
    """The first clause of a sentence, at most twelve words, as a name."""
    clause = re.split(r"[;:(]|,\s(?=(?:including|with|and|such))|\.\s", text, maxsplit=1)[0]
    words = clause.split()
    return " ".join(words[:12]).rstrip(".,;") + ("…" if len(words) > 12 else "")


def _group_of(section: Section, groups: dict[str, dict[str, Any]], layout: Mapping[str, Any]) -> dict[str, Any]:
    name = section.path[0] if section.path else {"emerging": "Emerging skills"}.get(section.part, "Competencies")
    if name not in groups:
        kind = "emerging" if section.part == "emerging" else "other"
        for candidate, words in layout["groups"].items():
            if kind == "other" and any(re.search(rf"\b{re.escape(word)}", name.lower()) for word in words):
                kind = str(candidate)
        letter = {"foundation": "F", "functional": "T", "tools": "D", "knowledge": "K", "regulation": "R", "emerging": "E"}.get(kind, "C")
        same = sum(g["id"].startswith(letter) for g in groups.values())
        groups[name] = {"id": f"{letter}{same + 1}", "name": name, "kind": kind, "count": 0}
    return groups[name]


def _level_of(text: str, layout: Mapping[str, Any]) -> str:
    for level, words in layout["levels"].items():
        if any(re.search(rf"\b{re.escape(word)}\b", text.lower()) for word in words):
            return str(level)
    return ""


def _path(entry: Entry) -> tuple[str, ...]:
    return tuple(entry.detail.get("path", ()))


def _plain(entry: Entry) -> dict[str, Any]:
    return {"name": entry.name, "sentence": entry.sentence, "line": entry.line, "under": list(_path(entry))}
