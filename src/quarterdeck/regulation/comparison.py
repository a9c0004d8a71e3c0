"""Compares two versions of a text by provision: editorial differences are counted and kept quiet, normative ones open a review."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck.methods.text_matching import align, fold_text, strip_punctuation
from quarterdeck.regulation.model import Obligation, Provision
from quarterdeck.regulation.obligations import find_obligations
from quarterdeck.regulation.provisions import split_provisions

# The classes of a difference, from what nobody needs to see to what somebody must read.
CLASSES = ("same", "editorial", "punctuation", "wording", "normative", "added", "removed")
QUIET = ("same", "editorial", "punctuation")
_NORMATIVE = re.compile(
    r"\b(?:shall|must|may|should|not|no|never|unless|except|only|required?|requires|prohibited|permitted|at least|at most|within|before|after|prior to|immediately"
    r"|days?|hours?|weeks?|months?|years?|calendar|working|percent|per cent|mg|kg|ml|and/or|or|any|all|each|every|sponsor|investigator|IRB|ethics committee|applicant)\b|\d+(?:[.,]\d+)*%?|%",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One provision in two versions; `before` or `after` is None where it was added or removed."""

    kind: str
    before: Provision | None
    after: Provision | None

    @property
    def path(self) -> str:
        """The address, of the newer version where there is one."""
        provision = self.after or self.before
        assert provision is not None
        return provision.path

    @property
    def is_substantive(self) -> bool:
        """Whether somebody should read it."""
        return self.kind not in QUIET


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences between two versions, quiet ones counted only, and the obligations that came, went or changed."""

    differences: tuple[Difference, ...]
    counts: dict[str, int]
    obligations_added: tuple[Obligation, ...]
    obligations_removed: tuple[Obligation, ...]
    moved: int = 0

    @property
    def substantive(self) -> tuple[Difference, ...]:
        """What somebody should read."""
        return tuple(difference for difference in self.differences if difference.is_substantive)


def compare_texts(before: str, after: str) -> Comparison:
    """The differences of two versions of one text, by provision."""
    return compare_provisions(split_provisions(before), split_provisions(after))


def compare_paragraphs(before: Sequence[str], after: Sequence[str]) -> Comparison:
    """The same for texts that come as paragraphs already (a Federal Register document)."""
    from quarterdeck.regulation.model import Span

    left = [Provision(f"¶{n}", text, Span(0, len(text))) for n, text in enumerate(before, 1)]
    right = [Provision(f"¶{n}", text, Span(0, len(text))) for n, text in enumerate(after, 1)]
    return compare_provisions(left, right)


def compare_provisions(before: Sequence[Provision], after: Sequence[Provision]) -> Comparison:
    """Pairs provisions by their folded words, classes each difference, and lists obligations that differ."""
    left, right = [fold_text(p.text) for p in before], [fold_text(p.text) for p in after]
    differences: list[Difference] = []
    counts = dict.fromkeys(CLASSES, 0)
    for i, j in align([strip_punctuation(t) for t in left], [strip_punctuation(t) for t in right]):
        old, new = before[i] if i is not None else None, after[j] if j is not None else None
        kind = classify(old.text if old else None, new.text if new else None)
        counts[kind] += 1
        if kind != "same":
            differences.append(Difference(kind, old, new))
    differences, moved = _without_moves(differences, counts)
    substantive = [d for d in differences if d.is_substantive]
    added, removed = _obligations(substantive)
    return Comparison(tuple(differences), counts, added, removed, moved)


def classify(before: str | None, after: str | None) -> str:
    """The class of one difference.

    >>> classify("The sponsor may report.", "The sponsor must report.")
    'normative'
    >>> classify("Docket No. FAA–2024–0224", "Docket No. FAA-2024-0224")
    'editorial'
    """
    if before is None or after is None:
        present = before if after is None else after
        if not present or not re.search(r"\w", present):
            return "editorial"
        return "removed" if after is None else "added"
    if before == after:
        return "same"
    old, new = fold_text(before), fold_text(after)
    if old == new or old.replace(" ", "") == new.replace(" ", ""):
        return "editorial"
    if strip_punctuation(old).replace(" ", "") == strip_punctuation(new).replace(" ", ""):
        return "punctuation"
    return "normative" if _normative_words(old) != _normative_words(new) else "wording"


def _normative_words(text: str) -> list[str]:
    return [word.lower() for word in _NORMATIVE.findall(text)]


def _without_moves(differences: list[Difference], counts: dict[str, int]) -> tuple[list[Difference], int]:
    """A provision removed here and added there with the same words was moved: editorial, counted, not alerted."""
    added: dict[str, list[Difference]] = {}
    for difference in differences:
        if difference.kind == "added" and difference.after is not None:
            added.setdefault(strip_punctuation(difference.after.text), []).append(difference)
    moved: set[int] = set()
    count = 0
    for difference in differences:
        if difference.kind == "removed" and difference.before is not None:
            partners = added.get(strip_punctuation(difference.before.text), [])
            if partners:
                moved |= {id(difference), id(partners.pop())}
                count += 1
    counts["removed"] -= count
    counts["added"] -= count
    counts["editorial"] += count
    return [d for d in differences if id(d) not in moved], count


def _obligations(differences: Sequence[Difference]) -> tuple[tuple[Obligation, ...], tuple[Obligation, ...]]:
    old = {_key(o): o for d in differences if d.before for o in find_obligations(d.before.text, d.before.path)}
    new = {_key(o): o for d in differences if d.after for o in find_obligations(d.after.text, d.after.path)}
    return tuple(o for key, o in new.items() if key not in old), tuple(o for key, o in old.items() if key not in new)


def _key(obligation: Obligation) -> tuple[str, str, str, str]:
    return obligation.actor.lower(), obligation.modality, strip_punctuation(obligation.action), obligation.time_limit.lower()
