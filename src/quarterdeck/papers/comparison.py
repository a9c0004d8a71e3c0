"""Compares a file as it was sealed with the file as it is: which bound stretches were altered, removed, added."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from quarterdeck.papers.manifest import SealedPiece, Span
from quarterdeck.papers.readers.pieces import Piece

_ATOMS = re.compile(r"\d+|[^\W\d_]+|\s+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Change:
    """One stretch that differs. `kind` is that of the bound stretch, or "wording"; `start` and `end` lie in the new text."""

    place: str
    kind: str
    old: str
    new: str
    fact: str = ""
    context: str = ""


@dataclass(frozen=True, slots=True)
class Added:
    """A stretch of new text, to be resolved like a text written elsewhere."""

    place: str
    text: str
    start: int
    end: int


def compare_pieces(old: Sequence[SealedPiece], new: Sequence[Piece]) -> tuple[list[Change], list[Added]]:
    """Changes of sealed stretches, and stretches that are new."""
    changes: list[Change] = []
    added: list[Added] = []
    for before, after in _pair([_plain(p.text) for p in old], [_plain(p.text) for p in new], old, new):
        if before is None:
            assert after is not None
            added.append(Added(after.place, after.text, 0, len(after.text)))
        elif after is None:
            changes += _removed(before)
        else:
            found, further = compare_texts(before, after)
            changes += found
            added += further
    return changes, added


def compare_texts(before: SealedPiece, after: Piece) -> tuple[list[Change], list[Added]]:
    """The same for one piece in two states."""
    if before.text == after.text:
        return [], []
    old_atoms, new_atoms = _atoms(before.text), _atoms(after.text)
    matcher = SequenceMatcher(None, [a[2] for a in old_atoms], [a[2] for a in new_atoms], autojunk=False)
    changes: list[Change] = []
    touched: set[Span] = set()
    added: list[Added] = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        start, end = _extent(old_atoms, i1, i2, before.text)
        new_start, new_end = _extent(new_atoms, j1, j2, after.text)
        hit = [span for span in before.spans if _overlaps(span, start, end)]
        touched.update(hit)
        old_words, new_words = before.text[start:end].strip(), after.text[new_start:new_end].strip()
        if not old_words and not new_words:
            continue  # only spaces moved
        if not hit:
            changes.append(Change(after.place, "wording", old_words, new_words, context=_around(after.text, new_start, new_end)))
        if new_words:
            added.append(Added(after.place, after.text, new_start, new_end))
    for span in sorted(touched):
        now = _image(span, matcher, old_atoms, new_atoms, after.text)
        changes.append(
            Change(after.place, span[2], before.text[span[0] : span[1]], now, span[3], _around(after.text, *_find(after.text, now)))
        )
    return changes, added


def _image(
    span: Span, matcher: SequenceMatcher[str], old: Sequence[tuple[int, int, str]], new: Sequence[tuple[int, int, str]], text: str
) -> str:
    """What stands in the new text where the span stood."""
    covered: list[int] = []
    for _, i1, i2, j1, j2 in matcher.get_opcodes():
        start, end = (old[i1][0], old[i2 - 1][1]) if i2 > i1 else (old[i1][0], old[i1][0]) if i1 < len(old) else (old[-1][1], old[-1][1])
        if not (span[0] < end and start < span[1]) and not (i1 == i2 and span[0] <= start <= span[1]):
            continue
        if i2 - i1 == j2 - j1:
            covered += [j for i, j in zip(range(i1, i2), range(j1, j2), strict=True) if old[i][0] < span[1] and span[0] < old[i][1]]
        else:
            covered += range(j1, j2)
    return text[new[min(covered)][0] : new[max(covered)][1]].strip() if covered else ""


def _pair(
    old_keys: Sequence[str], new_keys: Sequence[str], old: Sequence[SealedPiece], new: Sequence[Piece]
) -> Iterable[tuple[SealedPiece | None, Piece | None]]:
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old_keys, new_keys, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        if i2 - i1 == j2 - j1:
            yield from zip(old[i1:i2], new[j1:j2], strict=True)
        else:
            yield from _pair_by_likeness(old[i1:i2], new[j1:j2])


def _pair_by_likeness(old: Sequence[SealedPiece], new: Sequence[Piece]) -> Iterable[tuple[SealedPiece | None, Piece | None]]:
    scores = sorted(
        (
            (
                1.0 if before.place == after.place and len(before.text) < 25 else SequenceMatcher(None, before.text, after.text).ratio(),
                -i,
                -j,
            )
            for i, before in enumerate(old)
            for j, after in enumerate(new)
        ),
        reverse=True,
    )
    used_old: set[int] = set()
    used_new: set[int] = set()
    for score, i, j in scores:
        if score >= 0.5 and -i not in used_old and -j not in used_new:
            used_old.add(-i)
            used_new.add(-j)
            yield old[-i], new[-j]
    yield from ((piece, None) for i, piece in enumerate(old) if i not in used_old)
    yield from ((None, piece) for j, piece in enumerate(new) if j not in used_new)


def _removed(piece: SealedPiece) -> list[Change]:
    if "chart" in piece.place or "table" in piece.place:
        return [Change(piece.place, kind, piece.text[start:end], "", fact) for start, end, kind, fact in piece.spans]
    return [Change(piece.place, "wording", piece.text, "")]


def _atoms(text: str) -> list[tuple[int, int, str]]:
    return [(m.start(), m.end(), " " if m.group().isspace() else m.group()) for m in _ATOMS.finditer(text)]


def _extent(atoms: Sequence[tuple[int, int, str]], first: int, last: int, text: str) -> tuple[int, int]:
    if last > first:
        return atoms[first][0], atoms[last - 1][1]
    position = atoms[first][0] if first < len(atoms) else len(text)
    return position, position


def _overlaps(span: Span, start: int, end: int) -> bool:
    # An insertion touches the span only where it stands strictly inside it.
    return span[0] < end and start < span[1] if end > start else span[0] < start < span[1]


def _around(text: str, start: int, end: int, width: int = 45) -> str:
    low, high = max(0, start - width), min(len(text), end + width)
    return f"{'…' if low else ''}{text[low:high].strip()}{'…' if high < len(text) else ''}"


def _find(text: str, part: str) -> tuple[int, int]:
    start = text.find(part) if part else 0
    return start, start + len(part)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
