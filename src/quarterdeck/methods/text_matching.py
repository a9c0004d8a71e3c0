"""Compares texts: folding of editorial differences, likeness of two passages, near-duplicate fingerprints, and alignment of paragraph lists."""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣-"), "-")
_QUOTES = {**dict.fromkeys(map(ord, "“”„‟«»″"), '"'), **dict.fromkeys(map(ord, "‘’‚‛′`´"), "'")}
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"), None)
_SPACE = re.compile(r"\s+")
_SPACE_BEFORE = re.compile(r"\s+([,.;:!?)\]%])")
_SPACE_AFTER = re.compile(r"([(\[])\s+")
_WORD = re.compile(r"\w+")


def fold_text(text: str) -> str:
    """A text with editorial differences removed: compatibility forms, dashes, quotes, invisible characters and runs of space.

    >>> fold_text("21 CFR 312.32 – “prompt”  report")
    '21 CFR 312.32 - "prompt" report'
    """
    folded = unicodedata.normalize("NFKC", text).translate(_DASHES).translate(_QUOTES).translate(_INVISIBLE)
    folded = _SPACE_AFTER.sub(r"\1", _SPACE_BEFORE.sub(r"\1", _SPACE.sub(" ", folded)))
    return re.sub(r"\s*-\s*", "-", folded).strip()


def strip_punctuation(text: str) -> str:
    """The words alone, lower case: equal where two texts differ in punctuation or capitals only."""
    return " ".join(_WORD.findall(fold_text(text).lower()))


def likeness(first: str, second: str) -> float:
    """How alike two passages are, 0 to 1, by their sets of words: the larger of overlap over union and ordered match of the shared words.

    A passage that only gained a clause stays near 1 times its kept share; word order matters little.
    """
    a, b = _WORD.findall(first.lower()), _WORD.findall(second.lower())
    if not a or not b:
        return 1.0 if a == b else 0.0
    set_a, set_b = set(a), set(b)
    shared = len(set_a & set_b)
    dice = 2 * shared / (len(set_a) + len(set_b))
    # Containment rewards an addition to an unchanged passage, but a short passage inside a long one is not the same passage.
    containment = shared / min(len(set_a), len(set_b)) if min(len(a), len(b)) * 2 >= max(len(a), len(b)) else 0.0
    return max(dice, 0.9 * containment)


def simhash(text: str) -> int:
    """A 64-bit fingerprint: near-duplicates differ in few bits (Charikar 2002), over pairs of neighbouring words."""
    words = _WORD.findall(fold_text(text).lower())
    grams = [f"{x} {y}" for x, y in itertools.pairwise(words)] or words
    totals = [0] * 64
    for gram in grams:
        value = int.from_bytes(hashlib.blake2b(gram.encode(), digest_size=8).digest(), "big")
        for bit in range(64):
            totals[bit] += 1 if value >> bit & 1 else -1
    return sum(1 << bit for bit in range(64) if totals[bit] > 0)


def distance(first: int, second: int) -> int:
    """Bits in which two fingerprints differ."""
    return (first ^ second).bit_count()


def align(before: Sequence[str], after: Sequence[str], threshold: float = 0.7) -> list[tuple[int | None, int | None]]:
    """Pairs of positions that belong together; None where one side has no partner. Equal texts pair first, then alike ones inside each gap.

    >>> align(["a b", "c d e f"], ["a b", "x y", "c d e g"])
    [(0, 0), (None, 1), (1, 2)]
    """
    pairs: list[tuple[int | None, int | None]] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            pairs += list(zip(range(i1, i2), range(j1, j2), strict=True))
        else:
            pairs += _align_gap(before, after, range(i1, i2), range(j1, j2), threshold)
    return pairs


def _align_gap(
    before: Sequence[str], after: Sequence[str], left: range, right: range, threshold: float
) -> list[tuple[int | None, int | None]]:
    if len(left) * len(right) > 40_000:  # a rewritten chapter: pairing everything with everything would take minutes
        return [*((i, None) for i in left), *((None, j) for j in right)]
    scored = sorted(((likeness(before[i], after[j]), -i, -j) for i in left for j in right), reverse=True)
    of_left: dict[int, int] = {}
    taken: set[int] = set()
    for score, minus_i, minus_j in scored:
        if score < threshold:
            break
        i, j = -minus_i, -minus_j
        if i not in of_left and j not in taken:
            of_left[i] = j
            taken.add(j)
    pairs: list[tuple[int | None, int | None]] = [(i, of_left.get(i)) for i in left]
    pairs += [(None, j) for j in right if j not in taken]
    return sorted(pairs, key=lambda pair: (pair[1] if pair[1] is not None else 10**9, pair[0] if pair[0] is not None else -1))
