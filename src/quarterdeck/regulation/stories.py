"""Joins documents that tell one story: draft, extension, final, correction, and the publications of one ICH text by several agencies."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from quarterdeck.methods.text_matching import likeness
from quarterdeck.regulation.model import Document

RELATIONS = ("amends", "supersedes", "finalises", "implements", "corrects", "extends_comment", "withdraws", "publishes")
_ICH = re.compile(
    r"\b(?:ICH\s+)?((?:E\d{1,2}[A-Z]?|M\d{1,2}[A-Z]?|Q\d{1,2}[A-Z]?|S\d{1,2}[A-Z]?)(?:\(R\d\))?)(?:\s*(?:,|:)?\s*(?:Annex\s*(\d)))?(?=[\s:;,.]|$)"
)
_RECURRING = re.compile(
    r"information collection|advisory committee|emergency use|animal drug|technical amendment|withdrawal of approval|user fee|bulk drug|list of|fiscal year|renewal|workshop|product-specific",
    re.IGNORECASE,
)
_NOISE = re.compile(
    r"agency information collection activities|proposed collection|comment request|submission for office of management and budget review|draft guidance for [^;]*|guidance for [^;]*|availability|international council for harmonisation"
    r"|request for comments?|extension of (?:the )?comment period|reopening of (?:the )?comment period|correction|announcement of office of management and budget approval|revised|draft|final|public meeting|notice",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Relation:
    """A document in relation to an earlier one."""

    document: str
    kind: str
    earlier: str


@dataclass(frozen=True, slots=True)
class Story:
    """Documents that belong together, oldest first, and how each relates to the one before."""

    key: str
    title: str
    documents: tuple[Document, ...]
    relations: tuple[Relation, ...]


def build_stories(documents: Iterable[Document]) -> list[Story]:
    """Stories of two or more documents, the largest first. Joined by RIN, ICH code, correction, or docket and likeness of titles."""
    documents = list({d.id: d for d in documents}.values())
    groups = _Groups([d.id for d in documents])
    by_id = {d.id: d for d in documents}
    for members in _by_key(documents, lambda d: (d.rin,) if re.fullmatch(r"\d{4}-[A-Z]{2}\d\d", d.rin) else ()):
        groups.join_all(members)
    for members in _by_key(documents, lambda d: (code,) if (code := get_ich_code(d.title)) else ()):
        groups.join_all(members)
    for document in documents:
        number = f"fr:{document.corrects}"
        if number in by_id:
            groups.join_all([document.id, number])
    for members in _by_key(documents, lambda d: d.docket):
        _join_alike(members, by_id, groups)
    _join_same_titles(documents, groups)
    return sorted(
        (_tell([by_id[name] for name in members]) for members in groups.members() if len(members) > 1),
        key=lambda s: (-len(s.documents), s.key),
    )


def get_ich_code(title: str) -> str:
    """The ICH code of a title, annex included; empty where it names none.

    >>> get_ich_code("E6(R3) Good Clinical Practice: Annex 2; International Council for Harmonisation")
    'E6(R3) annex 2'
    """
    if not re.search(r"\bICH\b|International Council for Harmonisation|International Conference on Harmonisation", title) and not re.match(
        r"[EMQS]\d{1,2}[A-Z]?(?:\(R\d\))?\s", title
    ):
        return ""
    found = _ICH.search(title)
    if not found:
        return ""
    annex = re.search(r"Annex\s*(\d)", title)
    return found[1] + (f" annex {annex[1]}" if annex else "")


def relate(later: Document, earlier: Document) -> str:
    """How the later of two documents of one story relates to the earlier."""
    title = f"{later.title} {later.extra.get('action', '')}".lower()
    if "correction" in title or later.corrects:
        return "corrects"
    if re.search(r"extension of (?:the )?comment|reopening of (?:the )?comment|comment period", title):
        return "extends_comment"
    if "withdrawal" in title or later.withdrawn:
        return "withdraws"
    if earlier.kind in ("draft", "proposed_rule") and later.kind in ("guidance", "final_rule", "law"):
        return "finalises"
    if later.authority and earlier.authority and later.authority != earlier.authority:
        return "publishes"
    return "supersedes" if later.kind == earlier.kind and later.kind in ("guidance", "draft", "law") else "amends"


def core_title(title: str) -> str:
    """A title without the words that every notice has."""
    return re.sub(r"[\s;:,.]+", " ", _NOISE.sub(" ", title)).strip().lower()


def _tell(members: Sequence[Document]) -> Story:
    ordered = sorted(members, key=lambda d: (str(d.published or "9999"), d.id))
    relations = tuple(Relation(later.id, relate(later, earlier), earlier.id) for earlier, later in itertools.pairwise(ordered))
    newest = max(ordered, key=lambda d: (d.kind in ("final_rule", "guidance", "law"), str(d.published or "")))
    return Story(min(d.id for d in ordered), newest.title, tuple(ordered), relations)


def _by_key(documents: Sequence[Document], keys: object) -> list[list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for document in documents:
        for key in keys(document):  # type: ignore[operator]
            found[key].append(document.id)
    return [members for members in found.values() if len(members) > 1]


def _join_alike(members: Sequence[str], by_id: dict[str, Document], groups: _Groups) -> None:
    titles = [(name, core_title(by_id[name].title)) for name in members[:200]]
    for position, (name, title) in enumerate(titles):
        for other, other_title in titles[position + 1 :]:
            if likeness(title, other_title) >= 0.6:
                groups.join_all([name, other])


def _join_same_titles(documents: Sequence[Document], groups: _Groups) -> None:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for document in documents:
        core = core_title(document.title)
        # A recurring notice (the same survey every three years) is no story; guidance and rules are.
        if len(core.split()) >= 3 and document.kind not in ("trial_record", "inspection") and not _RECURRING.search(document.title):
            found[core, document.jurisdictions[0] if document.jurisdictions else ""].append(document.id)
    for members in found.values():
        if 1 < len(members) <= 8:
            groups.join_all(members)


class _Groups:
    """Disjoint sets of names."""

    def __init__(self, names: Iterable[str]) -> None:
        self._parent = {name: name for name in names}

    def _root(self, name: str) -> str:
        while self._parent[name] != name:
            self._parent[name] = self._parent[self._parent[name]]
            name = self._parent[name]
        return name

    def join_all(self, names: Sequence[str]) -> None:
        first = self._root(names[0])
        for name in names[1:]:
            self._parent[self._root(name)] = first

    def members(self) -> list[list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for name in self._parent:
            found[self._root(name)].append(name)
        return list(found.values())
