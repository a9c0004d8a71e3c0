"""Takes out of a text whatever must not leave: participant and staff identifiers, contacts, names of the evidence base."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

_CONTACTS = (
    ("contact", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("contact", re.compile(r"(?<![\w⟦])\+?\d[\d ()/.-]{7,}\d(?!\w)")),
    ("address", re.compile(r"https?://\S+")),
    ("identifier", re.compile(r"\b(?=[A-Z0-9]*[A-Z])[A-Z0-9]{1,10}[-_/]\d{2,}(?:[-_/]\w+)*\b|\b[A-Z]{1,6}\d{3,}(?:[-_/]\w+)*\b")),
    ("identifier", re.compile(r"\b\d{2,6}[-/]\d{2,6}(?:[-/]\d{1,6})*\b")),
    ("person", re.compile(r"\b(?:Dr|Prof|Mr|Mrs|Ms|Sir|Dame)\.? [A-Z][\w’'-]+(?: [A-Z][\w’'-]+)?")),
    ("identifier", re.compile(r"\b\d{6,}\b")),
)


@dataclass(frozen=True, slots=True)
class Redacted:
    """The text with marks in place of what was taken out, and what each mark stands for. `residue` is what still looks like a secret."""

    text: str
    taken: tuple[tuple[str, str], ...]
    residue: tuple[str, ...]

    def restore(self, text: str) -> str:
        """The answer with its marks replaced again."""
        for mark, original in self.taken:
            text = text.replace(mark, original)
        return text


def redact(text: str, names: Iterable[str] = ()) -> Redacted:
    """Replace names and whatever looks like an identifier or contact by marks.

    A name of two words is also looked for by its parts afterwards: a surname that remains is a residue, and a residue blocks the call.

    >>> redact("Ask Dr Smith about 001-004.").text
    'Ask ⟪person 1⟫ about ⟪identifier 2⟫.'
    """
    taken: list[tuple[str, str]] = []
    known = sorted({name for name in names if len(name) > 2}, key=lambda name: (-len(name), name))
    if known:
        pattern = re.compile(r"(?<![\w⟪])(?:" + "|".join(re.escape(name) for name in known) + r")(?!\w)", re.IGNORECASE)
        text = pattern.sub(lambda match: _take(taken, "name", match.group()), text)
    for kind, pattern in _CONTACTS:
        text = pattern.sub(partial(_take_match, taken, kind), text)
    return Redacted(text, tuple(taken), find_residue(text, known))


def find_residue(text: str, names: Iterable[str] = ()) -> tuple[str, ...]:
    """What still looks like something that must not leave. Marks themselves do not count."""
    plain = re.sub(r"⟪[^⟫]*⟫|⟦\d+⟧", " ", text)
    found = [match.group() for _, pattern in _CONTACTS for match in pattern.finditer(plain)]
    squeezed = re.sub(r"[\s._-]+", "", plain).casefold()
    for name in names:
        parts = [part for part in re.split(r"\s+", name) if len(part) > 3 and part[0].isupper()]
        found += [part for part in parts if len(parts) > 1 and re.search(rf"(?<!\w){re.escape(part)}(?!\w)", plain)]
        whole = re.sub(r"[\s._-]+", "", name).casefold()
        if len(whole) > 5 and whole in squeezed:
            found.append(name)
    return tuple(dict.fromkeys(found))


def _take_match(taken: list[tuple[str, str]], kind: str, match: re.Match[str]) -> str:
    return match.group() if match.group().startswith("⟪") else _take(taken, kind, match.group())


def _take(taken: list[tuple[str, str]], kind: str, original: str) -> str:
    known = next((mark for mark, text in taken if text == original), None)
    if known is not None:
        return known
    mark = f"⟪{kind} {len(taken) + 1}⟫"
    taken.append((mark, original))
    return mark
