"""Search over all documents: SQLite FTS5 with weights per part of the question, the thesaurus, and a prior for what concerns trials."""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from quarterdeck.regulation.relevance import judge
from quarterdeck.regulation.thesaurus import Unit, expand

TITLE_WEIGHT, TEXT_WEIGHT = 5.0, 1.0
CANDIDATES = 80  # documents that get the prior and the feedback round
FEEDBACK_DOCUMENTS, FEEDBACK_TERMS, FEEDBACK_WEIGHT = 3, 8, 0.25
SCHEMA = 'CREATE VIRTUAL TABLE documents USING fts5(title, text, id UNINDEXED, published UNINDEXED, tokenize="porter unicode61 remove_diacritics 2")'


@dataclass(frozen=True, slots=True)
class Entry:
    """What the index holds of a document."""

    id: str
    title: str
    text: str
    published: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A document found: its score (comparable within one search only), the parts of the question it answers, and a cut of its text."""

    id: str
    title: str
    published: str
    score: float
    matched: tuple[str, ...]
    snippet: str


class Index:
    """A full-text index in memory or in a file. Rebuilt from the record whenever that changes; it holds nothing that is not there."""

    def __init__(self, path: Path | str = ":memory:") -> None:
        self._connection = sqlite3.connect(str(path))
        self._connection.execute("PRAGMA synchronous=OFF")
        self._priors: dict[int, float] = {}
        if not self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'documents'").fetchone():
            self._connection.execute(SCHEMA)

    def add(self, entries: Iterable[Entry]) -> int:
        """Adds documents and returns how many."""
        rows = [(entry.title, entry.text, entry.id, entry.published) for entry in entries]
        with self._connection:
            self._connection.executemany("INSERT INTO documents (title, text, id, published) VALUES (?, ?, ?, ?)", rows)
        return len(rows)

    def __len__(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM documents").fetchone()[0])

    def close(self) -> None:
        """Gives the file back."""
        self._connection.close()

    def search(self, query: str, limit: int = 10) -> list[Hit]:
        """The best documents for a question, best first; an empty question or no match gives none.

        Each part of the question (a concept of the thesaurus, or a word) counts by its best alternative: BM25 over title and text, the title
        five times. The best candidates are weighed by how far they concern trials, and the leaders' own words are added once (feedback).
        """
        units = expand(query)
        scores, matched = self._score(units)
        if not scores:
            return []
        leaders = self._with_prior(scores)
        if len(leaders) > FEEDBACK_DOCUMENTS:
            for unit in self._feedback(leaders[:FEEDBACK_DOCUMENTS], units):
                for row, value in self._score_unit(unit).items():
                    if row in scores:
                        scores[row] += unit.weight * value
            leaders = self._with_prior(scores)
        return [self._hit(row, score, matched[row], units) for row, score in leaders[:limit]]

    def _score(self, units: list[Unit]) -> tuple[dict[int, float], dict[int, set[str]]]:
        scores: dict[int, float] = defaultdict(float)
        matched: dict[int, set[str]] = defaultdict(set)
        for unit in units:
            for row, value in self._score_unit(unit).items():
                scores[row] += unit.weight * value
                matched[row].add(unit.label)
        return scores, matched

    def _score_unit(self, unit: Unit) -> dict[int, float]:
        best: dict[int, float] = {}
        for phrase, weight in unit.alternatives:
            for expression, factor in _expressions(phrase):
                for row, value in self._match(expression):
                    best[row] = max(best.get(row, 0.0), weight * factor * value)
        return best

    def _match(self, expression: str) -> list[tuple[int, float]]:
        statement = "SELECT rowid, -bm25(documents, ?, ?) FROM documents WHERE documents MATCH ?"
        return self._connection.execute(statement, (TITLE_WEIGHT, TEXT_WEIGHT, expression)).fetchall()

    def _with_prior(self, scores: dict[int, float]) -> list[tuple[int, float]]:
        top = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:CANDIDATES]
        weighed = []
        for row, score in top:
            if row not in self._priors:
                title, text, _, _ = self._row(row)
                self._priors[row] = _prior(title, text)
            weighed.append((row, score * self._priors[row]))
        return sorted(weighed, key=lambda pair: (-pair[1], pair[0]))

    def _feedback(self, leaders: list[tuple[int, float]], units: list[Unit]) -> list[Unit]:
        known = {word for unit in units for phrase, _ in unit.alternatives for word in re.findall(r"\w+", phrase.lower())}
        counts: dict[str, float] = defaultdict(float)
        for row, score in leaders:
            title, _, _, _ = self._row(row)
            for word in {w for w in re.findall(r"[a-z]{4,}", title.lower()) if w not in known and w not in _TITLE_BOILERPLATE}:
                counts[word] += score
        shared = sorted((word for word in counts), key=lambda word: (-counts[word], word))[:FEEDBACK_TERMS]
        return [Unit(word, ((word, 1.0),), FEEDBACK_WEIGHT) for word in shared if counts[word] > max(score for _, score in leaders) * 1.2]

    def _row(self, row: int) -> tuple[str, str, str, str]:
        found = self._connection.execute("SELECT title, text, id, published FROM documents WHERE rowid = ?", (row,)).fetchone()
        return found[0], found[1], found[2], found[3]

    def _hit(self, row: int, score: float, matched: set[str], units: list[Unit]) -> Hit:
        title, text, identifier, published = self._row(row)
        order = [unit.label for unit in units if unit.label in matched]
        return Hit(identifier, title, published, round(score, 3), tuple(dict.fromkeys(order)), _snippet(text, units))


_TITLE_BOILERPLATE = frozenset(
    [
        "guidance",
        "industry",
        "availability",
        "draft",
        "agency",
        "information",
        "collection",
        "activities",
        "proposed",
        "comment",
        "request",
        "food",
        "drug",
        "administration",
        "staff",
        "submission",
        "office",
        "management",
        "budget",
        "review",
        "international",
        "council",
        "harmonisation",
        "notice",
        "public",
        "meeting",
        "workshop",
        "requests",
        "comments",
        "reopening",
        "extension",
        "period",
        "products",
        "product",
        "drugs",
        "biological",
        "clinical",
        "trials",
        "investigations",
        "establishment",
        "docket",
        "revised",
        "final",
        "institutional",
        "boards",
        "investigators",
        "sponsors",
        "considerations",
        "questions",
        "answers",
        "announcement",
        "approval",
    ]
)


def _expressions(phrase: str) -> list[tuple[str, float]]:
    """FTS5 expressions for one alternative: the exact phrase; for several words also all of them anywhere, which counts for less."""
    if phrase.endswith("*") and " " not in phrase:
        return [(f'"{phrase[:-1]}"*', 1.0)]
    words = re.findall(r"\w+", phrase)
    quoted = '"' + " ".join(words) + '"' + ("*" if phrase.endswith("*") else "")
    if len(words) == 1 or "(" in phrase:
        return [(quoted, 1.0)]
    together = " AND ".join(f'"{word}"' for word in words if word.lower() not in ("of", "and", "the", "in", "for", "to", "or"))
    return [(quoted, 1.0), (f"{together}", 0.45 / max(1, together.count(" AND ") + 1) ** 0.5)]


def _prior(title: str, text: str) -> float:
    """How much a document's concern with trials multiplies its score: from .3 (none) to 1.15 (the whole portfolio)."""
    relevance = judge(title, text[:1500])
    return 0.3 + 0.7 * relevance.score + 0.15 * relevance.portfolio_score


def _snippet(text: str, units: list[Unit], width: int = 240) -> str:
    lower = text.lower()
    position = min(
        (found for unit in units for phrase, _ in unit.alternatives if (found := lower.find(phrase.lower().rstrip("*"))) >= 0), default=0
    )
    start = text.rfind(" ", 0, max(0, position - 60)) + 1
    cut = re.sub(r"\s+", " ", text[start : start + width]).strip()
    return ("… " if start else "") + cut + (" …" if start + width < len(text) else "")
