"""Compares two files: two versions of one text by provision, or two editions of a collection document by document."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from quarterdeck.regulation.answers import read_payload
from quarterdeck.regulation.comparison import CLASSES, Comparison, compare_paragraphs, compare_texts
from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers import parse


def compare_files(before: Path, after: Path) -> dict[str, Any]:
    """Counts of each class, the differences to read, and obligations added and removed. Documents are paired by id (or the only two)."""
    left, right = _read(before), _read(after)
    pairs = [(left[name], right[name]) for name in left if name in right]
    if not pairs and len(left) == len(right) == 1:
        pairs = [(next(iter(left.values())), next(iter(right.values())))]
    counts: Counter[str] = Counter(dict.fromkeys(CLASSES, 0))
    rows: list[dict[str, Any]] = []
    obligations: dict[str, list[Any]] = {"added": [], "removed": []}
    for old, new in pairs:
        result = _compare(old, new)
        counts.update(result.counts)
        for difference in result.substantive:
            texts = [side.text[:600] if side else None for side in (difference.before, difference.after)]
            rows.append({"document": new.id, "path": difference.path, "kind": difference.kind, "before": texts[0], "after": texts[1]})
        obligations["added"] += result.obligations_added
        obligations["removed"] += result.obligations_removed
    return {
        "before": before.name,
        "after": after.name,
        "documents": len(pairs),
        "counts": dict(counts),
        "substantive": len(rows),
        "differences": rows,
        "obligations_added": obligations["added"],
        "obligations_removed": obligations["removed"],
        "only_before": sorted(set(left) - set(right)) if len(pairs) > 1 else [],
        "only_after": sorted(set(right) - set(left)) if len(pairs) > 1 else [],
    }


def _compare(old: Document, new: Document) -> Comparison:
    if old.id.startswith("fr:"):
        return compare_paragraphs(old.text.split("\n\n"), new.text.split("\n\n"))
    return compare_texts(old.text, new.text)


def _read(path: Path) -> dict[str, Document]:
    _, parsed = parse(read_payload(path))
    return {document.id: document for document in parsed.documents}
